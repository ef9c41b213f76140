"""A stand-in for Rootly: incidents, action items, workflow tasks and their lists.

Beyond types and ids, it refuses the following, so that a person sees a refusal that names a field
and can be corrected:

- This organisation demands a summary for its worst severity: an incident with SEV0 and no `summary`
  gets the 422 "Summary can't be blank". (An organisation's settings decide which attributes are
  required.)
- Two tasks of one workflow cannot have the same `position`: 422 "Position has already been taken".
- A locked workflow takes no tasks from this key: 404, as for a workflow that does not exist.
- A key without the right "private_incidents:read" is not shown a private incident: lists leave it
  out, and calls about it get the answer for an incident that does not exist.

If the documentation leaves a choice, the stand-in takes the one that is harder for a client:
unknown attributes are refused, `Idempotency-Key` does nothing, and test incidents are listed only
when `filter[kind]` asks for them.
"""

import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.adapters.rootly import Rootly as RootlyAdapter
from bot.forms.fields import Form
from bot.playground.vendors import data
from bot.playground.vendors.base import (
    Handler,
    RefusalError,
    VendorStandIn,
    json_body,
    media_type,
    moment,
)
from bot.playground.vendors.keys import Keys
from bot.playground.vendors.listing import settled
from bot.playground.vendors.pages import front_page, nothing_here, page
from bot.playground.vendors.records import DisplayedObject
from bot.playground.vendors.rootly_data import NAMES_ONLY, RootlyData
from bot.playground.vendors.rootly_query import Query, Row, answer
from bot.playground.vendors.rootly_rights import Key, lacks
from bot.playground.vendors.rootly_samples import sample_form
from bot.playground.vendors.rootly_selections import FormFields
from bot.playground.vendors.rootly_shapes import (
    ACTION_ITEM,
    INCIDENT,
    LISTS,
    MOMENTS,
    WORKFLOW_TASK,
    check,
    check_due_date,
    check_moments,
    check_task_params,
    humanised,
    refused,
)
from bot.playground.vendors.rootly_tasks import in_words

PER_MINUTE = 3000
"""Limit of reads, and also of writes.

The headers tell the rest of it, but no request is refused for exceeding it.
"""

_CATALOG = Query(filters=("slug", "name", "external_id", "backstage_id"))
QUERIES = {
    "severities": Query(filters=("slug", "name", "severity", "color")),
    "incident_types": Query(filters=("slug", "name", "color"), search=()),
    "services": _CATALOG,
    "functionalities": _CATALOG,
    "environments": _CATALOG,
    "teams": _CATALOG,
    "causes": Query(sort=()),
    "alerts": Query(filters=("status", "source"), search=(), sort=()),
    "incident_roles": Query(filters=("slug", "name", "enabled")),
    "users": Query(filters=("email",), search=("name", "email")),
    **dict.fromkeys(NAMES_ONLY, Query()),
    "workflows": Query(sort=("created_at", "updated_at", "position")),
    "incidents": Query(
        filters=(
            "kind",
            "status",
            "private",
            "severity_id",
            "service_ids",
            "environment_ids",
            "functionality_ids",
            "slack_channel_id",
            "sequential_id",
        ),
        search=("title", "summary"),
        sort=("created_at", "updated_at", "started_at"),
        cursor=True,
    ),
}


class Rootly(VendorStandIn):
    """Rootly's API on a port of its own."""

    adapter = RootlyAdapter
    media_type = "application/vnd.api+json"

    def __init__(self) -> None:
        self.fields = FormFields(self)
        super().__init__()
        self.keys: Keys[Key] = Keys()
        self._key = self.key_without()["api_key"]
        self.data = RootlyData()
        self._caller = self.data.lists["users"][0]
        for row in reversed(self.data.lists["incidents"]):
            self.objects.append(_shown_incident(row, from_slack=False))

    @property
    def credentials(self) -> dict[str, str]:
        return {"api_key": self._key}

    def new_key(self) -> dict[str, str]:
        return self.key_without()

    def key_without(self, *rights: str, user: bool = True) -> dict[str, str]:
        """Return the credentials of another key, without these rights ("workflows:read").

        `user` says whether the key belongs to a user.
        """
        key = f"rootly_{secrets.token_hex(32)}"
        self.keys.add(f"Bearer {key}", Key(frozenset(rights), user))
        return {"api_key": key}

    def sample_form(self, operation: str) -> Form:
        return sample_form(self.data, operation)

    def routes(self) -> list[BaseRoute]:
        lists = [Route(f"/v1/{name}", self.api(self._lister(name))) for name in QUERIES]
        return [
            Route("/v1/users/me", self.api(self._me)),
            Route("/v1/incidents", self.api(self._create_incident, creates=True), methods=["POST"]),
            Route(
                "/v1/incidents/{id}/action_items",
                self.api(self._create_item, creates=True),
                methods=["POST"],
            ),
            Route("/v1/incidents/{id}/action_items", self.api(self._list_items)),
            *self.fields.routes(),
            Route(
                "/v1/workflows/{id}/workflow_tasks",
                self.api(self._create_task, creates=True),
                methods=["POST"],
            ),
            Route("/v1/workflows/{id}/workflow_tasks", self.api(self._list_tasks)),
            *lists,
            Route("/v1/{catalog:str}/{id}", self.api(self._get)),
            Route("/", front_page(self)),
            Route("/account/incidents/{name}", self._incident_page),
            Route("/incidents/{name}", self._incident_page),
            Route("/account/workflows/{name}", self._workflow_page),
        ]

    def permit(self, request: Request) -> None:
        if (key := self.keys.of(request)) and lacks(request.method, request.url.path, key):
            raise self.denied(request)

    def denied(self, _request: Request) -> RefusalError:
        return _not_found()

    def unauthorised(self) -> RefusalError:
        note = "token revoked" if self.fault == "revoked" else "invalid token"
        return RefusalError(401, {"errors": [{"title": "Invalid token", "status": "401"}]}, note)

    async def nowhere(self, request: Request) -> Response:
        raise _not_found()

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

    def _lister(self, name: str) -> Handler:
        async def handler(request: Request) -> Response:
            rows = self.data.lists[name]
            if name == "incidents":
                asked = any(
                    parameter.startswith("filter[kind]") for parameter in request.query_params
                )
                rows = [
                    row
                    for row in self._listed(rows)
                    if self._shows(request, row)
                    and (asked or not row["attributes"]["kind"].startswith("test"))
                ]
                rows = [self._linked(row) for row in rows]
                rows.sort(key=lambda row: str(row["attributes"]["created_at"]), reverse=True)
            return self.json(answer(request, rows, QUERIES[name]))

        return handler

    async def _get(self, request: Request) -> Response:
        catalog, wanted = request.path_params["catalog"], request.path_params["id"]
        row = self._find(request, catalog, wanted) if catalog in QUERIES else None
        if row is None:
            raise _not_found()
        return self.json({"data": self._linked(row)})

    async def _me(self, _request: Request) -> Response:
        return self.json({"data": self._caller})

    async def _list_items(self, request: Request) -> Response:
        incident = self.path_row(request, "incidents")
        rows = [self._linked(row) for row in self._listed(self.data.items.get(incident["id"], []))]
        return self.json(answer(request, rows, Query(filters=(), search=(), sort=(), times=False)))

    async def _list_tasks(self, request: Request) -> Response:
        workflow = self.path_row(request, "workflows")
        rows = self._listed(self.data.tasks[workflow["id"]])
        return self.json(answer(request, rows, Query(sort=(), times=False)))

    def _listed(self, rows: list[Row]) -> list[Row]:
        return settled(self, rows, "id", created_at)

    # Creates

    async def _create_incident(self, request: Request) -> Response:
        body, attributes = await _attributes(request, "incidents")
        check(INCIDENT, attributes)
        self._check_ids(request, attributes)
        check_moments(attributes)
        self._check_rules(attributes)
        labels = attributes.get("labels") or {}
        if not all(isinstance(value, str) for value in labels.values()):
            raise refused(["Labels is invalid"], ["labels"])
        user = self.data.find("users", attributes.get("user_id") or "") or self._caller
        row = self.data.incident(self.data.next_number, attributes, time.time(), user)
        self.data.lists["incidents"].append(row)
        self.keep(request, body, row["id"], _shown_incident(row, from_slack=True))
        return self.json({"data": self._linked(row)}, 201)

    async def _create_item(self, request: Request) -> Response:
        incident = self.path_row(request, "incidents")
        body, attributes = await _attributes(request, "incident_action_items")
        check(ACTION_ITEM, attributes)
        check_due_date(attributes)
        self._check_ids(request, attributes)
        self.fields.check_item(attributes)
        row = self.data.action_item(incident, attributes, time.time(), self._caller)
        self.data.items.setdefault(incident["id"], []).append(row)
        number = incident["attributes"]["sequential_id"]
        made = row["attributes"]
        detail = {
            "Incident": f"INC-{number} {made['incident_title']}",
            "Kind": made["kind"],
            "Priority": made["priority"],
            "Assigned to": (made["assigned_to"] or {}).get("email", ""),
            "Due": made["due_date"] or "",
            "Teams": ", ".join(self._names("teams", made["assigned_to_group_ids"])),
            "Jira issue": made["jira_issue_key"] or "",
            "Description": made["description"] or "",
            **self.fields.item_detail(made),
        }
        reference = f"INC-{number}"
        shown = DisplayedObject(
            "action item",
            reference,
            made["summary"],
            made["url"],
            time.time(),
            detail,
            True,
            reference,
        )
        self.keep(request, body, row["id"], shown)
        return self.json({"data": self._linked(row)}, 201)

    async def _create_task(self, request: Request) -> Response:
        workflow = self.path_row(request, "workflows")
        if workflow["attributes"]["locked"]:
            raise _not_found()
        body, attributes = await _attributes(request, "workflow_tasks")
        check(WORKFLOW_TASK, attributes)
        check_task_params(attributes["task_params"])
        taken = {task["attributes"]["position"] for task in self.data.tasks[workflow["id"]]}
        if attributes.get("position") in taken:
            raise refused(["Position has already been taken"], ["position"])
        row = self.data.workflow_task(workflow["id"], attributes, time.time())
        self.data.tasks[workflow["id"]].append(row)
        made = row["attributes"]
        name, path = (
            workflow["attributes"]["name"],
            f"/account/workflows/{workflow['attributes']['slug']}",
        )
        detail = {
            "Workflow": name,
            "Position": str(made["position"]),
            **in_words(made["task_params"]),
        }
        shown = DisplayedObject(
            "workflow task", name, made["name"], path, time.time(), detail, True, f"“{name}”"
        )
        self.keep(request, body, row["id"], shown)
        return self.json({"data": row}, 201)

    # Checks

    async def attributes(self, request: Request, kind: str) -> tuple[Any, dict[str, Any]]:
        """Return the whole body, and the attributes in its JSON:API envelope."""
        return await _attributes(request, kind)

    def path_row(self, request: Request, catalog: str) -> Row:
        """Return the row named by the path. Raises the 404 if there is none."""
        row = self._find(request, catalog, request.path_params["id"])
        if row is None:
            raise _not_found()
        return row

    def _find(self, request: Request, catalog: str, wanted: str) -> Row | None:
        row = self.data.find(catalog, wanted)
        return row if row is not None and self._shows(request, row) else None

    def _shows(self, request: Request, row: Row) -> bool:
        """Return whether the request's key may see the row."""
        key = self.keys.of(request)
        hidden = key is not None and "private_incidents:read" in key.withheld
        return not (hidden and row["attributes"].get("private"))

    def _check_ids(self, request: Request, attributes: Mapping[str, Any]) -> None:
        unknown = []
        for field, catalog in LISTS.items():
            value = attributes.get(field)
            ids = value if isinstance(value, list) else [] if value is None else [str(value)]
            if any(self._find(request, catalog, wanted) is None for wanted in ids):
                unknown.append(field)
        if unknown:
            raise refused([f"{humanised(field)} must exist" for field in unknown], unknown)

    def _names(self, catalog: str, ids: list[str]) -> list[str]:
        return [row["attributes"]["name"] for row in self.data.lists[catalog] if row["id"] in ids]

    def _check_rules(self, attributes: Mapping[str, Any]) -> None:
        severity = self.data.find("severities", attributes.get("severity_id") or "")
        worst = severity is not None and severity["attributes"]["severity"] == "critical"
        if worst and not (attributes.get("summary") or "").strip():
            raise refused(["Summary can't be blank"], ["summary"])

    # Pages for people

    def _linked(self, row: Row) -> Row:
        """Return the row as it is sent, with this stand-in's address before its url."""
        attributes = row["attributes"]
        links = {
            name: self.url + attributes[name]
            for name in ("url", "short_url")
            if attributes.get(name)
        }
        return {**row, "attributes": {**attributes, **links}}

    async def _incident_page(self, request: Request) -> Response:
        number = request.path_params["name"].partition("-")[0]
        for row in self.data.lists["incidents"]:
            made = row["attributes"]
            if str(made["sequential_id"]) == number:
                items = [
                    item["attributes"]["summary"] for item in self.data.items.get(row["id"], [])
                ]
                return page(
                    self.label,
                    f"INC-{number}",
                    made["title"],
                    {**_detail(made), **self.fields.detail(row["id"])},
                    {"Action items": items},
                )
        return nothing_here(self.label)

    async def _workflow_page(self, request: Request) -> Response:
        for row in self.data.lists["workflows"]:
            made = row["attributes"]
            if made["slug"] == request.path_params["name"]:
                about = {"About": made["description"] or ""}
                tasks = [task["attributes"] for task in self.data.tasks[row["id"]]]
                lines = [
                    f"{task['position']}. {task['name']}\n{_told(task['task_params'])}"
                    for task in tasks
                ]
                return page(self.label, data.TEAM.name, made["name"], about, {"Tasks": lines})
        return nothing_here(self.label)

    # Faults

    def rate_limited(self, retry_after: int) -> RefusalError:
        return RefusalError(429, {"error": "Too many requests"}, "rate limited")

    def one_refusal(self, path: str) -> RefusalError:
        field = {"incidents": "title", "action_items": "summary"}.get(
            path.rpartition("/")[2], "name"
        )
        return refused([f"{humanised(field)} is reserved"], [field])


def _not_found() -> RefusalError:
    return refused(["Not found or unauthorized"], ["not found"], 404)


async def _attributes(request: Request, kind: str) -> tuple[Any, dict[str, Any]]:
    """Return the whole body, and the attributes in its JSON:API envelope.

    Raises 415 (media type), 400 (not JSON) or 422 (wrong envelope).
    """
    if media_type(request) != "application/vnd.api+json":
        raise refused(["Content-Type must be application/vnd.api+json"], ["media type"], 415)
    body = await json_body(request)
    if not isinstance(body, dict):
        raise refused(["The request body is not valid JSON"], ["not JSON"], 400)
    document = body.get("data")
    if not isinstance(document, dict) or set(body) != {"data"}:
        raise refused(["Data can't be blank"], ["data"])
    if document.get("type") != kind:
        raise refused([f"Type must be {kind}"], ["data.type"])
    attributes = document.get("attributes")
    if not isinstance(attributes, dict):
        raise refused(["Attributes can't be blank"], ["data.attributes"])
    return body, attributes


def created_at(row: Row) -> float:
    """Return the time of creation in epoch seconds."""
    return datetime.fromisoformat(row["attributes"]["created_at"]).timestamp()


def _shown_incident(row: Row, *, from_slack: bool) -> DisplayedObject:
    made = row["attributes"]
    reference = f"INC-{made['sequential_id']}"
    return DisplayedObject(
        "incident",
        reference,
        made["title"],
        made["url"],
        created_at(row),
        _detail(made),
        from_slack,
    )


def _told(task_params: Mapping[str, Any]) -> str:
    """Return a task's parameters as text, one a line."""
    return "\n".join(f"{label}: {text}" for label, text in in_words(task_params).items())


def _detail(made: Mapping[str, Any]) -> dict[str, str]:
    severity = made["severity"]["data"]["attributes"]["name"] if made["severity"] else ""
    detail = {
        "Severity": severity,
        "Status": made["status"],
        "Kind": made["kind"] if made["kind"] != "normal" else "",
        "Private": "yes" if made["private"] else "",
        "Summary": made["summary"] or "",
        "Labels": ", ".join(f"{name}: {value}" for name, value in made["labels"].items()),
        "Reported by": made["user"]["data"]["attributes"]["full_name"],
        "Slack channel": made["slack_channel_name"] or made["slack_channel_id"] or "",
        "Jira issue": made["jira_issue_key"] or "",
        "Maintenance": " to ".join(filter(None, (made["scheduled_for"], made["scheduled_until"]))),
        "Notify by e-mail": ", ".join(made["notify_emails"] or []),
        **_times(made),
    }
    for name in (
        "services",
        "environments",
        "functionalities",
        "incident_types",
        "groups",
        "causes",
    ):
        detail[name.replace("_", " ").capitalize()] = ", ".join(
            entry["data"]["attributes"]["name"] for entry in made[name]
        )
    return {label: value for label, value in detail.items() if value}


def _times(made: Mapping[str, Any]) -> dict[str, str]:
    """Return the incident's times (started, mitigated and so on), by the minute.

    A start at the time of creation is left out.
    """
    told = {}
    for name in MOMENTS:
        at = moment(made[name] or "")
        if at is not None and made[name] != made["created_at"]:
            told[humanised(name.removesuffix("_at"))] = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return told
