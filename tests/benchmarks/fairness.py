"""Measures what everybody else feels while somebody misuses the bot, and prints a table. About a
minute.

    python tests/benchmarks/fairness.py [SCENARIO ...]

The bot is a process of its own between the playground's stand-ins. Each scenario gets a new bot.
Somebody does the same thing again and again, first beside nothing, then beside the scenario: types
`/incident`, submits an incident, or connects a vendor and waits for the first list. Times are
milliseconds, memory is the growth of the bot's resident memory in MB.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from bot.adapters.twilio.configuration import LARGEST
from bot.delivery.model import Draft
from bot.workspace import Workspace
from tests.benchmarks.house import LONGEST_SECONDS, SILENT, House, house
from tests.world.bot import eventually
from tests.world.modal import Modal

COMMANDS = 15
"""The number of acts that are timed before a scenario, and the least number beside it."""
BODY = 2 * 1024 * 1024
FORGED = f"X-Slack-Signature: v0={'0' * 64}\r\n"
_PIECE = b"x" * 65536


Act = Callable[[House], Awaitable[float | None]]
Scenario = Callable[[House], Awaitable[None]]


class Trial(NamedTuple):
    """A scenario, and what is timed beside it."""

    does: str
    act: Act
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. `refused` counts what was not done: a command without a form, say."""

    idle: float
    median: float
    slowest: float
    refused: int
    growth: float


async def measure(house: House, trial: Trial) -> Figures:
    """Time an act beside nothing, then for as long as the scenario runs."""
    act = trial.act
    for _ in range(5):  # the first ones warm up
        await act(house)
    idle = [await act(house) for _ in range(COMMANDS)]
    assert None not in idle, "The bot does not do it."
    before = highest = house.resident()
    answers: list[float | None] = []

    async def watch() -> None:
        nonlocal highest
        while True:
            highest = max(highest, house.resident())
            await asyncio.sleep(0.01)

    async def ask() -> None:
        while True:
            answers.append(await act(house))
            await asyncio.sleep(0.05)

    others = [asyncio.create_task(watch()), asyncio.create_task(ask())]
    with suppress(TimeoutError):
        async with asyncio.timeout(LONGEST_SECONDS):
            await trial.scenario(house)
    await eventually(lambda: len(answers) >= COMMANDS, LONGEST_SECONDS)
    for task in others:
        task.cancel()
    await asyncio.wait(others)
    times = [took for took in answers if took is not None] or [float("inf")]
    return Figures(
        statistics.median(took for took in idle if took is not None),
        statistics.median(times),
        max(times),
        answers.count(None),
        highest - before,
    )


async def silent_connections(house: House) -> None:
    """500 connections on which nothing is said for five seconds. Closed ones are opened again."""
    await _crowd(500, lambda: _silence(house.port), 5)


async def silent_beginnings(house: House) -> None:
    """500 connections, each with half a head, for five seconds."""
    await _crowd(500, lambda: _silence(house.port, b"POST /slack/events HTTP/1.1\r\nX: "), 5)


async def unsigned_bodies(house: House) -> None:
    """300 bodies of 2 MiB without a signature."""
    await _crowd(300, lambda: _post(house.port, "/slack/events", ""))


async def forged_bodies(house: House) -> None:
    """300 bodies of 2 MiB, with the time and a signature of the right shape."""
    stamp = f"X-Slack-Request-Timestamp: {int(time.time())}\r\n"
    await _crowd(300, lambda: _post(house.port, "/slack/events", stamp + FORGED))


async def bodies_for_nobody(house: House) -> None:
    """300 bodies of 2 MiB for an address that does not exist."""
    await _crowd(300, lambda: _post(house.port, "/nothing", ""))


async def slow_bodies(house: House) -> None:
    """500 bodies whose last byte never arrives, for five seconds, with a forged signature."""
    stamp = f"X-Slack-Request-Timestamp: {int(time.time())}\r\n"
    head = f"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n{stamp}{FORGED}\r\n"
    await _crowd(500, lambda: _silence(house.port, head.encode()), 5)


async def large_files(house: House) -> None:
    """Six forms at once, each with a JSON file of a megabyte that has hundreds of thousands of
    empty filters."""
    admin = house.sandbox.slack.people[house.admin]
    people = [replace(admin, id=f"U0FILE{number:04}") for number in range(6)]
    house.sandbox.slack.people.update({person.id: person for person in people})
    head, tail = b'{"task_routing": {"filters": [{}', b"]}}"
    document = head + b",{}" * ((LARGEST - len(head) - len(tail)) // 3) + tail
    forms = [await _rules_form(house, person.id) for person in people]
    for form in forms:
        await form.fill(configuration_file=("rules.json", document))
    await asyncio.gather(*(form.submit() for form in forms))


async def hanging_submissions(house: House) -> None:
    """Eight connections of other workspaces, each with sixteen submissions whose vendor hangs."""
    for workspace in _others(8):
        await _connect(house, workspace)
        for number in range(16):
            draft = Draft(
                workspace=workspace,
                key=f"ir{number:012x}",
                kind="incident",
                vendor=SILENT,
                operation="incident",
                branch="",
                account="1",
                actor=house.admin,
                actor_name="Somebody",
                channel=house.channel,
                private=True,
                title="It hangs",
                payload=house.sandbox.vendors[SILENT]
                .sample_form("incident")
                .model_dump(mode="json"),
                selected={},
            )
            deliveries = house.stores.delivery.deliveries
            await deliveries.enqueue(draft, lease=None, card_not_before=time.time() + 3600)
    await eventually(lambda: house.silent.connections >= 8, LONGEST_SECONDS)
    await asyncio.sleep(5)


async def hanging_lists(house: House) -> None:
    """200 connections of other workspaces whose lists hang."""
    await asyncio.gather(*(_connect(house, workspace) for workspace in _others(200)))
    await eventually(lambda: house.silent.connections >= 200, LONGEST_SECONDS)
    await asyncio.sleep(5)


SCENARIOS: Mapping[str, Trial] = {
    scenario.__name__.replace("_", " "): Trial(does, act, scenario)
    for does, act, scenarios in (
        (
            "/incident",
            House.command,
            (
                silent_connections,
                silent_beginnings,
                slow_bodies,
                unsigned_bodies,
                forged_bodies,
                bodies_for_nobody,
                large_files,
            ),
        ),
        ("submission", House.submission, (hanging_submissions,)),
        ("first list", House.first_list, (hanging_lists,)),
    )
    for scenario in scenarios
}


def _others(count: int) -> list[Workspace]:
    """So many other workspaces."""
    return [Workspace("", f"T0OTHER{number:03}") for number in range(count)]


async def _connect(house: House, workspace: Workspace) -> None:
    """Connect the workspace to the vendor that does not answer."""
    secret = house.sandbox.vendors[SILENT].credentials
    await house.stores.connections.save(
        workspace, SILENT, account="1", account_name="Acme", secret=secret
    )


async def _rules_form(house: House, user: str) -> Modal:
    """The form of a workflow whose rules are JSON."""
    slack = house.sandbox.slack
    outcome = await slack.command(user, house.channel, "/workflow-task From a file")
    assert outcome.ok, outcome
    form = Modal(slack, user)
    await form.choose("choice", "Twilio TaskRouter")
    return await form.choose("routing", "JSON")


async def _crowd(count: int, act: Callable[[], Awaitable[None]], seconds: float = 0) -> None:
    """Let `count` clients act at once; again and again until the seconds are over."""
    until = time.monotonic() + seconds

    async def client() -> None:
        await act()
        while time.monotonic() < until:
            await asyncio.sleep(0.1)
            await act()

    clients = [asyncio.create_task(client()) for _ in range(count)]
    try:
        await asyncio.wait(clients, timeout=seconds or None)
    finally:
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _silence(port: int, begun: bytes = b"") -> None:
    """Connect, write what is begun, and wait until the bot closes."""
    with suppress(OSError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(begun)
            await reader.read()
        finally:
            writer.close()


async def _post(port: int, path: str, headers: str) -> None:
    """Post a large body, until it is answered."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {BODY}\r\n{headers}\r\n"
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode())
            for _ in range(BODY // len(_PIECE)):
                writer.write(_PIECE)
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
        finally:
            writer.close()


def row(name: str, figures: Figures) -> str:
    """One line of the table."""
    times = f"{figures.idle:8.1f} {figures.median:8.1f} {figures.slowest:8.1f}"
    return f"{name:24} {times} {figures.refused:8} {figures.growth:8.1f}"


async def main(names: Iterable[str]) -> None:
    columns = ("idle", "median", "slowest", "refused", "memory")
    shown = ""
    for name in names:
        trial = SCENARIOS[name]
        if trial.does != shown:
            print(f"{trial.does + ' beside':24} {' '.join(f'{column:>8}' for column in columns)}")
            shown = trial.does
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            bot = await stack.enter_async_context(house(folder))
            print(row(name, await measure(bot, trial)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure what misuse costs everybody else.")
    parser.add_argument("scenario", nargs="*", choices=[[], *SCENARIOS], default=[])
    given = parser.parse_args()
    asyncio.run(main(given.scenario or SCENARIOS))
