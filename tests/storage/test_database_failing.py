"""A file in trouble fails the writes that meet it, and no others."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot.storage.database import Database


async def test_a_write_that_cannot_be_undone_does_not_stop_the_next_ones(tmp_path: Path) -> None:
    """An error of input and output may meet the ROLLBACK as well; then nobody must wait for ever."""
    database = await Database.open(tmp_path / "relay.db")
    met: list[str] = []

    def deny_once(action: int, name: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_TRANSACTION and name == "ROLLBACK" and not met:
            met.append(name)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def work(db: sqlite3.Connection) -> None:
        db.set_authorizer(deny_once)
        raise KeyError("the work's own")

    async with asyncio.timeout(5):
        with pytest.raises(KeyError):
            await database.write(work)
        for _ in range(3):
            try:
                written = await database.write(lambda db: 17)
            except sqlite3.Error:
                continue
            break
        assert written == 17
    await database.close()
