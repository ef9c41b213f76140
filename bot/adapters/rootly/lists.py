"""Rootly's lists as catalogs: the path of each list, and its entries in order."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.base import Catalog, Entry, incident_by_number
from bot.adapters.http import dig, link, text
from bot.adapters.rootly.custom_fields import ENTITIES, OF_ACTION_ITEMS, OF_INCIDENTS
from bot.adapters.rootly.task_forms import ENTRIES

PAGE = 100
"""Rows of Rootly's largest page."""
_SIZES = (PAGE, 50, 25, 5, 1)
"""Each size divides the size before it, so smaller pages can go on where larger ones ended."""
MOST = 200 * PAGE
NEWEST_INCIDENTS = 300
TEST_INCIDENTS = {"filter[kind][in]": "test,test_sub"}
"""The query for test incidents.

It is not documented whether the plain list has them, so they are read separately.
"""
_LEVELS = ("critical", "high", "medium", "low")

LISTS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "severities": ("/v1/severities", {}),
    "incident_types": ("/v1/incident_types", {}),
    "services": ("/v1/services", {}),
    "functionalities": ("/v1/functionalities", {}),
    "environments": ("/v1/environments", {}),
    "teams": ("/v1/teams", {}),
    "causes": ("/v1/causes", {}),
    "alerts": ("/v1/alerts", {}),
    "users": ("/v1/users", {}),
    "incidents": ("/v1/incidents", {"sort": "-created_at"}),
    "workflows": ("/v1/workflows", {}),
    "roles": ("/v1/incident_roles", {}),
    "playbooks": ("/v1/playbooks", {}),
    "status_pages": ("/v1/status-pages", {}),
    "schedules": ("/v1/schedules", {}),
    "escalation_policies": ("/v1/escalation_policies", {}),
    "alert_urgencies": ("/v1/alert_urgencies", {}),
    "sub_statuses": ("/v1/sub_statuses", {}),
    "dashboards": ("/v1/dashboards", {}),
    "retrospective_templates": ("/v1/post_mortem_templates", {}),
}
FORM_FIELDS = "/v1/form_fields"
WITH_OPTIONS = {"include": "options,positions"}

CATALOGS = (
    Catalog("severities", "severities"),
    Catalog("incident_types", "incident types"),
    Catalog("services", "services"),
    Catalog("functionalities", "functionalities"),
    Catalog("environments", "environments"),
    Catalog("teams", "teams"),
    Catalog("causes", "causes"),
    Catalog("alerts", "alerts", ttl=60.0, on_demand=True),
    Catalog("users", "people"),
    Catalog("incidents", "incidents", ttl=60.0, by_reference=incident_by_number),
    Catalog("workflows", "workflows"),
    Catalog("roles", "incident roles"),
    Catalog("playbooks", "playbooks", on_demand=True),
    Catalog("status_pages", "status pages", on_demand=True),
    Catalog("schedules", "on-call schedules", on_demand=True),
    Catalog("escalation_policies", "escalation policies", on_demand=True),
    Catalog("alert_urgencies", "alert urgencies", on_demand=True),
    Catalog("sub_statuses", "sub-statuses", on_demand=True),
    Catalog("dashboards", "dashboards", on_demand=True),
    Catalog("retrospective_templates", "retrospective templates", on_demand=True),
    Catalog("task_types", "task types", static=ENTRIES),
    Catalog(OF_INCIDENTS, "custom fields"),
    Catalog(OF_ACTION_ITEMS, "custom fields of action items"),
    Catalog(ENTITIES, "entries", on_demand=True),
)


def entries(catalog: str, rows: list[Any]) -> list[Entry]:
    """Return the rows of one list as entries in the order in which people see them.

    Rows without an id are left out, and so are objects that nobody can use from here.
    """
    rows = [row for row in rows if text(row, "id") and _offered(catalog, row)]
    match catalog:
        case "incidents":  # the newest first, test incidents among the others
            newest = sorted(
                rows, key=lambda row: text(row, "attributes", "created_at"), reverse=True
            )
            return list({entry.id: entry for entry in map(incident_entry, newest)}.values())
        case "severities":
            return [_entry(catalog, row) for row in sorted(rows, key=_severity_order)]
        case "alerts":  # in Rootly's order: the newest first
            return [_entry(catalog, row) for row in rows]
    return sorted((_entry(catalog, row) for row in rows), key=lambda entry: entry.label.casefold())


def source(catalog: str) -> tuple[str, Mapping[str, str]]:
    """Return path and query of a list.

    Raises `KeyError` for a catalog that Rootly does not have.
    """
    name, _, part = catalog.partition(":")
    return (f"/v1/catalogs/{part}/entities", {}) if name == ENTITIES else LISTS[catalog]


def page_sizes(path: str) -> tuple[int, ...]:
    """Return the numbers of rows to ask for at once, the largest first.

    A smaller number is used when a page is too long for one answer. An incident comes with all that
    belongs to it: a hundred incidents can be longer than two million bytes.
    """
    return _SIZES[1:] if path == LISTS["incidents"][0] else _SIZES


def _entry(catalog: str, row: Any) -> Entry:
    attributes = dig(row, "attributes")
    names = (text(attributes, name) for name in ("full_name", "name", "title", "summary"))
    label = next(filter(None, names), text(row, "id"))
    detail = ""
    if catalog == "users":
        return Entry(
            id=text(row, "id"),
            label=label,
            detail=text(attributes, "email"),
            slack_id=text(attributes, "slack_id"),
        )
    if catalog == "alerts":
        detail = ", ".join(filter(None, (text(attributes, "short_id"), text(attributes, "source"))))
    elif catalog == "severities":
        detail = text(attributes, "severity")
    elif catalog == "sub_statuses":
        detail = text(attributes, "parent_status").replace("_", " ")
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
        id=text(row, "id"),
        label=label,
        detail=detail,
        url=link(attributes, "url") or link(attributes, "short_url"),
        private=dig(attributes, "private") is True,
    )


def _offered(catalog: str, row: Any) -> bool:
    """Return whether people may choose the row here.

    Private incidents are not offered, because a picker shows titles to everyone (the number can
    still be typed). Workflows that only Rootly's own admins may change are not offered, and neither
    are roles that are switched off.
    """
    attributes = dig(row, "attributes")
    if catalog == "incidents":
        return dig(attributes, "private") is not True
    if catalog == "workflows":
        return dig(attributes, "locked") is not True
    return catalog != "roles" or dig(attributes, "enabled") is not False


def _severity_order(row: Any) -> tuple[int, int]:
    """Return the sort key: the worst severity first, then the organisation's own order."""
    level, position = text(row, "attributes", "severity"), dig(row, "attributes", "position")
    return (
        _LEVELS.index(level) if level in _LEVELS else len(_LEVELS),
        position if isinstance(position, int) else 0,
    )
