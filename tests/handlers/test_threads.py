"""What began from a message, or from a button in a thread, is answered there."""

import time
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.playground.slack import Outcome
from bot.playground.slack.methods import BROADCAST
from tests.world.bot import World, eventually
from tests.world.rows import buttons, card, press, says, standing

FROM_MESSAGE = "declare_incident_from_message"


async def posted(world: World, channel: str = "incidents", **more: Any) -> dict[str, Any]:
    """A message of the member's in the channel."""
    return await world.sandbox.slack.post(
        world.member, world.channel(channel), "Checkout is down", **more
    )


async def declare(world: World, message: dict[str, Any], channel: str = "incidents") -> None:
    """Declare an incident from that message."""
    outcome = await world.sandbox.slack.message_shortcut(
        world.admin, world.channel(channel), message["ts"], FROM_MESSAGE
    )
    assert outcome.ok
    modal = world.top()
    await modal.send()


def link(world: World, message: dict[str, Any], channel: str) -> str:
    domain, ts = world.sandbox.slack.team.domain, message["ts"].replace(".", "")
    return f"https://{domain}.slack.com/archives/{world.channel(channel)}/p{ts}"


async def test_a_card_stands_below_its_message(world: World) -> None:
    """In a new thread, and in the channel as well, once the incident is created."""
    message = await posted(world)
    await declare(world, message)
    await eventually(lambda: world.cards("incidents"))
    [card] = world.cards("incidents")
    assert (card["thread_ts"], card["subtype"]) == (message["ts"], BROADCAST)


async def test_a_card_joins_the_thread_of_a_reply(world: World) -> None:
    """Slack takes no reply to a reply."""
    message = await posted(world)
    await declare(world, await posted(world, thread_ts=message["ts"]))
    await eventually(lambda: world.cards("incidents"))
    [card] = world.cards("incidents")
    assert card["thread_ts"] == message["ts"]


async def test_where_the_bot_is_not_the_thread_is_told_where_the_card_went(world: World) -> None:
    """One line for everybody in the thread; the card, with the message's link, for the person."""
    message = await posted(world, "warehouse-floor")
    await declare(world, message, "warehouse-floor")
    await eventually(lambda: world.cards("warehouse-floor"))
    [line] = world.cards("warehouse-floor")
    assert (line["thread_ts"], line["text"]) == (
        message["ts"],
        f"<@{world.admin}> filled in a form for this message. We sent the result to them "
        "directly. Invite the bot to this channel to see results here.",
    )
    [letter] = world.letters(world.admin)
    assert letter["blocks"][-1]["elements"][0]["text"] == (
        f"About <{link(world, message, 'warehouse-floor')}|this message>."
    )


async def test_slacks_address_for_the_line_is_used_once_and_forgotten(world: World) -> None:
    """It lets anybody who has it speak there for half an hour."""
    await declare(world, await posted(world, "warehouse-floor"), "warehouse-floor")
    await eventually(lambda: world.letters(world.admin))

    async def forgotten() -> bool:
        rows = await world.bot.services.delivery.history.newest()
        return [row.response_url for row in rows] == [""]

    await eventually(forgotten)
    assert len(world.cards("warehouse-floor")) == 1


async def test_the_line_is_missing_once_slack_takes_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person has the card all the same, and the log does not have the address."""
    message = await posted(world, "warehouse-floor")
    await world.sandbox.slack.message_shortcut(
        world.admin, world.channel("warehouse-floor"), message["ts"], FROM_MESSAGE
    )
    urls = world.sandbox.slack.state.responses
    monkeypatch.setattr(urls, "clock", lambda: time.time() + 3600)
    modal = world.top()
    with capture_logs() as logs:
        await modal.send()
        await eventually(lambda: [it for it in logs if it["event"] == "card.thread_not_told"])
    assert world.cards("warehouse-floor") == []
    assert len(world.letters(world.admin)) == 1
    assert "/response/" not in repr(logs)


async def test_nothing_private_is_told_in_the_thread(world: World) -> None:
    """Not even that something was declared."""
    message = await posted(world, "warehouse-floor")
    await world.sandbox.slack.message_shortcut(
        world.admin, world.channel("warehouse-floor"), message["ts"], FROM_MESSAGE
    )
    modal = await world.top().choose("choice", "Rootly")
    if "rootly.incident.private" not in modal.fields:
        await modal.press("rootly.incident.more", "more")
        modal = world.top()
    await modal.fill(private=True)
    await modal.send()
    await eventually(lambda: world.letters(world.admin))
    assert world.cards("warehouse-floor") == []


async def test_a_button_in_a_thread_is_answered_there(world: World) -> None:
    """An answer in the channel is not seen by whoever reads the thread."""
    parent = await posted(world)
    await standing(world, "failed", "gave_up", thread_ts=parent["ts"])
    here = card(world)
    assert (here["thread_ts"], buttons(here)) == (parent["ts"], ["try_again", "copy"])
    assert (await late_press(world)).ok
    [(_, _, shown)] = world.sandbox.slack.ephemerals
    assert shown["thread_ts"] == parent["ts"]


async def late_press(world: World) -> Outcome:
    """Somebody who may not press does."""
    return await press(world, "try_again", world.guest)


async def test_a_button_of_a_card_with_replies_is_answered_in_the_channel(world: World) -> None:
    """People see such a card in the channel, although it has a thread."""
    await standing(world, "failed", "gave_up")
    await posted(world, thread_ts=card(world)["ts"])
    assert (await late_press(world)).ok
    [(_, _, shown)] = world.sandbox.slack.ephemerals
    assert "thread_ts" not in shown
    assert "failed" not in says(card(world))


async def test_a_shortcut_on_a_reply_is_refused_in_its_thread(world: World) -> None:
    """Whoever may not use it reads why where the message is."""
    parent = await posted(world)
    reply = await posted(world, thread_ts=parent["ts"])
    outcome = await world.sandbox.slack.message_shortcut(
        world.guest, world.channel("incidents"), reply["ts"], FROM_MESSAGE
    )
    assert outcome.ok
    [(_, person, shown)] = world.sandbox.slack.ephemerals
    assert (person, shown["thread_ts"]) == (world.guest, parent["ts"])
