"""incident.io: incidents, actions and follow-ups. Plain JSON, one bearer token.

Facts of 2026-11, from incident.io's OpenAPI document and its guide. The document leaves out all
error answers, and the guide describes them in prose. incident.io may add fields, enum values and
forms of ids at any time, so unknown values are ignored. Actions and follow-ups are in version 3 of
the API and, until 31 December 2026, in version 2 (`versions`). All other paths have one version.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.base import Created, Entry, Operation, Request, SlackPerson, Submission
from bot.adapters.credentials import Account, ApiKey
from bot.adapters.http import Reply, TooLongError, dig, link, segment, text, unreadable
from bot.adapters.http_adapter import by_email, by_slack_id
from bot.adapters.incident_io import bodies, lists
from bot.adapters.incident_io.calls import JSON, Calls
from bot.adapters.incident_io.custom_fields import custom_fields, has_options
from bot.adapters.incident_io.forms import Action, FollowUp, Incident, OnIncident
from bot.adapters.incident_io.lists import (
    ALL_MODES,
    CATALOGS,
    DEFINITIONS,
    FROM_FOLLOW_UPS,
    INCIDENT_FIELDS,
    MOST,
    NEWEST_INCIDENTS,
    OPTIONS,
    PAGE,
    WITH_OPTIONS,
    WITHOUT_OPTIONS,
    incident_entry,
)
from bot.adapters.incident_io.rights import PROBES, IncidentIoKey, is_denied, rights_of
from bot.adapters.incident_io.versions import NEWEST, Route, Version
from bot.adapters.probe_permissions import deadline, in_time, refused
from bot.adapters.rate_limit import Limits, Rate
from bot.adapters.references import resolve
from bot.adapters.values import epoch, iso
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    UnauthorizedError,
    VendorError,
)
from bot.forms.custom_fields import CustomField
from bot.language import Sentence

ROUTES: Mapping[str, Route] = {"action": "actions", "follow_up": "follow_ups"}
"""The operations whose path depends on the version."""
CLOCK_SKEW_SECONDS = 120.0
"""Seconds between the vendor's clock and ours, at most.

With a larger value, an older incident of the same name could be taken for ours.
"""
LONGEST_RESEND_SECONDS = 25 * 3600.0
"""Seconds since the first attempt of a request that is sent again, at most.

A delivery ends after a day.
"""


class IncidentIo(Calls):
    """The adapter for incident.io."""

    vendor = "incident_io"
    label = "incident.io"
    default_url = "https://api.incident.io"
    url_variable = "INCIDENT_IO_API_URL"
    # Without an organisation in its path, it leads to that of the person who is signed in.
    home = "https://app.incident.io/"
    key_needs = "the roles viewer, incident creator, incident editor and catalog viewer"
    color = "#e8532f"
    credentials = IncidentIoKey
    operations = (
        Operation(
            "incident",
            "incident",
            "incident",
            Incident,
            feeds="incidents",
            keyed=True,
            custom=INCIDENT_FIELDS,
            picks_late_field=True,
            summary="incident, with roles and your own fields",
            announced=("severity_id",),
        ),
        Operation("action", "action_item", "action", Action),
        Operation(
            "follow_up",
            "action_item",
            "follow-up",
            FollowUp,
            announced=("follow_up_priority_option_id",),
        ),
    )
    catalogs = CATALOGS
    # One bucket of 1200 calls a minute holds reads and writes. Each gets half of it.
    limits = Limits(read=Rate(600), write=Rate(600))

    async def verify(self, credentials: ApiKey) -> Account:
        until = deadline()
        reply = await in_time(self.label, self._get("/v1/identity", credentials), until)
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        identity = dig(reply.body, "identity")
        # The dashboard's path is the organisation: https://app.incident.io/<organisation>. `name`
        # is the name of the key.
        organisation = urlsplit(text(identity, "dashboard_url")).path.strip("/").split("/")[0]
        if not organisation:
            raise OutcomeUnknownError(
                self.label,
                Sentence(
                    "incident.io didn't say which organisation the key belongs to. Try again."
                ),
            )
        reads = {
            name: self._get(path, credentials, params) for name, (path, params) in PROBES.items()
        }
        unread = await refused(reads, is_denied, until)
        return Account(id=organisation, name=organisation, rights=rights_of(identity, unread))

    def request(
        self, operation: str, submission: Submission, credentials: ApiKey, version: Version = NEWEST
    ) -> Request:
        """Return the call that creates the object of the form.

        `version` is the version of the API for actions and follow-ups. Raises `KeyError` for an
        unknown operation.
        """
        match operation, submission.form:
            case "incident", Incident() as form:
                path, body = "/v2/incidents", bodies.incident(form, submission)
            case "action", Action() as form:
                path, body = f"/v{version}/actions", bodies.action(form, submission)
            case "follow_up", FollowUp() as form:
                path, body = f"/v{version}/follow_ups", bodies.follow_up(form, submission)
            case _:
                raise KeyError(operation)
        return Request("POST", path, json=body, headers=JSON)

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        if isinstance(submission.form, Incident) and (
            known := bodies.objections(submission.form, submission)
        ):
            raise RejectedError(self.label, fields=known, ours=True)
        submission = await resolve(self, submission, credentials)
        if operation not in ROUTES:
            return await self._create(operation, submission, credentials)
        create = partial(self._create, operation, submission, credentials)
        return await self._at_version(ROUTES[operation], credentials, create)

    async def _create(
        self, operation: str, submission: Submission, credentials: ApiKey, version: Version = NEWEST
    ) -> Created:
        request = self.request(operation, submission, credentials, version)
        reply = await self._send(request, credentials)
        if operation == "incident" and (
            reply.status == 409 or (reply.status == 422 and submission.again)
        ):
            return await self._existing_incident(reply, submission, request, credentials)
        if not reply.ok:
            raise self._refusal(reply, submission.form, request)
        made = dig(reply.body, operation)
        if not text(made, "id"):
            raise OutcomeUnknownError(
                self.label, Sentence("incident.io didn't say what it created.")
            )
        return _created(made, submission)

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        """Return the objects with the marker, as `Adapter.find` describes.

        incident.io does not show the idempotency key of an incident. An incident is therefore found
        by its name and its time, and only if an API key created it.
        """
        match operation, submission.form:
            case "incident", Incident() as form:
                rows = await self._incidents_named(
                    form.name, credentials, since - CLOCK_SKEW_SECONDS
                )
            case ("action", Action()) | ("follow_up", FollowUp()):
                submission = await resolve(self, submission, credentials)
                rows = await self._marked(ROUTES[operation], submission, credentials)
            case _:
                raise KeyError(operation)
        rows.sort(key=lambda row: epoch(text(row, "created_at")))
        return [_created(row, submission) for row in rows]

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        if catalog == INCIDENT_FIELDS:
            return await self._definitions(credentials)
        if catalog in FROM_FOLLOW_UPS:
            return lists.entries(catalog, await self._rows("follow_ups", {}, credentials))
        path, member, params = lists.source(catalog)
        most = NEWEST_INCIDENTS if catalog == "incidents" else MOST
        return lists.entries(catalog, await self._list(path, member, params, credentials, most))

    async def _definitions(self, credentials: ApiKey) -> list[Entry]:
        """Return the organisation's own fields of an incident, in the order of the form.

        The fields come in three parts. If incident.io denies one part, or always sends too long an
        answer for it, the result is the other parts, and the error is raised only if they are
        empty. Any other error is raised at once, because the stored fields are better than a part
        of the new ones.
        """
        found: list[CustomField] = []
        failure: VendorError | None = None
        for part in DEFINITIONS:
            try:
                found += await self._definitions_of(*part, credentials)
            except VendorError as error:
                if not _is_lasting(error):
                    raise
                failure = error
        if failure is not None and not found:
            raise failure
        return [Entry(id=field.id, label=field.name, field=field) for field in found]

    async def _definitions_of(
        self,
        path: str,
        member: str,
        fields_of: Callable[[list[Any]], list[CustomField]],
        credentials: ApiKey,
    ) -> list[CustomField]:
        """Return the fields of one part.

        If the custom fields cannot be read together with their options, the options are read
        separately.
        """
        try:
            return fields_of(await self._list(path, member, {}, credentials, MOST))
        except (RejectedError, RetryLaterError) as error:
            if path != WITH_OPTIONS or (
                isinstance(error, RetryLaterError) and error.reason == "rate_limited"
            ):
                raise
        rows = await self._list(WITHOUT_OPTIONS, member, {}, credentials, MOST)
        options: list[Any] = []
        for row in filter(has_options, rows):
            of_field = {"custom_field_id": text(row, "id"), "page_size": PAGE}
            options += await self._list(
                OPTIONS, "custom_field_options", of_field, credentials, MOST
            )
        return custom_fields(rows, options)

    def user_for(self, person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
        known = list(entries)
        # incident.io does not know the Slack ids of all its users.
        return by_slack_id(person, known) or by_email(person, known)

    async def _existing_incident(
        self, reply: Reply, submission: Submission, request: Request, credentials: ApiKey
    ) -> Created:
        """Return the incident that already has the idempotency key.

        It is used after an answer that may mean that the key is taken. Raises an error unless
        exactly one incident is possible. The documentation states that equal keys make one
        incident. It does not describe the answer to the second request.
        """
        since = submission.first_sent_at or time.time() - LONGEST_RESEND_SECONDS
        found = await self.find("incident", submission, credentials, since)
        if len(found) == 1:
            return found[0]
        if not found and reply.status == 422:
            raise self._refusal(reply, submission.form, request)
        raise OutcomeUnknownError(
            self.label, Sentence("incident.io says that it already has this incident.")
        )

    async def _incidents_named(self, name: str, credentials: ApiKey, since: float) -> list[Any]:
        """Return the incidents of that name that an API key created since then."""
        params = {
            "page_size": PAGE,
            "sort_by": "created_at_newest_first",
            "mode[one_of]": ALL_MODES,
            # The documented examples are days, so the hour is compared below.
            "created_at[gte]": iso(since)[:10],
        }
        rows = await self._list("/v2/incidents", "incidents", params, credentials, MOST, whole=True)
        found = {
            text(row, "id"): row
            for row in rows
            if text(row, "name") == text(name)
            and epoch(text(row, "created_at")) >= since
            and (not dig(row, "creator") or dig(row, "creator", "api_key") is not None)
        }
        return list(found.values())

    async def _marked(self, route: Route, submission: Submission, credentials: ApiKey) -> list[Any]:
        """Return the actions or follow-ups with the marker, from whichever version created them.

        The list leaves out those of test incidents, unless the query has the mode of the incident.
        """
        incident_id = getattr(submission.form, "incident_id", "")
        reply = await self._get(f"/v2/incidents/{segment(self.label, incident_id)}", credentials)
        if not reply.ok:
            raise self._refusal(reply, submission.form)
        if not (mode := text(reply.body, "incident", "mode")):
            raise unreadable(self.label)
        params = {"incident_id": incident_id, "incident_mode": mode}
        rows = await self._rows(route, params, credentials, whole=True)
        marked = [row for row in rows if submission.marker in text(row, "description")]
        return list({text(row, "id"): row for row in marked}.values())

    async def look_up(self, catalog: str, entry_id: str, credentials: ApiKey) -> Entry | None:
        number = entry_id[1:] if entry_id.startswith("#") else ""
        # The same path takes ids and numbers.
        path = f"/v2/incidents/{segment(self.label, number or entry_id)}"
        reply = await self._get(path, credentials)
        if reply.status == 404:
            return None
        if not reply.ok:
            raise self._refusal(reply)
        found = dig(reply.body, "incident")
        if not text(found, "id"):
            raise unreadable(self.label)
        if number and text(found, "reference").rpartition("-")[2] not in ("", number):
            return None
        return incident_entry(found)


def _is_lasting(error: VendorError) -> bool:
    """Return whether the same request will probably always get this error."""
    return isinstance(error, RejectedError | TooLongError) or (
        isinstance(error, UnauthorizedError) and error.status == 403
    )


def _created(made: Any, submission: Submission) -> Created:
    match form := submission.form:
        case Action():
            return _created_on_incident(made, form, form.description.splitlines()[0], submission)
        case FollowUp():
            return _created_on_incident(made, form, form.title, submission)
    title = text(made, "name") or text(getattr(form, "name", ""))
    return Created(
        id=text(made, "id"),
        reference=text(made, "reference"),
        title=title,
        url=link(made, "permalink"),
        status=text(made, "incident_status", "name"),
        channel=text(made, "slack_channel_id"),
        private=incident_entry(made).private is True,
    )


def _created_on_incident(
    made: Any, form: OnIncident, title: str, submission: Submission
) -> Created:
    """Return an action or a follow-up.

    Neither has a page of its own, so the link is its incident's.
    """
    on = submission.selected.get(f"incidents/{form.incident_id}")
    return Created(id=text(made, "id"), title=title, url=on.url if on else "")
