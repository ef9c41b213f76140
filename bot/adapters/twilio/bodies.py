"""What is sent to Twilio: the parameters of both calls, made from the forms."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.base import Submission, storable
from bot.adapters.times import iso
from bot.adapters.twilio.attributes import minified
from bot.adapters.twilio.forms import FromFields, FromJson, Task, Workflow
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
"""By operation: our field (dotted, where it is one of the rules') and Twilio's parameter. The
fields that are not here become a part of one: the default queue, the filters and a file of the
configuration, title and description of the attributes."""

NOT_OFFERED: Mapping[str, Mapping[str, str]] = {"workflow": {}, "task": {}}
"""By operation: Twilio's parameters that no form offers, and why."""


def marked(name: str, submission: Submission) -> str:
    """The name as it is sent, with the marker by which it is found again."""
    return f"{name} [{submission.marker}]"


def workflow(form: Workflow, submission: Submission) -> dict[str, str]:
    """Expects the form joined with its rules (`Operation.form_for`)."""
    rules = rules_of(form)
    given = {
        "FriendlyName": marked(form.friendly_name, submission),
        "Configuration": rules.document,
        "AssignmentCallbackUrl": rules.assignment_callback_url,
        "FallbackAssignmentCallbackUrl": rules.fallback_assignment_callback_url,
        "TaskReservationTimeout": rules.task_reservation_timeout,
    }
    return _parameters(given)


def task(form: Task, submission: Submission) -> dict[str, str]:
    """What was left empty is left out."""
    given = {parameter: getattr(form, name) for name, parameter in PARAMETERS["task"].items()}
    given["Attributes"] = minified(form.given, submission.marker, submission.reporter)
    given["VirtualStartTime"] = (
        iso(form.virtual_start_time.timestamp()) if form.virtual_start_time else None
    )
    return _parameters(given)


def rules_of(form: Form) -> FromFields | FromJson:
    """The rules of a workflow's form. KeyError for a form without any."""
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
