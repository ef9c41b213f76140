"""The SQLite file: all writes on one thread, reads on another, never on the event loop.

Writes that wait at the same moment are committed together, in one transaction with one flush to the
disk. Each of them is answered after the commit. A transaction begins IMMEDIATE: it takes the file's
write lock first. So two processes on one file wait for each other (`busy_timeout`), and neither
fails half-way.
"""

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlite_utils
import structlog

from bot.errors import SettingError
from bot.storage.migrations import MIGRATIONS

log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], Any]
_Write = tuple[Work, "asyncio.Future[Any]"]
MOST_TOGETHER = 64
BUSY_MILLISECONDS = 900
OPEN_SECONDS = 10.0
"""The time limit for opening a file. Several processes may start on a fresh file at once, and
SQLite does not wait for the others while it switches a file to WAL."""
ERASE_PAUSE = 0.1
LONGEST_ERASE_PAUSE = 1.0
"""Seconds between two attempts to empty the journal: the first pause, and the longest one."""
CLOSING_SECONDS = 3.0
"""The time limit for emptying the journal before the file is closed."""


class Database:
    """One SQLite file. Open it with `async with await Database.open(path) as database`.

    `write` and `read` take functions of the connection, which run on a thread of their own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="sqlite-write")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="sqlite-read")
        self._connections: dict[ThreadPoolExecutor, sqlite3.Connection] = {}
        self._waiting: deque[_Write] = deque()
        self._lock = threading.Lock()
        self._at_work = False
        self._to_erase = False
        self._erasing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Open or make the file, and bring its tables up to date. Raises `SettingError` if the file
        cannot be opened."""
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
                        f"{path} can't be opened as a database ({reason}). Choose a file that "
                        "the bot may write.",
                    ) from error
            else:
                return database
            await asyncio.sleep(0.05)

    async def _prepare(self) -> None:
        for pool in (self._writing, self._reading):
            if pool not in self._connections:
                self._connections[pool] = await asyncio.get_running_loop().run_in_executor(
                    pool, _connect, self.path
                )
        await self.write(_migrate)

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in a transaction and commit it. An exception of `work` undoes its changes and
        is raised here."""
        connection = self._connections[self._writing]
        loop = asyncio.get_running_loop()
        written: asyncio.Future[T] = loop.create_future()
        with self._lock:
            self._waiting.append((work, written))
            idle, self._at_work = not self._at_work, True
        if idle:
            self._writing.submit(self._write_all, connection, loop)
        return await written

    def _write_all(self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        """Write everything that waits. Runs on the writing thread."""
        while True:
            with self._lock:
                together = [
                    self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))
                ]
                self._at_work = bool(together)
            if not together:
                return
            answers = _transact(connection, [work for work, _ in together])
            futures = [written for _, written in together]
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_answer, futures, answers)

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on the reading thread. It sees everything that was committed before."""
        return await asyncio.get_running_loop().run_in_executor(
            self._reading, work, self._connections[self._reading]
        )

    def erase_soon(self) -> None:
        """Empty the journal beside the file, in the background and until that succeeds.

        Removed data stays in the journal until then; in the file itself none is left
        (`secure_delete`). The journal cannot be emptied while somebody reads what was there before.
        """
        self._to_erase = True
        if self._erasing is None or self._erasing.done():
            self._erasing = asyncio.create_task(self._erase(), name="erase")

    async def is_erased(self, seconds: float) -> bool:
        """Wait for the journal to be emptied, and return whether it was in that time."""
        if self._erasing is not None:
            await asyncio.wait({self._erasing}, timeout=seconds)
        return self._erasing is None or self._erasing.done()

    async def _erase(self) -> None:
        pause = ERASE_PAUSE
        while self._to_erase:
            self._to_erase = False
            try:
                emptied = await asyncio.get_running_loop().run_in_executor(
                    self._writing, _empty_journal, self._connections[self._writing]
                )
            except sqlite3.Error as error:
                log.warning("journal.not_emptied", error=type(error).__name__)
                emptied = False
            if not emptied:
                self._to_erase = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_ERASE_PAUSE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Finish the work under way and close the file."""
        if self._erasing is not None and not await self.is_erased(CLOSING_SECONDS):
            log.warning("journal.not_emptied")
            self._erasing.cancel()
            await asyncio.wait({self._erasing})
        loop = asyncio.get_running_loop()
        for pool in (self._reading, self._writing):
            if (connection := self._connections.pop(pool, None)) is not None:
                await loop.run_in_executor(pool, connection.close)
            pool.shutdown(wait=False)


def _connect(path: Path) -> sqlite3.Connection:
    # The file holds people's words. Its side files take over its mode.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # no erased data stays in the file
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _empty_journal(connection: sqlite3.Connection) -> bool:
    """Empty the journal unless somebody reads it. Nobody waits for that reader."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        [(busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    return not busy


def _is_busy(error: Exception) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def _migrate(connection: sqlite3.Connection) -> None:
    MIGRATIONS.apply(sqlite_utils.Database(connection, execute_plugins=False))


def _transact(connection: sqlite3.Connection, works: Sequence[Work]) -> list[Any]:
    """Run all works in one transaction, and return the result or the exception of each.

    A work that fails undoes its own changes only. If the commit fails, all of them have failed.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        answers = (
            [_undoing(connection, work) for work in works]
            if len(works) > 1
            else [works[0](connection)]
        )
        connection.execute("COMMIT")
    except BaseException as error:
        with contextlib.suppress(sqlite3.Error):  # the first error is the one to report
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return [error] * len(works)
    return answers


def _undoing(connection: sqlite3.Connection, work: Work) -> Any:
    """Run one of several works, and return its result, or its exception once its changes are
    undone.

    Raises the exception if the whole transaction is lost.
    """
    connection.execute("SAVEPOINT one_of_many")
    try:
        answer = work(connection)
    except Exception as error:
        # After a full disk or an I/O error, SQLite has undone the whole transaction itself.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO one_of_many")
        answer = error
    connection.execute("RELEASE one_of_many")
    return answer


def _answer(futures: Sequence[asyncio.Future[Any]], answers: Sequence[Any]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.cancelled():
            continue
        if isinstance(answer, StopIteration):  # no future takes one
            future.set_exception(RuntimeError("a database function raised StopIteration"))
        elif isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
