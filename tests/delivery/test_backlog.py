"""What the operator is told of the queue, against what people are told."""

from collections.abc import Awaitable, Callable

import pytest

from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store import backlog
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from tests.world.notes import HERE, Clock, draft

UNCLEAR = Outcome("unconfirmed", "unclear", said("Notes didn't answer."), reconcile_at=1.0)
Step = Callable[[ReconcileStore, Delivery], Awaitable[Delivery | None]]


async def nothing(_: ReconcileStore, row: Delivery) -> Delivery:
    return row


@pytest.mark.parametrize(
    ("step", "undecided"),
    [
        pytest.param(nothing, False, id="to be looked up"),
        pytest.param(lambda doubts, row: doubts.absent(row, 9.0), False, id="not there yet"),
        pytest.param(lambda doubts, row: doubts.unanswered(row, 9.0), False, id="no answer yet"),
        pytest.param(
            lambda doubts, row: doubts.unanswered(row, 9.0, said("It does not say.")),
            True,
            id="no answer for long",
        ),
        pytest.param(
            lambda doubts, row: doubts.undecided(row, said("Nobody knows.")),
            True,
            id="not to be found out",
        ),
    ],
)
async def test_all_agree_about_who_has_to_act(
    database: Database, deliveries: Deliveries, clock: Clock, step: Step, undecided: bool
) -> None:
    """The card, `/vendors` and the operator's check say of the same row that a person decides, or
    that the bot looks."""
    queued, _ = await deliveries.enqueue(draft("a"), lease=45.0, card_not_before=0.0)
    unclear = await deliveries.settle(queued, UNCLEAR)
    assert unclear is not None
    row = await step(ReconcileStore(database, clock), unclear)
    assert row is not None
    told = await backlog.count(database, clock.now)
    assert (told.undecided, told.looked_up) == (int(undecided), int(not undecided))
    assert await deliveries.in_doubt(HERE) == ({row.vendor: 1} if undecided else {})
    assert row.undecided == undecided


async def test_what_waits_is_counted(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """In all, what waits for too long, since when, and what waits for an admin; nothing where
    nothing waits."""
    assert await backlog.count(database, clock.now) == backlog.Backlog(0, 0, 0.0, 0, 0, 0)
    began = clock.now
    await deliveries.enqueue(draft("a"), lease=45.0, card_not_before=0.0)
    refused, _ = await deliveries.enqueue(draft("c"), lease=45.0, card_not_before=0.0)
    await deliveries.settle(refused, Outcome("failed", "unauthorized"))
    clock.advance(45.0)
    await deliveries.enqueue(draft("b"), lease=None, card_not_before=0.0)
    clock.advance(backlog.OVERDUE_SECONDS)
    assert await backlog.count(database, clock.now) == backlog.Backlog(2, 0, began, 0, 0, 1)
    assert await backlog.count(database, clock.now + 1) == backlog.Backlog(2, 2, began, 0, 0, 1)
