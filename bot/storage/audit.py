"""The audit trail: who changed credentials, permissions and installations, and when.

The owners of those tables record an event in the transaction of the change.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.storage.database import Database
from bot.workspace import Scope, Workspace

Action = Literal[
    "connected",
    "replaced",
    "disconnected",
    "permitted",
    "configured",
    "installed",
    "uninstalled",
    "lost",
]
OPERATOR = "operator"
"""The actor of a change at the command line."""
MOST_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One change, at `at` (epoch seconds).

    `actor` is a Slack user id, `OPERATOR`, or empty for Slack itself. `subject` is a vendor
    ("acme"), an operation ("acme.incident"), or empty for an installation. `details` are the
    account's name (`account`), or the rule or the `setting` `before` and `after` the change.
    """

    workspace: Workspace
    at: float
    actor: str
    action: Action
    subject: str
    details: Mapping[str, str]


class Audit:
    """The events of all workspaces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int, since: float = 0.0) -> list[AuditEvent]:
        """Return all workspaces' events since then (epoch seconds), newest first."""
        sql = "SELECT * FROM audit_events WHERE at >= ? ORDER BY id DESC LIMIT ?"
        rows = await self._database.read(lambda tx: tx.execute(sql, (since, limit)).fetchall())
        return [_event(row) for row in rows]

    async def of(self, workspace: Workspace, limit: int) -> list[AuditEvent]:
        """Return the workspace's events, newest first."""
        sql = (
            "SELECT * FROM audit_events WHERE (enterprise, team) = (?, ?) ORDER BY id DESC LIMIT ?"
        )
        values = (*workspace, limit)
        rows = await self._database.read(lambda tx: tx.execute(sql, values).fetchall())
        return [_event(row) for row in rows]

    async def claim_untold(self) -> list[AuditEvent]:
        """Return the oldest events that nobody was told of, for the caller to tell. Nobody else
        gets them."""
        some = "SELECT id FROM audit_events WHERE told = 0 ORDER BY id LIMIT ?"
        claim = f"UPDATE audit_events SET told = 1 WHERE id IN ({some}) RETURNING *"
        if not await self._database.read(lambda tx: tx.execute(some, (1,)).fetchall()):
            return []
        rows = await self._database.write(lambda tx: tx.execute(claim, (MOST_AT_ONCE,)).fetchall())
        return [_event(row) for row in sorted(rows, key=lambda row: row["id"])]


def record(
    tx: sqlite3.Connection,
    workspace: Workspace,
    at: float,
    actor: str,
    action: Action,
    subject: str = "",
    **details: str,
) -> None:
    """Record an event. After an uninstallation there is nobody to tell."""
    tx.execute(
        "INSERT INTO audit_events (enterprise, team, at, actor, action, subject, details, told)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*workspace, at, actor, action, subject, json.dumps(details), action == "uninstalled"),
    )


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the events of these workspaces."""
    tx.execute(f"DELETE FROM audit_events WHERE {scope.condition}", scope.values)


def _event(row: sqlite3.Row) -> AuditEvent:
    return AuditEvent(
        Workspace(row["enterprise"], row["team"]),
        row["at"],
        row["actor"],
        row["action"],
        row["subject"],
        json.loads(row["details"]),
    )
