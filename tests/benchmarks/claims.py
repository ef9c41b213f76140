"""Measures what a claim costs beside many finished deliveries, and prints the ratio. About two
minutes.

    python tests/benchmarks/claims.py [--few N] [--many N] [--claims N]

Two databases, one with few and one with many finished deliveries with their trail; the claims take
turns, so that whatever else the machine is doing meets both.
"""

import argparse
import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from bot.delivery.model import Draft, Outcome
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.workspace import Workspace

HERE = Workspace("", "T012AB3CD")
DELIVERED = Outcome(
    "delivered", vendor_object={"id": "1", "reference": "INC-1", "title": "It is down", "url": ""}
)
COPIED = 1000


def draft(number: int) -> Draft:
    """An incident of ordinary size."""
    return Draft(
        workspace=HERE,
        key=f"ir{number:012x}",
        kind="incident",
        vendor="rootly",
        operation="incident",
        branch="",
        account="acme",
        actor=f"U{number % 50:08}",
        actor_name="Maya Okafor",
        channel=f"C{number % 20:08}",
        private=False,
        title="Checkout is down",
        payload={"title": "Checkout is down", "summary": "Nobody can pay. " * 20},
        selected={},
    )


async def prepared(path: Path, finished: int) -> Database:
    """A database with so many deliveries that have been delivered and shown."""
    database = await Database.open(path)
    deliveries = Deliveries(database)
    row, _ = await deliveries.enqueue(draft(0), lease=45, card_not_before=0)
    await deliveries.settle(row, DELIVERED)
    await database.write(lambda db: db.execute("UPDATE deliveries SET card_version = version"))
    columns = [
        it[1]
        for it in await database.read(
            lambda db: db.execute("PRAGMA table_info(deliveries)").fetchall()
        )
    ]
    copied = ", ".join(
        {"id": "NULL", "key": "printf('ir%012x', ?1 + value)"}.get(it, it) for it in columns
    )
    sql = f"INSERT INTO deliveries SELECT {copied} FROM deliveries, generate WHERE id = 1"
    numbers = "WITH RECURSIVE generate(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM generate WHERE value < ?2)"
    for begin in range(1, finished, COPIED):
        count = min(COPIED, finished - begin)
        await database.write(partial(_execute, sql=f"{numbers} {sql}", values=(begin, count - 1)))
    await database.write(lambda db: db.execute("ANALYZE"))
    return database


def _execute(db: sqlite3.Connection, sql: str, values: tuple[int, int]) -> None:
    db.execute(sql, values)


async def claim_times(databases: list[Database], claims: int) -> list[list[float]]:
    """Microseconds that each claim of a queued row took, by database."""
    times: list[list[float]] = [[] for _ in databases]
    for number in range(claims):
        for database, found in zip(databases, times, strict=True):
            deliveries = Deliveries(database)
            await deliveries.enqueue(draft(10**9 + number), lease=None, card_not_before=0)
            started = time.perf_counter()
            row = await deliveries.claim((HERE, "rootly"), 45)
            found.append((time.perf_counter() - started) * 1e6)
            if row is None:
                raise SystemExit("There was nothing to claim.")
            await deliveries.settle(row, DELIVERED)
    return times


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute("SELECT count(*) FROM deliveries").fetchone()[0])


async def main(few: int, many: int, claims: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "few.db", Path(folder) / "many.db"]
        databases = [
            await prepared(path, count) for path, count in zip(paths, (few, many), strict=True)
        ]
        times = await claim_times(databases, claims)
        for path, found in zip(paths, times, strict=True):
            slow = sorted(found)[int(len(found) * 0.95)]
            print(
                f"{rows(path):>9,} deliveries: a claim takes {statistics.median(found):6.0f} µs, "
                f"95th percentile {slow:6.0f}"
            )
        print(f"many / few: {statistics.median(times[1]) / statistics.median(times[0]):.2f}x")
        for database in databases:
            await database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure claims beside finished deliveries.")
    parser.add_argument(
        "--few", type=int, default=1_000, help="finished deliveries in one database (%(default)s)"
    )
    parser.add_argument(
        "--many", type=int, default=1_000_000, help="and in the other (%(default)s)"
    )
    parser.add_argument(
        "--claims", type=int, default=500, help="claims measured in each (%(default)s)"
    )
    given = parser.parse_args()
    asyncio.run(main(given.few, given.many, given.claims))
