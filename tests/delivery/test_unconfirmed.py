"""A delivery is called created, refused or lost only when that is known, whatever the clock, the
vendor and people do."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import messages
from bot.adapters.base import Created, Operation, Submission
from bot.adapters.credentials import ApiKey
from bot.delivery.attempt import BACKOFF_SECONDS, backoff
from bot.delivery.model import Delivery
from bot.delivery.sender import LAST_LOOK_SECONDS
from bot.delivery.store.decisions import Decisions
from bot.errors import RejectedError, RetryLaterError, UnauthorizedError
from tests.delivery.test_reconciler import SILENT, TWIN, in_doubt, look, look_until_sent_again
from tests.world.bot import eventually
from tests.world.machine import Machine, machine_on
from tests.world.notes import DAY, ELSEWHERE, HERE, MADE, Clock, Note, Notes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def machine(path: Path) -> AsyncIterator[Machine]:
    async with machine_on(path) as machine:
        await machine.connect()
        yield machine


class KeyedNotes(Notes):
    """A vendor that makes one note of two requests with one key."""

    operations = (Operation("note", "incident", "note", Note, feeds="notes", keyed=True),)


def headline(machine: Machine, row: Delivery) -> str:
    return messages.words(
        row, machine.adapter, machine.adapter.operation("note"), machine.clock.now
    ).headline


async def _looked(machine: Machine) -> bool:
    """Whether the vendor was asked by now; the reconciler, which sleeps by another clock, is woken
    to see the time."""
    machine.reconciler.pool.wake()
    return bool(machine.adapter.looked)


async def test_after_a_clock_that_went_back_the_vendor_is_asked_from_a_time_that_has_been(
    path: Path,
) -> None:
    """Else everything is properly absent in the hours to come, and is sent a second time."""
    clock = Clock()
    clock.advance(10 * 3600)  # it runs ahead when the note is sent
    async with machine_on(path, clock) as machine:
        await machine.connect()
        await in_doubt(machine)
    clock.advance(-10 * 3600)
    async with machine_on(path, clock) as machine:
        await eventually(lambda: _looked(machine))
        (_, since), *_ = machine.adapter.looked
        assert since <= clock.now


async def test_what_a_look_finds_after_a_second_send_is_looked_for_once_more(
    machine: Machine,
) -> None:
    """The one that is there may be either of both: a minute later people are told if the other has
    turned up too."""
    await in_doubt(machine, times=2)
    await look_until_sent_again(machine)
    await machine.until("unconfirmed")
    machine.adapter.there = [[MADE]]
    await look(machine)
    row = await machine.until("delivered")
    assert row.reconcile_at == machine.clock.now + LAST_LOOK_SECONDS
    machine.adapter.there = [[MADE, TWIN]]
    await look(machine)
    row = await machine.row()
    assert (row.reason, row.duplicates) == ("created_twice", [TWIN])


async def test_a_refusal_of_the_second_send_does_not_say_that_nothing_was_created(
    machine: Machine,
) -> None:
    """The vendor may refuse it because the first one is there by now ("that name is taken")."""
    machine.adapter.script = [
        SILENT,
        RejectedError("Notes", "There is a note of that name already."),
    ]
    await machine.submit()
    await machine.until("unconfirmed")
    await look_until_sent_again(machine)
    row = await machine.row()
    assert (
        "Nothing was created"
        not in messages.words(row, machine.adapter, machine.adapter.operation("note")).body
    )
    machine.adapter.there = [[MADE]]
    await look(machine)
    assert ((await machine.row()).state, (await machine.row()).vendor_object) == (
        "delivered",
        MADE.model_dump(),
    )


async def test_what_is_in_doubt_stays_in_doubt_when_the_connection_goes(path: Path) -> None:
    """A keyed send whose answer was lost may have been carried out, whoever is connected now."""
    async with machine_on(path, adapter=KeyedNotes()) as machine:
        await machine.connect()
        machine.adapter.script = [SILENT]
        await machine.submit()
        row = await machine.until("unconfirmed")
        await machine.connect("other")
        machine.clock.now = row.reconcile_at
        machine.reconciler.changed(row)
        await eventually(
            lambda: machine.changes[-1].resend_count == 1 and not machine.dispatcher.under_way
        )
        machine.clock.advance(400)
        machine.dispatcher.wake()
        await eventually(lambda: machine.changes[-1].attempt == 2)
        assert headline(machine, await machine.row()) != "Not created in Notes"


async def test_what_was_sent_twice_and_given_up_is_not_called_not_created(machine: Machine) -> None:
    """A person sent it again without knowing; when that never gets through, the first one may still
    be there."""
    away = RetryLaterError("Notes", "We can't reach Notes.", "unreachable")
    row = await in_doubt(machine)
    machine.adapter.script = [away] * 1000
    await Decisions(machine.database, machine.clock).make(HERE, row.key, "send_again", "U0ANN00001")
    machine.clock.advance(DAY + 1)
    machine.dispatcher.wake()
    await machine.until("failed")
    assert headline(machine, await machine.row()) != "Not created in Notes"


@pytest.mark.parametrize("attempt", [1024, 100_000])
def test_a_backoff_has_an_answer_for_any_number_of_attempts(attempt: int) -> None:
    """A vendor that says "in a second" for twenty minutes makes more than a thousand of them."""
    assert BACKOFF_SECONDS[0] <= backoff(attempt) <= BACKOFF_SECONDS[1]


async def test_what_was_tried_again_a_day_later_goes_on_when_an_admin_reconnects(
    machine: Machine,
) -> None:
    """Its card says so, and until when."""
    refused = UnauthorizedError("Notes", "Notes no longer accepts this workspace's token.")
    machine.adapter.script = [refused, refused]
    await machine.submit()
    await machine.until("failed")
    machine.clock.advance(DAY + 1)
    await Decisions(machine.database, machine.clock).make(
        HERE, "ir000000000001", "try_again", "U0ANN00001"
    )
    machine.dispatcher.wake()
    await eventually(lambda: len(machine.adapter.sent) == 2 and not machine.dispatcher.under_way)
    row = await machine.until("failed")
    said = messages.words(row, machine.adapter, machine.adapter.operation("note")).body
    assert "We'll send this when they do, until <!date^" in said
    await machine.connect()
    machine.dispatcher.wake()
    await machine.until("delivered")


class SlowNotes(Notes):
    """Its questions about the deliveries of one connection, whose keys begin with "slow", are never
    answered."""

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        found = await super().find(operation, submission, credentials, since)
        if submission.marker.startswith("slow"):
            await asyncio.Event().wait()
        return found


async def test_a_connection_whose_questions_are_not_answered_leaves_room_for_the_others(
    path: Path,
) -> None:
    """One vendor's silence must not keep another workspace from learning what became of its
    incident."""
    async with machine_on(path, adapter=SlowNotes()) as machine:
        await machine.connect(workspace=ELSEWHERE)
        await machine.connect()
        slow = [f"slow{number}" for number in range(6)]
        machine.adapter.script = [SILENT] * 7
        for key in slow:
            await machine.submit(key, workspace=ELSEWHERE)
        await eventually(lambda: len(machine.changes) == len(slow))
        await machine.submit("other")
        row = await machine.until("unconfirmed", "other")
        machine.clock.now = row.reconcile_at
        machine.reconciler.changed(row)
        await eventually(lambda: "other" in [key for key, _ in machine.adapter.looked])
