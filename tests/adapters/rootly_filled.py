"""Filled-in forms for Rootly, as its tests need them."""

from typing import Any

from pydantic import SecretStr

from bot.adapters.base import Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.forms import WorkflowTask
from bot.adapters.rootly.task_forms import task_form
from bot.forms.fields import Form

AddActionItem: Any = task_form("add_action_item")
SendEmail: Any = task_form("send_email")
"""Forms made at run time, whose fields no type checker knows."""
SEND = SendEmail(to=["ops@example.com"], subject="Down", body="It is.")
MARKER = "ir4f2a9c01b2c3"
KEY = ApiKey(api_key=SecretStr("rootly_key"))


def submit(form: Form, **more: Any) -> Submission:
    return Submission(form, MARKER, **more)


def task(**values: Any) -> WorkflowTask:
    form = next(each for each in Rootly.operations if each.name == "workflow_task").form_for(
        values["task_type"]
    )
    made = form(**values)
    assert isinstance(made, WorkflowTask)
    return made
