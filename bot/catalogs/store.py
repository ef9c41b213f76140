"""The vendors' lists, as they were fetched last."""

import sqlite3
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from bot.adapters.base import Entry
from bot.connections import store as connections
from bot.storage.database import Database
from bot.workspace import ConnectionKey, Workspace

_ENTRIES = TypeAdapter(list[Entry])


class CatalogStore:
    """The lists of all connections. A list is always replaced as a whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(
        self, workspace: Workspace, vendor: str, name: str
    ) -> tuple[list[Entry], float] | None:
        """Return the entries and the time of their fetch (epoch seconds); None if the list was
        never fetched."""

        def work(tx: sqlite3.Connection) -> tuple[list[Entry], float] | None:
            row = tx.execute(
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
        """Replace the list. Does nothing if the connection was removed meanwhile."""
        text = _ENTRIES.dump_json(list(entries)).decode()

        def work(tx: sqlite3.Connection) -> None:
            if not connections.exists(tx, workspace, vendor):
                return
            tx.execute(
                "INSERT INTO catalogs (enterprise, team, vendor, name, entries, fetched_at)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET entries = excluded.entries,"
                " fetched_at = excluded.fetched_at",
                (*workspace, vendor, name, text, fetched_at),
            )

        await self._database.write(work)

    async def ages(self) -> Mapping[ConnectionKey, Mapping[str, float]]:
        """Return when each list was fetched last (epoch seconds), by connection and name.
        Connections without any list are left out."""
        sql = "SELECT enterprise, team, vendor, name, fetched_at FROM catalogs ORDER BY 1, 2, 3, 4"
        rows = await self._database.read(lambda tx: tx.execute(sql).fetchall())
        found: dict[ConnectionKey, dict[str, float]] = {}
        for enterprise, team, vendor, name, at in rows:
            if at:
                found.setdefault((Workspace(enterprise, team), vendor), {})[name] = at
        return found
