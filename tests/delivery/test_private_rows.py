"""Rows that only their author may see: what becomes of them, and who changes them."""

from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.base import Created, Entry
from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.errors import NotOwnerError
from bot.storage.database import Database
from tests.delivery.test_queue import claim, enqueue
from tests.world.notes import ELSEWHERE, HERE, Clock, draft

AWAY = Outcome("queued", "unreachable")


async def test_the_vendors_words_about_a_private_one_are_not_for_everyone(
    deliveries: Deliveries,
) -> None:
    """It is counted, and what the vendor said about it stays with it."""
    row = await enqueue(deliveries, "a", private=True)
    await deliveries.settle(row, Outcome("queued", "rate_limited", said("Not for the takeover.")))
    assert await deliveries.waiting(HERE) == {("notes", "acme"): (1, {})}


@pytest.mark.parametrize(
    ("was", "outcome", "private", "versions"),
    [
        (False, AWAY, False, 0),
        (False, replace(AWAY, private=False), False, 0),
        (False, replace(AWAY, private=True), True, 1),
        (True, replace(AWAY, private=False), False, 1),
        (True, AWAY, True, 0),
    ],
)
async def test_what_was_learned_about_it_changes_who_may_see_it(
    deliveries: Deliveries, *, was: bool, outcome: Outcome, private: bool, versions: int
) -> None:
    """A card shows that at once, even if nothing else is new."""
    await deliveries.settle(await enqueue(deliveries, private=was), AWAY)
    waiting = await claim(deliveries)
    seen = {"books/#7": Entry(id="b7", label="INC-7", private=True)}
    row = await deliveries.settle(waiting, replace(outcome, selected=seen))
    assert row is not None
    assert (row.private, row.version - waiting.version) == (private, versions)
    assert row.selected == seen


async def test_only_its_author_corrects_a_private_one(deliveries: Deliveries) -> None:
    """Somebody else's form, opened while it was public, replaces nothing."""
    rejected = Outcome("rejected", "refused")
    await deliveries.settle(await enqueue(deliveries, private=True), rejected)
    mine = draft("a", title="Corrected", private=True)
    with pytest.raises(NotOwnerError):
        await deliveries.enqueue(
            replace(mine, actor="U0BOB00001", private=False), lease=45, card_not_before=0.0
        )
    row, new = await deliveries.enqueue(mine, lease=45, card_not_before=0.0)
    assert (new, row.title, row.actor) == (True, "Corrected", "U0ANN00001")


async def test_an_object_that_is_found_may_be_private(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """The vendor's list says so after an answer was lost."""
    lost = Outcome("unconfirmed", "unclear", reconcile_at=clock.now)
    await deliveries.settle(await enqueue(deliveries), lost)
    store = ReconcileStore(database, clock)
    claimed = await store.claim(60)
    assert claimed is not None
    row = await store.found(claimed, Created(id="1", private=True))
    assert row is not None
    assert row.private


async def test_a_person_has_private_objects_of_their_own(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """Those that they created from here, with these operations, newest first; not other people's,
    public ones, or those of another workspace."""
    rows: list[dict[str, Any]] = [
        {"private": True},
        {"private": True},
        {"private": False},
        {"private": True, "actor": "U0BOB00001"},
        {"private": True, "operation": "book"},
        {"private": True, "workspace": ELSEWHERE},
    ]
    for number, changes in enumerate(rows):
        row = await enqueue(deliveries, f"ir{number}", **changes)
        made = {"id": str(number), "reference": f"N-{number}", "title": "Leak", "url": "https://n"}
        await deliveries.settle(row, Outcome("delivered", vendor_object=made))
    await enqueue(deliveries, "ir9", private=True)  # not created yet
    own = await History(database, clock).private_objects(HERE, "U0ANN00001", "notes", ["note"])
    assert own == [
        Entry(id=number, label=f"N-{number} Leak", detail="private", url="https://n", private=True)
        for number in ("1", "0")
    ]
