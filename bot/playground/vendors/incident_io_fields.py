"""Brambleway's custom fields for incidents in incident.io, and the catalog type of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.vendors import data

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnField:
    """One custom field. With `catalog`, its values are entries of the catalog type "Warehouse"."""

    name: str
    field_type: str
    options: tuple[str, ...] = ()
    catalog: bool = False


FIELDS = (
    OwnField("Affected service", "multi_select", tuple(service.name for service in data.SERVICES)),
    OwnField("Customer impact", "text"),
    OwnField("Affected orders", "numeric"),
    OwnField("Detected by", "single_select", ("Monitoring", "A customer", "A colleague")),
    OwnField("Dashboard", "link"),
    OwnField("Affected warehouse", "multi_select", catalog=True),
)
WAREHOUSES = ("Gothenburg", "Leipzig", "Lyon")
ONLY_V1 = ("required_v2", "show_before_closure", "show_before_creation", "show_before_update")
"""Members of a field that version 2 of the list no longer has."""


def catalog_type(type_id: str, at: str) -> Row:
    """Return the catalog type "Warehouse" as the list of its entries shows it."""
    return {
        "id": type_id,
        "name": "Warehouse",
        "type_name": 'Custom["Warehouse"]',
        "engine_resource_type": 'CatalogEntry["Warehouse"]',
        "description": "Where parcels leave from",
        "annotations": {},
        "categories": [],
        "color": "blue",
        "icon": "box",
        "is_editable": True,
        "ranked": False,
        "schema": {"attributes": [], "version": 1},
        "use_name_as_identifier": False,
        "created_at": at,
        "updated_at": at,
    }


def catalog_entry(entry_id: str, type_id: str, name: str, at: str) -> Row:
    return {
        "id": entry_id,
        "catalog_type_id": type_id,
        "name": name,
        "external_id": name.lower(),
        "aliases": [],
        "attribute_values": {},
        "rank": 0,
        "created_at": at,
        "updated_at": at,
    }


def version_1(field: Row, options: list[Row]) -> Row:
    """Return the field as version 1 lists it, with its options."""
    return {
        **field,
        "options": [option for option in options if option["custom_field_id"] == field["id"]],
    }


def version_2(field: Row) -> Row:
    return {name: value for name, value in field.items() if name not in ONLY_V1}


def in_words(entry: Mapping[str, Any]) -> str:
    """Return an incident's entry of a custom field in words: its values, separated by commas."""
    words = []
    for value in entry["values"]:
        chosen = value.get("value_option") or value.get("value_catalog_entry") or {}
        written = (value.get(name) for name in ("value_text", "value_link", "value_numeric"))
        words.append(chosen.get("value") or chosen.get("name") or next(filter(None, written), ""))
    return ", ".join(words)
