"""incident.io: incidents and actions. Plain JSON, one bearer token.

Facts of 2026-11: incident.io's OpenAPI document, which leaves out all error answers (its guide describes them in
prose). It promises to add fields, enum values and forms of ids at any time, so what is unknown is passed over.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field

from bot.adapters.base import (
    Account,
    Adapter,
    ApiKey,
    Catalog,
    Created,
    Entry,
    Operation,
    Request,
    Submission,
    incident_by_number,
)
from bot.adapters.http import (
    Bearer,
    Reply,
    dig,
    items,
    link,
    listed,
    reading,
    reason,
    rejected_token,
    segment,
    send,
    text,
    unreadable,
)
from bot.errors import Refused, Unclear, VendorError
from bot.forms.fields import Advanced, Choice, Form, Lookup, Text

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
PAGE = 250
"""The largest page by the guide's prose (the document's schemas say more)."""
MOST = 20_000
NEWEST_INCIDENTS = 300

VISIBILITIES = Choice({"public": "Everyone in the organisation", "private": "Only the people invited"})
MODES = Choice({"standard": "A real incident", "retrospective": "One of the past (not announced)", "test": "A test"})
NOT_FOR_NEW = ("declined", "canceled", "merged")
"""Categories of statuses that no incident begins in."""
LISTS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "severities": ("/v1/severities", "severities", {}),
    "incident_types": ("/v1/incident_types", "incident_types", {}),
    "incident_statuses": ("/v1/incident_statuses", "incident_statuses", {}),
    "users": ("/v2/users", "users", {"page_size": PAGE}),
    # Test incidents are left out unless asked for. Two equal pages make up the newest 300.
    "incidents": (
        "/v2/incidents",
        "incidents",
        {
            "page_size": NEWEST_INCIDENTS // 2,
            "sort_by": "created_at_newest_first",
            "mode[one_of]": ["standard", "retrospective", "test"],
        },
    ),
}
"""Catalog: path, member of the answer, query."""


class Incident(Form):
    """The document requires no severity, yet the guide's example of a refusal is a missing one; so we ask for it."""

    headline: ClassVar = "name"
    details: ClassVar = "summary"

    name: Annotated[str, Text(placeholder="Checkout answers with errors")] = Field(title="Name", min_length=1)
    summary: Annotated[str | None, Text(multiline=True)] = Field(
        None, title="Summary", description="What is known so far."
    )
    severity_id: Annotated[str, Lookup("severities")] = Field(title="Severity", min_length=1)
    incident_type_id: Annotated[str | None, Lookup("incident_types")] = Field(None, title="Type")
    visibility: Annotated[Literal["public", "private"], VISIBILITIES] = Field("public", title="Who can see it")
    mode: Annotated[Literal["standard", "retrospective", "test"], MODES] = Field("standard", title="Kind")
    incident_status_id: Annotated[str | None, Lookup("incident_statuses"), Advanced()] = Field(None, title="Status")
    slack_channel_name_override: Annotated[str | None, Text(placeholder="inc-checkout-down"), Advanced()] = Field(
        None, title="Name of its Slack channel", description="incident.io makes one up if this is empty."
    )

    @property
    def confidential(self) -> bool:
        return self.visibility == "private"


class Action(Form):
    headline: ClassVar = "description"

    incident_id: Annotated[str, Lookup("incidents", placeholder="Search, or paste INC-123 or a link")] = Field(
        title="Incident", min_length=1
    )
    description: Annotated[str, Text(multiline=True, placeholder="Roll back the last release")] = Field(
        title="What is to be done", min_length=1, description="Markdown works."
    )
    assignee_id: Annotated[str | None, Lookup("users")] = Field(None, title="Assigned to")


class IncidentIo(Adapter):
    vendor = "incident_io"
    label = "incident.io"
    credentials = ApiKey
    operations = (
        Operation("incident", "incident", "incident", Incident, feeds="incidents"),
        Operation("action", "action_item", "action", Action),
    )
    catalogs = (
        Catalog("severities", "severities"),
        Catalog("incident_types", "incident types"),
        Catalog("incident_statuses", "incident statuses"),
        Catalog("users", "people"),
        Catalog("incidents", "incidents", ttl=60.0, by_reference=incident_by_number),
    )

    async def verify(self, credentials: ApiKey) -> Account:
        reply = await self._get("/v1/identity", credentials)
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        # The dashboard's path is the organisation: https://app.incident.io/<organisation>. `name` is the key's own.
        organisation = urlsplit(text(reply.body, "identity", "dashboard_url")).path.strip("/").split("/")[0]
        if not organisation:
            raise Unclear(self.label, "incident.io did not say which organisation the key belongs to.")
        return Account(id=organisation, name=organisation)

    def request(self, operation: str, submission: Submission, credentials: ApiKey) -> Request:
        match operation, submission.form:
            case "incident", Incident() as form:
                path, body = "/v2/incidents", {**_given(form), "idempotency_key": submission.idempotency_key}
            case "action", Action() as form:
                description = f"{form.description}\n\n_{_plain_markdown(submission.footer)}_"
                path, body = "/v2/actions", {**_given(form), "description": description}
            case _:
                raise KeyError(operation)
        return Request("POST", path, json=body, headers=JSON)

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        submission = await self._with_ids(submission, credentials)
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        if reply.status == 409 and operation == "incident":
            raise Unclear(self.label, "incident.io says that it already has this incident.")
        if not reply.ok:
            raise self._refusal(reply, submission.form)
        made = dig(reply.body, operation)
        if not text(made, "id"):
            raise Unclear(self.label, "incident.io answered without saying what it created.")
        return _created(made, submission)

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        rows = await self._list(catalog, credentials)
        match catalog:
            case "incidents":  # a picker shows titles to everyone; a private incident's number can still be typed
                public = [row for row in rows if text(row, "visibility") != "private"]
                return [_incident_entry(row) for row in public[:NEWEST_INCIDENTS]]
            case "severities":  # a high rank is a severe one
                rows.sort(key=lambda row: -_rank(row))
            case "incident_statuses":
                rows = sorted((row for row in rows if text(row, "category") not in NOT_FOR_NEW), key=_rank)
            case "incident_types":
                rows.sort(key=lambda row: (dig(row, "is_default") is not True, text(row, "name").casefold()))
            case _:
                rows.sort(key=lambda row: text(row, "name").casefold())
        return [
            Entry(id=text(row, "id"), label=text(row, "name") or text(row, "id"), detail=_detail(catalog, row))
            for row in rows
        ]

    async def _with_ids(self, submission: Submission, credentials: ApiKey) -> Submission:
        """The submission with an incident's number (`#123`) replaced by its id."""
        form = submission.form
        if not isinstance(form, Action) or not form.incident_id.startswith("#"):
            return submission
        number = form.incident_id[1:]
        missing = Refused(self.label, fields={"incident_id": f"incident.io has no incident INC-{number}."})
        reply = await self._get(f"/v2/incidents/{segment(self.label, number)}", credentials)
        if reply.status == 404:
            raise missing
        if not reply.ok:
            raise self._refusal(reply)
        if not text(reply.body, "incident", "id"):
            raise unreadable(self.label)
        # The same path takes ids: what comes back is compared with what was asked for.
        if text(reply.body, "incident", "reference").rpartition("-")[2] not in ("", number):
            raise missing
        found = _incident_entry(dig(reply.body, "incident"))
        chosen = {**submission.chosen, f"incidents/{found.id}": found}
        return replace(submission, form=form.model_copy(update={"incident_id": found.id}), chosen=chosen)

    async def _list(self, catalog: str, credentials: ApiKey) -> list[Any]:
        path, member, params = LISTS[catalog]
        most = NEWEST_INCIDENTS if catalog == "incidents" else MOST
        rows: list[Any] = []
        after = ""
        while len(rows) < most:
            reply = await self._get(path, credentials, {**params, "after": after} if after else params)
            if not reply.ok:
                raise self._refusal(reply)
            page = listed(self.label, reply, member)
            rows += [row for row in page if text(row, "id")]
            before, after = after, text(reply.body, "pagination_meta", "after")
            if not page or not after or after == before:
                break
        return rows

    async def _get(self, path: str, credentials: ApiKey, params: Mapping[str, Any] | None = None) -> Reply:
        request = Request("GET", path, params=params, headers={"Accept": JSON["Accept"]})
        with reading(self.label):
            return await self._send(request, credentials)

    async def _send(self, request: Request, credentials: ApiKey) -> Reply:
        return await send(self.client, self.label, self.base_url, request, auth=Bearer(credentials.api_key))

    def _refusal(self, reply: Reply, form: Form | None = None, *, connecting: bool = False) -> VendorError:
        """`{"type", "request_id", "errors": [{"code", "message", "source": {"field": "severity_id"}?}]}`"""
        fields, rest = _complaints(reply.body, form)
        if reply.status in (401, 403):
            return rejected_token(self.label, reply.status, "; ".join([*fields.values(), *rest]), connecting=connecting)
        if reply.status == 404 and isinstance(form, Action):
            fields.setdefault(
                "incident_id", "incident.io does not find this incident, or does not show it to this token."
            )
            return Refused(self.label, "", fields)
        if not fields and not rest:
            rest = [f"incident.io refused it and gave no reason (HTTP {reply.status})."]
        if rest and (request_id := text(reply.body, "request_id")):
            rest.append(f"(incident.io's support asks for this: {request_id})")
        return Refused(self.label, " ".join(rest), fields)


def _complaints(body: Any, form: Form | None) -> tuple[dict[str, str], list[str]]:
    """The vendor's words by our field (the first step of the path it names), and those about no field of ours."""
    fields: dict[str, str] = {}
    rest: list[str] = []
    for error in items(body, "errors"):
        words = reason(error) or text(error, "code")
        name = re.split(r"[.\[]", text(error, "source", "field"))[0]
        if form is not None and name in type(form).model_fields and words:
            fields[name] = f"{fields[name]}; {words}" if name in fields else words
        elif words:
            rest.append(words)
    return fields, rest if fields or rest else list(filter(None, [reason(body)]))


def _given(form: Form) -> dict[str, Any]:
    return {name: value for name in type(form).model_fields if (value := getattr(form, name)) not in (None, "")}


def _plain_markdown(words: str) -> str:
    return re.sub(r"([\\_*`\[\]])", r"\\\1", words)


def _created(made: Any, submission: Submission) -> Created:
    form = submission.form
    if isinstance(form, Action):
        # An action has no page of its own: the link is its incident's.
        on = submission.chosen.get(f"incidents/{form.incident_id}")
        return Created(id=text(made, "id"), title=form.description.splitlines()[0], url=on.url if on else "")
    title = text(made, "name") or text(getattr(form, "name", ""))
    return Created(id=text(made, "id"), reference=text(made, "reference"), title=title, url=link(made, "permalink"))


def _incident_entry(row: Any) -> Entry:
    label = " ".join(filter(None, (text(row, "reference"), text(row, "name")))) or text(row, "id")
    mode = text(row, "mode")
    detail = ", ".join(filter(None, (text(row, "incident_status", "name"), mode if mode == "test" else "")))
    return Entry(id=text(row, "id"), label=label, detail=detail, url=link(row, "permalink"))


def _detail(catalog: str, row: Any) -> str:
    match catalog:
        case "users":
            return text(row, "email")
        case "incident_types":
            return "private incidents only" if dig(row, "private_incidents_only") is True else ""
        case "incident_statuses":
            return text(row, "category")
    return ""


def _rank(row: Any) -> float:
    rank = dig(row, "rank")
    return rank if isinstance(rank, int | float) else 0
