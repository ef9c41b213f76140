"""Brambleway's data in Rootly at the start, and the makers of new JSON:API resources."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.vendors import data
from bot.playground.vendors.base import iso
from bot.playground.vendors.data_incidents import INCIDENTS, LAST_NUMBER, PastIncident
from bot.playground.vendors.ids import uuid_id
from bot.playground.vendors.rootly_fields import FIELDS, WAREHOUSES, OwnField
from bot.playground.vendors.rootly_query import Row
from bot.playground.vendors.rootly_shapes import INCIDENT, MOMENTS

_STATUS = {
    "triage": "in_triage",
    "active": "started",
    "mitigated": "mitigated",
    "resolved": "resolved",
    "closed": "closed",
}
_EMBEDDED = {
    "services": ("service_ids", "services"),
    "environments": ("environment_ids", "environments"),
    "functionalities": ("functionality_ids", "functionalities"),
    "incident_types": ("incident_type_ids", "incident_types"),
    "groups": ("group_ids", "teams"),
    "causes": ("cause_ids", "causes"),
}
"""An incident's embedded lists: the attribute that sets each, and the list with its ids."""
NAMES_ONLY: Mapping[str, Sequence[str]] = {
    "playbooks": ("Checkout is down", "Database fails over", "Lost a region"),
    "status-pages": ("status.example.com", "Internal status"),
    "schedules": ("Payments on call", "Platform on call"),
    "escalation_policies": ("Payments", "Platform"),
    "alert_urgencies": ("High", "Medium", "Low"),
    "sub_statuses": ("Investigating", "Waiting for a vendor", "Monitoring"),
    "dashboards": ("Incidents this week", "Time to resolve"),
    "post_mortem_templates": ("Short", "Thorough"),
}
"""Lists that hold no more than names here, by their path."""
_YEAR = 365 * 24 * 3600.0


def slug(text: str) -> str:
    """Return the text as in URLs: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


class RootlyData:
    """All lists by name.

    `tasks`, `items` and `selections` have workflow tasks, action items and selections of form
    fields, by workflow or incident.
    """

    def __init__(self) -> None:
        self.now = time.time()
        self.lists: dict[str, list[Row]] = {
            "severities": [
                self._named(
                    "severities",
                    one.name,
                    one.description,
                    one.color,
                    severity=one.level,
                    position=place,
                )
                for place, one in enumerate(data.SEVERITIES, start=1)
            ],
            "incident_types": [
                self._named("incident_types", one.name, one.description, one.color)
                for one in data.INCIDENT_TYPES
            ],
            "services": self._all("services", data.SERVICES),
            "functionalities": self._all("functionalities", data.FUNCTIONALITIES),
            "environments": self._all("environments", data.ENVIRONMENTS),
            "teams": self._all("teams", data.TEAMS),
            "causes": self._all("causes", data.CAUSES),
            "incident_roles": self._all("incident_roles", data.ROLES),
            "users": [
                self._user(2001 + place, one)
                for place, one in enumerate(data.PEOPLE)
                if not one.guest
            ],
            "workflows": [
                self._named(
                    "workflows",
                    one.name,
                    one.description,
                    locked=one.locked,
                    enabled=True,
                    position=place,
                )
                for place, one in enumerate(data.WORKFLOWS, start=1)
            ],
            **{
                name: [self._named(name, one, "") for one in names]
                for name, names in NAMES_ONLY.items()
            },
            "alerts": [],
            "incidents": [],
            "entities": self._all("entities", tuple(data.Named(name, "") for name in WAREHOUSES)),
            "form_field_options": [],
        }
        self.catalog_id = uuid_id("rootly", "catalogs", "Warehouses")
        self.lists["form_fields"] = [self._form_field(one) for one in FIELDS]
        self.tasks: dict[str, list[Row]] = {row["id"]: [] for row in self.lists["workflows"]}
        self.items: dict[str, list[Row]] = {}
        self.selections: dict[str, list[Row]] = {}
        self._fill_workflows()
        for age, past in enumerate(INCIDENTS):
            self._happen(LAST_NUMBER - age, past)

    def find(self, catalog: str, wanted: str) -> Row | None:
        """Return the row with that id."""
        return next((row for row in self.lists[catalog] if row["id"] == wanted), None)

    def named(self, catalog: str, name: str) -> Row:
        """Return the row with that name. Raises StopIteration if there is none."""
        return next(row for row in self.lists[catalog] if row["attributes"]["name"] == name)

    @property
    def next_number(self) -> int:
        return 1 + max(int(row["attributes"]["sequential_id"]) for row in self.lists["incidents"])

    def stock(self, catalog: str, count: int) -> None:
        """Add `count` invented entries to a list.

        The lists are services, functionalities, environments, teams, causes, users and
        incident_types.
        """
        rows = self.lists[catalog]
        if catalog in ("incidents", "workflows", "alerts", "severities"):
            raise KeyError(catalog)
        for number in range(len(rows) + 1, len(rows) + count + 1):
            name = f"{catalog.removesuffix('s')}-{number:05}"
            if catalog == "users":
                person = data.Person("", name, name, "", f"{name}@example.com", "000000")
                rows.append(self._user(2001 + number, person))
            else:
                rows.append(self._named(catalog, name, ""))

    def incident(
        self,
        number: int,
        attributes: Mapping[str, Any],
        at: float,
        user: Row,
        new_id: str | None = None,
    ) -> Row:
        """Return a new incident's resource, with the objects that it refers to embedded.

        `url` is only the path, because the port is added later.
        """
        title = attributes.get("title") or f"Incident {number}"
        status = attributes.get("status") or "started"
        plain = {
            name: attributes.get(name)
            for name in INCIDENT
            if not name.endswith(("_ids", "severity_id", "user_id"))
        }
        severity = self.find("severities", attributes.get("severity_id") or "")
        started = attributes.get("started_at") or iso(at)
        return {
            "id": new_id or uuid_id(),
            "type": "incidents",
            "attributes": {
                **plain,
                "sequential_id": number,
                "slug": slug(title),
                "title": title,
                "kind": attributes.get("kind") or "normal",
                "status": status,
                "private": bool(attributes.get("private")),
                "source": "api",
                "labels": attributes.get("labels") or {},
                "started_at": None if status == "in_triage" else started,
                "severity": severity and {"data": severity},
                "user": {"data": user},
                **{
                    name: self._embedded(catalog, attributes.get(given))
                    for name, (given, catalog) in _EMBEDDED.items()
                },
                "url": f"/account/incidents/{number}-{slug(title)}",
                "short_url": f"/incidents/{number}",
                "slack_channel_deep_link": None,
                **self._times(at),
            },
        }

    def action_item(
        self, incident: Row, attributes: Mapping[str, Any], at: float, creator: Row
    ) -> Row:
        """Return a new action item's resource. `url` is only the path."""
        assignee = self.find("users", str(attributes.get("assigned_to_user_id")))
        named = {
            name: attributes.get(name)
            for name in ("description", "due_date", "jira_issue_id", "jira_issue_key")
        }
        return {
            "id": uuid_id(),
            "type": "incident_action_items",
            "attributes": {
                **named,
                "jira_issue_url": attributes.get("jira_issue_url"),
                "incident_id": incident["id"],
                "incident_title": incident["attributes"]["title"],
                "summary": attributes["summary"],
                "kind": attributes.get("kind", "task"),
                "priority": attributes.get("priority", "medium"),
                "status": attributes.get("status", "open"),
                "assigned_to": assignee
                and {"id": int(assignee["id"]), "email": assignee["attributes"]["email"]},
                "assigned_to_group_ids": attributes.get("assigned_to_group_ids", []),
                "form_field_selections": attributes.get("form_field_selections") or [],
                "created_by": {"data": creator},
                "url": incident["attributes"]["url"] + "#nav-action-items",
                "short_url": None,
                **self._times(at),
            },
        }

    def workflow_task(self, workflow_id: str, attributes: Mapping[str, Any], at: float) -> Row:
        """Return a new workflow task's resource."""
        tasks = self.tasks[workflow_id]
        last = max((task["attributes"]["position"] for task in tasks), default=0)
        task_type = attributes["task_params"]["task_type"]
        name = attributes.get("name") or task_type.replace("_", " ").capitalize()
        return {
            "id": uuid_id(),
            "type": "workflow_tasks",
            "attributes": {
                "workflow_id": workflow_id,
                "task_params": attributes["task_params"],
                "name": name,
                "slug": slug(name),
                "position": attributes.get("position", last + 1),
                "skip_on_failure": attributes.get("skip_on_failure", False),
                "enabled": attributes.get("enabled", True),
                **self._times(at),
            },
        }

    def selection(self, attributes: Mapping[str, Any], at: float) -> Row:
        """Return a new selection of a form field for an incident."""
        kind = "incident_form_field_selections"
        return {"id": uuid_id(), "type": kind, "attributes": {**attributes, **self._times(at)}}

    # Internal

    def _form_field(self, one: OwnField) -> Row:
        """Return the field, and put its options into their own list."""
        field = self._named("form_fields", one.name, one.hint)
        more = {
            "kind": one.kind,
            "input_kind": one.input_kind,
            "value_kind": one.value_kind,
            "value_kind_catalog_id": self.catalog_id
            if one.value_kind == "catalog_entity"
            else None,
            "shown": list(one.shown),
            "required": [],
            "enabled": one.enabled,
            "default_values": [],
            "show_on_incident_details": True,
        }
        field["attributes"] |= more
        for place, words in enumerate(one.options, start=1):
            option = self._named("form_field_options", f"{one.name}: {words}", "")
            about = {
                "form_field_id": field["id"],
                "value": words,
                "color": "#64748b",
                "position": place,
            }
            option["attributes"] = {**about, "default": False, **self._times(self.now - _YEAR)}
            self.lists["form_field_options"].append(option)
        return field

    def _all(self, catalog: str, entries: tuple[data.Named, ...]) -> list[Row]:
        return [
            self._named(catalog, one.name, one.description, one.color, position=place)
            for place, one in enumerate(entries)
        ]

    def _named(
        self, catalog: str, name: str, description: str, color: str = "#64748b", **more: Any
    ) -> Row:
        attributes = {
            "name": name,
            "slug": slug(name),
            "description": description or None,
            "color": color,
            **more,
        }
        return {
            "id": uuid_id("rootly", catalog, name),
            "type": "groups" if catalog == "teams" else catalog,
            "attributes": attributes | self._times(self.now - _YEAR),
        }

    def _user(self, number: int, person: data.Person) -> Row:
        first, _, last = person.real_name.partition(" ")
        return {
            "id": str(number),
            "type": "users",
            "attributes": {
                "name": person.real_name,
                "email": person.email,
                "first_name": first,
                "last_name": last,
                "full_name": person.real_name,
                "full_name_with_team": f"[{data.TEAM.name}] {person.real_name}",
                "slack_id": person.slack_id or None,
                "time_zone": "Etc/UTC",
                **self._times(self.now - _YEAR),
            },
        }

    def _fill_workflows(self) -> None:
        for workflow in data.WORKFLOWS:
            workflow_id = self.named("workflows", workflow.name)["id"]
            for name, params in workflow.tasks:
                task = self.workflow_task(
                    workflow_id, {"name": name, "task_params": params}, self.now - _YEAR
                )
                self.tasks[workflow_id].append(task)

    def _happen(self, number: int, past: PastIncident) -> None:
        at = self.now - past.hours_ago * 3600
        user = self.named("users", data.person(past.reporter).real_name)
        attributes = {
            "title": past.title,
            "summary": past.summary or None,
            "kind": "test" if past.test else "normal",
            "status": _STATUS[past.state],
            "private": past.private,
            "severity_id": self.named("severities", past.severity)["id"],
            "incident_type_ids": [self.named("incident_types", past.type)["id"]],
            "service_ids": [self.named("services", name)["id"] for name in past.services],
            **{name: iso(at + 2700) for name in MOMENTS[4:7] if past.state == "closed"},
        }
        row = self.incident(
            number, attributes, at, user, uuid_id("rootly", "incidents", str(number))
        )
        row["attributes"]["source"] = "slack"
        self.lists["incidents"].append(row)
        self.items[row["id"]] = [
            self.action_item(row, {"summary": text}, at + 600, user) for text in past.actions
        ]

    def _embedded(self, catalog: str, ids: list[str] | None) -> list[dict[str, Row]]:
        rows = (self.find(catalog, wanted) for wanted in ids or [])
        return [{"data": row} for row in rows if row is not None]

    @staticmethod
    def _times(at: float) -> dict[str, str]:
        return {"created_at": iso(at), "updated_at": iso(at)}
