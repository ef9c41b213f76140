"""Make the attributes of Rootly's JSON:API document from a filled-in form."""

import json
import re
from datetime import date, datetime
from typing import Any

from pydantic import AnyUrl

from bot.adapters.base import REPORTER, Submission, storable
from bot.adapters.rootly.custom_fields import selections
from bot.adapters.rootly.forms import IN_ORDER, WHEN, ActionItem, Incident, WorkflowTask
from bot.adapters.rootly.task_forms import OWN_CHANNEL, TaskParameters, field_name, own_channel
from bot.adapters.rootly.tasks import Parameter
from bot.adapters.values import in_utc, iso
from bot.forms.custom_fields import BLOCK
from bot.forms.fields import USER_GROUPS, Form, Named

_CATALOG_OF_KIND = {"channel": "conversations", "person": "people", "user_group": USER_GROUPS}
"""The catalog for an object that is picked in Slack, by the parameter's kind.

The catalog stands in the keys of `Submission.selected`.
"""
_JIRA_KEY = re.compile(r"/browse/([A-Z][A-Z0-9_]+-\d+)", re.IGNORECASE)


def incident(form: Incident, submission: Submission) -> dict[str, Any]:
    """Return the attributes of an incident.

    The workspace's own fields are left out, because they can only be set once the incident exists.
    """
    attributes = _given(form, leave_out=(BLOCK, "labels"))
    attributes["kind"] = form.kind
    if form.parent_incident_id and form.kind != "backfilled":
        attributes["kind"] = f"{form.kind}_sub"
    for name in WHEN:
        if moment := getattr(form, name):
            attributes[name] = moment.isoformat(timespec="seconds")
    attributes |= _late(form, submission)
    if (
        channel := submission.selected.get(f"conversations/{form.slack_channel_id}")
    ) and channel.label != channel.id:
        attributes["slack_channel_name"] = channel.label
    if reporter := submission.selected.get(REPORTER):
        attributes["user_id"] = reporter.id
    return attributes | _jira(form) | {"labels": _labels(form, submission)}


def _late(form: Incident, submission: Submission) -> dict[str, str]:
    """Return when a late incident began: when it was submitted, unless the form says.

    Rootly refuses times that are out of order, so it began no later than what the form says of it.
    """
    if not submission.late_since or form.kind == "scheduled":
        return {}
    if form.started_at or form.detected_at:
        return {}
    moments = [getattr(form, name) for name in IN_ORDER]
    given = [in_utc(moment).timestamp() for moment in moments if moment is not None]
    at = iso(min([submission.late_since, *given]))
    return {"started_at": at, "detected_at": at}


def _labels(form: Incident, submission: Submission) -> dict[str, str]:
    """Return the typed labels, and ours.

    The reporter is a label only if Rootly does not know the person. The name is not in the summary,
    because customers read summaries.
    """
    pairs = (line.partition("=") for line in form.labels)
    labels = {name.strip(): value.strip() for name, _, value in pairs}
    if (
        reporter := " ".join(storable(submission.reporter).split())
    ) and REPORTER not in submission.selected:
        labels["slack_reporter"] = reporter
    return {**labels, "slack_ref": submission.marker}


def action_item(form: ActionItem, submission: Submission) -> dict[str, Any]:
    attributes = _given(form, leave_out=("incident_id", BLOCK))
    attributes["description"] = "\n\n".join(filter(None, (form.description, submission.footer)))
    if form.assigned_to_user_id:
        # Users are the only objects of Rootly whose id is a number.
        attributes["assigned_to_user_id"] = int(form.assigned_to_user_id)
    if chosen := selections(submission):
        attributes["form_field_selections"] = chosen
    return attributes | _jira(form)


def _jira(form: Incident | ActionItem) -> dict[str, str]:
    """Return the issue key in a pasted link, unless a key was typed."""
    key = None if form.jira_issue_key else _JIRA_KEY.search(str(form.jira_issue_url))
    return {"jira_issue_key": key[1].upper()} if key else {}


def workflow_task(form: WorkflowTask, submission: Submission) -> dict[str, Any]:
    """Return the attributes of a workflow task.

    The form has to include the parameters of its type (`Operation.form_for`).
    """
    # Only the form that is joined with its parameters has this field.
    params: TaskParameters = getattr(form, "task_params")  # noqa: B009
    attributes = _given(form, leave_out=("workflow_id", "task_type", "task_params"))
    attributes["name"] = f"{form.name or params.task.label} [{submission.marker}]"
    attributes["task_params"] = task_params(params, submission)
    return attributes


def task_params(form: TaskParameters, submission: Submission) -> dict[str, Any]:
    """Return the parameters of a task.

    Rootly's document does not require `task_type`, and its SDK leaves it out. Without it the shapes
    are ambiguous. The document's own enum for it names another type in ten cases, so the value is
    always the name of the type's schema.
    """
    params: dict[str, Any] = {"task_type": form.task.name}
    for parameter in form.task.parameters:
        value = getattr(form, field_name(parameter))
        if parameter.many:
            made: Any = [_value(each, parameter, submission) for each in value]
        else:
            made = None if value in (None, "") else _value(value, parameter, submission)
        if parameter.kind == "channel" and getattr(form, own_channel(parameter)):
            own = {"id": OWN_CHANNEL, "name": OWN_CHANNEL}
            made = [*made, own] if parameter.many else own
        if made not in (None, []):
            params[parameter.name] = made
    return params


def _value(value: Any, parameter: Parameter, submission: Submission) -> Any:
    """Return one value of a parameter in Rootly's shape."""
    if isinstance(value, Named):
        key = "email" if parameter.kind == "member" else "id"
        return {key: value.id, "name": value.name or value.id}
    if parameter.reference:
        catalog = _CATALOG_OF_KIND.get(parameter.kind, parameter.kind)
        entry = submission.selected.get(f"{catalog}/{value}")
        # The name is for people, so an unknown name is the id again.
        return {"id": value, "name": entry.label if entry else value}
    return json.loads(value) if parameter.kind == "object" else value


def _given(form: Form, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the filled-in values for JSON.

    Empty values are left out, addresses and dates are text.
    """
    return {
        name: str(value) if isinstance(value, AnyUrl | date | datetime) else value
        for name, value in form
        if name not in leave_out and value not in (None, "", [])
    }
