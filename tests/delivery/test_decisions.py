"""What people decide: in which states each decision does something, once, and what it changes."""

import asyncio
from pathlib import Path
from typing import get_args

import pytest

from bot.delivery.model import GIVE_UP_SECONDS, Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.states import FOR_AN_ADMIN, STATES, Decision, State
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from tests.world.notes import DAY, ELSEWHERE, HERE, Clock, draft, steps_of, why

BOB = "U0BOB00001"
WORKS: dict[Decision, tuple[set[State], State, str]] = {
    "cancel": ({"queued"}, "cancelled", "cancelled"),
    "by_hand": ({"queued"}, "cancelled", "by_hand"),
    "try_again": ({"failed", "cancelled"}, "queued", "tried_again"),
    "send_again": ({"unconfirmed"}, "queued", "sent_again"),
    "is_there": ({"unconfirmed"}, "delivered", "confirmed"),
}


@pytest.fixture
def decisions(database: Database, clock: Clock) -> Decisions:
    return Decisions(database, clock)


async def in_state(deliveries: Deliveries, state: State, key: str = "a") -> Delivery:
    row, _ = await deliveries.enqueue(draft(key), lease=45, card_not_before=0.0)
    if state == "sending":
        return row
    settled = await deliveries.settle(
        row,
        Outcome(
            state, "reason", said("Words."), reconcile_at=5.0 if state == "unconfirmed" else 0.0
        ),
    )
    assert settled is not None
    return settled


@pytest.mark.parametrize("decision", get_args(Decision))
@pytest.mark.parametrize("state", STATES)
async def test_a_decision_works_where_it_makes_sense(
    deliveries: Deliveries, decisions: Decisions, clock: Clock, decision: Decision, state: State
) -> None:
    """In its states, once; anywhere else, and for another workspace, nothing changes."""
    before = await in_state(deliveries, "queued" if state == "cancelled" else state)
    if state == "cancelled":
        called_off = await decisions.make(HERE, "a", "cancel", BOB)
        assert called_off is not None
        before = called_off
    clock.advance(10)
    assert await decisions.make(ELSEWHERE, "a", decision, BOB) is None
    row = await decisions.make(HERE, "a", decision, BOB)
    begins, ends, reason = WORKS.get(decision, (set(), "", ""))
    if state not in begins:
        assert (row, await deliveries.get(before)) == (None, before)
        return
    assert row is not None
    assert (row.state, row.reason, why(row), row.reconcile_at) == (ends, reason, "", 0.0)
    assert (row.updated_at, row.changed_by, row.version) == (clock.now, BOB, before.version + 1)
    assert await decisions.make(HERE, "a", decision, BOB) is None
    assert await deliveries.get(before) == row


async def test_what_remains_is_tried_again_whole(
    deliveries: Deliveries, decisions: Decisions, database: Database, clock: Clock
) -> None:
    """Everything that was not done waits again, for a whole day; while it does, nobody can ask for
    it a second time."""
    row, _ = await deliveries.enqueue(draft("a"), lease=45, card_not_before=0.0)
    await deliveries.settle(row, Outcome("delivered", follow_up_steps=["custom.a", "custom.b"]))
    assert await decisions.make(HERE, "a", "finish", BOB) is None
    settled = """UPDATE deliveries SET follow_up_steps = '{"custom.b": "No."}', next_step_at = 0"""
    await database.write(lambda db: db.execute(settled))
    clock.advance(3 * DAY)
    made = await decisions.make(HERE, "a", "finish", BOB)
    assert made is not None
    assert (made.state, made.reason, steps_of(made), made.next_step_at) == (
        "delivered",
        "",
        {"custom.b": ""},
        clock.now,
    )
    assert (made.expires_at, made.changed_by) == (clock.now + GIVE_UP_SECONDS, BOB)
    assert await decisions.make(HERE, "a", "finish", BOB) is None


@pytest.mark.parametrize(
    ("state", "decision", "resend_count"),
    [("failed", "try_again", 0), ("unconfirmed", "send_again", 1)],
)
async def test_what_is_sent_again_has_its_whole_time_again(
    database: Database,
    deliveries: Deliveries,
    decisions: Decisions,
    clock: Clock,
    state: State,
    decision: Decision,
    resend_count: int,
) -> None:
    """It is due at once, however long ago it was given up, and is looked up from the beginning."""
    before = await in_state(deliveries, state)
    if state == "unconfirmed":
        await ReconcileStore(database, clock).absent(before, 0.0)
    clock.advance(3 * DAY)
    row = await decisions.make(HERE, "a", decision, BOB)
    assert row is not None
    assert (row.next_attempt_at, row.expires_at, row.resend_count, row.lookup_count) == (
        clock.now,
        clock.now + GIVE_UP_SECONDS,
        resend_count,
        0,
    )


@pytest.mark.parametrize("reason", FOR_AN_ADMIN)
@pytest.mark.parametrize(("decision", "leaves"), [("cancel", "cancelled"), ("by_hand", "by_hand")])
async def test_what_waits_for_an_admin_can_be_called_off(
    database: Database,
    deliveries: Deliveries,
    decisions: Decisions,
    reason: str,
    decision: Decision,
    leaves: str,
) -> None:
    """Once; it would be sent by itself otherwise. What was written in it is there still, unless it
    was erased."""
    for key in ("a", "b"):
        row, _ = await deliveries.enqueue(draft(key), lease=45, card_not_before=0.0)
        await deliveries.settle(row, Outcome("failed", reason, said("Words.")))
    await database.write(
        lambda db: db.execute("UPDATE deliveries SET erased_at = 5 WHERE key = 'b'")
    )
    called_off = await decisions.make(HERE, "a", decision, BOB)
    assert called_off is not None
    assert (called_off.state, called_off.reason, why(called_off)) == ("cancelled", leaves, "")
    assert await decisions.make(HERE, "a", decision, BOB) is None
    assert await decisions.make(HERE, "b", decision, BOB) is None


async def test_what_was_erased_is_not_sent_again(
    database: Database, deliveries: Deliveries, decisions: Decisions
) -> None:
    """There is nothing left to send."""
    await in_state(deliveries, "failed")
    await database.write(lambda db: db.execute("UPDATE deliveries SET erased_at = 5"))
    assert await decisions.make(HERE, "a", "try_again", BOB) is None


async def test_of_two_who_decide_at_once_one_did(
    database: Database, deliveries: Deliveries, path: Path, clock: Clock
) -> None:
    """In two processes: whoever was first is who did it."""
    row = await in_state(deliveries, "unconfirmed")
    other = await Database.open(path)
    both = (Decisions(database, clock), Decisions(other, clock))
    people = [f"U{n}" for n in range(6)]
    made = await asyncio.gather(
        *[
            both[n % 2].make(HERE, "a", ("send_again", "is_there")[n % 2], by)
            for n, by in enumerate(people)
        ]
    )
    await other.close()
    [first] = [it for it in made if it is not None]
    assert await deliveries.get(row) == first
