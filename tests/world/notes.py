"""A vendor of notes that does what a test says, a clock that a test sets, and rows for both."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
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
from bot.adapters.registry import ADAPTERS
from bot.delivery.model import Delivery, Draft
from bot.delivery.problems import Details
from bot.forms.fields import Form
from bot.workspace import Workspace

HERE = Workspace("", "T0HERE0001")
ELSEWHERE = Workspace("", "T0ELSE0001")
DAY = 24 * 3600.0
KEY = Fernet.generate_key()
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
    "Notes isn't connected to this account anymore. An admin can connect it again in `/vendors`."
)


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


def labels(entries: Sequence[Entry]) -> list[str]:
    """What a picker shows."""
    return [entry.label for entry in entries]
