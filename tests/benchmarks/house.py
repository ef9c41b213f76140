"""A bot as a process of its own between the stand-ins, for benchmarks: what people do with it, and a
vendor that hangs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot.adapters.registry import ADAPTERS
from bot.playground.sandbox import Sandbox, set_up
from bot.settings import Settings
from bot.storage.database import Database
from bot.stores import Stores, load_secret_box, open_stores
from bot.workspace import Workspace
from tests.world.bot import eventually
from tests.world.modal import Modal
from tests.world.processes import answering, free_port, started

SILENT = "incident_io"
"""The vendor whose connections hang."""
LONGEST_SECONDS = 15.0
"""A scenario that has not ended by then is stopped."""


@dataclass
class Silent:
    """A vendor that accepts connections, and answers nothing."""

    port: int = 0
    connections: int = 0

    async def hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read until the other side gives up."""
        self.connections += 1
        try:
            await reader.read()
        finally:
            self.connections -= 1
            writer.close()


@dataclass(frozen=True, slots=True)
class House:
    """The running bot, and the sandbox around it."""

    pid: int
    port: int
    sandbox: Sandbox
    stores: Stores
    silent: Silent

    @property
    def admin(self) -> str:
        """The person who misuses the bot."""
        people = self.sandbox.slack.people.values()
        return next(person.id for person in people if person.is_admin and person.playable)

    @property
    def somebody_else(self) -> str:
        people = self.sandbox.slack.people.values()
        return next(person.id for person in people if person.playable and person.id != self.admin)

    @property
    def channel(self) -> str:
        channels = self.sandbox.slack.channels.values()
        return next(channel.id for channel in channels if channel.name == "incidents")

    async def command(self) -> float | None:
        """Type `/incident` and close its form; the milliseconds, or None without a form."""
        slack, user = self.sandbox.slack, self.somebody_else
        began = time.perf_counter()
        outcome = await slack.command(user, self.channel, "/incident Checkout is down")
        took = (time.perf_counter() - began) * 1000
        opened = slack.views(user)
        if opened:
            await slack.close(user, opened[-1]["id"], everything=True)
        return took if outcome.ok and opened else None

    async def submission(self) -> float | None:
        """Submit an incident; the milliseconds, or None if it is not created in time."""
        slack, user = self.sandbox.slack, self.somebody_else
        outcome = await slack.command(user, self.channel, "/incident Checkout is down")
        assert outcome.ok, outcome
        form = await Modal(slack, user).fill(severity_id="SEV2")
        began = time.perf_counter()
        receipt = await form.send()
        took = (time.perf_counter() - began) * 1000
        is_created = "Created in Rootly" in receipt.text
        await slack.close(user, slack.views(user)[-1]["id"], everything=True)
        return took if is_created else None

    async def first_list(self) -> float | None:
        """Connect Rootly anew and open a form; the milliseconds until a list is there."""
        connections, here = self.stores.connections, self.sandbox.workspace
        connection = await connections.get(here, "rootly")
        assert connection is not None
        await connections.remove(here, "rootly")
        began = time.perf_counter()
        await connections.save(
            here,
            "rootly",
            account=connection.account,
            account_name=connection.account_name,
            secret=connection.secret,
        )
        opened = await self.command()

        async def is_there() -> bool:
            states = await self.stores.catalogs.states((here, "rootly"))
            return any(state.fetched_at for state in states.values())

        await eventually(is_there, LONGEST_SECONDS)
        return (time.perf_counter() - began) * 1000 if opened is not None else None

    def resident(self) -> float:
        """The resident memory of the bot's process, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    """Start the stand-ins and the bot, with every vendor connected. `SILENT` does not answer any
    more."""
    async with set_up() as sandbox, silence() as silent:
        port = free_port()
        environment = sandbox.environment(folder / "relay.db", port)
        sandbox.slack.bot_url = f"http://127.0.0.1:{port}"
        await sandbox.connect_vendors(Settings.model_validate(environment))
        environment[ADAPTERS[SILENT].url_variable] = f"http://127.0.0.1:{silent.port}"
        log, path = folder / "bot.log", folder / "relay.db"
        async with started("serve", environment=environment, log=log) as process:
            await answering(sandbox.slack.bot_url)
            database = await Database.open(path)
            stores = open_stores(database, load_secret_box(None, path))
            await eventually(partial(_has_lists, stores, sandbox.workspace), LONGEST_SECONDS)
            yield House(process.pid, port, sandbox, stores, silent)
            await database.close()


@asynccontextmanager
async def silence() -> AsyncIterator[Silent]:
    """Start a vendor that answers nothing."""
    silent = Silent()
    async with await asyncio.start_server(silent.hang, "127.0.0.1", 0, backlog=512) as server:
        silent.port = server.sockets[0].getsockname()[1]
        yield silent


async def _has_lists(stores: Stores, workspace: Workspace) -> bool:
    """Whether the lists of the vendor that answers are there."""
    states = await stores.catalogs.states((workspace, "rootly"))
    return len(states) > 1 and all(state.fetched_at for name, state in states.items() if name)
