"""The SQLite file: all writes on one thread, reads on another, never on the event loop.

Every write is one transaction that begins IMMEDIATE: it takes the file's write lock first, so that two processes on one
file wait for each other (`busy_timeout`) instead of failing half-way.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import sqlite_utils

from bot.errors import SettingError
from bot.storage.migrations import MIGRATIONS

T = TypeVar("T")
BUSY_MILLISECONDS = 900
OPEN_SECONDS = 10.0
"""Several processes may start on a fresh file at once, and SQLite waits for nobody while it switches a file to WAL."""


class Database:
    """`await Database.open(path)`, then `write` and `read` with functions that take the connection."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="sqlite-read")
        self._connections: dict[ThreadPoolExecutor, sqlite3.Connection] = {}

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Open or make the file and bring its tables up to date. Raises `SettingError` when it cannot be opened."""
        database = cls(path)
        loop = asyncio.get_running_loop()
        until = loop.time() + OPEN_SECONDS
        while True:
            try:
                await database._prepare()
            except (sqlite3.Error, OSError) as error:
                if not _is_busy(error) or loop.time() > until:
                    await database.close()
                    reason = getattr(error, "strerror", None) or error
                    raise SettingError(
                        "RELAY_DATABASE",
                        f"{path} cannot be opened as a database ({reason}); choose a file that the bot may write.",
                    ) from error
            else:
                return database
            await asyncio.sleep(0.05)

    async def _prepare(self) -> None:
        for pool in (self._writing, self._reading):
            if pool not in self._connections:
                self._connections[pool] = await asyncio.get_running_loop().run_in_executor(pool, _connect, self.path)
        await self.write(_migrate)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction of its own and commit it. Raises what `work` raises, after rolling back."""
        return await asyncio.get_running_loop().run_in_executor(
            self._writing, _transact, self._connections[self._writing], work
        )

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the reading thread. It sees everything committed before it began."""
        return await asyncio.get_running_loop().run_in_executor(self._reading, work, self._connections[self._reading])

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        loop = asyncio.get_running_loop()
        for pool in (self._reading, self._writing):
            if (connection := self._connections.pop(pool, None)) is not None:
                await loop.run_in_executor(pool, connection.close)
            pool.shutdown(wait=False)


def _connect(path: Path) -> sqlite3.Connection:
    with contextlib.suppress(FileExistsError):  # its side files take the mode over: it holds what people wrote
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _migrate(connection: sqlite3.Connection) -> None:
    MIGRATIONS.apply(sqlite_utils.Database(connection, execute_plugins=False))


def _transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
