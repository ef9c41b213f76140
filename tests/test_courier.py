"""The courier: what becomes of a delivery, whatever vendor, database and machine do meanwhile."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from bot import courier as couriers
from bot.adapters.base import Created
from bot.courier import AT_ONCE, BACKOFF_SECONDS, CALL_SECONDS, LEASE_SECONDS
from bot.errors import Refused, TryLater, Unauthorized, Unclear, VendorError
from bot.storage.deliveries import Deliveries, Delivery
from bot.storage.secrets import Vault
from tests.conftest import eventually
from tests.parts import DAY, ELSEWHERE, HERE, MADE, SECRET, Clock, Gate, Machine, draft, ended, machine_on

BUSY = TryLater("Notes", "Notes takes no more.", "rate_limited", 30.0)
AWAY = TryLater("Notes", "Notes cannot be reached.", "unreachable")
REVOKED = Unauthorized("Notes", "Notes no longer accepts the token.")
FORBIDDEN = Unauthorized("Notes", "Notes does not allow it.", 403)


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
    """The row comes back as committed, then holds what the vendor made; the object is offered in its picker."""
    committed = await machine.submit()
    row = await machine.until("delivered")
    assert (committed.state, row.attempt, row.created) == ("sending", 1, MADE.model_dump())
    [sent] = machine.adapter.sent
    assert (sent.form.model_dump(), sent.marker, sent.reporter) == ({"text": "Checkout is down"}, row.key, "Ann")
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
    await eventually(lambda: len(machine.adapter.sent) == 2 and not machine.courier._under_way)
    elsewhere = await machine.row(workspace=ELSEWHERE)
    assert (here.title, elsewhere.title, elsewhere.state) == ("Here", "Elsewhere", "delivered")


async def test_two_bots_on_one_file_share_the_work(path: Path) -> None:
    """What is queued goes out once, through either."""
    clock = Clock()
    async with machine_on(path, clock) as one, machine_on(path, clock) as two:
        await one.connect()
        for n in range(20):
            await one.deliveries.enqueue(draft(f"k{n}"), lease=None, card_after=0)
        one.courier.wake()
        two.courier.wake()
        for n in range(20):
            await one.until("delivered", f"k{n}")
        keys = one.adapter.keys + two.adapter.keys
    assert sorted(keys) == sorted(f"k{n}" for n in range(20))


# --- the vendor says no


async def test_a_refusal_is_kept_with_its_fields(machine: Machine) -> None:
    """The row holds the vendor's words, and nothing is sent again by itself."""
    machine.adapter.script = [Refused("Notes", "Too many.", {"text": "is too short"})]
    await machine.submit()
    row = await machine.until("rejected")
    assert (row.reason, row.sentence, row.fields) == ("refused", "Too many.", {"text": "is too short"})
    machine.clock.advance(DAY)
    machine.courier.wake()
    await asyncio.sleep(0.1)
    assert len(machine.adapter.sent) == 1


async def test_a_correction_is_sent_with_a_key_of_its_own(machine: Machine) -> None:
    """Each revision has its own idempotency key, so that the vendor does not repeat its refusal; the marker stays."""
    no = Refused("Notes", "No.")
    machine.adapter.script = [no, no]
    for _ in range(2):
        await machine.submit()
        await machine.until("rejected")
    await machine.submit(payload={"text": "Better"}, title="Better")
    row = await machine.until("delivered")
    assert [it.idempotency_key for it in machine.adapter.sent] == [row.key, f"{row.key}-r1", f"{row.key}-r2"]
    assert machine.adapter.keys == [row.key] * 3
    assert (row.revision, row.title, machine.adapter.sent[-1].form.model_dump()) == (2, "Better", {"text": "Better"})


async def test_a_late_worker_cannot_overwrite_a_newer_attempt(machine: Machine) -> None:
    """An attempt whose lease ran out while it was under way says nothing about the row any more."""
    machine.adapter.script = [gate := Gate()]
    await machine.submit()
    await gate.reached.wait()
    machine.clock.advance(LEASE_SECONDS + 1)
    machine.courier.wake()
    lost = await machine.until("unconfirmed")
    gate.open.set()
    await machine.courier.stop()
    assert await machine.row() == lost
    assert (states(machine), machine.offered) == (["unconfirmed"], [])


# --- certainly not done


async def test_a_rate_limited_delivery_goes_out_when_the_vendor_says(machine: Machine) -> None:
    """It is queued for exactly that time, is not sent a second earlier, and arrives then."""
    machine.adapter.script = [BUSY]
    await machine.submit()
    row = await machine.until("queued")
    assert (row.reason, row.due_at) == ("rate_limited", machine.clock.now + 30)
    machine.clock.advance(29)
    machine.courier.wake()
    await asyncio.sleep(0.1)
    assert len(machine.adapter.sent) == 1
    machine.clock.advance(1)
    machine.courier.wake()
    assert (await machine.until("delivered")).attempt == 2


async def test_an_unreachable_vendor_is_tried_again_with_growing_pauses(machine: Machine) -> None:
    """Between one second and five minutes, spread out, for as many attempts as it takes; with the same key."""
    machine.adapter.script = [AWAY] * 40
    await machine.submit()
    pauses = []
    for attempt in range(1, 41):
        row = await machine.until("queued")
        while row.attempt < attempt:
            await asyncio.sleep(0.002)
            row = await machine.row()
        row = await machine.until("queued")
        pauses.append(row.due_at - machine.clock.now)
        machine.clock.now = row.due_at
        machine.courier.wake()
    assert (await machine.until("delivered")).attempt == 41
    shortest, longest = BACKOFF_SECONDS
    assert (shortest, longest) == (1.0, 300.0)
    assert all(shortest <= pause <= min(longest, 2.0 ** (n + 1)) for n, pause in enumerate(pauses))
    assert max(pauses) > 60
    assert len(set(pauses[12:])) > 20
    assert {it.idempotency_key for it in machine.adapter.sent} == {"ir000000000001"}


async def test_the_pause_stays_in_bounds_after_very_many_attempts() -> None:
    """A day of attempts does not overflow."""
    assert all(1.0 <= couriers._backoff(attempt) <= 300.0 for attempt in (0, 1, 60, 900))


async def test_a_real_pause_passes_by_itself(path: Path) -> None:
    """Nobody has to wake the courier when a row becomes due."""
    async with machine_on(path) as machine:
        await machine.connect()
        machine.adapter.script = [TryLater("Notes", "Busy.", "rate_limited", 0.3)]
        await machine.submit()
        await machine.until("queued")
        asyncio.get_running_loop().call_later(0.2, machine.clock.advance, 0.3)
        await machine.until("delivered")


async def test_after_a_day_it_is_given_up(machine: Machine) -> None:
    """Nobody wants yesterday's incident declared: it fails, and is not sent again even if the vendor is back."""
    machine.adapter.script = [AWAY]
    await machine.submit()
    await machine.until("queued")
    machine.clock.advance(DAY + 1)
    machine.courier.wake()
    assert (await machine.until("failed")).reason == "gave_up"
    assert len(machine.adapter.sent) == 1


async def test_within_the_day_it_is_not_given_up(machine: Machine) -> None:
    """The last try of the day still counts."""
    machine.adapter.script = [AWAY]
    await machine.submit()
    await machine.until("queued")
    machine.clock.advance(DAY - 1)
    machine.courier.wake()
    await machine.until("delivered")


# --- the token


async def test_a_revoked_token_breaks_the_connection_and_keeps_the_delivery(machine: Machine) -> None:
    """It fails with what to do, and goes on by itself once the same account is connected again."""
    machine.adapter.script = [REVOKED]
    await machine.submit()
    row = await machine.until("failed")
    assert (row.reason, row.sentence) == ("unauthorized", str(REVOKED))
    await eventually(lambda: not machine.courier._under_way)
    assert [it.broken for it in await machine.connections.of(HERE)] == [str(REVOKED)]
    await machine.connect()
    machine.courier.wake()
    assert (await machine.until("delivered")).attempt == 2


async def test_what_the_token_may_not_do_waits_without_breaking_the_connection(machine: Machine) -> None:
    """A 403 says nothing about other calls; the delivery goes on once an admin has connected again."""
    machine.adapter.script = [FORBIDDEN]
    await machine.submit()
    assert (await machine.until("failed")).reason == "forbidden"
    await machine.courier.stop()
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
    machine.courier.wake()
    row = await machine.until("failed")
    assert (row.reason, row.sentence) == (
        "disconnected",
        "Notes is no longer connected to the account it was meant for.",
    )
    assert len(machine.adapter.sent) == 1


async def test_credentials_that_cannot_be_read_wait_for_a_reconnect(path: Path) -> None:
    """A bot started with a wrong key loses no delivery: connecting again takes it up."""
    async with machine_on(path, running=False) as before:
        await before.connect()
        await before.connections._database.write(
            lambda db: db.execute(
                "UPDATE connections SET secret = ?", (Vault([Fernet.generate_key()]).seal(("", "", ""), SECRET),)
            )
        )
    async with machine_on(path) as machine:
        await machine.submit()
        row = await machine.until("failed")
        assert (row.reason, row.sentence) == (
            "unauthorized",
            "A stored secret does not open with the keys in RELAY_ENCRYPTION_KEYS. "
            "An admin can connect Notes again with `/vendors`.",
        )
        await machine.connect()
        machine.courier.wake()
        await machine.until("delivered")


async def test_what_fits_the_form_no_more_says_so(machine: Machine) -> None:
    """A row from before the form changed is not sent half."""
    for key, changes in {
        "a": {"payload": {"text": ""}},
        "b": {"payload": {"old": 1}},
        "c": {"operation": "gone"},
    }.items():
        await machine.submit(key, **changes)
        row = await machine.until("failed", key)
        assert (row.reason, row.sentence) == (
            "not_sendable",
            "It does not fit the form any more; please fill it in again.",
        )
    assert machine.adapter.sent == []


# --- nobody knows


@pytest.mark.parametrize(
    ("error", "reason", "sentence"),
    [
        (Unclear("Notes", "Notes did not answer."), "unclear", "Notes did not answer."),
        (TimeoutError(), "unclear", "Notes did not answer in time."),
        (VendorError("Notes", "Something."), "unclear", "Something."),
        (KeyError("id"), "internal", "The answer of Notes could not be read."),
        (RuntimeError("the text of a message"), "internal", "The answer of Notes could not be read."),
    ],
)
async def test_what_may_have_been_created_is_not_sent_again(
    machine: Machine, error: Exception, reason: str, sentence: str
) -> None:
    """Silence, a 5xx and our own mistakes leave it unconfirmed, for a person to decide; a restart changes nothing."""
    machine.adapter.script = [error]
    await machine.submit()
    row = await machine.until("unconfirmed")
    assert (row.reason, row.sentence) == (reason, sentence)
    machine.clock.advance(DAY)
    machine.courier.wake()
    await asyncio.sleep(0.1)
    await machine.submit()
    assert (len(machine.adapter.sent), (await machine.row()).state) == (1, "unconfirmed")


async def test_a_call_that_never_ends_is_ended(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call has a limit, shorter than the lease; what it did is not known then."""
    monkeypatch.setattr(couriers, "CALL_SECONDS", 0.05)
    machine.adapter.script = [Gate()]
    await machine.submit()
    assert (await machine.until("unconfirmed")).sentence == "Notes did not answer in time."


async def test_no_message_text_gets_into_the_log(machine: Machine) -> None:
    """Neither what a person wrote nor what an exception quotes is logged: ids, states and types are."""
    machine.adapter.script = [RuntimeError("Checkout is down"), Refused("Notes", "Checkout is down"), AWAY]
    with capture_logs() as logs:
        for key, state in {"a": "unconfirmed", "b": "rejected", "c": "queued"}.items():
            await machine.submit(key)
            await machine.until(state, key)
        await machine.courier.stop()
    assert {entry["event"] for entry in logs} == {"courier.adapter_broke", "courier.attempted"}
    assert "Checkout" not in repr(logs)
    assert SECRET["api_key"] not in repr(logs)


# --- the machine


async def test_a_crash_loses_nothing_that_was_queued(path: Path) -> None:
    """What was queued goes on after the restart; what was being sent is unconfirmed once its lease is over."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        gates = [Gate() for _ in range(AT_ONCE)]
        machine.adapter.script = list(gates)
        for n in range(AT_ONCE + 3):
            await machine.submit(f"k{n:02}")
        for gate in gates:
            await gate.reached.wait()
        await machine.crash()
    async with machine_on(path, clock) as machine:
        for n in range(AT_ONCE, AT_ONCE + 3):
            await machine.until("delivered", f"k{n:02}")
        assert {(await machine.row(f"k{n:02}")).state for n in range(AT_ONCE)} == {"sending"}
        clock.advance(LEASE_SECONDS + 1)
        machine.courier.wake()
        for n in range(AT_ONCE):
            row = await machine.until("unconfirmed", f"k{n:02}")
            assert (row.reason, row.sentence) == ("lease", "The bot stopped while it was being sent.")
        assert sorted(machine.adapter.keys) == [f"k{n:02}" for n in range(AT_ONCE, AT_ONCE + 3)]


async def test_a_clean_stop_finishes_what_is_being_sent(path: Path) -> None:
    """The rest stays queued, what comes in meanwhile too, and the next start sends it."""
    clock = Clock()
    async with machine_on(path, clock) as machine:
        await machine.connect()
        gates = [Gate() for _ in range(AT_ONCE)]
        machine.adapter.script = list(gates)
        for n in range(AT_ONCE + 2):
            await machine.submit(f"k{n:02}")
        for gate in gates:
            await gate.reached.wait()
        stopping = asyncio.create_task(machine.courier.stop())
        await asyncio.sleep(0.05)
        late = await machine.submit("late")
        assert not stopping.done()
        for gate in gates:
            gate.open.set()
        await stopping
        assert late.state == "queued"
        assert [(await machine.row(f"k{n:02}")).state for n in range(AT_ONCE + 2)] == ["delivered"] * AT_ONCE + [
            "queued"
        ] * 2
    async with machine_on(path, clock) as machine:
        for key in ("k08", "k09", "late"):
            await machine.until("delivered", key)
        assert machine.adapter.keys == ["k08", "k09", "late"]


async def test_a_stop_in_the_middle_of_a_claim_leaves_nothing_half_claimed(path: Path) -> None:
    """What was just being claimed is sent as well; it is not left behind as `sending`, to be unconfirmed later."""
    claimed, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Deliveries):
        async def claim_due(self, lease: float, limit: int) -> list[Delivery]:
            rows = await super().claim_due(lease, limit)
            claimed.set()
            await go_on.wait()
            return rows

    async with machine_on(path, running=False) as machine:
        await machine.connect()
        await machine.deliveries.enqueue(draft(), lease=None, card_after=0)
        machine.courier._deliveries = Slow(machine.database, machine.clock)
        loop = asyncio.create_task(machine.courier.run())
        await claimed.wait()
        stopping = asyncio.create_task(machine.courier.stop())
        await asyncio.sleep(0.02)
        go_on.set()
        await stopping
        await ended(loop)
        assert (await machine.row()).state == "delivered"


async def test_more_than_fit_at_once_wait_and_all_arrive(machine: Machine) -> None:
    """At most eight calls are under way; the others are committed as queued and go out as slots become free."""
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
    assert (most, sorted(machine.adapter.keys)) == (AT_ONCE, sorted(f"k{n}" for n in range(40)))


async def test_outcome_waits_until_it_is_settled(machine: Machine) -> None:
    """It gives the settled row as soon as there is one, to everyone who waits."""
    machine.adapter.script = [gate := Gate()]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    waiting = [asyncio.create_task(machine.courier.outcome(row, loop.time() + 5)) for _ in range(3)]
    await gate.reached.wait()
    gate.open.set()
    assert [(await it).state for it in waiting] == ["delivered"] * 3
    assert machine.courier._watchers == {}


async def test_outcome_gives_up_at_its_deadline_and_stops_nothing(machine: Machine) -> None:
    """The row as it is then; the delivery goes on."""
    machine.adapter.script = [gate := Gate()]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    started = loop.time()
    seen = await machine.courier.outcome(row, started + 0.2)
    assert seen.state == "sending"
    assert 0.15 < loop.time() - started < 0.6
    waiting = asyncio.create_task(machine.courier.outcome(row, loop.time() + 5))
    await asyncio.sleep(0.02)
    await ended(waiting)
    assert machine.courier._watchers == {}
    gate.open.set()
    await machine.until("delivered")


async def test_outcome_does_not_wait_for_what_comes_too_late(machine: Machine) -> None:
    """A delivery that waits for thirty seconds is answered at once; a settled one, or a past deadline, as well."""
    machine.adapter.script = [BUSY]
    row = await machine.submit()
    loop = asyncio.get_running_loop()
    started = loop.time()
    assert (await machine.courier.outcome(row, started + 5)).state == "queued"
    machine.clock.advance(30)
    machine.courier.wake()
    await machine.until("delivered")
    assert (await machine.courier.outcome(row, started + 5)).state == "delivered"
    assert (await machine.courier.outcome(row, started - 5)).state == "delivered"
    assert loop.time() - started < 1.5


async def test_outcome_waits_for_a_retry_that_comes_in_time(machine: Machine) -> None:
    """A pause that ends before the deadline is part of the waiting."""
    machine.adapter.script = [TryLater("Notes", "Busy.", "rate_limited", 1.0)]
    row = await machine.submit()
    waiting = asyncio.create_task(machine.courier.outcome(row, asyncio.get_running_loop().time() + 5))
    await machine.until("queued")
    machine.clock.advance(1.0)
    machine.courier.wake()
    assert (await waiting).state == "delivered"


# --- the database


async def rename(machine: Machine, table: str, to: str) -> None:
    """A table under another name: whoever uses it gets a database error at once."""
    await machine.database.write(lambda db: db.execute(f"ALTER TABLE {table} RENAME TO {to}"))


async def test_a_submission_that_cannot_be_saved_raises_and_takes_no_slot(machine: Machine) -> None:
    """As often as that happens, the next one that can be saved is sent."""
    await rename(machine, "deliveries", "gone")
    for n in range(AT_ONCE + 1):
        with pytest.raises(sqlite3.OperationalError):
            await machine.submit(f"k{n}")
    assert machine.adapter.sent == []
    await rename(machine, "gone", "deliveries")
    await machine.submit()
    await machine.until("delivered")


async def test_an_answer_is_not_lost_to_a_busy_file(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the vendor said is written as soon as the file can be written again."""
    monkeypatch.setattr(couriers, "SETTLING_PAUSE", 0.05)
    machine.adapter.script = [gate := Gate()]
    await machine.submit()
    await gate.reached.wait()
    with capture_logs() as logs, FileHeld(machine):
        gate.open.set()
        await eventually(lambda: logs)
    assert (await machine.until("delivered")).created == MADE.model_dump()
    assert logs[0]["event"] == "courier.not_settled"


async def test_a_database_error_never_ends_the_loop(machine: Machine) -> None:
    """A round that failed is followed by another; what was due goes out then."""
    await machine.deliveries.enqueue(draft(), lease=None, card_after=0)
    with capture_logs() as logs, FileHeld(machine):
        machine.courier.wake()
        await eventually(lambda: logs)
    assert logs[0] == {"event": "courier.round_failed", "error": "OperationalError", "log_level": "error"}
    await machine.until("delivered")


async def test_nothing_is_in_doubt_when_the_credentials_could_not_be_looked_up(machine: Machine) -> None:
    """A database error before the call leaves the delivery queued, for nothing was sent."""
    await rename(machine, "connections", "gone")
    await machine.submit()
    row = await machine.until("queued")
    assert (row.reason, machine.adapter.sent) == ("internal", [])
    await rename(machine, "gone", "connections")
    machine.clock.advance(300)
    machine.courier.wake()
    await machine.until("delivered")


async def test_an_offer_that_fails_does_not_change_the_delivery(machine: Machine) -> None:
    """What is told about a created object comes after it is settled."""

    async def fail(row: object, catalog: str) -> None:
        raise RuntimeError("no")

    machine.courier._on_created = fail
    with capture_logs() as logs:
        await machine.submit()
        await machine.until("delivered")
        await eventually(lambda: not machine.courier._under_way)
    assert [entry["event"] for entry in logs] == ["courier.attempted", "courier.settling_failed"]
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
