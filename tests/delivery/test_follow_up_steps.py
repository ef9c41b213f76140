"""What remains to be done: claimed once, noted step by step, in the trail, and gone when everything
is."""

from collections.abc import Sequence

import pytest

from bot.adapters.base import Created
from bot.delivery.model import GIVE_UP_SECONDS, Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from tests.world.notes import Clock, draft, steps_of

BOTH = ("custom.a", "custom.b")


@pytest.fixture
def steps(database: Database, clock: Clock) -> FollowUpSteps:
    return FollowUpSteps(database, clock)


async def created(
    deliveries: Deliveries, remaining: Sequence[str] = BOTH, key: str = "a"
) -> Delivery:
    """A row that was delivered, and of which these steps remain."""
    row, _ = await deliveries.enqueue(draft(key), lease=45, card_not_before=0.0)
    settled = await deliveries.settle(
        row, Outcome("delivered", vendor_object={"id": "n1"}, follow_up_steps=remaining)
    )
    assert settled is not None
    return settled


async def test_what_was_delivered_whole_is_nobodys_to_finish(
    deliveries: Deliveries, steps: FollowUpSteps
) -> None:
    """Nothing remains, nothing is due."""
    row = await created(deliveries, ())
    assert (steps_of(row), row.next_step_at, row.settled) == ({}, 0.0, True)
    assert (await steps.next_time(), await steps.claim(45)) == (None, None)


async def test_what_nobody_claimed_is_not_changed(
    deliveries: Deliveries, steps: FollowUpSteps
) -> None:
    """Nothing remains of the row, so no worker can have it."""
    row = await created(deliveries, ())
    assert await steps.settled(row, {"custom.a": said("No.")}, 45) is None
    assert await steps.postponed(row, 9e9) is None
    assert await deliveries.get(row) == row


async def test_one_worker_has_it(
    deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """Due at once, claimed once; when whoever claimed it dies, it is due again after the lease."""
    row = await created(deliveries)
    assert (row.settled, steps_of(row), await steps.next_time()) == (
        False,
        dict.fromkeys(BOTH, ""),
        clock.now,
    )
    assert row.expires_at == clock.now + GIVE_UP_SECONDS
    claimed = await steps.claim(45)
    assert claimed is not None
    assert (claimed.id, claimed.next_step_at) == (row.id, clock.now + 45)
    assert await steps.claim(45) is None
    clock.advance(45)
    assert await steps.claim(45) is not None


async def test_each_step_is_noted(
    database: Database, deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """Done: gone; refused: there with the reason. People are shown it once none waits any more; the
    trail has each."""
    row = await created(deliveries)
    claimed = await steps.claim(45)
    assert claimed is not None
    clock.advance(1)
    half = await steps.settled(claimed, {"custom.a": {}}, 45)
    assert half is not None
    assert (steps_of(half), half.next_step_at, half.version) == (
        {"custom.b": ""},
        clock.now + 45,
        row.version,
    )
    whole = await steps.settled(half, {"custom.b": said("Not that.")}, 45)
    assert whole is not None
    assert (steps_of(whole), whole.next_step_at, whole.settled) == (
        {"custom.b": "Not that."},
        0.0,
        True,
    )
    assert whole.version == row.version + 1
    trail = [(it.state, it.reason) for it in await History(database, clock).trail(whole)]
    assert trail[-2:] == [("delivered", "step_done"), ("delivered", "step_not_done")]


async def test_who_wakes_late_changes_nothing(
    deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """The claim has passed to somebody else by then."""
    await created(deliveries)
    late = await steps.claim(45)
    clock.advance(45)
    mine = await steps.claim(45)
    assert late is not None
    assert mine is not None
    assert await steps.settled(late, dict.fromkeys(BOTH, said("")), 45) is None
    assert await steps.postponed(late, clock.now + 9) is None
    assert (await deliveries.get(mine)) == mine


async def test_what_waits_is_due_then(
    deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """Nothing is new on the card, and nothing in the trail."""
    row = await created(deliveries)
    claimed = await steps.claim(45)
    assert claimed is not None
    later = await steps.postponed(claimed, clock.now + 300)
    assert later is not None
    assert (await steps.next_time(), later.version, steps_of(later)) == (
        clock.now + 300,
        row.version,
        steps_of(row),
    )


async def test_what_is_found_has_its_steps(
    database: Database, deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """An object that was looked up is to be finished like any other."""
    row, _ = await deliveries.enqueue(draft("a"), lease=45, card_not_before=0.0)
    row = (
        await deliveries.settle(row, Outcome("unconfirmed", "unclear", reconcile_at=clock.now))
        or row
    )
    found = await ReconcileStore(database, clock).found(row, Created(id="n1", remaining=BOTH))
    assert found is not None
    assert (found.state, steps_of(found), found.vendor_object) == ("delivered", dict.fromkeys(BOTH, ""), {
        "id": "n1", "reference": "", "title": "", "url": "", "note": "", "status": "", "channel": "",
    })  # fmt: skip
    assert await steps.claim(45) is not None


async def test_the_next_time_has_an_index(database: Database) -> None:
    """However many rows there are, the loop does not read them all."""
    sql = "EXPLAIN QUERY PLAN SELECT id FROM deliveries WHERE next_step_at > 0"
    sql += " AND next_step_at <= 5 ORDER BY next_step_at LIMIT 1"
    (plan,) = await database.read(lambda db: db.execute(sql).fetchall())
    assert "deliveries_to_finish" in plan["detail"]


async def test_a_clock_that_went_back_delays_nothing(
    deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """What would wait for hours that have passed already is due now."""
    await created(deliveries)
    claimed = await steps.claim(45)
    assert claimed is not None
    await steps.postponed(claimed, clock.now + 300)
    clock.advance(-7200)
    await deliveries.clock_went_back()
    assert await steps.next_time() == clock.now


async def test_erasing_erases_the_vendors_words(
    database: Database, deliveries: Deliveries, steps: FollowUpSteps, clock: Clock
) -> None:
    """And what the workspace called its fields."""
    row = await created(deliveries)
    claimed = await steps.claim(45)
    assert claimed is not None
    await steps.settled(claimed, dict.fromkeys(BOTH, said("Not that.")), 45)
    assert await History(database, clock).erase(clock.now + 1) == 1
    assert (erased := await deliveries.get(row)).follow_up_steps == {}
    assert erased.custom == ()
