"""The form "Settings": from the button below `/vendors` to what the bot does differently."""

from dataclasses import replace

from bot import messages
from bot.playground.slack import Outcome
from bot.slack.scopes import PRIVATE_CHANNELS, lacking
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.rows import click, says

LATE = "late.incident_io.incident"


async def press(world: World, user: str) -> Outcome:
    """Type `/vendors` and press the button below its answer."""
    await world.command("/vendors", user)
    channel, _, answer = world.sandbox.slack.ephemerals[-1]
    return await world.sandbox.slack.act(
        user,
        channel_id=channel,
        ts=answer["ts"],
        block_id="vendors",
        action_id="settings",
        action={"type": "button"},
    )


async def opened(world: World) -> Modal:
    """The form, opened by the admin, once incident.io's own fields are known."""
    await world.lists_loaded()
    assert (await press(world, world.admin)).ok
    return world.top()


async def stored(world: World) -> dict[str, str]:
    return dict(await world.bot.stores.workspace_settings.of(world.sandbox.workspace))


async def choose(modal: Modal, field: str, state: dict[str, object]) -> None:
    """Choose in a select of the form."""
    slack = modal.slack
    found = next(it for it in slack.state.views.stacks[modal.user] if it.id == modal.id)
    slack.type_in(found, {field: {"setting": state}})


async def test_an_admin_picks_the_field_for_what_is_sent_late(world: World) -> None:
    """Of those that incident.io has; the form shows it from then on, and can take it back."""
    modal = await opened(world)
    [block] = [it for it in modal.view["blocks"] if it["block_id"] == LATE]
    option = block["element"]["options"][0]
    await choose(modal, LATE, {"type": "static_select", "selected_option": option})
    await modal.submit()
    assert world.top().text == ":white_check_mark: *Saved.* We use these settings from now on."
    assert await stored(world) == {"late_field/incident_io.incident": option["value"]}
    again = await opened(world)
    [block] = [it for it in again.view["blocks"] if it["block_id"] == LATE]
    assert block["element"]["initial_option"]["value"] == option["value"]
    await choose(again, LATE, {"type": "static_select", "selected_option": None})
    await again.submit()
    assert await stored(world) == {}
    events = await world.bot.stores.audit.of(world.sandbox.workspace, 2)
    assert [(it.actor, it.action) for it in events] == [(world.admin, "configured")] * 2


async def test_whole_cards_come_back_in_a_shared_channel(world: World) -> None:
    """Brief until an admin chooses the channel; whole from the next card on."""
    channel = world.channel("incidents")
    world.sandbox.slack.channels[channel].is_ext_shared = True
    await (await world.open("/incident Disk full")).send()
    await eventually(lambda: world.letters(world.admin))
    [brief] = world.cards("incidents")
    [letter] = world.letters(world.admin)
    assert "Disk full" not in f"{brief['text']}{says(brief)}"
    assert "Disk full" in says(letter)
    modal = await opened(world)
    picked: dict[str, object] = {
        "type": "multi_conversations_select",
        "selected_conversations": [channel],
    }
    await choose(modal, "whole_cards", picked)
    await modal.submit()
    assert await stored(world) == {f"whole_cards/{channel}": "yes"}
    await (await world.open("/incident Disk full again")).send()
    await eventually(lambda: len(world.cards("incidents")) == 2)
    assert "Disk full again" in says(world.cards("incidents")[1])
    assert (await opened(world)).value("whole_cards") == [channel]


async def test_the_form_says_which_scope_is_missing(world: World) -> None:
    """Where the admin decides about private channels."""
    world.sandbox.slack.app.scopes.remove("groups:read")
    modal = await opened(world)
    assert modal.view["blocks"][1]["elements"][0]["text"] == (
        f"{lacking(PRIVATE_CHANNELS)} Until then, cards in private channels show only reference, "
        "state and link."
    )


async def test_only_admins_change_settings(world: World) -> None:
    """Neither a member with somebody's button, nor an admin who is none any more."""
    await click(world, "settings", world.member, key="settings")
    assert world.told(world.member) == messages.VendorsNotice.ONLY_ADMINS.text
    modal = await opened(world)
    people = world.sandbox.slack.people
    people[world.admin] = replace(people[modal.user], is_admin=False, is_owner=False)
    await world.sandbox.slack.submit(modal.user, modal.id)
    assert world.top(modal.user).text == messages.VendorsNotice.ONLY_ADMINS.text
    assert await stored(world) == {}


async def test_another_workspace_changes_nothing_here(world: World) -> None:
    """By a form that was opened elsewhere."""
    modal = await opened(world)
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[world.admin] if it.id == modal.id
    )
    view.body["private_metadata"] = (
        '{"enterprise": "", "team": "T0OTHER", "late": {}, "channels": []}'
    )
    await modal.submit()
    assert world.top().text == messages.Notice.GONE.text
    assert await stored(world) == {}


async def test_an_admin_chooses_the_first_screen(world: World) -> None:
    """The form begins with those and the required ones; with none chosen, with the latter alone."""
    await world.lists_loaded()
    before = (await world.open("/incident Disk full")).fields
    modal = await opened(world)
    block_id = "first.rootly.incident"
    [block] = [block for block in modal.view["blocks"] if block["block_id"] == block_id]
    options = {option["text"]["text"]: option for option in block["element"]["options"]}
    shown = [option["text"]["text"] for option in block["element"]["initial_options"]]
    assert shown[:4] == ["Severity", "Summary", "Services", "Private incident"]
    chosen: dict[str, object] = {
        "type": "multi_static_select",
        "selected_options": [options["Severity"], options["Environments"]],
    }
    await choose(modal, block_id, chosen)
    await modal.submit()
    form = await world.open("/incident Disk full")
    assert form.fields[:4] == [
        "choice",
        *(f"rootly.incident.{name}" for name in ("title", "severity_id", "environment_ids")),
    ]
    await form.press("more", "more")
    assert set(before) < set(form.fields)
    again = await opened(world)
    await choose(again, block_id, {**chosen, "selected_options": []})
    await again.submit()
    assert (await world.open("/incident Disk full")).fields[:2] == [
        "choice",
        "rootly.incident.title",
    ]
