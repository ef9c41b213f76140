"""The bot's queue, read from its SQLite file by the playground.

The bot cannot answer itself, because it may have been killed.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bot.delivery.states import OPEN
from bot.delivery.store.workspaces import newest_open_or_changed

LOOK_SECONDS = 0.3
LATELY_SECONDS = 90.0
SHOWN = 8

COLUMNS = (
    "id",
    "title",
    "vendor",
    "operation",
    "state",
    "reason",
    "attempt",
    "created_at",
    "next_attempt_at",
    "reconcile_at",
    "card_ts",
)
Line = dict[str, Any]
"""A delivery in the page's format: the `COLUMNS` of its row. Times are in epoch seconds."""


class QueueReader:
    """Reads the file every `LOOK_SECONDS`, and calls `on_change` after a change.

    `on_change` gets the lines and the number of waiting deliveries. A line is a delivery that waits
    or was finished in the last `LATELY_SECONDS`, newest first. If there are more than `SHOWN`,
    waiting ones are preferred. The file or its table may be missing at first.

    While the bot asks a vendor about a delivery, the row's `reconcile_at` is the end of the bot's
    lease. The line keeps the time at which the look-up was due.
    """

    def __init__(
        self,
        path: Path,
        on_change: Callable[[list[Line], int], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._on_change = on_change
        self._clock = clock
        # A connection belongs to one thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="queue-reader")
        self._connection: sqlite3.Connection | None = None
        self._version = 0
        self._rows: list[Line] = []
        self._told: tuple[list[Line], int] = ([], 0)

    @contextlib.asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Read the file in the background during the context."""
        task = asyncio.create_task(self._run(), name="queue reader")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            self._thread.shutdown()

    async def look(self) -> None:
        """Read the changes and report them."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._read)
        waiting = [row for row in self._rows if row["state"] in OPEN]
        lately = self._clock() - LATELY_SECONDS
        finished = [
            row for row in self._rows if row["state"] not in OPEN and row["updated_at"] > lately
        ]
        first = sorted([*waiting, *finished][:SHOWN], key=lambda row: -row["id"])
        told = [{name: row[name] for name in COLUMNS} for row in first], len(waiting)
        if told != self._told:
            self._told = told
            self._on_change(*told)

    async def _run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    def _read(self) -> None:
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"{self._path.absolute().as_uri()}?mode=ro", uri=True
                )
                self._connection.row_factory = sqlite3.Row
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version == self._version:
                return
            found = newest_open_or_changed(
                self._connection, (*COLUMNS, "updated_at"), self._clock() - LATELY_SECONDS
            )
        except (
            sqlite3.OperationalError
        ):  # no file or table yet, or locked while it is switched to WAL: the next look tells
            return
        seen = {row["id"]: row for row in self._rows}
        self._rows, self._version = (
            [_as_due(dict(row), seen.get(row["id"])) for row in found],
            version,
        )

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _as_due(row: Line, before: Line | None) -> Line:
    """Return the row, with its earlier `reconcile_at` if only a lease was taken since.

    Every other change sets `updated_at` too.
    """
    if (
        before
        and before["updated_at"] == row["updated_at"]
        and 0 < before["reconcile_at"] < row["reconcile_at"]
    ):
        return {**row, "reconcile_at": before["reconcile_at"]}
    return row
