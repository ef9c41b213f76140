"""A filled-in form as the attributes of Rootly's JSON:API document."""

import re
from datetime import date, datetime
from typing import Any

from pydantic import AnyUrl

from bot.adapters.base import Submission
from bot.adapters.rootly.forms import TASKS, WHEN, ActionItem, Incident, WorkflowTask
from bot.forms.fields import Form

_JIRA_KEY = re.compile(r"/browse/([A-Z][A-Z0-9_]+-\d+)", re.IGNORECASE)


def incident(form: Incident, submission: Submission) -> dict[str, Any]:
    attributes = _given(form)
    attributes["kind"] = form.kind
    if form.parent_incident_id and form.kind != "backfilled":
        attributes["kind"] = f"{form.kind}_sub"
    for name in WHEN:
        if moment := getattr(form, name):
            attributes[name] = moment.isoformat(timespec="seconds")
    return attributes | {"labels": {"slack_ref": submission.marker}}


def action_item(form: ActionItem, submission: Submission) -> dict[str, Any]:
    attributes = _given(form, leave_out=("incident_id",))
    attributes["description"] = "\n\n".join(filter(None, (form.description, submission.footer)))
    if form.assigned_to_user_id:
        # The one id that is a number: Rootly's users.
        attributes["assigned_to_user_id"] = int(form.assigned_to_user_id)
    if not form.jira_issue_key and (key := _JIRA_KEY.search(str(form.jira_issue_url))):
        attributes["jira_issue_key"] = key[1].upper()
    return attributes


def workflow_task(form: WorkflowTask, submission: Submission) -> dict[str, Any]:
    """Expects the form joined with its type's parameters (`Operation.form_for`)."""
    params: Form = getattr(form, "task_params")  # noqa: B009 - only the joined form has it
    words = next(task.words for task in TASKS if task.block == form.task_type)
    attributes = _given(form, leave_out=("workflow_id", "task_type", "task_params"))
    attributes["name"] = f"{form.name or words} [{submission.marker}]"
    # Rootly's document does not require `task_type`, and its SDK leaves it out; without it the shapes are ambiguous.
    attributes["task_params"] = {"task_type": form.task_type, **task_params(params, submission)}
    return attributes


def task_params(form: Form, submission: Submission) -> dict[str, Any]:
    params = {name.rstrip("_"): value for name, value in _given(form).items()}
    if user := params.get("assigned_to_user"):
        params["assigned_to_user"] = _named("users", user, submission)
    if channels := params.get("post_to_slack_channels"):
        params["post_to_slack_channels"] = [_named("conversations", channel, submission) for channel in channels]
    return params


def _named(catalog: str, chosen: str, submission: Submission) -> dict[str, str]:
    """Rootly's `{id, name}`; the name is for people, so an unknown one is the id again."""
    entry = submission.chosen.get(f"{catalog}/{chosen}")
    return {"id": chosen, "name": entry.label if entry else chosen}


def _given(form: Form, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """What was filled in, as JSON takes it: nothing empty, addresses and dates as text."""
    return {
        name: str(value) if isinstance(value, AnyUrl | date | datetime) else value
        for name in type(form).model_fields
        if name not in leave_out and (value := getattr(form, name)) not in (None, "", [])
    }
