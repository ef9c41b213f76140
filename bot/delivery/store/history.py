"""Lists of deliveries, for people on their App Home and for operators on the command line; the
trail of each; and the erasing of what people wrote, once it has been kept long enough."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from bot.adapters.base import Entry
from bot.delivery.model import Delivery
from bot.delivery.states import FINAL, State, listed
from bot.delivery.store.rows import THE_ROW, read_row
from bot.delivery.store.transitions import erased
from bot.storage.database import Database
from bot.workspace import Workspace

OWN = 20
"""A person's private objects that a picker offers."""
ERASED_AT_ONCE = 500
"""A long write would keep people waiting."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `at` is epoch seconds; `actor` a Slack user id, "operator", or empty for the bot
    itself; `state` is what it became."""

    at: float
    actor: str
    state: State
    reason: str
    attempt: int


class History:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of_person(self, workspace: Workspace, person: str, limit: int) -> list[Delivery]:
        """Return the last deliveries that this person submitted, newest first."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM deliveries WHERE enterprise = ? AND team = ? AND actor = ? ORDER "
                "BY id DESC LIMIT ?",
                (*workspace, person, limit),
            ).fetchall()
        )
        return [read_row(row) for row in rows]

    async def private_objects(
        self, workspace: Workspace, person: str, vendor: str, operations: Collection[str]
    ) -> list[Entry]:
        """Return the private objects of these operations that this person created, newest first."""
        sql = (
            "SELECT * FROM deliveries WHERE (enterprise, team, actor, vendor) = (?, ?, ?, ?)"
            " AND private AND state = 'delivered' AND erased_at = 0"
            " AND operation IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?"
        )
        values = (*workspace, person, vendor, json.dumps(list(operations)), OWN)
        rows = await self._database.read(lambda db: db.execute(sql, values).fetchall())
        objects = (read_row(row) for row in rows)
        return [row.entry for row in objects if row.vendor_object.get("id")]

    async def incident_of(self, workspace: Workspace, channel: str) -> Delivery | None:
        """Return the incident that this channel was made for: the newest one from here whose
        vendor said so."""
        of_channel = "json_extract(vendor_object, '$.channel')"
        sql = (
            f"SELECT * FROM deliveries WHERE (enterprise, team, {of_channel}) = (?, ?, ?)"
            f" AND state = 'delivered' AND {of_channel} != '' AND kind = 'incident'"
            " ORDER BY id DESC LIMIT 1"
        )
        values = (*workspace, channel)
        row = await self._database.read(lambda db: db.execute(sql, values).fetchone())
        return None if row is None else read_row(row)

    async def newest(
        self, *, state: str = "", since: float = 0.0, limit: int = 100
    ) -> list[Delivery]:
        """All workspaces' deliveries, newest first; those in `state`, or made after `since` (epoch
        seconds)."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM deliveries WHERE ? IN ('', state) AND created_at >= ? ORDER BY id "
                "DESC LIMIT ?",
                (state, since, limit),
            ).fetchall()
        )
        return [read_row(row) for row in rows]

    async def with_key(self, key: str) -> list[Delivery]:
        """The rows of that key, of all workspaces: one, unless somebody made a key up."""
        rows = await self._database.read(
            lambda db: db.execute("SELECT * FROM deliveries WHERE key = ?", (key,)).fetchall()
        )
        return [read_row(row) for row in rows]

    async def trail(self, row: Delivery) -> Sequence[Event]:
        """Every change of it, oldest first."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT at, actor, state, reason, attempt FROM delivery_events"
                f" WHERE delivery = (SELECT id FROM deliveries WHERE {THE_ROW}) ORDER BY id",
                row.identity,
            ).fetchall()
        )
        return [Event(*row) for row in rows]

    async def erase(self, finished_before: float) -> int:
        """Erase what people wrote, and the vendor's words, in some of the deliveries that were
        finished before then (epoch seconds); how many. The trail stays, and the created object's
        id, reference and link, unless the title can be read in the link."""
        now = self._clock()
        old = (
            "SELECT id, title, vendor_object, duplicates FROM deliveries WHERE erased_at = 0"
            f" AND state IN {listed(FINAL)} AND updated_at < ? ORDER BY updated_at LIMIT ?"
        )
        erase = (
            "UPDATE deliveries SET erased_at = ?, updated_at = ?, changed_by = '', payload = '{}',"
            " selected = '{}', custom = '[]', follow_up_steps = '{}', next_step_at = 0,"
            " field_errors = '{}', error_details = '{}', title = '', actor_name = '', view_id = '',"
            " response_url = '',"
            " card_version = version, vendor_object = ?, duplicates = ? WHERE id = ?"
        )

        def work(tx: sqlite3.Connection) -> int:
            rows = tx.execute(old, (finished_before, ERASED_AT_ONCE)).fetchall()
            tx.executemany(erase, [(now, now, *_without_words(row), row["id"]) for row in rows])
            erased(tx, [row["id"] for row in rows])
            return len(rows)

        if count := await self._database.write(work):
            self._database.erase_soon()
        return count


def _without_words(row: sqlite3.Row) -> tuple[str, str]:
    """Return the created object and its duplicates, as JSON without anybody's words."""
    created, duplicates = json.loads(row["vendor_object"]), json.loads(row["duplicates"])
    for made in (created, *duplicates):
        title = f"{row['title']} {made.pop('title', '')}"
        made.pop("note", None)
        if _words(unquote(urlsplit(made.get("url", "")).path.rpartition("/")[2])) & _words(title):
            made["url"] = ""  # ".../incidents/42-checkout-is-down"
    return json.dumps(created), json.dumps(duplicates)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]{3,}", text.casefold()))
