"""Changes of deliveries that the owners of other tables ask for, in their own transactions."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from bot.delivery.states import ASLEEP, FOR_AN_ADMIN, OPEN, WAITING_FOR_AN_ADMIN, listed
from bot.delivery.store.transitions import Step, change_all
from bot.workspace import ConnectionKey, Scope

_OF_CONNECTION = "enterprise = :enterprise AND team = :team AND vendor = :vendor"


def requeue_after_reconnect(
    tx: sqlite3.Connection,
    connection_key: ConnectionKey,
    account: str,
    now: float,
    rights: bool,
) -> None:
    """Make due what failed at this account of the connection, since the vendor accepts its
    credentials now. What the vendor did not allow is made due only where it may do more than before
    (`rights`). What is past its time stays: a person decides about it."""
    reasons = FOR_AN_ADMIN if rights else ("unauthorized",)
    step = Step(to="queued", at=now, columns={"reason": "reconnected", "next_attempt_at": now})
    these = (
        f"{WAITING_FOR_AN_ADMIN} AND {_OF_CONNECTION} AND account = :account"
        f" AND reason IN {listed(reasons)}"
    )
    values = {**_key(connection_key), "account": account, "now": now}
    change_all(tx, "failed", step, these, values)


def hurry_after_disconnect(
    tx: sqlite3.Connection, connection_key: ConnectionKey, now: float
) -> None:
    """Make due what is queued for a connection that was removed, so that it says at once why it
    waits."""
    tx.execute(
        f"UPDATE deliveries SET next_attempt_at = :now WHERE state = 'queued' AND {_OF_CONNECTION}"
        " AND next_attempt_at > :now",
        {**_key(connection_key), "now": now},
    )


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the deliveries of these workspaces to which something could still happen, so that from
    now on nothing is sent, looked up or shown. `forget_some` removes the others."""
    sql = f"DELETE FROM deliveries WHERE {scope.condition} AND NOT ({ASLEEP})"
    tx.execute(sql, scope.values)


def forget_some(tx: sqlite3.Connection, scope: Scope, most: int) -> int:
    """Remove so many deliveries of these workspaces; returns how many were removed."""
    sql = (
        "DELETE FROM deliveries WHERE id IN"
        f" (SELECT id FROM deliveries WHERE {scope.condition} LIMIT :most)"
    )
    return tx.execute(sql, {**scope.values, "most": most}).rowcount


def newest_open_or_changed(
    tx: sqlite3.Connection, columns: Sequence[str], changed_after: float
) -> list[sqlite3.Row]:
    """Return these columns of the deliveries that are not finished, or were changed after then
    (epoch seconds), newest first."""
    sql = (
        f"SELECT {', '.join(columns)} FROM deliveries"
        f" WHERE state IN {listed(OPEN)} OR updated_at > ? ORDER BY id DESC"
    )
    return tx.execute(sql, (changed_after,)).fetchall()


def _key(connection_key: ConnectionKey) -> Mapping[str, Any]:
    workspace, vendor = connection_key
    return {**workspace._asdict(), "vendor": vendor}
