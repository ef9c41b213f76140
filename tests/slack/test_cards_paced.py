"""Cards keep to Slack's limits, and to one message a row, whatever happens between posting and
noting."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from bot.delivery.model import Outcome
from bot.delivery.store.cards import LEASE_SECONDS
from bot.slack import cards
from tests.world.bot import eventually
from tests.world.cards import AWAY, CHANNEL, DELIVERED, Board, board_on, limited, slack_takes
from tests.world.machine import ended
from tests.world.notes import HERE


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


async def test_a_channel_gets_about_one_message_a_second(board: Board) -> None:
    """Two hundred rows at once: the first at once, the last 199 seconds later; another channel's
    goes out meanwhile."""
    at: list[tuple[float, str]] = []

    def note(args: dict[str, Any]) -> dict[str, Any]:
        at.append((board.clock.now - begun, args["channel"]))
        return slack_takes(args)

    board.slack.answer = note
    for n in range(200):
        await board.settled(key=f"k{n}")
    begun = board.clock.now
    while (pause := await board.work()) is not None:
        board.clock.advance(pause)
        if board.clock.now == begun + 50:
            await board.settled(key="other", channel="C0OTHER001")
    assert [second for second, channel in at if channel == CHANNEL] == list(range(200))
    assert [second for second, channel in at if channel != CHANNEL] == [50]


async def test_what_changes_meanwhile_is_shown_once(board: Board) -> None:
    """A row that changes three times before its channel's turn comes is edited once, to what it
    says by then."""
    await board.settled(AWAY)
    await board.work()
    for outcome in (Outcome("queued", "rate_limited"), AWAY, DELIVERED):
        row = await board.next_attempt(outcome)
        assert await board.work() == 1.0
    await board.round()
    assert board.slack.methods == ["chat.postMessage", "chat.update"]
    assert board.slack.calls[1][1] == {"channel": CHANNEL, "ts": "17.5", **board.content(row)}


@pytest.mark.parametrize(("named", "seconds"), [(30, 30.0), ("soon", 10.0), (10**8, 3600.0)])
async def test_slack_is_left_alone_for_as_long_as_it_says(
    board: Board, named: object, seconds: float
) -> None:
    """That channel's cards wait, another's do not; nothing is lost."""
    for key in ("a", "b"):
        await board.settled(key=key)
    board.slack.answer = limited(named)
    with capture_logs() as logs:
        assert await board.work() == seconds
    assert [(entry["event"], entry["error"]) for entry in logs] == [
        ("card.post_failed", "ratelimited")
    ]
    board.slack.answer = slack_takes
    await board.settled(key="c", channel="C0OTHER001")
    await board.work()
    board.clock.advance(seconds - 0.5)
    await board.work()
    assert [args["channel"] for _, args in board.slack.calls] == [CHANNEL, "C0OTHER001"]
    board.clock.advance(0.5)
    await board.work()
    await board.round()
    assert [args["channel"] for _, args in board.slack.calls] == [
        CHANNEL,
        "C0OTHER001",
        CHANNEL,
        CHANNEL,
    ]


async def test_a_second_channel_that_is_limited_means_all(board: Board) -> None:
    """Slack limits the bot as a whole then: nothing is sent anywhere until the pause is over."""
    await board.settled(key="a")
    await board.settled(key="b", channel="C0OTHER001")
    board.slack.answer = limited(30)
    with capture_logs():
        await board.work()
    board.slack.answer = slack_takes
    await board.settled(key="c", channel="C0THIRD001")
    assert await board.work() == 30.0
    assert len(board.slack.calls) == 2
    board.clock.advance(30)
    await board.work()
    assert sorted(args["channel"] for _, args in board.slack.calls[2:]) == [
        CHANNEL,
        "C0OTHER001",
        "C0THIRD001",
    ]


class Late(JSONResponse):
    """An answer that Slack holds back until the test says so."""

    def __init__(self, content: dict[str, Any], when: asyncio.Event) -> None:
        super().__init__(content)
        self._when = when

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._when.wait()
        await super().__call__(scope, receive, send)


async def test_a_channel_where_slack_is_silent_holds_up_no_other(board: Board) -> None:
    """While one post waits for its answer, the other channels' cards go out, and nothing else into
    that channel."""
    now = asyncio.Event()
    board.slack.answer = lambda args: (
        Late(slack_takes(args), now) if args["channel"] == CHANNEL else slack_takes(args)
    )
    loop = asyncio.create_task(board.cards.run())
    for key in ("a", "b"):
        await board.settled(key=key)
    board.cards.changed(await board.settled(key="c", channel="C0OTHER001"))
    await eventually(lambda: len(board.slack.calls) == 2)
    board.clock.advance(5)
    board.cards.changed(await board.settled(key="d", channel="C0THIRD001"))
    await eventually(lambda: len(board.slack.calls) == 3)
    assert [args["channel"] for _, args in board.slack.calls].count(CHANNEL) == 1
    now.set()
    await ended(loop)


async def test_the_clock_may_go_back(board: Board) -> None:
    """Pauses that were measured before it did are over."""
    row = await board.settled()
    board.slack.answer = limited(30)
    with capture_logs():
        await board.work()
    board.clock.advance(-7200)
    board.slack.answer = slack_takes
    await board.work()
    assert (await board.look(row)).card_ts == "17.5"


# --- what can go wrong between posting and noting


async def test_a_card_that_is_posted_but_not_noted_can_be_adopted(board: Board) -> None:
    """Its process died in between. A click on the orphan makes it the row's card, and the row edits
    it from then on."""
    row = await board.settled(AWAY)
    assert [it.id for it in await board.card_outbox.claim_cards()] == [row.id]
    assert await board.card_outbox.adopt(row, CHANNEL, "16.5")
    assert not await board.card_outbox.adopt(row, CHANNEL, "16.6")
    assert (await board.card_outbox.by_card(HERE, CHANNEL, "16.5")) == await board.look(row)
    board.clock.advance(LEASE_SECONDS)
    await board.work()
    await board.next_attempt(DELIVERED)
    await board.round()
    assert [(method, args["ts"]) for method, args in board.slack.calls] == [
        ("chat.update", "16.5")
    ] * 2


async def test_a_busy_file_does_not_post_it_twice(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Slack took is noted as soon as the file can be written again."""
    monkeypatch.setattr(cards, "NOTING_PAUSE", 0.01)
    row, database = await board.settled(), board.database
    loop = asyncio.create_task(board.cards.run())
    board.slack.pause = 0.1
    with capture_logs() as logs:
        await eventually(lambda: board.slack.calls)
        await database.write(lambda db: db.execute("ALTER TABLE deliveries RENAME TO gone"))
        await eventually(lambda: "card.not_recorded" in [entry["event"] for entry in logs])
        await database.write(lambda db: db.execute("ALTER TABLE gone RENAME TO deliveries"))

    async def noted() -> bool:
        return (await board.look(row)).card_ts == "17.5"

    await eventually(noted)
    await ended(loop)
    assert board.slack.methods == ["chat.postMessage"]


async def test_what_is_being_posted_is_noted_before_the_end(board: Board) -> None:
    """A clean stop waits a moment for Slack's answer, so that the next start does not post it
    again."""
    row = await board.settled()
    board.slack.pause = 0.2
    loop = asyncio.create_task(board.cards.run())
    await eventually(lambda: board.slack.calls)
    await ended(loop)
    assert (await board.look(row)).card_ts == "17.5"


async def test_a_row_that_cannot_be_drawn_holds_up_nobody(board: Board) -> None:
    """A vendor that this version does not know: logged, and the others are shown."""
    await board.settled(key="a", operation="memo", channel="C0OTHER001")
    row = await board.settled(key="b")
    with capture_logs() as logs:
        await board.work()
    assert logs == [{"event": "card.failed", "error": "KeyError", "log_level": "error"}]
    assert (await board.look(row)).card_ts == "17.5"
