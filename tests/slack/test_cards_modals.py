"""The modal that is still open follows its row, beside the card."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.rate_limit import RateLimiters
from bot.delivery.attempt import VendorAccess
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.cards import FOLLOWED_SECONDS, MODAL_SECONDS
from bot.delivery.store.decisions import Decisions
from bot.slack.cards import MOST_RECEIPTS, Shown
from bot.slack.people import UserDirectory
from bot.slack.readers import Readers
from bot.slack.tokens import SlackTokens
from bot.storage.preferences import Preferences
from tests.world.cards import (
    AWAY,
    DELIVERED,
    Board,
    SteppedCards,
    board_on,
    fixed_token,
    limited,
    slack_takes,
)
from tests.world.notes import HERE, draft
from tests.world.slack import refused


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db") as board:
        yield board


REFUSED = Outcome("rejected", "refused", said("No."))


async def answered(
    board: Board, outcome: Outcome, shown: Shown | None = "receipt", **changes: Any
) -> Delivery:
    """A row whose modal was answered with what became of the first attempt; None: nobody knows
    whether it was."""
    row, _ = await board.deliveries.enqueue(
        draft(view_id="V0MODAL001", **changes),
        lease=45,
        card_not_before=board.clock.now + MODAL_SECONDS,
    )
    board.cards.hold(row)
    settled = await board.deliveries.settle(row, outcome)
    assert settled is not None
    board.cards.release(settled, shown)
    return settled


def followed(board: Board) -> list[dict[str, Any]]:
    """What the modal was changed to."""
    return [args["view"] for method, args in board.slack.calls if method == "views.update"]


async def test_the_open_modal_follows_until_the_end(board: Board) -> None:
    """It shows every change after the one that it was answered with, and is left alone once it has
    shown how it ended."""
    await answered(board, AWAY)
    await board.work()
    assert board.slack.methods == ["chat.postMessage"]
    board.clock.advance(MODAL_SECONDS)
    limits = await board.next_attempt(Outcome("queued", "rate_limited"))
    await board.round()
    made = await board.next_attempt(DELIVERED)
    await board.round()
    assert followed(board) == [board.receipt(limits), board.receipt(made)]
    assert {args["view_id"] for method, args in board.slack.calls if method == "views.update"} == {
        "V0MODAL001"
    }
    assert ((await board.look(made)).view_id, await board.card_outbox.next_view_time()) == (
        "",
        None,
    )


@pytest.mark.parametrize(
    ("outcome", "shown", "cards"),
    [
        (DELIVERED, "receipt", 1),
        (Outcome("failed", "forbidden"), "receipt", 1),
        (REFUSED, "receipt", 1),
        (REFUSED, "errors", 0),
    ],
)
async def test_a_modal_that_showed_the_end_is_left_alone(
    board: Board, outcome: Outcome, shown: Shown, cards: int
) -> None:
    """Nothing is sent to it, whatever happens to the row. A refusal needs no card as long as it
    stands in the form with all that was entered; it needs one where a receipt took the form's
    place."""
    row = await answered(board, outcome, shown)
    board.clock.advance(10)
    await board.work()
    assert board.slack.methods == ["chat.postMessage"] * cards
    assert (await board.look(row)).view_id == ""


async def test_a_refusal_that_nobody_may_have_seen_gets_a_card(board: Board) -> None:
    """The form stays as it is: it still holds what was entered. Sent once more, it is answered as
    any other, and the card follows."""
    row = await answered(board, REFUSED, shown=None)
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    assert (board.slack.methods, followed(board)) == (["chat.postMessage"], [])
    assert await board.card_outbox.next_view_time() is None
    board.clock.advance(1)
    again = await answered(board, AWAY)
    await board.work()
    assert (again.id, board.slack.methods) == (row.id, ["chat.postMessage", "chat.update"])


async def test_a_form_that_is_sent_again_unanswered_stays_a_form(board: Board) -> None:
    """The refusal before was seen in it, the present one perhaps was not."""
    await answered(board, REFUSED, "errors")
    await board.work()
    await answered(board, REFUSED, shown=None)
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    assert board.slack.methods == ["chat.postMessage"]


async def test_a_modal_that_missed_its_answer_becomes_a_receipt(board: Board) -> None:
    """Nothing in the form is needed any more: what was entered is on its way."""
    row = await answered(board, AWAY, shown=None)
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    assert followed(board) == [board.receipt(row)]


async def test_a_modal_that_was_closed_is_forgotten(board: Board) -> None:
    """Slack says `not_found`, which is nothing to log; it is not asked again."""
    await answered(board, AWAY)
    board.clock.advance(MODAL_SECONDS)
    board.slack.answer = lambda args: (
        refused("not_found")(args) if "view" in args else slack_takes(args)
    )
    with capture_logs() as logs:
        for outcome in (Outcome("queued", "rate_limited"), DELIVERED):
            await board.next_attempt(outcome)
            await board.round()
    assert (len(followed(board)), logs) == (1, [])


@pytest.mark.parametrize("shown", [True, False])
async def test_a_modal_in_which_something_was_decided_is_followed_again(
    board: Board, shown: bool
) -> None:
    """From what it shows on: at once, if Slack did not take what it should show."""
    await answered(board, Outcome("failed", "forbidden"))
    await board.work()
    tried_again = await Decisions(board.database, board.clock).make(
        HERE, "ir000000000001", "try_again", "U1"
    )
    assert tried_again is not None
    await board.card_outbox.follow(tried_again, "V0MODAL002", shown=shown)
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    made = await board.next_attempt(DELIVERED)
    await board.round()
    before = [] if shown else [board.receipt(tried_again)]
    assert followed(board) == [*before, board.receipt(made)]
    assert {args["view_id"] for method, args in board.slack.calls if method == "views.update"} == {
        "V0MODAL002"
    }
    assert (await board.look(made)).view_id == ""


async def test_a_modal_that_shows_how_it_ended_is_not_followed(board: Board) -> None:
    """Whatever was decided in it; another modal of the same row still is."""
    row = await answered(board, AWAY)
    await board.work()
    cancelled = await Decisions(board.database, board.clock).make(HERE, row.key, "cancel", "U1")
    assert cancelled is not None
    await board.card_outbox.follow(cancelled, "V0MODAL002", shown=True)
    assert (await board.look(row)).view_id == "V0MODAL001"
    await board.card_outbox.follow(cancelled, "V0MODAL001", shown=True)
    assert (await board.look(row)).view_id == ""


async def test_a_modal_is_not_followed_for_ever(board: Board) -> None:
    """After half an hour nobody looks at it."""
    await answered(board, AWAY)
    await board.work()
    board.clock.advance(FOLLOWED_SECONDS)
    await board.next_attempt(DELIVERED)
    await board.work()
    assert board.slack.methods == ["chat.postMessage", "chat.update"]
    assert await board.card_outbox.next_view_time() is None


async def test_another_process_follows_the_modal(board: Board) -> None:
    """The one that answered it has ended; so has one that died before it could answer at all."""
    await answered(board, AWAY)
    await board.work()
    row, _ = await board.deliveries.enqueue(
        draft("b", view_id="V0MODAL002"), lease=45, card_not_before=0.0
    )
    await board.deliveries.settle(row, DELIVERED)
    posts = board.cards.posts
    tokens = SlackTokens(board.installations, await fixed_token(board.slack, posts.client))
    board.slack.answer = slack_takes
    restarted = SteppedCards(
        board.card_outbox,
        VendorAccess(board.connections, {"notes": board.adapter}, RateLimiters({})),
        posts,
        tokens,
        Readers(UserDirectory(frozenset()), Preferences(board.database)),
        board.clock,
    )
    board.cards = restarted
    board.clock.advance(MODAL_SECONDS)
    await board.next_attempt(DELIVERED)
    await board.work()
    assert [args["view_id"] for method, args in board.slack.calls if method == "views.update"] == [
        "V0MODAL001",
        "V0MODAL002",
    ]


async def test_a_modal_in_trouble_does_not_delay_the_card(board: Board) -> None:
    """Slack limits one and not the other; the modal is brought up to date when it may be again."""
    await answered(board, AWAY)
    await board.work()
    board.clock.advance(MODAL_SECONDS)
    row = await board.next_attempt(DELIVERED)
    board.slack.answer = lambda args: limited(25)(args) if "view" in args else slack_takes(args)
    with capture_logs() as logs:
        assert await board.work() == 25.0
    assert [entry["event"] for entry in logs] == ["modal.update_failed"]
    assert sorted(board.slack.methods) == ["chat.postMessage", "chat.update", "views.update"]
    board.slack.answer = slack_takes
    board.clock.advance(25)
    assert await board.work() is None
    assert followed(board) == [board.receipt(row)] * 2


async def test_cards_in_a_crowded_channel_do_not_delay_the_modal(board: Board) -> None:
    """The modal has no place in the channel's queue."""
    for n in range(5):
        await board.settled(key=f"k{n}")
    row = await answered(board, AWAY)
    board.clock.advance(MODAL_SECONDS)
    made = await board.next_attempt(DELIVERED)
    await board.work()
    assert board.slack.methods.count("chat.postMessage") == 1
    assert (followed(board), made.id) == ([board.receipt(made)], row.id)


async def test_a_receipt_that_changed_twice_is_a_form_once_it_is_made_one(board: Board) -> None:
    """However many versions of it were shown before."""
    await answered(board, AWAY)
    await board.work()
    board.clock.advance(MODAL_SECONDS)
    for outcome in (Outcome("queued", "rate_limited"), REFUSED):
        await board.next_attempt(outcome)
        await board.round()
    assert (len(followed(board)), board.cards.is_receipt("V0MODAL001")) == (2, True)
    board.cards.is_form("V0MODAL001")
    assert not board.cards.is_receipt("V0MODAL001")


async def test_the_oldest_receipts_are_forgotten_first(board: Board) -> None:
    """Only so many modals are open at once."""
    for number in range(MOST_RECEIPTS + 1):
        board.cards.shows_receipt(f"V{number}")
    assert [board.cards.is_receipt(f"V{number}") for number in (0, 1, MOST_RECEIPTS)] == [
        False,
        True,
        True,
    ]
