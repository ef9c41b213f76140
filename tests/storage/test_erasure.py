"""Erased is erased: no byte of a key that was replaced or removed stays in the database's folder,
and no part of the process keeps it."""

import asyncio
import random
import sqlite3
import sys
import time
from collections.abc import Coroutine, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.connections.store import Connections
from bot.slack.installations import Installation, Installations
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.uninstall import Purge, Uninstaller
from bot.workspace import Workspace, WorkspaceMemory
from tests.world.bot import eventually
from tests.world.machine import make_connections
from tests.world.notes import ELSEWHERE, HERE, KEY, Clock

ERASED_SECONDS = 5.0


async def save(connections: Connections, workspace: Workspace = HERE, key: str = "key") -> None:
    await connections.save(
        workspace, "notes", account="acme", account_name="Acme", secret={"api_key": key}
    )


async def ciphertexts(database: Database) -> list[bytes]:
    """What is stored of all keys and tokens."""
    sql = "SELECT secret FROM connections UNION ALL SELECT token FROM installations"
    rows = await database.read(lambda tx: tx.execute(sql).fetchall())
    return [row[0].strip().encode() for row in rows]


def in_folder(path: Path, texts: list[bytes]) -> bool:
    """Whether any part of any of them is in any file."""
    everything = b"".join(it.read_bytes() for it in path.parent.iterdir())
    return any(text[at : at + 40] in everything for text in texts for at in (40, len(text) - 41))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Another process that reads the whole time, such as a backup."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM connections").fetchall()
        yield


@pytest.mark.parametrize("change", ["replace", "disconnect"])
async def test_the_old_key_is_in_no_file(
    database: Database, connections: Connections, path: Path, change: str
) -> None:
    """Five seconds after it was replaced or removed, at the latest; the present key is there."""
    await save(connections, ELSEWHERE, "their key")
    theirs = await ciphertexts(database)
    await save(connections)
    ours = [it for it in await ciphertexts(database) if it not in theirs]
    await (save(connections) if change == "replace" else connections.remove(HERE, "notes"))
    await eventually(lambda: not in_folder(path, ours), ERASED_SECONDS)
    assert in_folder(path, theirs)


async def test_a_long_reader_delays_the_erasing_and_nothing_else(
    database: Database, connections: Connections, path: Path
) -> None:
    """While somebody reads what was there before, people's reads and writes wait for nothing. The
    key is gone soon after the reader ends."""
    await save(connections)
    old = await ciphertexts(database)
    with reading(path):
        await save(connections)
        for _ in range(20):
            began = time.monotonic()
            await save(connections, ELSEWHERE)
            await connections.vendors(HERE)
            assert time.monotonic() - began < 0.5
            await asyncio.sleep(0.05)
        assert in_folder(path, old)
    await eventually(lambda: not in_folder(path, old), ERASED_SECONDS)


async def test_a_token_that_was_replaced_is_in_no_file(database: Database, path: Path) -> None:
    """Installing again stores another token."""
    installations = Installations(database, SecretBox([KEY]))
    for token in ("xoxb-old", "xoxb-new"):
        old = await ciphertexts(database)
        await installations.save(
            Installation(HERE, "Acme", "A1", "U1", "B1", ("chat:write",), "U2", 1e9, token)
        )
    assert old
    await eventually(lambda: not in_folder(path, old), ERASED_SECONDS)


async def test_no_copy_stays_behind_when_pages_fill_up(
    database: Database, connections: Connections, path: Path
) -> None:
    """SQLite moves rows to another page when theirs is full, and does not overwrite where they
    were. Which rows it moves depends on their sizes and order: these leave copies."""
    dice, workspaces, old = random.Random(1), list[Workspace](), set[bytes]()

    def some(number: int) -> list[Workspace]:
        return [Workspace("", f"T{dice.randrange(16**9):09X}") for _ in range(number)]

    def save_again(workspace: Workspace) -> Coroutine[None, None, None]:
        return save(connections, workspace, "k" * dice.choice((20, 90, 150, 300)))

    for number in (400, *[30] * 8):
        before, chosen = (
            set(await ciphertexts(database)),
            dice.sample(workspaces, min(len(workspaces), 60)),
        )
        gone, kept = chosen[:30], chosen[30:]
        await asyncio.gather(*(connections.remove(it, "notes") for it in gone))
        await asyncio.gather(*map(save_again, kept))
        new = some(number)
        await asyncio.gather(*map(save_again, new))
        workspaces = [it for it in workspaces if it not in gone] + new
        old |= before - set(await ciphertexts(database))
    assert len(old) == 8 * 60
    await eventually(lambda: not in_folder(path, [*old]), ERASED_SECONDS)


async def test_uninstalling_does_not_wait_for_a_reader(
    database: Database, connections: Connections, path: Path
) -> None:
    """Slack has its answer at once, and the bytes go when the reader has ended."""
    await save(connections)
    old = await ciphertexts(database)
    with reading(path):
        began = time.monotonic()
        await Uninstaller(Purge(database), WorkspaceMemory()).leave(HERE, 2e9)
        assert time.monotonic() - began < 0.5
    await eventually(lambda: not in_folder(path, old), ERASED_SECONDS)


async def test_closing_erases_first(path: Path, clock: Clock) -> None:
    """A command that ends at once leaves nothing in the journal, though the bot has the file
    open."""
    running, ended = await Database.open(path), await Database.open(path)
    for _ in range(2):
        old = await ciphertexts(ended)
        await save(make_connections(ended, clock))
    await ended.close()
    assert old
    assert not in_folder(path, old)
    await running.close()


def test_an_opened_secret_is_kept_nowhere() -> None:
    """Whoever asked for it has the only reference to it."""
    box, owner = SecretBox([Fernet.generate_key()]), ("", "T1", "notes")
    secret = box.open(owner, box.seal(owner, {"api_key": "a key of this test"}))
    key = secret.pop("api_key")
    references = sys.getrefcount(key)
    assert references == 2  # this function's, and the call's
