"""Rootly's lists as catalogs: where each one is, what its rows become, and in which order people see them."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.base import Catalog, Entry, incident_by_number
from bot.adapters.http import dig, link, text
from bot.adapters.rootly.forms import TASKS

PAGE = 100
"""The largest page Rootly gives."""
MOST = 200 * PAGE
NEWEST_INCIDENTS = 300
TEST_INCIDENTS = {"filter[kind][in]": "test,test_sub"}
"""Whether Rootly lists them without being asked is not documented: they are asked for besides."""
_LEVELS = ("critical", "high", "medium", "low")

LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "severities": ("/v1/severities", {}),
    "incident_types": ("/v1/incident_types", {}),
    "services": ("/v1/services", {}),
    "functionalities": ("/v1/functionalities", {}),
    "environments": ("/v1/environments", {}),
    "teams": ("/v1/teams", {}),
    "users": ("/v1/users", {}),
    "incidents": ("/v1/incidents", {"sort": "-created_at"}),
    "workflows": ("/v1/workflows", {}),
    "roles": ("/v1/incident_roles", {}),
}


CATALOGS = (
    Catalog("severities", "severities"),
    Catalog("incident_types", "incident types"),
    Catalog("services", "services"),
    Catalog("functionalities", "functionalities"),
    Catalog("environments", "environments"),
    Catalog("teams", "teams"),
    Catalog("users", "people"),
    Catalog("incidents", "incidents", ttl=60.0, by_reference=incident_by_number),
    Catalog("workflows", "workflows"),
    Catalog("roles", "incident roles"),
    Catalog("task_types", "task types", static=tuple(Entry(id=task.block, label=task.words) for task in TASKS)),
)


def entries(catalog: str, rows: list[Any]) -> list[Entry]:
    """The rows of one list as entries; rows without an id, and what nobody can use from here, are passed over."""
    rows = [row for row in rows if text(row, "id") and _offered(catalog, row)]
    match catalog:
        case "incidents":  # the newest first, test incidents among the others
            newest = sorted(rows, key=lambda row: text(row, "attributes", "created_at"), reverse=True)
            return list({entry.id: entry for entry in map(incident_entry, newest)}.values())
        case "severities":
            return [_entry(catalog, row) for row in sorted(rows, key=_severity_order)]
    return sorted((_entry(catalog, row) for row in rows), key=lambda entry: entry.label.casefold())


def _entry(catalog: str, row: Any) -> Entry:
    attributes = dig(row, "attributes")
    label = text(attributes, "full_name") or text(attributes, "name") or text(row, "id")
    detail = ""
    if catalog == "users":
        detail = text(attributes, "email")
    elif catalog == "severities":
        detail = text(attributes, "severity")
    elif catalog == "workflows" and dig(attributes, "enabled") is False:
        detail = "switched off"
    return Entry(id=text(row, "id"), label=label, detail=detail)


def incident_entry(row: Any) -> Entry:
    attributes = dig(row, "attributes")
    number, title = text(attributes, "sequential_id"), text(attributes, "title")
    label = " ".join(filter(None, (f"INC-{number}" if number else "", title))) or text(row, "id")
    test = "test" if text(attributes, "kind").startswith("test") else ""
    detail = ", ".join(filter(None, (text(attributes, "status").replace("_", " "), test)))
    return Entry(
        id=text(row, "id"), label=label, detail=detail, url=link(attributes, "url") or link(attributes, "short_url")
    )


def _offered(catalog: str, row: Any) -> bool:
    """Not: private incidents (a picker shows titles to everyone, and a number can still be typed), workflows that only
    Rootly's own admins may change, roles that are switched off."""
    attributes = dig(row, "attributes")
    if catalog == "incidents":
        return dig(attributes, "private") is not True
    if catalog == "workflows":
        return dig(attributes, "locked") is not True
    return catalog != "roles" or dig(attributes, "enabled") is not False


def _severity_order(row: Any) -> tuple[int, int]:
    """The worst first; those of one level in the order the organisation gave them."""
    level, position = text(row, "attributes", "severity"), dig(row, "attributes", "position")
    return (_LEVELS.index(level) if level in _LEVELS else len(_LEVELS), position if isinstance(position, int) else 0)
