"""The finisher: what remains once an object exists is done, told, or tried again, whatever the
vendor does meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters.base import Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.rate_limit import Limits, Rate, RateLimiters
from bot.delivery.attempt import BACKOFF_SECONDS, VendorAccess
from bot.delivery.follow_up import LEASE_SECONDS, FollowUps
from bot.delivery.model import Delivery
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from tests.world.bot import eventually
from tests.world.machine import Machine, ended, machine_on
from tests.world.notes import DAY, HERE, MADE, NOT_CONNECTED, Clock, Notes, steps_of

UNFINISHED = MADE.model_copy(update={"remaining": ("custom.a", "custom.b")})
AWAY = RetryLaterError("Notes", "We can't reach Notes.", "unreachable")


class Forms(Notes):
    """Its next steps do what `steps` says, in order, and are done then; `done` are their names,
    with the object's id."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Exception | Callable[[], Any]] = []
        self.done: list[tuple[str, str]] = []
        self.tried: list[str] = []

    async def finish(
        self,
        operation: str,
        submission: Submission,
        created_id: str,
        name: str,
        credentials: ApiKey,
    ) -> None:
        self.tried.append(name)
        step = self.steps.pop(0) if self.steps else None
        if isinstance(step, Exception):
            raise step
        if step is not None:
            await step()
        self.done.append((created_id, name))


@dataclass
class Workshop:
    """The machinery with a finisher, and a vendor of whose notes two steps remain."""

    machine: Machine
    forms: Forms
    follow_ups: FollowUps
    steps: FollowUpSteps
    rate_limiters: RateLimiters
    clock: Clock

    async def deliver(self) -> Delivery:
        self.forms.script = [UNFINISHED]
        await self.machine.submit()
        return await self.machine.until("delivered")

    async def work(self) -> Delivery:
        """Everything that is due now, to its end; the row then."""
        await self.follow_ups.pool.one_round()
        await eventually(lambda: not self.follow_ups.pool.busy)
        return await self.machine.row()


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def workshop(tmp_path: Path, limits: Limits) -> AsyncIterator[Workshop]:
    forms = Forms()
    async with machine_on(tmp_path / "relay.db", adapter=forms) as machine:
        await machine.connect()
        steps = FollowUpSteps(machine.database, machine.clock)
        rate_limiters = RateLimiters({"notes": limits}, machine.clock)
        follow_ups = FollowUps(
            steps,
            VendorAccess(machine.connections, {"notes": forms}, rate_limiters),
            machine.dispatcher,
            machine.clock,
        )
        yield Workshop(machine, forms, follow_ups, steps, rate_limiters, machine.clock)


async def test_each_step_is_carried_out_once(workshop: Workshop) -> None:
    """One after the other, with the object's id; then everybody hears that it is whole."""
    before = await workshop.deliver()
    assert (before.state, before.settled, steps_of(before)) == (
        "delivered",
        False,
        {"custom.a": "", "custom.b": ""},
    )
    row = await workshop.work()
    assert workshop.forms.done == [("n1", "custom.a"), ("n1", "custom.b")]
    assert (steps_of(row), row.next_step_at, row.settled, row.vendor_object) == (
        {},
        0.0,
        True,
        MADE.model_dump(),
    )
    assert workshop.machine.changes[-1] == row
    assert len(workshop.forms.sent) == 1


REFUSALS = [
    pytest.param(
        RejectedError("Notes", "Value is invalid."), "Notes says: Value is invalid.", id="general"
    ),
    pytest.param(
        RejectedError("Notes", "", {"a": "Not that"}), "Notes says: Not that.", id="about a field"
    ),
    pytest.param(
        RuntimeError("secret"),
        "We couldn't read Notes's answer.",
        id="an adapter that breaks",
    ),
]


@pytest.mark.parametrize(("error", "sentence"), REFUSALS)
async def test_a_refusal_concerns_its_own_step(
    workshop: Workshop, error: Exception, sentence: str
) -> None:
    """The others are done; it is not tried again by itself, and is when somebody says so."""
    workshop.forms.steps = [error]
    await workshop.deliver()
    with capture_logs() as logs:
        row = await workshop.work()
    assert (steps_of(row), row.next_step_at, row.settled) == (
        {"custom.a": sentence},
        0.0,
        True,
    )
    assert workshop.forms.done == [("n1", "custom.b")]
    assert "secret" not in str(logs)
    workshop.clock.advance(DAY)
    await workshop.work()
    assert workshop.forms.tried == ["custom.a", "custom.b"]
    await Decisions(workshop.machine.database, workshop.clock).make(
        HERE, row.key, "finish", "U0BOB00001"
    )
    assert steps_of(await workshop.work()) == {}
    assert workshop.forms.done[1:] == [("n1", "custom.a")]


@pytest.mark.parametrize(
    "error",
    [
        AWAY,
        OutcomeUnknownError("Notes", "No answer."),
        TimeoutError(),
        UnauthorizedError("Notes", "No."),
    ],
)
async def test_what_gets_no_answer_is_tried_again(workshop: Workshop, error: Exception) -> None:
    """After a second, then ever less often; nothing is new on the card meanwhile."""
    workshop.forms.steps = [error] * 3
    row = await workshop.deliver()
    waits = []
    for _ in range(3):
        waiting = await workshop.work()
        assert (steps_of(waiting), waiting.version) == (steps_of(row), row.version)
        waits.append(waiting.next_step_at - workshop.clock.now)
        workshop.clock.now = waiting.next_step_at + 60
    assert waits == [BACKOFF_SECONDS[0], pytest.approx(15.25), pytest.approx(34.06, abs=0.01)]
    assert steps_of(await workshop.work()) == {}
    assert len(workshop.forms.done) == 2


async def test_the_vendors_own_time_is_kept_to(workshop: Workshop) -> None:
    """And concerns everything that is written to it."""
    workshop.forms.steps = [RetryLaterError("Notes", "Slowly.", "rate_limited", 30.0)]
    await workshop.deliver()
    row = await workshop.work()
    assert row.next_step_at == workshop.clock.now + 30
    assert workshop.rate_limiters.of((HERE, "notes")).wait("write") == pytest.approx(30.0)


async def test_it_is_given_up_after_a_day(workshop: Workshop) -> None:
    """Then a person can have it tried again."""
    workshop.forms.steps = [AWAY]
    await workshop.deliver()
    await workshop.work()
    workshop.clock.advance(DAY + 1)
    row = await workshop.work()
    sentence = "Notes didn't accept it within 24 hours."
    assert (steps_of(row), row.settled) == (
        {"custom.a": sentence, "custom.b": sentence},
        True,
    )


async def test_what_is_forbidden_is_for_all_steps(workshop: Workshop) -> None:
    """The next one would hear the same."""
    sentence = "The token may not do that."
    workshop.forms.steps = [UnauthorizedError("Notes", sentence, 403)]
    await workshop.deliver()
    row = await workshop.work()
    assert (steps_of(row), workshop.forms.tried) == (
        dict.fromkeys(("custom.a", "custom.b"), sentence),
        ["custom.a"],
    )


async def test_it_goes_to_no_other_account(workshop: Workshop) -> None:
    """What was meant for one account is not set in another one that was connected meanwhile."""
    await workshop.deliver()
    await workshop.machine.connect("other")
    row = await workshop.work()
    assert set(steps_of(row).values()) == {NOT_CONNECTED}
    assert workshop.forms.tried == []


@pytest.mark.parametrize("limits", [Limits(write=Rate(1, 60.0))])
async def test_it_keeps_to_the_connections_pace(workshop: Workshop) -> None:
    """One write a minute is allowed: the second step waits for its turn."""
    await workshop.deliver()
    row = await workshop.work()
    assert (steps_of(row), workshop.forms.tried) == ({"custom.b": ""}, ["custom.a"])
    assert 0 < row.next_step_at - workshop.clock.now <= 60
    workshop.clock.now = row.next_step_at
    assert steps_of(await workshop.work()) == {}


async def test_what_was_under_way_at_the_end_is_done_by_the_next_start(workshop: Workshop) -> None:
    """Killed in the middle of a step: it is tried again once the claim has run out, and only what
    was left of it."""
    reached, never = asyncio.Event(), asyncio.Event()

    async def hangs() -> None:
        reached.set()
        await never.wait()

    await workshop.deliver()
    workshop.forms.steps = [lambda: asyncio.sleep(0), hangs]
    running = asyncio.create_task(workshop.follow_ups.run())
    async with asyncio.timeout(5):
        await reached.wait()
    await ended(running)
    assert steps_of(await workshop.machine.row()) == {"custom.b": ""}
    assert steps_of(await workshop.work()) == {"custom.b": ""}
    workshop.clock.advance(LEASE_SECONDS)
    assert steps_of(await workshop.work()) == {}
    assert workshop.forms.done == [("n1", "custom.a"), ("n1", "custom.b")]


async def test_it_begins_as_soon_as_something_remains(workshop: Workshop) -> None:
    """The loop sleeps until it is told of a row with steps."""
    running = asyncio.create_task(workshop.follow_ups.run())
    row = await workshop.deliver()
    workshop.follow_ups.changed(replace(row, next_step_at=0.0))
    workshop.follow_ups.changed(row)
    await eventually(lambda: len(workshop.forms.done) == 2)
    await ended(running)
