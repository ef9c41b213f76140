"""The shapes of Rootly's request bodies, and its errors for other bodies."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.playground.vendors.base import RefusalError, moment
from bot.playground.vendors.rootly_tasks import missing_alternative, task_shapes
from bot.playground.vendors.shapes import (
    BOOLEAN,
    INTEGER,
    OBJECT,
    OBJECTS,
    REFERENCE,
    REFERENCES,
    STRING,
    STRINGS,
    Complaint,
    Shape,
    complaints,
    one_of,
)

MOMENTS = (
    "in_triage_at",
    "started_at",
    "detected_at",
    "acknowledged_at",
    "mitigated_at",
    "resolved_at",
    "closed_at",
    "cancelled_at",
)
"""The times of an incident, in the order that Rootly checks: given times must not go backwards."""

KINDS = (
    "test",
    "test_sub",
    "example",
    "example_sub",
    "normal",
    "normal_sub",
    "backfilled",
    "scheduled",
    "scheduled_sub",
)
STATUSES = (
    "in_triage",
    "started",
    "detected",
    "acknowledged",
    "mitigated",
    "resolved",
    "closed",
    "cancelled",
    "scheduled",
    "in_progress",
    "completed",
)

LISTS = {
    "severity_id": "severities",
    "parent_incident_id": "incidents",
    "duplicate_incident_id": "incidents",
    "user_id": "users",
    "alert_ids": "alerts",
    "environment_ids": "environments",
    "incident_type_ids": "incident_types",
    "service_ids": "services",
    "functionality_ids": "functionalities",
    "group_ids": "teams",
    "cause_ids": "causes",
    "muted_service_ids": "services",
    "assigned_to_user_id": "users",
    "assigned_to_group_ids": "teams",
}
"""The list in which an attribute's ids must exist."""

INCIDENT: Mapping[str, Shape] = {
    "title": STRING.or_null(),
    "summary": STRING.or_null(),
    "kind": one_of(*KINDS),
    "status": one_of(*STATUSES),
    "private": BOOLEAN.or_null(),
    "severity_id": STRING.or_null(),
    "parent_incident_id": STRING.or_null(),
    "duplicate_incident_id": STRING.or_null(),
    "user_id": STRING.or_null(),
    "public_title": STRING.or_null(),
    "alert_ids": STRINGS.or_null(),
    "environment_ids": STRINGS.or_null(),
    "incident_type_ids": STRINGS.or_null(),
    "service_ids": STRINGS.or_null(),
    "functionality_ids": STRINGS.or_null(),
    "group_ids": STRINGS.or_null(),
    "cause_ids": STRINGS.or_null(),
    "muted_service_ids": STRINGS.or_null(),
    "labels": OBJECT.or_null(),
    "notify_emails": STRINGS.or_null(),
    "slack_channel_name": STRING.or_null(),
    "slack_channel_id": STRING.or_null(),
    "slack_channel_url": STRING.or_null(),
    "slack_channel_archived": BOOLEAN.or_null(),
    "google_drive_parent_id": STRING.or_null(),
    "google_drive_url": STRING.or_null(),
    "jira_issue_key": STRING.or_null(),
    "jira_issue_id": STRING.or_null(),
    "jira_issue_url": STRING.or_null(),
    "url": STRING,
    "scheduled_for": STRING.or_null(),
    "scheduled_until": STRING.or_null(),
    **dict.fromkeys(MOMENTS, STRING.or_null()),
}

PRIORITIES = ("high", "medium", "low")
ITEM_STATUSES = ("open", "in_progress", "cancelled", "done")

ACTION_ITEM: Mapping[str, Shape] = {
    "summary": STRING.must(),
    "description": STRING.or_null(),
    "kind": one_of("task", "follow_up"),
    "assigned_to_user_id": INTEGER.or_null(),
    "assigned_to_group_ids": STRINGS,
    "priority": one_of(*PRIORITIES),
    "status": one_of(*ITEM_STATUSES),
    "due_date": STRING.or_null(),
    "jira_issue_id": STRING.or_null(),
    "jira_issue_key": STRING.or_null(),
    "jira_issue_url": STRING.or_null(),
    "form_field_selections": OBJECTS.or_null(),
}

WORKFLOW_TASK: Mapping[str, Shape] = {
    "task_params": OBJECT.must(),
    "name": STRING,
    "position": INTEGER,
    "skip_on_failure": BOOLEAN,
    "enabled": BOOLEAN,
}

TASK_PARAMS: Mapping[str, Mapping[str, Shape]] = {
    "add_action_item": {
        "task_type": STRING.must(),
        "summary": STRING.must(),
        "status": one_of(*ITEM_STATUSES).must(),
        "priority": one_of(*PRIORITIES).must(),
        "attribute_to_query_by": one_of("jira_issue_id").or_null(),
        "query_value": STRING.or_null(),
        "incident_role_id": STRING,
        "assigned_to_user_id": STRING,
        "assigned_to_user": REFERENCE,
        "kind": STRING,
        "description": STRING,
        "post_to_incident_timeline": BOOLEAN,
        "custom_fields_mapping": STRING.or_null(),
        "post_to_slack_channels": REFERENCES,
    },
    "send_email": {
        "task_type": STRING.must(),
        "from": STRING,
        "to": STRINGS.must(),
        "cc": STRINGS,
        "bcc": STRINGS,
        "subject": STRING.must(),
        "preheader": STRING.or_null(),
        "body": STRING.must().or_null(),
        "include_header": BOOLEAN,
        "include_footer": BOOLEAN,
        "custom_logo_url": STRING.or_null(),
    },
}
"""The task types that are checked member by member with the document's nulls.

The other types are checked by `task_shapes`.
"""

_ADDRESS = re.compile(r"[^@\s<>]@[^@\s<>]+\.[^@\s<>]|\{\{[^{}]+\}\}")


def humanised(field: str) -> str:
    """Return the attribute as Rails begins a sentence with it.

    For example, "severity_id" gives "Severity", and "service_ids" gives "Services".
    """
    if field.endswith("_ids"):
        stem = field.removesuffix("_ids")
        field = stem.removesuffix("y") + "ies" if stem.endswith("y") else stem + "s"
    return field.removesuffix("_id").replace("_", " ").capitalize()


def refused(titles: Sequence[str], fields: Sequence[str], status: int = 422) -> RefusalError:
    """Return a refusal with body shape 1 of Rootly's errors, one entry for each title."""
    errors = [{"title": title, "status": str(status)} for title in titles]
    return RefusalError(status, {"errors": errors}, " ".join(fields))


def check(shapes: Mapping[str, Shape], values: Mapping[str, Any]) -> None:
    """Raise the 422 with all complaints."""
    if found := complaints(shapes, values):
        raise refused(
            [_title(complaint) for complaint in found], [complaint.field for complaint in found]
        )


def _title(complaint: Complaint) -> str:
    name = humanised(complaint.field)
    match complaint.problem:
        case "missing":
            return f"{name} can't be blank"
        case "enum":
            return f"{name} is not included in the list"
        case "unknown":
            return f"{complaint.field} is not an attribute that can be set"
        case "type":
            return f"{name} is invalid"


def check_moments(attributes: Mapping[str, Any]) -> None:
    """Check that times are ISO 8601 and in the order of `MOMENTS`.

    The error is like Rootly's: "Detected at can not be before Started time".
    """
    before: tuple[str, datetime] | None = None
    for field in MOMENTS:
        text = attributes.get(field)
        if text is None:
            continue
        at = moment(text)
        if at is None:
            raise refused([f"{humanised(field)} is invalid"], [field])
        if before is not None and at < before[1]:
            earlier = humanised(before[0].removesuffix("_at"))
            raise refused([f"{humanised(field)} can not be before {earlier} time"], [field])
        before = field, at


def check_due_date(attributes: Mapping[str, Any]) -> None:
    """Check that the due date is a day, YYYY-MM-DD."""
    try:
        date.fromisoformat(attributes.get("due_date") or "2000-01-01")
    except ValueError as error:
        raise refused(["Due date is invalid"], ["due_date"]) from error


def check_task_params(params: Mapping[str, Any]) -> None:
    """Check that the task's type exists and that its other members fit the type."""
    task_type = params.get("task_type")
    if not isinstance(task_type, str) or not task_type:
        raise refused(["Task type can't be blank"], ["task_params.task_type"])
    shapes = TASK_PARAMS.get(task_type) or task_shapes(task_type)
    if shapes is None:
        raise refused(["Task type is not included in the list"], ["task_params.task_type"])
    check(shapes, params)
    if missing := missing_alternative(task_type, params):
        raise refused([f"{humanised(missing)} can't be blank"], [f"task_params.{missing}"])
    for field in ("to", "cc", "bcc"):
        if not all(_ADDRESS.search(address) for address in params.get(field, [])):
            raise refused([f"{humanised(field)} is invalid"], [f"task_params.{field}"])
    if (
        "query_value" in shapes
        and params.get("attribute_to_query_by")
        and not params.get("query_value")
    ):
        raise refused(["Query value can't be blank"], ["task_params.query_value"])
    mapping = params.get("custom_fields_mapping")
    if mapping and not _is_json(mapping):
        raise refused(["Custom fields mapping is invalid"], ["task_params.custom_fields_mapping"])


def _is_json(text: str) -> bool:
    """Return whether the text is JSON.

    Text with a Liquid template counts as JSON, because the template is filled in only when the task
    runs.
    """
    try:
        json.loads(text)
    except ValueError:
        return "{{" in text or "{%" in text
    return True
