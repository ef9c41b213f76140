"""The condition of the file and of the work in it, for the operator: of all workspaces together, and changing nothing."""

import json
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from bot.storage import Workspace
from bot.storage.database import BUSY_MILLISECONDS, Database
from bot.storage.migrations import MIGRATIONS
from bot.storage.rows import FOR_AN_ADMIN, UNDECIDED

OVERDUE_SECONDS = 300.0
"""A running bot takes what is due within seconds."""


@dataclass(frozen=True, slots=True)
class File:
    """`damage` is what SQLite complains of first, empty for none and None where it took too long to look; `older` and
    `newer` are migrations that the file lacks, and that only a newer bot knows; `blocked` says why it cannot be written."""

    damage: str | None
    older: int
    newer: int
    blocked: str


@dataclass(frozen=True, slots=True)
class Queue:
    """How many deliveries wait to be sent, how many of those are overdue, when the oldest was submitted (epoch seconds);
    how many may exist and are looked up or decided by a person, and how many wait for an admin."""

    waiting: int
    overdue: int
    oldest: float
    looked_up: int
    undecided: int
    for_an_admin: int


def examine(path: Path, seconds: float) -> File:
    """Look at the file itself, for so many seconds at most; blocks. Raises `sqlite3.Error` when it is no database."""
    deadline = time.monotonic() + seconds
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as db:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        applied = {it.name for it in MIGRATIONS.applied(sqlite_utils.Database(db, execute_plugins=False))}
        ours = {it.name for it in MIGRATIONS.pending(sqlite_utils.Database(memory=True, execute_plugins=False))}
        blocked = _blocked(db)
        db.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
        return File(_damage(db), len(ours - applied), len(applied - ours), blocked)


def _damage(db: sqlite3.Connection) -> str | None:
    try:
        said = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    return "" if said == "ok" else said


def _blocked(db: sqlite3.Connection) -> str:
    try:
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        return str(error)
    return ""


async def queue(database: Database, now: float) -> Queue:
    """What waits, at `now` (epoch seconds)."""
    sql = (
        "SELECT count(*) FILTER (WHERE state IN ('queued', 'sending')),"  # noqa: S608  ours
        " count(*) FILTER (WHERE (state = 'queued' AND max(due_at, expected_at) < ?)"
        "  OR (state = 'sending' AND lease_until < ?)),"
        " min(made_at) FILTER (WHERE state IN ('queued', 'sending')),"
        f" count(*) FILTER (WHERE state = 'unconfirmed' AND NOT ({UNDECIDED})), count(*) FILTER (WHERE {UNDECIDED}),"
        " count(*) FILTER (WHERE state = 'failed' AND give_up_at > ? AND reason IN (SELECT value FROM json_each(?)))"
        " FROM deliveries WHERE state IN ('queued', 'sending', 'unconfirmed', 'failed')"
    )
    values = (now - OVERDUE_SECONDS, now - OVERDUE_SECONDS, now, json.dumps(FOR_AN_ADMIN))
    row = await database.read(lambda db: db.execute(sql, values).fetchone())
    waiting, overdue, oldest, looked_up, undecided, for_an_admin = row
    return Queue(waiting, overdue, oldest or 0.0, looked_up, undecided, for_an_admin)


async def fetched(database: Database) -> Mapping[tuple[Workspace, str], Mapping[str, float]]:
    """For every connection the names of its lists that were ever stored, and when each was fetched (epoch seconds)."""
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
