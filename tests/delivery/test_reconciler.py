"""The reconciler: what was sent and not answered is found, sent again, or left to a person; never
created twice unseen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.base import Created, Operation
from bot.delivery.dispatcher import (
    LEASE_SECONDS,
)
from bot.delivery.model import Delivery
from bot.delivery.reconciler import MOST_RESENDS, PATIENCE_SECONDS
from bot.delivery.sender import FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.reconcile import ReconcileStore
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from tests.world.bot import eventually
from tests.world.machine import Gate, Machine, machine_on
from tests.world.notes import DAY, HERE, MADE, NOT_CONNECTED, Clock, Note, Notes, why

SILENT = OutcomeUnknownError("Notes", "Notes didn't answer.")
AWAY = RetryLaterError("Notes", "Notes isn't answering.", "unreachable")
TWIN = Created(id="n2", reference="N-2", title="A note", url="https://notes.example.com/2")
LOOKS = (FIRST_LOOK_SECONDS, 5.0, 15.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def machine(path: Path) -> AsyncIterator[Machine]:
    async with machine_on(path) as machine:
        await machine.connect()
        yield machine


async def in_doubt(machine: Machine, *, times: int = 1) -> Delivery:
    """A delivery whose send, and the next ones, got no answer."""
    machine.adapter.script = [SILENT] * times
    await machine.submit()
    return await machine.until("unconfirmed")


async def look(machine: Machine) -> None:
    """Let the time pass until the next look, and wait for what it comes to."""
    row, looked = await machine.row(), len(machine.adapter.looked)
    machine.clock.now = row.reconcile_at
    machine.reconciler.changed(row)
    await eventually(
        lambda: len(machine.adapter.looked) > looked and not machine.reconciler.pool.busy
    )


async def look_until_sent_again(machine: Machine) -> None:
    """Three looks, all of which find nothing, and the send that follows."""
    sent = len(machine.adapter.sent)
    for _ in LOOKS:
        await look(machine)
    await eventually(lambda: len(machine.adapter.sent) > sent and not machine.dispatcher.under_way)


async def test_what_is_there_is_delivered(machine: Machine) -> None:
    """Found by its marker two seconds after the send: the row holds the object, and nothing is sent
    again."""
    before = await in_doubt(machine)
    machine.adapter.there = [[MADE]]
    await look(machine)
    row = await machine.row()
    assert (row.state, row.reason, row.vendor_object) == ("delivered", "found", MADE.model_dump())
    assert (before.reconcile_at - before.first_sent_at, machine.adapter.looked) == (
        2.0,
        [(row.key, before.first_sent_at)],
    )
    assert (len(machine.adapter.sent), row.reconcile_at, machine.offered) == (
        1,
        0.0,
        [(row.key, "notes")],
    )
    assert [it.state for it in machine.changes] == ["unconfirmed", "delivered"]


async def test_a_list_that_lags_behind_is_asked_again(machine: Machine) -> None:
    """After two seconds, five more and fifteen more; what turns up then is delivered, and was sent
    once."""
    row = await in_doubt(machine)
    machine.adapter.there = [[], [], [MADE]]
    times = []
    for _ in LOOKS:
        await look(machine)
        times.append(machine.clock.now - row.first_sent_at)
    assert times == [2.0, 7.0, 22.0]
    assert ((await machine.row()).reason, len(machine.adapter.sent)) == ("found", 1)


async def test_what_is_absent_every_time_is_sent_again(machine: Machine) -> None:
    """With the same marker, and known to the adapter as a second send."""
    row = await in_doubt(machine)
    await look_until_sent_again(machine)
    again = await machine.until("delivered")
    assert (again.resend_count, again.attempt, again.vendor_object) == (1, 2, MADE.model_dump())
    assert machine.adapter.keys == [row.key] * 2
    assert [it.again for it in machine.adapter.sent] == [False, True]
    assert [it.state for it in machine.changes] == ["unconfirmed", "queued", "delivered"]


async def test_after_three_more_sends_a_person_decides(machine: Machine) -> None:
    """A vendor that swallows everything gets it four times at most; each time it is looked for
    three times first."""
    await in_doubt(machine, times=1 + MOST_RESENDS)
    for _ in range(MOST_RESENDS):
        await look_until_sent_again(machine)
    for _ in LOOKS:
        await look(machine)
    row = await machine.row()
    assert (row.state, row.reason, row.settled) == ("unconfirmed", "undecided", True)
    assert why(row) == "Notes didn't answer when we sent it, and doesn't list it."
    machine.clock.advance(DAY)
    await asyncio.sleep(0.1)
    assert (len(machine.adapter.sent), len(machine.adapter.looked)) == (4, 12)


async def test_a_last_look_says_if_the_first_one_turned_up_after_all(machine: Machine) -> None:
    """A minute after the second send succeeded; both are named, so that a person can close one."""
    await in_doubt(machine)
    await look_until_sent_again(machine)
    row = await machine.until("delivered")
    assert (row.reconcile_at, row.settled) == (machine.clock.now + LAST_LOOK_SECONDS, True)
    machine.adapter.there = [[TWIN, MADE]]
    await look(machine)
    row = await machine.row()
    assert (row.state, row.reason, row.vendor_object, row.duplicates) == (
        "delivered",
        "created_twice",
        MADE.model_dump(),
        [TWIN],
    )
    assert machine.changes[-1] == row


async def test_a_last_look_that_finds_one_object_changes_nothing(machine: Machine) -> None:
    """Nobody is told anything, and nothing is looked up any more."""
    await in_doubt(machine)
    await look_until_sent_again(machine)
    before = await machine.until("delivered")
    machine.adapter.there = [[MADE]]
    await look(machine)
    row = await machine.row()
    assert (row.version, row.reason, row.reconcile_at) == (before.version, "", 0.0)


async def test_two_that_are_there_are_both_named(machine: Machine) -> None:
    """Found twice at the first look: delivered, with its twin."""
    await in_doubt(machine)
    machine.adapter.there = [[MADE, TWIN]]
    await look(machine)
    row = await machine.row()
    assert (row.reason, row.vendor_object["id"], row.duplicates) == ("created_twice", "n1", [TWIN])


async def test_a_vendor_that_does_not_answer_is_asked_less_and_less(machine: Machine) -> None:
    """People are told after half a minute and may decide; whenever it answers again, that settles
    it."""
    row = await in_doubt(machine)
    machine.adapter.there = [AWAY] * 40
    pauses = []
    while machine.adapter.there:
        asked = machine.clock.now
        await look(machine)
        pauses.append(machine.clock.now - asked)
    told = await machine.row()
    assert (told.state, told.reason, why(told)) == ("unconfirmed", "unanswered", str(AWAY))
    assert (told.version, pauses[1], max(pauses)) == (row.version + 1, 3.0, 300.0)
    assert [it.reason for it in machine.changes] == ["unclear", "unanswered"]
    machine.adapter.there = [[MADE]]
    await look(machine)
    assert ((await machine.row()).reason, len(machine.adapter.sent)) == ("found", 1)


async def test_people_are_not_told_of_a_short_silence(machine: Machine) -> None:
    """Within half a minute the card goes on saying that it is being checked."""
    row = await in_doubt(machine)
    machine.adapter.there = [AWAY]
    await look(machine)
    assert machine.clock.now - row.first_sent_at < PATIENCE_SECONDS
    assert ((await machine.row()).version, (await machine.row()).reason) == (row.version, "unclear")


async def test_looks_that_failed_do_not_count(machine: Machine) -> None:
    """It is sent again only after three proper answers, whatever came in between."""
    await in_doubt(machine)
    machine.adapter.there = [[], AWAY, [], AWAY]
    for _ in range(4):
        await look(machine)
    assert ((await machine.row()).lookup_count, len(machine.adapter.sent)) == (2, 1)
    await look(machine)
    await machine.until("delivered")
    assert len(machine.adapter.sent) == 2


async def test_after_a_day_without_an_answer_a_person_decides(machine: Machine) -> None:
    """It is not asked for ever."""
    await in_doubt(machine)
    machine.adapter.there = [AWAY, AWAY]
    await look(machine)
    machine.clock.advance(DAY + 60)
    machine.reconciler.changed(await machine.row())
    await eventually(lambda: len(machine.adapter.looked) == 2 and not machine.reconciler.pool.busy)
    row = await machine.row()
    assert (row.reason, why(row)) == ("undecided", "Notes didn't answer within 24 hours.")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            RejectedError("Notes", "", {"text": "Notes has no such book."}),
            "Notes has no such book.",
        ),
        (
            UnauthorizedError("Notes", "Notes does not let this token look.", 403),
            "Notes does not let this token look.",
        ),
    ],
)
async def test_where_it_cannot_be_looked_up_a_person_decides(
    machine: Machine, answer: Exception, sentence: str
) -> None:
    """The vendor will not say: it is not sent again on a guess."""
    await in_doubt(machine)
    machine.adapter.there = [answer]
    await look(machine)
    row = await machine.row()
    assert (row.reason, why(row), row.reconcile_at, len(machine.adapter.sent)) == (
        "undecided",
        sentence,
        0.0,
        1,
    )


async def test_a_token_that_was_revoked_meanwhile_is_told_and_waited_for(machine: Machine) -> None:
    """The connection is marked; the look is made again until an admin has reconnected."""
    await in_doubt(machine)
    machine.adapter.there = [
        UnauthorizedError("Notes", "Notes no longer accepts the token."),
        [MADE],
    ]
    await look(machine)
    assert [it.broken for it in await machine.connections.of(HERE)] == [
        "Notes no longer accepts the token."
    ]
    await machine.connect()
    await look(machine)
    assert (await machine.row()).reason == "found"


async def test_another_account_is_not_asked(machine: Machine) -> None:
    """What was meant for one account is neither looked up at nor sent to another."""
    await in_doubt(machine)
    await machine.connect("bolt")
    row = await machine.row()
    machine.clock.now = row.reconcile_at
    machine.reconciler.changed(row)
    await eventually(lambda: machine.changes[-1].reason == "undecided")
    assert why(await machine.row()) == NOT_CONNECTED
    assert (len(machine.adapter.sent), machine.adapter.looked) == (1, [])


async def test_an_adapter_that_breaks_is_no_answer(machine: Machine) -> None:
    """A mistake of ours is logged without what it quotes, and the look is made again."""
    await in_doubt(machine)
    machine.adapter.there = [RuntimeError("Checkout is down"), [MADE]]
    with capture_logs() as logs:
        await look(machine)
    assert "Checkout" not in repr(logs)
    await look(machine)
    assert (await machine.row()).reason == "found"


async def test_what_a_dead_bot_was_sending_is_looked_up(path: Path) -> None:
    """After the lease, by the next start; and found, it is not sent again."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        machine.adapter.script = [gate := Gate()]
        await machine.submit()
        await gate.reached.wait()
        first_sent_at = clock.now
        await machine.crash()
    clock.advance(LEASE_SECONDS + 1)
    async with machine_on(path, clock) as machine:
        await machine.until("unconfirmed")
        machine.adapter.there = [[MADE]]
        await look(machine)
        row = await machine.row()
        assert (row.state, row.reason, machine.adapter.looked) == (
            "delivered",
            "found",
            [(row.key, first_sent_at)],
        )
        assert machine.adapter.sent == []


async def test_a_look_that_a_dead_bot_began_is_made_by_the_next(path: Path) -> None:
    """It is claimed for a minute only."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        row = await in_doubt(machine)
        clock.now = row.reconcile_at
        claimed = await ReconcileStore(machine.database, machine.clock).claim(60.0)
        assert claimed is not None
        assert await ReconcileStore(machine.database, machine.clock).claim(60.0) is None
    clock.advance(60)
    async with machine_on(path, clock) as machine:
        machine.adapter.there = [[MADE]]
        await machine.until("delivered")


async def test_a_late_answer_settles_it_before_the_look_does(machine: Machine) -> None:
    """A person's decision, too, stands: what the look finds out after it changes nothing."""
    row = await in_doubt(machine)
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*arguments: Any, **more: Any) -> list[Created]:
        machine.adapter.looked.append((row.key, row.first_sent_at))
        reached.set()
        await go_on.wait()
        return []

    machine.adapter.find = slowly  # type: ignore[method-assign]
    machine.clock.now = row.reconcile_at
    machine.reconciler.changed(row)
    await reached.wait()
    decided = await Decisions(machine.database, machine.clock).make(
        HERE, row.key, "is_there", "U0BEN00001"
    )
    go_on.set()
    await eventually(lambda: not machine.reconciler.pool.busy)
    assert decided is not None
    assert await machine.row() == decided
    assert (decided.state, decided.reason, decided.changed_by) == (
        "delivered",
        "confirmed",
        "U0BEN00001",
    )


class Keyed(Notes):
    """A vendor that makes one note of two requests with the same key."""

    operations = (
        replace(Notes.operations[0], keyed=True),
        Operation("memo", "incident", "memo", Note),
    )


@pytest.fixture
async def keyed(path: Path) -> AsyncIterator[Machine]:
    async with machine_on(path, adapter=Keyed()) as machine:
        await machine.connect()
        yield machine


async def pass_until_sent(machine: Machine, times: int) -> None:
    """Let time pass, until it was sent so many times in all."""
    async with asyncio.timeout(5):
        while len(machine.adapter.sent) < times or machine.dispatcher.under_way:
            machine.clock.now = max(machine.clock.now, (await machine.row()).next_at)
            machine.reconciler.changed(await machine.row())
            machine.dispatcher.wake()
            await asyncio.sleep(0.005)


async def test_where_the_vendor_knows_the_key_it_is_simply_sent_again(keyed: Machine) -> None:
    """Nothing is looked up; the key is the same each time, and so often as it takes."""
    await in_doubt(keyed, times=6)
    await pass_until_sent(keyed, 7)
    row = await keyed.until("delivered")
    assert {it.idempotency_key for it in keyed.adapter.sent} == {row.key}
    assert [it.again for it in keyed.adapter.sent] == [False] + [True] * 6
    assert (row.reconcile_at, keyed.adapter.looked) == (0.0, [])


async def test_a_key_that_is_never_confirmed_is_no_failure(keyed: Machine) -> None:
    """After a day a person decides: the first send may have created it, so it is not called "not
    created"."""
    await in_doubt(keyed, times=1)
    keyed.adapter.script = [AWAY] * 3
    await pass_until_sent(keyed, 2)
    keyed.clock.advance(DAY + 60)
    keyed.dispatcher.wake()
    row = await keyed.until("unconfirmed")
    assert (row.reason, why(row)) == ("undecided", "Notes didn't confirm it within 24 hours.")
