"""Twilio's words beside the fields that they are about."""

from typing import Any

import pytest

from bot.adapters.twilio import Task
from bot.adapters.twilio.refusals import complaints
from bot.forms.fields import Form
from tests.adapters.twilio_filled import FIFO, OTHER_QUEUE, WQ, WW, from_fields, from_json

GOLD = {"expression": "a==1", "queue": OTHER_QUEUE}
TWO = from_fields(filter_1=GOLD, filter_3={"expression": "b==1", "queue": WQ, "timeout": 5})
"""The second filter that is sent is the third one of the form."""
ONE_FILTER = from_fields(filter_2=GOLD)
GONE = "WQ" + "9" * 32

MESSAGES: list[tuple[Form, str, list[str]]] = [
    (from_fields(), "Configuration is not valid", ["rules.default_queue"]),
    (TWO, "Configuration is not valid", []),
    (
        TWO,
        f"Configuration: TaskQueue {WQ} in filters[1].targets[0] does not exist",
        ["rules.filter_3.queue"],
    ),
    (TWO, "Configuration: filters[0].expression cannot be parsed", ["rules.filter_1.expression"]),
    (TWO, "Configuration: filters[1] is invalid", ["rules.filter_3.expression"]),
    (TWO, "Configuration: filters[1].targets[0].timeout is too long", ["rules.filter_3.timeout"]),
    (TWO, "Configuration: filters[0].targets[0].priority", ["rules.filter_1.priority"]),
    (TWO, "Configuration: filter[0].filter_friendly_name is taken", ["rules.filter_1.name"]),
    (TWO, "Configuration: queue of filters[0] not found", ["rules.filter_1.queue"]),
    (TWO, "Configuration: filters[2].expression is invalid", []),
    (TWO, "Configuration: default_filter.queue is invalid", ["rules.default_queue"]),
    (TWO, f"TaskQueue {WQ} does not exist", ["rules.default_queue", "rules.filter_3.queue"]),
    (TWO, f"TaskQueue {OTHER_QUEUE} does not exist", ["rules.filter_1.queue"]),
    (ONE_FILTER, "TaskReservationTimeout is odd", ["rules.task_reservation_timeout"]),
    (ONE_FILTER, "the configuration cannot be read", []),
    (from_json(), "Invalid Configuration", ["rules.configuration"]),
    (from_json(), "task_routing is missing", ["rules.configuration"]),
    (from_json(), "targets[0] has no queue", ["rules.configuration"]),
    (from_json(), f"TaskQueue {WQ} does not exist", ["rules.configuration"]),
    (from_json(), f"TaskQueue {GONE} does not exist", []),
    (from_json(), "AssignmentCallbackUrl is no URL", ["rules.assignment_callback_url"]),
    (Task(title="x"), "Attributes is longer than 4096 characters", ["attributes"]),
    (Task(title="x"), "Missing required parameter WorkflowSid in the post body", ["workflow_sid"]),
    (Task(title="x"), "Priority must be a number", ["priority"]),
    (Task(title="x"), "Timeout must be positive", ["timeout"]),
    (Task(title="x"), "VirtualStartTime is in the future", ["virtual_start_time"]),
    (Task(title="x"), "IgnoreCapacity needs a worker", ["ignore_capacity"]),
    (Task(title="x"), "TaskChannel voice does not exist", ["task_channel"]),
    (Task(title="x", workflow_sid=WW), f"{WW} was not found", ["workflow_sid"]),
    (
        Task(title="x", task_queue_sid=WQ, routing_target=WQ),
        f"{WQ} was not found",
        ["task_queue_sid", "routing_target"],
    ),
    (Task(title="x"), "Something else", []),
]


@pytest.mark.parametrize(("form", "message", "fields"), MESSAGES)
def test_messages(form: Form, message: str, fields: list[str]) -> None:
    """The usual body's message goes beside the fields that it names by parameter, place or SID."""
    found = complaints({"code": 20001, "message": message, "status": 400}, form)
    assert found == (dict.fromkeys(fields, message), [] if fields else [message])


POINTERS: list[tuple[Form, list[tuple[str, str]], dict[str, str], list[str]]] = [
    (
        TWO,
        [
            ("#/Configuration/task_routing/filters/1/targets/0/queue", "is unknown"),
            ("/Configuration/task_routing/filters/0/expression", "cannot be read"),
            ("/task_routing/default_filter/queue", "is unknown"),
            ("/FriendlyName", "is long"),
            ("/x", "What?"),
        ],
        {
            "rules.filter_3.queue": "is unknown",
            "rules.filter_1.expression": "cannot be read",
            "rules.default_queue": "is unknown",
            "friendly_name": "is long",
        },
        ["What?"],
    ),
    (
        from_json(FIFO),
        [
            ("/Configuration/task_routing", "one"),
            ("#/task_routing/filters/0", "two"),
            ("/y", "Timeout"),
        ],
        {"rules.configuration": "one; two"},
        ["Timeout"],
    ),
    (
        Task(title="x"),
        [("#/Attributes", "too long"), ("/body/workflow_sid", "is gone"), ("", "Priority is high")],
        {"attributes": "too long", "workflow_sid": "is gone", "priority": "Priority is high"},
        [],
    ),
]


@pytest.mark.parametrize(("form", "errors", "fields", "rest"), POINTERS)
def test_pointers(
    form: Form, errors: list[tuple[str, str]], fields: dict[str, str], rest: list[str]
) -> None:
    """The newer body's errors go beside the fields that their pointers lead to."""
    body: Any = {
        "title": "Bad",
        "code": 20001,
        "errors": [{"pointer": at, "detail": said} for at, said in errors],
    }
    assert complaints(body, form) == (fields, rest)


def test_without_a_form() -> None:
    """The words of a read's refusal are about no field."""
    assert complaints({"message": "FriendlyName is odd"}, None) == ({}, ["FriendlyName is odd"])
