"""What an organisation made for itself in incident.io, as fields of a form: its roles, custom
fields and timestamps.

Pure functions, both ways: from the rows of incident.io's lists to `CustomField`s, and from what was
filled in to the members of the body that creates an incident. A field's id is the id at incident.io
behind a word that says how its value is sent (`option_01FC...`), so that a filled-in form can be
sent without its definitions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bot.adapters.http import dig, items, text
from bot.adapters.times import iso
from bot.forms.custom_fields import CustomField, CustomKind

CATALOG_ENTRIES = "catalog_entries"
"""The entries of each of the organisation's own catalog types are a catalog:
`catalog_entries:<type's id>`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A list in an incident's body, and the member of its items that names the role, field or
    timestamp."""

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
"""The word in a field's id: the list that its value goes into, and the member that holds it."""
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
"""incident.io's type of a custom field: the word for its id, and its kind."""


def role_fields(rows: Iterable[Any]) -> list[CustomField]:
    """The rows of `/v2/incident_roles`, each for one person. The reporter can be named only when an
    incident is made."""
    return [_role(row) for row in rows if text(row, "id") and text(row, "name")]


def _role(row: Any) -> CustomField:
    reports = text(row, "role_type") == "reporter"
    hint = (
        "You, if this is left empty and incident.io knows you."
        if reports
        else text(row, "description")
    )
    word = "reporter" if reports else "role"
    return CustomField(
        id=f"{word}_{text(row, 'id')}", name=text(row, "name"), kind="person", hint=hint
    )


def timestamp_fields(rows: Iterable[Any]) -> list[CustomField]:
    """The rows of `/v2/incident_timestamps` in their order."""
    named = [row for row in rows if text(row, "id") and text(row, "name")]
    named.sort(key=lambda row: _sort_number(dig(row, "rank")))
    return [
        CustomField(id=f"time_{text(row, 'id')}", name=text(row, "name"), kind="datetime")
        for row in named
    ]


def custom_fields(rows: Iterable[Any], options: Iterable[Any] = ()) -> list[CustomField]:
    """The rows of `/v1/custom_fields` or `/v2/custom_fields`.

    Only the first, which is deprecated, says what is required and what is not asked for before
    creation, and brings the options along; for the second, `options` are the rows of
    `/v1/custom_field_options`, of all fields together. A field of a type that is new here is left
    out, and so is a choice without options.
    """
    by_field: dict[str, list[Any]] = {}
    for option in options:
        by_field.setdefault(text(option, "custom_field_id"), []).append(option)
    found = (
        _custom_field(row, by_field.get(text(row, "id")) or items(row, "options")) for row in rows
    )
    return [field for field in found if field is not None]


def has_options(row: Any) -> bool:
    """Whether the custom field's options are listed by themselves."""
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
    ordered = sorted(rows, key=lambda row: _sort_number(dig(row, "sort_key")))
    return tuple(
        (text(row, "id"), text(row, "value"))
        for row in ordered
        if text(row, "id") and text(row, "value")
    )


def read_id(field_id: str) -> tuple[Member, str] | None:
    """The list that the field of that id belongs to, and the id at incident.io; None for a field of
    another kind."""
    word, _, vendor_id = field_id.partition("_")
    return (_SENT[word][0], vendor_id) if word in _SENT and vendor_id else None


def members(values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What was filled in, by the fields' ids, as members of the body. What is empty is left out."""
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
    """The assignment of the reporter's role to that user of incident.io, where the form has one and
    names nobody."""
    return [
        {ROLES.id_name: field.id.removeprefix("reporter_"), "assignee": {"id": user_id}}
        for field in fields
        if field.id.startswith("reporter_") and not values.get(field.id)
    ]


def _part(member: Member, name: str, values: list[Any]) -> dict[str, Any]:
    if member is ROLES:
        return {"assignee": {name: values[0]}}
    if member is TIMES:
        return {name: _iso_time(values[0])}
    return {
        "values": [
            {name: _decimal_text(value) if name == "value_numeric" else str(value)}
            for value in values
        ]
    }


def _iso_time(value: datetime | str) -> str:
    """ISO 8601 in UTC, which a time without an offset is taken for."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return iso((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _decimal_text(value: Any) -> str:
    """The number as incident.io takes it: a text, without an exponent and without the point of a
    whole number."""
    number = Decimal(str(value))
    whole = number.to_integral_value()
    return format(whole if number == whole else number, "f")


def _sort_number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
