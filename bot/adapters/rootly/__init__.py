"""Rootly: incidents, action items, workflow tasks. JSON:API, one bearer token.

Facts of 2026-11, from Rootly's OpenAPI document and official clients. Rootly's guide to creating
incidents disagrees with them (a path `/api/v1`, a body without an envelope, number ids), and is not
followed there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.adapters.base import Branches, Created, Entry, Operation, Request, SlackPerson, Submission
from bot.adapters.credentials import Account, ApiKey
from bot.adapters.http import (
    dig,
    link,
    listed,
    segment,
    text,
    unreadable,
)
from bot.adapters.http_adapter import by_email, by_slack_id
from bot.adapters.probe_permissions import deadline, in_time, refused
from bot.adapters.rate_limit import Limits, Rate
from bot.adapters.references import resolve
from bot.adapters.rootly.bodies import action_item, incident, workflow_task
from bot.adapters.rootly.calls import JSON_API, Calls
from bot.adapters.rootly.custom_fields import (
    ENTITIES,
    FORMS_OF,
    OF_ACTION_ITEMS,
    OF_INCIDENTS,
    FormsOf,
    custom_fields,
    filled_in,
    has_options,
    holds,
    of_field,
    selected,
    shown_in,
)
from bot.adapters.rootly.forms import ActionItem, Incident, WorkflowTask
from bot.adapters.rootly.lists import (
    CATALOGS,
    FORM_FIELDS,
    MOST,
    NEWEST_INCIDENTS,
    PAGE,
    TEST_INCIDENTS,
    WITH_OPTIONS,
    entries,
    incident_entry,
    source,
)
from bot.adapters.rootly.rights import (
    ONE,
    PROBES,
    RootlyKey,
    account_of,
    is_denied,
    person,
    rights_of,
    unnamed,
)
from bot.adapters.rootly.task_forms import FORMS
from bot.adapters.values import epoch, iso
from bot.errors import OutcomeUnknownError
from bot.forms.text import humanise
from bot.language import Sentence

CLOCK_SKEW_SECONDS = 600.0
"""Seconds that the vendor's clock may be behind ours.

A larger value costs little. With a value that is too small, an existing object is missed and a
second one is created.
"""


class Rootly(Calls):
    """The adapter for Rootly."""

    vendor = "rootly"
    label = "Rootly"
    default_url = "https://api.rootly.com"
    url_variable = "ROOTLY_API_URL"
    home = "https://rootly.com/account/incidents"
    key_needs = (
        "a global key whose role may create and read incidents, read and update workflows, and "
        "read the lists"
    )
    color = "#6d4fd8"
    credentials = RootlyKey
    operations = (
        Operation(
            "incident",
            "incident",
            "incident",
            Incident,
            feeds="incidents",
            custom=OF_INCIDENTS,
            custom_later=True,
            summary="incident, with your own fields",
            announced=("severity_id",),
        ),
        Operation(
            "action_item",
            "action_item",
            "action item",
            ActionItem,
            custom=OF_ACTION_ITEMS,
            announced=("priority", "status"),
        ),
        Operation(
            "workflow_task",
            "workflow_task",
            "workflow task",
            WorkflowTask,
            Branches("task_type", "task_params", FORMS),
            summary="workflow task, all 151 types",
        ),
    )
    catalogs = CATALOGS
    limits = Limits(read=Rate(3000), write=Rate(3000))

    async def verify(self, credentials: ApiKey) -> Account:
        until = deadline()
        account, user = await in_time(self.label, self._account(credentials), until)
        reads = {name: self._get(path, credentials, ONE) for name, path in PROBES.items()}
        unread = await refused(reads, is_denied, until)
        return account.model_copy(update={"rights": rights_of(user, unread)})

    async def _account(self, credentials: ApiKey) -> tuple[Account, Any]:
        """Return the account, and the user that the key acts as (None for a key without a user)."""
        reply = await self._get("/v1/users/me", credentials)
        if reply.status in (404, 422):
            return await self._account_without_user(credentials), None
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        if not isinstance(user := dig(reply.body, "data"), dict):
            raise unreadable(self.label)
        return account_of(user) or person(user) or unnamed(credentials), user

    async def _account_without_user(self, credentials: ApiKey) -> Account:
        """Return the account of a key without a user.

        Rootly has such keys. The organisation is in the name of every user, if the key may read
        users.
        """
        reply = await self._get("/v1/users", credentials, ONE)
        if reply.ok and (account := account_of(dig(reply.body, "data", 0))):
            return account
        reply = await self._get("/v1/severities", credentials, ONE)
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        listed(self.label, reply, "data")
        return unnamed(credentials)

    def request(self, operation: str, submission: Submission, credentials: ApiKey) -> Request:
        form = submission.form
        match operation, form:
            case "incident", Incident():
                path, kind, attributes = "/v1/incidents", "incidents", incident(form, submission)
            case "action_item", ActionItem():
                path = f"/v1/incidents/{segment(self.label, form.incident_id)}/action_items"
                kind, attributes = "incident_action_items", action_item(form, submission)
            case "workflow_task", WorkflowTask():
                path = f"/v1/workflows/{segment(self.label, form.workflow_id)}/workflow_tasks"
                kind, attributes = "workflow_tasks", workflow_task(form, submission)
            case _:
                raise KeyError(operation)
        # Rootly's newest SDK sends this key, and only with incidents. Nothing proves that the
        # server uses it, so nothing relies on it.
        headers = JSON_API | (
            {"Idempotency-Key": submission.idempotency_key} if operation == "incident" else {}
        )
        return Request(
            "POST", path, json={"data": {"type": kind, "attributes": attributes}}, headers=headers
        )

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        submission = await resolve(self, submission, credentials)
        reply = await self._send(self.request(operation, submission, credentials), credentials)
        # A 409 is not documented. It would be about the idempotency key.
        if reply.status == 409 and operation == "incident":
            raise OutcomeUnknownError(
                self.label, Sentence("Rootly says that it already has this incident.")
            )
        if not reply.ok:
            raise self._refusal(reply, operation, submission.form)
        if not (made := text(reply.body, "data", "id")):
            raise OutcomeUnknownError(self.label, Sentence("Rootly didn't say what it created."))
        return _created(made, dig(reply.body, "data", "attributes"), submission)

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        match operation, submission.form:
            case "incident", Incident() as form:
                rows = await self._marked_incidents(
                    form, submission, credentials, since - CLOCK_SKEW_SECONDS
                )
            case ("action_item", ActionItem()) | ("workflow_task", WorkflowTask()):
                submission = await resolve(self, submission, credentials)
                # The same path lists them. The list is read whole. An action item cannot be
                # searched by its text, and for tasks it is not documented how `filter[name]` reads
                # a name with a comma (elsewhere a comma separates values).
                path = self.request(operation, submission, credentials).path
                rows = await self._whole_list(path, {}, credentials, operation)
                within = "description" if operation == "action_item" else "name"
                rows = [row for row in rows if submission.marker in text(row, "attributes", within)]
            case _:
                raise KeyError(operation)
        rows.sort(key=lambda row: epoch(text(row, "attributes", "created_at")))
        return [_created(text(row, "id"), dig(row, "attributes"), submission) for row in rows]

    async def finish(
        self,
        operation: str,
        submission: Submission,
        created_id: str,
        name: str,
        credentials: ApiKey,
    ) -> None:
        """Set one custom field of the incident, unless it has that value already.

        A field must not get two selections, so an existing selection is changed.
        """
        field, value = filled_in(submission)[name]
        wanted = selected(field, value)
        existing = await self._selection(created_id, field.id, credentials)
        if existing is not None and holds(existing, wanted):
            return
        reply = await self._send(
            self.setting(created_id, field.id, wanted, text(existing, "id")), credentials
        )
        if not reply.ok:
            raise self._refusal(reply)

    def setting(
        self, incident_id: str, field_id: str, wanted: Mapping[str, Any], existing: str = ""
    ) -> Request:
        """Return the call that sets a custom field of an incident.

        `wanted` has the value's members, as `custom_fields.selected` gives them. `existing` is the
        id of the selection to change, empty for a new one.
        """
        document: dict[str, Any] = {
            "type": "incident_form_field_selections",
            "attributes": dict(wanted),
        }
        if existing:
            path = f"/v1/incident_form_field_selections/{segment(self.label, existing)}"
            return Request("PUT", path, json={"data": document}, headers=JSON_API)
        document["attributes"] |= {"incident_id": incident_id, "form_field_id": field_id}
        path = f"/v1/incidents/{segment(self.label, incident_id)}/form_field_selections"
        return Request("POST", path, json={"data": document}, headers=JSON_API)

    async def _selection(self, incident_id: str, field_id: str, credentials: ApiKey) -> Any:
        """Return the incident's selection of that field, or None."""
        path = f"/v1/incidents/{segment(self.label, incident_id)}/form_field_selections"
        rows = await self._whole_list(path, {}, credentials)
        return next(
            (row for row in rows if text(row, "attributes", "form_field_id") == field_id), None
        )

    async def _marked_incidents(
        self, form: Incident, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Any]:
        """Return the incidents with the marker.

        The form of `filter[labels]` is not documented, so the newest incidents are read and
        compared here. It is also not documented whether the list has test incidents, so the
        incidents of the form's kind are read as well.
        """
        newest = {"filter[created_at][gte]": iso(since), "sort": "-created_at"}
        kind = {"filter[kind]": incident(form, submission)["kind"]}
        rows = [
            row
            for params in (newest, newest | kind)
            for row in await self._whole_list("/v1/incidents", params, credentials)
            if text(row, "attributes", "labels", "slack_ref") == submission.marker
        ]
        return list({text(row, "id"): row for row in rows}.values())

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        if (fixed := self.catalog(catalog).static) is not None:
            return list(fixed)
        if catalog in FORMS_OF:
            return await self._custom_fields(FORMS_OF[catalog], credentials)
        if catalog == ENTITIES:  # each of the organisation's catalogs has a list of its own
            return []
        path, params = source(catalog)
        if catalog != "incidents":
            most = PAGE if catalog == "alerts" else MOST
            return entries(catalog, await self._list(path, params, credentials, most))
        newest = await self._list(path, params, credentials, NEWEST_INCIDENTS)
        return entries(
            catalog,
            newest + await self._list(path, {**params, **TEST_INCIDENTS}, credentials, PAGE),
        )

    def user_for(self, person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
        known = list(entries)
        # Rootly has the Slack ids of some of its users.
        return by_email(person, known) or by_slack_id(person, known)

    async def _custom_fields(self, form: FormsOf, credentials: ApiKey) -> list[Entry]:
        """Return the organisation's own fields in that form.

        If the options of a field did not come with the list, they are read separately.
        """
        included: list[Any] = []
        rows = shown_in(
            form, await self._list(FORM_FIELDS, WITH_OPTIONS, credentials, MOST, included)
        )
        options = {
            text(row, "attributes", "form_field_id")
            for row in included
            if text(row, "attributes", "value")
        }
        for row in rows:
            if has_options(row) and (field_id := text(row, "id")) not in options:
                path = f"{FORM_FIELDS}/{segment(self.label, field_id)}/options"
                included += of_field(field_id, await self._list(path, {}, credentials, MOST))
        return [
            Entry(id=field.id, label=field.name, field=field)
            for field in custom_fields(form, rows, included)
        ]

    async def look_up(self, catalog: str, entry_id: str, credentials: ApiKey) -> Entry | None:
        if entry_id.startswith("#"):
            return await self._by_number(entry_id[1:], credentials)
        reply = await self._get(f"/v1/incidents/{segment(self.label, entry_id)}", credentials)
        if reply.status == 404:
            return None
        if not reply.ok:
            raise self._refusal(reply)
        if not text(reply.body, "data", "id"):
            raise unreadable(self.label)
        return incident_entry(dig(reply.body, "data"))

    async def _by_number(self, number: str, credentials: ApiKey) -> Entry | None:
        params: dict[str, Any] = {"filter[sequential_id]": number, "page[size]": 1}
        for kinds in ({}, TEST_INCIDENTS):
            reply = await self._get("/v1/incidents", credentials, {**params, **kinds})
            if not reply.ok:
                raise self._refusal(reply)
            for row in listed(self.label, reply, "data"):
                # The number is compared too. Rootly may ignore a filter that it does not know.
                if text(row, "id") and text(row, "attributes", "sequential_id") == number:
                    return incident_entry(row)
        return None


def _created(made: str, attributes: Any, submission: Submission) -> Created:
    form = submission.form
    if isinstance(form, Incident):
        number = text(attributes, "sequential_id")
        url = link(attributes, "url") or link(attributes, "short_url")
        remaining = tuple(filled_in(submission))
        reference = f"INC-{number}" if number else ""
        return Created(
            id=made,
            reference=reference,
            title=form.title,
            url=url,
            status=humanise(text(attributes, "status")),
            channel=text(attributes, "slack_channel_id"),
            private=dig(attributes, "private") is True,
            remaining=remaining,
        )
    if isinstance(form, ActionItem):
        on = submission.selected.get(f"incidents/{form.incident_id}")
        # The link is the incident's, with its title in it.
        own = "" if on and on.private else link(attributes, "url") or link(attributes, "short_url")
        return Created(id=made, title=form.summary, url=own or (on.url if on else ""))
    # The answer for a task has no link, and the path of its page is not documented.
    return Created(id=made, title=text(attributes, "name").removesuffix(f" [{submission.marker}]"))
