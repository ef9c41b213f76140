"""incident.io: incidents, actions and follow-ups. Plain JSON, one bearer token.

Facts of 2026-11: incident.io's OpenAPI document, which leaves out all error answers (its guide
describes them in prose). It promises to add fields, enum values and forms of ids at any time, so
what is unknown is passed over. Actions and follow-ups are in version 3 of the API and, until 31
December 2026, in version 2 (`versions`); all other paths have one.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bot.adapters.base import (
    Account,
    ApiKey,
    Created,
    Entry,
    Operation,
    Request,
    SlackPerson,
    Submission,
)
from bot.adapters.http import Reply, TooLongError, dig, link, segment, text, unreadable
from bot.adapters.incident_io import bodies, lists
from bot.adapters.incident_io.calls import JSON, Calls
from bot.adapters.incident_io.custom_fields import custom_fields, has_options
from bot.adapters.incident_io.forms import Action, FollowUp, Incident, OnIncident
from bot.adapters.incident_io.lists import (
    ALL_MODES,
    CATALOGS,
    DEFINITIONS,
    HARVESTED,
    INCIDENT_FIELDS,
    MOST,
    NEWEST_INCIDENTS,
    OPTIONS,
    PAGE,
    WITH_OPTIONS,
    WITHOUT_OPTIONS,
    incident_entry,
)
from bot.adapters.incident_io.rights import PROBES, IncidentIoKey, rights_of, says_no
from bot.adapters.incident_io.versions import NEWEST, Route, Version
from bot.adapters.probe_permissions import deadline, in_time, refused
from bot.adapters.rate_limit import Limits, Rate
from bot.adapters.times import epoch, iso
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    UnauthorizedError,
    VendorError,
)
from bot.forms.custom_fields import CustomField

ROUTES: Mapping[str, Route] = {"action": "actions", "follow_up": "follow_ups"}
"""The operations whose path depends on the version."""
CLOCKS_APART = 120.0
"""Seconds between the vendor's clock and ours, at most. More would take older incidents of the same
name for ours."""
LONGEST_AGO = 25 * 3600.0
"""Seconds since the first attempt of what is sent again, at most: a delivery is given up after a
day."""


class IncidentIo(Calls):
    vendor = "incident_io"
    label = "incident.io"
    default_url = "https://api.incident.io"
    url_variable = "INCIDENT_IO_API_URL"
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
            summary="incident, with roles and your own fields",
        ),
        Operation("action", "action_item", "action", Action),
        Operation("follow_up", "action_item", "follow-up", FollowUp),
    )
    catalogs = CATALOGS
    # One bucket of 1200 calls a minute for reads and writes alike: half of it each.
    limits = Limits(read=Rate(600), write=Rate(600))

    async def verify(self, credentials: ApiKey) -> Account:
        until = deadline()
        reply = await in_time(self.label, self._get("/v1/identity", credentials), until)
        if not reply.ok:
            raise self._refusal(reply, connecting=True)
        identity = dig(reply.body, "identity")
        # The dashboard's path is the organisation: https://app.incident.io/<organisation>. `name`
        # is the key's own.
        organisation = urlsplit(text(identity, "dashboard_url")).path.strip("/").split("/")[0]
        if not organisation:
            raise OutcomeUnknownError(
                self.label, "incident.io did not say which organisation the key belongs to."
            )
        reads = {
            name: self._get(path, credentials, params) for name, (path, params) in PROBES.items()
        }
        unread = await refused(reads, says_no, until)
        return Account(id=organisation, name=organisation, rights=rights_of(identity, unread))

    def request(
        self, operation: str, submission: Submission, credentials: ApiKey, version: Version = NEWEST
    ) -> Request:
        """Return the call that creates what the form says. `version` is that of actions and
        follow-ups."""
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
        submission = await self._with_ids(submission, credentials)
        if operation not in ROUTES:
            return await self._create(operation, submission, credentials)

        async def create(version: Version) -> Created:
            return await self._create(operation, submission, credentials, version)

        return await self._at_version(ROUTES[operation], credentials, create)

    async def _create(
        self, operation: str, submission: Submission, credentials: ApiKey, version: Version = NEWEST
    ) -> Created:
        request = self.request(operation, submission, credentials, version)
        reply = await self._send(request, credentials)
        if operation == "incident" and (
            reply.status == 409 or (reply.status == 422 and submission.again)
        ):
            return await self._made_before(reply, submission, request, credentials)
        if not reply.ok:
            raise self._refusal(reply, submission.form, request)
        made = dig(reply.body, operation)
        if not text(made, "id"):
            raise OutcomeUnknownError(
                self.label, "incident.io answered without saying what it created."
            )
        return _created(made, submission)

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        """Nothing of an incident shows its key: an incident is known by its name, its time, and
        being made by a key."""
        match operation, submission.form:
            case "incident", Incident() as form:
                rows = await self._namesakes(form.name, credentials, since - CLOCKS_APART)
            case ("action", Action()) | ("follow_up", FollowUp()):
                submission = await self._with_ids(submission, credentials)
                rows = await self._marked(ROUTES[operation], submission, credentials)
            case _:
                raise KeyError(operation)
        rows.sort(key=lambda row: epoch(text(row, "created_at")))
        return [_created(row, submission) for row in rows]

    def by_hand(self, operation: str, credentials: ApiKey) -> str:
        """incident.io's own address without an organisation leads to that of whoever is signed in."""
        if urlsplit(self.address(credentials)).hostname == "api.incident.io":
            return "https://app.incident.io/"
        return f"{self.address(credentials).rstrip('/')}/"

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        if catalog == INCIDENT_FIELDS:
            return await self._definitions(credentials)
        if catalog in HARVESTED:
            return lists.entries(catalog, await self._rows("follow_ups", {}, credentials))
        path, member, params = lists.source(catalog)
        most = NEWEST_INCIDENTS if catalog == "incidents" else MOST
        return lists.entries(catalog, await self._list(path, member, params, credentials, most))

    async def _definitions(self, credentials: ApiKey) -> list[Entry]:
        """The organisation's own fields of an incident, in the order of the form.

        A part that incident.io will not list, or not briefly enough, leaves the others; why not is
        raised where there are none. What may pass is raised at once: the fields that are known
        already are better than some of them.
        """
        found: list[CustomField] = []
        trouble: VendorError | None = None
        for part in DEFINITIONS:
            try:
                found += await self._definitions_of(*part, credentials)
            except VendorError as error:
                if not _will_last(error):
                    raise
                trouble = error
        if trouble is not None and not found:
            raise trouble
        return [Entry(id=field.id, label=field.name, field=field) for field in found]

    async def _definitions_of(
        self,
        path: str,
        member: str,
        fields_of: Callable[[list[Any]], list[CustomField]],
        credentials: ApiKey,
    ) -> list[CustomField]:
        """One part. Where the custom fields do not come with their options, these are asked for by
        themselves."""
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
        return lists.user_for(person, entries)

    async def _made_before(
        self, reply: Reply, submission: Submission, request: Request, credentials: ApiKey
    ) -> Created:
        """After an answer that may mean that the key is taken: the incident, if there is just one
        that it can be.

        The documentation says that equal keys make one incident, and not what a second request with
        one gets.
        """
        since = submission.first_sent_at or time.time() - LONGEST_AGO
        found = await self.find("incident", submission, credentials, since)
        if len(found) == 1:
            return found[0]
        if not found and reply.status == 422:
            raise self._refusal(reply, submission.form, request)
        raise OutcomeUnknownError(self.label, "incident.io says that it already has this incident.")

    async def _namesakes(self, name: str, credentials: ApiKey, since: float) -> list[Any]:
        """The incidents that a key made under that name since then."""
        params = {
            "page_size": PAGE,
            "sort_by": "created_at_newest_first",
            "mode[one_of]": ALL_MODES,
            "created_at[gte]": iso(since)[
                :10
            ],  # the documented examples are days: the hour is compared here
        }
        found: dict[str, Any] = {}
        rows = await self._list("/v2/incidents", "incidents", params, credentials, MOST, whole=True)
        for row in rows:
            creator = dig(row, "creator")
            by_a_key = not creator or dig(creator, "api_key") is not None
            if (
                by_a_key
                and text(row, "name") == text(name)
                and epoch(text(row, "created_at")) >= since
            ):
                found[text(row, "id")] = row
        return list(found.values())

    async def _marked(self, route: Route, submission: Submission, credentials: ApiKey) -> list[Any]:
        """The actions or follow-ups of the submission's incident that carry its marker, whichever
        version made them.

        The list leaves out those of test incidents, unless it is asked for the mode that the
        incident has.
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

    async def _with_ids(self, submission: Submission, credentials: ApiKey) -> Submission:
        """The submission with an incident's number (`#123`) replaced by its id."""
        form = submission.form
        if not isinstance(form, OnIncident) or not form.incident_id.startswith("#"):
            return submission
        number = form.incident_id[1:]
        missing = RejectedError(
            self.label, fields={"incident_id": f"incident.io has no incident INC-{number}."}
        )
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
        found = incident_entry(dig(reply.body, "incident"))
        chosen = {**submission.chosen, f"incidents/{found.id}": found}
        return replace(
            submission, form=form.model_copy(update={"incident_id": found.id}), chosen=chosen
        )


def _will_last(error: VendorError) -> bool:
    """Whether asking again in the same way will hardly give another answer."""
    return isinstance(error, RejectedError | TooLongError) or (
        isinstance(error, UnauthorizedError) and error.status == 403
    )


def _created(made: Any, submission: Submission) -> Created:
    match form := submission.form:
        case Action():
            return _belonging(made, form, form.description.splitlines()[0], submission)
        case FollowUp():
            return _belonging(made, form, form.title, submission)
    title = text(made, "name") or text(getattr(form, "name", ""))
    return Created(
        id=text(made, "id"),
        reference=text(made, "reference"),
        title=title,
        url=link(made, "permalink"),
    )


def _belonging(made: Any, form: OnIncident, title: str, submission: Submission) -> Created:
    """Neither an action nor a follow-up tells of a page of its own: the link is its incident's."""
    on = submission.chosen.get(f"incidents/{form.incident_id}")
    return Created(id=text(made, "id"), title=title, url=on.url if on else "")
