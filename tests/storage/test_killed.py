"""A process that is killed between two writes that belong together leaves neither of them."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.workspace import Scope
from tests.storage.twins import OURS, Twins
from tests.world.notes import KEY, Clock

LATER = 2e9
CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from bot import uninstall
from bot.connections.store import Connections, Hooks
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import Workspace

OURS = Workspace(*sys.argv[3:5])

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

async def uninstalling(database):
    owners = [*uninstall.OWNERS[:int(sys.argv[5])], die]
    await uninstall.Purge(database, owners).remove(OURS, 2e9)

def connections(database):
    box = SecretBox([sys.argv[5].encode()])
    return Connections(database, box, hooks=Hooks(die, die, die))

async def reconnecting(database):
    await connections(database).save(OURS, "notes", account="acme", account_name="New", secret={})

async def disconnecting(database):
    await connections(database).remove(OURS, "notes")

async def main():
    database = await Database.open(Path(sys.argv[1]))
    await globals()[sys.argv[2]](database)

asyncio.run(main())
"""


@pytest.fixture
async def twins(database: Database, clock: Clock) -> Twins:
    twins = Twins(database, clock)
    await twins.fill()
    return twins


async def killed(path: Path, doing: str, *more: str) -> None:
    """Let another process do it on that file, until it kills itself half-way."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(path), doing, *OURS, *more
    )
    assert await child.wait() == -signal.SIGKILL


@pytest.mark.parametrize("owners", [1, 3, 6])
async def test_uninstalling_removes_all_or_nothing(twins: Twins, owners: int) -> None:
    """The rows of some owners are removed already, those of the others are not: all are there."""
    before = await twins.dump(OURS)
    await killed(twins.database.path, "uninstalling", str(owners))
    assert await twins.dump(OURS) == before
    assert await twins.purge.remove(OURS, LATER) == Scope(OURS)


@pytest.mark.parametrize("doing", ["reconnecting", "disconnecting"])
async def test_a_connection_changes_with_the_deliveries_that_wait_for_it(
    twins: Twins, doing: str
) -> None:
    """The connection is written, the deliveries are not yet due: neither is so afterwards."""
    before = await twins.dump(OURS)
    await killed(twins.database.path, doing, KEY.decode())
    assert await twins.dump(OURS) == before
