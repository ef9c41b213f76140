"""incident.io's lists as catalogs: the path of each list, and its entries in order."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.adapters.base import Catalog, Entry, incident_by_number
from bot.adapters.http import dig, link, text
from bot.adapters.incident_io.custom_fields import (
    CATALOG_ENTRIES,
    custom_fields,
    role_fields,
    timestamp_fields,
)
from bot.adapters.values import sort_number
from bot.forms.custom_fields import CustomField

PAGE = 250
"""Rows of the largest page, by the guide's prose. The document's schemas allow more."""
MOST = 20_000
NEWEST_INCIDENTS = 300
NOT_FOR_NEW = ("declined", "canceled", "merged")
"""Categories of statuses in which no incident begins."""
TRIAGE = "triage"
"""The category of statuses in which nobody has confirmed the incident yet."""
PRIVATE_ONLY, ALWAYS_TRIAGE = "private incidents only", "begins in triage"
"""Words in the detail of an entry of an incident type."""
ALL_MODES = ("standard", "retrospective", "test", "tutorial")
HOUR = 3600.0
INCIDENT_FIELDS = "incident_fields"
"""The catalog of the organisation's own fields of an incident: roles, custom fields, timestamps."""
WITH_OPTIONS = "/v1/custom_fields"
DEFINITIONS: tuple[tuple[str, str, Callable[[list[Any]], list[CustomField]]], ...] = (
    ("/v2/incident_roles", "incident_roles", role_fields),
    # Deprecated in favour of /v2/custom_fields, which has neither the options nor which fields are
    # required.
    (WITH_OPTIONS, "custom_fields", custom_fields),
    ("/v2/incident_timestamps", "incident_timestamps", timestamp_fields),
)
"""Path, member of the answer, function that makes fields of the rows."""
WITHOUT_OPTIONS, OPTIONS = "/v2/custom_fields", "/v1/custom_field_options"
"""The paths to use when all custom fields with their options are too long for one answer."""

LISTS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "severities": ("/v1/severities", "severities", {}),
    "incident_types": ("/v1/incident_types", "incident_types", {}),
    "incident_statuses": ("/v1/incident_statuses", "incident_statuses", {}),
    "users": ("/v2/users", "users", {"page_size": PAGE}),
    # Tests and tutorials are left out unless the query names them. Two equal pages make up the
    # newest 300.
    "incidents": (
        "/v2/incidents",
        "incidents",
        {
            "page_size": NEWEST_INCIDENTS // 2,
            "sort_by": "created_at_newest_first",
            "mode[one_of]": ALL_MODES,
        },
    ),
    "teams": ("/v3/teams", "teams", {"page_size": PAGE}),
}
"""Path, member of the answer and query, by catalog."""
FROM_FOLLOW_UPS: Mapping[str, str] = {
    "follow_up_priorities": "priority",
    "follow_up_categories": "category",
}
"""Catalogs for which there is no list, with the member of a follow-up that has an entry of each.

Version 2 has no category.
"""

CATALOGS = (
    Catalog("severities", "severities"),
    Catalog("incident_types", "incident types"),
    Catalog("incident_statuses", "incident statuses"),
    Catalog("users", "people"),
    Catalog(INCIDENT_FIELDS, "fields of its own"),
    Catalog("incidents", "incidents", ttl=60.0, by_reference=incident_by_number),
    # Not every key may read the teams. The list of all follow-ups is too long to be read often.
    Catalog("teams", "teams", on_demand=True),
    Catalog(CATALOG_ENTRIES, "entries", on_demand=True),
    Catalog("follow_up_priorities", "follow-up priorities", ttl=HOUR, on_demand=True),
    Catalog("follow_up_categories", "follow-up categories", ttl=HOUR, on_demand=True),
)


def source(catalog: str) -> tuple[str, str, Mapping[str, Any]]:
    """Return path, member of the answer and query of a catalog's list.

    Raises `KeyError` for a catalog that incident.io does not have.
    """
    name, _, part = catalog.partition(":")
    if name == CATALOG_ENTRIES:
        return (
            "/v3/catalog_entries",
            "catalog_entries",
            {"catalog_type_id": part, "page_size": PAGE},
        )
    return LISTS[catalog]


def entries(catalog: str, rows: list[Any]) -> list[Entry]:
    """Return the rows of one list as entries in the order in which people see them.

    Rows without an id are left out, and so are objects that nobody can use from here.
    """
    if member := FROM_FOLLOW_UPS.get(catalog):
        rows = list({text(row, member, "id"): dig(row, member) for row in rows}.values())
    rows = [row for row in rows if text(row, "id")]

    def rank(row: Any) -> float:
        return sort_number(dig(row, "rank"))

    match catalog:
        case "incidents":
            # A picker shows titles to everyone, so private incidents are left out. A person can
            # still type the number of one.
            public = [entry for entry in map(incident_entry, rows) if not entry.private]
            return public[:NEWEST_INCIDENTS]
        case "severities":  # a higher rank is more severe
            rows.sort(key=lambda row: -rank(row))
        case "incident_statuses":
            rows = sorted(
                (row for row in rows if text(row, "category") not in NOT_FOR_NEW), key=rank
            )
        case "follow_up_priorities" | "follow_up_categories":
            rows.sort(key=rank)
        case "incident_types":
            rows.sort(
                key=lambda row: (dig(row, "is_default") is not True, text(row, "name").casefold())
            )
        case _:
            rows.sort(key=lambda row: text(row, "name").casefold())
    return [_entry(catalog, row) for row in rows if not dig(row, "archived_at")]


def _entry(catalog: str, row: Any) -> Entry:
    return Entry(
        id=text(row, "id"),
        label=text(row, "name") or text(row, "id"),
        detail=_detail(catalog, row),
        slack_id=text(row, "slack_user_id") if catalog == "users" else "",
    )


def incident_entry(row: Any) -> Entry:
    label = " ".join(filter(None, (text(row, "reference"), text(row, "name")))) or text(row, "id")
    mode = text(row, "mode")
    unreal = mode if mode in ("test", "tutorial") else ""
    detail = ", ".join(filter(None, (text(row, "incident_status", "name"), unreal)))
    return Entry(
        id=text(row, "id"),
        label=label,
        detail=detail,
        url=link(row, "permalink"),
        # incident.io may add values: what is not known is not for everyone.
        private=text(row, "visibility") not in ("public", ""),
    )


def _detail(catalog: str, row: Any) -> str:
    match catalog:
        case "users":
            return text(row, "email")
        case "incident_types":
            private = PRIVATE_ONLY if dig(row, "private_incidents_only") is True else ""
            triage = ALWAYS_TRIAGE if text(row, "create_in_triage") == "always" else ""
            return ", ".join(filter(None, (private, triage)))
        case "incident_statuses":
            return text(row, "category")
    return ""
