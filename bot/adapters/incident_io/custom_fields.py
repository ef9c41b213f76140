"""An organisation's own fields in incident.io: its roles, custom fields and timestamps.

All functions are pure. They work both ways: from the rows of incident.io's lists to `CustomField`s,
and from the filled-in values to the members of the body that creates an incident. A field's id is
the id at incident.io behind a word that tells how its value is sent (`option_01FC...`). A filled-in
form can therefore be sent without its definitions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.http import dig, items, text
from bot.adapters.values import decimal_text, in_utc, iso, sort_number
from bot.forms.custom_fields import CustomField, CustomKind
from bot.language import N_

CATALOG_ENTRIES = "catalog_entries"
"""The catalog of the entries of the organisation's own catalog types.

Each type is one list: `catalog_entries:<type's id>`.
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A list in an incident's body.

    `id_name` is the member of the list's items that has the id of the role, field or timestamp.
    """

    name: str
    id_name: str


ROLES = Member("incident_role_assignments", "incident_role_id")
CUSTOM = Member("custom_field_entries", "custom_field_id")
TIMES = Member("incident_timestamp_values", "incident_timestamp_id")

_SENT: Mapping[str, tuple[Member, str]] = {
    "role": (ROLES, "slack_user_id"),
    "reporter": (ROLES, "slack_user_id"),
    "time": (TIMES, "value"),
    "text": (CUSTOM, "value_text"),
    "link": (CUSTOM, "value_link"),
    "number": (CUSTOM, "value_numeric"),
    "option": (CUSTOM, "value_option_id"),
    "entry": (CUSTOM, "value_catalog_entry_id"),
}
"""The word in a field's id: the list for its value, and the member that holds the value."""
_WITHOUT_CATALOG: Mapping[str, tuple[str, CustomKind]] = {
    "text": ("text", "text"),
    "link": ("link", "link"),
    "numeric": ("number", "number"),
    "single_select": ("option", "select"),
    "multi_select": ("option", "multi_select"),
}
_WITH_CATALOG: Mapping[str, tuple[str, CustomKind]] = {
    "single_select": ("entry", "lookup"),
    "multi_select": ("entry", "multi_lookup"),
}
"""The word for the id of a custom field, and its kind, by incident.io's type of the field."""


def role_fields(rows: Iterable[Any]) -> list[CustomField]:
    """Return the rows of `/v2/incident_roles` as fields, each for one person.

    The reporter can be set only when an incident is created.
    """
    return [_role(row) for row in rows if text(row, "id") and text(row, "name")]


def _role(row: Any) -> CustomField:
    reports = text(row, "role_type") == "reporter"
    hint = (
        N_("You, if this is empty and incident.io knows you.")
        if reports
        else text(row, "description")
    )
    word = "reporter" if reports else "role"
    return CustomField(
        id=f"{word}_{text(row, 'id')}", name=text(row, "name"), kind="person", hint=hint
    )


def timestamp_fields(rows: Iterable[Any]) -> list[CustomField]:
    """Return the rows of `/v2/incident_timestamps` as fields, in their order."""
    named = [row for row in rows if text(row, "id") and text(row, "name")]
    named.sort(key=lambda row: sort_number(dig(row, "rank")))
    return [
        CustomField(id=f"time_{text(row, 'id')}", name=text(row, "name"), kind="datetime")
        for row in named
    ]


def custom_fields(rows: Iterable[Any], options: Iterable[Any] = ()) -> list[CustomField]:
    """Return the rows of `/v1/custom_fields` or `/v2/custom_fields` as fields.

    Version 1 is deprecated. Only version 1 tells which fields are required and which are not shown
    before creation, and only version 1 has the options. For version 2, `options` are the rows of
    `/v1/custom_field_options`, of all fields together. A field of an unknown type is left out, and
    so is a choice without options.
    """
    by_field: dict[str, list[Any]] = {}
    for option in options:
        by_field.setdefault(text(option, "custom_field_id"), []).append(option)
    found = (
        _custom_field(row, by_field.get(text(row, "id")) or items(row, "options")) for row in rows
    )
    return [field for field in found if field is not None]


def has_options(row: Any) -> bool:
    """Return whether the custom field has a list of options of its own."""
    is_choice = text(row, "field_type") in ("single_select", "multi_select")
    return is_choice and bool(text(row, "id")) and not text(row, "catalog_type_id")


def _custom_field(row: Any, options: list[Any]) -> CustomField | None:
    vendor_id, name, catalog_type = text(row, "id"), text(row, "name"), text(row, "catalog_type_id")
    word, kind = (_WITH_CATALOG if catalog_type else _WITHOUT_CATALOG).get(
        text(row, "field_type"), ("", None)
    )
    if not vendor_id or not name or kind is None or dig(row, "show_before_creation") is False:
        return None
    offered = _options(options) if word == "option" else ()
    if word == "option" and not offered:
        return None
    return CustomField(
        id=f"{word}_{vendor_id}",
        name=name,
        kind=kind,
        required=text(row, "required_v2") == "always",
        hint=text(row, "description"),
        options=offered,
        catalog=f"{CATALOG_ENTRIES}:{catalog_type}" if catalog_type else "",
    )


def _options(rows: list[Any]) -> tuple[tuple[str, str], ...]:
    ordered = sorted(rows, key=lambda row: sort_number(dig(row, "sort_key")))
    return tuple(
        (text(row, "id"), text(row, "value"))
        for row in ordered
        if text(row, "id") and text(row, "value")
    )


def read_id(field_id: str) -> tuple[Member, str] | None:
    """Return the list that the field belongs to, and its id at incident.io.

    None for another field.
    """
    word, _, vendor_id = field_id.partition("_")
    return (_SENT[word][0], vendor_id) if word in _SENT and vendor_id else None


def members(values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the filled-in values as members of the body. `values` has them by field id.

    Empty values are left out.
    """
    made: dict[str, list[dict[str, Any]]] = {}
    for field_id, given in values.items():
        word, _, vendor_id = field_id.partition("_")
        several = [
            each
            for each in (given if isinstance(given, list | tuple) else [given])
            if each not in (None, "")
        ]
        if word in _SENT and vendor_id and several:
            member, name = _SENT[word]
            made.setdefault(member.name, []).append(
                {member.id_name: vendor_id, **_part(member, name, several)}
            )
    return made


def reported_by(
    user_id: str, fields: Iterable[CustomField], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the assignment of the reporter's role to that user of incident.io, in a list.

    Empty if the form has no such role, or a person is chosen for it.
    """
    return [
        {ROLES.id_name: field.id.removeprefix("reporter_"), "assignee": {"id": user_id}}
        for field in fields
        if field.id.startswith("reporter_") and not values.get(field.id)
    ]


def _part(member: Member, name: str, values: list[Any]) -> dict[str, Any]:
    if member is ROLES:
        return {"assignee": {name: values[0]}}
    if member is TIMES:
        # The value is text if the form was stored.
        moment = datetime.fromisoformat(str(values[0]))
        return {name: iso(in_utc(moment).timestamp())}
    return {
        "values": [
            {name: decimal_text(value) if name == "value_numeric" else str(value)}
            for value in values
        ]
    }
