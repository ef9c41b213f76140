"""What an adapter is: one vendor's operations, forms, requests, errors and lists. Adding a vendor is one such
module, or package.

An adapter knows its vendor and never Slack. It turns a filled-in form into one request (`request`, a pure function that
contract tests check against the vendor's OpenAPI document), sends it (`create`), and reads the vendor's lists
(`entries`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, create_model, field_validator

from bot.forms.fields import Form

Kind = Literal["incident", "action_item", "workflow_task"]


class Credentials(BaseModel):
    """Base of a vendor's credentials; every field a secret, so that no repr shows one.

    A value is taken without the white space around it. One that cannot stand in an HTTP header is turned away here:
    the HTTP client would only notice while it sends. What pydantic raises then does not quote the value in its text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _can_be_sent(cls, value: Any) -> Any:
        secret = SecretStr(value.get_secret_value().strip())
        text = secret.get_secret_value()
        if not text or not all("!" <= character <= "~" for character in text):
            raise ValueError("is empty, or holds a space or a character that no key has; copy it again, whole")
        return secret


def storable(words: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair becomes a question mark."""
    return words.encode(errors="replace").decode()


class ApiKey(Credentials):
    """One bearer token."""

    api_key: SecretStr


class Account(BaseModel):
    """Whom the vendor says the credentials belong to. `id` is equal for two keys of the same account."""

    id: str
    name: str


class Entry(BaseModel):
    """One line of a catalog: what is sent, what is shown, and a little more (shown smaller, searched too)."""

    model_config = ConfigDict(frozen=True)

    id: str
    label: str
    detail: str = ""
    url: str = ""


class Created(BaseModel):
    """What the vendor made: its id, what people call it ("INC-42"), its title, and where to look at it."""

    id: str
    reference: str = ""
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """One thing to create: the filled-in form, the delivery's marker, and who asked for it.

    `chosen` holds what the pickers showed for the ids in the form, by `<catalog>/<id>` ("users/234"): vendors that want
    a name beside an id get it from there, and a receipt its link. What is missing from it is done without.
    """

    form: Form
    marker: str
    reporter: str = ""
    revision: int = 0
    chosen: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def idempotency_key(self) -> str:
        return f"{self.marker}-r{self.revision}" if self.revision else self.marker

    @property
    def footer(self) -> str:
        """One line for the end of a text that the vendor keeps: who asked, and the marker by which we find it again."""
        reporter = " ".join(storable(self.reporter).split())
        return f"Added from Slack by {reporter} ({self.marker})" if reporter else f"Added from Slack ({self.marker})"


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the vendor. `path` is below the base URL; exactly one of `json` and `data` (a web form) is given."""

    method: str
    path: str
    json: Any = None
    data: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branches:
    """A form that goes on according to one answer: `field` asks, `into` is the field that holds the chosen form."""

    field: str
    into: str
    forms: Mapping[str, type[Form]]


@dataclass(frozen=True)
class Operation:
    """One thing that a vendor can create. `label` follows the vendor's in menus: "Rootly: action item".

    `feeds` names the catalog that offers what was created (a new incident can be picked at once).
    """

    name: str
    kind: Kind
    label: str
    form: type[Form]
    branches: Branches | None = None
    feeds: str | None = None

    def form_for(self, answer: str | None) -> type[Form]:
        """The whole form once `answer` has been given to the field that branches; without one, the part that asks."""
        if self.branches is None or answer is None or answer not in self.branches.forms:
            return self.form
        return _joined(self.form, self.branches.into, self.branches.forms[answer])


@cache
def _joined(base: type[Form], into: str, branch: type[Form]) -> type[Form]:
    return create_model(f"{base.__name__}_{branch.block}", __base__=base, **{into: (branch, ...)})  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True, slots=True)
class Catalog:
    """A list that a picker offers. `label` is its plural as people say it; `ttl` is its freshness in seconds.

    `by_reference` makes an entry out of a typed reference or a pasted link that the list does not hold (an old
    incident): its id begins with `#`, and the adapter looks it up when it creates.
    """

    name: str
    label: str
    ttl: float = 600.0
    by_reference: Callable[[str], Entry | None] | None = None
    static: Sequence[Entry] | None = None


_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-"
_NUMBERED = re.compile(
    rf"(?:#|INC-)?(\d{{1,9}})|https?://\S+/incidents/(?!{_UUID})(\d{{1,9}})(?:[-/?#]\S*)?", re.IGNORECASE
)


def incident_by_number(typed: str) -> Entry | None:
    """INC-123, #123, 123, or the link of an incident's page (`.../incidents/123-it-is-down`), as an entry `#123`."""
    if (match := _NUMBERED.fullmatch(typed.strip())) is None:
        return None
    number = int(match[1] or match[2])
    return Entry(id=f"#{number}", label=f"INC-{number} (looked up when sent)")


class Adapter(ABC):
    """One vendor. Instances hold the shared HTTP client and the base URL; credentials come with each call."""

    vendor: ClassVar[str]
    label: ClassVar[str]
    credentials: ClassVar[type[Credentials]]
    operations: ClassVar[tuple[Operation, ...]]
    catalogs: ClassVar[tuple[Catalog, ...]]

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self.client = client
        self.base_url = base_url

    @abstractmethod
    async def verify(self, credentials: Any) -> Account:
        """Ask the vendor whether the credentials work. Raises `Unauthorized`, `TryLater`, `Refused` or `Unclear`."""

    @abstractmethod
    def request(self, operation: str, submission: Submission, credentials: Any) -> Request:
        """The one call that creates what the form says. Pure: the same form and marker give the same request."""

    @abstractmethod
    async def create(self, operation: str, submission: Submission, credentials: Any) -> Created:
        """Create it at the vendor. Raises a `VendorError`; see `bot.errors` for what each one promises.

        What has to be looked up first (an incident named by its number) is looked up here; a look-up that gets no
        answer raises `TryLater`, for nothing has been created by then.
        """

    @abstractmethod
    async def entries(self, catalog: str, credentials: Any) -> list[Entry]:
        """The whole list, all pages, in the order people want to see it. Raises a `VendorError`."""

    def operation(self, name: str) -> Operation:
        """The operation of that name; KeyError for one that the vendor does not have."""
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(name)

    def catalog(self, name: str) -> Catalog:
        """The catalog of that name; KeyError for one that the vendor does not have."""
        for catalog in self.catalogs:
            if catalog.name == name:
                return catalog
        raise KeyError(name)
