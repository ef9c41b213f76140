"""The courier: what becomes of a delivery, whatever vendor, database and machine do meanwhile."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from bot.adapters.base import Created
from bot.delivery import sender
from bot.delivery.attempt import BACKOFF_SECONDS, CALL_SECONDS, backoff
from bot.delivery.dispatcher import (
    LEASE_SECONDS,
)
from bot.delivery.sender import FIRST_LOOK_SECONDS
from bot.delivery.store.decisions import Decisions
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    UnauthorizedError,
    VendorError,
)
from bot.storage.encryption import SecretBox
from tests.world.bot import eventually
from tests.world.machine import Gate, Machine, machine_on
from tests.world.notes import DAY, ELSEWHERE, HERE, MADE, NOT_CONNECTED, SECRET, Clock, draft, why

BUSY = RetryLaterError("Notes", "Notes takes no more.", "rate_limited", 30.0)
AWAY = RetryLaterError("Notes", "Notes cannot be reached.", "unreachable")
REVOKED = UnauthorizedError("Notes", "Notes no longer accepts the token.")
FORBIDDEN = UnauthorizedError("Notes", "Notes does not allow it.", 403)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def machine(path: Path) -> AsyncIterator[Machine]:
    async with machine_on(path) as machine:
        await machine.connect()
        yield machine


def states(machine: Machine) -> list[str]:
    return [row.state for row in machine.changes]


# --- once


async def test_a_submission_is_delivered_at_once(machine: Machine) -> None:
    """The row comes back as committed, then holds what the vendor made; the object is offered in
    its picker."""
    committed = await machine.submit()
    row = await machine.until("delivered")
    assert (committed.state, row.attempt, row.vendor_object) == ("sending", 1, MADE.model_dump())
    [sent] = machine.adapter.sent
    assert (sent.form.model_dump(), sent.marker, sent.reporter) == (
        {"text": "Checkout is down"},
        row.key,
        "Ann",
    )
    await eventually(lambda: machine.offered)  # it is told of after it is committed
    assert (states(machine), machine.offered) == (["delivered"], [(row.key, "notes")])


async def test_it_is_committed_before_anything_is_sent(machine: Machine, path: Path) -> None:
    """While the vendor is being called, another connection to the file reads the row as `sending`."""
    seen: list[tuple[str, int, float]] = []

    async def look() -> Created:
        def read() -> list[tuple[str, int, float]]:
            with sqlite3.connect(path) as db:
                rows = db.execute("SELECT state, attempt, lease_until FROM deliveries").fetchall()
            db.close()
            return rows

        seen.extend(await asyncio.to_thread(read))
        return MADE

    machine.adapter.script = [look]
    await machine.submit()
    await machine.until("delivered")
    assert seen == [("sending", 1, machine.clock.now + LEASE_SECONDS)]
    assert LEASE_SECONDS > CALL_SECONDS


async def test_a_second_submission_gets_the_same_row(machine: Machine) -> None:
    """While it is being sent and after it was delivered, the same key creates nothing more."""
    machine.adapter.script = [gate := Gate()]
    first = await machine.submit()
    await gate.reached.wait()
    during = await machine.submit(title="Edited")
    gate.open.set()
    delivered = await machine.until("delivered")
    after = await machine.submit(title="Edited again")
    assert (during.id, during.title) == (first.id, "Checkout is down")
    assert after == delivered
    assert len(machine.adapter.sent) == 1


async def test_presses_at_once_create_one_thing(machine: Machine) -> None:
    """Ten submissions of one modal at the same moment are one row and one call."""
    rows = await asyncio.gather(*[machine.submit() for _ in range(10)])
    await machine.until("delivered")
    assert len({row.id for row in rows}) == len(machine.adapter.sent) == 1


async def test_two_workspaces_with_the_same_key_have_their_own(machine: Machine) -> None:
    """Each is delivered with its own connection."""
    await machine.connect(workspace=ELSEWHERE)
    await machine.submit(title="Here")
    await machine.submit(title="Elsewhere", workspace=ELSEWHERE)
    here = await machine.until("delivered")
    await eventually(lambda: len(machine.adapter.sent) == 2 and not machine.dispatcher.under_way)
    elsewhere = await machine.row(workspace=ELSEWHERE)
    assert (here.title, elsewhere.title, elsewhere.state) == ("Here", "Elsewhere", "delivered")


async def test_two_bots_on_one_file_share_the_work(path: Path) -> None:
    """What is queued goes out once, through either."""
    clock = Clock()
    async with machine_on(path, clock) as one, machine_on(path, clock) as two:
        await one.connect()
        for n in range(20):
            await one.deliveries.enqueue(draft(f"k{n}"), lease=None, card_not_before=0)
        one.dispatcher.wake()
        two.dispatcher.wake()
        for n in range(20):
            await one.until("delivered", f"k{n}")
        keys = one.adapter.keys + two.adapter.keys
    assert sorted(keys) == sorted(f"k{n}" for n in range(20))


# --- the vendor says no


async def test_a_refusal_is_kept_with_its_fields(machine: Machine) -> None:
    """The row holds the vendor's words, and nothing is sent again by itself."""
    machine.adapter.script = [RejectedError("Notes", "Too many.", {"text": "is too short"})]
    await machine.submit()
    row = await machine.until("rejected")
    assert (row.reason, why(row), row.field_errors) == (
        "refused",
        "Too many.",
        {"text": "is too short"},
    )
    machine.clock.advance(DAY)
    machine.dispatcher.wake()
    await asyncio.sleep(0.1)
    assert len(machine.adapter.sent) == 1


async def test_a_correction_is_sent_with_a_key_of_its_own(machine: Machine) -> None:
    """Each revision has its own idempotency key, so that the vendor does not repeat its refusal;
    the marker stays."""
    no = RejectedError("Notes", "No.")
    machine.adapter.script = [no, no]
    for _ in range(2):
        await machine.submit()
        await machine.until("rejected")
    await machine.submit(payload={"text": "Better"}, title="Better")
    row = await machine.until("delivered")
    assert [it.idempotency_key for it in machine.adapter.sent] == [
        row.key,
        f"{row.key}-r1",
        f"{row.key}-r2",
    ]
    assert machine.adapter.keys == [row.key] * 3
    assert (row.revision, row.title, machine.adapter.sent[-1].form.model_dump()) == (
        2,
        "Better",
        {"text": "Better"},
    )


async def test_a_late_answer_is_better_than_none(path: Path, machine: Machine) -> None:
    """An attempt whose lease ran out may still say what became of it, while nobody did anything
    else with the row."""
    machine.adapter.script = [gate := Gate()]
    await machine.submit()
    await gate.reached.wait()
    machine.clock.advance(LEASE_SECONDS + 1)
    async with machine_on(path, machine.clock) as other:  # which takes it for dead
        await other.until("unconfirmed")
    gate.open.set()
    await machine.dispatcher.stop()
    assert (await machine.row()).state == "delivered"


async def test_a_clock_that_jumps_ahead_does_not_make_it_doubt_its_own_call(
    machine: Machine,
) -> None:
    """Its lease is over by the clock, but the process knows that it is still sending it."""
    machine.adapter.script = [gate := Gate()]
    await machine.submit()
    await gate.reached.wait()
    machine.clock.advance(3600)
    machine.dispatcher.wake()
    await asyncio.sleep(0.1)
    assert (await machine.row()).state == "sending"
    gate.open.set()
    await machine.until("delivered")
    assert states(machine) == ["delivered"]


async def test_a_clock_that_goes_back_makes_nothing_wait_for_it(machine: Machine) -> None:
    """What was to be tried again in five seconds does not wait for the hour to come a second time."""
    machine.adapter.script = [RetryLaterError("Notes", "Busy.", "unreachable", 5.0)]
    await machine.submit()
    await machine.until("queued")
    machine.clock.advance(-3600)
    machine.dispatcher.wake()
    assert (await machine.until("delivered")).attempt == 2


# --- certainly not done


async def test_a_rate_limited_delivery_goes_out_when_the_vendor_says(machine: Machine) -> None:
    """It is queued for exactly that time, is not sent a second earlier, and arrives then."""
    machine.adapter.script = [BUSY]
    await machine.submit()
    row = await machine.until("queued")
    assert (row.reason, row.next_attempt_at) == ("rate_limited", machine.clock.now + 30)
    machine.clock.advance(29)
    machine.dispatcher.wake()
    await asyncio.sleep(0.1)
    assert len(machine.adapter.sent) == 1
    machine.clock.advance(1)
    machine.dispatcher.wake()
    assert (await machine.until("delivered")).attempt == 2


async def test_an_unreachable_vendor_is_tried_again_with_growing_pauses(machine: Machine) -> None:
    """Between one second and five minutes, spread out, for as many attempts as it takes; with the
    same key."""
    machine.adapter.script = [AWAY] * 40
    await machine.submit()
    pauses = []
    for attempt in range(1, 41):
        row = await machine.until("queued")
        while row.attempt < attempt:
            await asyncio.sleep(0.002)
            row = await machine.row()
        row = await machine.until("queued")
        pauses.append(row.next_attempt_at - machine.clock.now)
        machine.clock.now = row.next_attempt_at
        machine.dispatcher.wake()
    assert (await machine.until("delivered")).attempt == 41
    shortest, longest = BACKOFF_SECONDS
    assert (shortest, longest) == (1.0, 300.0)
    assert all(shortest <= pause <= min(longest, 2.0 ** (n + 1)) for n, pause in enumerate(pauses))
    assert max(pauses) > 60
    assert len(set(pauses[12:])) > 20
    assert {it.idempotency_key for it in machine.adapter.sent} == {"ir000000000001"}


async def test_the_pause_stays_in_bounds_after_very_many_attempts() -> None:
    """A day of attempts does not overflow."""
    assert all(1.0 <= backoff(attempt) <= 300.0 for attempt in (0, 1, 60, 900))


async def test_a_real_pause_passes_by_itself(path: Path) -> None:
    """Nobody has to wake the courier when a row becomes due."""
    async with machine_on(path) as machine:
        await machine.connect()
        machine.adapter.script = [RetryLaterError("Notes", "Busy.", "rate_limited", 0.3)]
        await machine.submit()
        await machine.until("queued")
        asyncio.get_running_loop().call_later(0.2, machine.clock.advance, 0.3)
        assert (await machine.until("delivered")).attempt == 2


async def test_after_a_day_it_is_given_up(machine: Machine) -> None:
    """Nobody wants yesterday's incident declared: it fails, and is not sent again even if the
    vendor is back."""
    machine.adapter.script = [AWAY]
    await machine.submit()
    await machine.until("queued")
    machine.clock.advance(DAY + 1)
    machine.dispatcher.wake()
    assert (await machine.until("failed")).reason == "gave_up"
    assert len(machine.adapter.sent) == 1


async def test_within_the_day_it_is_not_given_up(machine: Machine) -> None:
    """The last try of the day still counts."""
    machine.adapter.script = [AWAY]
    await machine.submit()
    await machine.until("queued")
    machine.clock.advance(DAY - 1)
    machine.dispatcher.wake()
    await machine.until("delivered")


# --- the token


async def test_a_revoked_token_breaks_the_connection_and_keeps_the_delivery(
    machine: Machine,
) -> None:
    """It fails with what to do, and goes on by itself once the same account is connected again."""
    machine.adapter.script = [REVOKED]
    await machine.submit()
    row = await machine.until("failed")
    assert (row.reason, why(row)) == ("unauthorized", str(REVOKED))
    await eventually(lambda: not machine.dispatcher.under_way)
    assert [it.broken for it in await machine.connections.of(HERE)] == [str(REVOKED)]
    await machine.connect()
    machine.dispatcher.wake()
    assert (await machine.until("delivered")).attempt == 2


@pytest.mark.parametrize("answer", [MADE, RejectedError("Notes", "Not this one.")])
async def test_a_token_that_is_taken_mends_the_connection(
    machine: Machine, answer: Created | Exception
) -> None:
    """What a person tries again shows that it works; what else waited for that goes on, and the
    lists are asked for."""
    machine.adapter.script = [REVOKED, REVOKED, answer]
    for key in ("a", "b"):
        await machine.submit(key)
        await machine.until("failed", key)
    await eventually(lambda: not machine.dispatcher.under_way)
    await Decisions(machine.database, machine.clock).make(HERE, "a", "try_again", "U0ANN00001")
    machine.dispatcher.wake()
    await machine.until("delivered", "b")
    assert [it.broken for it in await machine.connections.of(HERE)] == [""]
    assert machine.mended == [machine.clock.now]


async def test_what_the_vendor_was_not_asked_says_nothing_about_the_token(machine: Machine) -> None:
    """A refusal of the adapter's own leaves the connection as it is."""
    machine.adapter.script = [RejectedError("Notes", "Choose one.", ours=True)]
    await machine.connections.mark(HERE, "notes", str(REVOKED))
    await machine.submit()
    assert (await machine.until("rejected")).reason == "not_asked"
    await eventually(lambda: not machine.dispatcher.under_way)
    assert [it.broken for it in await machine.connections.of(HERE)] == [str(REVOKED)]


async def test_what_the_token_may_not_do_waits_without_breaking_the_connection(
    machine: Machine,
) -> None:
    """A 403 says nothing about other calls; the delivery goes on once an admin has connected again."""
    machine.adapter.script = [FORBIDDEN]
    await machine.submit()
    assert (await machine.until("failed")).reason == "forbidden"
    await machine.dispatcher.stop()
    connection = await machine.connections.get(HERE, "notes")
    assert connection is not None
    assert connection.broken == ""
    await machine.connections.mark(HERE, "notes", "")
    assert (await machine.row()).state == "failed"
    await machine.connect()
    assert (await machine.row()).state == "queued"


async def test_a_delivery_goes_to_no_other_account(machine: Machine) -> None:
    """With another account connected meanwhile it fails, and nothing is sent there."""
    machine.adapter.script = [BUSY]
    await machine.submit()
    await machine.until("queued")
    await machine.connect("bolt")
    machine.clock.advance(30)
    machine.dispatcher.wake()
    row = await machine.until("failed")
    assert (row.reason, why(row)) == (
        "disconnected",
        NOT_CONNECTED,
    )
    assert len(machine.adapter.sent) == 1


async def test_credentials_that_cannot_be_read_wait_for_a_reconnect(path: Path) -> None:
    """A bot started with a wrong key loses no delivery: connecting again takes it up."""
    async with machine_on(path, running=False) as before:
        await before.connect()
        await before.database.write(
            lambda db: db.execute(
                "UPDATE connections SET secret = ?",
                (SecretBox([Fernet.generate_key()]).seal(("", "", ""), SECRET),),
            )
        )
    async with machine_on(path) as machine:
        await machine.submit()
        row = await machine.until("failed")
        assert (row.reason, why(row)) == (
            "unauthorized",
            "We can't read the stored API key for Notes. An admin can replace it in `/vendors`.",
        )
        await machine.connect()
        machine.dispatcher.wake()
        await machine.until("delivered")


async def test_what_fits_the_form_no_more_says_so(machine: Machine) -> None:
    """A row from before the form changed is not sent half."""
    unfit: dict[str, dict[str, Any]] = {
        "a": {"payload": {"text": ""}},
        "b": {"payload": {"old": 1}},
        "c": {"operation": "gone"},
    }
    for key, changes in unfit.items():
        await machine.submit(key, **changes)
        row = await machine.until("failed", key)
        assert (row.reason, why(row)) == (
            "not_sendable",
            "The form has changed, so this can't be sent. Fill it in again.",
        )
    assert machine.adapter.sent == []


# --- nobody knows


@pytest.mark.parametrize(
    ("error", "reason", "sentence"),
    [
        (OutcomeUnknownError("Notes", "Notes didn't answer."), "unclear", "Notes didn't answer."),
        (TimeoutError(), "unclear", "Notes didn't answer in time."),
        (VendorError("Notes", "Something."), "unclear", "Something."),
        (KeyError("id"), "internal", "We couldn't read Notes's answer."),
        (
            RuntimeError("the text of a message"),
            "internal",
            "We couldn't read Notes's answer.",
        ),
    ],
)
async def test_what_may_have_been_created_is_not_sent_again(
    machine: Machine, error: Exception, reason: str, sentence: str
) -> None:
    """Silence, a 5xx and our own mistakes leave it unconfirmed, to be looked up; the courier leaves
    it alone."""
    machine.adapter.script = [error]
    await machine.submit()
    row = await machine.until("unconfirmed")
    assert (row.reason, why(row), row.reconcile_at) == (
        reason,
        sentence,
        machine.clock.now + FIRST_LOOK_SECONDS,
    )
    machine.dispatcher.wake()
    await asyncio.sleep(0.1)
    await machine.submit()
    assert (len(machine.adapter.sent), (await machine.row()).state) == (1, "unconfirmed")


async def test_a_call_that_never_ends_is_ended(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call has a limit, shorter than the lease; what it did is not known then."""
    monkeypatch.setattr(sender, "CALL_SECONDS", 0.05)
    machine.adapter.script = [Gate()]
    await machine.submit()
    assert why(await machine.until("unconfirmed")) == "Notes didn't answer in time."


async def test_no_message_text_gets_into_the_log(machine: Machine) -> None:
    """Neither what a person wrote nor what an exception quotes is logged: ids, states and types
    are."""
    machine.adapter.script = [
        RuntimeError("Checkout is down"),
        RejectedError("Notes", "Checkout is down"),
        AWAY,
    ]
    with capture_logs() as logs:
        for key, state in {"a": "unconfirmed", "b": "rejected", "c": "queued"}.items():
            await machine.submit(key)
            await machine.until(state, key)
        await machine.dispatcher.stop()
    assert {entry["event"] for entry in logs} == {"adapter.failed", "delivery.attempted"}
    assert "Checkout" not in repr(logs)
    assert SECRET["api_key"] not in repr(logs)


async def test_when_one_arrives_again_the_others_need_not_wait(machine: Machine) -> None:
    """A vendor that could not be reached for a while gets everything as soon as it is known to be
    back."""
    machine.adapter.script = [RetryLaterError("Notes", "Away.", "unreachable", 300.0)] * 3
    for key in ("a", "b", "c"):
        await machine.submit(key)
        await machine.until("queued", key)
    await machine.submit("d")
    for key in ("d", "a", "b", "c"):
        await machine.until("delivered", key)
    assert machine.adapter.keys[:4] == ["a", "b", "c", "d"]
