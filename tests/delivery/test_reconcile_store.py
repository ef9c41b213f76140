"""What a look at the vendor changes: nothing, once anybody else has done something with the row."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.base import Created
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from tests.world.notes import HERE, MADE, Clock, draft

LEASE = 60.0
TWIN = Created(id="n2")
Result = Callable[[ReconcileStore, Delivery], Awaitable[Delivery | None]]
RESULTS: dict[str, Result] = {
    "found": lambda store, row: store.found(row, MADE),
    "absent": lambda store, row: store.absent(row, 9e9),
    "sent again": lambda store, row: store.send_again(row, "absent", 0.0),
    "unanswered": lambda store, row: store.unanswered(row, 9e9, said("Silence.")),
    "undecided": lambda store, row: store.undecided(row, said("Who knows?")),
    "refused": lambda store, row: store.refused(row),
}


@pytest.fixture
def store(database: Database, clock: Clock) -> ReconcileStore:
    return ReconcileStore(database, clock)


async def claimed(deliveries: Deliveries, store: ReconcileStore, outcome: Outcome) -> Delivery:
    """A row with that outcome, claimed for a look."""
    row, _ = await deliveries.enqueue(draft("a"), lease=45, card_not_before=0.0)
    await deliveries.settle(row, outcome)
    look = await store.claim(LEASE)
    assert look is not None
    return look


@pytest.mark.parametrize("result", RESULTS)
async def test_a_look_whose_claim_has_passed_on_changes_nothing(
    deliveries: Deliveries, store: ReconcileStore, clock: Clock, result: str
) -> None:
    """Its lease ran out and somebody else looks: only that one's answer counts."""
    doubt = Outcome("unconfirmed", "unclear", reconcile_at=clock.now)
    late = await claimed(deliveries, store, doubt)
    clock.advance(LEASE)
    mine = await store.claim(LEASE)
    assert mine is not None
    assert await RESULTS[result](store, late) is None
    assert await deliveries.find(HERE, "a") == mine
    assert await RESULTS[result](store, mine) is not None


LATER = 9e9
SAYS: list[tuple[Result, dict[str, object]]] = [
    (
        lambda store, row: store.found(row, MADE),
        {
            "state": "delivered",
            "reason": "found",
            "vendor_object": MADE.model_dump(),
            "version": 3,
            "reconcile_at": 0.0,
        },
    ),
    (
        lambda store, row: store.found(row, MADE, [TWIN], LATER),
        {
            "state": "delivered",
            "reason": "created_twice",
            "vendor_object": MADE.model_dump(),
            "duplicates": [TWIN],
            "version": 3,
            "reconcile_at": LATER,
        },
    ),
    (lambda store, row: store.absent(row, LATER), {"lookup_count": 2, "reconcile_at": LATER}),
    (
        lambda store, row: store.send_again(row, "keyed", LATER),
        {
            "state": "queued",
            "reason": "keyed",
            "resend_count": 1,
            "lookup_count": 0,
            "next_attempt_at": LATER,
            "version": 3,
            "reconcile_at": 0.0,
        },
    ),
    (lambda store, row: store.unanswered(row, LATER), {"reconcile_at": LATER}),
    (
        lambda store, row: store.unanswered(row, LATER, said("Silence.")),
        {
            "reason": "unanswered",
            "error_details": said("Silence."),
            "version": 3,
            "reconcile_at": LATER,
        },
    ),
    (
        lambda store, row: store.undecided(row, said("Who knows?")),
        {
            "reason": "undecided",
            "error_details": said("Who knows?"),
            "version": 3,
            "reconcile_at": 0.0,
        },
    ),
    (
        lambda store, row: store.refused(row),
        {"state": "rejected", "reason": "refused", "version": 3, "reconcile_at": 0.0},
    ),
]


@pytest.mark.parametrize(("result", "changes"), SAYS)
async def test_a_look_writes_what_it_found(
    deliveries: Deliveries,
    store: ReconcileStore,
    clock: Clock,
    result: Result,
    changes: dict[str, Any],
) -> None:
    """That, and nothing else; people are shown something only where there is news."""
    doubt = Outcome("unconfirmed", "unclear", reconcile_at=clock.now)
    await store.absent(await claimed(deliveries, store, doubt), clock.now)
    look = await store.claim(LEASE)
    assert look is not None
    clock.advance(1)
    expected = replace(look, updated_at=clock.now, changed_by="", **changes)
    assert await result(store, look) == expected
    assert await deliveries.find(HERE, "a") == expected


@pytest.mark.parametrize(
    ("result", "changes"),
    [
        (lambda store, row: store.checked(row, []), {"reconcile_at": 0.0}),
        (
            lambda store, row: store.checked(row, [TWIN]),
            {"reason": "created_twice", "duplicates": [TWIN], "version": 3, "reconcile_at": 0.0},
        ),
        (
            lambda store, row: store.unanswered(row, LATER, said("Silence.")),
            {"reconcile_at": LATER},
        ),
    ],
)
async def test_the_last_look_at_what_was_delivered_tells_only_of_twins(
    deliveries: Deliveries,
    store: ReconcileStore,
    clock: Clock,
    result: Result,
    changes: dict[str, Any],
) -> None:
    """Nobody is told that a vendor is silent about what it has."""
    delivered = Outcome("delivered", vendor_object=MADE.model_dump(), reconcile_at=clock.now)
    look = await claimed(deliveries, store, delivered)
    expected = replace(look, updated_at=clock.now, changed_by="", **changes)
    assert await result(store, look) == expected
    assert await deliveries.find(HERE, "a") == expected


async def test_a_silence_that_lasts_is_told_once(
    deliveries: Deliveries, store: ReconcileStore, clock: Clock
) -> None:
    """The card says the same as before, so it is not touched."""
    doubt = Outcome("unconfirmed", "unclear", reconcile_at=clock.now)
    look = await claimed(deliveries, store, doubt)
    versions = [look.version]
    for _ in range(2):
        told = await store.unanswered(look, clock.now, said("Silence."))
        assert told is not None
        versions.append(told.version)
        again = await store.claim(LEASE)
        assert again is not None
        look = again
    assert versions == [2, 3, 3]


async def test_the_next_look_is_the_first_one_that_is_due(
    deliveries: Deliveries, store: ReconcileStore, clock: Clock
) -> None:
    """At other connections than those that are busy; none while nothing is in doubt."""
    assert (await store.next_time(), await store.claim(LEASE)) == (None, None)
    doubt = Outcome("unconfirmed", "unclear", reconcile_at=clock.now + 5)
    row, _ = await deliveries.enqueue(draft("a", vendor='o"ther ü'), lease=45, card_not_before=0.0)
    await deliveries.settle(row, doubt)
    assert (await store.next_time(), await store.claim(LEASE)) == (clock.now + 5, None)
    clock.advance(5)
    busy = [row.connection_key]
    assert (await store.next_time(busy), await store.claim(LEASE, busy)) == (None, None)
    assert await store.claim(LEASE) is not None
    assert await store.next_time() == clock.now + LEASE


async def test_a_look_at_a_row_that_says_something_else_by_now_changes_nothing(
    database: Database, deliveries: Deliveries, store: ReconcileStore, clock: Clock
) -> None:
    """A follow-up step ended meanwhile: the look is made again, and then it counts."""
    delivered = Outcome(
        "delivered",
        vendor_object=MADE.model_dump(),
        reconcile_at=clock.now,
        follow_up_steps=("custom.a",),
    )
    look = await claimed(deliveries, store, delivered)
    steps = FollowUpSteps(database, clock)
    step = await steps.claim(LEASE)
    assert step is not None
    after = await steps.settled(step, {"custom.a": {}}, LEASE)
    assert after is not None
    assert await store.checked(look, [TWIN]) is None
    assert await deliveries.find(HERE, "a") == after
    clock.advance(LEASE)
    again = await store.claim(LEASE)
    assert again is not None
    told = await store.checked(again, [TWIN])
    assert told is not None
    assert (told.reason, told.duplicates) == ("created_twice", [TWIN])
