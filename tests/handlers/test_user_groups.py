"""Slack's user groups in a form: searched as one types, and sent to the vendor as id and name."""

from dataclasses import replace

from bot.playground.vendors.data import USER_GROUPS
from tests.world.bot import World
from tests.world.modal import Modal

ON_CALL, COMMANDERS = USER_GROUPS


async def opened(world: World, task_type: str = "Send a Slack message") -> Modal:
    """The form of such a task, with what it needs besides."""
    await world.lists_loaded()
    modal = await world.open("/workflow-task Tell them")
    await modal.fill(workflow_id="")
    await modal.choose("task_type", task_type)
    return modal


async def test_user_groups_reach_rootly(world: World) -> None:
    """As `{id, name}`, the name as Slack has it."""
    modal = await opened(world)
    assert await modal.offered("slack_user_groups") == ["Incident commanders", "On-call engineers"]
    assert await modal.offered("slack_user_groups", "oncall") == ["On-call engineers"]
    await modal.fill(
        send_slack_message__text="It is down", slack_user_groups=["commanders", "on-call"]
    )
    assert "Created in Rootly" in (await modal.send()).text
    (created,) = world.sandbox.vendors["rootly"].created
    parameters = created.body["data"]["attributes"]["task_params"]
    assert parameters["slack_user_groups"] == [
        {"id": COMMANDERS.id, "name": "Incident commanders"},
        {"id": ON_CALL.id, "name": "On-call engineers"},
    ]


async def test_letters_cost_slack_one_call(world: World) -> None:
    """What was listed once is searched in memory, in every form."""
    modal = await opened(world)
    for query in ("", "o", "on", "on-"):
        await modal.offered("slack_user_groups", query)
    assert [it.method for it in world.sandbox.slack.calls].count("usergroups.list") == 1


async def test_a_group_that_is_switched_off_is_not_offered(world: World) -> None:
    """Nobody would hear of it."""
    world.sandbox.slack.user_groups[ON_CALL.id] = replace(ON_CALL, disabled=True)
    modal = await opened(world)
    assert await modal.offered("slack_user_groups") == ["Incident commanders"]


async def test_without_the_scope_an_id_can_be_typed(world: World) -> None:
    """The picker says what is missing, and takes an id for what it is."""
    world.sandbox.slack.app.scopes.remove("usergroups:read")
    modal = await opened(world, "Invite people to a Slack channel")
    (notice,) = await modal.offered("slack_user_groups")
    assert notice.startswith("This app lacks the Slack scope usergroups:read.")
    heading, entry = await modal.offered("slack_user_groups", "s012ab3cd")
    assert (heading, entry) == (notice, "S012AB3CD")
    await modal.fill(channel_own=True, slack_user_groups=["S012AB3CD"])
    await modal.send()
    (created,) = world.sandbox.vendors["rootly"].created
    parameters = created.body["data"]["attributes"]["task_params"]
    assert parameters["slack_user_groups"] == [{"id": "S012AB3CD", "name": "S012AB3CD"}]


async def test_a_chosen_group_stays_when_the_form_is_redrawn(world: World) -> None:
    """With its name."""
    modal = await opened(world)
    await modal.fill(slack_user_groups=["on-call"])
    await modal.press("more", "more")
    (block,) = [it for it in modal.view["blocks"] if it["block_id"].endswith("slack_user_groups")]
    assert [it["text"]["text"] for it in block["element"]["initial_options"]] == [
        "On-call engineers"
    ]


async def test_a_refused_task_can_be_corrected_with_its_groups(world: World) -> None:
    """What was picked is shown by its name again, and copied in words."""
    modal = await opened(world)
    await modal.fill(send_slack_message__text="It is down", slack_user_groups=["on-call"])
    await world.sandbox.vendors["rootly"].set_fault("revoked")
    await modal.send()
    await world.top().press("delivery", "copy")
    assert "Slack user groups: On-call engineers" in world.top().value("part.1")
