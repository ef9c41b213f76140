"""incident.io's checks beyond types: ids that must exist, and this organisation's rules.

Each check raises the 422 about the first error, with its path: `custom_field_entries.0.values.1`.
"""

from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from bot.playground.vendors import data
from bot.playground.vendors.base import RefusalError, moment
from bot.playground.vendors.incident_io_data import IncidentIoData, Row
from bot.playground.vendors.incident_io_shapes import invalid

_INCIDENT_IDS = {
    "severity_id": "severities",
    "incident_type_id": "incident_types",
    "incident_status_id": "incident_statuses",
}
_FOLLOW_UP_IDS = {
    "assignee_team_id": "teams",
    "follow_up_priority_option_id": "follow_up_priorities",
    "follow_up_category_id": "follow_up_categories",
    "external_issue_reference_id": "external_issue_references",
}
_VALUES = {"text": "value_text", "link": "value_link", "numeric": "value_numeric"}


def check_incident(held: IncidentIoData, body: Row) -> None:
    _check_ids(held, body, _INCIDENT_IDS)
    kind = held.find("incident_types", body.get("incident_type_id"))
    triage = _in_triage(held, body, kind)
    if body.get("severity_id") is None and not triage:
        raise invalid("severity_id", "is_required", "A severity is required to open an incident")
    if kind is not None and kind["private_incidents_only"] and body["visibility"] == "public":
        raise invalid("visibility", "invalid_value", f"{kind['name']} incidents must be private")
    _check_retrospective(body)
    _check_roles(held, body)
    _check_custom_fields(held, body)
    _check_timestamps(held, body)


def no_incident() -> RefusalError:
    """Return the 422 for an incident that does not exist, or that the key may not see."""
    return invalid("incident_id", "not_found", "The incident could not be found")


def check_action(held: IncidentIoData, body: Row) -> Row:
    """Check an action. Return its incident."""
    incident = held.find("incidents", body["incident_id"])
    if incident is None:
        raise no_incident()
    if body.get("assignee_id") is not None and held.find("users", body["assignee_id"]) is None:
        raise invalid("assignee_id", "not_found", "The assignee could not be found")
    return incident


def check_follow_up(held: IncidentIoData, body: Row) -> Row:
    """Check a follow-up. Return its incident."""
    incident = check_action(held, body)
    _check_ids(held, body, _FOLLOW_UP_IDS)
    for place, label in enumerate(body.get("labels") or []):
        if not label.strip():
            raise invalid(f"labels.{place}", "invalid_value", "A label cannot be blank")
    return incident


def _check_ids(held: IncidentIoData, body: Row, catalogs: dict[str, str]) -> None:
    for field, catalog in catalogs.items():
        if body.get(field) is not None and held.find(catalog, body[field]) is None:
            raise invalid(
                field,
                "not_found",
                f"There is no {field.removesuffix('_id').replace('_', ' ')} of that id",
            )


def _in_triage(held: IncidentIoData, body: Row, kind: Row | None) -> bool:
    """Return whether the incident begins in triage, because of its status or its type."""
    status = held.find("incident_statuses", body.get("incident_status_id"))
    always = kind is not None and kind["create_in_triage"] == "always"
    if status is None:
        return always
    if always and status["category"] != "triage" and body.get("mode") != "retrospective":
        words = f"{kind['name'] if kind else ''} incidents begin in triage"
        raise invalid("incident_status_id", "invalid_value", words)
    return bool(status["category"] == "triage")


def _check_retrospective(body: Row) -> None:
    options = body.get("retrospective_incident_options") or {}
    for name, value in options.items():
        field = f"retrospective_incident_options.{name}"
        if value is None:
            continue
        if body.get("mode") != "retrospective":
            raise invalid(field, "invalid_value", f"{name} is for retrospective incidents")
        if name == "external_id":
            raise invalid(
                field, "invalid_value", "external_id is not switched on for your organisation"
            )
        if name == "slack_channel_id" and value not in [channel.id for channel in data.CHANNELS]:
            raise invalid(field, "not_found", "The Slack channel could not be found")
        if name == "postmortem_document_url" and not _is_web_address(value):
            raise invalid(field, "invalid_format", "postmortem_document_url must be a web address")


def _check_roles(held: IncidentIoData, body: Row) -> None:
    for place, part in enumerate(body.get("incident_role_assignments") or []):
        field = f"incident_role_assignments.{place}"
        if held.find("incident_roles", part.get("incident_role_id")) is None:
            raise invalid(
                f"{field}.incident_role_id", "not_found", "There is no incident role of that id"
            )
        assignee = part.get("assignee") or None
        if assignee is not None and (
            not isinstance(assignee, dict) or held.assignee(assignee) is None
        ):
            raise invalid(f"{field}.assignee", "not_found", "The assignee could not be found")


def _check_custom_fields(held: IncidentIoData, body: Row) -> None:
    filled = set()
    for place, part in enumerate(body.get("custom_field_entries") or []):
        path = f"custom_field_entries.{place}"
        field = held.find("custom_fields", part.get("custom_field_id"))
        if field is None:
            raise invalid(
                f"{path}.custom_field_id", "not_found", "There is no custom field of that id"
            )
        values = part.get("values")
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise invalid(f"{path}.values", "is_required", "values must be a list of objects")
        if len(values) > 1 and field["field_type"] != "multi_select":
            raise invalid(f"{path}.values", "invalid_value", f"{field['name']} takes one value")
        for number, value in enumerate(values):
            _check_value(held, f"{path}.values.{number}", field, value)
        filled |= {field["id"]} if values else set()
    for field in held.lists["custom_fields"]:
        if field["required_v2"] == "always" and field["id"] not in filled:
            raise invalid("custom_field_entries", "is_required", f"{field['name']} is required")


def _check_value(held: IncidentIoData, path: str, field: Row, value: Row) -> None:
    by_choice = "value_catalog_entry_id" if field.get("catalog_type_id") else "value_option_id"
    member = _VALUES.get(field["field_type"], by_choice)
    given = {name for name, each in value.items() if name.startswith("value_") and each is not None}
    if given != {member}:
        raise invalid(path, "invalid_value", f"{field['name']} takes {member}")
    text = value[member]
    if not isinstance(text, str):
        raise invalid(f"{path}.{member}", "invalid_type", f"{member} is of the wrong type")
    if not _fits(held, member, field, text):
        raise invalid(
            f"{path}.{member}", "invalid_value", f"{field['name']} does not take this value"
        )


def _fits(held: IncidentIoData, member: str, field: Row, text: str) -> bool:
    match member:
        case "value_link":
            return _is_web_address(text)
        case "value_numeric":
            return _is_number(text)
        case "value_option_id":
            option = held.find("custom_field_options", text)
            return option is not None and option["custom_field_id"] == field["id"]
        case "value_catalog_entry_id":
            entry = held.find("catalog_entries", text) or held.find(
                "catalog_entries", text, "external_id"
            )
            return entry is not None and entry["catalog_type_id"] == field["catalog_type_id"]
    return bool(text.strip())


def _check_timestamps(held: IncidentIoData, body: Row) -> None:
    for place, part in enumerate(body.get("incident_timestamp_values") or []):
        field = f"incident_timestamp_values.{place}"
        if held.find("incident_timestamps", part.get("incident_timestamp_id")) is None:
            raise invalid(
                f"{field}.incident_timestamp_id", "not_found", "There is no timestamp of that id"
            )
        if part.get("value") is not None and moment(str(part["value"])) is None:
            raise invalid(f"{field}.value", "invalid_format", "value must be a date and time")


def _is_web_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False
