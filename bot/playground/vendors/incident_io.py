"""An incident.io of our own: incidents, actions and the lists around them (contract, section 3).

What it refuses beyond types and ids, so that a person sees a refusal that names a field and can be mended:

- An incident without `severity_id` gets the 422 "A severity is required to open an incident", unless its status is of
  the category triage.
- The incident type "Security" is private only: with `visibility` "public" it gets a 422 about `visibility`.

Creating an incident again with an `idempotency_key` that was used returns the incident made then, whatever else the
body says. Unknown members of a body are ignored, as the schema has it. Lists leave out test and tutorial incidents,
and their actions, unless asked for.
"""

import hmac
import secrets
import time
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.playground.vendors import data
from bot.playground.vendors.base import Handler, Refusal, Shown, VendorStandIn, json_body, media_type, moment
from bot.playground.vendors.ids import rootly_id, ulid
from bot.playground.vendors.incident_io_data import IncidentIoData, Row
from bot.playground.vendors.pages import nothing_here, page
from bot.playground.vendors.shapes import OBJECT, OBJECTS, STRING, Complaint, Shape, complaints, one_of

PER_MINUTE = 1200
"""The bucket's size. The headers say how much is left; nothing is refused for going over."""
DEFAULT_SIZE, LARGEST_SIZE = 25, 250
MODES = ("standard", "retrospective", "test", "tutorial")

INCIDENT: Mapping[str, Shape] = {
    "idempotency_key": STRING.must(),
    "visibility": one_of("public", "private").must(),
    "name": STRING.or_null(),
    "summary": STRING.or_null(),
    "severity_id": STRING.or_null(),
    "incident_type_id": STRING.or_null(),
    "incident_status_id": STRING.or_null(),
    "mode": one_of(*MODES).or_null(),
    "incident_role_assignments": OBJECTS.or_null(),
    "custom_field_entries": OBJECTS.or_null(),
    "incident_timestamp_values": OBJECTS.or_null(),
    "retrospective_incident_options": OBJECT.or_null(),
    "slack_team_id": STRING.or_null(),
    "slack_channel_name_override": STRING.or_null(),
}
ACTION: Mapping[str, Shape] = {
    "description": STRING.must(),
    "incident_id": STRING.must(),
    "assignee_id": STRING.or_null(),
}
UNPAGED = {
    "/v1/severities": "severities",
    "/v1/incident_types": "incident_types",
    "/v1/incident_statuses": "incident_statuses",
    "/v2/incident_roles": "incident_roles",
    "/v2/incident_timestamps": "incident_timestamps",
    "/v2/custom_fields": "custom_fields",
}
_LISTS = {
    "severity_id": "severities",
    "incident_type_id": "incident_types",
    "incident_status_id": "incident_statuses",
}
_ROLES = ("viewer", "incident_creator", "incident_editor", "catalog_viewer")


class IncidentIo(VendorStandIn):
    """incident.io's API on a port of its own."""

    vendor = "incident_io"
    label = "incident.io"

    def __init__(self) -> None:
        super().__init__()
        self._key = f"inc_{secrets.token_hex(32)}"
        self._key_id = ulid(time.time())
        self._by_key: dict[str, Row] = {}
        self.data = IncidentIoData()
        self.objects.extend(_shown_incident(row, from_slack=False) for row in self.data.lists["incidents"])

    @property
    def credentials(self) -> dict[str, str]:
        return {"api_key": self._key}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/identity", self.api(self._identity)),
            *[Route(path, self.api(self._lister(name))) for path, name in UNPAGED.items()],
            Route("/v1/custom_field_options", self.api(self._list_options)),
            Route("/v2/users", self.api(self._list_users)),
            Route("/v3/teams", self.api(self._list_teams)),
            Route("/v2/incidents", self.api(self._create_incident, creates=True), methods=["POST"]),
            Route("/v2/incidents", self.api(self._list_incidents)),
            Route("/v2/incidents/{id}", self.api(self._get_incident)),
            Route("/v2/actions", self.api(self._create_action, creates=True), methods=["POST"]),
            Route("/v2/actions", self.api(self._list_actions)),
            Route("/{organisation}/incidents/{number}", self._incident_page),
        ]

    def authorised(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode())

    def unauthorised(self) -> Refusal:
        note = "token revoked" if self.fault == "revoked" else "invalid token"
        error = {"code": "invalid_api_key", "message": "The API key is not valid"}
        return Refusal(401, _envelope("authentication_error", 401, [error]), note)

    async def nowhere(self, request: Request) -> Response:
        raise _not_found("There is no such endpoint")

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

    async def _identity(self, _request: Request) -> Response:
        identity = {
            "name": "Incident Relay",
            "dashboard_url": f"{self.url}/{data.TEAM.domain}",
            "roles": list(_ROLES),
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
            raise _invalid("custom_field_id", "is_required", "custom_field_id is required")
        rows = [row for row in self.data.lists["custom_field_options"] if row["custom_field_id"] == field]
        return self._paged(request, "custom_field_options", rows)

    async def _list_users(self, request: Request) -> Response:
        rows = self.data.lists["users"]
        for key in ("email", "slack_user_id"):
            if wanted := request.query_params.get(key):
                rows = [row for row in rows if row[key].lower() == wanted.lower()]
        return self._paged(request, "users", rows)

    async def _list_teams(self, request: Request) -> Response:
        return self._paged(request, "teams", self.data.lists["teams"])

    async def _list_incidents(self, request: Request) -> Response:
        asked = request.query_params
        order = asked.get("sort_by", "created_at_newest_first")
        if order not in ("created_at_newest_first", "created_at_oldest_first"):
            raise _invalid("sort_by", "invalid_enum_value", "sort_by is not one of the known orders")
        rows = [self._linked(row) for row in self.data.lists["incidents"] if self._wanted(request, row)]
        rows.sort(key=lambda row: str(row["created_at"]), reverse=order.endswith("newest_first"))
        return self._paged(request, "incidents", rows)

    def _wanted(self, request: Request, row: Row) -> bool:
        """Whether an incident passes the filters; all must match (`filter_mode` any is not played here)."""
        asked = request.query_params
        modes = asked.getlist("mode[one_of]") or ["standard", "retrospective"]
        severity = row.get("severity", {"id": "", "rank": -1})
        held = {
            "status": row["incident_status"]["id"],
            "status_category": row["incident_status"]["category"],
            "severity": severity["id"],
            "incident_type": row["incident_type"]["id"],
        }
        for name, value in held.items():
            if (among := asked.getlist(f"{name}[one_of]")) and value not in among:
                return False
            if value in asked.getlist(f"{name}[not_in]"):
                return False
        bound = self.data.find("severities", asked.get("severity[gte]"))
        if bound is not None and severity["rank"] < bound["rank"]:
            return False
        return row["mode"] in modes and _in_time(request, row)

    async def _get_incident(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        row = self.data.find("incidents", wanted) or self.data.find("incidents", f"INC-{wanted}", "reference")
        if row is None:
            raise _not_found("The incident could not be found")
        return self.json({"incident": self._linked(row)})

    async def _list_actions(self, request: Request) -> Response:
        incident, mode = request.query_params.get("incident_id"), request.query_params.get("incident_mode")
        modes = (mode,) if mode else ("standard", "retrospective")
        rows = []
        for row in self.data.lists["actions"]:
            owner = self.data.find("incidents", row["incident_id"])
            if owner is not None and owner["mode"] in modes and incident in (None, owner["id"]):
                rows.append(row)
        return self.json({"actions": rows})

    def _paged(self, request: Request, name: str, rows: list[Row]) -> Response:
        text = request.query_params.get("page_size", str(DEFAULT_SIZE))
        if not text.isdecimal() or not 1 <= int(text) <= LARGEST_SIZE:
            raise _invalid("page_size", "invalid_range", f"page_size must be between 1 and {LARGEST_SIZE}")
        size, begin = int(text), 0
        if after := request.query_params.get("after"):
            ids = [row["id"] for row in rows]
            if after not in ids:
                raise _invalid("after", "invalid_value", "after is not an id of this list")
            begin = ids.index(after) + 1
        shown = rows[begin : begin + size]
        meta: Row = {"page_size": size}
        if begin + size < len(rows):
            meta["after"] = shown[-1]["id"]
        return self.json({name: shown, "pagination_meta": meta})

    # Creates

    async def _create_incident(self, request: Request) -> Response:
        body = await _object(request)
        _check(INCIDENT, body)
        if known := self._by_key.get(body["idempotency_key"]):
            request.state.note = f"again {known['reference']}"
            return self.json({"incident": self._linked(known)})
        self._check_incident(body)
        at = time.time()
        row = self.data.incident(self.data.next_number, body, at, self._creator(), ulid(at))
        self.data.lists["incidents"].append(row)
        self._by_key[body["idempotency_key"]] = row
        self.keep(request, body, row["id"], _shown_incident(row, from_slack=True))
        return self.json({"incident": self._linked(row)})

    async def _create_action(self, request: Request) -> Response:
        body = await _object(request)
        _check(ACTION, body)
        incident = self.data.find("incidents", body["incident_id"])
        if incident is None:
            raise _invalid("incident_id", "not_found", "The incident could not be found")
        if body.get("assignee_id") is not None and self.data.find("users", body["assignee_id"]) is None:
            raise _invalid("assignee_id", "not_found", "The assignee could not be found")
        at = time.time()
        row = self.data.action(body, at, self._creator(), ulid(at))
        self.data.lists["actions"].append(row)
        detail = {
            "Incident": f"{incident['reference']} {incident['name']}",
            "Assignee": row.get("assignee", {}).get("name", ""),
            "Status": row["status"],
            "Description": row["description"],
        }
        title = row["description"].strip().splitlines()[0]
        shown = Shown("action", incident["reference"], title, incident["permalink"], at, detail, True)
        self.keep(request, body, row["id"], shown)
        return self.json({"action": row}, 201)

    def _check_incident(self, body: Row) -> None:
        """Ids, then this organisation's rules."""
        for field, catalog in _LISTS.items():
            if body.get(field) is not None and self.data.find(catalog, body[field]) is None:
                raise _invalid(
                    field, "not_found", f"There is no {field.removesuffix('_id').replace('_', ' ')} of that id"
                )
        status = self.data.find("incident_statuses", body.get("incident_status_id"))
        if body.get("severity_id") is None and (status is None or status["category"] != "triage"):
            raise _invalid("severity_id", "is_required", "A severity is required to open an incident")
        kind = self.data.find("incident_types", body.get("incident_type_id"))
        if kind is not None and kind["private_incidents_only"] and body["visibility"] == "public":
            raise _invalid("visibility", "invalid_value", f"{kind['name']} incidents must be private")
        self._check_parts(body)

    def _check_parts(self, body: Row) -> None:
        for place, part in enumerate(body.get("incident_role_assignments") or []):
            field = f"incident_role_assignments.{place}"
            if self.data.find("incident_roles", part.get("incident_role_id")) is None:
                raise _invalid(f"{field}.incident_role_id", "not_found", "There is no incident role of that id")
            assignee = part.get("assignee") or None
            if assignee is not None and (not isinstance(assignee, dict) or self.data.assignee(assignee) is None):
                raise _invalid(f"{field}.assignee", "not_found", "The assignee could not be found")
        for place, part in enumerate(body.get("custom_field_entries") or []):
            field = f"custom_field_entries.{place}"
            if self.data.find("custom_fields", part.get("custom_field_id")) is None:
                raise _invalid(f"{field}.custom_field_id", "not_found", "There is no custom field of that id")
            values = part.get("values")
            if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
                raise _invalid(f"{field}.values", "is_required", "values must be a list of objects")
        for place, part in enumerate(body.get("incident_timestamp_values") or []):
            field = f"incident_timestamp_values.{place}"
            if self.data.find("incident_timestamps", part.get("incident_timestamp_id")) is None:
                raise _invalid(f"{field}.incident_timestamp_id", "not_found", "There is no timestamp of that id")
            if part.get("value") is not None and moment(str(part["value"])) is None:
                raise _invalid(f"{field}.value", "invalid_format", "value must be a date and time")

    def _creator(self) -> Row:
        return {"api_key": {"id": self._key_id, "name": "Incident Relay"}}

    # What people see

    def _linked(self, row: Row) -> Row:
        return {**row, "permalink": self.url + row["permalink"]}

    async def _incident_page(self, request: Request) -> Response:
        row = self.data.find("incidents", f"INC-{request.path_params['number']}", "reference")
        if row is None or request.path_params["organisation"] != data.TEAM.domain:
            return nothing_here(self.label)
        actions = [action["description"] for action in self.data.lists["actions"] if action["incident_id"] == row["id"]]
        return page(self.label, row["reference"], row["name"], _detail(row), {"Actions": actions})


def _in_time(request: Request, row: Row) -> bool:
    asked, at = request.query_params, moment(row["created_at"])
    bounds = {"created_at[gte]": asked.get("created_at[gte]"), "created_at[lte]": asked.get("created_at[lte]")}
    if span := asked.get("created_at[date_range]"):
        bounds["created_at[gte]"], _, bounds["created_at[lte]"] = span.partition("~")
    for name, text in bounds.items():
        if not text:
            continue
        bound = moment(text)
        if bound is None or at is None:
            raise _invalid("created_at", "invalid_format", f"{name} is not a time")
        if at < bound if name.endswith("[gte]") else at > bound:
            return False
    return True


async def _object(request: Request) -> Row:
    """The JSON object in the body. Raises 415 for another media type, 400 for no JSON object."""
    if media_type(request) != "application/json":
        error = {"code": "unsupported_media_type", "message": "Content-Type must be application/json"}
        raise Refusal(415, _envelope("unsupported_media_type", 415, [error]), "media type")
    body = await json_body(request)
    if not isinstance(body, dict):
        error = {"code": "invalid_json", "message": "The request body is not a JSON object"}
        raise Refusal(400, _envelope("bad_request", 400, [error]), "not JSON")
    return body


def _check(shapes: Mapping[str, Shape], body: Row) -> None:
    """Raises the 422 with all complaints about known members."""
    found = [complaint for complaint in complaints(shapes, body) if complaint.problem != "unknown"]
    if found:
        fields = " ".join(complaint.field for complaint in found)
        raise Refusal(422, _envelope("validation_error", 422, [_worded(complaint) for complaint in found]), fields)


def _worded(complaint: Complaint) -> Row:
    code, words = {
        "missing": ("is_required", "is required"),
        "type": ("invalid_type", "is of the wrong type"),
        "enum": ("invalid_enum_value", "is not one of the allowed values"),
    }[complaint.problem]
    return {"code": code, "message": f"{complaint.field} {words}", "source": {"field": complaint.field}}


def _invalid(field: str, code: str, message: str) -> Refusal:
    error = {"code": code, "message": message, "source": {"field": field}}
    return Refusal(422, _envelope("validation_error", 422, [error]), field)


def _not_found(message: str) -> Refusal:
    return Refusal(404, _envelope("not_found", 404, [{"code": "not_found", "message": message}]), "not found")


def _envelope(kind: str, status: int, errors: list[Row]) -> Row:
    return {"type": kind, "status": status, "request_id": rootly_id(), "errors": errors}


def _shown_incident(row: Row, *, from_slack: bool) -> Shown:
    at = moment(row["created_at"])
    epoch = at.timestamp() if at else 0.0
    return Shown("incident", row["reference"], row["name"], row["permalink"], epoch, _detail(row), from_slack)


def _detail(row: Row) -> dict[str, str]:
    detail = {
        "Severity": row.get("severity", {}).get("name", ""),
        "Status": row["incident_status"]["name"],
        "Type": row["incident_type"]["name"],
        "Mode": row["mode"] if row["mode"] != "standard" else "",
        "Visibility": row["visibility"],
        "Summary": row.get("summary", ""),
    }
    for part in row["incident_role_assignments"]:
        detail[part["role"]["name"]] = part.get("assignee", {}).get("name", "")
    return {label: value for label, value in detail.items() if value}
