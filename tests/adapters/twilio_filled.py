"""Twilio's forms, filled in."""

from typing import Any

from pydantic import SecretStr

from bot.adapters.twilio import Twilio, TwilioKey, Workflow

MARKER = "ir4f2a9c01b2c3"
SK, WS, WQ, WW, WK = (f"{prefix}{'0a' * 16}" for prefix in ("SK", "WS", "WQ", "WW", "WK"))
OTHER_QUEUE = f"WQ{'1b' * 16}"
KEY = TwilioKey(key_sid=SecretStr(SK), key_secret=SecretStr("s3cret"), workspace_sid=SecretStr(WS))
FIFO = f'{{"task_routing":{{"default_filter":{{"queue":"{WQ}"}}}}}}'
WORKFLOW = Twilio.operations[0]


def from_fields(
    friendly_name: str = "Night shift", default_queue: str = WQ, **rules: Any
) -> Workflow:
    """Return a workflow whose rules are fields; `rules` are more of them."""
    values = {"friendly_name": friendly_name, "rules": {"default_queue": default_queue, **rules}}
    return _workflow("fields", values)


def from_json(
    configuration: str = FIFO, friendly_name: str = "Night shift", **rules: Any
) -> Workflow:
    """Return a workflow whose rules are JSON."""
    values = {
        "friendly_name": friendly_name,
        "routing": "json",
        "rules": {"configuration": configuration, **rules},
    }
    return _workflow("json", values)


def _workflow(answer: str, values: dict[str, Any]) -> Workflow:
    form = WORKFLOW.form_for(answer).model_validate(values)
    assert isinstance(form, Workflow)
    return form
