"""A stand-in for incident.io: incidents, actions, follow-ups and their lists.

Beyond types and ids, it refuses the following, so that a person sees a refusal that names a field
and can be corrected:

- An incident without `severity_id` gets the 422 "A severity is required to open an incident",
  unless it begins in triage. It does so by its status, or always if it has the type "Third party".
- The incident type "Security" is private only: with `visibility` "public" it gets a 422 about
  `visibility`.
- A custom field takes only values of its type. A field whose `required_v2` is "always" (none is, at
  the start) must have a value. `retrospective_incident_options` are only for that mode.

A key can be without access to private incidents. Lists then leave them out, with their actions and
follow-ups, and calls about one get the answer for an incident that does not exist.

A second creation with the same `idempotency_key` returns the first incident, whatever else the body
says. Unknown members of a body are ignored, as the schema allows. Lists leave out test and tutorial
incidents, with their actions and follow-ups, unless asked for.

Actions and follow-ups exist in version 2 and in version 3 of the API, which gives its lists in
pages. A switch beside the fault removes version 2 or leaves out version 3: the paths are then a
404.
"""

import secrets
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.adapters.incident_io import IncidentIo as IncidentIoAdapter
from bot.forms.fields import Form
from bot.playground.vendors import data
from bot.playground.vendors.base import Handler, RefusalError, VendorStandIn, iso
from bot.playground.vendors.ids import ulid
from bot.playground.vendors.incident_io_checks import (
    check_action,
    check_follow_up,
    check_incident,
    no_incident,
)
from bot.playground.vendors.incident_io_data import IncidentIoData, Row
from bot.playground.vendors.incident_io_fields import version_1, version_2
from bot.playground.vendors.incident_io_query import check_filters, paged, wanted
from bot.playground.vendors.incident_io_rights import ROLES, Key, missing_scope
from bot.playground.vendors.incident_io_samples import sample_form
from bot.playground.vendors.incident_io_shapes import (
    ACTION,
    FOLLOW_UP,
    INCIDENT,
    MODES,
    check,
    envelope,
    invalid,
    json_object,
    not_found,
)
from bot.playground.vendors.incident_io_shown import (
    created_at,
    detail_of,
    shown_action,
    shown_follow_up,
    shown_incident,
)
from bot.playground.vendors.incident_io_versions import CHOICES, is_paged, is_served, shown_by
from bot.playground.vendors.keys import Keys
from bot.playground.vendors.listing import settled
from bot.playground.vendors.pages import front_page, nothing_here, page

PER_MINUTE = 1200
"""The size of the limit's bucket.

The headers tell the rest of it, but no request is refused for exceeding it.
"""
UNPAGED = {
    "/v1/severities": "severities",
    "/v1/incident_types": "incident_types",
    "/v1/incident_statuses": "incident_statuses",
    "/v2/incident_roles": "incident_roles",
    "/v2/incident_timestamps": "incident_timestamps",
}


class IncidentIo(VendorStandIn):
    """incident.io's API on a port of its own."""

    adapter = IncidentIoAdapter
    versions = CHOICES

    def __init__(self) -> None:
        super().__init__()
        self.keys: Keys[Key] = Keys()
        self._key = self.key_of(*ROLES)["api_key"]
        self.key_id = ulid(time.time())
        self._by_key: dict[str, Row] = {}
        self.data = IncidentIoData()
        self.objects.extend(
            shown_incident(row, from_slack=False) for row in self.data.lists["incidents"]
        )

    @property
    def credentials(self) -> dict[str, str]:
        return {"api_key": self._key}

    def new_key(self) -> dict[str, str]:
        return self.key_of(*ROLES)

    def key_of(self, *roles: str, sees_private: bool = True) -> dict[str, str]:
        """Return the credentials of another key, with only these roles."""
        key = f"inc_{secrets.token_hex(32)}"
        self.keys.add(f"Bearer {key}", Key(roles, sees_private))
        return {"api_key": key}

    def sample_form(self, operation: str) -> Form:
        return sample_form(self.data, operation)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/identity", self.api(self._identity)),
            *[Route(path, self.api(self._lister(name))) for path, name in UNPAGED.items()],
            Route("/v1/custom_fields", self.api(self._list_custom_fields)),
            Route("/v2/custom_fields", self.api(self._list_custom_fields)),
            Route("/v3/catalog_entries", self.api(self._list_catalog_entries)),
            Route("/v1/custom_field_options", self.api(self._list_options)),
            Route("/v2/users", self.api(self._list_users)),
            Route("/v3/teams", self.api(self._list_teams)),
            Route("/v2/incidents", self.api(self._create_incident, creates=True), methods=["POST"]),
            Route("/v2/incidents", self.api(self._list_incidents)),
            Route("/v2/incidents/{id}", self.api(self._get_incident)),
            *self._routes_on_incidents("v2"),
            *self._routes_on_incidents("v3"),
            Route("/", front_page(self)),
            Route("/{organisation}/incidents/{number}", self._incident_page),
        ]

    def _routes_on_incidents(self, version: str) -> list[BaseRoute]:
        """Return the routes of actions and follow-ups in that version."""
        actions, follow_ups = f"/{version}/actions", f"/{version}/follow_ups"
        return [
            Route(actions, self.api(self._create_action, creates=True), methods=["POST"]),
            Route(actions, self.api(self._lister_on_incidents("actions"))),
            Route(follow_ups, self.api(self._create_follow_up, creates=True), methods=["POST"]),
            Route(follow_ups, self.api(self._lister_on_incidents("follow_ups"))),
        ]

    def serves(self, request: Request) -> bool:
        return is_served(request.url.path, self.version)

    def _roles(self, request: Request) -> tuple[str, ...]:
        key = self.keys.of(request)
        return key.roles if key else ()

    def _shows(self, request: Request, incident: Row | None) -> bool:
        """Return whether there is such an incident, and the request's key may see it."""
        key = self.keys.of(request)
        private = incident is not None and incident["visibility"] == "private"
        return incident is not None and not (private and key is not None and not key.sees_private)

    def permit(self, request: Request) -> None:
        scope = missing_scope(request.method, request.url.path, self._roles(request))
        if scope and self.serves(request):
            raise _lacking(scope)

    def denied(self, request: Request) -> RefusalError:
        return _lacking(missing_scope(request.method, request.url.path, ()))

    def unauthorised(self) -> RefusalError:
        note = "token revoked" if self.fault == "revoked" else "invalid token"
        error = {"code": "invalid_api_key", "message": "The API key is not valid"}
        return RefusalError(401, envelope("authentication_error", 401, [error]), note)

    async def nowhere(self, request: Request) -> Response:
        raise not_found("There is no such endpoint")

    def limits(self, method: str, used: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": f"{PER_MINUTE}, {PER_MINUTE};window=60",
            "X-RateLimit-Remaining": str(max(0, PER_MINUTE - used)),
            "X-RateLimit-Used": str(used),
            "X-RateLimit-Reset": str(int(time.time()) + 60),
        }

    def stock(self, catalog: str, count: int) -> None:
        self.data.stock(catalog, count)

    # Look-ups

    async def _identity(self, request: Request) -> Response:
        identity = {
            "name": "Incident Relay",
            "dashboard_url": f"{self.url}/{data.TEAM.domain}",
            "roles": list(self._roles(request)),
            "team_roles": [],
            "teams": [],
        }
        return self.json({"identity": identity})

    def _lister(self, name: str) -> Handler:
        async def handler(_request: Request) -> Response:
            return self.json({name: self.data.lists[name]})

        return handler

    async def _list_options(self, request: Request) -> Response:
        field = request.query_params.get("custom_field_id")
        if not field:
            raise invalid("custom_field_id", "is_required", "custom_field_id is required")
        rows = [
            row
            for row in self.data.lists["custom_field_options"]
            if row["custom_field_id"] == field
        ]
        return self.json(paged(request, "custom_field_options", rows))

    async def _list_custom_fields(self, request: Request) -> Response:
        fields, options = self.data.lists["custom_fields"], self.data.lists["custom_field_options"]
        if request.url.path.startswith("/v1/"):
            return self.json({"custom_fields": [version_1(field, options) for field in fields]})
        return self.json({"custom_fields": [version_2(field) for field in fields]})

    async def _list_catalog_entries(self, request: Request) -> Response:
        for name in ("catalog_type_id", "page_size"):
            if not request.query_params.get(name):
                raise invalid(name, "is_required", f"{name} is required")
        kind = self.data.find("catalog_types", request.query_params["catalog_type_id"])
        if kind is None:
            raise not_found("The catalog type could not be found")
        rows = [
            row
            for row in self.data.lists["catalog_entries"]
            if row["catalog_type_id"] == kind["id"]
        ]
        if one := request.query_params.get("identifier"):
            rows = [row for row in rows if one in (row["id"], row["external_id"])]
        return self.json({"catalog_type": kind, **paged(request, "catalog_entries", rows)})

    async def _list_users(self, request: Request) -> Response:
        rows = self.data.lists["users"]
        for key in ("email", "slack_user_id"):
            if wanted := request.query_params.get(key):
                rows = [row for row in rows if row[key].lower() == wanted.lower()]
        return self.json(paged(request, "users", rows))

    async def _list_teams(self, request: Request) -> Response:
        return self.json(paged(request, "teams", self.data.lists["teams"]))

    async def _list_incidents(self, request: Request) -> Response:
        asked = request.query_params
        order = asked.get("sort_by", "created_at_newest_first")
        if order not in ("created_at_newest_first", "created_at_oldest_first"):
            raise invalid("sort_by", "invalid_enum_value", "sort_by is not one of the known orders")
        check_filters(request)
        severities = self.data.lists["severities"]
        rows = settled(self, self.data.lists["incidents"], "id", created_at)
        rows = [row for row in rows if self._shows(request, row)]
        rows = [self._linked(row) for row in rows if wanted(request, row, severities)]
        rows.sort(key=lambda row: str(row["created_at"]), reverse=order.endswith("newest_first"))
        return self.json(paged(request, "incidents", rows))

    async def _get_incident(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        row = self.data.find("incidents", wanted) or self.data.find(
            "incidents", f"INC-{wanted}", "reference"
        )
        if row is None or not self._shows(request, row):
            raise not_found("The incident could not be found")
        return self.json({"incident": self._linked(row)})

    def _lister_on_incidents(self, name: str) -> Handler:
        """Return the handler that lists `actions` or `follow_ups`."""

        async def handler(request: Request) -> Response:
            incident, mode = (
                request.query_params.get("incident_id"),
                request.query_params.get("incident_mode"),
            )
            if mode not in (None, *MODES):
                raise invalid(
                    "incident_mode",
                    "invalid_enum_value",
                    "incident_mode is not one of the allowed values",
                )
            modes = (mode,) if mode else ("standard", "retrospective")
            team = request.query_params.get("assignee_team_id") if name == "follow_ups" else None
            rows = []
            for row in settled(self, self.data.lists[name], "id", created_at):
                owner = self.data.find("incidents", row["incident_id"])
                assigned = team in (None, row.get("assignee_team", {}).get("id"))
                if (
                    owner is not None
                    and self._shows(request, owner)
                    and owner["mode"] in modes
                    and incident in (None, owner["id"])
                    and assigned
                ):
                    rows.append(shown_by(request.url.path, row))
            if not is_paged(request.url.path):
                return self.json({name: rows})
            return self.json(paged(request, name, sorted(rows, key=lambda row: str(row["id"]))))

        return handler

    # Creates

    async def _create_incident(self, request: Request) -> Response:
        body = await json_object(request)
        check(INCIDENT, body)
        if known := self._by_key.get(body["idempotency_key"]):
            request.state.note = f"again {known['reference']}"
            return self.json({"incident": self._linked(known)})
        check_incident(self.data, body)
        at = time.time()
        row = self.data.incident(self.data.next_number, body, at, self._creator(), ulid(at))
        self.data.lists["incidents"].append(row)
        self._by_key[body["idempotency_key"]] = row
        self.keep(request, body, row["id"], shown_incident(row, from_slack=True))
        return self.json({"incident": self._linked(row)})

    async def _create_action(self, request: Request) -> Response:
        body = await json_object(request)
        check(ACTION, body)
        incident = check_action(self.data, body)
        self._check_shown(request, incident)
        at = time.time()
        row = self.data.action(body, at, self._creator(), ulid(at))
        self.data.lists["actions"].append(row)
        self.keep(request, body, row["id"], shown_action(row, incident))
        return self.json({"action": row}, 201)

    async def _create_follow_up(self, request: Request) -> Response:
        body = await json_object(request)
        check(FOLLOW_UP, body)
        incident = check_follow_up(self.data, body)
        self._check_shown(request, incident)
        at = time.time()
        row = self.data.follow_up(body, at, self._creator(), ulid(at))
        self.data.lists["follow_ups"].append(row)
        self.keep(request, body, row["id"], shown_follow_up(row, incident))
        return self.json({"follow_up": shown_by(request.url.path, row)}, 201)

    def _check_shown(self, request: Request, incident: Row) -> None:
        if not self._shows(request, incident):
            raise no_incident()

    def _creator(self) -> Row:
        return {"api_key": {"id": self.key_id, "name": "Incident Relay"}}

    # Pages for people

    def _linked(self, row: Row) -> Row:
        return {**row, "permalink": self.url + row["permalink"]}

    async def _incident_page(self, request: Request) -> Response:
        row = self.data.find("incidents", f"INC-{request.path_params['number']}", "reference")
        if row is None or request.path_params["organisation"] != data.TEAM.domain:
            return nothing_here(self.label)
        belonging = {
            "Actions": [
                action["description"]
                for action in self.data.lists["actions"]
                if action["incident_id"] == row["id"]
            ],
            "Follow-ups": [
                follow_up["title"]
                for follow_up in self.data.lists["follow_ups"]
                if follow_up["incident_id"] == row["id"]
            ],
        }
        return page(self.label, row["reference"], row["name"], detail_of(row), belonging)

    # Faults

    def rate_limited(self, retry_after: int) -> RefusalError:
        until = iso(time.time() + retry_after)
        error = {
            "code": "too_many_requests",
            "message": f"Too many requests, try again after {until}",
        }
        body = {**envelope("too_many_requests", 429, [error]), "rate_limit": {"retry_after": until}}
        return RefusalError(429, body, "rate limited")

    def one_refusal(self, path: str) -> RefusalError:
        field = {"incidents": "name", "follow_ups": "title"}.get(
            path.rpartition("/")[2], "description"
        )
        return invalid(field, "invalid_value", f"{field} is reserved")


def _lacking(scope: str) -> RefusalError:
    """Return the 403 for a key without this scope."""
    message = f"missing a required scope: {scope}"
    error = {"code": "missing_required_scope", "message": message, "metadata": {"scope": scope}}
    return RefusalError(403, envelope("resource_forbidden", 403, [error]), message)
