"""The courier on its machine: crashes, stops, many at once, who waits for what, and a database in
trouble."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.base import Created
from bot.delivery import dispatcher as dispatchers
from bot.delivery.dispatcher import LEASE_SECONDS, OF_ONE_CONNECTION
from bot.delivery.model import Delivery
from bot.delivery.store.queue import Deliveries
from bot.errors import RetryLaterError
from tests.world.bot import eventually
from tests.world.machine import Gate, Machine, ended, machine_on
from tests.world.notes import ELSEWHERE, MADE, Clock, draft, why

BUSY = RetryLaterError("Notes", "Notes takes no more.", "rate_limited", 30.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def machine(path: Path) -> AsyncIterator[Machine]:
    async with machine_on(path) as machine:
        await machine.connect()
        yield machine


# --- the machine


async def test_a_crash_loses_nothing_that_was_queued(path: Path) -> None:
    """What was queued goes on after the restart; what was being sent is unconfirmed once its lease
    is over."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        gates = [Gate() for _ in range(OF_ONE_CONNECTION)]
        machine.adapter.script = list(gates)
        for n in range(OF_ONE_CONNECTION + 3):
            await machine.submit(f"k{n:02}")
        for gate in gates:
            await gate.reached.wait()
        await machine.crash()
    async with machine_on(path, clock) as machine:
        for n in range(OF_ONE_CONNECTION, OF_ONE_CONNECTION + 3):
            await machine.until("delivered", f"k{n:02}")
        assert {(await machine.row(f"k{n:02}")).state for n in range(OF_ONE_CONNECTION)} == {
            "sending"
        }
        clock.advance(LEASE_SECONDS + 1)
        machine.dispatcher.wake()
        for n in range(OF_ONE_CONNECTION):
            row = await machine.until("unconfirmed", f"k{n:02}")
            assert (row.reason, why(row)) == (
                "lease",
                "We restarted while we were sending this.",
            )
        assert sorted(machine.adapter.keys) == [
            f"k{n:02}" for n in range(OF_ONE_CONNECTION, OF_ONE_CONNECTION + 3)
        ]


async def test_a_clean_stop_finishes_what_is_being_sent(path: Path) -> None:
    """The rest stays queued, what comes in meanwhile too, and the next start sends it."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        gates = [Gate() for _ in range(OF_ONE_CONNECTION)]
        machine.adapter.script = list(gates)
        for n in range(OF_ONE_CONNECTION + 2):
            await machine.submit(f"k{n:02}")
        for gate in gates:
            await gate.reached.wait()
        stopping = asyncio.create_task(machine.dispatcher.stop())
        await asyncio.sleep(0.05)
        late = await machine.submit("late")
        assert not stopping.done()
        for gate in gates:
            gate.open.set()
        await stopping
        assert late.state == "queued"
        assert [(await machine.row(f"k{n:02}")).state for n in range(OF_ONE_CONNECTION + 2)] == [
            "delivered"
        ] * OF_ONE_CONNECTION + ["queued"] * 2
    async with machine_on(path, clock) as machine:
        for key in ("k06", "k07", "late"):
            await machine.until("delivered", key)
        assert machine.adapter.keys == ["k06", "k07", "late"]


async def test_a_stop_in_the_middle_of_a_claim_leaves_nothing_half_claimed(path: Path) -> None:
    """What was just being claimed is sent as well; it is not left behind as `sending`, to be
    unconfirmed later."""
    claimed, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Deliveries):
        async def claim(self, *arguments: Any) -> Delivery | None:
            row = await super().claim(*arguments)
            claimed.set()
            await go_on.wait()
            return row

    async with machine_on(path, running=False) as machine:
        await machine.connect()
        await machine.deliveries.enqueue(draft(), lease=None, card_not_before=0)
        machine.dispatcher._deliveries = Slow(machine.database, machine.clock)
        loop = asyncio.create_task(machine.dispatcher.run())
        await claimed.wait()
        stopping = asyncio.create_task(machine.dispatcher.stop())
        await asyncio.sleep(0.02)
        go_on.set()
        await stopping
        await ended(loop)
        assert (await machine.row()).state == "delivered"


async def test_more_than_fit_at_once_wait_and_all_arrive(machine: Machine) -> None:
    """At most six calls of a connection are under way; the others are committed as queued and
    follow as slots become free."""
    under_way = most = 0

    async def count() -> Created:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return MADE

    machine.adapter.script = [count] * 40
    await asyncio.gather(*[machine.submit(f"k{n}") for n in range(40)])
    for n in range(40):
        await machine.until("delivered", f"k{n}")
    assert (most, sorted(machine.adapter.keys)) == (
        OF_ONE_CONNECTION,
        sorted(f"k{n}" for n in range(40)),
    )


async def test_outcome_waits_until_it_is_settled(machine: Machine) -> None:
    """It gives the settled row as soon as there is one, to everyone who waits."""
    machine.adapter.script = [gate := Gate()]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    waiting = [
        asyncio.create_task(machine.dispatcher.outcome(row, loop.time() + 5)) for _ in range(3)
    ]
    await gate.reached.wait()
    gate.open.set()
    assert [(await it).state for it in waiting] == ["delivered"] * 3
    assert machine.dispatcher._subscriptions.workspaces == set()


async def test_outcome_gives_up_at_its_deadline_and_stops_nothing(machine: Machine) -> None:
    """The row as it is then; the delivery goes on."""
    machine.adapter.script = [gate := Gate()]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen = await machine.dispatcher.outcome(row, started + 0.2)
    assert seen.state == "sending"
    assert 0.15 < loop.time() - started < 0.6
    waiting = asyncio.create_task(machine.dispatcher.outcome(row, loop.time() + 5))
    await asyncio.sleep(0.02)
    await ended(waiting)
    assert machine.dispatcher._subscriptions.workspaces == set()
    gate.open.set()
    await machine.until("delivered")


async def test_outcome_does_not_wait_for_what_comes_too_late(machine: Machine) -> None:
    """A delivery that waits for thirty seconds is answered at once; a settled one, or a past
    deadline, as well."""
    machine.adapter.script = [BUSY]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await machine.dispatcher.outcome(row, started + 5)).state == "queued"
    machine.clock.advance(30)
    machine.dispatcher.wake()
    await machine.until("delivered")
    assert (await machine.dispatcher.outcome(row, started + 5)).state == "delivered"
    assert (await machine.dispatcher.outcome(row, started - 5)).state == "delivered"
    assert loop.time() - started < 1.5


async def test_outcome_waits_for_a_retry_that_comes_in_time(machine: Machine) -> None:
    """A pause that ends before the deadline is part of the waiting."""
    machine.adapter.script = [RetryLaterError("Notes", "Busy.", "rate_limited", 1.0)]
    row = await machine.submit()
    waiting = asyncio.create_task(
        machine.dispatcher.outcome(row, asyncio.get_running_loop().time() + 5)
    )
    await machine.until("queued")
    machine.clock.advance(1.0)
    machine.dispatcher.wake()
    assert (await waiting).state == "delivered"


# --- the database


async def rename(machine: Machine, table: str, to: str) -> None:
    """A table under another name: whoever uses it gets a database error at once."""
    await machine.database.write(lambda db: db.execute(f"ALTER TABLE {table} RENAME TO {to}"))


async def test_a_slow_connection_leaves_room_for_the_others(machine: Machine) -> None:
    """Six calls hang, more of the same wait as queued; another workspace's submission goes out at
    once, and the loop claims none of those that have to wait."""
    await machine.connect(workspace=ELSEWHERE)
    gates = [Gate() for _ in range(OF_ONE_CONNECTION)]
    machine.adapter.script = [*gates]
    for n in range(OF_ONE_CONNECTION + 2):
        await machine.submit(f"k{n}")
    for gate in gates:
        await gate.reached.wait()
    machine.dispatcher.wake()
    await machine.submit("other", workspace=ELSEWHERE)
    await eventually(lambda: "other" in machine.adapter.keys)
    await asyncio.sleep(0.1)
    states = [(await machine.row(f"k{n}")).state for n in range(OF_ONE_CONNECTION + 2)]
    assert states == ["sending"] * OF_ONE_CONNECTION + ["queued"] * 2
    for gate in gates:
        gate.open.set()
    for n in range(OF_ONE_CONNECTION + 2):
        await machine.until("delivered", f"k{n}")


async def test_a_submission_that_cannot_be_saved_raises_and_takes_no_slot(machine: Machine) -> None:
    """As often as that happens, the next one that can be saved is sent."""
    await rename(machine, "deliveries", "gone")
    for n in range(OF_ONE_CONNECTION + 1):
        with pytest.raises(sqlite3.OperationalError):
            await machine.submit(f"k{n}")
    assert machine.adapter.sent == []
    await rename(machine, "gone", "deliveries")
    await machine.submit()
    await machine.until("delivered")


async def test_an_answer_is_not_lost_to_a_busy_file(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the vendor said is written as soon as the file can be written again."""
    monkeypatch.setattr(dispatchers, "SETTLING_PAUSE", 0.05)
    machine.adapter.script = [gate := Gate()]
    await machine.submit()
    await gate.reached.wait()
    with capture_logs() as logs, FileHeld(machine):
        gate.open.set()
        await eventually(lambda: logs)
    assert (await machine.until("delivered")).vendor_object == MADE.model_dump()
    assert logs[0]["event"] == "delivery.outcome_not_saved"


async def test_a_database_error_never_ends_the_loop(machine: Machine) -> None:
    """A round that failed is followed by another; what was due goes out then."""
    await machine.deliveries.enqueue(draft(), lease=None, card_not_before=0)
    with capture_logs() as logs, FileHeld(machine):
        machine.dispatcher.wake()
        await eventually(lambda: logs)
    assert logs[0] == {
        "event": "loop.failed",
        "of": "dispatcher",
        "error": "OperationalError",
        "log_level": "error",
    }
    await machine.until("delivered")


async def test_nothing_is_in_doubt_when_the_credentials_could_not_be_looked_up(
    machine: Machine,
) -> None:
    """A database error before the call leaves the delivery queued, for nothing was sent."""
    await rename(machine, "connections", "gone")
    await machine.submit()
    row = await machine.until("queued")
    assert (row.reason, machine.adapter.sent) == ("internal", [])
    await rename(machine, "gone", "connections")
    machine.clock.advance(300)
    machine.dispatcher.wake()
    await machine.until("delivered")


async def test_an_offer_that_fails_does_not_change_the_delivery(machine: Machine) -> None:
    """What is told about a created object comes after it is settled."""

    async def fail(row: object, catalog: str) -> None:
        raise RuntimeError("no")

    machine.dispatcher._on_created = fail
    with capture_logs() as logs:
        await machine.submit()
        await machine.until("delivered")
        await eventually(lambda: not machine.dispatcher.under_way)
    assert [entry["event"] for entry in logs] == ["delivery.attempted", "delivery.task_failed"]
    await machine.submit("b")
    await machine.until("delivered", "b")


class FileHeld:
    """Another process holds the file's write lock meanwhile."""

    def __init__(self, machine: Machine) -> None:
        self._other = sqlite3.connect(machine.database.path, isolation_level=None)

    def __enter__(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._other.execute("COMMIT")
        self._other.close()
