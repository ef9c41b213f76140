"""Measures the bot with few and with thousands of workspaces, and prints a table. About ten minutes
for the usual numbers.

    python tests/benchmarks/many.py [--workspaces N ...] [--minutes M]

Each database is filled through the stores: a workspace has an installation, a connection to each
vendor, and 36 lists with 2,400 entries. Twenty more workspaces are installed and connected as people
do it, and used. Everything else is idle: it should cost disk and nothing else. The numbers of
workspaces take turns in one run, so that whatever else the machine is doing meets all of them.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from bot.adapters.base import Entry
from bot.adapters.registry import ADAPTERS
from bot.catalogs.listing import listing
from bot.slack.installations import Installation
from bot.storage.database import Database
from bot.stores import Stores, load_secret_box, open_stores
from bot.workspace import Workspace
from tests.benchmarks.bench import (
    SECRET,
    Client,
    Running,
    free_port,
    resident,
    serving,
)
from tests.benchmarks.payloads import TEAM, Payload, command, filled_in, submission

REAL = 20
LISTS, ENTRIES = 12, 67
"""Lists of each vendor, and entries of each list."""
TOGETHER = 64
ROUNDS = 15
IDLE_SECONDS = 20


@dataclass
class Size:
    """What was found out about a number of workspaces. Times are milliseconds, sizes megabytes."""

    workspaces: int
    disk: float = 0.0
    starts: list[float] = field(default_factory=list)
    memory: float = 0.0
    commands: list[float] = field(default_factory=list)
    submissions: list[float] = field(default_factory=list)
    idle_calls: int = 0

    def row(self, first: "Size") -> str:
        """A line of the table; the ratios are to the first line."""
        start, command, submission = self.medians
        ratios = [mine / its for mine, its in zip(self.medians, first.medians, strict=True)]
        return (
            f"{self.workspaces:10,} {self.disk:9.0f}  {start:7.0f} {ratios[0]:5.2f}x"
            f"  {self.memory:6.0f} {self.memory - first.memory:+6.0f}"
            f"  {command:7.1f} {ratios[1]:5.2f}x  {submission:7.1f} {ratios[2]:5.2f}x"
            f"  {self.idle_calls:6}"
        )

    @property
    def medians(self) -> tuple[float, float, float]:
        return (
            statistics.median(self.starts),
            statistics.median(self.commands),
            statistics.median(self.submissions),
        )


def team(number: int, kind: str) -> str:
    """The id of a workspace: "T0IDLE00007"."""
    return f"T0{kind}{number:05}"


def addressed(payload: Payload, to: str) -> dict[str, Any]:
    """The payload, as that workspace sends it."""
    found: dict[str, Any] = json.loads(json.dumps(payload).replace(TEAM, to))
    return found


async def seed(stores: Stores, number: int) -> None:
    """An idle workspace with everything that it had fetched."""
    workspace = Workspace("", team(number, "IDLE"))
    await stores.installations.save(
        Installation(
            workspace=workspace,
            name=workspace.team,
            app="A012AB3CD",
            bot_user="U0BOT",
            bot="B0BOT",
            scopes=(),
            installed_by="U012AB3CD",
            installed_at=time.time(),
            token=f"xoxb-{workspace.team}",
        )
    )
    for vendor in ADAPTERS:
        secret = {"api_key": f"idle-{workspace.team}"}
        await stores.connections.save(
            workspace, vendor, account="1", account_name="Acme", secret=secret
        )
        names = [each.name for each in ADAPTERS[vendor].catalogs if each.static is None]
        names += [f"{names[-1]}:{number}" for number in range(LISTS)]
        for name in names[:LISTS]:
            await stores.catalogs.save((workspace, vendor, name), "1", FILLED)
        due = await stores.catalogs.claim([])
        if due is not None:
            await stores.catalogs.finish(due)


FILLED = listing(
    (
        Entry(id=f"01HV5PZ{number:06}", label=f"Service {number} of payments", detail="eu checkout")
        for number in range(ENTRIES)
    ),
    time.time(),
)


class Machine:
    """A bot with so many workspaces, and the stand-in for Slack and Rootly beside it."""

    def __init__(self, folder: Path, answering: str, size: Size) -> None:
        self.size = size
        self.database = folder / f"{size.workspaces}.db"
        self.answering = answering
        self.port = free_port()
        self.environment = {
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_CLIENT_ID": "1.2",
            "SLACK_CLIENT_SECRET": SECRET,
            "SLACK_API_URL": f"{answering}/slack/api/",
            "ROOTLY_API_URL": f"{answering}/rootly",
            "RELAY_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "RELAY_PORT": str(self.port),
            "RELAY_DATABASE": str(self.database),
        }

    async def fill(self) -> None:
        """Make the idle workspaces."""
        database = await Database.open(self.database)
        stores = open_stores(database, load_secret_box(None, self.database))
        for start in range(0, self.size.workspaces, TOGETHER):
            numbers = range(start, min(start + TOGETHER, self.size.workspaces))
            await asyncio.gather(*[seed(stores, number) for number in numbers])
        await database.close()
        self.size.disk = self.database.stat().st_size / 1e6

    async def settle_down(self, session: aiohttp.ClientSession) -> None:
        """Install the app in the workspaces in use, as people do, and connect them to Rootly."""
        async with serving(["-m", "bot", "serve"], self.environment, self.port) as (server, _):
            for number in range(REAL):
                await self._install(session, server, team(number, "REAL"))
        for number in range(REAL):
            await self._connect(team(number, "REAL"))

    async def _install(self, session: aiohttp.ClientSession, server: Running, named: str) -> None:
        async with session.get(f"{server.url}/slack/install", allow_redirects=False) as asked:
            state = URL(asked.headers["Location"]).query["state"]
            cookie = asked.headers["Set-Cookie"].partition(";")[0]
        back = f"{server.url}/slack/oauth_redirect?state={state}&code={named}"
        async with session.get(back, headers={"Cookie": cookie}) as answer:
            if answer.status != 200:
                raise SystemExit(f"{named} could not be installed: {await answer.text()}")

    async def _connect(self, named: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "connect", named, "rootly"),
            cwd=ROOT,
            env={**self.environment, "PATH": os.environ["PATH"]},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate(json.dumps({"api_key": f"rootly_{named}"}).encode())
        if process.returncode:
            raise SystemExit(f"{named} could not be connected: {said.decode()}")

    async def measure(self, client: Client, session: aiohttp.ClientSession) -> None:
        """Start the bot, use the workspaces in use in turn, and stop it."""
        how = (["-m", "bot", "serve"], self.environment, self.port)
        async with serving(*how) as (server, seconds):
            self.size.starts.append(seconds * 1000)
            for number in range(REAL):
                named = team(number, "REAL")
                await client.time(server, "slash_commands", addressed(command(), named))
                view = filled_in(await client.modal(self.answering))
                for _ in range(ROUNDS):
                    asked = addressed(command(), named)
                    took, _ = await client.time(server, "slash_commands", asked)
                    self.size.commands.append(took)
                    asked = addressed(submission(view), named)
                    took, said = await client.time(server, "interactive", asked)
                    if "Created in Rootly" not in said:
                        raise SystemExit(f"The bot did not do what is measured: {said[:300]}")
                    self.size.submissions.append(took)
            await asyncio.sleep(IDLE_SECONDS)
            self.size.memory = max(self.size.memory, resident(server.pid))
            async with session.get(f"{self.answering}/listed") as answer:
                listed: Mapping[str, int] = await answer.json()
            self.size.idle_calls = sum(
                count for key, count in listed.items() if key.startswith("idle")
            )


async def main(numbers: Sequence[int], minutes: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.timeout(minutes * 60), AsyncExitStack() as stack:
            port = free_port()
            answering = [str(HERE / "answering.py")]
            await stack.enter_async_context(serving(answering, {"PORT": str(port)}, port))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            machines = [
                Machine(Path(folder), f"http://127.0.0.1:{port}", Size(number))
                for number in numbers
            ]
            for machine in machines:
                await machine.fill()
                await machine.settle_down(session)
            for _ in range(2):
                for machine in machines:
                    await machine.measure(Client(session), session)
    print(
        f"{'workspaces':>10} {'disk, MB':>9}  {'start, ms':>14}  {'resident, MB':>13}"
        f"  {'/incident, ms':>14}  {'submission, ms':>14}  {'idle calls':>6}"
    )
    for machine in machines:
        print(machine.size.row(machines[0].size))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, nargs="+", default=[10, 1000, 5000], metavar="N")
    parser.add_argument("--minutes", type=float, default=25, metavar="M", help="the time limit")
    given = parser.parse_args()
    asyncio.run(main(given.workspaces, given.minutes))
