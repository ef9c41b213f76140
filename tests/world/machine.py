"""The machinery without Slack: a database, one connection, a vendor that does what a test says, a
clock that it sets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.adapters.base import (
    Created,
)
from bot.adapters.rate_limit import Limits, RateLimiters
from bot.connections.store import Connections
from bot.delivery.attempt import VendorAccess
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.model import Delivery
from bot.delivery.reconciler import Reconciler
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_stores
from bot.workspace import ConnectionKey, Workspace
from tests.world.notes import HERE, KEY, MADE, SECRET, Clock, Notes, draft

CARD_AFTER = 0.0
NO_LIMITS = Limits()


class Gate:
    """A create that waits until the test opens it; `reached` is set once it waits."""

    def __init__(self, then: Created | Exception = MADE) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self._then = then

    async def __call__(self) -> Created:
        self.reached.set()
        await self.open.wait()
        if isinstance(self._then, Exception):
            raise self._then
        return self._then


@dataclass
class Machine:
    """The machinery on one database file. `changes` are the rows that the courier announced;
    `mended` the times when it said that a connection works again."""

    database: Database
    connections: Connections
    deliveries: Deliveries
    adapter: Notes
    dispatcher: Dispatcher
    reconciler: Reconciler
    rate_limiters: RateLimiters
    clock: Clock
    changes: list[Delivery] = field(default_factory=list)
    offered: list[tuple[str, str]] = field(default_factory=list)
    loops: "list[asyncio.Task[None]]" = field(default_factory=list)
    mended: list[float] = field(default_factory=list)

    async def connect(self, account: str = "acme", workspace: Workspace = HERE) -> None:
        await self.connections.save(
            workspace, "notes", account=account, account_name=account.title(), secret=SECRET
        )

    async def submit(self, key: str = "ir000000000001", **changes: Any) -> Delivery:
        return await self.dispatcher.submit(draft(key, **changes), card_not_before=CARD_AFTER)

    async def crash(self) -> None:
        """What `kill -9` leaves: nothing that is under way gets settled."""
        for loop in self.loops:
            await ended(loop)
        for task in list(self.dispatcher.under_way):
            await ended(task)

    async def row(self, key: str = "ir000000000001", workspace: Workspace = HERE) -> Delivery:
        row = await self.deliveries.find(workspace, key)
        assert row is not None
        return row

    async def until(
        self, state: str, key: str = "ir000000000001", seconds: float = 5.0
    ) -> Delivery:
        """The row once it is in that state; fails with what it is instead."""
        row = await self.row(key)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while row.state != state:
                    await asyncio.sleep(0.005)
                    row = await self.row(key)
        assert row.state == state, row
        return row


def make_connections(
    database: Database,
    clock: Clock,
    on_gone: Callable[[ConnectionKey], None] = lambda connection_key: None,
    key: bytes | None = None,
) -> Connections:
    """The connections, wired to the deliveries as the bot does it."""
    return open_stores(database, SecretBox([key or KEY]), clock, on_gone=on_gone).connections


@asynccontextmanager
async def machine_on(
    path: Path,
    clock: Clock | None = None,
    *,
    running: bool = True,
    limits: Limits = NO_LIMITS,
    adapter: Notes | None = None,
    key: bytes | None = None,
) -> AsyncIterator[Machine]:
    """The machinery on that file, with its loops unless `running` is False. Leaving it is a clean
    stop."""
    clock = clock or Clock()
    database = await Database.open(path)
    adapter = adapter or Notes()
    adapters, rate_limiters = {"notes": adapter}, RateLimiters({"notes": limits}, clock)
    connections = make_connections(database, clock, rate_limiters.renew, key)
    deliveries = Deliveries(database, clock)
    changes: list[Delivery] = []
    offered: list[tuple[str, str]] = []
    mended: list[float] = []

    async def on_created(row: Delivery, catalog: str) -> None:
        offered.append((row.key, catalog))

    def changed(row: Delivery) -> None:
        changes.append(row)
        reconciler.changed(row)

    access = VendorAccess(connections, adapters, rate_limiters)
    dispatcher = Dispatcher(
        deliveries,
        access,
        on_change=changed,
        on_created=on_created,
        on_mended=lambda: mended.append(clock.now),
        clock=clock,
    )
    reconciler = Reconciler(ReconcileStore(database, clock), access, dispatcher, clock)
    loops = (
        [asyncio.create_task(part.run()) for part in (dispatcher, reconciler)] if running else []
    )
    try:
        yield Machine(
            database,
            connections,
            deliveries,
            adapter,
            dispatcher,
            reconciler,
            rate_limiters,
            clock,
            changes,
            offered,
            loops,
            mended,
        )
        await dispatcher.stop()
    finally:
        for loop in loops:
            await ended(loop)
        await adapter.client.aclose()
        await database.close()


async def ended(task: "asyncio.Task[Any]") -> None:
    """Cancel a background task and wait for its end; an error of its own comes out here."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
