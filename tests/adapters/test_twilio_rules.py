"""A workflow's rules: documents, fields, and the conversion of one into the other."""

import json
import time
from typing import Any

import pytest
from hypothesis import given

from bot.adapters.twilio import rules
from bot.adapters.twilio.configuration import LARGEST, MOST_FOUND, problems, warning
from bot.adapters.twilio.rules_forms import FromFields
from bot.errors import FormError
from bot.forms.parse import parse
from bot.forms.sentences import strict_json
from bot.forms.shape import places
from tests.adapters.twilio_filled import FIFO, OTHER_QUEUE, WORKFLOW, WQ, from_fields
from tests.contract.twilio import configurations, workflows

FILTER = "task_routing.filters[0]"
TARGET = f"{FILTER}.targets[0]"
SID = "the SID of a task queue (WQ…)."


def routing(*targets: Any, expression: str = "1 == 1", **more: Any) -> str:
    return json.dumps(
        {"task_routing": {"filters": [{"expression": expression, "targets": targets}], **more}}
    )


CONFIGURATIONS = [
    pytest.param(FIFO, [], id="a default alone"),
    pytest.param(
        routing(
            {
                "queue": WQ,
                "priority": "10",
                "timeout": 300,
                "skip_if": "workers.available == 0",
                "new": 1,
            },
            {},
        ),
        [],
        id="all members, and unknown ones",
    ),
    pytest.param(
        json.dumps(
            {
                "task_routing": {
                    "filters": None,
                    "default_filter": {"task_queue_sid": WQ, "queue": None},
                }
            }
        ),
        [],
        id="an older example's default",
    ),
    pytest.param(
        routing(
            {
                "task_queue_sid": WQ,
                "priority": None,
                "timeout": None,
                "expression": None,
                "skip_if": None,
            }
        ),
        [],
        id="an older example's target, with nulls",
    ),
    pytest.param(
        routing(
            {"queue": WQ, "skip_if": "1==1", "known_worker_sid": "task.agent.sid[0]"},
            {"expression": "task.a==worker.a"},
        ),
        [],
        id="a target that is skipped needs no timeout",
    ),
    pytest.param(
        routing({"task_queue_sid": "x"}),
        [f"Make {TARGET}.task_queue_sid {SID}"],
        id="no SID by the older name",
    ),
    pytest.param(
        "{", ["Line 1, column 2: put a name in straight double quotes here."], id="broken"
    ),
    pytest.param('{"task_routing": {"x": NaN}}', ["NaN isn't JSON. Remove it."], id="NaN"),
    pytest.param("[" * 100_000, ["This is nested too deeply. Use fewer levels."], id="very deep"),
    pytest.param("[]", ["Put an object named “task_routing” inside a JSON object."], id="a list"),
    pytest.param(
        '{"task_routing": {}}',
        ["Add “filters” or “default_filter” to task_routing."],
        id="nothing to route",
    ),
    pytest.param(
        '{"task_routing": {"filters": {}, "default_filter": []}}',
        [
            "Make task_routing.filters a list.",
            "Make task_routing.default_filter an object.",
        ],
        id="wrong types",
    ),
    pytest.param(
        '{"task_routing": {"filters": [1, {"filter_friendly_name": 2}]}}',
        [
            f"Make {FILTER} an object.",
            "Add task_routing.filters[1].expression, which says what tasks the filter takes.",
            "Make task_routing.filters[1].filter_friendly_name a text.",
            "Make task_routing.filters[1].targets a list with at least one target.",
        ],
        id="filters",
    ),
    pytest.param(
        routing(
            {
                "priority": -1,
                "timeout": 0,
                "order_by": 1,
                "known_worker_sid": "a",
                "known_worker_friendly_name": "task.b",
            }
        ),
        [
            f"Make {TARGET}.queue {SID}",
            f"Make {TARGET}.priority a whole number from 0 to 2147483647.",
            f"Make {TARGET}.timeout a whole number from 1 to 2147483647.",
            f"Make {TARGET}.order_by a text.",
            f"Make {TARGET}.known_worker_sid the name of a task's attribute, such as task.agent.",
            f"Name the known worker of {TARGET} by SID or by name. Remove one.",
        ],
        id="a target",
    ),
    pytest.param(
        routing({"queue": WQ, "priority": 2_147_483_648, "timeout": "2147483648"}),
        [
            f"Make {TARGET}.priority a whole number from 0 to 2147483647.",
            f"Make {TARGET}.timeout a whole number from 1 to 2147483647.",
        ],
        id="numbers out of range",
    ),
    pytest.param(
        routing({"queue": WQ}, {"queue": WQ, "timeout": 1}),
        [f"Add a timeout or skip_if to {TARGET}. Without one, tasks never reach the next target."],
        id="no timeout before another target",
    ),
    pytest.param(
        routing({"queue": WQ, "expression": "lang IN worker.langs"}, expression="type = 'ticket'"),
        [
            f"In {FILTER}.expression: At character 6, “= 'ticket'”: write == to compare.",
            f"In {TARGET}.expression: At character 1, “lang IN worker.langs”: begin this name with "
            "“task.” or “worker.”.",
        ],
        id="expressions",
    ),
    pytest.param(
        routing({"queue": WQ, "skip_if": "workers.available"}),
        [
            f"In {TARGET}.skip_if: At the end: put ==, !=, >, >=, <, <=, CONTAINS, HAS, IN or NOT "
            "IN here."
        ],
        id="skip_if",
    ),
    pytest.param(
        FIFO + " " * LARGEST,
        ["This has more than 1,038,576 bytes. Shorten it."],
        id="large",
    ),
]


@pytest.mark.parametrize(("document", "expected"), CONFIGURATIONS)
def test_problems(document: str, expected: list[str]) -> None:
    """A problem of the routing rules has its place."""
    assert problems(document) == expected


def test_a_file_full_of_problems_takes_no_longer_than_one_without() -> None:
    """The check ends at the first few problems, so it takes hardly longer than to read the file."""
    document = json.dumps({"task_routing": {"filters": [{}] * 200_000}})
    ratios = []
    for _ in range(5):
        began = time.perf_counter()
        strict_json(document)
        read = time.perf_counter()
        found = problems(document)
        ratios.append((time.perf_counter() - read) / (read - began))
    assert len(found) == MOST_FOUND
    assert min(ratios) < 1.5


@given(configurations())
def test_no_problems(document: str) -> None:
    """All documented members pass, and undocumented ones are named in one warning."""
    assert problems(document) == []
    assert ("note" in json.loads(document) or "made_up" in document) == bool(warning(document))


def test_warning() -> None:
    """The members that are not documented are named with their places, the first five of them."""
    target = {"queue": WQ, "tiemout": 3, "b": 1, "c": 1}
    document = json.loads(routing(target, default_filter={"queue": WQ, "timeout": 5}, filter=[]))
    assert warning(json.dumps({**document, "x": 1})) == (
        f"Twilio doesn't document x, task_routing.filter, {TARGET}.tiemout, {TARGET}.b, "
        f"{TARGET}.c …. Check these names."
    )
    assert warning(FIFO) == ""


@given(workflows())
def test_fields_there_and_back(form: Any) -> None:
    """Fields become JSON and the same fields again."""
    document = form.rules.document
    assert problems(document) == []
    if isinstance(form.rules, FromFields):
        back = rules.fields(document)
        assert back is not None
        assert rules.configuration(back) == document


NOT_AS_FIELDS = [
    pytest.param('{"task_routing": {"filters": []}}', id="no default queue"),
    pytest.param(
        routing({"queue": WQ, "timeout": 1}, {}, default_filter={"queue": WQ}), id="two targets"
    ),
    pytest.param(
        routing({"queue": WQ, "order_by": "worker.x"}, default_filter={"queue": WQ}),
        id="another member",
    ),
    pytest.param(
        routing({"task_queue_sid": WQ}, default_filter={"queue": WQ}), id="an older member"
    ),
    pytest.param(routing({"queue": WQ}, default_filter={"queue": WQ}, x=1), id="an unknown member"),
    pytest.param(
        routing({"queue": WQ}, expression=f"a == '{'x' * 3000}'", default_filter={"queue": WQ}),
        id="too long",
    ),
    pytest.param("{", id="broken"),
    pytest.param(
        json.dumps(
            {
                "task_routing": {
                    "filters": [{"expression": "1==1", "targets": [{"queue": WQ}]}] * 4,
                    "default_filter": {"queue": WQ},
                }
            }
        ),
        id="four filters",
    ),
]


@pytest.mark.parametrize("document", NOT_AS_FIELDS)
def test_not_as_fields(document: str) -> None:
    """A document with more than the fields can hold does not become fields."""
    assert rules.fields(document) is None


FIELDS = "twilio.workflow.fields"
FORMS = [
    pytest.param(
        {"default_queue": None}, {"default_queue": "Choose an item from the list."}, id="nothing"
    ),
    pytest.param(
        {"default_queue": "Everyone"},
        {"default_queue": "Choose a queue from the list."},
        id="no SID",
    ),
    pytest.param(
        {"filter_1.queue": WQ},
        {"filter_1.expression": "Type a condition, such as type == 'ticket'."},
        id="a filter without an expression",
    ),
    pytest.param(
        {"filter_2.expression": "a == 1"},
        {"filter_2.queue": "Choose a queue for this filter's tasks."},
        id="a filter without a queue",
    ),
    pytest.param(
        {"filter_1.name": "Gold", "filter_3.priority": "5"},
        {
            "filter_1.expression": "Type a condition, such as type == 'ticket'.",
            "filter_3.expression": "Type a condition, such as type == 'ticket'.",
        },
        id="two filters",
    ),
    pytest.param(
        {"filter_1.expression": "first-name == 'Ann'", "filter_1.queue": OTHER_QUEUE},
        {
            "filter_1.expression": "At character 6, “-name == 'Ann'”: remove the hyphen from the "
            "name."
        },
        id="an expression that cannot be read",
    ),
    pytest.param(
        {
            "filter_1.priority": "-1",
            "filter_1.timeout": "0",
            "filter_1.expression": "a==1",
            "filter_1.queue": WQ,
        },
        {
            "filter_1.priority": "Type 0 or more.",
            "filter_1.timeout": "Type 1 or more.",
        },
        id="numbers out of range",
    ),
    pytest.param(
        {"assignment_callback_url": "example.com", "task_reservation_timeout": "86401"},
        {
            "assignment_callback_url": ("Type a web address that begins with https:// or http://."),
            "task_reservation_timeout": "Type 86400 or less.",
        },
        id="the rest",
    ),
]


@pytest.mark.parametrize(("typed", "complaints"), FORMS)
def test_fields(typed: dict[str, str | None], complaints: dict[str, str]) -> None:
    """An error is beside the field of the filter that it is about."""
    errors = errors_of(
        "fields", {"friendly_name": "x", **under("fields", {"default_queue": WQ, **typed})}
    )
    assert errors == {f"{FIELDS}.{name}": sentence for name, sentence in complaints.items()}


def test_json() -> None:
    """The first two problems of a document are beside it, and a note if there are more."""
    document = '{"task_routing": {"filters": [1, 2, 3]}}'
    said = (
        f"Make {FILTER} an object. Make task_routing.filters[1] an object. There are more problems."
    )
    errors = errors_of("json", {"friendly_name": "x", **under("json", {"configuration": document})})
    assert errors == {"twilio.workflow.json.configuration": said}


def under(block: str, typed: dict[str, str | None]) -> dict[str, str | None]:
    return {f"{block}.{name}": value for name, value in typed.items()}


def errors_of(answer: str, typed: dict[str, str | None]) -> dict[str, str]:
    """Return the complaints about a form with this input and all other fields empty."""
    form = WORKFLOW.form_for(answer)
    screen: dict[str, Any] = {}
    for place in places(form, "twilio.workflow"):
        value = typed.get(place.block_id.removeprefix("twilio.workflow."))
        option = (
            {"value": value, "text": {"type": "plain_text", "text": str(value)}} if value else None
        )
        state = {"selected_option": option} if place.field.kind == "lookup" else {"value": value}
        screen[place.block_id] = {"value": state}
    with pytest.raises(FormError) as caught:
        parse(form, "twilio.workflow", screen)
    return caught.value.errors


def test_an_empty_filter_is_none() -> None:
    """A filter without values is not sent."""
    assert from_fields(filter_1={}, filter_2={"name": None}).rules.document == FIFO  # type: ignore[attr-defined]
