"""The vendors' lists as they were fetched last."""

import sqlite3
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from bot.adapters.base import Entry
from bot.connections import store as connections
from bot.storage.database import Database
from bot.workspace import ConnectionKey, Workspace

_ENTRIES = TypeAdapter(list[Entry])


class CatalogStore:
    """Catalogs: whole lists, replaced at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(
        self, workspace: Workspace, vendor: str, name: str
    ) -> tuple[list[Entry], float] | None:
        """The entries and when they were fetched (epoch seconds), or None if they never were."""

        def work(db: sqlite3.Connection) -> tuple[list[Entry], float] | None:
            row = db.execute(
                "SELECT entries, fetched_at FROM catalogs WHERE (enterprise, team, vendor, name) "
                "= (?, ?, ?, ?)",
                (*workspace, vendor, name),
            ).fetchone()
            return None if row is None else (_ENTRIES.validate_json(row[0]), row[1])

        return await self._database.read(work)

    async def save(
        self,
        workspace: Workspace,
        vendor: str,
        name: str,
        entries: Sequence[Entry],
        fetched_at: float,
    ) -> None:
        """Replace the list. Does nothing when the connection is gone meanwhile."""
        text = _ENTRIES.dump_json(list(entries)).decode()

        def work(db: sqlite3.Connection) -> None:
            if not connections.exists(db, workspace, vendor):
                return
            db.execute(
                "INSERT INTO catalogs (enterprise, team, vendor, name, entries, fetched_at)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET entries = excluded.entries,"
                " fetched_at = excluded.fetched_at",
                (*workspace, vendor, name, text, fetched_at),
            )

        await self._database.write(work)

    async def ages(self) -> Mapping[ConnectionKey, Mapping[str, float]]:
        """When each list was fetched last (epoch seconds), by its name and connection. A connection
        of which no list was ever stored is not among them."""
        sql = "SELECT enterprise, team, vendor, name, fetched_at FROM catalogs ORDER BY 1, 2, 3, 4"
        rows = await self._database.read(lambda db: db.execute(sql).fetchall())
        found: dict[ConnectionKey, dict[str, float]] = {}
        for enterprise, team, vendor, name, at in rows:
            if at:
                found.setdefault((Workspace(enterprise, team), vendor), {})[name] = at
        return found
