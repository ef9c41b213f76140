""" "Who may use what": the form in which admins decide, from the button to the answer, and who is
kept out of it."""

import asyncio
import time
from dataclasses import replace
from typing import Any

from bot import messages
from bot.adapters.registry import ADAPTERS
from bot.playground.slack import Outcome
from bot.playground.vendors.data import USER_GROUPS
from bot.slack.scopes import USER_GROUPS as SCOPE
from bot.slack.scopes import lacking
from handlers.button_presses import PRESS_SECONDS
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.rows import click

ON_CALL, COMMANDERS = USER_GROUPS
OPERATIONS = {
    f"who.{vendor}.{it.name}": "admins" if it.kind == "workflow_task" else "members"
    for vendor, adapter in ADAPTERS.items()
    for it in adapter.operations
}
"""The select of each operation, and what stands there until somebody decides."""
BY_ROLE = ["By role", "Everyone", "Full members", "Admins and owners"]
NO_SCOPE = str(lacking(SCOPE))


async def press(world: World, user: str) -> Outcome:
    """Type `/vendors` and press the button below its answer."""
    await world.command("/vendors", user)
    channel, _, answer = world.sandbox.slack.ephemerals[-1]
    return await world.sandbox.slack.act(
        user,
        channel_id=channel,
        ts=answer["ts"],
        block_id="vendors",
        action_id="who_may",
        action={"type": "button"},
    )


async def opened(world: World) -> Modal:
    """The form, opened by the admin."""
    assert (await press(world, world.admin)).ok
    return world.top()


async def decided(world: World) -> dict[str, str]:
    """What is stored."""
    return await world.bot.stores.access.of(world.sandbox.workspace)


def chosen(modal: Modal) -> dict[str, str]:
    return {field: modal.value(field) for field in modal.fields}


def words(modal: Modal, field: str) -> str:
    """What the select shows before anybody touches it."""
    (block,) = [it for it in modal.view["blocks"] if it["block_id"] == field]
    return str(block["element"]["initial_option"]["text"]["text"])


async def test_the_form_shows_what_holds(world: World) -> None:
    """One select an operation of the connected tools, in their order, with the defaults until
    somebody decides."""
    modal = await opened(world)
    assert modal.view["title"]["text"] == "Permissions"
    assert list(chosen(modal).items()) == list(OPERATIONS.items())
    assert words(modal, "who.rootly.incident") == "Full members"


async def test_what_is_saved_is_told_and_shown_next_time(world: World) -> None:
    """All of it at once, in words."""
    modal = await opened(world)
    await modal.fill(
        rootly__incident="everyone", rootly__action_item="oncall", twilio__task="admins"
    )
    said = (await modal.send()).text.splitlines()
    assert (
        said[0]
        == ":white_check_mark: *Saved.* Besides admins and owners, these people can now use it:"
    )
    assert said[1:4] == [
        "• *Rootly: incident*: Everyone",
        "• *Rootly: action item*: On-call engineers (@oncall)",
        "• *Rootly: workflow task*: Admins and owners",
    ]
    assert await decided(world) == {
        "rootly.incident": "everyone",
        "rootly.action_item": ON_CALL.id,
        "twilio.task": "admins",
    }
    again = await opened(world)
    assert again.value("rootly.action_item") == ON_CALL.id
    assert words(again, "who.rootly.action_item") == "On-call engineers (@oncall)"


async def test_two_admins_at_once_undo_nothing_of_each_other(world: World) -> None:
    """Whoever saves last decides only about what they changed, and sees what the other one decided."""
    modal = await opened(world)
    await modal.fill(rootly__incident="everyone")
    other = {"rootly.incident": "admins", "twilio.task": ON_CALL.id}
    await world.bot.services.access.decide(world.sandbox.workspace, other, "U0OTHER001")
    said = (await modal.send()).text
    assert "• *Twilio TaskRouter: task*: On-call engineers (@oncall)" in said
    assert await decided(world) == {"rootly.incident": "everyone", "twilio.task": ON_CALL.id}


async def test_the_picker_offers_roles_and_groups(world: World) -> None:
    """Under a heading each, searched as one types."""
    modal = await opened(world)
    groups = ["User groups", "Incident commanders", "On-call engineers"]
    assert await modal.offered("rootly.incident") == [*BY_ROLE, *groups]
    assert await modal.offered("rootly.incident", "command") == [
        "User groups",
        "Incident commanders",
    ]
    assert await modal.offered("rootly.incident", "adm") == ["By role", "Admins and owners"]
    assert await modal.offered("rootly.incident", "nobody") == []


async def test_only_admins_decide(world: World) -> None:
    """A member has no such button, and an old one's does nothing but say so."""
    await world.command("/vendors", world.member)
    _, _, answer = world.sandbox.slack.ephemerals[-1]
    assert "who_may" not in str(answer)
    await click(world, "who_may", world.member, key="who_may")
    assert world.told(world.member) == messages.PermissionNotice.ONLY_ADMINS.text
    assert world.sandbox.slack.views(world.member) == []


async def test_an_admin_who_is_one_no_more_decides_nothing(world: World) -> None:
    """Slack is asked again when the form is submitted, though it answered a moment ago."""
    modal = await opened(world)
    await modal.fill(rootly__incident="everyone")
    person = world.sandbox.slack.people[world.admin]
    world.sandbox.slack.people[person.id] = replace(person, is_admin=False)
    await world.sandbox.slack.submit(person.id, modal.id)
    assert world.top(person.id).text == messages.PermissionNotice.ONLY_ADMINS.text
    assert await decided(world) == {}


async def test_an_admin_who_is_one_no_more_opens_nothing(world: World) -> None:
    """Slack is asked when the button is pressed, though it answered `/vendors` a moment ago."""
    person = world.sandbox.slack.people[world.admin]
    await world.command("/vendors")
    world.sandbox.slack.people[person.id] = replace(person, is_admin=False)
    await click(world, "who_may", person.id, key="who_may")
    assert world.told(person.id) == messages.PermissionNotice.ONLY_ADMINS.text
    assert world.sandbox.slack.views(person.id) == []


async def test_while_slack_does_not_say_who_somebody_is(world: World) -> None:
    """Nothing is opened, and the person knows why."""
    world.sandbox.slack.app.scopes.remove("users:read")
    await click(world, "who_may", world.admin, key="who_may")
    assert (
        "We couldn't check whether you can do this. This app lacks the Slack scope users:read."
        in world.told()
    )


async def test_another_workspace_decides_nothing_here(world: World) -> None:
    """Neither by a button's value, nor by a form that was opened elsewhere."""
    await click(
        world, "who_may", world.admin, key="who_may", team={"id": "T0OTHER", "domain": "other"}
    )
    assert world.told() == messages.Notice.NOT_INSTALLED.text
    modal = await opened(world)
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[world.admin] if it.id == modal.id
    )
    view.body["private_metadata"] = (
        '{"enterprise": "", "team": "T0OTHER", "shown": {"rootly.incident": "admins"}}'
    )
    assert await modal.offered("rootly.incident") == [messages.Notice.FOREIGN_LIST.text]
    await modal.submit()
    assert world.top().text == messages.Notice.GONE.text
    view.body["private_metadata"] = "nonsense"
    await world.sandbox.slack.close(world.admin, world.top().id)
    await world.sandbox.slack.submit(world.admin, modal.id)
    assert world.top().text == messages.Notice.GONE.text
    assert await decided(world) == {}


async def test_without_the_scope_roles_can_still_be_chosen(world: World) -> None:
    """The form says on top what to do, as the picker does in the groups' place, and a group that
    was chosen before stays chosen."""
    await world.bot.services.access.decide(
        world.sandbox.workspace, {"rootly.incident": ON_CALL.id}, world.admin
    )
    world.sandbox.slack.app.scopes.remove("usergroups:read")
    modal = await opened(world)
    assert modal.view["blocks"][1]["elements"][0]["text"] == NO_SCOPE
    assert words(modal, "who.rootly.incident") == ON_CALL.id
    offered = await modal.offered("rootly.action_item")
    assert offered[:5] == [*BY_ROLE, "User groups"]
    assert offered[5].startswith("This app lacks the Slack scope usergroups:read.")
    await modal.fill(rootly__action_item="everyone")
    await modal.send()
    assert (await decided(world))["rootly.incident"] == ON_CALL.id
    assert (await decided(world))["rootly.action_item"] == "everyone"


async def test_a_notice_is_no_choice(world: World) -> None:
    """Nor is a group that Slack cannot be asked about: errors stand beside their fields, and
    nothing is saved."""
    modal = await opened(world)
    await modal.fill(rootly__incident="oncall")
    world.sandbox.slack.app.scopes.remove("usergroups:read")
    world.bot.services.slack.user_groups.forget({world.sandbox.workspace})
    note: dict[str, Any] = {
        "type": "external_select",
        "selected_option": option("-", "This app lacks the Slack scope"),
    }
    outcome = await world.sandbox.slack.submit(
        world.admin, modal.id, {"who.rootly.action_item": {messages.WHO_ACTION: note}}
    )
    assert outcome.errors == {
        "who.rootly.incident": NO_SCOPE,
        "who.rootly.action_item": "Choose an item from the list.",
    }
    assert await decided(world) == {}


def option(value: str, text: str) -> dict[str, Any]:
    return {"value": value, "text": {"type": "plain_text", "text": text}}


async def test_a_group_that_went_meanwhile_cannot_be_chosen(world: World) -> None:
    """One that was chosen before may stay until somebody decides; the form shows that it is gone."""
    await world.bot.services.access.decide(
        world.sandbox.workspace, {"rootly.incident": COMMANDERS.id}, world.admin
    )
    groups = world.sandbox.slack.user_groups
    groups[COMMANDERS.id] = replace(COMMANDERS, disabled=True)
    modal = await opened(world)
    assert words(modal, "who.rootly.incident") == "Incident commanders (deleted or disabled)"
    await modal.fill(rootly__action_item="oncall")
    del groups[ON_CALL.id]
    world.bot.services.slack.user_groups.forget({world.sandbox.workspace})
    outcome = await modal.submit()
    assert outcome.errors == {"who.rootly.action_item": messages.PermissionNotice.GROUP_GONE.text}
    await modal.fill(rootly__action_item="members")
    await modal.send()
    assert (await decided(world))["rootly.incident"] == COMMANDERS.id


async def test_a_full_disk_is_told(world: World) -> None:
    """The form stays as it was filled in."""
    modal = await opened(world)
    await modal.fill(rootly__incident="everyone")
    database = world.bot.database
    await database.write(
        lambda db: db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON permissions BEGIN SELECT raise(ABORT, 'disk "
            "full'); END"
        )
    )
    await modal.submit()
    assert world.top().text == messages.Notice.CLICK_FAILED.text


async def test_nothing_connected_is_nothing_to_decide(bare_world: World) -> None:
    """The button of an old answer says so."""
    await click(bare_world, "who_may", bare_world.admin, key="who_may")
    assert bare_world.told() == messages.PermissionNotice.NOTHING_TO_DECIDE.text


async def test_it_opens_from_home_too(world: World) -> None:
    """An admin's Home has the same button."""
    await world.sandbox.slack.open_home(world.admin)
    home = world.sandbox.slack.home(world.admin)
    assert home is not None
    outcome = await world.sandbox.slack.act(
        world.admin,
        view_id=home["id"],
        block_id="vendors",
        action_id="who_may",
        action={"type": "button"},
    )
    assert outcome.ok
    assert world.top().view["title"]["text"] == "Permissions"


async def test_a_form_that_takes_long_is_told(world: World) -> None:
    """Slack is answered in time; by the time that the form is ready it opens none any more, and the
    person hears it."""
    database = world.bot.database
    slow = asyncio.create_task(database.read(lambda _: time.sleep(PRESS_SECONDS + 1)))
    await asyncio.sleep(0)
    await click(world, "who_may", world.admin, key="who_may")
    assert world.sandbox.slack.ephemerals == []
    await eventually(lambda: world.sandbox.slack.ephemerals)
    assert world.told() == messages.Notice.WINDOW_NOT_OPENED.text
    await slow
