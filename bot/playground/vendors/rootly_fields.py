"""Brambleway's own form fields in Rootly, and the selections of them that an incident may have.

Two things are refused after an incident exists, in the call that sets the field:

- "Data centre: Lund", the first time for each incident: 422 "Selected options is not set up yet".
  Before the second time somebody at Brambleway has set it up, so another try works.
- A value of more than 255 characters for the one-line field "Ticket at the carrier": 422 "Value is
  too long".
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.vendors.base import moment
from bot.playground.vendors.rootly_shapes import refused
from bot.playground.vendors.shapes import INTEGERS, STRING, STRINGS, Shape

Row = dict[str, Any]

SLACK_INCIDENT, WEB_INCIDENT = "slack_new_incident_form", "web_new_incident_form"
SLACK_ITEM, WEB_ITEM = "slack_action_item_form", "web_action_item_form"
NOT_SET_UP = "Lund"
LONGEST_TEXT = 255


@dataclass(frozen=True, slots=True)
class OwnField:
    """One form field. `shown` are Rootly's forms with it.

    `value_kind` is the kind of its choices, "inherit" for `options`.
    """

    name: str
    input_kind: str
    shown: tuple[str, ...] = (SLACK_INCIDENT, WEB_INCIDENT)
    value_kind: str = "inherit"
    options: tuple[str, ...] = ()
    kind: str = "custom"
    hint: str = ""
    enabled: bool = True


FIELDS = (
    OwnField("Title", "text", kind="title"),
    OwnField("Severity", "select", kind="severity"),
    OwnField("Region", "select", options=("Europe", "North America", "Asia Pacific")),
    OwnField("Data centre", "multi_select", options=("Gothenburg", "Leipzig", NOT_SET_UP)),
    OwnField("Customer impact", "textarea", hint="What customers notice"),
    OwnField("Orders affected", "number"),
    OwnField("Warehouses", "multi_select", value_kind="catalog_entity"),
    OwnField("Incident commander", "select", value_kind="user"),
    OwnField("Ticket at the carrier", "text", (WEB_INCIDENT,)),
    OwnField("First noticed", "datetime"),
    OwnField("Review before", "date"),
    OwnField("Told the press", "checkbox"),
    OwnField("Keywords", "tags"),
    OwnField("Owning teams", "multi_select", value_kind="group"),
    OwnField(
        "Resolution", "textarea", ("slack_incident_resolution_form", "web_incident_resolution_form")
    ),
    OwnField("Pager code", "text", enabled=False),
    OwnField("Effort", "select", (SLACK_ITEM, WEB_ITEM), options=("An hour", "A day", "A week")),
    OwnField("Runbook", "text", (WEB_ITEM,)),
)
WAREHOUSES = ("Gothenburg", "Leipzig", "Lyon")

MEMBERS: Mapping[str, tuple[str, str]] = {
    "selected_option_ids": ("inherit", "form_field_options"),
    "selected_group_ids": ("group", "teams"),
    "selected_service_ids": ("service", "services"),
    "selected_functionality_ids": ("functionality", "functionalities"),
    "selected_user_ids": ("user", "users"),
    "selected_environment_ids": ("environment", "environments"),
    "selected_cause_ids": ("cause", "causes"),
    "selected_incident_type_ids": ("incident_type", "incident_types"),
    "selected_catalog_entity_ids": ("catalog_entity", "entities"),
}
"""The members of a selection: the `value_kind` of each, and the list with its ids."""
_SELECTED: Mapping[str, Shape] = {
    name: (INTEGERS if name == "selected_user_ids" else STRINGS) for name in MEMBERS
}
SELECTION: Mapping[str, Shape] = {
    "incident_id": STRING.must(),
    "form_field_id": STRING.must(),
    "value": STRING.or_null(),
    **_SELECTED,
}
CHANGE: Mapping[str, Shape] = {"value": STRING.or_null(), **_SELECTED}
ITEM_SELECTION: Mapping[str, Shape] = {"id": STRING, "form_field_id": STRING.must(), **_SELECTED}


def check_selection(
    field: Row, given: Mapping[str, Any], lists: Mapping[str, Sequence[Row]], *, lag: bool
) -> None:
    """Raise the 422 for a selection that does not fit its field.

    With `lag`, a choice that is not set up yet is refused.
    """
    attributes = field["attributes"]
    if not any(given.get(name) not in (None, "", []) for name in ("value", *MEMBERS)):
        raise refused(["Value can't be blank"], ["value"])
    if attributes["input_kind"] in ("select", "multi_select"):
        member, catalog = next(
            (name, catalog)
            for name, (kind, catalog) in MEMBERS.items()
            if kind == attributes["value_kind"]
        )
        _check_choices(field, member, given, lists[catalog], lag=lag)
    else:
        _check_value(attributes["input_kind"], given.get("value"))


def _check_choices(
    field: Row, member: str, given: Mapping[str, Any], rows: Sequence[Row], *, lag: bool
) -> None:
    words = member.removeprefix("selected_").removesuffix("_ids").replace("_", " ")
    title = f"Selected {words.removesuffix('y') + 'ies' if words.endswith('y') else words + 's'}"
    chosen = [str(each) for each in given.get(member) or []]
    if not chosen:
        raise refused([f"{title} can't be blank"], [member])
    found = [row for row in rows if row["id"] in chosen]
    if member == "selected_option_ids":
        found = [row for row in found if row["attributes"]["form_field_id"] == field["id"]]
    if len(found) < len(set(chosen)):
        raise refused([f"{title} must exist"], [member])
    if field["attributes"]["input_kind"] == "select" and len(chosen) > 1:
        raise refused([f"{title} is too long (maximum is 1)"], [member])
    if lag and any(row["attributes"].get("value") == NOT_SET_UP for row in found):
        raise refused([f"{title} is not set up yet"], [member])


def _check_value(input_kind: str, value: Any) -> None:
    text = ", ".join(value) if isinstance(value, list) else value
    if not isinstance(text, str) or not text:
        raise refused(["Value can't be blank"], ["value"])
    wrong = {
        "number": not _is_number(text),
        "date": moment(text) is None or len(text) != len("2026-11-21"),
        "datetime": moment(text) is None,
        "checkbox": text not in ("true", "false"),
    }
    if wrong.get(input_kind):
        raise refused(["Value is invalid"], ["value"])
    if input_kind == "text" and len(text) > LONGEST_TEXT:
        raise refused([f"Value is too long (maximum is {LONGEST_TEXT} characters)"], ["value"])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def included(fields: Iterable[Row], options: Iterable[Row], what: Iterable[str]) -> list[Row]:
    """Return the rows added by `?include=options,positions`.

    They are the options of these fields, and the fields' positions in Rootly's forms.
    """
    wanted = set(what)
    rows = [row for row in options if "options" in wanted]
    for place, field in enumerate(fields, start=1):
        for form in field["attributes"]["shown"] if "positions" in wanted else ():
            attributes = {"form_field_id": field["id"], "form": form, "position": place}
            rows.append(
                {
                    "id": f"{field['id']}-{form}",
                    "type": "form_field_positions",
                    "attributes": attributes,
                }
            )
    return rows


def in_words(selection: Mapping[str, Any], lists: Mapping[str, Sequence[Row]]) -> str:
    """Return the selected or typed values in words, for the incident's page."""
    if (value := selection.get("value")) not in (None, ""):
        return ", ".join(value) if isinstance(value, list) else str(value)
    words = []
    for member, (_, catalog) in MEMBERS.items():
        chosen = [str(each) for each in selection.get(member) or []]
        found = [row["attributes"] for row in lists[catalog] if row["id"] in chosen]
        words += [
            str(each.get("value") or each.get("full_name") or each.get("name")) for each in found
        ]
    return ", ".join(words)
