"""Cards in threads: answered where it began, and shown in the channel once, when an incident is
created."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.slack.card_posts import NO_THREAD
from tests.world.cards import AWAY, CHANNEL, DELIVERED, DIRECT, PERSON, Board, board_on, slack_takes
from tests.world.slack import refused

THREAD = "1700000000.000100"
LINK = "https://acme.slack.com/archives/C0GENERAL1/p1700000000000100"


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


def told(board: Board) -> list[tuple[str, Any, Any]]:
    """Each call: its method, its thread, and whether it is shown in the channel too."""
    return [
        (method, args.get("thread_ts"), args.get("reply_broadcast"))
        for method, args in board.slack.calls
    ]


async def test_a_created_incident_is_told_in_its_thread_and_in_the_channel(board: Board) -> None:
    """The card is posted once, and seen in both."""
    row = await board.settled(thread_ts=THREAD)
    await board.round()
    assert told(board) == [("chat.postMessage", THREAD, True)]
    assert (await board.look(row)).card_in_channel


async def test_what_waits_is_told_in_the_thread_alone(board: Board) -> None:
    """The channel is told when the incident is created, and never again."""
    await board.settled(AWAY, thread_ts=THREAD)
    await board.round()
    await board.next_attempt(DELIVERED)
    await board.round()
    row = await board.database.write(
        lambda tx: tx.execute("UPDATE deliveries SET version = version + 1")
    )
    assert row.rowcount == 1
    await board.round()
    assert told(board) == [
        ("chat.postMessage", THREAD, None),
        ("chat.update", None, True),
        ("chat.update", None, None),
    ]


async def test_an_action_item_stays_in_the_thread(board: Board) -> None:
    """Only incidents concern the whole channel."""
    await board.settled(AWAY, thread_ts=THREAD, kind="action_item")
    await board.round()
    await board.next_attempt(DELIVERED)
    await board.round()
    assert told(board) == [("chat.postMessage", THREAD, None), ("chat.update", None, None)]


@pytest.mark.parametrize("error", NO_THREAD)
async def test_where_nobody_can_reply_it_is_told_in_the_channel(board: Board, error: str) -> None:
    """A locked thread, or a message that is gone: then it is a card like any other."""
    board.slack.answer = lambda args: (
        refused(error)(args) if "thread_ts" in args else slack_takes(args)
    )
    await board.settled(AWAY, thread_ts=THREAD)
    await board.round()
    await board.next_attempt(DELIVERED)
    await board.round()
    assert told(board) == [
        ("chat.postMessage", THREAD, None),
        ("chat.postMessage", None, None),
        ("chat.update", None, None),
    ]
    assert {args["channel"] for _, args in board.slack.calls} == {CHANNEL}


async def test_a_card_that_slack_does_not_show_in_the_channel_is_edited_all_the_same(
    board: Board,
) -> None:
    """It may be shown there already, by a process that died before it noted so."""
    await board.settled(AWAY, thread_ts=THREAD)
    await board.round()
    row = await board.next_attempt(DELIVERED)
    board.slack.answer = lambda args: (
        refused("cant_broadcast_message")(args)
        if args.get("reply_broadcast")
        else slack_takes(args)
    )
    await board.round()
    assert told(board)[1:] == [("chat.update", None, True), ("chat.update", None, None)]
    assert (await board.look(row)).card_version == row.version


@pytest.mark.parametrize("private", [True, False])
async def test_a_direct_card_has_the_messages_link(board: Board, private: bool) -> None:
    """On each edit, whether the channel or the object keeps it out of the thread."""
    board.slack.answer = lambda args: (
        refused("not_in_channel")(args) if args["channel"] == CHANNEL else slack_takes(args)
    )
    where: dict[str, Any] = {"thread_ts": THREAD, "message_link": LINK, "private": private}
    await board.settled(AWAY, **where)
    await board.round()
    row = await board.next_attempt(DELIVERED)
    await board.round()
    shown = [args for _, args in board.slack.calls if args["channel"] in (PERSON, DIRECT)]
    assert [args["blocks"][-1]["elements"][0]["text"] for args in shown] == [
        f"About <{LINK}|this message>."
    ] * 2
    assert shown[-1]["blocks"][:-1] == board.content(row)["blocks"]
    assert [args.get("thread_ts") for args in shown] == [None, None]
