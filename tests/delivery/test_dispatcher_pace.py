"""Pace and order: a vendor that takes few writes gets no more than it takes, in the order in which
people submitted."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.base import Created
from bot.adapters.rate_limit import Limits, Rate
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.model import Delivery
from bot.delivery.store.queue import Deliveries
from bot.errors import RetryLaterError
from bot.workspace import ConnectionKey
from tests.world.bot import eventually
from tests.world.machine import Gate, Machine, ended, machine_on
from tests.world.notes import ELSEWHERE, HERE, MADE, draft

THREE_A_MINUTE = Limits(write=Rate(3))


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[Machine]:
    """Connected to a vendor that takes three writes a minute."""
    async with machine_on(tmp_path / "relay.db", limits=THREE_A_MINUTE) as machine:
        await machine.connect()
        await machine.connect(workspace=ELSEWHERE)
        yield machine


def timed(machine: Machine, times: dict[str, list[float]]) -> None:
    """Let the vendor note when each write arrives, by the submission's marker."""

    async def create(*arguments: object) -> Created:
        marker = arguments[1].marker  # type: ignore[attr-defined]
        times.setdefault(marker, []).append(machine.clock.now)
        return MADE

    machine.adapter.create = create  # type: ignore[method-assign,assignment]


async def idle(dispatcher: Dispatcher) -> None:
    """Everything that could start has started and ended."""
    await asyncio.sleep(0.02)
    await eventually(lambda: not dispatcher.under_way)


async def test_fifty_at_once_keep_to_three_writes_a_minute(slow: Machine) -> None:
    """Never more than three in any minute, in the order of submission; another connection's goes
    out at once."""
    times: dict[str, list[float]] = {}
    timed(slow, times)
    began = slow.clock.now
    keys = [f"k{n:02}" for n in range(50)]
    rows = [await slow.submit(key) for key in keys]
    other = await slow.submit("other", workspace=ELSEWHERE)
    await idle(slow.dispatcher)
    assert (other.state, times.pop("other")) == ("sending", [began])
    while len(times) < len(keys):
        slow.clock.advance(10)
        slow.dispatcher.wake()
        await idle(slow.dispatcher)
        assert slow.clock.now - began < 50 * 60
    assert all(len(attempts) == 1 for attempts in times.values())
    arrived = [at for (at,) in times.values()]
    assert list(times) == keys
    assert max(sum(start <= at < start + 60 for at in arrived) for start in arrived) <= 3
    assert [row.state for row in rows[:4]] == ["sending", "sending", "queued", "queued"]


async def test_who_has_to_wait_is_told_for_how_long(slow: Machine) -> None:
    """The row knows when its turn comes, and it comes then."""
    times: dict[str, list[float]] = {}
    timed(slow, times)
    rows = [await slow.submit(f"k{n}") for n in range(7)]
    assert [row.expected_at - slow.clock.now for row in rows[2:]] == [
        60.0,
        60.0,
        120.0,
        120.0,
        180.0,
    ]
    began = slow.clock.now
    for _ in range(3):
        slow.clock.advance(60)
        slow.dispatcher.wake()
        await idle(slow.dispatcher)
    assert [at - began for (at,) in times.values()] == [0.0, 0.0, 60.0, 60.0, 120.0, 120.0, 180.0]


async def test_a_waiting_turn_does_not_keep_the_person_waiting(slow: Machine) -> None:
    """Whoever waits for the outcome hears at once that it is a minute away."""
    rows = [await slow.submit(f"k{n}") for n in range(3)]
    loop = asyncio.get_running_loop()
    began = loop.time()
    row = await slow.dispatcher.outcome(rows[-1], began + 2)
    assert (row.state, row.next_at) == ("queued", slow.clock.now + 60)
    assert loop.time() - began < 1


async def test_a_rate_limit_holds_the_whole_connection_back(tmp_path: Path) -> None:
    """It is the connection's, not the row's: what was not sent yet waits as well, and nobody else
    does."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        await machine.connect(workspace=ELSEWHERE)
        machine.adapter.script = [RetryLaterError("Notes", "Busy.", "rate_limited", 30.0)]
        await machine.submit("a")
        await machine.until("queued", "a")
        held = await machine.submit("b")
        other = await machine.submit("c", workspace=ELSEWHERE)
        await idle(machine.dispatcher)
        assert (held.state, held.expected_at, other.state) == (
            "queued",
            machine.clock.now + 30,
            "sending",
        )
        assert machine.adapter.keys == ["a", "c"]
        machine.clock.advance(30)
        machine.dispatcher.wake()
        await machine.until("delivered", "a")
        await machine.until("delivered", "b")


@pytest.mark.parametrize("disconnected", [False, True], ids=["replaced", "removed first"])
async def test_another_account_does_not_wait_for_the_last_one(
    tmp_path: Path, disconnected: bool
) -> None:
    """A pause is the account's: what is sent to the one that is connected next leaves at once, even
    if the last one's call ends later. A new key of the same account still waits."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        busy = RetryLaterError("Notes", "Busy.", "rate_limited", 30.0)
        machine.adapter.script = [late := Gate(busy), busy]
        await machine.submit("late")
        await late.reached.wait()
        await machine.submit("a")
        await machine.until("queued", "a")
        await machine.connect()
        held = await machine.submit("b")
        if disconnected:
            await machine.connections.remove(HERE, "notes")
        await machine.connect("other")
        late.open.set()
        await machine.until("queued", "late")
        await machine.submit("c", account="other")
        await machine.until("delivered", "c")  # and the clock has not moved
    assert held.state == "queued"


async def test_retries_block_nobody(tmp_path: Path) -> None:
    """What waits for its next attempt lets new ones pass."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        machine.adapter.script = [RetryLaterError("Notes", "Away.", "unreachable")] * 3
        for key in ("a", "b", "c"):
            await machine.submit(key)
            await machine.until("queued", key)
        await machine.submit("d")
        await machine.until("delivered", "d")
        assert machine.adapter.keys[:4] == ["a", "b", "c", "d"]


async def test_who_waits_for_a_slot_is_not_overtaken(tmp_path: Path) -> None:
    """A slot that becomes free goes to the one that has waited longest, even if somebody submits at
    that moment."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        gates = [Gate() for _ in range(6)]
        machine.adapter.script = list(gates)
        for n in range(8):
            await machine.submit(f"k{n}")
        for gate in gates:
            await gate.reached.wait()
        gates[0].open.set()
        late = await machine.submit("late")
        for gate in gates:
            gate.open.set()
        await machine.until("delivered", "late")
        assert machine.adapter.keys == [*[f"k{n}" for n in range(8)], "late"]
        assert late.state == "queued"


async def test_connections_take_turns(tmp_path: Path) -> None:
    """A connection with many queued does not make one with a single delivery wait for all of them."""
    async with machine_on(tmp_path / "relay.db", running=False) as machine:
        await machine.connect()
        await machine.connect(workspace=ELSEWHERE)
        for n in range(20):
            await machine.deliveries.enqueue(draft(f"k{n:02}"), lease=None, card_not_before=0)
        machine.clock.advance(1)
        await machine.deliveries.enqueue(
            draft("other", workspace=ELSEWHERE), lease=None, card_not_before=0
        )
        await machine.dispatcher._round()
        await eventually(lambda: "other" in machine.adapter.keys)
        assert machine.adapter.keys.index("other") <= 2


async def test_nothing_is_asked_of_the_database_while_nothing_is_due(slow: Machine) -> None:
    """The loop sleeps until the connection's turn comes; it does not spin on what waits."""
    rounds = 0
    agenda = slow.deliveries.agenda

    async def counted() -> object:
        nonlocal rounds
        rounds += 1
        return await agenda()

    slow.deliveries.agenda = counted  # type: ignore[method-assign,assignment]
    for n in range(4):
        await slow.submit(f"k{n}")
    await idle(slow.dispatcher)
    before = rounds
    await asyncio.sleep(0.5)
    assert rounds - before <= 1


async def test_what_is_saved_is_not_called_unsaved(
    slow: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file fails when the turn of a queued row is counted: it is queued all the same."""

    async def fail(*_: object) -> int:
        raise sqlite3.OperationalError("disk I/O error")

    for number in range(3):
        await slow.submit(f"k{number}")
    monkeypatch.setattr(Deliveries, "ahead_of", fail)
    row = await slow.submit("later")
    assert (row.key, row.state) == ("later", "queued")


async def test_a_submission_that_is_not_new_takes_no_turn(slow: Machine) -> None:
    """A double click, as often as it comes, leaves the connection's allowance to the next one."""
    await slow.submit("a")
    await slow.until("delivered", "a")
    for _ in range(5):
        assert (await slow.submit("a")).state == "delivered"
    assert (await slow.submit("b")).state == "sending"
    await slow.until("delivered", "b")


async def test_a_claim_that_finds_nothing_takes_no_turn(tmp_path: Path) -> None:
    """Another process was faster, several times; what comes then goes out at once."""

    class Overtaken(Deliveries):
        times = 5

        async def claim(self, connection_key: ConnectionKey, lease: float) -> Delivery | None:
            self.times -= 1
            return None if self.times >= 0 else await super().claim(connection_key, lease)

    path = tmp_path / "relay.db"
    async with machine_on(path, limits=THREE_A_MINUTE, running=False) as machine:
        await machine.connect()
        await machine.deliveries.enqueue(draft(), lease=None, card_not_before=0)
        machine.dispatcher._deliveries = Overtaken(machine.database, machine.clock)
        loop = asyncio.create_task(machine.dispatcher.run())
        for _ in range(6):
            machine.dispatcher.wake()
            await asyncio.sleep(0.02)
        await machine.until("delivered")
        assert (await machine.submit("b")).state == "sending"
        await ended(loop)
