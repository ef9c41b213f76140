"""The settings of a workspace: a value by name. A setting without a value has its default."""

import sqlite3
import time
from collections.abc import Callable, Mapping

from bot.storage.audit import record
from bot.storage.database import Database
from bot.workspace import Scope, Workspace


class WorkspaceSettings:
    """The settings of all workspaces."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of(self, workspace: Workspace) -> Mapping[str, str]:
        """Return the workspace's settings by name."""
        sql = (
            "SELECT name, value FROM workspace_settings WHERE (enterprise, team) = (?, ?)"
            " ORDER BY name"
        )
        rows = await self._database.read(lambda tx: tx.execute(sql, workspace).fetchall())
        return {row["name"]: row["value"] for row in rows}

    async def value(self, workspace: Workspace, name: str) -> str:
        """Return the setting's value; empty for the default."""
        return await self._database.read(lambda tx: setting(tx, workspace, name))

    async def change(
        self, workspace: Workspace, changes: Mapping[str, str], changed_by: str
    ) -> None:
        """Store these values, all or none of them. An empty one brings the default back. The others
        stay. `changed_by` is a Slack user id."""
        now = self._clock()

        def work(tx: sqlite3.Connection) -> None:
            for name, value in changes.items():
                before = setting(tx, workspace, name)
                if before == value:
                    continue
                tx.execute(
                    "DELETE FROM workspace_settings WHERE (enterprise, team, name) = (?, ?, ?)",
                    (*workspace, name),
                )
                if value:
                    tx.execute(
                        "INSERT INTO workspace_settings (enterprise, team, name, value)"
                        " VALUES (?, ?, ?, ?)",
                        (*workspace, name, value),
                    )
                change = {"setting": name, "before": before, "after": value}
                record(tx, workspace, now, changed_by, "configured", **change)

        await self._database.write(work)


def setting(tx: sqlite3.Connection, workspace: Workspace, name: str) -> str:
    """Return the setting's value; empty for the default."""
    sql = "SELECT value FROM workspace_settings WHERE (enterprise, team, name) = (?, ?, ?)"
    row = tx.execute(sql, (*workspace, name)).fetchone()
    return "" if row is None else str(row[0])


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the settings of these workspaces."""
    tx.execute(f"DELETE FROM workspace_settings WHERE {scope.condition}", scope.values)
