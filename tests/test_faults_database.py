"""Faults of the file and of the machine, one by one: the person keeps what was typed and is told,
and later all is well."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from tests.world.bot import World, eventually
from tests.world.modal import Modal
from tests.world.processes import answering, free_port, said, started
from tests.world.rows import submit, until

SUMMARY = "Nobody can pay. " * 150
"""Longer than what is left in the file's last pages."""
LOCK = """
import signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("locked", file=sys.stderr, flush=True)
signal.pause()
"""


@asynccontextmanager
async def locked(database: Path) -> AsyncIterator[None]:
    """Another process holds the file's write lock."""
    async with started(str(database), environment={}, program=("-c", LOCK)) as process:
        await said(process, "locked")
        yield


async def press_and_be_told(form: Modal) -> None:
    """Submit: a note says that nothing was saved, and below it stands what was typed."""
    assert (await form.submit()).ok
    note = Modal(form.slack, form.user)
    assert "We couldn't save this, so *nothing was sent*." in note.text
    await form.slack.close(form.user, note.id)
    assert (form.value("title"), form.value("summary")) == ("Checkout is down", SUMMARY)


async def press_again(form: Modal) -> None:
    """Submit once more, and it is created."""
    await form.send()
    await eventually(lambda: "Created in Rootly" in Modal(form.slack, form.user).text, 30)


async def test_a_file_that_another_process_keeps_locked(world: World) -> None:
    """Longer than the bot waits for it: nothing was saved or sent; once it is free, pressing again
    creates it once."""
    await world.lists_loaded()
    form = await (await world.open("/incident Checkout is down")).fill(summary=SUMMARY)
    async with locked(world.settings.database):
        await press_and_be_told(form)
        assert world.sandbox.vendors["rootly"].created == []
    await press_again(form)
    assert len(world.sandbox.vendors["rootly"].created) == 1


async def test_an_answer_that_comes_while_the_file_is_locked(world: World) -> None:
    """It is written down as soon as the file is free, and nothing is sent again."""
    vendor = world.sandbox.vendors["rootly"]
    vendor.hold = asyncio.Event()
    await submit(world)
    await eventually(lambda: vendor.created)
    async with locked(world.settings.database):
        vendor.hold.set()
        await asyncio.sleep(2)
    row = await until(world, "delivered")
    assert (row.attempt, row.reason, len(vendor.created)) == (1, "", 1)


async def test_a_file_that_has_become_read_only(world: World) -> None:
    """Nothing can be saved, lists and forms still work; once it can be written again, pressing
    again creates it once."""
    form = await (await world.open("/incident Checkout is down")).fill(summary=SUMMARY)
    await _may_write(world, False)
    await press_and_be_told(form)
    assert await form.offered("severity_id")
    await _may_write(world, True)
    await press_again(form)
    assert len(world.sandbox.vendors["rootly"].created) == 1


WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)


def _refuse_writes(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_DENY if action in WRITES else sqlite3.SQLITE_OK


async def _may_write(world: World, allowed: bool) -> None:
    """Make SQLite refuse every change from now on, or take them again."""
    rule = None if allowed else _refuse_writes
    await world.bot.database.write(lambda db: db.set_authorizer(rule))


@dataclass
class Processes:
    """Bots as processes, all on one file."""

    sandbox: Sandbox
    settings: Settings
    stack: AsyncExitStack
    running: list[asyncio.subprocess.Process]
    urls: list[str]
    logs: list[Path]

    async def start(self, count: int, *, logging_to_files: bool = True) -> None:
        """That many at the same moment, each with a log (a file, or a pipe) and a port of its own."""
        ports = [free_port() for _ in range(count)]
        self.urls = [f"http://127.0.0.1:{port}" for port in ports]
        self.logs = [self.settings.database.with_name(f"{port}.log") for port in ports]
        logs = self.logs if logging_to_files else [None] * count
        self.running = await asyncio.gather(*map(self._one, ports, logs))
        await asyncio.gather(*map(answering, self.urls))

    async def _one(self, port: int, log: Path | None) -> asyncio.subprocess.Process:
        environment = self.sandbox.environment(self.settings.database, port)
        return await self.stack.enter_async_context(
            started("serve", environment=environment, log=log)
        )

    async def open(self, number: int = 0, title: str = "Checkout is down") -> Modal:
        """Type the command; that bot opens the form."""
        slack = self.sandbox.slack
        slack.bot_url = self.urls[number]
        admin = next(it.id for it in slack.people.values() if it.is_admin and it.playable)
        outcome = await slack.command(admin, next(iter(slack.channels)), f"/incident {title}")
        assert outcome.ok, outcome
        return Modal(slack, admin)

    @property
    def attempts(self) -> list[int]:
        """How many requests each bot has sent to vendors."""
        return [log.read_text().count("delivery.attempted") for log in self.logs]


@pytest.fixture
async def processes(sandbox: Sandbox, settings: Settings) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        yield Processes(sandbox, settings, stack, [], [], [])


@pytest.mark.parametrize("logging_to_files", [False, True], ids=["log elsewhere", "log there too"])
async def test_a_disk_that_is_full(processes: Processes, logging_to_files: bool) -> None:
    """No file can grow any more: nothing was saved or sent, and the bot goes on; once there is
    room, pressing again creates it once."""
    rootly = processes.sandbox.vendors["rootly"]
    await processes.sandbox.connect_vendors(processes.settings)
    await processes.start(1, logging_to_files=logging_to_files)
    form = await (await processes.open()).fill(summary=SUMMARY)
    limited = processes.running[0].pid, resource.RLIMIT_FSIZE
    _, most = resource.prlimit(*limited)
    resource.prlimit(*limited, (0, most))
    await press_and_be_told(form)
    await press_and_be_told(form)
    assert rootly.created == []
    resource.prlimit(*limited, (most, most))
    await press_again(form)
    assert len(rootly.created) == 1


@pytest.mark.timeout(180)
async def test_three_processes_share_a_fresh_file(processes: Processes) -> None:
    """Started at the same moment on a file that is not there yet, all come up and all deliver; what
    waits in one that is killed is delivered by the others, each thing once."""
    sandbox = processes.sandbox
    rootly = sandbox.vendors["rootly"]
    await processes.start(3)
    await sandbox.connect_vendors(processes.settings)
    for number in range(9):
        await (await processes.open(number % 3, f"Early {number}")).send()
    await eventually(lambda: processes.attempts == [3, 3, 3], 30)
    assert len(rootly.created) == 9
    await rootly.set_fault("down")
    for number in range(3):
        await (await processes.open(0, f"Late {number}")).send()
    await eventually(lambda: processes.attempts[0] >= 6)
    processes.running[0].kill()
    await processes.running[0].wait()
    await rootly.set_fault("fine")
    await eventually(
        lambda: len(rootly.created) == 12, 90
    )  # longer than the lease of what was on its way
    await asyncio.sleep(1)
    titles = [it.body["data"]["attributes"]["title"] for it in rootly.created]
    assert sorted(titles) == [*(f"Early {n}" for n in range(9)), *(f"Late {n}" for n in range(3))]
    assert [log for log in processes.logs if "Traceback" in log.read_text()] == []
