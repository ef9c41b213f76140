"""The shapes of incident.io's bodies, and its errors for bodies of another shape."""

from collections.abc import Mapping

from starlette.requests import Request

from bot.playground.vendors.base import RefusalError, json_body, media_type
from bot.playground.vendors.ids import uuid_id
from bot.playground.vendors.incident_io_data import Row
from bot.playground.vendors.shapes import (
    OBJECT,
    OBJECTS,
    STRING,
    STRINGS,
    Complaint,
    Shape,
    complaints,
    one_of,
)

MODES = ("standard", "retrospective", "test", "tutorial")

INCIDENT: Mapping[str, Shape] = {
    "idempotency_key": STRING.must(),
    "visibility": one_of("public", "private").must(),
    "name": STRING.or_null(),
    "summary": STRING.or_null(),
    "severity_id": STRING.or_null(),
    "incident_type_id": STRING.or_null(),
    "incident_status_id": STRING.or_null(),
    "mode": one_of(*MODES).or_null(),
    "incident_role_assignments": OBJECTS.or_null(),
    "custom_field_entries": OBJECTS.or_null(),
    "incident_timestamp_values": OBJECTS.or_null(),
    "retrospective_incident_options": OBJECT.or_null(),
    "slack_team_id": STRING.or_null(),
    "slack_channel_name_override": STRING.or_null(),
}
ACTION: Mapping[str, Shape] = {
    "description": STRING.must(),
    "incident_id": STRING.must(),
    "assignee_id": STRING.or_null(),
}
FOLLOW_UP: Mapping[str, Shape] = {
    "incident_id": STRING.must(),
    "title": STRING.must(),
    "description": STRING.or_null(),
    "assignee_id": STRING.or_null(),
    "assignee_team_id": STRING.or_null(),
    "labels": STRINGS.or_null(),
    "follow_up_priority_option_id": STRING.or_null(),
    "follow_up_category_id": STRING.or_null(),
    "external_issue_reference_id": STRING.or_null(),
}


async def json_object(request: Request) -> Row:
    """Return the JSON object in the body.

    Raises 415 for another media type, 400 for any other body.
    """
    if media_type(request) != "application/json":
        error = {
            "code": "unsupported_media_type",
            "message": "Content-Type must be application/json",
        }
        raise RefusalError(415, envelope("unsupported_media_type", 415, [error]), "media type")
    body = await json_body(request)
    if not isinstance(body, dict):
        error = {"code": "invalid_json", "message": "The request body is not a JSON object"}
        raise RefusalError(400, envelope("bad_request", 400, [error]), "not JSON")
    return body


def check(shapes: Mapping[str, Shape], body: Row) -> None:
    """Raise the 422 with all complaints about known members."""
    found = [complaint for complaint in complaints(shapes, body) if complaint.problem != "unknown"]
    if found:
        fields = " ".join(complaint.field for complaint in found)
        raise RefusalError(
            422,
            envelope("validation_error", 422, [_worded(complaint) for complaint in found]),
            fields,
        )


def _worded(complaint: Complaint) -> Row:
    code, words = {
        "missing": ("is_required", "is required"),
        "type": ("invalid_type", "is of the wrong type"),
        "enum": ("invalid_enum_value", "is not one of the allowed values"),
    }[complaint.problem]
    return {
        "code": code,
        "message": f"{complaint.field} {words}",
        "source": {"field": complaint.field},
    }


def invalid(field: str, code: str, message: str) -> RefusalError:
    error = {"code": code, "message": message, "source": {"field": field}}
    return RefusalError(422, envelope("validation_error", 422, [error]), field)


def not_found(message: str) -> RefusalError:
    return RefusalError(
        404, envelope("not_found", 404, [{"code": "not_found", "message": message}]), "not found"
    )


def envelope(kind: str, status: int, errors: list[Row]) -> Row:
    return {"type": kind, "status": status, "request_id": uuid_id(), "errors": errors}
