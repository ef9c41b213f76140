"""Cards never say what they may not, nor what is no longer true."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.delivery.model import Outcome
from bot.delivery.problems import said
from tests.world.cards import AWAY, CHANNEL, DELIVERED, Board, board_on
from tests.world.notes import HERE, draft


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


async def test_what_was_made_private_when_it_was_corrected_leaves_the_channel(board: Board) -> None:
    """The refusal stood on a card in the channel; the new title and the link are for the person
    alone."""
    await board.settled(Outcome("rejected", "refused", said("No.")), title="Checkout is down")
    await board.round()
    corrected = draft("a", title="Ann has been hacked", private=True)
    row, _ = await board.deliveries.enqueue(corrected, lease=45, card_not_before=board.clock.now)
    await board.deliveries.settle(row, DELIVERED)
    await board.round()
    in_channel = [str(args) for _, args in board.slack.calls if args["channel"] == CHANNEL]
    assert not any(
        "hacked" in it or "notes.example.com/1" in it or "N-1" in it for it in in_channel
    )


async def test_a_card_that_stands_already_follows_a_refusal_that_a_modal_showed(
    board: Board,
) -> None:
    """A refusal in a modal gets no card; but a card that says "not yet" must not say so for ever."""
    row = await board.settled(AWAY)
    await board.round()
    board.cards.hold(row)  # somebody submits the same modal a second time
    board.clock.advance(60)
    claimed = await board.deliveries.claim((HERE, "notes"), 45)
    assert claimed is not None
    refusal = await board.deliveries.settle(claimed, Outcome("rejected", "refused", said("No.")))
    assert refusal is not None
    board.cards.release(refusal, "errors")
    await board.round()
    assert board.slack.methods == ["chat.postMessage", "chat.update"]
