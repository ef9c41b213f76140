"""The transitions of a delivery: every change of a state is one of the functions here.

Each takes the open transaction and refuses a step that `bot.delivery.states` does not allow. Each
repeats the old state in its WHERE, so that a row that somebody else changed first stays as it is.
Each writes the event of the change, for the audit trail, in the same transaction.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.delivery.model import Delivery
from bot.delivery.states import State, check_step
from bot.delivery.store.rows import THE_ROW, read_row

UNCHANGED = "(attempt, state, version) = (:was_attempt, :was_state, :was_version)"
"""The row is as it was when the step was decided on."""
STILL_CLAIMED = f"{UNCHANGED} AND reconcile_at = :was_reconcile_at"
"""And nobody else has claimed it for a look at the vendor."""
STEP_STILL_CLAIMED = (
    "(attempt, state, next_step_at) = (:was_attempt, :was_state, :was_next_step_at)"
    " AND next_step_at > 0"
)
"""Nobody else has claimed it for a follow-up step. Its card may have got another version since."""
STILL_SENT_BY_US = (
    f"({UNCHANGED} OR attempt = :was_attempt AND state = 'unconfirmed' AND reason = 'lease'"
    " AND version = :was_version + 1)"
)
"""The attempt is under way, or its lease ran out and nobody has done anything else since."""

_NEWS = (
    "version = version + 1",
    # A row whose card belongs to another row of its batch has nothing to show itself.
    "card_version = CASE WHEN batch IN ('', key) THEN card_version ELSE version + 1 END",
)
_EVENT = (
    "INSERT INTO delivery_events (delivery, at, actor, state, reason, attempt)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change of a row, at `at` (epoch seconds) and by a person's id (empty: the bot itself).

    `columns` are the new values by column; `computed` are further assignments in SQL, with the
    parameters `given`. `news`: people are to be shown something new.
    """

    to: State
    at: float
    by: str = ""
    news: bool = True
    columns: Mapping[str, Any] = field(default_factory=dict)
    computed: Sequence[str] = ()
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def assignments(self) -> str:
        """The part of an UPDATE after SET, with the parameters `values`."""
        own = ("state = :to_state", "updated_at = :to_at", "changed_by = :to_by")
        version = _NEWS if self.news else ()
        named = (f"{name} = :{name}" for name in self.columns)
        return ", ".join((*own, *version, *named, *self.computed))

    @property
    def values(self) -> Mapping[str, Any]:
        """The parameters of `assignments`."""
        own = {"to_state": self.to, "to_at": self.at, "to_by": self.by}
        return {**own, **self.columns, **self.given}


def insert(tx: sqlite3.Connection, columns: Mapping[str, Any]) -> Delivery:
    """Write a new row. Returns it."""
    check_step(None, columns["state"])
    sql = (
        f"INSERT INTO deliveries ({', '.join(columns)})"
        f" VALUES ({', '.join(f':{name}' for name in columns)}) RETURNING *"
    )
    [row] = tx.execute(sql, columns).fetchall()
    _write_events(tx, [row])
    _tell_batch(tx, [row])
    return read_row(row)


def change(
    tx: sqlite3.Connection, row: Delivery, step: Step, guard: str = UNCHANGED
) -> Delivery | None:
    """Change one row, which was decided on as it is in `row`.

    Returns the row as it is then; None where somebody was faster, as the condition `guard` finds
    out. Raises `IllegalStepError`.
    """
    check_step(row.state, step.to)
    was = {
        "was_attempt": row.attempt,
        "was_state": row.state,
        "was_version": row.version,
        "was_reconcile_at": row.reconcile_at,
        "was_next_step_at": row.next_step_at,
    }
    sql = f"UPDATE deliveries SET {step.assignments} WHERE {THE_ROW} AND {guard} RETURNING *"
    found = tx.execute(sql, {**step.values, **was, **row.identity}).fetchall()
    if not found:
        return None
    if (reason := _told(row, step, found[0])) is not None:
        _write_events(tx, found, reason)
    if step.news:
        _tell_batch(tx, found)
    return read_row(found[0])


def change_next(
    tx: sqlite3.Connection, before: State, step: Step, which: str, values: Mapping[str, Any]
) -> Delivery | None:
    """Change the first row in the state `before` that `which` (a condition with an order) finds.
    Returns it as it is then; None where there is none. Raises `IllegalStepError`."""
    first = f"id = (SELECT id FROM deliveries WHERE state = '{before}' AND {which} LIMIT 1)"
    rows = change_all(tx, before, step, first, values)
    return rows[0] if rows else None


def change_all(
    tx: sqlite3.Connection, before: State, step: Step, condition: str, values: Mapping[str, Any]
) -> list[Delivery]:
    """Change all rows in the state `before` that meet the condition. Returns them as they are
    then. Raises `IllegalStepError`."""
    check_step(before, step.to)
    sql = (
        f"UPDATE deliveries SET {step.assignments}"
        f" WHERE state = '{before}' AND {condition} RETURNING *"
    )
    found = tx.execute(sql, {**step.values, **values}).fetchall()
    _write_events(tx, found)
    if step.news:
        _tell_batch(tx, found)
    return [read_row(row) for row in found]


def erased(tx: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Write that these rows were erased, which leaves them in their states."""
    sql = "SELECT * FROM deliveries WHERE id IN (SELECT value FROM json_each(?))"
    rows = tx.execute(sql, (json.dumps(ids),)).fetchall()
    _write_events(tx, rows, "erased")


def _told(row: Delivery, step: Step, after: sqlite3.Row) -> str | None:
    """Return the reason that the trail gives for the step; None where nothing in it is worth an
    event, such as a further try that came to nothing."""
    columns = step.columns
    if step.to != row.state or columns.get("revision", row.revision) != row.revision:
        return str(after["reason"])
    if columns.get("lookup_count", 0) > row.lookup_count:
        return "not_there_yet"
    if after["reason"] != row.reason and "reason" in columns:
        return str(after["reason"])
    steps = read_row(after).follow_up_steps
    if steps == row.follow_up_steps:
        return None
    if len(steps) < len(row.follow_up_steps):
        return "step_done"
    waiting, waited = ([*each.values()].count({}) for each in (steps, row.follow_up_steps))
    return "step_not_done" if waiting < waited else "step_tried_again"


def _tell_batch(tx: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> None:
    """Note on the row that owns the card of a batch that another row of it changed."""
    tx.executemany(
        "UPDATE deliveries SET batch_news = batch_news + 1,"
        " card_version = min(card_version, version - 1)"
        " WHERE (enterprise, team, key) = (?, ?, ?)",
        [
            (row["enterprise"], row["team"], row["batch"])
            for row in rows
            if row["batch"] not in ("", row["key"])
        ],
    )


def _write_events(
    tx: sqlite3.Connection, rows: Sequence[sqlite3.Row], reason: str | None = None
) -> None:
    """Write an event for each row, with the row's own reason unless another is given."""
    tx.executemany(
        _EVENT,
        [
            (
                row["id"],
                row["updated_at"],
                row["changed_by"],
                row["state"],
                row["reason"] if reason is None else reason,
                row["attempt"],
            )
            for row in rows
        ],
    )
