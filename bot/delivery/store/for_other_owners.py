"""What happens to deliveries inside the transactions of other owners: a connection works again or is
removed, a workspace is forgotten."""

import json
import sqlite3

from bot.connections.store import Accepted
from bot.delivery.model import FOR_AN_ADMIN
from bot.workspace import ConnectionKey, Scope

_ASLEEP = (
    "state IN ('delivered', 'rejected', 'failed') AND reconcile_at = 0 AND next_step_at = 0"
    " AND version <= card_version AND view_id = ''"
)
"""Deliveries that nothing happens to by itself any more."""


def requeue_after_reconnect(tx: sqlite3.Connection, accepted: Accepted) -> None:
    """Make due what waited for the account's credentials. A delivery that is past its time stays:
    it is no news any more, and a person decides about it."""
    (workspace, vendor), account, at, reconnected = accepted
    reasons = FOR_AN_ADMIN if reconnected else ("unauthorized",)
    tx.execute(
        "UPDATE deliveries SET state = 'queued', reason = 'reconnected', next_attempt_at = ?,"
        " version = version + 1, updated_at = ?, changed_by = ''"
        " WHERE state = 'failed' AND (enterprise, team, vendor, account) = (?, ?, ?, ?)"
        " AND expires_at > ? AND reason IN (SELECT value FROM json_each(?))",
        (at, at, *workspace, vendor, account, at, json.dumps(reasons)),
    )


def hurry_after_removal(tx: sqlite3.Connection, connection_key: ConnectionKey, at: float) -> None:
    """Make due what is queued for a connection that was removed, so that it says why it waits."""
    workspace, vendor = connection_key
    tx.execute(
        "UPDATE deliveries SET next_attempt_at = ? WHERE state = 'queued' AND enterprise = ?"
        " AND team = ? AND vendor = ? AND next_attempt_at > ?",
        (at, *workspace, vendor, at),
    )


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the deliveries of these workspaces that something could still happen to. The others
    may be many: `forget_some` removes them, a chunk a transaction."""
    tx.execute(f"DELETE FROM deliveries WHERE {scope.condition} AND NOT ({_ASLEEP})", scope.values)


def forget_some(tx: sqlite3.Connection, scope: Scope, most: int) -> int:
    """Remove so many deliveries of these workspaces; how many were removed."""
    sql = (
        "DELETE FROM deliveries WHERE id IN"
        f" (SELECT id FROM deliveries WHERE {scope.condition} LIMIT {most})"
    )
    return tx.execute(sql, scope.values).rowcount
