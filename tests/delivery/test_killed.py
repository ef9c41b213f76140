"""A process that is killed between two writes that belong together leaves neither of them."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.uninstall import Purge
from tests.world.machine import make_connections
from tests.world.notes import HERE, SECRET, Clock, draft

KILLED = 9
CHILD = """
import asyncio, os, sys
from pathlib import Path
from bot.storage.database import Database
from tests.world.notes import Clock
from tests.delivery.test_killed import SCENARIOS

async def main(path, name):
    database = await Database.open(Path(path))
    dies_before, act = SCENARIOS[name]

    def die(statement):
        if statement.startswith(dies_before):
            os._exit(9)

    await database.write(lambda tx: tx.set_trace_callback(die))
    await act(database, Clock())
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


async def submit(database: Database, clock: Clock) -> None:
    """The channel's preference, the row and its event."""
    await Deliveries(database, clock).enqueue(draft("new"), lease=45, card_not_before=0)


async def submit_many(database: Database, clock: Clock) -> None:
    """All rows of a batch, each with its event."""
    drafts = [draft(key) for key in ("one", "two", "three")]
    await Deliveries(database, clock).enqueue_batch(drafts, card_not_before=0)


async def claim(database: Database, clock: Clock) -> None:
    """The row and its event."""
    await Deliveries(database, clock).claim((HERE, "notes"), 45)


async def cancel(database: Database, clock: Clock) -> None:
    """The row and its event."""
    await Decisions(database, clock).make(HERE, "queued", "cancel", "U0BOB00001")


async def reconnect(database: Database, clock: Clock) -> None:
    """The connection, and the deliveries that waited for it."""
    await make_connections(database, clock).save(
        HERE, "notes", account="acme", account_name="Acme", secret=SECRET
    )


async def disconnect(database: Database, clock: Clock) -> None:
    """The connection, and the deliveries that are queued for it."""
    await make_connections(database, clock).remove(HERE, "notes")


async def uninstall(database: Database, clock: Clock) -> None:
    """Everything of the workspace."""
    await Purge(database).remove(HERE, clock.now)


SCENARIOS: dict[str, tuple[str, Any]] = {
    "submit": ("INSERT INTO delivery_events", submit),
    "submit_many": ("UPDATE deliveries SET batch_news", submit_many),
    "claim": ("INSERT INTO delivery_events", claim),
    "cancel": ("INSERT INTO delivery_events", cancel),
    "reconnect": ("UPDATE deliveries", reconnect),
    "disconnect": ("UPDATE deliveries", disconnect),
    "uninstall": ("DELETE FROM deliveries", uninstall),
}
"""What is done, and before which of its statements the process dies."""


async def fill(path: Path) -> None:
    """A connection, a row that is queued and one that waits for an admin."""
    database, clock = await Database.open(path), Clock()
    await reconnect(database, clock)
    deliveries = Deliveries(database, clock)
    failed, _ = await deliveries.enqueue(draft("failed"), lease=45, card_not_before=0)
    await deliveries.settle(failed, Outcome("failed", "unauthorized", said("No.")))
    queued, _ = await deliveries.enqueue(draft("queued"), lease=45, card_not_before=0)
    later = Outcome("queued", "unreachable", next_attempt_at=clock.now)
    await deliveries.settle(queued, later)
    await database.close()


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: db.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(names)}


@pytest.mark.parametrize("name", SCENARIOS)
def test_all_of_it_is_written_or_nothing(path: Path, name: str) -> None:
    """The file is as it was before; the next process does it whole."""
    asyncio.run(fill(path))
    before = everything(path)
    child = subprocess.run([sys.executable, "-c", CHILD, str(path), name], check=False, timeout=90)
    assert child.returncode == KILLED
    assert everything(path) == before

    async def again() -> None:
        database = await Database.open(path)
        await SCENARIOS[name][1](database, Clock())
        await database.close()

    asyncio.run(again())
    assert everything(path) != before
