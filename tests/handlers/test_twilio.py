"""Twilio TaskRouter from the slash command to the receipt, over real HTTP."""

import json
import re
from typing import Any

from bot.adapters.twilio.lists import WOULD_REPLACE
from bot.playground.vendors.twilio import STAGING_QUEUE
from tests.world.bot import World, eventually
from tests.world.modal import Modal

CHOICE = "Twilio TaskRouter: workflow"


def sent(world: World) -> dict[str, str]:
    """The one form that created something at Twilio."""
    (created,) = world.sandbox.vendors["twilio"].created
    assert isinstance(created.body, dict)
    return created.body


def queues(world: World) -> dict[str, str]:
    """The connected workspace's queues: their SIDs by name."""
    vendor: Any = world.sandbox.vendors["twilio"]
    rows = vendor.queues[vendor.credentials["workspace_sid"]]
    return {row["friendly_name"]: row["sid"] for row in rows}


async def loaded(world: World) -> None:
    """Wait until Twilio's lists are there."""

    async def there() -> bool:
        return (await world.bot.services.catalogs.condition(world.sandbox.workspace, "twilio"))[
            0
        ] is not None

    await eventually(there)


async def workflow(world: World, name: str) -> Modal:
    """The form for a new workflow of that name."""
    await loaded(world)
    return await (await world.open(f"/workflow-task {name}")).choose("choice", CHOICE)


async def test_a_workflow_with_two_filters(world: World) -> None:
    """Both filters and the default queue become the configuration, in their order."""
    modal = await workflow(world, "By tier")
    await modal.press("more", "more")
    await modal.fill(
        default_queue="Everyone",
        filter_1__name="Gold",
        filter_1__expression="tier == 'Gold'",
        filter_1__queue="Gold customers",
        filter_1__priority=10,
        filter_1__timeout=300,
        filter_2__expression="type == 'refund' AND value > 100",
        filter_2__queue="Payment disputes",
        assignment_callback_url="https://example.com/assign",
    )
    assert "Created in Twilio TaskRouter" in (await modal.send()).text
    body, there = sent(world), queues(world)
    assert re.fullmatch(r"By tier \[ir[0-9a-f]{12}\]", body["FriendlyName"])
    assert body["AssignmentCallbackUrl"] == "https://example.com/assign"
    gold = {"queue": there["Gold customers"], "priority": 10, "timeout": 300}
    assert json.loads(body["Configuration"])["task_routing"] == {
        "filters": [
            {"filter_friendly_name": "Gold", "expression": "tier == 'Gold'", "targets": [gold]},
            {
                "expression": "type == 'refund' AND value > 100",
                "targets": [{"queue": there["Payment disputes"]}],
            },
        ],
        "default_filter": {"queue": there["Everyone"]},
    }


async def test_a_wrong_queue_is_told_beside_its_filter(world: World) -> None:
    """The vendor's words about the second filter's queue stand beside that filter's queue, and can
    be mended."""
    vendor: Any = world.sandbox.vendors["twilio"]
    modal = await workflow(world, "By tier")
    await modal.press("more", "more")
    await modal.fill(
        default_queue="Everyone", filter_1__expression="a == 1", filter_1__queue="Returns"
    )
    await modal.fill(filter_3__expression="b == 1", filter_3__queue="Night shift")
    gone = queues(world)["Night shift"]
    rows = vendor.queues[vendor.credentials["workspace_sid"]]
    rows[:] = [row for row in rows if row["sid"] != gone]
    said = f"TaskQueue {gone} in filters[1].targets[0] does not exist in this workspace."
    words = f"Twilio TaskRouter says: Configuration is not valid: {said}"
    assert (await modal.submit()).errors == {"twilio.workflow.fields.filter_3.queue": words}
    assert vendor.created == []
    await modal.fill(filter_3__queue="Returns")
    assert "Created in Twilio TaskRouter" in (await modal.send()).text


async def test_an_expression_is_checked_before_it_is_sent(world: World) -> None:
    """What Twilio would have to guess at does not leave; the place in the expression is named."""
    modal = await workflow(world, "By tier")
    await modal.fill(
        default_queue="Everyone", filter_1__expression="tier = 'Gold'", filter_1__queue="Gold"
    )
    errors = (await modal.submit()).errors
    said = "At character 6, “= 'Gold'”: write == to compare."
    assert errors == {"twilio.workflow.fields.filter_1.expression": said}
    assert [it for it in world.sandbox.vendors["twilio"].requests if it.method == "POST"] == []


async def test_a_workflow_from_json(world: World) -> None:
    """Choosing JSON turns the fields into a text; what Twilio says about it stands beside it."""
    modal = await workflow(world, "By hand")
    await modal.choose("routing", "JSON")
    assert modal.value("friendly_name") == "By hand"
    assert "twilio.workflow.fields.default_queue" not in modal.fields
    await modal.fill(configuration='{"task_routing": {}}')
    outcome = await modal.submit()
    block = "twilio.workflow.json.configuration"
    assert outcome.errors == {block: 'task_routing needs "filters", "default_filter" or both.'}
    await modal.fill(
        configuration=json.dumps({"task_routing": {"default_filter": {"queue": STAGING_QUEUE}}})
    )
    said = f"TaskQueue {STAGING_QUEUE} in default_filter does not exist in this workspace."
    words = f"Twilio TaskRouter says: Configuration is not valid: {said}"
    assert (await modal.submit()).errors == {block: words}
    mended = json.dumps({"task_routing": {"default_filter": {"queue": queues(world)["Returns"]}}})
    await modal.fill(configuration=mended)
    assert "Created in Twilio TaskRouter" in (await modal.send()).text
    assert sent(world)["Configuration"] == mended


async def test_a_task(world: World) -> None:
    """Headline and details come along from another vendor's form; lines become attributes."""
    await loaded(world)
    modal = await world.open("/action-item Call Ann back")
    await modal.fill(description="She waits since noon")
    await modal.choose("choice", "Twilio TaskRouter: task")
    assert (modal.value("title"), modal.value("task.description")) == (
        "Call Ann back",
        "She waits since noon",
    )
    await modal.fill(
        workflow_sid="Customer",
        task_channel="voice",
        priority=5,
        attributes="type = callback\nvip = true",
    )
    assert "Created in Twilio TaskRouter" in (await modal.send()).text
    body = sent(world)
    attributes = json.loads(body["Attributes"])
    assert re.fullmatch(r"ir[0-9a-f]{12}", attributes.pop("slack_ref"))
    assert attributes.pop("slack_reporter")
    assert attributes == {
        "title": "Call Ann back",
        "description": "She waits since noon",
        "type": "callback",
        "vip": True,
    }
    assert (body["TaskChannel"], body["Priority"]) == ("voice", "5")
    shown = world.sandbox.vendors["twilio"].describe()["objects"][0]
    assert (shown["title"], shown["detail"]["Workflow"], shown["detail"]["vip"]) == (
        "Call Ann back",
        "Customer care",
        "true",
    )


async def test_a_task_without_a_workflow(world: World) -> None:
    """Where there are several, Twilio's demand for one stands beside the picker."""
    await loaded(world)
    modal = await (await world.open("/action-item Call")).choose(
        "choice", "Twilio TaskRouter: task"
    )
    outcome = await modal.submit()
    words = "Twilio TaskRouter says: Missing required parameter WorkflowSid in the post body."
    assert outcome.errors == {"twilio.task.workflow_sid": words}
    await modal.fill(workflow_sid="Night care")
    assert "Created in Twilio TaskRouter" in (await modal.send()).text


async def test_a_new_workflow_can_be_given_a_task_at_once(world: World) -> None:
    """What was created is offered without waiting for the list, by the name that was typed."""
    modal = await workflow(world, "Brand new")
    await (await modal.fill(default_queue="Everyone")).send()
    again = await (await world.open("/action-item Try it")).choose(
        "choice", "Twilio TaskRouter: task"
    )
    assert await again.offered("workflow_sid", "brand") == ["Brand new"]


async def test_how_to_begin_is_offered(world: World) -> None:
    """Fields and JSON come first, then the workflows that are there."""
    modal = await workflow(world, "Another")
    assert await modal.offered("routing") == [
        "Fields: a default queue and filters",
        "JSON",
        "Copy of Customer care",
        "Copy of Disputes and refunds",
        "Copy of Night care",
    ]


async def test_a_workflow_begins_as_a_copy(world: World) -> None:
    """Choosing a workflow fills its rules in, to be changed; the new name stays as it was typed."""
    modal = await workflow(world, "Night care, second")
    await modal.choose("routing", "Copy of Night care")
    assert (modal.value("friendly_name"), modal.value("default_queue")) == (
        "Night care, second",
        queues(world)["Night shift"],
    )
    picked = next(
        it["element"]
        for it in modal.view["blocks"]
        if it.get("block_id", "").endswith(".default_queue")
    )
    assert picked["initial_option"]["text"]["text"] == "Night shift"
    await modal.fill(filter_1__expression="vip == true", filter_1__queue="Gold customers")
    assert "Created in Twilio TaskRouter" in (await modal.send()).text
    routing = json.loads(sent(world)["Configuration"])["task_routing"]
    assert routing["default_filter"] == {"queue": queues(world)["Night shift"]}
    assert [it["expression"] for it in routing["filters"]] == ["vip == true"]


async def test_another_copy_replaces_the_first(world: World) -> None:
    """Of two workflows chosen one after the other, the second one's rules are there; then they can
    become JSON."""
    modal = await workflow(world, "Another")
    await modal.choose("routing", "Copy of Night care")
    await modal.choose("routing", "Copy of Customer care")
    assert modal.value("default_queue") == queues(world)["Everyone"]
    await modal.choose("routing", "JSON")
    default = {"queue": queues(world)["Everyone"]}
    assert json.loads(modal.value("configuration")) == {"task_routing": {"default_filter": default}}
    assert "Created in Twilio TaskRouter" in (await modal.send()).text


async def test_a_copy_replaces_nothing_that_was_filled_in(world: World) -> None:
    """The queue stays and "Begin with" shows what holds; emptied as JSON, the form takes the copy."""
    modal = await workflow(world, "Another")
    await modal.fill(default_queue="Everyone")
    await modal.choose("routing", "Copy of Night care")
    assert modal.text.endswith(WOULD_REPLACE)
    assert modal.value("default_queue") == queues(world)["Everyone"]
    await modal.choose("routing", "JSON")
    await modal.fill(configuration="")
    await modal.choose("routing", "Copy of Night care")
    assert modal.value("default_queue") == queues(world)["Night shift"]


async def test_unfinished_fields_survive_the_way_to_json_and_back(world: World) -> None:
    """What was entered is there as JSON, wrong parts too, and as fields again."""
    modal = await workflow(world, "Half done")
    await modal.fill(
        filter_1__name="Gold",
        filter_1__expression="tier = 'Gold'",
        filter_1__queue="Gold customers",
    )
    await modal.choose("routing", "JSON")
    gold = queues(world)["Gold customers"]
    rule = {
        "filter_friendly_name": "Gold",
        "expression": "tier = 'Gold'",
        "targets": [{"queue": gold}],
    }
    assert json.loads(modal.value("configuration")) == {"task_routing": {"filters": [rule]}}
    await modal.choose("routing", "Fields")
    kept = [modal.value(f"filter_1.{name}") for name in ("name", "expression", "queue")]
    assert kept == ["Gold", "tier = 'Gold'", gold]


async def test_json_with_a_typo_stays_json(world: World) -> None:
    """The text is kept, the line on top says why, "Begin with" shows JSON again, and the mended
    text becomes fields."""
    modal = await workflow(world, "Typo")
    await modal.choose("routing", "JSON")
    await modal.fill(configuration='{"task_routing": {"filters": [,]}}')
    await modal.choose("routing", "Fields")
    assert (modal.value("routing"), modal.value("configuration")) == (
        "json",
        '{"task_routing": {"filters": [,]}}',
    )
    assert modal.text == (
        ":warning: *The form stays as it was, so that nothing is lost.*\n"
        "Fields cannot show this JSON yet. Line 1, column 31: expecting value. Change it, or empty "
        "it, then choose Fields "
        "again."
    )
    assert "twilio.workflow.json.configuration" in (await modal.submit()).errors
    there = queues(world)
    default = {"queue": there["Everyone"]}
    await modal.fill(configuration=json.dumps({"task_routing": {"default_filter": default}}))
    await modal.choose("routing", "Fields")
    assert (modal.text, modal.value("routing"), modal.value("default_queue")) == (
        "",
        "fields",
        there["Everyone"],
    )
    assert "Created in Twilio TaskRouter" in (await modal.send()).text


async def test_what_was_turned_down_can_be_sent_as_it_is(world: World) -> None:
    """The form that stays is the form that is sent, and "Begin with" shows it however often another
    is chosen."""
    modal = await workflow(world, "As it is")
    await modal.choose("routing", "JSON")
    routing = {"default_filter": {"queue": queues(world)["Everyone"]}}
    document = json.dumps({"task_routing": routing, "note": "more than fields say"})
    await modal.fill(configuration=document)
    for _ in range(2):
        await modal.choose("routing", "Fields")
        assert modal.value("routing") == "json"
    assert "Created in Twilio TaskRouter" in (await modal.send()).text
    assert sent(world)["Configuration"] == document


async def test_a_choice_that_was_not_drawn_yet_is_turned_down_on_submitting(world: World) -> None:
    """Chosen and submitted at once: nothing is sent or lost, and the person is told."""
    modal = await workflow(world, "Too quick")
    await modal.choose("routing", "JSON")
    await modal.fill(configuration="{", routing="Fields")
    assert (await modal.submit()).ok
    assert (modal.value("routing"), modal.value("configuration")) == ("json", "{")
    assert modal.text.startswith(":warning: *The form stays as it was, so that nothing is lost.*")
    assert [it for it in world.sandbox.vendors["twilio"].requests if it.method == "POST"] == []


async def test_another_form_that_was_not_drawn_yet_is_drawn_on_submitting(world: World) -> None:
    """The line on top says which choice asked for it, and that nothing was sent."""
    modal = await workflow(world, "Too quick")
    await modal.fill(default_queue="Everyone", routing="JSON")
    assert (await modal.submit()).ok
    assert "twilio.workflow.json.configuration" in modal.fields
    assert modal.text == (
        ":information_source: *The form has changed.*\nIt is now the one for what you chose in "
        "*Begin with*.\n"
        "Nothing was sent. Please look at it and submit it again."
    )


async def test_what_is_wrong_stands_beside_a_block_that_was_drawn_again(world: World) -> None:
    """Slack takes errors by the ids that the blocks have now. (Without the name's block, that one
    is the first.)"""
    modal = await workflow(world, "Another")
    await modal.fill(default_queue="Everyone")
    await modal.choose("routing", "Copy of Night care")
    assert modal.text.endswith(WOULD_REPLACE)
    slack = world.sandbox.slack
    view = next(it for it in slack.state.views.stacks[world.admin] if it.id == modal.id)
    payload = slack.payloads.view_submission(slack.people[world.admin], view)
    del payload["view"]["state"]["values"]["twilio.workflow.friendly_name"]
    answer = json.loads((await slack.transport.send("interactive", payload)).body)
    assert list(answer["errors"]) == ["twilio.workflow.routing+1"]
    assert "twilio.workflow.routing+1" in modal.fields
