"""Twilio's forms in Slack: within its limits, read back unchanged, filled in from a workflow."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.adapters.base import Entry, Prefill
from bot.adapters.twilio import Twilio
from bot.adapters.twilio.bodies import rules_of
from bot.adapters.twilio.configuration import problems
from bot.adapters.twilio.lists import TOO_LONG, TOO_LONG_TO_COPY, WOULD_REPLACE, entries, prefill
from bot.adapters.twilio.rules import FILTERS
from bot.adapters.twilio.rules_forms import Beginnings, Filter, Filter2
from bot.errors import FormError, RejectedError, UnauthorizedError
from bot.forms.fields import Form
from bot.forms.files import Fetched, with_files
from bot.forms.parse import NOTICE, parse
from bot.forms.render import modal, more_block, render
from bot.playground.slack.limits import check_view
from tests.adapters.conftest import CannedVendor
from tests.adapters.twilio_filled import FIFO, KEY, OTHER_QUEUE, WORKFLOW, WQ, WS, WW
from tests.contract.twilio import tasks, workflows
from tests.forms.filling import untouched

OLDEST_SLACK_TAKES = datetime(2001, 9, 9, 2, tzinfo=UTC)


def view_of(form: type[Form], prefix: str, values: Any, *, more: bool = True) -> dict[str, Any]:
    blocks = render(form, prefix, values=values, more=more)
    blocks += [] if more else [more_block(prefix)]
    return modal(
        callback_id="form:x", title="Twilio TaskRouter", blocks=blocks, private_metadata=""
    )


@pytest.mark.parametrize("answer", [None, "fields", "json", f"fields@{WW}", f"json@{WW}"])
@pytest.mark.parametrize("more", [False, True])
def test_every_beginning_fits_slack(answer: str | None, more: bool) -> None:
    """Each way to begin is a form within Slack's limits; a copy's blocks are its own."""
    view = view_of(WORKFLOW.form_for(answer), "twilio.workflow", {}, more=more)
    assert check_view(view) == []
    block = WW if answer and "@" in answer else answer or "fields"
    ids = [part["block_id"] for part in view["blocks"]]
    assert ids[:2] == ["twilio.workflow.friendly_name", "twilio.workflow.routing"]
    assert {block_id.split(".")[2] for block_id in ids[2:] if block_id != "more"} == {block}


def in_one_line(values: Any, name: str = "") -> Any:
    """Return the values as inputs of one line have them."""
    if isinstance(values, dict):
        return {name: in_one_line(value, name) for name, value in values.items()}
    return (
        " ".join(values.splitlines())
        if isinstance(values, str) and name != "configuration"
        else values
    )


@given(workflows())
def test_workflows_are_read_back(form: Any) -> None:
    """A workflow's form is read back unchanged, as fields and as JSON."""
    values = in_one_line(form.model_dump(mode="json"))
    assume(len(values["rules"].get("configuration") or "") <= 3000)
    shape = WORKFLOW.form_for(form.routing)
    view = view_of(shape, "twilio.workflow", values)
    assert check_view(view) == []
    assert parse(shape, "twilio.workflow", untouched(view)).model_dump(mode="json") == values


@given(tasks())
def test_tasks_are_read_back(form: Any) -> None:
    """A task's form is read back unchanged."""
    assume(form.virtual_start_time is None or form.virtual_start_time > OLDEST_SLACK_TAKES)
    assume(form.task_channel != NOTICE)  # a note in a picker, and no entry
    form = form.model_copy(
        update={"virtual_start_time": form.virtual_start_time and OLDEST_SLACK_TAKES}
    )
    view = view_of(type(form), "twilio.task", form.model_dump(mode="json"))
    assert check_view(view) == []
    back = parse(type(form), "twilio.task", untouched(view))
    blank = {"attributes": form.attributes or None}
    assert back == form.model_copy(update=blank)


def test_the_titles_say_which_filter() -> None:
    """Three filters stand below each other, and Slack has no headings there."""
    assert [info.title for info in Filter2.model_fields.values()] == [
        "Filter 2: name",
        "Filter 2: expression",
        "Filter 2: queue",
        "Filter 2: priority",
        "Filter 2: timeout",
    ]
    assert Filter.model_fields["name"].title == "name"


@pytest.mark.parametrize(
    "name", ["", "x", "fields@", "fields@WW1", f"fields@{WW}\n", f"other@{WW}", WW]
)
def test_no_beginning(name: str) -> None:
    """Nothing but the two ways, and either with a workflow's SID, is a form."""
    beginnings = Beginnings()
    assert name not in beginnings
    with pytest.raises(KeyError):
        beginnings[name]
    assert WORKFLOW.form_for(name) is WORKFLOW.form_for("fields")


# The lists

LONG = json.dumps({"task_routing": {"default_filter": {"queue": WQ}}, "note": "n" * 3000})
ODD = '{"task_routing": {"filters": []}, "note": "\\ud800"}'
ROWS = [
    {
        "sid": WW,
        "friendly_name": "b [ir0123456789ab]",
        "configuration": FIFO,
        "task_reservation_timeout": 120,
    },
    {
        "sid": f"{WW[:-1]}b",
        "friendly_name": "a",
        "configuration": ODD,
        "task_reservation_timeout": 90,
    },
    {
        "sid": f"{WW[:-1]}c",
        "friendly_name": "c",
        "configuration": LONG,
        "assignment_callback_url": "https://example.com",
    },
    {"sid": f"{WW[:-1]}d", "friendly_name": "no configuration"},
    {"sid": "WW1", "friendly_name": "no SID", "configuration": FIFO},
    {"sid": f"{WW[:-1]}e", "friendly_name": "no object", "configuration": "[]"},
]


def test_beginnings() -> None:
    """The list has the two ways, then every readable workflow: as fields, as JSON, or too long for
    both."""
    written = json.dumps({"task_routing": {"filters": []}, "note": "?"}, indent=2)
    assert entries("beginnings", ROWS) == [
        Entry(id="fields", label="Fields: a default queue and filters"),
        Entry(id="json", label="JSON"),
        Entry(
            id=f"json@{WW[:-1]}b",
            label="Copy of a",
            detail="as JSON",
            data=json.dumps({"configuration": written, "task_reservation_timeout": 90}),
        ),
        Entry(id=f"fields@{WW}", label="Copy of b", data=json.dumps({"default_queue": WQ})),
        Entry(
            id=f"json@{WW[:-1]}c",
            label="Copy of c",
            detail=f"Too long for a form ({len(LONG):,} characters)",
        ),
    ]


def test_a_long_copy_is_written_closely() -> None:
    """Rules that are too long with line breaks are offered without them."""
    targets = [{"queue": WQ, "timeout": 1, "priority": 1}] * 37
    document = {"task_routing": {"filters": [{"expression": "1==1", "targets": targets}]}}
    assert len(json.dumps(document, indent=2)) > 3000
    copied = entries(
        "beginnings", [{"sid": WW, "friendly_name": "x", "configuration": json.dumps(document)}]
    )[-1]
    assert json.loads(copied.data) == {"configuration": json.dumps(document, separators=(",", ":"))}


def test_workflows_and_channels() -> None:
    """A workflow is offered by the name that was typed, a channel by its unique name."""
    assert [(entry.id, entry.label) for entry in entries("workflows", ROWS[:2])] == [
        (f"{WW[:-1]}b", "a"),
        (WW, "b"),
    ]
    rows = [
        {"sid": "TC1", "unique_name": "voice", "friendly_name": "Voice calls"},
        {"sid": "TC2", "unique_name": "default", "friendly_name": "default"},
        {"sid": "TC3", "unique_name": None, "friendly_name": "without"},
    ]
    assert entries("task_channels", rows) == [
        Entry(id="default", label="default"),
        Entry(id="voice", label="Voice calls", detail="voice"),
    ]


async def test_a_key_that_may_not_list_workflows(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """Such a key can begin with fields or JSON, and has no list of workflows."""
    twilio = Twilio(client, vendor.url)
    refused = (403, {"code": 70051, "message": "Not allowed"})
    vendor.will_answer(refused, refused, (404, {"code": 20404}))
    assert [entry.id for entry in await twilio.entries("beginnings", KEY)] == ["fields", "json"]
    with pytest.raises(UnauthorizedError):
        await twilio.entries("workflows", KEY)
    with pytest.raises(RejectedError):
        await twilio.entries("beginnings", KEY)
    assert set(vendor.paths) == {f"/v1/Workspaces/{WS}/Workflows?PageSize=1000"}


# The values that an answer fills in

TYPED = {"friendly_name": "x"}
GOLD = {"expression": "a==1", "queue": OTHER_QUEUE}


COPIED = Entry(
    id=f"fields@{WW}", label="Copy of b", data=json.dumps({"default_queue": WQ, "filter_2": GOLD})
)
BLANK = {
    "default_queue": None,
    "filter_1": {"name": None, "expression": "", "queue": None},
    "assignment_callback_url": None,
}


def test_a_copy_fills_in_everything() -> None:
    """A copy fills the workflow's rules into an empty form; fields behind "More fields" are shown
    if filled."""
    untouched: list[Mapping[str, Any]] = [
        {},
        BLANK,
        {"configuration": None, "configuration_file": []},
    ]
    for rules in untouched:
        found = prefill(COPIED.id, {**TYPED, "rules": rules}, COPIED)
        assert found == Prefill(
            {**TYPED, "rules": {"default_queue": WQ, "filter_2": GOLD}}, more=True
        )
    first = entries("beginnings", ROWS)[3]
    assert prefill(first.id, TYPED, first) == Prefill({**TYPED, "rules": {"default_queue": WQ}})


def test_another_copy_takes_the_place_of_the_first() -> None:
    """A second copy replaces the values of the first, because no person typed them."""
    data = {
        "default_queue": WQ,
        "filter_1": {**GOLD, "priority": 7},
        "task_reservation_timeout": 90,
    }
    first = Entry(id=f"fields@{WW[:-1]}b", label="Copy of a", data=json.dumps(data))
    rules = {**BLANK, "default_queue": WQ, "filter_1": {**GOLD, "name": None, "priority": "7"}}
    with_timeout = {**rules, "task_reservation_timeout": "90"}
    typed = {**TYPED, "rules": with_timeout}
    assert prefill(COPIED.id, typed, COPIED, first).values["rules"] == {
        "default_queue": WQ,
        "filter_2": GOLD,
    }
    rules = {**with_timeout, "filter_1": {**GOLD, "priority": "8"}}
    changed = {**TYPED, "rules": rules}
    assert prefill(COPIED.id, changed, COPIED, first) == Prefill(changed, reason=WOULD_REPLACE)


@pytest.mark.parametrize(
    "rules",
    [
        {"default_queue": OTHER_QUEUE},
        {"filter_1": GOLD},
        {"task_reservation_timeout": 5},
        {"configuration": "{"},
        {"configuration": None, "configuration_file": ["rules.json"]},
    ],
)
def test_a_copy_replaces_nothing_that_was_filled_in(rules: dict[str, Any]) -> None:
    """The form keeps the person's input, with a sentence about how to go on."""
    typed = {**TYPED, "rules": rules}
    for last in (None, Entry(id="json", label="JSON")):
        assert prefill(COPIED.id, typed, COPIED, last) == Prefill(typed, reason=WOULD_REPLACE)


@pytest.mark.parametrize(
    "entry", [None, Entry(id=f"json@{WW}", label="Copy of c", detail="Too long")]
)
def test_a_copy_that_is_not_there(entry: Entry | None) -> None:
    """A copy of a deleted or too long workflow leaves the form as it was, with the reason."""
    typed = {**TYPED, "rules": {"default_queue": WQ}}
    gone = "That workflow is no longer in the list. Choose another way to begin."
    assert prefill(f"json@{WW}", typed, entry) == Prefill(
        typed, reason=TOO_LONG_TO_COPY if entry else gone
    )


def test_fields_become_json() -> None:
    """Values in fields become JSON; the rest stays as it was."""
    rules = {
        "default_queue": WQ,
        "filter_1": {**GOLD, "name": None, "priority": None},
        "task_reservation_timeout": 5,
    }
    found = prefill("json", {**TYPED, "rules": rules}, None)
    assert found.more
    assert found.values["rules"].pop("task_reservation_timeout") == 5
    assert json.loads(found.values["rules"]["configuration"]) == {
        "task_routing": {
            "filters": [{"expression": "a==1", "targets": [{"queue": OTHER_QUEUE}]}],
            "default_filter": {"queue": WQ},
        }
    }


def test_json_becomes_fields() -> None:
    """JSON becomes fields; the rest stays as it was; a blank text means no rules."""
    typed = {
        **TYPED,
        "rules": {"configuration": FIFO, "configuration_file": None, "task_reservation_timeout": 5},
    }
    rules = {"default_queue": WQ, "task_reservation_timeout": 5}
    assert prefill("fields", typed, None) == Prefill({**TYPED, "rules": rules}, more=True)
    assert prefill(None, {**TYPED, "rules": {"configuration": " \n"}}, None) == Prefill(
        {**TYPED, "rules": {}}
    )


UNFINISHED = [
    pytest.param(
        {"default_queue": None, "filter_1": {"name": "Gold", "queue": None}}, id="only a name"
    ),
    pytest.param(
        {"default_queue": None, "filter_1": GOLD, "filter_3": {"expression": "tier ="}},
        id="no default queue",
    ),
    pytest.param(
        {"default_queue": WQ, "filter_1": {"expression": "tier = 'x", "priority": 3}},
        id="wrong expression",
    ),
    pytest.param(
        {"default_queue": "entry-1", "filter_1": {"queue": "entry-2", "timeout": 5}},
        id="no such queues",
    ),
]


@pytest.mark.parametrize("rules", UNFINISHED)
def test_unfinished_fields_become_json_and_fields_again(rules: dict[str, Any]) -> None:
    """No input is lost on the way, correct or not."""
    as_json = prefill("json", {**TYPED, "rules": rules}, None)
    assert as_json.reason == ""
    assert problems(as_json.values["rules"]["configuration"])
    back = prefill("fields", dict(as_json.values), None)
    assert (back.reason, entered(back.values["rules"])) == ("", entered(rules))


def entered(rules: Any) -> list[Any]:
    """Return the filled-in values of each filter, without the blank ones."""
    filters = [
        {name: value for name, value in (rules.get(each) or {}).items() if value is not None}
        for each in FILTERS
    ]
    return [rules.get("default_queue"), *filter(None, filters)]


@pytest.mark.parametrize(
    "rules", [{"default_queue": None, "filter_1": {"name": None}}, {"default_queue": None}]
)
def test_blank_fields_become_no_json(rules: Any) -> None:
    """Blank fields give no JSON."""
    assert "configuration" not in prefill("json", {**TYPED, "rules": rules}, None).values["rules"]


def test_what_was_no_number_stays_in_the_json() -> None:
    """A text in place of a number is kept in the JSON, which stays JSON until it is corrected."""
    rules = {"default_queue": WQ, "filter_1": {**GOLD, "priority": "soon"}}
    as_json = prefill("json", {**TYPED, "rules": rules}, None)
    assert '"priority": "soon"' in as_json.values["rules"]["configuration"]
    assert "priority a whole number" in prefill("fields", dict(as_json.values), None).reason


STAYS = [
    pytest.param("{", "Line 1, column 2: put a name in straight double quotes here.", id="a typo"),
    pytest.param("[]", "Put an object named “task_routing” inside a JSON object.", id="no rules"),
    pytest.param(
        f'{{"task_routing": {{"default_filter": {{"queue": "{WQ}"}}}}, "note": 1}}',
        "Fields hold at most three filters with one target each, and a default queue.",
        id="more than fields say",
    ),
    pytest.param(
        '{"task_routing": {"filters": [7]}}',
        "Make task_routing.filters[0] an object.",
        id="no filter",
    ),
]


@pytest.mark.parametrize(("document", "why"), STAYS)
def test_json_that_fields_cannot_show_stays(document: str, why: str) -> None:
    """The form stays JSON with all its text, and with the reason."""
    typed = {**TYPED, "rules": {"configuration": document, "task_reservation_timeout": 5}}
    reason = (
        f"This JSON can't become fields yet. {why} Change or remove it, then choose Fields again."
    )
    assert prefill("fields", typed, None) == Prefill(typed, reason=reason)


def test_a_chosen_file_stays() -> None:
    """A chosen file stays, because neither fields nor another form can show it."""
    typed = {**TYPED, "rules": {"configuration": None, "configuration_file": ["rules.json"]}}
    assert prefill("fields", typed, None) == Prefill(
        typed,
        reason=(
            "The rules are in a file, which can't become fields. Remove the file, then choose "
            "Fields again."
        ),
    )
    assert prefill("json", typed, None) == Prefill(
        typed, reason="You chose a file in this form, which takes JSON already. Go on here."
    )


def test_fields_too_long_for_a_text_stay() -> None:
    """Fields whose JSON is too long for one text field stay fields."""
    filters = {name: {"expression": f"note == '{'x' * 1200}'", "queue": WQ} for name in FILTERS}
    typed = {**TYPED, "rules": {"default_queue": WQ, **filters}}
    assert prefill("json", typed, None) == Prefill(typed, reason=TOO_LONG)


def test_before_anything_was_typed() -> None:
    """A form without rules on the screen gets no values."""
    assert prefill("json", TYPED, None) == Prefill(TYPED)


@given(st.sampled_from([None, "fields", "json"]), workflows())
def test_there_and_back(answer: str | None, form: Any) -> None:
    """Any input fills the chosen form in, or stays as it was with a reason."""
    typed = form.model_dump(mode="json")
    found = prefill(answer, typed, None)
    known = Beginnings()[answer or "fields"].model_fields
    assert (
        found == Prefill(typed, reason=found.reason)
        if found.reason
        else set(found.values["rules"]) <= set(known)
    )


ONCE = "Paste the rules as JSON here, or choose a file below."
TWICE = "There is JSON in the field above too. Remove the file, or empty that field."
BAD = "Add “filters” or “default_filter” to task_routing."


@pytest.mark.parametrize(
    ("rules", "errors"),
    [
        ({}, {"configuration": ONCE}),
        ({"configuration": FIFO, "configuration_file": FIFO}, {"configuration_file": TWICE}),
        ({"configuration_file": '{"task_routing": {}}'}, {"configuration_file": BAD}),
        (
            {"configuration_file": "{"},
            {
                "configuration_file": (
                    "Line 1, column 2: put a name in straight double quotes here."
                )
            },
        ),
    ],
)
def test_the_rules_are_given_once(rules: dict[str, str], errors: dict[str, str]) -> None:
    """The rules are typed or in a file, and errors are beside the field that they came from."""
    view = view_of(WORKFLOW.form_for("json"), "twilio.workflow", {"friendly_name": "x"})
    state = untouched(view)
    if "configuration" in rules:
        state["twilio.workflow.json.configuration"]["value"]["value"] = rules["configuration"]
    if "configuration_file" in rules:
        block = "twilio.workflow.json.configuration_file"
        state[block]["value"]["files"] = [{"id": "F1", "name": "rules.json"}]
        state = with_files(state, {block: Fetched(text=rules["configuration_file"])})
    with pytest.raises(FormError) as caught:
        parse(WORKFLOW.form_for("json"), "twilio.workflow", state)
    assert caught.value.errors == {
        f"twilio.workflow.json.{name}": said for name, said in errors.items()
    }


def test_a_file_is_the_configuration() -> None:
    """The content of the file is sent unchanged."""
    rules = {"configuration_file": f"\n{FIFO}\n"}
    form = WORKFLOW.form_for("json").model_validate(
        {"friendly_name": "x", "routing": "json", "rules": rules}
    )
    assert rules_of(form).document == FIFO
