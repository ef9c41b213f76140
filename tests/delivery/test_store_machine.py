"""The store under any sequence of steps: legal ones and others, by workers that wake late, while
the clock jumps. No row is lost or claimed twice, no state is illegal, the trail is complete."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.adapters.base import Created
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.states import FIRST, RULES, STATES, Decision, IllegalStepError, State
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.delivery.store.transitions import Step, change
from bot.delivery.store.workspaces import hurry_after_disconnect, requeue_after_reconnect
from bot.storage.database import Database
from tests.world.notes import HERE, Clock, draft

T = TypeVar("T")
LEASE = 45.0
KEYS = [f"k{number}" for number in range(5)]
CONNECTION = (HERE, "notes")
MADE = Created(id="n1", remaining=("custom.a",))
OUTCOMES = [
    Outcome("delivered", vendor_object={"id": "n1"}),
    Outcome("delivered", vendor_object={"id": "n1"}, follow_up_steps=("custom.a", "custom.b")),
    Outcome("rejected", "refused", said("No.")),
    Outcome("unconfirmed", "unclear", said("Silence."), reconcile_at=1.0),
    Outcome("unconfirmed", "undecided", said("Who knows?")),
    Outcome("failed", "unauthorized", said("No key.")),
    Outcome("failed", "gave_up", said("Too late.")),
    Outcome("queued", "unreachable", said("Away.")),
]
LOOKS = ("found", "twice", "checked", "refused", "absent", "again", "unanswered", "undecided")


def told(row: Delivery) -> tuple[Any, ...]:
    """The part of a row whose change is an event."""
    return (
        *(row.state, row.reason, row.attempt, row.revision),
        *(row.lookup_count, row.erased_at, dict(row.follow_up_steps)),
    )


class StoreMachine(RuleBasedStateMachine):
    """One database, and every row that anybody ever held."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock = Clock()
        self.database = self.run(Database.open(Path(self.folder.name) / "relay.db"))
        parts = (self.database, self.clock)
        self.deliveries, self.reconcile = Deliveries(*parts), ReconcileStore(*parts)
        self.decisions, self.steps = Decisions(*parts), FollowUpSteps(*parts)
        self.history = History(*parts)
        self.submitted: set[str] = set()
        self.attempts: list[Delivery] = []
        self.looks: list[Delivery] = []
        self.claimed_steps: list[Delivery] = []
        self.seen: dict[str, tuple[Delivery, int]] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def row(self, key: str) -> Delivery:
        row = self.run(self.deliveries.find(HERE, key))
        assert row is not None
        return row

    def teardown(self) -> None:
        self.run(self.database.close())
        self.runner.close()
        self.folder.cleanup()

    def began(self, row: Delivery) -> None:
        """An attempt began: nobody else has it."""
        assert row.state == "sending"
        assert (row.key, row.attempt) not in {(it.key, it.attempt) for it in self.attempts}
        self.attempts.append(row)

    @rule(key=st.sampled_from(KEYS), at_once=st.booleans())
    def submit(self, key: str, at_once: bool) -> None:
        lease = LEASE if at_once else None
        row, new = self.run(self.deliveries.enqueue(draft(key), lease=lease, card_not_before=0.0))
        assert new == (key not in self.submitted or self.seen[key][0].state == "rejected")
        self.submitted.add(key)
        if new and row.state == "sending":
            self.began(row)

    @rule()
    def claim(self) -> None:
        row = self.run(self.deliveries.claim(CONNECTION, LEASE))
        if row is not None:
            assert self.seen[row.key][0].state == "queued"
            self.began(row)

    @precondition(lambda self: self.attempts)
    @rule(outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=2))
    def settle(self, outcomes: list[Outcome]) -> None:
        """By whoever has the attempt; whoever says it twice is not listened to."""
        for outcome in outcomes:
            self.settle_attempt(self.attempts[-1], outcome)
            self.every_row_is_there_and_its_trail_is_complete()

    @precondition(lambda self: self.attempts)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def settle_late(self, data: st.DataObject, outcome: Outcome) -> None:
        """By whoever had the attempt, however long ago."""
        self.settle_attempt(data.draw(st.sampled_from(self.attempts)), outcome)

    def settle_attempt(self, claimed: Delivery, outcome: Outcome) -> None:
        before = self.row(claimed.key)
        lapsed = (before.state, before.reason) == ("unconfirmed", "lease")
        has_a_say = before.attempt == claimed.attempt and (before.state == "sending" or lapsed)
        settled = self.run(self.deliveries.settle(claimed, outcome))
        assert (settled is not None) == has_a_say
        if settled is not None:
            assert settled.state == outcome.state

    @rule()
    def expire(self) -> None:
        for row in self.run(self.deliveries.expire(said("It stopped."), 2.0)):
            assert self.seen[row.key][0].state == "sending"

    @rule()
    def claim_look(self) -> None:
        row = self.run(self.reconcile.claim(60.0))
        if row is not None:
            self.looks.append(row)

    @precondition(lambda self: self.looks)
    @rule(result=st.sampled_from(LOOKS), overtaken=st.booleans())
    def look(self, result: str, overtaken: bool) -> None:
        """By whoever has the claim; or had it, until the lease ran out and another took it."""
        row = self.looks[-1]
        if overtaken:
            self.clock.advance(61.0)
            self.claim_look()
        self.end_look(row, result)

    @precondition(lambda self: self.looks)
    @rule(data=st.data(), result=st.sampled_from(LOOKS))
    def look_late(self, data: st.DataObject, result: str) -> None:
        """By whoever had the claim, however long ago."""
        self.end_look(data.draw(st.sampled_from(self.looks)), result)

    def end_look(self, row: Delivery, result: str) -> None:
        """Nothing changes, if anything else happened to the row since."""
        store = self.reconcile
        before = self.row(row.key)
        soon = self.clock.now + 5
        work: Mapping[str, Callable[[], Coroutine[Any, Any, Delivery | None]]] = {
            "found": lambda: store.found(row, MADE),
            "twice": lambda: store.found(row, MADE, [Created(id="n2")]),
            "checked": lambda: store.checked(row, []),
            "refused": lambda: store.refused(row),
            "absent": lambda: store.absent(row, soon),
            "again": lambda: store.send_again(row, "absent", self.clock.now),
            "unanswered": lambda: store.unanswered(row, soon, said("Silence.")),
            "undecided": lambda: store.undecided(row, said("Who knows?")),
        }
        try:
            changed = self.run(work[result]())
        except IllegalStepError:
            assert row.state == "delivered" or result == "checked"
            assert self.row(row.key) == before
            return
        if changed is not None:
            held = ("attempt", "state", "version", "reconcile_at")
            assert all(getattr(before, name) == getattr(row, name) for name in held)
        else:
            assert self.row(row.key) == before

    @rule()
    def claim_step(self) -> None:
        row = self.run(self.steps.claim(LEASE))
        if row is not None:
            self.claimed_steps.append(row)

    @precondition(lambda self: self.claimed_steps)
    @rule(data=st.data(), done=st.booleans())
    def settle_step(self, data: st.DataObject, done: bool) -> None:
        row = data.draw(st.sampled_from(self.claimed_steps))
        name = next(iter(row.follow_up_steps))
        problems = {name: {} if done else said("No.")}
        before = self.row(row.key)
        changed = self.run(self.steps.settled(row, problems, LEASE))
        assert (changed is not None) == (before.next_step_at == row.next_step_at > 0)

    @rule(key=st.sampled_from(KEYS), decision=st.sampled_from(get_args(Decision)))
    def decide(self, key: str, decision: Decision) -> None:
        self.run(self.decisions.make(HERE, key, decision, "U0BOB00001"))

    @rule(what=st.sampled_from(["reconnected", "accepted", "disconnected", "erased"]))
    def others_change_rows(self, what: str) -> None:
        """An admin, or time."""
        now = self.clock.now
        if what == "erased":
            self.run(self.history.erase(now - 86400))
        elif what == "disconnected":
            self.run(self.database.write(lambda tx: hurry_after_disconnect(tx, CONNECTION, now)))
        else:
            rights = what == "reconnected"
            self.run(
                self.database.write(
                    lambda tx: requeue_after_reconnect(tx, CONNECTION, "acme", now, rights)
                )
            )

    @rule(seconds=st.sampled_from([0.1, 3.0, 50.0, 400.0, 90_000.0, -30.0, -7200.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        if seconds < 0:
            self.run(self.deliveries.clock_went_back())

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), to=st.sampled_from(STATES))
    def take_an_illegal_step(self, data: st.DataObject, to: State) -> None:
        """It raises, and nothing has changed."""
        row = self.row(data.draw(st.sampled_from(sorted(self.seen))))
        if to in RULES[row.state].next:
            return
        step = Step(to=to, at=self.clock.now)
        with pytest.raises(IllegalStepError):
            self.run(self.database.write(lambda tx: change(tx, row, step)))
        assert self.row(row.key) == row

    @invariant()
    def every_row_is_there_and_its_trail_is_complete(self) -> None:
        rows = {row.key: row for row in self.run(self.history.newest())}
        assert set(rows) == self.submitted
        for key, row in rows.items():
            trail = self.run(self.history.trail(row))
            before, events = self.seen.get(key, (None, 0))
            assert before is None or (told(before) != told(row)) == (len(trail) > events), row
            assert len(trail) - events <= 1, trail
            assert (trail[-1].state, trail[-1].attempt) == (row.state, row.attempt)
            if before is None:
                assert row.state in FIRST
            elif len(trail) > events and trail[-1].reason != "erased":
                assert row.state in RULES[before.state].next, (before.state, row.state)
            self.seen[key] = (row, len(trail))


StoreMachine.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestStoreMachine = StoreMachine.TestCase
