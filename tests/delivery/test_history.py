"""The archive: what is listed, the audit trail, and what is left once people's words are erased."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.base import Created, Entry
from bot.connections.store import Connections
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.history import Event, History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from tests.world.notes import DAY, ELSEWHERE, HERE, SECRET, Clock, draft, why

LEASE = 45.0
ANN, BOB = "U0ANN00001", "U0BOB00001"
MADE = {
    "id": "1",
    "reference": "N-1",
    "title": "Checkout is down",
    "url": "https://notes.example.com/1",
}
DELIVERED = Outcome("delivered", vendor_object=MADE)


@pytest.fixture
def history(database: Database, clock: Clock) -> History:
    return History(database, clock)


async def enqueue(deliveries: Deliveries, key: str = "a", **changes: Any) -> Delivery:
    row, _ = await deliveries.enqueue(draft(key, **changes), lease=LEASE, card_not_before=0.0)
    return row


async def settle(
    deliveries: Deliveries, row: Delivery | None, outcome: Outcome = DELIVERED
) -> Delivery:
    assert row is not None
    settled = await deliveries.settle(row, outcome)
    assert settled is not None
    return settled


async def test_lists_the_newest_first(
    deliveries: Deliveries, history: History, clock: Clock
) -> None:
    """All workspaces', by state, by time, and so many at most."""
    await settle(deliveries, await enqueue(deliveries, "a"))
    clock.advance(60)
    await enqueue(deliveries, "b", workspace=ELSEWHERE)
    await enqueue(deliveries, "c")
    assert [row.key for row in await history.newest()] == ["c", "b", "a"]
    assert [row.key for row in await history.newest(state="sending")] == ["c", "b"]
    assert [row.key for row in await history.newest(since=clock.now)] == ["c", "b"]
    assert [row.key for row in await history.newest(limit=1)] == ["c"]
    assert [row.workspace for row in await history.with_key("b")] == [ELSEWHERE]


async def test_lists_what_a_person_submitted(deliveries: Deliveries, history: History) -> None:
    """In that workspace, newest first."""
    owners: dict[str, dict[str, Any]] = {
        "a": {},
        "b": {"actor": BOB},
        "c": {"workspace": ELSEWHERE},
        "d": {},
    }
    for key, changes in owners.items():
        await enqueue(deliveries, key, **changes)
    assert [row.key for row in await history.of_person(HERE, ANN, 5)] == ["d", "a"]
    assert [row.key for row in await history.of_person(HERE, ANN, 1)] == ["d"]


class Life:
    """One delivery and the seconds that pass between its changes."""

    def __init__(self, database: Database, connections: Connections, clock: Clock) -> None:
        self.deliveries, self.doubts = Deliveries(database, clock), ReconcileStore(database, clock)
        self.decisions, self.connections = Decisions(database, clock), connections
        self.history, self.clock = History(database, clock), clock
        self.began = clock.now

    async def now(self) -> Delivery:
        """The row, ten seconds after its last change."""
        self.clock.advance(10)
        row = await self.deliveries.find(HERE, "a")
        assert row is not None
        return row

    async def attempt(self, outcome: Outcome) -> None:
        await self.now()
        claimed = await self.deliveries.claim((HERE, "notes"), LEASE)
        await self.now()
        await settle(self.deliveries, claimed, outcome)

    async def trail(self) -> list[tuple[float, str, str, str, int]]:
        """What the trail says, in seconds since the beginning."""
        events = await self.history.trail(await self.now())
        return [(it.at - self.began, it.actor, it.state, it.reason, it.attempt) for it in events]


async def test_every_change_is_on_the_trail(
    database: Database, connections: Connections, clock: Clock
) -> None:
    """A whole life: each change leaves one event with its time, who made it, what it became and
    why, and the attempt."""
    life = Life(database, connections, clock)
    await settle(
        life.deliveries, await enqueue(life.deliveries), Outcome("rejected", "refused", said("No."))
    )
    await life.now()
    await enqueue(life.deliveries, title="Better")
    await settle(life.deliveries, await life.now(), Outcome("failed", "unauthorized", said("No.")))
    await life.now()
    await connections.save(HERE, "notes", account="acme", account_name="Acme", secret=SECRET)
    await life.attempt(Outcome("queued", "unreachable"))
    await life.now()
    await life.deliveries.claim((HERE, "notes"), 5)
    await life.now()
    await life.deliveries.expire(said("It stopped."), 2)
    await life.doubts.absent(await life.now(), clock.now + 5)
    await life.doubts.send_again(await life.now(), "absent", clock.now)
    await life.attempt(Outcome("unconfirmed", "unclear", reconcile_at=clock.now))
    await life.doubts.undecided(await life.now(), said("Nobody knows."))
    await life.now()
    await life.decisions.make(HERE, "a", "send_again", ANN)
    await life.now()
    await life.decisions.make(HERE, "a", "cancel", BOB)
    await life.now()
    await life.decisions.make(HERE, "a", "try_again", "operator")
    await life.attempt(Outcome("delivered", vendor_object=MADE, reconcile_at=clock.now + 60))
    await life.doubts.checked(await life.now(), [Created(id="2")])
    await life.now()
    await life.history.erase(clock.now)
    assert await life.trail() == [
        (0, ANN, "sending", "", 1),
        (0, "", "rejected", "refused", 1),
        (10, ANN, "sending", "", 2),
        (20, "", "failed", "unauthorized", 2),
        (30, "", "queued", "reconnected", 2),
        (40, "", "sending", "reconnected", 3),
        (50, "", "queued", "unreachable", 3),
        (60, "", "sending", "unreachable", 4),
        (70, "", "unconfirmed", "lease", 4),
        (80, "", "unconfirmed", "not_there_yet", 4),
        (90, "", "queued", "absent", 4),
        (100, "", "sending", "absent", 5),
        (110, "", "unconfirmed", "unclear", 5),
        (120, "", "unconfirmed", "undecided", 5),
        (130, ANN, "queued", "sent_again", 5),
        (140, BOB, "cancelled", "cancelled", 5),
        (150, "operator", "queued", "tried_again", 5),
        (160, "", "sending", "tried_again", 6),
        (170, "", "delivered", "", 6),
        (180, "", "delivered", "created_twice", 6),
        (190, "", "delivered", "erased", 6),
    ]


async def test_what_changes_nothing_leaves_no_event(
    database: Database, connections: Connections, clock: Clock
) -> None:
    """A second submission, a decision that comes too late, a look without an answer, a card that
    was shown."""
    life = Life(database, connections, clock)
    row = await settle(
        life.deliveries,
        await enqueue(life.deliveries),
        Outcome("unconfirmed", "unclear", reconcile_at=1.0),
    )
    before = await life.trail()
    await enqueue(life.deliveries, title="Edited")
    assert await life.decisions.make(HERE, "a", "cancel", ANN) is None
    await life.doubts.unanswered(row, clock.now + 5)
    await connections.mark(HERE, "notes", "")
    assert await life.trail() == before
    assert len(before) == 2


async def test_a_connection_that_works_again_is_on_the_trail(
    deliveries: Deliveries, connections: Connections, history: History, clock: Clock
) -> None:
    """What waited for it goes on, and says why."""
    await connections.save(HERE, "notes", account="acme", account_name="Acme", secret=SECRET)
    row = await settle(
        deliveries, await enqueue(deliveries), Outcome("failed", "unauthorized", said("No."))
    )
    clock.advance(10)
    await connections.mark(HERE, "notes", "")
    assert (await history.trail(row))[-1] == Event(clock.now, "", "queued", "reconnected", 1)


WRITTEN = {
    "title": "Zebra crossing closed",
    "actor_name": "Quentin Zebra",
    "payload": {"text": "zebra payload " * 400},
    "selected": {"people/1": Entry(id="1", label="zebra picked", detail="zebra detail")},
    "view_id": "V0ZEBRA",
}


async def zebra(deliveries: Deliveries, key: str, outcome: Outcome) -> Delivery:
    return await settle(deliveries, await enqueue(deliveries, key, **WRITTEN), outcome)


async def test_what_people_wrote_is_erased(
    database: Database, deliveries: Deliveries, history: History, path: Path, clock: Clock
) -> None:
    """In every finished row, and from the file; what happened, to whom and where stays."""
    made = {
        "id": "7",
        "reference": "N-7",
        "title": "Zebra",
        "url": "https://notes.example.com/7-zebra-crossing",
        "note": "Look at the zebra.",
    }
    row = await zebra(deliveries, "a", Outcome("delivered", vendor_object=made, reconcile_at=1.0))
    await ReconcileStore(database, clock).checked(
        row, [Created(id="8", title="zebra twin", url="https://n.example.com/closed/8")]
    )
    others = [
        await zebra(
            deliveries,
            "b",
            Outcome("rejected", "refused", said("No zebra."), field_errors={"text": "zebra field"}),
        )
    ]
    others.append(await zebra(deliveries, "c", Outcome("failed", "gave_up", said("Zebra lost."))))
    clock.advance(DAY)
    assert (await history.erase(clock.now), await history.erase(clock.now)) == (3, 0)
    assert await database.is_erased(5.0)
    [a, b, c] = [await deliveries.get(it) for it in (row, *others)]
    assert a.vendor_object == {"id": "7", "reference": "N-7", "url": ""}
    assert a.duplicates == [Created(id="8", url="https://n.example.com/closed/8")]
    assert [(it.title, it.actor_name, it.payload, it.selected, it.view_id) for it in (a, b, c)] == [
        ("", "", {}, {}, "")
    ] * 3
    assert [(why(it), it.field_errors, it.erased_at) for it in (a, b, c)] == [
        ("", {}, clock.now)
    ] * 3
    assert [(it.state, it.actor, it.channel, it.account) for it in (a, b, c)] == [
        (state, ANN, "C0GENERAL1", "acme") for state in ("delivered", "rejected", "failed")
    ]
    left = [it for it in path.parent.iterdir() if b"zebra" in it.read_bytes().lower()]
    assert left == []


async def test_what_is_not_finished_for_long_enough_stays(
    deliveries: Deliveries, history: History, clock: Clock
) -> None:
    """Nor is anything erased that still waits, or that a person has to decide about."""
    for key, outcome in {
        "a": Outcome("queued", "unreachable"),
        "b": Outcome("unconfirmed", "undecided"),
    }.items():
        await zebra(deliveries, key, outcome)
    clock.advance(DAY)
    await zebra(deliveries, "c", DELIVERED)
    assert await history.erase(clock.now) == 0
    assert [row.title for row in await history.newest()] == [WRITTEN["title"]] * 3


async def test_the_journal_is_left_while_somebody_reads(
    database: Database, deliveries: Deliveries, path: Path
) -> None:
    """Another process that reads just then is not disturbed; it is done when that has ended."""
    await enqueue(deliveries)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM deliveries").fetchone()
    await enqueue(deliveries, "b")
    database.erase_soon()
    assert not await database.is_erased(0.5)
    reader.close()
    assert await database.is_erased(5.0)
    assert _size(Path(f"{path}-wal")) == 0


def _size(path: Path) -> int:
    return path.stat().st_size
