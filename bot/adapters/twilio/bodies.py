"""Make the parameters of both of Twilio's calls from the forms."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.base import Submission, storable
from bot.adapters.twilio.attributes import minified
from bot.adapters.twilio.forms import Task, Workflow
from bot.adapters.twilio.rules_forms import FromFields, FromJson
from bot.adapters.values import iso
from bot.forms.fields import Form

PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "workflow": {
        "friendly_name": "FriendlyName",
        "rules.configuration": "Configuration",
        "rules.assignment_callback_url": "AssignmentCallbackUrl",
        "rules.fallback_assignment_callback_url": "FallbackAssignmentCallbackUrl",
        "rules.task_reservation_timeout": "TaskReservationTimeout",
    },
    "task": {
        "attributes": "Attributes",
        "workflow_sid": "WorkflowSid",
        "task_channel": "TaskChannel",
        "priority": "Priority",
        "timeout": "Timeout",
        "virtual_start_time": "VirtualStartTime",
        "task_queue_sid": "TaskQueueSid",
        "routing_target": "RoutingTarget",
        "ignore_capacity": "IgnoreCapacity",
    },
}
"""Twilio's parameter by operation and by our field. The name of a field of the rules is dotted.

Some fields are not here because they become a part of a parameter. The default queue, the filters
and a file are in the configuration. The title and the description are in the attributes.
"""

NOT_OFFERED: Mapping[str, Mapping[str, str]] = {"workflow": {}, "task": {}}
"""Twilio's parameters that no form offers, by operation, with the reason."""


def marked(name: str, submission: Submission) -> str:
    """Return the name with the marker, as it is sent. The workflow is found again by the marker."""
    return f"{name} [{submission.marker}]"


def workflow(form: Workflow, submission: Submission) -> dict[str, str]:
    """Return the parameters that create a workflow.

    The form has to include its rules (`Operation.form_for`). Empty values are left out.
    """
    rules = rules_of(form)
    return _parameters(
        {
            "FriendlyName": marked(form.friendly_name, submission),
            "Configuration": rules.document,
            "AssignmentCallbackUrl": rules.assignment_callback_url,
            "FallbackAssignmentCallbackUrl": rules.fallback_assignment_callback_url,
            "TaskReservationTimeout": rules.task_reservation_timeout,
        }
    )


def task(form: Task, submission: Submission) -> dict[str, str]:
    """Return the parameters that create a task. Empty values are left out."""
    given = {parameter: getattr(form, name) for name, parameter in PARAMETERS["task"].items()}
    given["Attributes"] = minified(
        form.given, submission.marker, submission.reporter, submission.late_note("Submitted")
    )
    given["VirtualStartTime"] = (
        iso(form.virtual_start_time.timestamp()) if form.virtual_start_time else None
    )
    return _parameters(given)


def rules_of(form: Form) -> FromFields | FromJson:
    """Return the rules of a workflow's form. Raises `KeyError` for a form without rules."""
    rules = getattr(form, "rules", None)
    if not isinstance(rules, FromFields | FromJson):
        raise KeyError("rules")
    return rules


def _parameters(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        parameter: storable(str(value))
        for parameter, value in given.items()
        if value not in (None, "")
    }
