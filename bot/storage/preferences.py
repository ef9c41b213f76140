"""The operation that each channel used last, so that the next form starts on it."""

import sqlite3

from bot.storage.database import Database
from bot.workspace import Workspace


class Preferences:
    """The operation that a channel used last, for each kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, workspace: Workspace, channel: str, kind: str) -> str | None:
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT operation FROM habits WHERE (enterprise, team, channel, kind) = (?, ?, ?, "
                "?)",
                (*workspace, channel, kind),
            ).fetchone()
        )
        return None if row is None else str(row[0])


def remember_preference(
    db: sqlite3.Connection, workspace: Workspace, channel: str, kind: str, operation: str
) -> None:
    """The next form of this kind in this channel starts on this operation. For a transaction that
    is already open."""
    db.execute(
        "INSERT INTO habits VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET operation = "
        "excluded.operation",
        (*workspace, channel, kind, operation),
    )
