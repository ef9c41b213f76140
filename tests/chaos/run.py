"""Chaos: the real bot as a process, vendors in foul weather, people who submit, and `kill -9`. What
came of it, counted.

plan = Plan(submissions=200, kills=8, seconds=50.0, seed=1)
result = await chaos(plan, folder)
result.lost, result.twice, result.unsettled, result.wrong_cards       all empty, or something is wrong
"""

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.adapters.registry import ADAPTERS
from bot.delivery.dispatcher import LEASE_SECONDS
from bot.playground.sandbox import Sandbox, set_up
from bot.playground.slack.world import Channel
from bot.playground.vendors.faults import Plan as Trouble
from bot.playground.vendors.faults import Weather
from bot.settings import Settings
from tests.chaos import ledger
from tests.chaos.person import GaveUpError, Person, Wish
from tests.world.bot import eventually
from tests.world.processes import answering, free_port, started

LATE_SECONDS = 16.0
"""A second longer than the bot waits for a vendor's next byte."""
LONG_SECONDS = 20.0
"""People who know that the vendor is well again do not wait so long for the next try."""
CHANNELS = 12
"""Cards are paced, about one message a second in each."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of it. The kills come in the first `seconds`; the weather clears `storm` seconds
    after the last submission; what is not settled `patience` seconds after it stays so. `program`
    is what Python runs as the bot. `vendors` are those that people use. `incident_io`: the versions
    that incident.io's API has, one after the other while people submit."""

    submissions: int
    kills: int
    seconds: float
    seed: int
    people: int = 10
    storm: float = 20.0
    patience: float = LEASE_SECONDS + 135.0
    program: Sequence[str] = ("-m", "bot")
    vendors: Sequence[str] = tuple(ADAPTERS)
    incident_io: Sequence[str] = ("both",)


@dataclass
class Result:
    """What came of it: nothing should stand in any of the lists. `counts` are for people to read."""

    lost: list[str] = field(default_factory=list)
    """Keys of what people were told is saved and is at no vendor."""
    twice: list[str] = field(default_factory=list)
    """Keys of what is at a vendor more than once."""
    strange: list[str] = field(default_factory=list)
    """Keys of what is at a vendor and in no row."""
    unsettled: list[str] = field(default_factory=list)
    """Rows that are not delivered, or took something for a twin."""
    wrong_cards: list[str] = field(default_factory=list)
    """Cards that do not say that it was created, and those beside them that no kill explains."""
    violations: list[str] = field(default_factory=list)
    """What Slack would not have taken."""
    mistakes: list[str] = field(default_factory=list)
    """What only a mistake of ours can write into the bot's log."""
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def faults(self) -> dict[str, list[str]]:
        """Every list, by its name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, list)}

    @property
    def table(self) -> str:
        """The counts, one a line."""
        width = max(map(len, self.counts))
        return "\n".join(f"{name:<{width}}  {count:>6}" for name, count in self.counts.items())


class Counting(Weather):
    """Weather that counts what it did."""

    def __init__(self, rng: random.Random, seen: Counter[str]) -> None:
        super().__init__(rng, 0.30, 0.20, 0.10, 0.05, LATE_SECONDS)
        self.seen = seen

    def plan(self, *, creates: bool) -> Trouble:
        """Draw, and count."""
        drawn = super().plan(creates=creates)
        what = "creates" if creates else "other calls"
        trouble = (
            "503 after creating"
            if drawn.after
            else "answered too late"
            if drawn.wait
            else drawn.instead
        )
        self.seen[what] += 1
        self.seen[{"unavailable": "503", "limited": "429"}.get(trouble, trouble)] += bool(trouble)
        return drawn


@dataclass
class Scene:
    """The stage of one run, the bot's place on it, and what was seen."""

    plan: Plan
    sandbox: Sandbox
    database: Path
    log: Path
    environment: dict[str, str]
    rng: random.Random
    seen: Counter[str] = field(default_factory=Counter)
    kills: list[float] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    """Keys of what people were told is saved."""
    abandoned: set[str] = field(default_factory=set)
    """Keys of what a vendor refused until somebody gave up."""

    @property
    def people(self) -> list[str]:
        """Everybody who may do everything."""
        everyone = self.sandbox.slack.people.values()
        return [it.id for it in everyone if not (it.is_bot or it.is_restricted)][: self.plan.people]

    def bot(self) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
        """The bot's process, killed when the block ends."""
        return started(
            "serve", environment=self.environment, program=self.plan.program, log=self.log
        )

    async def live(self) -> None:
        """The bot's lives: killed at random moments, started again at once, left alone after the
        last kill."""
        pauses = [
            self.plan.seconds / max(self.plan.kills, 1) * self.rng.uniform(0.4, 1.5)
            for _ in range(self.plan.kills)
        ]
        for pause in [*pauses, None]:
            async with self.bot() as process:
                try:
                    async with asyncio.timeout(pause):
                        code = await process.wait()
                except TimeoutError:
                    self.kills.append(time.time())
                    continue
                raise AssertionError(
                    f"The bot ended by itself, with {code}: {self.log.read_text()[-2000:]}"
                )

    @property
    def is_fine(self) -> bool:
        """Whether the weather has cleared."""
        return all(vendor.weather is None for vendor in self.sandbox.vendors.values())

    def weather(self, weather: Weather | None) -> None:
        """What the vendors have from now on."""
        for vendor in self.sandbox.vendors.values():
            vendor.weather = weather

    async def submit_everything(self) -> None:
        """Each person takes one wish after another."""
        wishes = self._wishes()
        await asyncio.gather(*[self._work_off(user, wishes) for user in self.people])

    def _wishes(self) -> Iterator[Wish]:
        """All operations of all vendors in turn, in all channels."""
        used = [ADAPTERS[vendor] for vendor in self.plan.vendors]
        everything = [(adapter, operation) for adapter in used for operation in adapter.operations]
        channels = [it.id for it in self.sandbox.slack.channels.values() if not it.is_im]
        for number, (adapter, operation) in zip(
            range(self.plan.submissions), itertools.cycle(everything)
        ):
            versions = self.plan.incident_io
            self.sandbox.vendors["incident_io"].set_version(
                versions[number * len(versions) // self.plan.submissions]
            )
            yield Wish(adapter, operation, ledger.title(number), self.rng.choice(channels))

    async def _work_off(self, user: str, wishes: Iterator[Wish]) -> None:
        person = Person(self.sandbox.slack, user, random.Random(self.rng.random()), self.seen)
        for wish in wishes:
            while True:
                try:
                    self.told.add(await person.submit(wish))
                    break
                except GaveUpError as form:
                    self.abandoned.add(str(form))

    async def settle_everything(self) -> None:
        """Wait until every delivery is done and shown, and decide what people have to; not longer
        than there is patience."""
        began = time.time()
        while rows := [
            it for it in ledger.unfinished(self.database) if it["key"] not in self.abandoned
        ]:
            passed = time.time() - began
            if passed > self.plan.patience:
                return
            if passed > self.plan.storm:
                self.weather(None)
            for row in rows:
                await self._decide(row)
            await asyncio.sleep(0.5)

    async def _decide(self, row: dict[str, Any]) -> None:
        """Whoever is asked by a card looks at the vendor and presses one of its two buttons, or
        mends what was refused. What waits for long in fine weather is cancelled and sent after
        all."""
        place = row["card_channel"], row["card_ts"]
        offered = ledger.offered(self.sandbox.slack, *place)
        person = Person(self.sandbox.slack, row["actor"], self.rng, self.seen)
        if "edit" in offered:
            name = f"{row['vendor']}.{row['operation']}"
            try:
                await person.correct(*place, name, json.loads(row["field_errors"]))
            except GaveUpError as form:
                self.abandoned.add(str(form))
        elif "is_there" in offered:
            is_there = bool(ledger.objects(self.sandbox.vendors[row["vendor"]])[row["key"]])
            await person.settle(*place, is_there=is_there)
        elif "try_again" in offered:
            await person.press(*place, "try_again")
        elif (
            "cancel" in offered
            and self.is_fine
            and row["next_attempt_at"] > time.time() + LONG_SECONDS
        ):
            await person.press(*place, "cancel")


async def chaos(plan: Plan, folder: Path) -> Result:
    """One run, with its database and the bot's log in `folder`."""
    began = time.time()
    async with set_stage(plan, folder) as scene:
        async with scene.bot():
            await _lists_loaded(scene)
        living = asyncio.create_task(scene.live())
        try:
            scene.weather(Counting(random.Random(scene.rng.random()), scene.seen))
            await _or_fails(living, scene.submit_everything())
            await eventually(
                lambda: len(scene.kills) == plan.kills or living.done(), plan.seconds * 3
            )
            scene.seen["seconds of submitting"] = round(time.time() - began)
            await _or_fails(living, scene.settle_everything())
        finally:
            await _ended(living)
        scene.seen["seconds in all"] = round(time.time() - began)
        return _judged(scene)


@asynccontextmanager
async def set_stage(plan: Plan, folder: Path) -> AsyncIterator[Scene]:
    """The stand-ins with some more channels, everything connected, and nobody there yet."""
    async with set_up() as sandbox:
        port = free_port()
        database = folder / "relay.db"
        environment = sandbox.environment(database, port)
        scene = Scene(
            plan, sandbox, database, folder / "bot.log", environment, random.Random(plan.seed)
        )
        environment["RELAY_ADMINS"] = ",".join(scene.people)
        sandbox.slack.bot_url = f"http://127.0.0.1:{port}"
        members = {*sandbox.slack.people}
        for number in range(CHANNELS):
            room = Channel(f"C0TEAM{number:04}", f"team-{number}", members=members)
            sandbox.slack.channels[room.id] = room
        sandbox.vendors["incident_io"].set_version(plan.incident_io[0])
        await sandbox.connect_vendors(Settings.model_validate(environment))
        yield scene


async def _lists_loaded(scene: Scene) -> None:
    """Wait until the bot's pickers have something to offer."""
    await answering(scene.sandbox.slack.bot_url)
    wanted = {
        (vendor, it.name)
        for vendor, adapter in ADAPTERS.items()
        for it in adapter.catalogs
        if not (it.static or it.on_demand)
    }
    with suppress(TimeoutError):
        await eventually(lambda: wanted <= ledger.lists(scene.database), 60)
    missing = wanted - ledger.lists(scene.database)
    assert not missing, f"The stand-ins do not give these lists: {sorted(missing)}"


async def _or_fails(living: "asyncio.Task[None]", doing: Any) -> None:
    """Do it, unless the bot ends by itself before."""
    task = asyncio.ensure_future(doing)
    await asyncio.wait({living, task}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        await _ended(task)
        await living
    await task


async def _ended(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait({task})


def _judged(scene: Scene) -> Result:
    """Compare what people were told, what is in the rows, what is at the vendors and what stands on
    the cards."""
    every_row = ledger.rows(scene.database)
    refused = {row["key"] for row in every_row if row["state"] == "rejected"} & scene.abandoned
    rows = [row for row in every_row if row["key"] not in refused]
    made: Counter[str] = Counter()
    for vendor in scene.sandbox.vendors.values():
        made += ledger.objects(vendor)
    cards = ledger.Cards(scene.sandbox.slack, rows, scene.kills)
    return Result(
        lost=sorted(
            key for key in (scene.told - refused) | {row["key"] for row in rows} if not made[key]
        ),
        twice=sorted(key for key, count in made.items() if count > 1),
        strange=sorted(made.keys() - {row["key"] for row in every_row}),
        unsettled=[
            f"{row['key']} {row['state']} {row['reason']}" for row in rows if not ledger.fine(row)
        ],
        wrong_cards=cards.wrong,
        violations=list(scene.sandbox.slack.violations),
        mistakes=sorted({match[0] for match in ledger.MISTAKE.finditer(scene.log.read_text())}),
        counts={
            "submissions": len(scene.told),
            "kills": len(scene.kills),
            "troubles that Slack showed": sum(
                count for it, count in scene.seen.items() if it.startswith("trouble")
            ),
            "refused until people gave up": len(refused),
            "objects created": made.total(),
            **{
                it: scene.seen[it]
                for it in ("creates", "503", "503 after creating", "429", "answered too late")
            },
            **ledger.trail(scene.database),
            **ledger.versions(scene.sandbox.vendors["incident_io"]),
            "cards posted twice": cards.orphans,
            **{it: scene.seen[it] for it in ("seconds of submitting", "seconds in all")},
        },
    )
