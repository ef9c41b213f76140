"""What the owners of other tables have done with deliveries."""

import json

import pytest

from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store import workspaces
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.workspace import Scope
from tests.world.notes import DAY, ELSEWHERE, HERE, Clock, draft

LANE = (HERE, "notes")
FAILED = ("unauthorized", "forbidden", "disconnected", "gave_up")
MADE = Outcome("delivered", vendor_object={"id": "1"})


async def settled(deliveries: Deliveries, key: str, outcome: Outcome, **changes: str) -> Delivery:
    row, _ = await deliveries.enqueue(draft(key, **changes), lease=45.0, card_not_before=0.0)
    after = await deliveries.settle(row, outcome)
    assert after is not None
    return after


async def states(deliveries: Deliveries, rows: list[Delivery]) -> dict[str, tuple[str, str]]:
    """State and reason of each row, by its key."""
    now = [await deliveries.get(row) for row in rows]
    return {row.key: (row.state, row.reason) for row in now}


@pytest.mark.parametrize(
    ("rights", "goes_on"), [(False, {"unauthorized"}), (True, set(FAILED[:3]))]
)
async def test_credentials_that_work_again_make_due_what_they_failed(
    database: Database, deliveries: Deliveries, clock: Clock, rights: bool, goes_on: set[str]
) -> None:
    """Of that account alone, and not what was given up. What was not allowed goes on only where
    more is allowed than before."""
    rows = [await settled(deliveries, reason, Outcome("failed", reason)) for reason in FAILED]
    others = [
        await settled(deliveries, "another account", Outcome("failed", FAILED[0]), account="bolt"),
        await settled(deliveries, "another vendor", Outcome("failed", FAILED[0]), vendor="other"),
    ]
    clock.advance(60)
    await database.write(
        lambda tx: workspaces.requeue_after_reconnect(tx, LANE, "acme", clock.now, rights)
    )
    assert await states(deliveries, rows + others) == {
        **{row.key: ("failed", row.reason) for row in rows + others},
        **dict.fromkeys(goes_on, ("queued", "reconnected")),
    }
    assert await deliveries.agenda() == ({LANE: clock.now}, None)


async def test_what_is_past_its_time_stays_for_a_person(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """A day later nobody expects it any more."""
    row = await settled(deliveries, "a", Outcome("failed", "unauthorized"))
    clock.advance(DAY)
    await database.write(
        lambda tx: workspaces.requeue_after_reconnect(tx, LANE, "acme", clock.now, True)
    )
    assert await deliveries.get(row) == row


async def test_what_was_disconnected_says_so_at_once(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """What waits for the vendor is tried now, and told why it cannot be sent; that of other
    connections waits on."""
    later = clock.now + 60
    for key, vendor in (("a", "notes"), ("b", "other")):
        wait = Outcome("queued", "unreachable", next_attempt_at=later)
        await settled(deliveries, key, wait, vendor=vendor)
    await settled(deliveries, "c", MADE)
    await database.write(lambda tx: workspaces.hurry_after_disconnect(tx, LANE, clock.now))
    assert await deliveries.agenda() == ({LANE: clock.now, (HERE, "other"): later}, None)


async def test_what_could_still_move_is_forgotten_first(
    database: Database, deliveries: Deliveries
) -> None:
    """Then the others, as many at a time as one likes; other workspaces keep all of theirs."""
    here = [await settled(deliveries, key, MADE) for key in "abc"]
    waiting = await settled(deliveries, "d", Outcome("queued", "unreachable"))
    theirs = draft("e", workspace=ELSEWHERE)
    kept, _ = await deliveries.enqueue(theirs, lease=None, card_not_before=0.0)
    await database.write(lambda tx: tx.execute("UPDATE deliveries SET card_version = version"))
    await database.write(lambda tx: workspaces.forget(tx, Scope(HERE)))
    left = [await deliveries.find(row.workspace, row.key) for row in (*here, waiting, kept)]
    assert [row.key for row in left if row is not None] == ["a", "b", "c", "e"]
    removed = [
        await database.write(lambda tx: workspaces.forget_some(tx, Scope(HERE), 2))
        for _ in range(3)
    ]
    assert removed == [2, 1, 0]
    assert await deliveries.find(ELSEWHERE, "e") is not None


async def test_the_newest_that_are_open_or_changed(
    database: Database, deliveries: Deliveries, clock: Clock
) -> None:
    """What is finished for longer is not among them."""
    await settled(deliveries, "old", MADE)
    await settled(deliveries, "open", Outcome("queued", "unreachable", said("Away.")))
    clock.advance(60)
    await settled(deliveries, "new", MADE)
    rows = await database.read(
        lambda tx: workspaces.newest_open_or_changed(
            tx, ["key", "state", "error_details"], clock.now - 60
        )
    )
    assert [(row["key"], row["state"], json.loads(row["error_details"])) for row in rows] == [
        ("new", "delivered", {}),
        ("open", "queued", said("Away.")),
    ]
