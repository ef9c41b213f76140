"""The vendors' lists as they were fetched last, and when each is fetched next.

`EVERY` stands for all lists of a connection: a new connection has only that one.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.adapters.base import Entry
from bot.catalogs.listing import Key, Listing, id_part, line
from bot.catalogs.search import search_text
from bot.connections import store as connections
from bot.storage.database import Database
from bot.workspace import ELSEWHERE, ConnectionKey, Workspace, keys_json

EVERY = ""
LEASE_SECONDS = 900.0
"""How long other processes leave a list alone that one of them fetches."""
RETRY_SECONDS, LONGEST_RETRY_SECONDS = 60.0, 3600.0
"""The pause after the first failure, which doubles with each, and the longest pause."""
LAG_SECONDS = 60.0
"""How long after its creation an object may be missing from the vendor's own list."""
MOST_ADDITIONS = 100

_KEY = "(enterprise, team, vendor, name) = (?, ?, ?, ?)"
_CONNECTION = "(enterprise, team, vendor) = (?, ?, ?)"


class Due(NamedTuple):
    """The lists of a connection that are to be fetched. `EVERY` may be among the names. They are
    claimed until then (epoch seconds)."""

    connection_key: ConnectionKey
    names: Sequence[str]
    until: float


class ListState(NamedTuple):
    """The outcome of the last fetches of a list. Times are epoch seconds, with 0 for never.
    `failures` counts those in a row; `refused` means that the problem is a refused token."""

    fetched_at: float
    tried_at: float
    failures: int
    problem: str
    refused: bool


class CatalogStore:
    """The lists of all connections. What is removed with its connection does not come back."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def load(self, key: Key, known: Listing) -> Listing:
        """Return the list. If it is still that of `known`, it is not read again. A list that was
        never fetched is empty."""

        def work(tx: sqlite3.Connection) -> Listing:
            row = tx.execute(
                "SELECT version, fetched_at, tried_at, problem FROM catalogs WHERE " + _KEY,
                _values(key),
            ).fetchone()
            if row is None:
                return Listing()
            if row["version"] == known.version:
                return replace(known, **row)
            lines, texts = _contents(tx, key)
            return Listing(lines, texts, **row)

        return await self._database.read(work)

    async def want(self, connection_key: ConnectionKey, freshness: Mapping[str, float]) -> bool:
        """Make those of the lists due that are older than their freshness, in seconds by name.
        Returns whether any is due. A list that was tried a moment ago is left alone."""
        now = self._clock()

        def stale(tx: sqlite3.Connection) -> list[str]:
            known = _states(tx, connection_key)
            return [
                name
                for name, seconds in freshness.items()
                if (state := known.get(name)) is None
                or (
                    state.fetched_at < now - seconds
                    and state.tried_at < now - (RETRY_SECONDS if state.failures else seconds)
                )
            ]

        names = await self._database.read(stale)

        def work(tx: sqlite3.Connection) -> None:
            if connections.exists(tx, *connection_key):
                make_due(tx, connection_key, names, now)

        if names:
            await self._database.write(work)
        return bool(names)

    async def claim(self, but: Collection[ConnectionKey]) -> Due | None:
        """Claim the lists that are due of one connection, which is none of `but`."""
        if (at := await self.next_time(but)) is None or at > (now := self._clock()):
            return None

        def work(tx: sqlite3.Connection) -> Due | None:
            row = tx.execute(
                "SELECT enterprise, team, vendor FROM catalogs WHERE due_at <= ? AND"
                f" {ELSEWHERE} ORDER BY due_at LIMIT 1",
                (now, keys_json(but)),
            ).fetchone()
            if row is None:
                return None
            names = tx.execute(
                f"UPDATE catalogs SET due_at = ?, tried_at = ? WHERE {_CONNECTION}"
                " AND due_at <= ? RETURNING name",
                (until := now + LEASE_SECONDS, now, *row, now),
            ).fetchall()
            return Due((Workspace(row[0], row[1]), row[2]), [name for (name,) in names], until)

        return await self._database.write(work)

    async def next_time(self, but: Collection[ConnectionKey]) -> float | None:
        """Return when the next list is due, of other connections than `but`; None while none is."""
        sql = f"SELECT min(due_at) FROM catalogs WHERE due_at IS NOT NULL AND {ELSEWHERE}"
        row = await self._database.read(lambda tx: tx.execute(sql, (keys_json(but),)).fetchone())
        return None if row[0] is None else float(row[0])

    async def save(self, key: Key, account: str, listing: Listing) -> None:
        """Replace the list with one that was fetched from that account. Does nothing if the
        connection was removed meanwhile, or belongs to another account.

        What was created a moment before the fetch, and is not listed yet, stays.
        """
        workspace, vendor, name = key
        lines, texts = "\n".join(listing.lines), "\n".join(listing.texts)

        def work(tx: sqlite3.Connection) -> None:
            if not connections.exists(tx, workspace, vendor, account):
                return
            _insert(tx, (workspace, vendor), name)
            tx.execute(
                "UPDATE catalogs SET version = version + 1, fetched_at = ?, due_at = NULL,"
                f" failures = 0, problem = '', refused = 0 WHERE {_KEY}",
                (listing.fetched_at, *_values(key)),
            )
            tx.execute(
                "INSERT INTO catalog_entries (enterprise, team, vendor, name, lines, texts)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET lines = excluded.lines, texts = excluded.texts",
                (*_values(key), lines, texts),
            )
            tx.execute(
                f"DELETE FROM catalog_additions WHERE {_KEY}"
                " AND (created_at <= ? OR instr(?, id_part) > 0)",
                (*_values(key), listing.fetched_at - LAG_SECONDS, lines),
            )

        await self._database.write(work)

    async def add(self, added: Iterable[tuple[Key, Entry, float]]) -> None:
        """Offer entries that were created at the given times (epoch seconds), each before what its
        list has. An entry that the list has already is left alone."""

        def work(tx: sqlite3.Connection) -> None:
            for key, entry, created_at in added:
                workspace, vendor, name = key
                if not connections.exists(tx, workspace, vendor):
                    continue
                _insert(tx, (workspace, vendor), name)
                new = tx.execute(
                    "INSERT INTO catalog_additions SELECT ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS"
                    f" (SELECT 1 FROM catalog_entries WHERE {_KEY} AND instr(lines, ?) > 0)"
                    " ON CONFLICT DO NOTHING",
                    (
                        *_values(key),
                        *(id_part(entry.id), created_at, line(entry), search_text(entry)),
                        *(*_values(key), id_part(entry.id)),
                    ),
                )
                if new.rowcount:
                    tx.execute(
                        f"UPDATE catalogs SET version = version + 1 WHERE {_KEY}", _values(key)
                    )

        await self._database.write(work)

    async def failed(self, key: Key, problem: str, *, tries: int) -> None:
        """Note why the list could not be fetched. It is tried again later, at most so many times in
        a row; after that, once a form wants it."""
        await self._fail(key, problem, refused=False, tries=tries)

    async def refused(self, due: Due, name: str, problem: str, *, tries: int) -> None:
        """Note that the vendor refused the token when it was asked for the list of that name. The
        others are not tried. `EVERY` is tried again later."""
        await self.finish(due)
        await self._fail((*due.connection_key, name), problem, refused=True, tries=0)
        await self._fail((*due.connection_key, EVERY), "", refused=True, tries=tries)

    async def _fail(self, key: Key, problem: str, *, refused: bool, tries: int) -> None:
        now = self._clock()

        def work(tx: sqlite3.Connection) -> None:
            workspace, vendor, name = key
            if not connections.exists(tx, workspace, vendor):
                return
            _insert(tx, (workspace, vendor), name)
            (failures,) = tx.execute(
                "UPDATE catalogs SET failures = failures + 1, problem = ?, refused = ?,"
                f" tried_at = ? WHERE {_KEY} RETURNING failures",
                (problem, refused, now, *_values(key)),
            ).fetchone()
            pause = min(RETRY_SECONDS * 2 ** min(failures - 1, 16), LONGEST_RETRY_SECONDS)
            tx.execute(
                f"UPDATE catalogs SET due_at = ? WHERE {_KEY}",
                (now + pause if failures < tries else None, *_values(key)),
            )

        await self._database.write(work)

    async def finish(self, due: Due, again_at: float | None = None) -> None:
        """Note that those of the lists that are still claimed are not fetched now, but at
        `again_at`, or else once a form wants them."""
        names = json.dumps(list(due.names))
        workspace, vendor = due.connection_key
        await self._database.write(
            lambda tx: tx.execute(
                f"UPDATE catalogs SET due_at = ? WHERE {_CONNECTION} AND due_at = ?"
                " AND name IN (SELECT value FROM json_each(?))",
                (again_at, *workspace, vendor, due.until, names),
            )
        )

    async def states(self, connection_key: ConnectionKey) -> dict[str, ListState]:
        """Return the state of each list of the connection, by the list's name."""
        return await self._database.read(lambda tx: _states(tx, connection_key))

    async def ages(self) -> Mapping[ConnectionKey, Mapping[str, float]]:
        """Return when each list was fetched last (epoch seconds), by connection and name.
        Connections without any list are left out."""
        sql = (
            "SELECT enterprise, team, vendor, name, fetched_at FROM catalogs WHERE fetched_at > 0"
            " ORDER BY 1, 2, 3, 4"
        )
        found: dict[ConnectionKey, dict[str, float]] = {}
        for enterprise, team, vendor, name, at in await self._database.read(
            lambda tx: tx.execute(sql).fetchall()
        ):
            found.setdefault((Workspace(enterprise, team), vendor), {})[name] = at
        return found


def make_due(
    tx: sqlite3.Connection, connection_key: ConnectionKey, names: Iterable[str], now: float
) -> None:
    """Make these lists of the connection due now."""
    for name in names:
        _insert(tx, connection_key, name)
        tx.execute(
            f"UPDATE catalogs SET due_at = ?, failures = 0 WHERE {_KEY}",
            (now, *_values((*connection_key, name))),
        )


def make_all_due(tx: sqlite3.Connection, connection_key: ConnectionKey, now: float) -> None:
    """Make all lists of the connection due that are missing, old or failed: the vendor accepts its
    credentials now."""
    make_due(tx, connection_key, [EVERY], now)


def probe_later(tx: sqlite3.Connection, connection_key: ConnectionKey, now: float) -> None:
    """Ask for a list in a while: the vendor does not accept the credentials now."""
    _insert(tx, connection_key, EVERY)
    tx.execute(
        f"UPDATE catalogs SET due_at = ? WHERE {_KEY} AND due_at IS NULL",
        (now + RETRY_SECONDS, *_values((*connection_key, EVERY))),
    )


def _insert(tx: sqlite3.Connection, connection_key: ConnectionKey, name: str) -> None:
    tx.execute(
        "INSERT INTO catalogs (enterprise, team, vendor, name) VALUES (?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        _values((*connection_key, name)),
    )


def _states(tx: sqlite3.Connection, connection_key: ConnectionKey) -> dict[str, ListState]:
    workspace, vendor = connection_key
    rows = tx.execute(
        "SELECT name, fetched_at, tried_at, failures, problem, refused FROM catalogs"
        f" WHERE {_CONNECTION}",
        (*workspace, vendor),
    )
    return {name: ListState(*state) for name, *state in rows}


def _contents(tx: sqlite3.Connection, key: Key) -> tuple[list[str], list[str]]:
    """Return the lines and the texts of a list: what was created here, the newest first, then what
    the vendor listed."""
    parts = tx.execute(
        f"SELECT line, text FROM catalog_additions WHERE {_KEY}"
        f" ORDER BY created_at DESC, rowid DESC LIMIT {MOST_ADDITIONS}",
        _values(key),
    ).fetchall()
    parts += tx.execute(
        f"SELECT lines, texts FROM catalog_entries WHERE {_KEY} AND lines != ''", _values(key)
    ).fetchall()
    lines, texts = (
        [line for part in parts for line in part[column].split("\n")] for column in (0, 1)
    )
    return lines, texts


def _values(key: Key) -> tuple[str, str, str, str]:
    workspace, vendor, name = key
    return (*workspace, vendor, name)
