"""The table of states: what it says is complete, and says the same in Python and in SQL."""

import itertools
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import get_args

import pytest

from bot.delivery import states
from bot.delivery.model import Delivery
from bot.delivery.states import DECISIONS, RULES, STATES, Decision, IllegalStepError, State
from tests.messages.parts import ROW

NOW = 1000.0
ROWS = [
    replace(ROW, state=state, reason=reason, reconcile_at=look, erased_at=erased, expires_at=ends)
    for state, reason, look, erased, ends in itertools.product(
        STATES, ("", "unanswered", *states.FOR_AN_ADMIN), (0.0, 5.0), (0.0, 5.0), (999.0, 1001.0)
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
        for action in rule.actions:
            if action in DECISIONS:
                assert DECISIONS[action].to in rule.next, (state, action)


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
