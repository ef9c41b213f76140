"""The vendors' lists as they were fetched last, and which operation each channel used last."""

import sqlite3
from collections.abc import Sequence

from pydantic import TypeAdapter

from bot.adapters.base import Entry
from bot.storage import Workspace
from bot.storage.database import Database

_ENTRIES = TypeAdapter(list[Entry])


class Lists:
    """Catalogs: whole lists, replaced at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, workspace: Workspace, vendor: str, name: str) -> tuple[list[Entry], float] | None:
        """The entries and when they were fetched (epoch seconds), or None if they never were."""

        def work(db: sqlite3.Connection) -> tuple[list[Entry], float] | None:
            row = db.execute(
                "SELECT entries, fetched_at FROM catalogs WHERE (enterprise, team, vendor, name) = (?, ?, ?, ?)",
                (*workspace, vendor, name),
            ).fetchone()
            return None if row is None else (_ENTRIES.validate_json(row[0]), row[1])

        return await self._database.read(work)

    async def save(
        self, workspace: Workspace, vendor: str, name: str, entries: Sequence[Entry], fetched_at: float
    ) -> None:
        """Replace the list. Does nothing when the connection is gone meanwhile."""
        text = _ENTRIES.dump_json(list(entries)).decode()

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO catalogs (enterprise, team, vendor, name, entries, fetched_at)"
                " SELECT enterprise, team, vendor, ?, ?, ? FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET entries = excluded.entries, fetched_at = excluded.fetched_at",
                (name, text, fetched_at, *workspace, vendor),
            )

        await self._database.write(work)


class Habits:
    """The operation that a channel used last, for each kind."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, workspace: Workspace, channel: str, kind: str) -> str | None:
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT operation FROM habits WHERE (enterprise, team, channel, kind) = (?, ?, ?, ?)",
                (*workspace, channel, kind),
            ).fetchone()
        )
        return None if row is None else str(row[0])


def remember_habit(db: sqlite3.Connection, workspace: Workspace, channel: str, kind: str, operation: str) -> None:
    """The next form of this kind in this channel starts on this operation. For a transaction that is already open."""
    db.execute(
        "INSERT INTO habits VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET operation = excluded.operation",
        (*workspace, channel, kind, operation),
    )
