"""The table of states: what it says is complete, and says the same in Python and in SQL."""

import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any, get_args

import pytest

from bot.delivery import states
from bot.delivery.model import Delivery
from bot.delivery.states import DECISIONS, RULES, STATES, Decision, IllegalStepError, State
from tests.messages.parts import ROW

NOW = 1000.0
ROWS = [
    replace(ROW, state=state, reason=reason, reconcile_at=look, erased_at=erased, expires_at=ends)
    for state, reason, look, erased, ends in itertools.product(
        STATES,
        ("", "unanswered", *states.FOR_AN_ADMIN),
        (0.0, 5.0),
        (0.0, 5.0),
        (999.0, 1000.0, 1001.0),
    )
]


def in_sql(row: Delivery, condition: str) -> bool:
    """What SQLite says of the condition for the row."""
    names = ("state", "reason", "reconcile_at", "erased_at", "expires_at")
    columns = ", ".join(f":{name} AS {name}" for name in names)
    values = {name: getattr(row, name) for name in names} | {"now": NOW}
    with closing(sqlite3.connect(":memory:")) as db:
        [(holds,)] = db.execute(f"SELECT {condition} FROM (SELECT {columns})", values).fetchall()
    return bool(holds)


def test_a_condition_is_the_same_in_sql() -> None:
    """Who decides, and what waits for an admin, of every kind of row."""
    for row in ROWS:
        assert in_sql(row, states.UNDECIDED) == states.is_undecided(row), row
        assert in_sql(row, states.WAITING_FOR_AN_ADMIN) == states.waits_for_an_admin(row, NOW), row


def test_every_state_has_a_rule_and_can_be_reached() -> None:
    """And every decision leads where its state may go."""
    assert set(RULES) == set(STATES)
    assert set(DECISIONS) == set(get_args(Decision))
    reached = states.FIRST.union(*(rule.next for rule in RULES.values()))
    assert reached == set(STATES)
    for state, rule in RULES.items():
        for decision in get_args(Decision):
            if decision in rule.actions:
                assert DECISIONS[decision].to in rule.next, (state, decision)


@pytest.mark.parametrize("before", [None, *STATES])
def test_a_step_that_the_table_does_not_name_is_refused(before: State | None) -> None:
    """As a mistake of the program, by the names of both states."""
    allowed = states.FIRST if before is None else RULES[before].next
    for after in STATES:
        if after in allowed:
            states.check_step(before, after)
            continue
        with pytest.raises(IllegalStepError, match=f"from {before or 'nothing'} to {after}"):
            states.check_step(before, after)


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({"state": "queued"}, ("by_hand", "cancel")),
        ({"state": "sending"}, ()),
        ({"state": "rejected"}, ("edit",)),
        ({"state": "unconfirmed", "reconcile_at": 5.0}, ()),
        ({"state": "unconfirmed"}, ("send_again", "is_there")),
        (
            {"state": "unconfirmed", "reason": "unanswered", "reconcile_at": 5.0},
            ("send_again", "is_there"),
        ),
        ({"state": "failed", "reason": "gave_up"}, ("try_again", "copy")),
        (
            {"state": "failed", "reason": "unauthorized"},
            ("try_again", "by_hand", "cancel", "copy"),
        ),
        ({"state": "cancelled"}, ("try_again", "copy")),
        ({"state": "cancelled", "erased_at": 5.0}, ()),
        ({"state": "delivered"}, ()),
        ({"state": "delivered", "follow_up_steps": {"custom.a": {}}}, ("finish",)),
        ({"state": "delivered", "follow_up_steps": {"custom.a": {}}, "next_step_at": 5.0}, ()),
    ],
)
def test_the_buttons_of_a_row(changes: dict[str, Any], actions: tuple[str, ...]) -> None:
    """They offer, in this order, what a person may do; nothing while the bot can find out itself."""
    assert states.offered(replace(ROW, **changes)) == actions


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"state": "queued"}, False),
        ({"state": "sending"}, False),
        ({"state": "unconfirmed", "reconcile_at": 5.0}, False),
        ({"state": "unconfirmed"}, True),
        ({"state": "delivered", "next_step_at": 5.0}, False),
        *(({"state": state}, True) for state in states.FINAL),
    ],
)
def test_a_row_is_settled_once_nothing_happens_by_itself(
    changes: dict[str, Any], settled: bool
) -> None:
    """Neither an attempt, nor a look, nor a step is to come."""
    assert states.is_settled(replace(ROW, **changes)) == settled
