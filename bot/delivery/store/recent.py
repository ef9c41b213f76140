"""The deliveries that wait, or were finished lately, for whoever shows the queue."""

import sqlite3

WAITING = ("queued", "sending", "unconfirmed")

COLUMNS = (
    "id",
    "title",
    "vendor",
    "operation",
    "state",
    "reason",
    "attempt",
    "created_at",
    "next_attempt_at",
    "reconcile_at",
    "card_ts",
)
"""What is shown of each."""

_SQL = (
    f"SELECT {', '.join(COLUMNS)}, updated_at FROM deliveries"
    f" WHERE state IN ({', '.join('?' * len(WAITING))}) OR updated_at > ? ORDER BY id DESC"
)


def waiting_or_recent(tx: sqlite3.Connection, since: float) -> list[sqlite3.Row]:
    """Return the deliveries of all workspaces that wait, or changed after `since` (epoch seconds),
    newest first: the `COLUMNS` and `updated_at`."""
    return tx.execute(_SQL, (*WAITING, since)).fetchall()
