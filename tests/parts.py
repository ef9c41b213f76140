"""The machinery without Slack: a database, one connection, a vendor that does what a test says, a
clock that it sets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import httpx
from cryptography.fernet import Fernet
from pydantic import Field

from bot import messages
from bot.adapters.base import (
    Adapter,
    Catalog,
    Created,
    Entry,
    Operation,
    Request,
    Submission,
    incident_by_number,
)
from bot.adapters.credentials import Account, ApiKey
from bot.adapters.rate_limit import Limits, RateLimiters
from bot.adapters.registry import ADAPTERS
from bot.connections.store import Connections
from bot.delivery.attempt import VendorAccess
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.model import Delivery, Draft
from bot.delivery.problems import Details
from bot.delivery.reconciler import Reconciler
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.forms.fields import Form
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_stores
from bot.workspace import ConnectionKey, Workspace

HERE = Workspace("", "T0HERE0001")
ELSEWHERE = Workspace("", "T0ELSE0001")
DAY = 24 * 3600.0
CARD_AFTER = 0.0
SECRET = {"api_key": "key-that-nobody-may-see"}


class Clock:
    """Epoch seconds that pass only when a test says so."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Note(Form):
    headline: ClassVar = "text"

    text: str = Field(title="Text", min_length=1)


MADE = Created(id="n1", reference="N-1", title="A note", url="https://notes.example.com/1")


class Notes(Adapter):
    """A vendor of notes. Its next creates do what `script` says, in order, and then make `MADE`;
    `lists` are its lists; its next look-ups say what `there` says, in order, and then that there is
    nothing."""

    vendor = "notes"
    label = "Notes"
    credentials = ApiKey
    operations: ClassVar[tuple[Operation, ...]] = (
        Operation("note", "incident", "note", Note, feeds="notes"),
    )
    catalogs: ClassVar[tuple[Catalog, ...]] = (
        Catalog("notes", "notes", ttl=60.0, by_reference=incident_by_number),
        Catalog("people", "people"),
        Catalog(
            "colours", "colours", static=(Entry(id="r", label="Red"), Entry(id="g", label="Green"))
        ),
    )

    def __init__(self) -> None:
        super().__init__(httpx.AsyncClient(), "http://notes.invalid")
        self.script: list[Created | Exception | Callable[[], Awaitable[Created]]] = []
        self.sent: list[Submission] = []
        self.lists: dict[str, list[Entry] | Exception] = {"notes": [], "people": []}
        self.asked: list[str] = []
        self.there: list[list[Created] | Exception] = []
        self.looked: list[tuple[str, float]] = []
        self.before_listing: Callable[[], Awaitable[None]] | None = None

    async def verify(self, credentials: ApiKey) -> Account:
        return Account(id="acme", name="Acme")

    def request(self, operation: str, submission: Submission, credentials: ApiKey) -> Request:
        return Request("POST", "/notes", json=submission.form.model_dump())

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        self.sent.append(submission)
        step = self.script.pop(0) if self.script else MADE
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, Created) else await step()

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        self.looked.append((submission.marker, since))
        found = self.there.pop(0) if self.there else []
        if isinstance(found, Exception):
            raise found
        return found

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        self.asked.append(catalog)
        found = self.lists[catalog]
        if self.before_listing is not None:
            await self.before_listing()
        if isinstance(found, Exception):
            raise found
        return list(found)

    @property
    def keys(self) -> list[str]:
        """The markers of what was sent, in order."""
        return [it.marker for it in self.sent]


NOT_CONNECTED = (
    "Notes is no longer connected to the account it was meant for; an admin can connect that one "
    "again with `/vendors`."
)


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


def why(row: Delivery) -> str:
    """Why the row is not delivered, as people read it."""
    return _read(row, row.error_details)


def steps_of(row: Delivery) -> dict[str, str]:
    """The steps that remain, each with why it was not done, as people read it; empty: it waits."""
    return {name: _read(row, details) for name, details in row.follow_up_steps.items()}


def _read(row: Delivery, details: Details) -> str:
    label = ADAPTERS[row.vendor].label if row.vendor in ADAPTERS else Notes.label
    return messages.sentence(details, label)


def draft(key: str = "ir000000000001", **changes: Any) -> Draft:
    """A note that a person submitted."""
    return replace(
        Draft(
            workspace=HERE,
            key=key,
            kind="incident",
            vendor="notes",
            operation="note",
            branch="",
            account="acme",
            actor="U0ANN00001",
            actor_name="Ann",
            channel="C0GENERAL1",
            private=False,
            title="Checkout is down",
            payload={"text": "Checkout is down"},
            selected={},
        ),
        **changes,
    )


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
        for task in list(self.dispatcher._under_way):
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


KEY = Fernet.generate_key()
NO_LIMITS = Limits()


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


def labels(entries: Sequence[Entry]) -> list[str]:
    """What a picker shows."""
    return [entry.label for entry in entries]
