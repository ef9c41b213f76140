"""The SQLite file: opening, migrating, writing, and what several processes on one file do to each
other."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import sqlite_utils

from bot.connections.setup_links import SetupLink, SetupLinks, digest_of
from bot.errors import SettingError
from bot.storage.database import BUSY_MILLISECONDS, Database
from bot.storage.migrations import MIGRATIONS
from bot.storage.preferences import Preferences
from bot.workspace import Workspace

DIARY = "Dear diary, " * 100
TABLES = [
    *("audit_events", "catalog_additions", "catalog_entries", "catalogs"),
    *("connections", "deliveries", "delivery_events", "installations"),
    *("permissions", "preferences", "setup_links", "workspace_settings", "workspaces"),
]
OPEN_AND_WRITE = """
import asyncio, sys
from pathlib import Path
from bot.storage.database import Database

async def main():
    database = await Database.open(Path(sys.argv[1]))
    await database.write(lambda db: db.execute(
        "INSERT INTO preferences VALUES ('', 'T1', ?, 'incident', 'rootly.incident')", (sys.argv[2],)))
    await database.close()

asyncio.run(main())
"""


def ours(path: Path) -> list[str]:
    with sqlite3.connect(path) as db:
        rows = db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '!_%' ESCAPE '!'"
        )
        names = sorted(row[0] for row in rows if not row[0].startswith("sqlite_"))
    db.close()
    return names


async def test_a_fresh_file_gets_all_tables(path: Path) -> None:
    """Opening a path where there is nothing makes the file with every table."""
    database = await Database.open(path)
    await database.close()
    assert ours(path) == TABLES


def _remember(db: sqlite3.Connection, person: str) -> None:
    db.execute("INSERT INTO preferences VALUES ('', 'T1', ?, 'incident', 'x.y')", (person,))


async def test_a_migrated_file_is_opened_as_it_is(path: Path) -> None:
    """Opening a file that is up to date keeps its rows and applies nothing again."""
    for person in ("U1", "U2"):
        database = await Database.open(path)
        await database.write(partial(_remember, person=person))
        kept = await database.read(
            lambda db: [row[0] for row in db.execute("SELECT person FROM preferences")]
        )
        applied = await database.read(
            lambda db: db.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0]
        )
        await database.close()
    assert (kept, applied) == (
        ["U1", "U2"],
        len(MIGRATIONS.pending(sqlite_utils.Database(memory=True))),
    )


async def test_the_file_is_durable_and_checks_its_references(database: Database) -> None:
    """Both threads' connections use WAL with full synchronisation, foreign keys, and a busy
    time-out under a second."""

    def pragmas(db: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    expected = ["wal", 2, 1, BUSY_MILLISECONDS]
    assert await database.read(pragmas) == expected
    assert await database.write(pragmas) == expected
    assert BUSY_MILLISECONDS < 1000


@pytest.mark.parametrize("times", range(3))
def test_three_processes_start_at_once_on_a_fresh_file(path: Path, times: int) -> None:
    """Whichever migrates first, all of them come up and can write."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AND_WRITE, str(path), f"C{n}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in started]
    assert ends == [("", 0)] * 3
    with sqlite3.connect(path) as db:
        assert sorted(row[0] for row in db.execute("SELECT person FROM preferences")) == [
            "C0",
            "C1",
            "C2",
        ]
    db.close()


async def test_starts_at_the_same_moment_wait_for_each_other(path: Path) -> None:
    """Four openings of one fresh file within a millisecond all succeed."""
    together = threading.Barrier(4)

    def start() -> None:
        async def main() -> None:
            together.wait(10)
            await (await Database.open(path)).close()

        asyncio.run(main())

    await asyncio.gather(*[asyncio.to_thread(start) for _ in range(4)])
    assert ours(path) == TABLES


async def test_a_start_waits_for_a_file_that_is_busy_for_a_while(path: Path) -> None:
    """A file that another process holds for longer than the busy time-out, before it is in WAL
    mode, is opened later."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    opening = asyncio.create_task(Database.open(path))
    await asyncio.sleep(1.2)
    other.execute("COMMIT")
    other.close()
    await (await opening).close()
    assert ours(path) == TABLES


async def test_a_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    """What a failed write did is rolled back, its error comes out, and the next write works."""

    def fail(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO preferences VALUES ('', 'T1', 'C1', 'incident', 'x.y')")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await database.write(fail)
    await database.write(
        lambda db: db.execute("INSERT INTO preferences VALUES ('', 'T1', 'C2', 'incident', 'x.y')")
    )
    assert await database.read(
        lambda db: [row[0] for row in db.execute("SELECT person FROM preferences")]
    ) == ["C2"]


async def test_a_busy_file_blocks_no_reader_and_fails_a_writer_soon(database: Database) -> None:
    """While another process writes, reads go on at once and a write raises within about a second."""
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    loop = asyncio.get_running_loop()
    started = loop.time()
    writing = asyncio.create_task(database.write(lambda db: db.execute("DELETE FROM preferences")))
    assert (
        await database.read(lambda db: db.execute("SELECT count(*) FROM preferences").fetchone()[0])
        == 0
    )
    assert loop.time() - started < 0.5
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await writing
    assert loop.time() - started < 2.0
    other.execute("COMMIT")
    other.close()
    await database.write(lambda db: db.execute("DELETE FROM preferences"))


async def test_a_writer_waits_for_another_that_ends_soon(database: Database) -> None:
    """A short write of another process delays ours and does not fail it."""
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(database.write(lambda db: db.execute("DELETE FROM preferences")))
    await asyncio.sleep(0.1)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing


async def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """A path that cannot be opened names the setting and the path."""
    path = tmp_path / "nowhere" / "relay.db"
    with pytest.raises(SettingError) as caught:
        await Database.open(path)
    assert str(caught.value) == (
        f"RELAY_DATABASE: {path} can't be opened as a database (No such file or directory). "
        "Choose a file that the bot may write."
    )


def diary(path: Path) -> str:
    """What stands in the file, written first if there is none."""
    if not path.exists():
        path.write_text(DIARY)
    return path.read_text()


async def test_a_file_that_is_no_database_is_one_sentence_and_stays_as_it_is(path: Path) -> None:
    """Something else under that name is neither read nor overwritten."""
    diary(path)
    with pytest.raises(
        SettingError, match=r"^RELAY_DATABASE: .* can't be opened as a database .*\. Choose a file"
    ):
        await Database.open(path)
    assert diary(path) == DIARY


async def test_open_links_survive_their_tables_new_name(path: Path) -> None:
    """A file of before has `links`: what stood there is read as before."""
    before = sqlite_utils.Database(path, execute_plugins=False)
    MIGRATIONS.apply(before, stop_before="m021_rename_links_to_setup_links")
    with before.conn:
        before.conn.execute(
            "INSERT INTO links VALUES (?, '', 'T1', 'rootly', 'U1', 'Ann', 'Acme', 2e9)",
            (digest_of("token"),),
        )
    before.close()
    database, here = await Database.open(path), Workspace("", "T1")
    link = await SetupLinks(database, lambda: 1e9).find("token")
    assert link == SetupLink(digest_of("token"), here, "rootly", "U1", "Ann", "Acme", 2e9)
    await database.close()


async def test_people_keep_the_tool_of_their_last_delivery(path: Path) -> None:
    """A file of before knows channels' tools only. Deliveries tell what each person used last."""
    before = sqlite_utils.Database(path, execute_plugins=False)
    MIGRATIONS.apply(before, stop_before="m051_remember_each_persons_tool")
    rows = [("a", "U1", "acme"), ("b", "U1", "notes"), ("c", "U2", "acme")]
    with before.conn:
        before.conn.execute(
            "INSERT INTO preferences VALUES ('', 'T1', 'C1', 'incident', 'rootly.incident')"
        )
        before.conn.executemany(
            "INSERT INTO deliveries (enterprise, team, key, actor, vendor, kind, operation, branch,"
            " account, actor_name, channel, private, title, payload, selected, state, created_at,"
            " next_attempt_at, card_not_before) VALUES ('', 'T1', ?, ?, ?, 'incident', 'incident',"
            " '', 'acme', 'Ann', 'C1', 0, 'x', '{}', '{}', 'delivered', 1, 1, 0)",
            rows,
        )
    before.close()
    database, here = await Database.open(path), Workspace("", "T1")
    preferences = Preferences(database)
    assert [await preferences.get(here, who, "incident") for who in ("U1", "U2", "C1")] == [
        "notes.incident",
        "acme.incident",
        None,
    ]
    await database.close()
