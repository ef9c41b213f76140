"""The condition of the database file, for the operator. Examining it changes nothing."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from bot.storage.database import BUSY_MILLISECONDS
from bot.storage.migrations import MIGRATIONS


@dataclass(frozen=True, slots=True)
class File:
    """The findings about a file.

    `damage` is SQLite's first complaint: empty without one, None if the check took too long.
    `older` counts the migrations that the file lacks; `newer` those that only a newer bot knows.
    `blocked` says why the file cannot be written, and is empty if it can.
    """

    damage: str | None
    older: int
    newer: int
    blocked: str


def examine(path: Path, seconds: float) -> File:
    """Examine the file, for so many seconds at most. Blocks. Raises `sqlite3.Error` if the file is
    no database."""
    deadline = time.monotonic() + seconds
    with closing(
        sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)
    ) as db:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        applied = {
            it.name for it in MIGRATIONS.applied(sqlite_utils.Database(db, execute_plugins=False))
        }
        ours = {
            it.name
            for it in MIGRATIONS.pending(sqlite_utils.Database(memory=True, execute_plugins=False))
        }
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
