"""The rules of the workspaces' admins about who may use an operation."""

import sqlite3
import time
from collections.abc import Callable, Mapping

from bot.storage.audit import record
from bot.storage.database import Database
from bot.workspace import Scope, Workspace


class AccessStore:
    """The rules of all workspaces. The rule of an operation ("acme.incident") is "everyone",
    "members", "admins", or the id of a Slack user group."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of(self, workspace: Workspace) -> dict[str, str]:
        """Return the workspace's rules. The default holds for a missing operation."""
        return await self._database.read(lambda tx: _rules(tx, workspace))

    async def set(self, workspace: Workspace, decided: Mapping[str, str], changed_by: str) -> None:
        """Store the rules of these operations, all or none of them. The others stay. `changed_by`
        is a Slack user id."""
        now = self._clock()
        sql = (
            "INSERT INTO permissions (enterprise, team, operation, who, changed_by, changed_at)"
            " VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET who = excluded.who, changed_by = excluded.changed_by,"
            " changed_at = excluded.changed_at WHERE who != excluded.who"
        )

        def work(tx: sqlite3.Connection) -> None:
            before = _rules(tx, workspace)
            for operation, who in decided.items():
                row = (*workspace, operation, who, changed_by, now)
                if tx.execute(sql, row).rowcount:
                    change = {"before": before.get(operation, ""), "after": who}
                    record(tx, workspace, now, changed_by, "permitted", operation, **change)

        await self._database.write(work)


def _rules(tx: sqlite3.Connection, workspace: Workspace) -> dict[str, str]:
    sql = (
        "SELECT operation, who FROM permissions WHERE (enterprise, team) = (?, ?)"
        " ORDER BY operation"
    )
    return {row["operation"]: row["who"] for row in tx.execute(sql, workspace)}


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove what the admins of these workspaces decided."""
    tx.execute(f"DELETE FROM permissions WHERE {scope.condition}", scope.values)
