"""Rootly's custom fields ("form fields"): as fields of our forms, and as values for Rootly.

All functions are pure. An incident takes its custom fields one by one once it exists. An action
item takes them when it is created.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.base import Submission
from bot.adapters.http import dig, text
from bot.adapters.values import decimal_text, in_utc, sort_number
from bot.forms.custom_fields import BLOCK, CustomField, CustomKind
from bot.forms.fields import Form

OF_INCIDENTS, OF_ACTION_ITEMS = "form_fields", "action_item_fields"
ENTITIES = "entities"
"""The catalog of entities.

"entities:<id>" is the list of one of the organisation's own catalogs.
"""


@dataclass(frozen=True, slots=True)
class FormsOf:
    """Rootly's forms that one of our forms stands for.

    A field is in our form if it is in one of them, and required if Slack's form requires it.
    """

    slack: str
    web: str


FORMS_OF: Mapping[str, FormsOf] = {
    OF_INCIDENTS: FormsOf("slack_new_incident_form", "web_new_incident_form"),
    OF_ACTION_ITEMS: FormsOf("slack_action_item_form", "web_action_item_form"),
}

_KIND_OF_INPUT: Mapping[str, CustomKind] = {
    "text": "text",
    "textarea": "long",
    "rich_text": "long",
    "date": "date",
    "datetime": "datetime",
    "number": "number",
    "checkbox": "check",
    "tags": "tags",
}
_CHOICES: Mapping[str, tuple[CustomKind, CustomKind]] = {
    "select": ("select", "lookup"),
    "multi_select": ("multi_select", "multi_lookup"),
}
"""The kind with the field's own options, and the kind with entries of a catalog, by `input_kind`.
"""
_CATALOGS: Mapping[str, tuple[str, str]] = {
    "group": ("teams", "selected_group_ids"),
    "service": ("services", "selected_service_ids"),
    "functionality": ("functionalities", "selected_functionality_ids"),
    "user": ("users", "selected_user_ids"),
    "environment": ("environments", "selected_environment_ids"),
    "cause": ("causes", "selected_cause_ids"),
    "incident_type": ("incident_types", "selected_incident_type_ids"),
}
"""Our catalog of the objects, and the member of a selection for their ids, by `value_kind`."""
_MEMBERS = dict(_CATALOGS.values())
LAST = float("inf")
"""The position of a field or an option for which Rootly gives none."""


def shown_in(form: FormsOf, rows: Iterable[Any]) -> list[Any]:
    """Return the rows of `/v1/form_fields` that are enabled custom fields of that form."""
    return [
        row
        for row in rows
        if text(row, "attributes", "kind") == "custom"
        and dig(row, "attributes", "enabled") is not False
        and {form.slack, form.web} & _slugs(row, "shown")
    ]


def has_options(row: Any) -> bool:
    """Return whether the field has options of its own."""
    return text(row, "attributes", "input_kind") in _CHOICES and _catalog_of(row) is None


def custom_fields(form: FormsOf, rows: Iterable[Any], included: Iterable[Any]) -> list[CustomField]:
    """Return the rows as fields, in the form's order.

    `included` are the options and positions of all fields. A field of an unknown kind is left out,
    and so is a choice without options.
    """
    extra: dict[str, list[Any]] = {}
    for row in included:
        extra.setdefault(text(row, "attributes", "form_field_id"), []).append(row)
    ordered = sorted(rows, key=lambda row: _position(form, extra.get(text(row, "id"), [])))
    fields = (_custom_field(form, row, extra.get(text(row, "id"), [])) for row in ordered)
    return [field for field in fields if field is not None]


def of_field(field_id: str, options: Iterable[Any]) -> list[Any]:
    """Return the rows of a field's list of options with the field's id added.

    Rootly need not repeat that id in each row.
    """
    return [
        {**row, "attributes": {**dig(row, "attributes"), "form_field_id": field_id}}
        for row in options
        if isinstance(dig(row, "attributes"), dict)
    ]


def _custom_field(form: FormsOf, row: Any, extra: list[Any]) -> CustomField | None:
    attributes = dig(row, "attributes")
    kind, catalog = _kind(row), _catalog_of(row)
    options = _options(extra) if has_options(row) else ()
    if kind is None or not text(row, "id") or (has_options(row) and not options):
        return None
    return CustomField(
        id=text(row, "id"),
        name=text(attributes, "name") or text(attributes, "slug") or text(row, "id"),
        kind=kind,
        required=form.slack in _slugs(row, "required"),
        hint=text(attributes, "description"),
        options=options,
        catalog=catalog or "",
    )


def _kind(row: Any) -> CustomKind | None:
    input_kind = text(row, "attributes", "input_kind")
    if input_kind in _CHOICES:
        own, listed = _CHOICES[input_kind]
        return own if _catalog_of(row) is None else listed
    return _KIND_OF_INPUT.get(input_kind)


def _catalog_of(row: Any) -> str | None:
    """Return the catalog for a choice, or None if the field has options of its own."""
    value_kind = text(row, "attributes", "value_kind")
    if text(row, "attributes", "input_kind") not in _CHOICES:
        return None
    if value_kind == "catalog_entity" and (
        catalog := text(row, "attributes", "value_kind_catalog_id")
    ):
        return f"{ENTITIES}:{catalog}"
    return _CATALOGS[value_kind][0] if value_kind in _CATALOGS else None


def _options(extra: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """Return (id, label) of each option in order.

    Rows of positions have no label and are left out.
    """
    options = [row for row in extra if text(row, "id") and text(row, "attributes", "value")]
    options.sort(key=lambda row: sort_number(dig(row, "attributes", "position"), LAST))
    return tuple((text(row, "id"), text(row, "attributes", "value")) for row in options)


def _position(form: FormsOf, extra: Iterable[Any]) -> tuple[float, float]:
    places = {
        text(row, "attributes", "form"): sort_number(dig(row, "attributes", "position"), LAST)
        for row in extra
    }
    return places.get(form.slack, LAST), places.get(form.web, LAST)


def _slugs(row: Any, name: str) -> set[str]:
    found = dig(row, "attributes", name)
    return {each for each in found if isinstance(each, str)} if isinstance(found, list) else set()


def filled_in(submission: Submission) -> dict[str, tuple[CustomField, Any]]:
    """Return the filled-in custom fields with their values.

    The key is the dotted name in our form ("custom.9b1f").
    """
    own = getattr(submission.form, BLOCK, None)
    if not isinstance(own, Form):
        return {}
    given = {
        f"{BLOCK}.{field.id}": (field, getattr(own, field.id, None)) for field in submission.custom
    }
    return {
        name: (field, value) for name, (field, value) in given.items() if _is_answer(field, value)
    }


def _is_answer(field: CustomField, value: Any) -> bool:
    """Return whether the value is an answer.

    A box without a tick means "no" only if Rootly requires an answer.
    """
    return field.required if value is False else value not in (None, "", [])


def selections(submission: Submission) -> list[dict[str, Any]]:
    """Return all filled-in custom fields as an action item takes them."""
    return [
        {"form_field_id": field.id, **_selected(field, value, tags=True)}
        for field, value in filled_in(submission).values()
    ]


def selected(field: CustomField, value: Any) -> dict[str, Any]:
    """Return the value as an incident takes it.

    For example `{"value": "..."}`, or `{"selected_option_ids": ["..."]}`.
    """
    return _selected(field, value, tags=False)


def _selected(field: CustomField, value: Any, *, tags: bool) -> dict[str, Any]:
    if field.kind in ("select", "multi_select"):
        return {"selected_option_ids": _as_list(value)}
    if field.kind in ("lookup", "multi_lookup"):
        member = _MEMBERS.get(field.catalog, "selected_catalog_entity_ids")
        ids: list[Any] = _as_list(value)
        if member == "selected_user_ids":  # the only kind of id that is a number
            ids = [int(each) if each.isdecimal() else each for each in ids]
        return {member: ids}
    # A list of tags is documented for action items alone. How tags are separated in a text is not
    # documented at all.
    if field.kind == "tags":
        return {"value": list(value) if tags else ", ".join(value)}
    return {"value": _as_text(value)}


def _as_list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    """Return the value as a text.

    A number has no exponent, and a whole number no point. A time has its offset.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return decimal_text(value)
    if isinstance(value, datetime):
        return in_utc(value).isoformat(timespec="seconds")
    return str(value)


def holds(selection: Any, wanted: Mapping[str, Any]) -> bool:
    """Return whether the incident's selection, a row of Rootly's list, has the wanted value."""
    return all(
        _comparable(dig(selection, "attributes", name)) == _comparable(value)
        for name, value in wanted.items()
    )


def _comparable(value: Any) -> list[str]:
    return sorted(str(each) for each in (value if isinstance(value, list) else [value]))
