"""One card for the rows of a batch: it follows each of them, and belongs to the first."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import messages
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from tests.world.cards import AWAY, CHANNEL, DELIVERED, PERSON, Board, board_on
from tests.world.notes import draft

REFUSED = Outcome("rejected", "refused", said("Too vague."))


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


async def batch(board: Board, **changes: Any) -> list[Delivery]:
    """Three rows of one modal, which are queued."""
    await board.connect()
    drafts = [draft(key, **changes) for key in ("a", "b", "c")]
    committed = await board.deliveries.enqueue_batch(drafts, card_not_before=board.clock.now)
    return [row for row, _ in committed]


def content(board: Board, rows: Sequence[Delivery]) -> dict[str, Any]:
    operation = board.adapter.operation("note")
    shown = [messages.RenderedDelivery(row, board.adapter, operation) for row in rows]
    return messages.batch_card(shown, {})


async def now(board: Board, rows: Sequence[Delivery]) -> list[Delivery]:
    return [await board.look(row) for row in rows]


async def test_one_card_follows_every_row(board: Board) -> None:
    """Posted once, edited for each change of any row, and quiet in between."""
    rows = await batch(board)
    await board.round()
    posted = await now(board, rows)
    for outcome in (DELIVERED, REFUSED, AWAY):
        await board.next_attempt(outcome)
        await board.round()
        await board.round()
    assert board.slack.methods == ["chat.postMessage", "chat.update", "chat.update", "chat.update"]
    where = {"channel": CHANNEL, "unfurl_links": False, "unfurl_media": False}
    assert board.slack.calls[0][1] == {**where, **content(board, posted)}
    ended = await now(board, rows)
    assert [row.state for row in ended] == ["delivered", "rejected", "queued"]
    assert board.slack.calls[-1][1] == {
        "channel": CHANNEL,
        "ts": "17.5",
        **content(board, ended),
    }
    assert [row.card_ts for row in ended] == ["17.5", "", ""]


async def test_a_change_while_the_card_is_being_posted_is_shown_afterwards(board: Board) -> None:
    """What was drawn before it does not count as the latest."""
    rows = await batch(board)
    [owner] = await board.card_outbox.claim_cards()
    await board.next_attempt(DELIVERED)
    await board.next_attempt(DELIVERED)
    await board.card_outbox.shown(owner, CHANNEL, "17.5")
    await board.round()
    assert board.slack.methods == ["chat.update"]
    assert board.slack.calls[0][1]["text"] == "2 of 3 action items created in Notes"
    assert {row.card_version for row in await now(board, rows[1:])} == {2, 1}


async def test_a_card_whose_process_died_is_adopted_by_its_owner(board: Board) -> None:
    """Whichever line's button was pressed; not for a row that is gone."""
    rows = await batch(board)
    assert not await board.card_outbox.adopt(replace(rows[1], id=999), CHANNEL, "17.5")
    assert await board.card_outbox.adopt(rows[1], CHANNEL, "17.5")
    assert not await board.card_outbox.adopt(rows[2], CHANNEL, "18.5")
    found = await board.card_outbox.by_card(rows[0].workspace, CHANNEL, "17.5")
    assert found is not None
    assert found.key == "a"


async def test_a_private_batch_is_a_direct_message(board: Board) -> None:
    """Its lines are whole there."""
    rows = await batch(board, private=True)
    await board.round()
    rows = await now(board, rows)
    assert [args["channel"] for _, args in board.slack.calls] == [PERSON]
    assert board.slack.calls[0][1]["blocks"] == content(board, rows)["blocks"]
    assert str(content(board, rows)).count("Checkout is down") == 3


async def test_a_row_that_became_private_has_no_words_on_the_card(board: Board) -> None:
    """Others in the channel see that there is one, and no button of it."""
    rows = await batch(board)
    await board.next_attempt(DELIVERED)
    hidden = replace(AWAY, private=True)
    await board.next_attempt(hidden)
    await board.round()
    shown = content(board, await now(board, rows))
    assert board.slack.calls[-1][1]["blocks"] == shown["blocks"]
    assert str(shown["blocks"]).count("A note") == 1
    assert str(shown["blocks"]).count("Checkout is down") == 1
    assert "/b" not in str([block for block in shown["blocks"] if block["type"] == "actions"])


async def test_a_batch_is_committed_once(board: Board) -> None:
    """A second submission finds the same rows; an item that is added later joins them."""
    rows = await batch(board)
    drafts = [draft(key) for key in ("a", "b", "c", "d")]
    again = await board.deliveries.enqueue_batch(drafts, card_not_before=0)
    assert [row.id for row, new in again if not new] == [row.id for row in rows]
    assert [(row.key, row.batch) for row, new in again if new] == [("d", "a")]
