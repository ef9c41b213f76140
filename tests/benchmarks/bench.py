"""Measures the bot beside a bare Bolt app, and prints a table. About a minute.

    python tests/benchmarks/bench.py [--rounds N] [--starts N]

Every server is a process of its own; requests are signed, one at a time, and the servers take turns within each round,
so that whatever else the machine is doing meets all of them. Times are milliseconds.
"""

import argparse
import asyncio
import json
import os
import secrets
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

from bot.adapters import make_adapters  # noqa: E402  found through the line above
from bot.adapters.base import Entry  # noqa: E402
from bot.adapters.http import make_client  # noqa: E402
from bot.playground.slack.transport import encode, signature  # noqa: E402
from bot.storage import Workspace  # noqa: E402
from bot.storage.connections import Connections  # noqa: E402
from bot.storage.database import Database  # noqa: E402
from bot.storage.lists import Lists  # noqa: E402
from bot.storage.secrets import load_vault  # noqa: E402

SECRET = "0123456789abcdef"
WORKSPACE = Workspace("", "T012AB3CD")
ENTRIES = 10_000
AT_A_TIME, SUBMISSIONS = 16, 960
QUERIES = ("", "service 77", "check", "payments eu", "9")
SERVERS = ("the bot", "bare, default", "bare, before")
SLOWEST_START_SECONDS = 30.0

Payload = Mapping[str, Any]


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
            if process.returncode is not None or time.perf_counter() - started > SLOWEST_START_SECONDS:
                raise SystemExit(f"{arguments} did not start")
            await asyncio.sleep(0.005)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/healthz") as answer:
            answer.raise_for_status()
        yield Running(process.pid, url), time.perf_counter() - started
    finally:
        process.terminate()
        await process.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
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
        port = _free_port()
        how = ["-m", "bot", "serve"] if name == "the bot" else [str(HERE / "bare.py"), name.split()[-1]]
        return how, {**self.environment, "RELAY_PORT": str(port), "PORT": str(port)}, port

    async def prepare(self) -> None:
        """Connect Rootly, with every list fetched a moment ago and ten thousand services."""
        database = await Database.open(self.database)
        async with make_client() as client:
            adapter = make_adapters(client, dict.fromkeys(("rootly", "incident_io", "twilio"), self.answering))[
                "rootly"
            ]
        connections, lists = Connections(database, load_vault(None, self.database)), Lists(database)
        await connections.save(WORKSPACE, "rootly", account="1", account_name="Acme", secret={"api_key": "rootly_0"})
        services = [Entry(id=str(it), label=f"Service {it} of payments", detail="eu checkout") for it in range(ENTRIES)]
        for catalog in adapter.catalogs:
            if catalog.static is None:
                few = [Entry(id=f"{catalog.name}-{it}", label=f"{catalog.name} {it}") for it in range(5)]
                entries = services if catalog.name == "services" else few
                await lists.save(WORKSPACE, "rootly", catalog.name, entries, time.time())
        await database.close()


class Client:
    """Posts signed payloads, as Slack does."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def time(self, server: Running, kind: Any, payload: Payload) -> tuple[float, str]:
        """Milliseconds until the whole answer was there, and the answer."""
        content_type, body = encode(kind, payload)
        headers = {**signature(SECRET.encode(), body, int(time.time())), "Content-Type": content_type}
        started = time.perf_counter()
        async with self._session.post(f"{server.url}/slack/events", data=body, headers=headers) as answer:
            text = await answer.text()
        took = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise SystemExit(f"{server.url} answered {answer.status} to {payload.get('type', 'a command')}")
        return took, text

    async def modal(self, answering: str) -> dict[str, Any]:
        """The last modal that was opened."""
        async with self._session.get(f"{answering}/last-modal") as answer:
            view: dict[str, Any] = json.loads(await answer.text())["view"]
        return view


COMMON = {
    "team": {"id": WORKSPACE.team, "domain": "acme"},
    "user": {"id": "U012AB3CD", "username": "maya", "name": "maya", "team_id": WORKSPACE.team},
    "api_app_id": "A012AB3CD",
    "token": "0" * 24,
    "is_enterprise_install": False,
    "enterprise": None,
    "trigger_id": "1.2.3",
}


def command() -> Payload:
    return {
        "token": "0" * 24,
        "team_id": WORKSPACE.team,
        "team_domain": "acme",
        "channel_id": "C012AB3CD",
        "channel_name": "incidents",
        "user_id": "U012AB3CD",
        "user_name": "maya",
        "command": "/incident",
        "text": "Checkout is down",
        "api_app_id": "A012AB3CD",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/1/2/3",
        "trigger_id": "1.2.3",
    }


def submission(view: Mapping[str, Any]) -> Payload:
    """The modal filled in, each time a new one."""
    remembered = json.loads(view["private_metadata"]) | {"key": f"ir{secrets.token_hex(6)}"}
    return {**COMMON, "type": "view_submission", "view": {**view, "private_metadata": json.dumps(remembered)}}


def suggestion(view: Mapping[str, Any], query: str) -> Payload:
    return {
        **COMMON,
        "type": "block_suggestion",
        "container": {"type": "view", "view_id": "V1"},
        "block_id": "rootly.incident.service_ids",
        "action_id": "value",
        "value": query,
        "view": view,
    }


def filled_in(view: dict[str, Any]) -> dict[str, Any]:
    """The modal as Slack sends it back."""
    values: dict[str, Any] = {}
    for block in view["blocks"]:
        element = block.get("element")
        if element:
            values[block["block_id"]] = {"value": {"type": element["type"], **_typed(element)}}
    more = {"id": "V1", "hash": "1.2", "team_id": WORKSPACE.team, "app_installed_team_id": WORKSPACE.team}
    return {**view, **more, "state": {"values": values}}


def _typed(element: Mapping[str, Any]) -> dict[str, Any]:
    if element["type"] == "plain_text_input":
        return {"value": element.get("initial_value", "Nobody can pay." if element.get("multiline") else None)}
    return (
        {"selected_option": element.get("initial_option")}
        if "multi" not in element["type"]
        else {"selected_options": []}
    )


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
        f"options, of {ENTRIES:,}": lambda turn: ("interactive", suggestion(view, QUERIES[turn % len(QUERIES)])),
    }
    _, receipt = await client.time(ours, *asked["submission, with its receipt"](0))
    _, options = await client.time(ours, "interactive", suggestion(view, ""))
    if "Created in Rootly" not in receipt or options.count('"value"') != 100:
        raise SystemExit(f"The bot did not do what is measured: {receipt[:300]} {options[:300]}")
    found: dict[str, dict[str, list[float]]] = {what: {name: [] for name in SERVERS} for what in asked}
    for turn in range(-5, rounds):
        for what, make in asked.items():
            for name in SERVERS[turn % 3 :] + SERVERS[: turn % 3]:
                took, _ = await client.time(servers[name], *make(turn))
                if turn >= 0:  # the first rounds warm up
                    found[what][name].append(took)
    return found


async def throughput(servers: Mapping[str, Running], client: Client, view: dict[str, Any]) -> dict[str, float]:
    """Submissions a second, so many at a time, by server; each answered with its receipt by the bot."""
    found = {}
    for name in SERVERS:
        for count in (AT_A_TIME * 4, SUBMISSIONS):  # the first ones warm up
            waiting = iter(range(count))

            async def person(server: Running = servers[name], waiting: Iterator[int] = waiting) -> None:
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


async def main(rounds: int, starts: int) -> None:
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            answering = [str(HERE / "answering.py")]
            await stack.enter_async_context(serving(answering, {"PORT": str(port)}, port))
            bench = Bench(Path(folder), f"http://127.0.0.1:{port}")
            await bench.prepare()
            print(f"{'':30} {'  '.join(f'{name:>17}' for name in SERVERS)}   the bot / bare")
            print(f"{'milliseconds':30} {'  '.join('  median      p95' for _ in SERVERS)}  default  before")
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
            print(row(f"submissions/s, {AT_A_TIME} at a time", {name: [it] for name, it in rates.items()}), flush=True)
            print(row("resident memory, MB", {name: [resident(servers[name].pid)] for name in SERVERS}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure the bot beside a bare Bolt app.")
    parser.add_argument("--rounds", type=int, default=300, help="requests of each kind to each server (%(default)s)")
    parser.add_argument("--starts", type=int, default=5, help="starts of each server (%(default)s)")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, given.starts))
