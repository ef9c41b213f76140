"""Many action items at once, from the list in a message."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.delivery.model import Delivery
from bot.playground.slack import Outcome
from tests.world.bot import World, eventually
from tests.world.modal import Modal, mrkdwn

SHORTCUT = "add_action_items_from_message"
ITEM = "rootly.action_item"
LIST = "Next steps:\n• Roll back by tomorrow\n• Page the DBA\n• Tell support"


async def use(world: World, text: str, channel: str = "incidents") -> Outcome:
    """Use the shortcut on a message of the member's."""
    here = world.channel(channel)
    message = await world.sandbox.slack.post(world.member, here, text)
    return await world.sandbox.slack.message_shortcut(world.admin, here, message["ts"], SHORTCUT)


async def opened(world: World, text: str = LIST) -> Modal:
    """The form for a message, with Rootly and an incident chosen."""
    await world.lists_loaded()
    assert (await use(world, text)).ok
    modal = world.top()
    await modal.fill(incident_id="INC")
    return modal


def option(modal: Modal, value: str) -> dict[str, Any]:
    """An option of the form's tools."""
    options = modal.view["blocks"][0]["element"]["options"]
    return next(each for each in options if each["value"] == value)


async def rows(world: World) -> list[Delivery]:
    found = await world.bot.services.delivery.history.newest()
    return sorted(found, key=lambda row: row.id)


def requests(world: World) -> list[Any]:
    """The action items that Rootly was asked to create."""
    sent = world.sandbox.vendors["rootly"].requests
    return [each for each in sent if each.method == "POST" and "action_items" in each.path]


async def test_a_list_becomes_a_form_with_a_line_for_each_item(world: World) -> None:
    """The incident once on top; what the message names is filled in; the rest is behind a button."""
    await world.lists_loaded()
    await use(world, "Next steps:\n• @jonas Roll back by 2027-01-15\n• Page the DBA")
    modal = world.top()
    assert modal.fields == [
        "choice",
        f"{ITEM}.incident_id",
        f"{ITEM}.summary:0",
        f"{ITEM}.assigned_to_user_id:0",
        f"{ITEM}.due_date:0",
        f"{ITEM}.summary:1",
    ]
    assert [modal.value("summary:0"), modal.value("summary:1"), modal.value("due_date:0")] == [
        "Roll back by 2027-01-15",
        "Page the DBA",
        "2027-01-15",
    ]
    await modal.press("more", "items_more")
    assert len([name for name in modal.fields if ":" in name]) == 6
    assert modal.value("summary:1") == "Page the DBA"


async def test_every_item_is_created_under_a_key_of_its_own_and_has_a_line_on_one_card(
    world: World,
) -> None:
    """A cleared item is left out."""
    modal = await opened(world)
    await modal.fill(**{"summary:1": ""})
    receipt = await modal.send()
    assert receipt.view["callback_id"] == "receipt"
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 2)
    await eventually(lambda: world.cards("incidents"))
    await eventually(
        lambda: world.cards("incidents")[0]["text"] == "2 action items created in Rootly"
    )
    [card] = world.cards("incidents")
    lines = mrkdwn(card)
    assert [line.partition("  ")[0] for line in lines[1:3]] == [
        ":white_check_mark: Roll back by tomorrow",
        ":white_check_mark: Tell support",
    ]
    saved = await rows(world)
    assert len({row.key for row in saved}) == 2
    assert [row.batch for row in saved] == [saved[0].key] * 2
    assert {row.payload["incident_id"] for row in saved} == {saved[0].payload["incident_id"]}
    tomorrow = datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(1)
    assert saved[0].payload["due_date"] == tomorrow.isoformat()
    assert all("From a message in Slack: https://" in row.payload["description"] for row in saved)


async def test_a_second_submission_of_the_modal_finds_the_same_rows(world: World) -> None:
    """Nothing is created twice, and there is one card."""
    modal = await opened(world)
    await asyncio.gather(modal.submit(), modal.submit())
    await eventually(lambda: len(world.sandbox.vendors["rootly"].created) == 3)
    await eventually(lambda: world.cards("incidents"))
    await asyncio.sleep(0.2)
    assert len(await rows(world)) == len(requests(world)) == 3
    assert len(world.cards("incidents")) == 1


async def test_a_refused_item_is_corrected_while_the_others_go_through(world: World) -> None:
    """The vendor's words stand beside that item."""
    modal = await opened(world)
    vendor = world.sandbox.vendors["rootly"]
    vendor.answer_next(422, {"errors": [{"title": "Summary is too vague", "status": "422"}]})
    outcome = await modal.submit()
    [(block_id, words)] = outcome.errors.items()
    assert block_id.startswith(f"{ITEM}.summary:")
    assert words == "Rootly says: Summary is too vague.\nWe saved the other items."
    assert len(vendor.created) == 2
    await modal.fill(**{block_id.removeprefix(f"{ITEM}."): "Say what happened"})
    receipt = await modal.send()
    assert "3 action items created in Rootly" in receipt.text
    assert len(await rows(world)) == len(vendor.created) == 3
    await eventually(
        lambda: (
            [card["text"] for card in world.cards("incidents")]
            == ["3 action items created in Rootly"]
        )
    )


async def test_what_is_missing_is_said_beside_it(world: World) -> None:
    """Before anything is saved: the shared incident, and a first item."""
    await world.lists_loaded()
    await use(world, LIST)
    modal = world.top()
    outcome = await modal.submit()
    assert list(outcome.errors) == [f"{ITEM}.incident_id"]
    await modal.fill(incident_id="INC", **{f"summary:{number}": "" for number in range(3)})
    outcome = await modal.submit()
    assert outcome.errors == {f"{ITEM}.summary:0": "Type at least one item."}
    assert await rows(world) == []


async def test_more_than_twenty_items_are_counted(world: World) -> None:
    """The form has the first twenty, and every one of them fits with all its fields."""
    await world.lists_loaded()
    await use(world, "\n".join(f"- Step {number}" for number in range(1, 24)))
    modal = world.top()
    assert len([name for name in modal.fields if ":" in name]) == 20
    assert "A form holds 20 items. 3 more aren't included." in modal.text
    assert (await modal.press("more", "items_more")).ok
    assert len([name for name in modal.fields if ":" in name]) == 60


async def test_another_tool_keeps_the_items(world: World) -> None:
    """incident.io's actions have no due date."""
    modal = await opened(world)
    await world.sandbox.slack.act(
        world.admin,
        view_id=modal.id,
        block_id="choice",
        action_id="items_tool",
        action={"type": "static_select", "selected_option": option(modal, "incident_io.action")},
    )
    assert modal.fields == [
        "choice",
        "incident_io.action.incident_id",
        *(f"incident_io.action.description:{number}" for number in range(3)),
    ]
    assert modal.value("description:2") == "Tell support"


async def test_a_message_without_words_opens_no_form(world: World) -> None:
    """The person is told what to use instead."""
    await use(world, "***")
    assert world.sandbox.slack.views(world.admin) == []
    assert world.told() == (
        "This message has no list. Use “Add action item” for the whole message."
    )
