"""Measures the bot beside a bare Bolt app, and its larger modals beside a plain one, and prints
tables. About a minute.

    python tests/benchmarks/bench.py [--rounds N] [--starts N]

Every server is a process of its own; requests are signed, one at a time, and the servers take turns
within each round, so that whatever else the machine is doing meets all of them. Times are
milliseconds.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from bot.adapters.base import Entry
from bot.adapters.http import make_client
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly.tasks import types
from bot.catalogs.listing import listing
from bot.catalogs.store import CatalogStore
from bot.playground.slack.transport import encode, signature
from bot.storage.database import Database
from bot.stores import load_secret_box, open_stores
from bot.workspace import Workspace
from tests.benchmarks.payloads import (
    TEAM,
    Payload,
    View,
    choice,
    command,
    filled_in,
    press_more,
    submission,
    suggestion,
)

SECRET = "0123456789abcdef"
WORKSPACE = Workspace("", TEAM)
ENTRIES = 10_000
AT_A_TIME, SUBMISSIONS = 16, 960
QUERIES = ("", "service 77", "check", "payments eu", "9")
SERVERS = ("the bot", "bare, default", "bare, before")
SLOWEST_START_SECONDS = 30.0
PLAIN = "an incident's"
ASKS_TYPE = "rootly.workflow_task.task_type"
TASK_TYPES = (
    "update_status",
    "send_email",
    "send_slack_message",
    "create_jira_issue",
    "update_incident",
)
"""From the smallest form to the largest."""


@dataclass(frozen=True)
class Running:
    """A server's process and its address."""

    pid: int
    url: str


@asynccontextmanager
async def serving(
    arguments: list[str], environment: Mapping[str, str], port: int
) -> AsyncIterator[tuple[Running, float]]:
    """Start a server and wait until it is healthy; also the seconds that this took."""
    url = f"http://127.0.0.1:{port}"
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        cwd=ROOT,
        env={**environment, "PATH": os.environ["PATH"]},
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        while not _is_listening(port):
            if (
                process.returncode is not None
                or time.perf_counter() - started > SLOWEST_START_SECONDS
            ):
                raise SystemExit(f"{arguments} did not start")
            await asyncio.sleep(0.005)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
            answer.raise_for_status()
        yield Running(process.pid, url), time.perf_counter() - started
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Bench:
    """The settings of one run, and the servers in it."""

    def __init__(self, folder: Path, answering: str) -> None:
        self.database = folder / "relay.db"
        self.answering = answering
        self.environment = {
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_BOT_TOKEN": "xoxb-0",
            "SLACK_API_URL": f"{answering}/slack/api/",
            "ROOTLY_API_URL": f"{answering}/rootly",
            "RELAY_DATABASE": str(self.database),
        }

    def server(self, name: str) -> tuple[list[str], dict[str, str], int]:
        """What `serving` needs to start it."""
        port = free_port()
        how = (
            ["-m", "bot", "serve"]
            if name == "the bot"
            else [str(HERE / "bare.py"), name.split()[-1]]
        )
        return how, {**self.environment, "RELAY_PORT": str(port), "PORT": str(port)}, port

    async def prepare(self) -> None:
        """Connect Rootly, with every list fetched a moment ago and ten thousand services."""
        database = await Database.open(self.database)
        async with make_client() as client:
            adapter = make_adapters(client, dict.fromkeys(ADAPTERS, self.answering))["rootly"]
        connections, lists = (
            open_stores(database, load_secret_box(None, self.database)).connections,
            CatalogStore(database),
        )
        await connections.save(
            WORKSPACE, "rootly", account="1", account_name="Acme", secret={"api_key": "rootly_0"}
        )
        services = [
            Entry(id=str(it), label=f"Service {it} of payments", detail="eu checkout")
            for it in range(ENTRIES)
        ]
        for catalog in adapter.catalogs:
            if catalog.static is None:
                few = [
                    Entry(id=f"{catalog.name}-{it}", label=f"{catalog.name} {it}")
                    for it in range(5)
                ]
                entries = services if catalog.name == "services" else few
                key = (WORKSPACE, "rootly", catalog.name)
                await lists.save(key, "1", listing(entries, time.time()))
        await database.close()


class Client:
    """Posts signed payloads, as Slack does."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def time(self, server: Running, kind: Any, payload: Payload) -> tuple[float, str]:
        """Milliseconds until the whole answer was there, and the answer."""
        content_type, body = encode(kind, payload)
        headers = {
            **signature(SECRET.encode(), body, int(time.time())),
            "Content-Type": content_type,
        }
        started = time.perf_counter()
        async with self._session.post(
            f"{server.url}/slack/events", data=body, headers=headers
        ) as answer:
            text = await answer.text()
        took = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise SystemExit(
                f"{server.url} answered {answer.status} to {payload.get('type', 'a command')}"
            )
        return took, text

    async def modal(self, answering: str) -> dict[str, Any]:
        """The last modal that was opened or drawn anew."""
        async with self._session.get(f"{answering}/last-modal") as answer:
            view: dict[str, Any] = json.loads(await answer.text())["view"]
        return view


async def start_times(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Milliseconds from the start of the process to its first healthy answer."""
    found: dict[str, list[float]] = {name: [] for name in SERVERS}
    for _ in range(rounds):
        for name in SERVERS:
            async with serving(*bench.server(name)) as (_, seconds):
                found[name].append(seconds * 1000)
    return found


async def answer_times(
    bench: Bench, servers: Mapping[str, Running], client: Client, rounds: int
) -> dict[str, dict[str, list[float]]]:
    """Milliseconds by what was asked and server."""
    ours = servers["the bot"]
    await client.time(ours, "slash_commands", command())
    view = filled_in(await client.modal(bench.answering))
    asked: dict[str, Callable[[int], tuple[str, Payload]]] = {
        "command, with its modal": lambda _: ("slash_commands", command()),
        "submission, with its receipt": lambda _: ("interactive", submission(view)),
        f"options, of {ENTRIES:,}": lambda turn: (
            "interactive",
            suggestion(view, QUERIES[turn % len(QUERIES)]),
        ),
    }
    _, receipt = await client.time(ours, *asked["submission, with its receipt"](0))
    _, options = await client.time(ours, "interactive", suggestion(view, ""))
    if "Created in Rootly" not in receipt or options.count('"value"') != 100:
        raise SystemExit(f"The bot did not do what is measured: {receipt[:300]} {options[:300]}")
    found: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in SERVERS} for what in asked
    }
    for turn in range(-5, rounds):
        for what, make in asked.items():
            for name in SERVERS[turn % 3 :] + SERVERS[: turn % 3]:
                took, _ = await client.time(servers[name], *make(turn))
                if turn >= 0:  # the first rounds warm up
                    found[what][name].append(took)
    return found


async def modal_times(
    bench: Bench, ours: Running, client: Client, rounds: int
) -> dict[str, list[float]]:
    """Milliseconds until a modal was there, by which: the plain form of an incident first, then
    those of task types, each drawn when its type is chosen."""

    async def shown(payload: Payload, kind: str = "interactive") -> View:
        await client.time(ours, kind, payload)
        return filled_in(await client.modal(bench.answering))

    asks = await shown(command("/workflow-task"), "slash_commands")
    first = [
        (await client.time(ours, "interactive", choice(asks, ASKS_TYPE, name)))[0]
        for name in types()
    ]
    asked: dict[str, tuple[str, Payload]] = {PLAIN: ("slash_commands", command())}
    for name in TASK_TYPES:
        asked[name] = "interactive", choice(asks, ASKS_TYPE, name)
        drawn = await shown(asked[name][1])
        if not any(f".{name}." in block["block_id"] for block in drawn["blocks"]):
            raise SystemExit(f"Choosing {name} did not draw its form")
        if any(block["block_id"] == "more" for block in drawn["blocks"]):
            asked[f"{name}, all of it"] = "interactive", press_more(drawn)
    found: dict[str, list[float]] = {what: [] for what in asked}
    for turn in range(-5, rounds):
        for what, payload in asked.items():
            took, _ = await client.time(ours, *payload)
            if turn >= 0:  # the first rounds warm up
                found[what].append(took)
    return {**found, "each type, its first time": first}


async def throughput(
    servers: Mapping[str, Running], client: Client, view: dict[str, Any]
) -> dict[str, float]:
    """Submissions a second, so many at a time, by server; each answered with its receipt by the
    bot."""
    found = {}
    for name in SERVERS:
        for count in (AT_A_TIME * 4, SUBMISSIONS):  # the first ones warm up
            waiting = iter(range(count))

            async def person(
                server: Running = servers[name], waiting: Iterator[int] = waiting
            ) -> None:
                for _ in waiting:
                    await client.time(server, "interactive", submission(view))

            started = time.perf_counter()
            await asyncio.gather(*[person() for _ in range(AT_A_TIME)])
            found[name] = count / (time.perf_counter() - started)
    return found


def resident(pid: int) -> float:
    """The process's resident memory in MB; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def row(what: str, found: Mapping[str, list[float]]) -> str:
    """One line: median and 95th percentile of each, and how the bot's compare."""
    medians = {name: statistics.median(times) for name, times in found.items()}
    slow = {name: sorted(times)[int(len(times) * 0.95)] for name, times in found.items()}
    cells = [f"{medians[name]:8.1f} {slow[name]:8.1f}" for name in SERVERS]
    ratios = [f"{medians['the bot'] / medians[name]:7.2f}x" for name in SERVERS[1:]]
    return f"{what:30} {'  '.join(cells)}  {' '.join(ratios)}"


def modal_rows(found: Mapping[str, list[float]]) -> Iterator[str]:
    """A line each: median and 95th percentile, and how the median compares with that of an
    incident's form."""
    yield f"{'modal, milliseconds':40}   median      p95   to an incident's"
    plain = statistics.median(found[PLAIN])
    for what, times in found.items():
        median, slow = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        yield f"{what:40} {median:8.1f} {slow:8.1f}  {median / plain:7.2f}x"


async def main(rounds: int, starts: int) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            answering = [str(HERE / "answering.py")]
            await stack.enter_async_context(serving(answering, {"PORT": str(port)}, port))
            bench = Bench(Path(folder), f"http://127.0.0.1:{port}")
            await bench.prepare()
            print(f"{'':30} {'  '.join(f'{name:>17}' for name in SERVERS)}   the bot / bare")
            print(
                f"{'milliseconds':30} {'  '.join('  median      p95' for _ in SERVERS)}  default  "
                "before"
            )
            print(row("start to healthy", await start_times(bench, starts)), flush=True)
            servers = {}
            for name in SERVERS:
                servers[name], _ = await stack.enter_async_context(serving(*bench.server(name)))
            client = Client(await stack.enter_async_context(aiohttp.ClientSession()))
            for what, found in (await answer_times(bench, servers, client, rounds)).items():
                print(row(what, found), flush=True)
            await client.time(servers["the bot"], "slash_commands", command())
            view = filled_in(await client.modal(bench.answering))
            rates = await throughput(servers, client, view)
            print(
                row(
                    f"submissions/s, {AT_A_TIME} at a time",
                    {name: [it] for name, it in rates.items()},
                ),
                flush=True,
            )
            print(
                row(
                    "resident memory, MB", {name: [resident(servers[name].pid)] for name in SERVERS}
                )
            )
            print(
                "",
                *modal_rows(await modal_times(bench, servers["the bot"], client, rounds)),
                sep="\n",
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the bot beside a bare Bolt app.")
    parser.add_argument(
        "--rounds", type=int, default=300, help="requests of each kind to each server (%(default)s)"
    )
    parser.add_argument("--starts", type=int, default=5, help="starts of each server (%(default)s)")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.starts))
