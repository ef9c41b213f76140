"""Brambleway's data in incident.io at the start."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.playground.vendors import data
from bot.playground.vendors.base import iso
from bot.playground.vendors.data_incidents import INCIDENTS, LAST_NUMBER, PastIncident
from bot.playground.vendors.ids import ulid
from bot.playground.vendors.incident_io_fields import (
    FIELDS,
    WAREHOUSES,
    catalog_entry,
    catalog_type,
)

Row = dict[str, Any]

_YEAR = 365 * 24 * 3600.0
_STATUSES = (
    ("Triage", "triage", 0),
    ("Investigating", "live", 1),
    ("Fixing", "live", 2),
    ("Monitoring", "live", 3),
    ("Documenting", "learning", 4),
    ("Closed", "closed", 5),
    ("Declined", "declined", 6),
)
_STATUS_OF = {
    "triage": "Triage",
    "active": "Investigating",
    "mitigated": "Monitoring",
    "resolved": "Documenting",
    "closed": "Closed",
}
_ROLES = (
    ("Incident Lead", "lead", "Decides, and keeps everybody on the same page"),
    ("Reporter", "reporter", "Noticed it first"),
    ("Communications", "custom", "Writes to customers and to the company"),
)
_TIMESTAMPS = ("Reported at", "Impact started at", "Fixed at")
_PRIORITIES = (("Urgent", "This week"), ("High", "This month"), ("Low", "When there is time"))
_CATEGORIES = ("Technical", "Process", "People")
_ALWAYS_TRIAGE = ("Third party",)
"""Incident types whose incidents all begin in triage, until it is known whose fault it is."""


@dataclass(frozen=True, slots=True)
class PastFollowUp:
    """A follow-up of the incident with that title."""

    incident: str
    title: str
    priority: str = ""
    category: str = ""
    team: str = ""
    labels: tuple[str, ...] = ()


_FOLLOW_UPS = (
    PastFollowUp(
        "Voucher codes counted twice",
        "Lock a voucher while it is redeemed",
        "High",
        "Technical",
        "Checkout",
        ("vouchers",),
    ),
    PastFollowUp(
        "Search returns nothing for umlauts",
        "Test the index with every alphabet we sell to",
        "Urgent",
    ),
    PastFollowUp(
        "Search returns nothing for umlauts",
        "Tell support when search degrades",
        "Low",
        "Process",
        "Storefront",
    ),
)


class IncidentIoData:
    """All lists by name, with rows in incident.io's format.

    Incidents, actions and follow-ups are oldest first.
    """

    def __init__(self) -> None:
        self.now = time.time()
        self.lists: dict[str, list[Row]] = {
            "severities": [
                self._row("severity", one.name, one.description, rank=one.rank)
                for one in reversed(data.SEVERITIES)
            ],
            "incident_types": [
                self._row(
                    "type",
                    one.name,
                    one.description,
                    is_default=place == 0,
                    private_incidents_only=one.private_only,
                    create_in_triage="always" if one.name in _ALWAYS_TRIAGE else "optional",
                )
                for place, one in enumerate(data.INCIDENT_TYPES)
            ],
            "incident_statuses": [
                self._row("status", name, "", category=category, rank=rank)
                for name, category, rank in _STATUSES
            ],
            "incident_roles": [
                self._row(
                    "role",
                    name,
                    about,
                    role_type=kind,
                    instructions="",
                    shortform=name.split()[-1].lower(),
                )
                for name, kind, about in _ROLES
            ],
            "incident_timestamps": [
                {"id": self.id("timestamp", name), "name": name, "rank": rank}
                for rank, name in enumerate(_TIMESTAMPS)
            ],
            **self._own_fields(),
            "users": [self._user(person) for person in data.PEOPLE if not person.guest],
            "teams": [self._team(team.name) for team in data.TEAMS],
            "incidents": [],
            "actions": [],
            "follow_ups": [],
            "follow_up_priorities": [
                {"id": self.id("priority", name), "name": name, "description": about, "rank": rank}
                for rank, (name, about) in enumerate(_PRIORITIES)
            ],
            "follow_up_categories": [
                {"id": self.id("category", name), "name": name, "rank": rank}
                for rank, name in enumerate(_CATEGORIES)
            ],
            "external_issue_references": [],
        }
        for age, past in reversed(list(enumerate(INCIDENTS))):
            self._happen(LAST_NUMBER - age, past)

    def id(self, *words: str) -> str:
        """Return the id of an object that exists at the start (as if made at a fixed time)."""
        return ulid(1_640_995_200, "incident.io", *words)

    def find(self, catalog: str, wanted: object, key: str = "id") -> Row | None:
        """Return the row with that value of `key`."""
        return next((row for row in self.lists[catalog] if row.get(key) == wanted), None)

    def named(self, catalog: str, name: str) -> Row:
        """Return the row with that name. Raises StopIteration if there is none."""
        return next(row for row in self.lists[catalog] if row["name"] == name)

    @property
    def next_number(self) -> int:
        return 1 + max(
            int(row["reference"].removeprefix("INC-")) for row in self.lists["incidents"]
        )

    def stock(self, catalog: str, count: int) -> None:
        """Add `count` users or teams."""
        make: Callable[[int], Row] = {"users": self._made_up_user, "teams": self._made_up_team}[
            catalog
        ]
        first = len(self.lists[catalog]) + 1
        self.lists[catalog].extend(make(number) for number in range(first, first + count))

    def incident(self, number: int, body: Row, at: float, creator: Row, new_id: str) -> Row:
        """Return a new incident. `permalink` is only the path. Ids in `body` must exist."""
        kind = (
            self.find("incident_types", body.get("incident_type_id"))
            or self.lists["incident_types"][0]
        )
        first = "Triage" if kind["create_in_triage"] == "always" else "Investigating"
        severity = self.find("severities", body.get("severity_id"))
        past = body.get("retrospective_incident_options") or {}
        row = {
            "id": new_id,
            "reference": f"INC-{number}",
            "name": body.get("name") or f"Incident {number}",
            "mode": body.get("mode") or "standard",
            "visibility": body["visibility"],
            "incident_status": self.find("incident_statuses", body.get("incident_status_id"))
            or self.named("incident_statuses", first),
            "incident_type": kind,
            "incident_role_assignments": self._assignments(
                body.get("incident_role_assignments") or []
            ),
            "custom_field_entries": self._entries(body.get("custom_field_entries") or []),
            "incident_timestamp_values": self._times(body.get("incident_timestamp_values") or []),
            "slack_team_id": data.TEAM.id,
            "slack_channel_id": past.get("slack_channel_id") or "",
            "permalink": f"/{data.TEAM.domain}/incidents/{number}",
            "creator": creator,
            "created_at": iso(at),
            "updated_at": iso(at),
        }
        if severity is not None:
            row["severity"] = severity
        if body.get("summary"):
            row["summary"] = body["summary"]
        if past.get("postmortem_document_url"):
            row["postmortem_document_url"] = past["postmortem_document_url"]
        return row

    def action(self, body: Row, at: float, creator: Row, new_id: str) -> Row:
        """Return a new action."""
        row = {
            "id": new_id,
            "incident_id": body["incident_id"],
            "description": body["description"],
            "status": "outstanding",
            "creator": creator,
            "created_at": iso(at),
            "updated_at": iso(at),
        }
        if assignee := self.find("users", body.get("assignee_id")):
            row["assignee"] = brief(assignee)
        return row

    def follow_up(self, body: Row, at: float, creator: Row, new_id: str) -> Row:
        """Return a new follow-up."""
        row = {
            "id": new_id,
            "incident_id": body["incident_id"],
            "title": body["title"],
            "labels": body.get("labels") or [],
            "status": "outstanding",
            "creator": creator,
            "created_at": iso(at),
            "updated_at": iso(at),
        }
        if body.get("description"):
            row["description"] = body["description"]
        if assignee := self.find("users", body.get("assignee_id")):
            row["assignee"] = brief(assignee)
        if team := self.find("teams", body.get("assignee_team_id")):
            row["assignee_team"] = {"id": team["id"], "name": team["name"]}
        if priority := self.find("follow_up_priorities", body.get("follow_up_priority_option_id")):
            row["priority"] = priority
        if category := self.find("follow_up_categories", body.get("follow_up_category_id")):
            row["category"] = category
        return row

    def assignee(self, given: Row) -> Row | None:
        """Return the user named by `{"id"}`, `{"email"}` or `{"slack_user_id"}`."""
        for key in ("id", "email", "slack_user_id"):
            if given.get(key):
                return self.find("users", given[key], key)
        return None

    # Internal

    def _row(self, kind: str, name: str, description: str, **more: Any) -> Row:
        at = iso(self.now - _YEAR)
        return {
            "id": self.id(kind, name),
            "name": name,
            "description": description,
            **more,
            "created_at": at,
            "updated_at": at,
        }

    def _own_fields(self) -> dict[str, list[Row]]:
        """Return the custom fields, their options, and the catalog behind one of them.

        The fields have the members of version 1.
        """
        type_id, at = self.id("catalog type", "Warehouse"), iso(self.now - _YEAR)
        settings = {"required_v2": "never", "show_before_closure": False}
        settings |= {"show_before_creation": True, "show_before_update": True}
        fields = []
        for one in FIELDS:
            catalog = {"catalog_type_id": type_id} if one.catalog else {}
            fields.append(
                self._row("field", one.name, "", field_type=one.field_type, **catalog, **settings)
            )
        options = [
            {
                "id": self.id("option", one.name, value),
                "custom_field_id": self.id("field", one.name),
                "value": value,
                "sort_key": place,
            }
            for one in FIELDS
            for place, value in enumerate(one.options)
        ]
        entries = [
            catalog_entry(self.id("warehouse", name), type_id, name, at) for name in WAREHOUSES
        ]
        return {
            "custom_fields": fields,
            "custom_field_options": options,
            "catalog_types": [catalog_type(type_id, at)],
            "catalog_entries": entries,
        }

    def _user(self, person: data.Person) -> Row:
        role = {"id": self.id("base role", "responder"), "name": "Responder", "slug": "responder"}
        return {
            "id": self.id("user", person.name),
            "name": person.real_name,
            "email": person.email,
            "slack_user_id": person.slack_id,
            "is_active": True,
            "role": "administrator" if person.admin else "responder",
            "base_role": role,
            "custom_roles": [],
            "seats": {"response": "full_access", "on_call": "none"},
        }

    def _made_up_user(self, number: int) -> Row:
        name = f"user-{number:05}"
        return self._user(
            data.Person(f"U{number:010}", name, name, "", f"{name}@example.com", "000000")
        )

    def _made_up_team(self, number: int) -> Row:
        return self._team(f"team-{number:05}")

    def _team(self, name: str) -> Row:
        entry = {"id": self.id("team entry", name), "name": name}
        return {"id": self.id("team", name), "name": name, "members": [], "catalog_entry": entry}

    def _happen(self, number: int, past: PastIncident) -> None:
        at = self.now - past.hours_ago * 3600
        reporter = self.named("users", data.person(past.reporter).real_name)
        body = {
            "name": past.title,
            "summary": past.summary,
            "mode": "test" if past.test else "standard",
            "visibility": "private" if past.private else "public",
            "severity_id": self.id("severity", past.severity),
            "incident_type_id": self.id("type", past.type),
            "incident_status_id": self.id("status", _STATUS_OF[past.state]),
            "incident_role_assignments": [
                {
                    "incident_role_id": self.id("role", "Reporter"),
                    "assignee": {"id": reporter["id"]},
                }
            ],
        }
        new_id = ulid(at, "incident.io", "incident", str(number))
        self.lists["incidents"].append(
            self.incident(number, body, at, {"user": brief(reporter)}, new_id)
        )
        for place, text in enumerate(past.actions):
            action_id = ulid(at, "incident.io", "action", str(number), str(place))
            action = {"incident_id": new_id, "description": text}
            self.lists["actions"].append(
                self.action(action, at + 600, {"user": brief(reporter)}, action_id)
            )
        for one in (each for each in _FOLLOW_UPS if each.incident == past.title):
            wanted: Row = {"incident_id": new_id, "title": one.title, "labels": list(one.labels)}
            wanted["follow_up_priority_option_id"] = self.id("priority", one.priority)
            wanted["follow_up_category_id"] = self.id("category", one.category)
            wanted["assignee_team_id"] = self.id("team", one.team)
            row = self.follow_up(
                wanted, at + 900, {"user": brief(reporter)}, ulid(at, "incident.io", one.title)
            )
            self.lists["follow_ups"].append(row)

    def _assignments(self, given: list[Row]) -> list[Row]:
        assigned = []
        for one in given:
            row: Row = {"role": self.find("incident_roles", one["incident_role_id"])}
            if user := self.assignee(one.get("assignee") or {}):
                row["assignee"] = brief(user)
            assigned.append(row)
        return assigned

    def _entries(self, given: list[Row]) -> list[Row]:
        entries = []
        for one in given:
            field = self.find("custom_fields", one["custom_field_id"]) or {}
            shown = {key: field[key] for key in ("id", "name", "description", "field_type")} | {
                "options": []
            }
            entries.append(
                {"custom_field": shown, "values": [self._value(value) for value in one["values"]]}
            )
        return entries

    def _value(self, given: Row) -> Row:
        value = {
            key: given[key]
            for key in ("value_text", "value_link", "value_numeric")
            if given.get(key)
        }
        if option := self.find("custom_field_options", given.get("value_option_id")):
            value["value_option"] = option
        wanted = given.get("value_catalog_entry_id")
        for key in ("id", "external_id"):
            if wanted and (entry := self.find("catalog_entries", wanted, key)):
                value["value_catalog_entry"] = {
                    name: entry[name] for name in ("id", "name", "external_id", "aliases")
                }
        return value

    def _times(self, given: list[Row]) -> list[Row]:
        times = []
        for one in given:
            row: Row = {
                "incident_timestamp": self.find("incident_timestamps", one["incident_timestamp_id"])
            }
            if one.get("value"):
                row["value"] = {"value": one["value"]}
            times.append(row)
        return times


def brief(user: Row) -> Row:
    """Return a user as embedded in other objects."""
    return {key: user[key] for key in ("id", "name", "email", "slack_user_id", "role")}
