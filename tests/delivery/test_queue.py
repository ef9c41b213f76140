"""Deliveries: enqueueing, claiming, settling, expiring."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.base import Entry
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.workspace import ConnectionKey
from tests.world.notes import DAY, ELSEWHERE, HERE, Clock, draft, why

LEASE = 45.0
LANE = (HERE, "notes")
DELIVERED = Outcome(
    "delivered", vendor_object={"id": "1", "reference": "N-1", "title": "T", "url": ""}
)
REJECTED = Outcome("rejected", "refused", said("No."), field_errors={"text": "is too short"})


async def enqueue(
    deliveries: Deliveries, key: str = "a", lease: float | None = LEASE, **changes: Any
) -> Delivery:
    row, _ = await deliveries.enqueue(draft(key, **changes), lease=lease, card_not_before=0.0)
    return row


async def claim(deliveries: Deliveries, connection_key: ConnectionKey = LANE) -> Delivery:
    """The connection's next row, which is there."""
    row = await deliveries.claim(connection_key, LEASE)
    assert row is not None
    return row


async def test_a_draft_becomes_a_claimed_row(
    deliveries: Deliveries, path: Path, clock: Clock
) -> None:
    """What comes back holds everything that was submitted, and another connection reads it as
    `sending` already."""
    chosen = {"people/1": Entry(id="1", label="Ann", detail="x", url="https://x.example.com")}
    row, new = await deliveries.enqueue(
        draft("a", selected=chosen, private=True), lease=LEASE, card_not_before=7.0
    )
    assert new
    assert row == Delivery(
        id=1,
        workspace=HERE,
        key="a",
        kind="incident",
        vendor="notes",
        operation="note",
        branch="",
        account="acme",
        actor="U0ANN00001",
        actor_name="Ann",
        channel="C0GENERAL1",
        private=True,
        title="Checkout is down",
        payload={"text": "Checkout is down"},
        selected=chosen,
        revision=0,
        state="sending",
        attempt=1,
        reason="",
        error_details={},
        field_errors={},
        vendor_object={},
        duplicates=[],
        created_at=clock.now,
        next_attempt_at=clock.now,
        expected_at=0.0,
        expires_at=clock.now + DAY,
        first_sent_at=clock.now,
        last_attempt_at=clock.now,
        reconcile_at=0.0,
        lookup_count=0,
        resend_count=0,
        updated_at=clock.now,
        changed_by="U0ANN00001",
        erased_at=0.0,
        version=1,
        card_version=0,
        card_channel="",
        card_ts="",
    )
    assert (await deliveries.get(row), await deliveries.find(HERE, "a")) == (row, row)
    with sqlite3.connect(path) as other:
        kept = other.execute(
            "SELECT state, lease_until, card_not_before FROM deliveries"
        ).fetchall()
    other.close()
    assert kept == [("sending", clock.now + LEASE, 7.0)]


async def test_without_a_free_slot_it_is_queued(deliveries: Deliveries) -> None:
    """A row that nobody sends yet is due, and has had no attempt."""
    row = await enqueue(deliveries, lease=None)
    assert (row.state, row.attempt, row.settled) == ("queued", 0, False)


async def test_there_is_no_row_that_was_never_made(deliveries: Deliveries) -> None:
    """A key without a row is None."""
    assert await deliveries.find(HERE, "a") is None


@pytest.mark.parametrize(
    "outcome", [DELIVERED, Outcome("unconfirmed"), Outcome("failed"), Outcome("queued"), None]
)
async def test_the_same_key_gives_the_same_row(
    deliveries: Deliveries, outcome: Outcome | None
) -> None:
    """A second submission changes nothing, whatever was edited meanwhile and whatever became of the
    first."""
    first = await enqueue(deliveries)
    if outcome is not None:
        await deliveries.settle(first, outcome)
    before = await deliveries.get(first)
    again = await deliveries.enqueue(
        draft("a", title="Edited", payload={"text": "Edited"}), lease=LEASE, card_not_before=9
    )
    assert again == (before, False)
    assert await deliveries.get(first) == before


async def test_of_submissions_at_once_one_is_new(
    database: Database, path: Path, clock: Clock
) -> None:
    """Ten presses of the button in two processes are one delivery."""
    other = await Database.open(path)
    both = (Deliveries(database, clock), Deliveries(other, clock))
    answers = await asyncio.gather(
        *[
            both[n % 2].enqueue(draft("a", title=f"Press {n}"), lease=LEASE, card_not_before=0)
            for n in range(10)
        ]
    )
    await other.close()
    assert sum(new for _, new in answers) == 1
    assert len({row.id for row, _ in answers}) == len({row.title for row, _ in answers}) == 1


async def test_a_rejected_row_takes_the_corrected_values(
    deliveries: Deliveries, clock: Clock
) -> None:
    """The correction is a new revision with a new attempt; nothing of the refusal is left on it."""
    first = await enqueue(deliveries)
    assert (refused := await deliveries.settle(first, REJECTED)) is not None
    clock.advance(30)
    changes: dict[str, Any] = {
        "title": "Better",
        "payload": {"text": "Better"},
        "account": "bolt",
        "operation": "memo",
    }
    again, new = await deliveries.enqueue(draft("a", **changes), lease=LEASE, card_not_before=0)
    assert (new, again.id, again.revision, again.attempt, again.state) == (
        True,
        first.id,
        1,
        2,
        "sending",
    )
    assert (again.title, again.payload, again.account, again.operation) == (
        "Better",
        {"text": "Better"},
        "bolt",
        "memo",
    )
    assert (again.reason, why(again), again.field_errors, again.created_at) == (
        "",
        "",
        {},
        clock.now,
    )
    assert again.version > refused.version
    assert await deliveries.settle(first, DELIVERED) is None


async def test_a_corrected_row_without_a_free_slot_is_queued(deliveries: Deliveries) -> None:
    """It waits like any other; the attempt is counted when it is claimed."""
    await deliveries.settle(await enqueue(deliveries), REJECTED)
    again = await enqueue(deliveries, lease=None)
    assert (again.state, again.attempt, again.revision) == ("queued", 1, 1)
    claimed = await claim(deliveries)
    assert (claimed.state, claimed.attempt, claimed.revision) == ("sending", 2, 1)


async def test_workspaces_have_their_own_keys(deliveries: Deliveries) -> None:
    """The same key in two workspaces is two deliveries."""
    here, elsewhere = (
        await enqueue(deliveries, lease=None),
        await enqueue(deliveries, lease=None, workspace=ELSEWHERE),
    )
    assert here.id != elsewhere.id
    assert await deliveries.find(ELSEWHERE, "a") == elsewhere
    assert (
        await deliveries.waiting(HERE)
        == await deliveries.waiting(ELSEWHERE)
        == {("notes", "acme"): (1, {})}
    )


async def test_what_is_due_is_claimed_oldest_first(deliveries: Deliveries, clock: Clock) -> None:
    """Each with a new attempt; what is not due stays."""
    later = await enqueue(deliveries, "d")
    await deliveries.settle(
        later, Outcome("queued", "rate_limited", next_attempt_at=clock.now + 30)
    )
    for key in ("a", "b", "c"):
        await enqueue(deliveries, key, lease=None)
        clock.advance(1)
    claimed = [await claim(deliveries) for _ in range(3)]
    assert [(it.key, it.state, it.attempt) for it in claimed] == [
        (key, "sending", 1) for key in ("a", "b", "c")
    ]
    assert await deliveries.claim(LANE, LEASE) is None
    clock.advance(30)
    last = await claim(deliveries)
    assert (last.key, last.attempt, last.first_sent_at) == ("d", 2, clock.now)


async def test_nobody_overtakes_those_who_wait_for_their_first_attempt(
    deliveries: Deliveries, clock: Clock
) -> None:
    """A new row is queued behind them, even if a slot is free; behind a retry it is not."""
    retried = await enqueue(deliveries, "a")
    await deliveries.settle(
        retried, Outcome("queued", "unreachable", next_attempt_at=clock.now + 5)
    )
    assert (await enqueue(deliveries, "b")).state == "sending"
    waiting = await enqueue(deliveries, "c", lease=None)
    behind = await enqueue(deliveries, "d")
    elsewhere = await enqueue(deliveries, "e", workspace=ELSEWHERE)
    assert (behind.state, behind.attempt, behind.first_sent_at, elsewhere.state) == (
        "queued",
        0,
        0.0,
        "sending",
    )
    assert (await deliveries.ahead_of(waiting), await deliveries.ahead_of(behind)) == (0, 1)
    assert (await deliveries.agenda()).connection_keys == {LANE: waiting.next_attempt_at}


async def test_a_row_is_claimed_by_one_only(database: Database, path: Path, clock: Clock) -> None:
    """Two processes that look for work at the same moment share it out."""
    other = await Database.open(path)
    both = (Deliveries(database, clock), Deliveries(other, clock))
    for n in range(20):
        await enqueue(both[0], f"k{n}", lease=None)
    claims = await asyncio.gather(*[both[n % 2].claim(LANE, LEASE) for n in range(30)])
    await other.close()
    keys = [row.key for row in claims if row is not None]
    assert sorted(keys) == sorted({f"k{n}" for n in range(20)})


async def test_an_attempt_is_settled_once(deliveries: Deliveries) -> None:
    """The outcome of an attempt that is over, or was taken over by a newer one, is not written."""
    first = await enqueue(deliveries)
    await deliveries.settle(first, Outcome("queued", "unreachable"))
    second = await claim(deliveries)
    assert await deliveries.settle(first, DELIVERED) is None
    settled = await deliveries.settle(second, DELIVERED)
    assert settled is not None
    assert (settled.state, settled.vendor_object) == ("delivered", DELIVERED.vendor_object)
    assert await deliveries.settle(second, REJECTED) is None
    assert await deliveries.get(first) == settled


async def test_a_lease_that_ran_out_leaves_it_unconfirmed(
    deliveries: Deliveries, clock: Clock
) -> None:
    """Not before; whoever comes back late may say better, once, and only for the attempt that it
    is."""
    row = await enqueue(deliveries)
    clock.advance(LEASE)
    assert await deliveries.expire(said("It stopped."), 2.0) == []
    clock.advance(0.1)
    assert await deliveries.expire(said("It stopped."), 2.0, {row.id}) == []
    [expired] = await deliveries.expire(said("It stopped."), 2.0)
    assert (expired.state, expired.reason, why(expired)) == (
        "unconfirmed",
        "lease",
        "It stopped.",
    )
    assert (expired.reconcile_at, expired.lookup_count) == (clock.now + 2.0, 0)
    assert (await deliveries.claim(LANE, LEASE), await deliveries.expire(said("Again."), 2.0)) == (
        None,
        [],
    )
    assert await deliveries.settle(replace(row, attempt=row.attempt + 1), DELIVERED) is None
    settled = await deliveries.settle(row, DELIVERED)
    assert settled is not None
    assert (settled.state, settled.version) == ("delivered", expired.version + 1)
    assert await deliveries.settle(row, Outcome("unconfirmed", "unclear")) is None


async def test_it_is_known_when_something_is_to_do(deliveries: Deliveries, clock: Clock) -> None:
    """By connection when the first row is due, and when the first lease runs out; nothing when
    nothing waits."""
    assert await deliveries.agenda() == ({}, None)
    row = await enqueue(deliveries)
    assert await deliveries.agenda() == ({}, clock.now + LEASE)
    await deliveries.settle(row, Outcome("queued", "rate_limited", next_attempt_at=clock.now + 5))
    await enqueue(deliveries, "b", lease=None, vendor='o"ther ü')
    assert await deliveries.agenda() == ({LANE: clock.now + 5, (HERE, 'o"ther ü'): clock.now}, None)


async def test_a_clock_that_went_back_makes_nobody_wait(
    deliveries: Deliveries, clock: Clock
) -> None:
    """What was due in an hour that comes twice is due now, and a lease ends as soon as it would
    have; others stay."""
    clock.advance(3600)
    sending = await enqueue(deliveries, "b")
    retried = await enqueue(deliveries, "a")
    await deliveries.settle(
        retried, Outcome("queued", "unreachable", next_attempt_at=clock.now + 5)
    )
    clock.advance(-3600)
    await enqueue(deliveries, "c", lease=None, vendor="other")
    await deliveries.clock_went_back()
    assert await deliveries.agenda() == (
        {LANE: clock.now, (HERE, "other"): clock.now},
        clock.now + LEASE,
    )
    assert (await deliveries.get(sending)).expires_at == clock.now + DAY
    before = await deliveries.get(retried)
    await deliveries.clock_went_back()
    assert await deliveries.get(retried) == before


async def test_the_same_wait_again_is_nothing_new_to_show(
    deliveries: Deliveries, clock: Clock
) -> None:
    """The version grows when a card has something else to say, not with every further try."""
    versions = [(await enqueue(deliveries)).version]
    for outcome in (
        Outcome("queued", "unreachable"),
        Outcome("queued", "unreachable"),
        Outcome("queued", "rate_limited"),
        DELIVERED,
    ):
        row = await deliveries.find(HERE, "a")
        if row is not None and row.state == "queued":
            row = await claim(deliveries)
        assert row is not None
        settled = await deliveries.settle(row, outcome)
        assert settled is not None
        versions.append(settled.version)
    assert versions == [1, 2, 2, 3, 4]


@pytest.mark.parametrize(("wait", "shown"), [(5.0, False), (120.0, True)])
async def test_a_rare_try_is_shown_though_the_wait_is_the_same(
    deliveries: Deliveries, clock: Clock, wait: float, shown: bool
) -> None:
    """The card names the last try. Tries that follow at once would edit it all the time."""
    await enqueue(deliveries)
    row = await deliveries.find(HERE, "a")
    assert row is not None
    first = await deliveries.settle(row, Outcome("queued", "unreachable"))
    again = Outcome("queued", "unreachable", next_attempt_at=clock.now + wait)
    second = await deliveries.settle(await claim(deliveries), again)
    assert first is not None
    assert second is not None
    assert (second.version > first.version) is shown


async def test_what_waits_is_counted_by_the_account_that_it_is_for(deliveries: Deliveries) -> None:
    """What is queued; what is being sent does not wait."""
    await enqueue(deliveries, "a", lease=None)
    await enqueue(deliveries, "b", lease=None, vendor="other")
    await enqueue(deliveries, "c", lease=None, vendor="other")
    await enqueue(deliveries, "d", lease=None, vendor="other", account="bolt")
    await enqueue(deliveries, "e", vendor="third")
    away = Outcome("queued", "unreachable", said("Notes is away."))
    await deliveries.settle(await claim(deliveries), away)
    assert await deliveries.waiting(HERE) == {
        ("notes", "acme"): (1, said("Notes is away.")),
        ("other", "acme"): (2, {}),
        ("other", "bolt"): (1, {}),
    }
    assert await deliveries.waiting(ELSEWHERE) == {}


async def test_what_could_not_be_sent_is_due_once_the_vendor_is_back(
    deliveries: Deliveries, clock: Clock
) -> None:
    """That of this connection alone; what the vendor asked to send later stays for later."""
    later = clock.now + 60
    for key, reason, changes in (
        ("a", "unreachable", {}),
        ("b", "rate_limited", {}),
        ("c", "unreachable", {"vendor": "other"}),
        ("d", "unreachable", {"workspace": ELSEWHERE}),
    ):
        row = await enqueue(deliveries, key, **changes)
        await deliveries.settle(row, Outcome("queued", reason, next_attempt_at=later))
    await deliveries.hurry(LANE)
    assert await deliveries.agenda() == (
        {LANE: clock.now, (HERE, "other"): later, (ELSEWHERE, "notes"): later},
        None,
    )
    assert (await claim(deliveries)).key == "a"
    assert await deliveries.claim(LANE, LEASE) is None


async def test_a_row_says_when_its_turn_comes(deliveries: Deliveries, clock: Clock) -> None:
    """How many of its connection are ahead of it, and the time, are for people to read: no card
    changes for them. A row that is being sent by now is given as it is."""
    first = await enqueue(deliveries, lease=None)
    row = await enqueue(deliveries, "b", lease=None)
    await enqueue(deliveries, "c", lease=None)
    assert await deliveries.ahead_of(row) == 1
    clock.advance(1)
    expected = replace(
        row, reason="turn", expected_at=clock.now + 30, updated_at=clock.now, changed_by=""
    )
    assert await deliveries.expect(row, clock.now + 30) == expected
    assert await deliveries.get(row) == expected
    sending = await claim(deliveries)
    assert await deliveries.expect(first, clock.now + 30) == sending


async def test_a_clock_that_is_a_little_off_changes_nothing(
    deliveries: Deliveries, clock: Clock
) -> None:
    """The clocks of two processes differ by seconds."""
    row = await enqueue(deliveries)
    await deliveries.settle(row, Outcome("queued", "unreachable", next_attempt_at=clock.now + 60))
    before = await deliveries.get(row)
    clock.advance(-4)
    await deliveries.clock_went_back()
    assert await deliveries.get(row) == before
    clock.advance(60)
    await deliveries.clock_went_back()
    assert await deliveries.get(row) == before
