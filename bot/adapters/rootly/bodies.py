"""A filled-in form as the attributes of Rootly's JSON:API document."""

import json
import re
from datetime import date, datetime
from typing import Any

from pydantic import AnyUrl

from bot.adapters.base import REPORTER, Submission, storable
from bot.adapters.rootly.custom_fields import selections
from bot.adapters.rootly.forms import WHEN, ActionItem, Incident, WorkflowTask
from bot.adapters.rootly.task_forms import OWN_CHANNEL, TaskParameters, field_name, own_channel
from bot.adapters.rootly.tasks import Parameter
from bot.forms.custom_fields import BLOCK
from bot.forms.fields import USER_GROUPS, Form, Named

_CATALOG_OF_KIND = {"channel": "conversations", "person": "people", "user_group": USER_GROUPS}
"""Where `Submission.chosen` holds what is picked in Slack, by the parameter's kind."""
_JIRA_KEY = re.compile(r"/browse/([A-Z][A-Z0-9_]+-\d+)", re.IGNORECASE)


def incident(form: Incident, submission: Submission) -> dict[str, Any]:
    """Without the workspace's own fields, which can only be set once the incident exists."""
    attributes = _given(form, leave_out=(BLOCK, "labels"))
    attributes["kind"] = form.kind
    if form.parent_incident_id and form.kind != "backfilled":
        attributes["kind"] = f"{form.kind}_sub"
    for name in WHEN:
        if moment := getattr(form, name):
            attributes[name] = moment.isoformat(timespec="seconds")
    if (
        channel := submission.chosen.get(f"conversations/{form.slack_channel_id}")
    ) and channel.label != channel.id:
        attributes["slack_channel_name"] = channel.label
    if reporter := submission.chosen.get(REPORTER):
        attributes["user_id"] = reporter.id
    return attributes | _jira(form) | {"labels": _labels(form, submission)}


def _labels(form: Incident, submission: Submission) -> dict[str, str]:
    """What was typed, and ours. The reporter is named there too unless Rootly knows the person: a
    summary is read by customers."""
    pairs = (line.partition("=") for line in form.labels)
    labels = {name.strip(): value.strip() for name, _, value in pairs}
    if (
        reporter := " ".join(storable(submission.reporter).split())
    ) and REPORTER not in submission.chosen:
        labels["slack_reporter"] = reporter
    return {**labels, "slack_ref": submission.marker}


def action_item(form: ActionItem, submission: Submission) -> dict[str, Any]:
    attributes = _given(form, leave_out=("incident_id", BLOCK))
    attributes["description"] = "\n\n".join(filter(None, (form.description, submission.footer)))
    if form.assigned_to_user_id:
        # The one id that is a number: Rootly's users.
        attributes["assigned_to_user_id"] = int(form.assigned_to_user_id)
    if chosen := selections(submission):
        attributes["form_field_selections"] = chosen
    return attributes | _jira(form)


def _jira(form: Incident | ActionItem) -> dict[str, str]:
    """The key out of a pasted link, unless one was typed."""
    key = None if form.jira_issue_key else _JIRA_KEY.search(str(form.jira_issue_url))
    return {"jira_issue_key": key[1].upper()} if key else {}


def workflow_task(form: WorkflowTask, submission: Submission) -> dict[str, Any]:
    """Expects the form joined with its type's parameters (`Operation.form_for`)."""
    params: TaskParameters = getattr(form, "task_params")  # noqa: B009 - only the joined form has it
    attributes = _given(form, leave_out=("workflow_id", "task_type", "task_params"))
    attributes["name"] = f"{form.name or params.task.label} [{submission.marker}]"
    attributes["task_params"] = task_params(params, submission)
    return attributes


def task_params(form: TaskParameters, submission: Submission) -> dict[str, Any]:
    """Rootly's document does not require `task_type`, and its SDK leaves it out; without it the
    shapes are ambiguous.

    The document's own enum of it names another type in ten cases; what goes is always the name of
    the type's schema.
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
    """Return one value as Rootly wants it."""
    if isinstance(value, Named):
        key = "email" if parameter.kind == "member" else "id"
        return {key: value.id, "name": value.name or value.id}
    if parameter.reference:
        return _reference(_CATALOG_OF_KIND.get(parameter.kind, parameter.kind), value, submission)
    return json.loads(value) if parameter.kind == "object" else value


def _reference(catalog: str, chosen: str, submission: Submission) -> dict[str, str]:
    """Rootly's `{id, name}`; the name is for people, so an unknown one is the id again."""
    entry = submission.chosen.get(f"{catalog}/{chosen}")
    return {"id": chosen, "name": entry.label if entry else chosen}


def _given(form: Form, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """What was filled in, as JSON takes it: nothing empty, addresses and dates as text."""
    return {
        name: str(value) if isinstance(value, AnyUrl | date | datetime) else value
        for name, value in form
        if name not in leave_out and value not in (None, "", [])
    }
