"""Twilio's forms in Slack: within its limits, read back as they were filled in, and filled in from what exists."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bot.adapters.base import Entry, Prefill
from bot.adapters.twilio import Twilio
from bot.adapters.twilio.forms import Beginnings, Filter, Filter2
from bot.adapters.twilio.lists import entries, prefill
from bot.errors import Refused, Unauthorized
from bot.forms import modal, more_block, parse, render
from bot.forms.fields import Form
from bot.forms.limits import check_view
from tests.adapters.conftest import CannedVendor
from tests.adapters.twilio_filled import FIFO, KEY, OTHER_QUEUE, WORKFLOW, WQ, WS, WW
from tests.contract.twilio import tasks, workflows
from tests.forms.filling import untouched

OLDEST_SLACK_TAKES = datetime(2001, 9, 9, 2, tzinfo=UTC)


def view_of(form: type[Form], prefix: str, values: Any, *, more: bool = True) -> dict[str, Any]:
    blocks = render(form, prefix, values=values, more=more)
    blocks += [] if more else [more_block(prefix)]
    return modal(callback_id="form:x", title="Twilio TaskRouter", blocks=blocks, private_metadata="")


@pytest.mark.parametrize("answer", [None, "fields", "json", f"fields@{WW}", f"json@{WW}"])
@pytest.mark.parametrize("more", [False, True])
def test_every_beginning_fits_slack(answer: str | None, more: bool) -> None:
    """Each way to begin is a form within Slack's limits; a copy's blocks are its own."""
    view = view_of(WORKFLOW.form_for(answer), "twilio.workflow", {}, more=more)
    assert check_view(view) == []
    block = WW if answer and "@" in answer else answer or "fields"
    ids = [it["block_id"] for it in view["blocks"]]
    assert ids[:2] == ["twilio.workflow.friendly_name", "twilio.workflow.routing"]
    assert {it.split(".")[2] for it in ids[2:] if it != "more"} == {block}


def in_one_line(values: Any, name: str = "") -> Any:
    """The values as inputs of one line hold them."""
    if isinstance(values, dict):
        return {name: in_one_line(value, name) for name, value in values.items()}
    return " ".join(values.splitlines()) if isinstance(values, str) and name != "configuration" else values


@given(workflows())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_workflows_are_read_back(form: Any) -> None:
    """What is filled in is read back as it was, whichever way it is written."""
    values = in_one_line(form.model_dump(mode="json"))
    assume(len(values["rules"].get("configuration") or "") <= 3000)
    shape = WORKFLOW.form_for(form.routing)
    view = view_of(shape, "twilio.workflow", values)
    assert check_view(view) == []
    assert parse(shape, "twilio.workflow", untouched(view)).model_dump(mode="json") == values


@given(tasks())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_tasks_are_read_back(form: Any) -> None:
    """What is filled in is read back as it was."""
    assume(form.virtual_start_time is None or form.virtual_start_time > OLDEST_SLACK_TAKES)
    form = form.model_copy(update={"virtual_start_time": form.virtual_start_time and OLDEST_SLACK_TAKES})
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


@pytest.mark.parametrize("name", ["", "x", "fields@", "fields@WW1", f"fields@{WW}\n", f"other@{WW}", WW])
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
    {"sid": WW, "friendly_name": "b [ir0123456789ab]", "configuration": FIFO, "task_reservation_timeout": 120},
    {"sid": f"{WW[:-1]}b", "friendly_name": "a", "configuration": ODD, "task_reservation_timeout": 90},
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
    """The two ways, then every workflow whose rules can be read: as fields, else as JSON, else too long for either."""
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
        Entry(id=f"json@{WW[:-1]}c", label="Copy of c", detail=f"Too long for a form ({len(LONG):,} characters)"),
    ]


def test_a_long_copy_is_written_closely() -> None:
    """Rules that are too long with line breaks are offered without."""
    targets = [{"queue": WQ, "timeout": 1, "priority": 1}] * 37
    document = {"task_routing": {"filters": [{"expression": "1==1", "targets": targets}]}}
    assert len(json.dumps(document, indent=2)) > 3000
    copied = entries("beginnings", [{"sid": WW, "friendly_name": "x", "configuration": json.dumps(document)}])[-1]
    assert json.loads(copied.data) == {"configuration": json.dumps(document, separators=(",", ":"))}


def test_workflows_and_channels() -> None:
    """A workflow is offered by the name that was typed, a channel by its unique name."""
    assert [(it.id, it.label) for it in entries("workflows", ROWS[:2])] == [(f"{WW[:-1]}b", "a"), (WW, "b")]
    rows = [
        {"sid": "TC1", "unique_name": "voice", "friendly_name": "Voice calls"},
        {"sid": "TC2", "unique_name": "default", "friendly_name": "default"},
        {"sid": "TC3", "unique_name": None, "friendly_name": "without"},
    ]
    assert entries("task_channels", rows) == [
        Entry(id="default", label="default"),
        Entry(id="voice", label="Voice calls", detail="voice"),
    ]


async def test_a_key_that_may_not_list_workflows(vendor: CannedVendor, client: httpx.AsyncClient) -> None:
    """It can still begin with fields or JSON; a list of workflows to choose from it has not."""
    twilio = Twilio(client, vendor.url)
    refused = (403, {"code": 70051, "message": "Not allowed"})
    vendor.will_answer(refused, refused, (404, {"code": 20404}))
    assert [it.id for it in await twilio.entries("beginnings", KEY)] == ["fields", "json"]
    with pytest.raises(Unauthorized):
        await twilio.entries("workflows", KEY)
    with pytest.raises(Refused):
        await twilio.entries("beginnings", KEY)
    assert set(vendor.paths) == {f"/v1/Workspaces/{WS}/Workflows?PageSize=1000"}


# What an answer fills in

TYPED = {"friendly_name": "x"}
GOLD = {"expression": "a==1", "queue": OTHER_QUEUE}


def test_a_copy_fills_in_everything() -> None:
    """The rules of the workflow replace what was typed; fields further down are shown when it has them."""
    copied = Entry(id=f"fields@{WW}", label="Copy of b", data=json.dumps({"default_queue": WQ, "filter_2": GOLD}))
    typed = {**TYPED, "rules": {"default_queue": OTHER_QUEUE}}
    assert prefill(copied.id, typed, copied) == Prefill(
        {**TYPED, "rules": {"default_queue": WQ, "filter_2": GOLD}}, more=True
    )
    first = entries("beginnings", ROWS)[3]
    assert prefill(first.id, typed, first) == Prefill({**TYPED, "rules": {"default_queue": WQ}})


@pytest.mark.parametrize("entry", [None, Entry(id=f"json@{WW}", label="Copy of c", detail="Too long")])
def test_a_copy_that_is_not_there(entry: Entry | None) -> None:
    """A workflow that is gone, or too long, fills in nothing."""
    assert prefill(f"json@{WW}", {**TYPED, "rules": {"default_queue": WQ}}, entry) == Prefill({**TYPED, "rules": {}})


def test_fields_become_json() -> None:
    """What was typed into fields is there as JSON, the rest as it was."""
    rules = {"default_queue": WQ, "filter_1": {**GOLD, "name": None, "priority": None}, "task_reservation_timeout": 5}
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
    """What was typed as JSON is there as fields, where they can say it."""
    assert prefill("fields", {**TYPED, "rules": {"configuration": FIFO}}, None) == Prefill(
        {**TYPED, "rules": {"default_queue": WQ}}
    )
    assert prefill(None, {**TYPED, "rules": {"configuration": "{"}}, None) == Prefill({**TYPED, "rules": {}})


@pytest.mark.parametrize("rules", [{"default_queue": None, "filter_1": {"name": None}}, {"filter_1": GOLD}, {}])
def test_unfinished_fields_become_no_json(rules: Any) -> None:
    """Fields that do not make valid rules yet leave the JSON empty."""
    assert "configuration" not in (prefill("json", {**TYPED, "rules": rules}, None).values["rules"])


def test_before_anything_was_typed() -> None:
    """A form without rules on the screen is filled in with nothing."""
    assert prefill("json", TYPED, None) == Prefill(TYPED)


@given(st.sampled_from([None, "fields", "json"]), workflows())
@settings(deadline=None)
def test_there_and_back(answer: str | None, form: Any) -> None:
    """Whatever was typed, the values that are filled in belong to the form that is asked for."""
    typed = form.model_dump(mode="json")
    rules = prefill(answer, typed, None).values["rules"]
    known = Beginnings()[answer or "fields"].model_fields
    assert set(rules) <= set(known)
