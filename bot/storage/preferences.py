"""The operation that each channel used last, so that the next form starts on it."""

import sqlite3

from bot.storage.database import Database
from bot.workspace import Scope, Workspace


class Preferences:
    """The operation that a channel used last, for each kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, workspace: Workspace, channel: str, kind: str) -> str | None:
        """Return the operation ("acme.incident"), or None where the channel never used one."""
        sql = (
            "SELECT operation FROM preferences"
            " WHERE (enterprise, team, channel, kind) = (?, ?, ?, ?)"
        )
        values = (*workspace, channel, kind)
        row = await self._database.read(lambda tx: tx.execute(sql, values).fetchone())
        return None if row is None else str(row[0])


def remember_preference(
    tx: sqlite3.Connection, workspace: Workspace, channel: str, kind: str, operation: str
) -> None:
    """Let the next form of this kind in this channel start on this operation."""
    tx.execute(
        "INSERT INTO preferences VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET operation = excluded.operation",
        (*workspace, channel, kind, operation),
    )


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove what the channels of these workspaces used."""
    tx.execute(f"DELETE FROM preferences WHERE {scope.condition}", scope.values)
