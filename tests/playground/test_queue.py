"""The queue in view: what the playground reads from the bot's own file."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from bot.playground.queue import LATELY_SECONDS, SHOWN, Line, QueueReader
from bot.storage.database import Database
from tests.world.bot import eventually

NOW = 1_800_000_000.0
ROW: dict[str, Any] = {
    "enterprise": "",
    "team": "T1",
    "kind": "incident",
    "vendor": "rootly",
    "operation": "incident",
    "branch": "",
    "account": "1",
    "actor": "U1",
    "actor_name": "Maya",
    "channel": "C1",
    "private": 0,
    "payload": "{}",
    "selected": "{}",
    "reason": "",
    "attempt": 1,
    "created_at": NOW,
    "next_attempt_at": NOW,
    "updated_at": NOW,
    "reconcile_at": 0,
    "card_not_before": 0,
}


class DisplayedObject:
    """What the page was told last, and how often."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.waiting = 0
        self.times = 0

    def __call__(self, lines: list[Line], waiting: int) -> None:
        self.lines, self.waiting, self.times = lines, waiting, self.times + 1

    @property
    def states(self) -> dict[str, str]:
        return {line["title"]: line["state"] for line in self.lines}


async def add(database: Database, title: str, state: str, **values: Any) -> None:
    """Write one row."""
    row = {**ROW, "key": title, "title": title, "state": state, **values}
    sql = f"INSERT INTO deliveries ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    await database.write(lambda db: db.execute(sql, tuple(row.values())))


async def change(
    database: Database, title: str, state: str, reconcile_at: float = 0.0, updated_at: float = NOW
) -> None:
    sql = "UPDATE deliveries SET (state, reconcile_at, updated_at) = (?, ?, ?) WHERE title = ?"
    await database.write(lambda db: db.execute(sql, (state, reconcile_at, updated_at, title)))


async def test_a_file_that_is_not_there_yet_is_an_empty_queue(tmp_path: Path) -> None:
    """Nothing is told before there is a file and a table; then each change is told once."""
    shown, path = DisplayedObject(), tmp_path / "a folder with % and ?" / "relay.db"
    path.parent.mkdir()
    async with QueueReader(path, shown, lambda: NOW).looking():
        await asyncio.sleep(0.4)
        assert not path.exists()
        sqlite3.connect(path).close()
        await asyncio.sleep(0.4)
        database = await Database.open(path)
        await add(
            database,
            "Checkout is down",
            "queued",
            reason="unreachable",
            attempt=2,
            next_attempt_at=NOW + 8,
        )
        await eventually(lambda: shown.lines)
        assert shown.lines == [
            {
                "id": 1,
                "title": "Checkout is down",
                "vendor": "rootly",
                "operation": "incident",
                "state": "queued",
                "reason": "unreachable",
                "attempt": 2,
                "created_at": NOW,
                "next_attempt_at": NOW + 8,
                "reconcile_at": 0.0,
                "card_ts": "",
            }
        ]
        await change(database, "Checkout is down", "sending")
        await eventually(lambda: shown.states == {"Checkout is down": "sending"})
        assert (shown.times, shown.waiting) == (2, 1)
        await database.close()


async def test_what_finished_goes_after_a_while(tmp_path: Path) -> None:
    """Finished deliveries stay in view for a minute and a half, although nothing in the file
    changes any more."""
    now = NOW
    shown = DisplayedObject()
    database = await Database.open(tmp_path / "relay.db")
    await add(database, "Waits", "unconfirmed", reconcile_at=NOW + 2)
    await add(database, "Done", "delivered")
    await add(database, "Done long ago", "delivered", updated_at=NOW - 1000)
    reader = QueueReader(tmp_path / "relay.db", shown, lambda: now)
    async with reader.looking():
        await eventually(lambda: shown.states)
        assert shown.states == {"Done": "delivered", "Waits": "unconfirmed"}
        now += LATELY_SECONDS
        await eventually(lambda: len(shown.states) == 1)
        assert (shown.states, shown.waiting) == ({"Waits": "unconfirmed"}, 1)
    await database.close()


async def test_a_look_under_way_is_not_one_to_come(tmp_path: Path) -> None:
    """While the vendor is asked, the row's `reconcile_at` is the end of a lease; the line says when
    the look was due, until the answer sets the time of the next one."""
    shown = DisplayedObject()
    database = await Database.open(tmp_path / "relay.db")
    await add(database, "In doubt", "unconfirmed", reconcile_at=NOW + 2)
    reader = QueueReader(tmp_path / "relay.db", shown, lambda: NOW)
    told = []
    for reconcile_at, updated_at in (
        (NOW + 2, NOW),
        (NOW + 62, NOW),
        (NOW + 62, NOW),
        (NOW + 7, NOW + 3),
    ):
        await change(database, "In doubt", "unconfirmed", reconcile_at, updated_at)
        await reader.look()
        told.append(shown.lines[0]["reconcile_at"] - NOW)
    async with reader.looking():  # closes what was opened
        pass
    assert told == [2, 2, 2, 7]
    await database.close()


async def test_what_waits_goes_before_what_finished(tmp_path: Path) -> None:
    """Of more deliveries than there is room for, those that wait are shown, newest first, and all
    of them counted."""
    shown = DisplayedObject()
    database = await Database.open(tmp_path / "relay.db")
    for number in range(SHOWN - 1):
        await add(database, f"Waits {number}", "queued")
    for number in range(3):
        await add(database, f"Done {number}", "delivered")
    reader = QueueReader(tmp_path / "relay.db", shown, lambda: NOW)
    async with reader.looking():
        await eventually(lambda: shown.lines)
        expected = ["Done 2", *(f"Waits {number}" for number in reversed(range(SHOWN - 1)))]
        assert ([line["title"] for line in shown.lines], shown.waiting) == (expected, SHOWN - 1)
        for number in range(20):
            await add(database, f"Waits as well {number}", "sending")
        await eventually(lambda: shown.waiting == SHOWN - 1 + 20)
        assert [line["title"] for line in shown.lines] == [
            f"Waits as well {number}" for number in range(19, 11, -1)
        ]
    await database.close()
