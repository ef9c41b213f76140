"""The vendors' lists as they were fetched last, and which operation each channel used last."""

import sqlite3
from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter

from bot.adapters.base import Entry
from bot.storage.database import Database
from bot.workspace import Workspace

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
            db.execute(
                "INSERT INTO catalogs (enterprise, team, vendor, name, entries, fetched_at)"
                " SELECT enterprise, team, vendor, ?, ?, ? FROM connections WHERE (enterprise, "
                "team, vendor) = (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET entries = excluded.entries, fetched_at = "
                "excluded.fetched_at",
                (name, text, fetched_at, *workspace, vendor),
            )

        await self._database.write(work)


async def fetched_at(database: Database) -> Mapping[tuple[Workspace, str], Mapping[str, float]]:
    """For every connection the names of its lists that were ever stored, and when each was fetched
    (epoch seconds)."""
    rows = await database.read(
        lambda db: db.execute(
            "SELECT enterprise, team, vendor, name, fetched_at FROM connections"
            " LEFT JOIN catalogs USING (enterprise, team, vendor) ORDER BY 1, 2, 3, 4"
        ).fetchall()
    )
    found: dict[tuple[Workspace, str], dict[str, float]] = {}
    for enterprise, team, vendor, name, at in rows:
        lists = found.setdefault((Workspace(enterprise, team), vendor), {})
        if at:
            lists[name] = at
    return found
