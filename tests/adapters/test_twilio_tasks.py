"""A Twilio task: its attributes as a person types them, its request, and the search for it."""

import json
import time
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.adapters.base import Created, Submission
from bot.adapters.twilio import Task, Twilio
from bot.adapters.twilio.attributes import LARGEST, minified, parse
from bot.errors import RejectedError, RetryLaterError
from tests.adapters.conftest import CannedVendor
from tests.adapters.places import place
from tests.adapters.twilio_filled import KEY, MARKER, WK, WQ, WS, WW
from tests.contract.twilio import attributes, tasks

WRITTEN = [
    ("", {}),
    ("type = ticket", {"type": "ticket"}),
    ("  a=1\n\nb = -2.5 \nc = true\nd = null\n", {"a": 1, "b": -2.5, "c": True, "d": None}),
    ('phone = "0123"\nzip = 0123', {"phone": "0123", "zip": "0123"}),
    ('langs = ["en", "de"]\nwho = {"id": 7}', {"langs": ["en", "de"], "who": {"id": 7}}),
    ("formula = a = b\nempty =", {"formula": "a = b", "empty": ""}),
    ("not_a_number = NaN\ntoo_large = 1e999", {"not_a_number": "NaN", "too_large": "1e999"}),
    ('note = He said "no"', {"note": 'He said "no"'}),
    (' {"a": {"b": [1, "x"]},\n "c-d": 2}', {"a": {"b": [1, "x"]}, "c-d": 2}),
    ("{}", {}),
]


@pytest.mark.parametrize(("text", "expected"), WRITTEN)
def test_parse(text: str, expected: dict[str, Any]) -> None:
    """Lines and JSON become attributes; a number, a list or an object keeps its type."""
    assert parse(text) == expected


UNREADABLE = [
    ("ticket", "Line 1, “ticket”: type name = value, or type JSON."),
    (
        "a = 1\nfirst-name = Ann",
        "Line 2, “first-name”: use letters, digits and _ for the name.",
    ),
    (
        "= 1",
        "Line 1, “”: use letters, digits and _ for the name.",
    ),
    ("a = 1\nb = 2\na = 3", "Line 3: the name “a” is there twice. Remove one."),
    (
        "langs = ['en']",
        "Line 1: this isn't JSON. Put text in straight double quotes.",
    ),
    ('{"a": 1,}', "Line 1, column 9: put a name in straight double quotes here."),
    ('{"a": 1, "a": 2}', "The name “a” is there twice. Remove one."),
    ("slack_ref = x", "We add “slack_ref”. Remove it here."),
    ('{"slack_reporter": "x"}', "We add “slack_reporter”. Remove it here."),
    (f"a = {'[' * 60}{']' * 60}", "This is nested too deeply. Use fewer levels."),
]


@pytest.mark.parametrize(("text", "sentence"), UNREADABLE)
def test_unreadable(text: str, sentence: str) -> None:
    """A text that cannot be read is explained with its line."""
    with pytest.raises(ValueError, match=r"\.$") as caught:
        parse(text)
    assert str(caught.value) == sentence


@given(st.text(max_size=60) | st.text('{}[]",:= a1\n\\ud800', max_size=60))
def test_any_text(text: str) -> None:
    """Any text becomes attributes that can be sent, or one complaint."""
    try:
        found = parse(text)
    except ValueError as error:
        said = str(error)
    else:
        said = minified(found, MARKER, "Ann")
        said.encode()
        assert json.loads(said)["slack_ref"] == MARKER
    assert said


@given(attributes)
def test_lines_and_json_say_the_same(found: dict[str, Any]) -> None:
    """Attributes as lines are the same as those in JSON."""
    assert (
        parse("\n".join(f"{name} = {json.dumps(value)}" for name, value in found.items())) == found
    )
    assert parse(json.dumps(found, indent=2)) == found


@given(tasks(), st.text(max_size=200))
def test_never_too_long(form: Task, reporter: str) -> None:
    """Attributes that fit the form fit Twilio with any reporter, and can be read back."""
    sent = minified(form.given, MARKER, reporter)
    sent.encode()
    assert len(sent) <= LARGEST
    assert json.loads(sent) == {
        **json.loads(json.dumps(form.given)),
        "slack_ref": MARKER,
        **(
            {"slack_reporter": json.loads(sent)["slack_reporter"]}
            if "slack_reporter" in sent
            else {}
        ),
    }


def test_the_longest_task() -> None:
    """The longest task has room for the longest name of a reporter, and for nothing more."""
    room = LARGEST - len(minified({"title": ""}, MARKER, "n" * 200))
    longest = Task(title="t" * room)
    assert len(minified(longest.given, MARKER, "n" * 200)) == LARGEST
    assert len(minified(longest.given, MARKER, '"' * 200)) <= LARGEST
    with pytest.raises(ValidationError) as caught:
        Task(title="t" * (room + 1))
    assert told(caught.value) == (
        "title",
        "Title, description and attributes are 1 character too long. Shorten one.",
    )


FORMS = [
    (
        {"description": "d" * 3000, "attributes": f"a = {'x' * 2000}"},
        "attributes",
        "Title, description and attributes are 1,070 characters too long. Shorten one.",
    ),
    (
        {"description": "d" * 4000},
        "description",
        "Title, description and attributes are 63 characters too long. Shorten one.",
    ),
    (
        {"attributes": "title = y"},
        "attributes",
        "“title” has its own field. Remove it here.",
    ),
    (
        {"description": "x", "attributes": "description = y"},
        "attributes",
        "“description” has its own field. Remove it here.",
    ),
    (
        {"ignore_capacity": "true"},
        "ignore_capacity",
        "Choose a worker (WK…) as the routing target, or leave this empty.",
    ),
    (
        {"ignore_capacity": "true", "routing_target": WQ},
        "ignore_capacity",
        "Choose a worker (WK…) as the routing target, or leave this empty.",
    ),
    (
        {"routing_target": "Ann"},
        "routing_target",
        "Value error, Paste the SID of a worker (WK…), a queue (WQ…) or a workflow (WW…).",
    ),
    ({"workflow_sid": WQ}, "workflow_sid", "Value error, Choose a workflow from the list."),
    ({"task_queue_sid": WW}, "task_queue_sid", "Value error, Choose a queue from the list."),
    (
        {"virtual_start_time": "2999-01-01T00:00:00Z"},
        "virtual_start_time",
        "Value error, Choose a time in the past, after 1899.",
    ),
    (
        {"virtual_start_time": "1899-12-31T23:59:59"},
        "virtual_start_time",
        "Value error, Choose a time in the past, after 1899.",
    ),
    ({"priority": 2_147_483_648}, "priority", "Input should be less than or equal to 2147483647"),
    ({"timeout": 1_209_601}, "timeout", "Input should be less than or equal to 1209600"),
    ({"timeout": 0}, "timeout", "Input should be greater than or equal to 1"),
]


@pytest.mark.parametrize(("values", "field", "sentence"), FORMS)
def test_form(values: dict[str, Any], field: str, sentence: str) -> None:
    """Every broken rule has its sentence beside the field."""
    with pytest.raises(ValidationError) as caught:
        Task.model_validate({"title": "x", **values})
    assert told(caught.value) == (field, sentence)


def told(error: ValidationError) -> tuple[str, str]:
    """Return the only complaint: (field, sentence)."""
    (only,) = error.errors()
    return only.get("ctx", {}).get("field") or str(only["loc"][0]), only["msg"]


def test_a_worker_can_be_asked_for() -> None:
    """A worker's SID is sent with the choice for a worker that is full."""
    assert Task(title="x", routing_target=WK, ignore_capacity="true").ignore_capacity == "true"


def test_created() -> None:
    """A task's title is the typed one; its link is the console's list of tasks."""
    twilio = Twilio(httpx.AsyncClient(), "https://taskrouter.twilio.com")
    page = f"https://www.twilio.com/console/taskrouter/workspaces/{WS}/tasks"
    assert twilio._created("WT1", {}, Submission(Task(title="Call Ann"), MARKER), KEY) == Created(
        id="WT1", title="Call Ann", url=page
    )


# Looking for a task

PATH = f"/v1/Workspaces/{WS}/Tasks"
ASKED = f'{PATH}?EvaluateTaskAttributes=slack_ref == "{MARKER}"&PageSize=1000'
MINE = json.dumps({"slack_ref": MARKER})


async def look(client: httpx.AsyncClient, vendor: CannedVendor, age: float = 0.0) -> list[Created]:
    """Search for a task that was sent so many seconds ago."""
    twilio = Twilio(client, vendor.url, clock=lambda: 1000.0 + age)
    return await twilio.find("task", Submission(Task(title="x"), MARKER), KEY, 1000.0)


def listing(*rows: Any) -> tuple[int, Any]:
    return 200, {"tasks": list(rows), "meta": {"next_page_url": None}}


async def test_a_list_without_attributes(vendor: CannedVendor, client: httpx.AsyncClient) -> None:
    """A task in the list without attributes is read by itself; others and deleted ones are not
    ours."""
    vendor.will_answer(
        listing(
            {"sid": "WT1", "attributes": None},
            {"sid": "WT2"},
            {"sid": "WT3", "attributes": "{}"},
            {"sid": "WT4"},
        ),
        (200, {"sid": "WT1", "attributes": MINE}),
        (404, {"code": 20404}),
        (200, {"sid": "WT4", "attributes": json.dumps({"slack_ref": "ir000000000000"})}),
    )
    assert [each.id for each in await look(client, vendor)] == ["WT1"]
    assert vendor.paths == [ASKED, f"{PATH}/WT1", f"{PATH}/WT2", f"{PATH}/WT4"]


async def test_a_filter_that_is_passed_over(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """A list of many tasks without attributes settles nothing."""
    vendor.will_answer(listing(*({"sid": f"WT{number}"} for number in range(11))))
    with pytest.raises(RetryLaterError, match=r"can't read\.$"):
        await look(client, vendor)
    assert len(vendor.paths) == 1


async def test_a_task_that_cannot_be_read(vendor: CannedVendor, client: httpx.AsyncClient) -> None:
    """A refusal of the single task is the answer."""
    vendor.will_answer(listing({"sid": "WT1"}), (400, {"message": "No"}))
    with pytest.raises(RejectedError, match=r"^No$"):
        await look(client, vendor)


@pytest.mark.parametrize("age", [-5.0, 0.0, 240.0])
async def test_absence_is_trusted_for_four_minutes(
    vendor: CannedVendor, client: httpx.AsyncClient, age: float
) -> None:
    """In the first minutes, a task that is not in the list was not created."""
    vendor.will_answer(listing())
    assert await look(client, vendor, age) == []


async def test_absence_says_nothing_later(vendor: CannedVendor, client: httpx.AsyncClient) -> None:
    """Later a missing task may be finished, so a person has to check; a listed one is found."""
    vendor.will_answer(listing(), listing({"sid": "WT1", "attributes": MINE}))
    with pytest.raises(RejectedError) as caught:
        await look(client, vendor, 240.1)
    assert str(caught.value) == (
        "Twilio doesn't list the task, but removes finished tasks after some minutes. Look in "
        "Twilio's console."
    )
    assert [each.id for each in await look(client, vendor, 9999.0)] == ["WT1"]


async def test_at_the_stand_in(client: httpx.AsyncClient) -> None:
    """A task is found while it waits and after its end, until Twilio deletes it."""
    async with place("twilio.task", client) as here:
        began = time.time()
        here.vendor.bare_lists = True
        created = await here.create(here.submission())
        assert await here.find(here.submission(), began) == [created]
        here.vendor.tasks.finish(created.id)
        assert await here.find(here.submission(), began) == [created]
        here.vendor.tasks.finish(created.id, began - 301)
        assert await here.find(here.submission(), began) == []
        with pytest.raises(RejectedError, match="removes finished tasks"):
            await here.find(here.submission(), began - 241)


async def test_not_more_than_three_questions_a_second(client: httpx.AsyncClient) -> None:
    """The fourth search in a second waits, because Twilio evaluates three expressions a second."""
    async with place("twilio.task", client) as here:
        for _ in range(4):
            assert await here.find(here.submission(), time.time()) == []
        assert {each.status for each in here.vendor.requests} == {200}
