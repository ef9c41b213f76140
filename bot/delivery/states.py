"""The states of a delivery: the one table that everything else asks.

    queued -> sending -> delivered      the vendor created the object
                      -> rejected       the vendor said no; the person edits and resends
                      -> unconfirmed    nobody can say yet whether the object was created
                      -> failed         given up, or an admin must act
                      -> queued         certainly not created; the next attempt has a time
    queued -> cancelled                 a person called it off

`RULES` says of each state what may follow it, whether it is final, what a person may do in it, and
which message tells it. `DECISIONS` says what each decision of a person leads to. A condition on a
row that SQL needs as well stands here in both languages, side by side.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

State = Literal["queued", "sending", "delivered", "rejected", "unconfirmed", "failed", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
Decision = Literal["cancel", "by_hand", "try_again", "send_again", "is_there", "finish"]
Action = Decision | Literal["edit", "copy"]
"""Something that a person may do. "edit" and "copy" decide nothing."""
Message = Literal["waiting", "sending", "created", "rejected", "in_doubt", "failed", "called_off"]
"""The messages that tell a state. `bot.messages.words` has a text for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The rule of one state.

    `final`: nothing happens to the row by itself any more. `next`: the states that may follow, and
    the state itself where a row may change without leaving it. `actions`: what a person may do, in
    the order of the buttons; `may` has the conditions.
    """

    final: bool
    next: frozenset[State]
    actions: tuple[Action, ...]
    message: Message


RULES: Mapping[State, Rule] = {
    "queued": Rule(
        final=False,
        next=frozenset({"queued", "sending", "cancelled"}),
        actions=("by_hand", "cancel"),
        message="waiting",
    ),
    "sending": Rule(
        final=False,
        next=frozenset({"queued", "delivered", "rejected", "unconfirmed", "failed"}),
        actions=(),
        message="sending",
    ),
    "delivered": Rule(
        final=True, next=frozenset({"delivered"}), actions=("finish",), message="created"
    ),
    "rejected": Rule(
        final=True, next=frozenset({"queued", "sending"}), actions=("edit",), message="rejected"
    ),
    "unconfirmed": Rule(
        final=False,
        next=frozenset({"unconfirmed", "queued", "delivered", "rejected", "failed"}),
        actions=("send_again", "is_there"),
        message="in_doubt",
    ),
    "failed": Rule(
        final=True,
        next=frozenset({"queued", "cancelled"}),
        actions=("try_again", "by_hand", "cancel", "copy"),
        message="failed",
    ),
    "cancelled": Rule(
        final=True,
        next=frozenset({"queued"}),
        actions=("try_again", "copy"),
        message="called_off",
    ),
}
FIRST: frozenset[State] = frozenset({"queued", "sending"})
"""The states in which a row may begin."""
FINAL: tuple[State, ...] = tuple(state for state in STATES if RULES[state].final)
OPEN: tuple[State, ...] = tuple(state for state in STATES if not RULES[state].final)


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of a decision: the state that it leads to, and the row's new reason (None: the old
    one stays). `operator`: an operator may make this decision on the command line."""

    to: State
    reason: str | None
    operator: bool = False


DECISIONS: Mapping[Decision, Effect] = {
    "cancel": Effect(to="cancelled", reason="cancelled", operator=True),
    "by_hand": Effect(to="cancelled", reason="by_hand"),
    "try_again": Effect(to="queued", reason="tried_again", operator=True),
    "send_again": Effect(to="queued", reason="sent_again", operator=True),
    "is_there": Effect(to="delivered", reason="confirmed"),
    "finish": Effect(to="delivered", reason=None),
}

NAMING: tuple[Decision, ...] = ("by_hand", "is_there")
"""The decisions with which a person may name the vendor's object."""

FOR_AN_ADMIN = ("unauthorized", "forbidden", "disconnected")
"""The reasons of failed rows that go on once an admin has seen to the connection."""


class Standing(Protocol):
    """The part of a row that the conditions read."""

    @property
    def state(self) -> State: ...
    @property
    def reason(self) -> str: ...
    @property
    def expires_at(self) -> float: ...
    @property
    def resend_count(self) -> int: ...
    @property
    def erased_at(self) -> float: ...
    @property
    def reconcile_at(self) -> float: ...
    @property
    def next_step_at(self) -> float: ...
    @property
    def follow_up_steps(self) -> Mapping[str, object]: ...


class IllegalStepError(RuntimeError):
    """A mistake in this program: `RULES` does not allow the step."""

    def __init__(self, before: State | None, after: State) -> None:
        super().__init__(f"a delivery may not go from {before or 'nothing'} to {after}")


def check_step(before: State | None, after: State) -> None:
    """Check that `after` may follow `before` (None: the row is new). Raises `IllegalStepError`."""
    allowed = FIRST if before is None else RULES[before].next
    if after not in allowed:
        raise IllegalStepError(before, after)


def may(row: Standing, action: Action) -> bool:
    """Return whether the row is in a state for this action."""
    if row.erased_at or action not in RULES[row.state].actions:
        return False
    if row.state == "failed" and action in ("by_hand", "cancel"):
        return row.reason in FOR_AN_ADMIN  # it would be sent by itself once an admin has acted
    if row.state == "delivered":
        return bool(row.follow_up_steps) and not row.next_step_at
    return True


def offered(row: Standing) -> tuple[Action, ...]:
    """Return what the row's buttons offer. While the bot itself can find out whether the object
    exists, people are asked nothing; an operator may decide all the same."""
    if row.state == "unconfirmed" and not is_undecided(row):
        return ()
    return tuple(action for action in RULES[row.state].actions if may(row, action))


def is_settled(row: Standing) -> bool:
    """Return whether nothing more happens to the row by itself (but a last look for duplicates)."""
    at_an_end = RULES[row.state].final or (row.state == "unconfirmed" and not row.reconcile_at)
    return at_an_end and not row.next_step_at


def is_undecided(row: Standing) -> bool:
    """Return whether only a person can say soon if the object exists."""
    return row.state == "unconfirmed" and (row.reason == "unanswered" or not row.reconcile_at)


UNDECIDED = "state = 'unconfirmed' AND (reason = 'unanswered' OR reconcile_at = 0)"
"""`is_undecided` in SQL."""


def may_exist(row: Standing) -> bool:
    """Return whether the vendor may have the object without our knowing: it is being sent, or an
    earlier send had no clear answer."""
    return row.state in ("sending", "unconfirmed") or (
        row.resend_count > 0 and row.state in ("queued", "failed", "cancelled")
    )


def waits_for_an_admin(row: Standing, now: float) -> bool:
    """Return whether the row goes on by itself once an admin has seen to its connection."""
    return (
        row.state == "failed"
        and row.reason in FOR_AN_ADMIN
        and not row.erased_at
        and row.expires_at > now
    )


def listed(words: Iterable[str]) -> str:
    """Return states or reasons as a list in SQL: "('delivered', 'failed')"."""
    return f"({', '.join(repr(word) for word in words)})"


WAITING_FOR_AN_ADMIN = (
    f"state = 'failed' AND reason IN {listed(FOR_AN_ADMIN)} AND erased_at = 0 AND expires_at > :now"
)
"""`waits_for_an_admin` in SQL, with `:now`."""
ASLEEP = (
    f"state IN {listed(FINAL)} AND reconcile_at = 0 AND next_step_at = 0"
    " AND version <= card_version AND view_id = ''"
)
"""Rows to which nothing happens by itself, and of which nothing is to be shown any more, in SQL."""
