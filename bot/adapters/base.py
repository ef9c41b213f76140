"""What an adapter is: one vendor's operations, forms, requests, errors and lists. Adding a vendor
is one such module, or package.

An adapter knows its vendor and never Slack. It turns a filled-in form into one request (`request`,
a pure function that contract tests check against the vendor's OpenAPI document), sends it
(`create`), and reads the vendor's lists (`entries`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Literal, Protocol, Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, create_model, field_validator
from pydantic.fields import FieldInfo

from bot.adapters.rate_limit import Limits, RateLimiter
from bot.forms.custom_fields import CustomField, custom_form
from bot.forms.fields import Form

Kind = Literal["incident", "action_item", "workflow_task"]


@dataclass(frozen=True, slots=True)
class Visible:
    """Marks a secret that the person who types it may see, and finds again after a mistake: an
    identifier, say, which is kept out of logs and reprs all the same."""


def typed_unseen(field: FieldInfo) -> bool:
    """Whether what is typed into that field of the credentials is never shown, not even to who
    types it."""
    return field.annotation is SecretStr and Visible() not in field.metadata


class Credentials(BaseModel):
    """Base of a vendor's credentials; every field a secret, so that no repr shows one, or a choice
    (a `Literal`). A secret that is `Visible` may be seen by who types it.

    A field's title and description say to people what it is, where to find it and which rights it
    needs. None is an address: that is the operator's, or one of those that `Adapter.address` knows.
    A value is taken without the white space around it. One that cannot stand in an HTTP header is
    turned away here: the HTTP client would only notice while it sends. What pydantic raises then
    does not quote the value in its text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _can_be_sent(cls, value: Any) -> Any:
        if not isinstance(value, SecretStr):
            return value
        secret = SecretStr(value.get_secret_value().strip())
        text = secret.get_secret_value()
        if not text or not all("!" <= character <= "~" for character in text):
            raise ValueError(
                "is empty, or holds a space or a character that no key has; copy it again, whole"
            )
        return secret


def storable(words: str) -> str:
    """The text as UTF-8 can hold it: half a surrogate pair becomes a question mark."""
    return words.encode(errors="replace").decode()


class ApiKey(Credentials):
    """One bearer token."""

    api_key: SecretStr = Field(title="API key")


class Rights(BaseModel):
    """What the vendor says, or shows, that a key may do.

    `acts_as`: as whom it acts, in a few words ("Maya Chen (maya@example.com)"). `roles`: the
    vendor's names of its roles or permissions, as far as it tells. `cannot`: by the name of an
    operation ("incident") a sentence that says why the key will be refused there and what to
    change; an operation that is missing is allowed, or nothing is known. `limited`: the same for
    what works, and lacks something: what it is, and what to change.
    """

    model_config = ConfigDict(frozen=True)

    acts_as: str = ""
    roles: tuple[str, ...] = ()
    cannot: Mapping[str, str] = Field(default_factory=dict)
    limited: Mapping[str, str] = Field(default_factory=dict)

    def about(self, operation: str) -> str:
        """What people should know who use that operation; empty when nothing stands in their way."""
        return " ".join(filter(None, (self.cannot.get(operation), self.limited.get(operation))))


class Account(BaseModel):
    """Whom the vendor says the credentials belong to. `id` is equal for two keys of the same
    account."""

    id: str
    name: str
    rights: Rights = Rights()


class Entry(BaseModel):
    """One line of a catalog: what is sent, what is shown, and a little more (shown smaller,
    searched too).

    `slack_id`: the Slack user id of somebody whom the vendor knows by it. `field`: what the entry
    defines, in a catalog of a workspace's own fields. `data`: what choosing it fills in, for
    `Branches.prefill`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    label: str
    detail: str = ""
    url: str = ""
    slack_id: str = ""
    field: CustomField | None = None
    data: str = ""


class SlackPerson(Protocol):
    """Whom an adapter finds among its users; `email` is None when Slack hides it."""

    @property
    def slack_id(self) -> str: ...

    @property
    def email(self) -> str | None: ...


class Created(BaseModel):
    """What the vendor made: its id, what people call it ("INC-42"), its title, where to look at it,
    and a sentence about what people should look at, though it was taken.

    `remaining`: what is to be done now that it exists, by the dotted names of the form's fields
    ("custom.9b1f"), for `Adapter.finish`. The delivery keeps account of that itself, so it is no
    part of the model's dump.
    """

    id: str
    reference: str = ""
    title: str = ""
    url: str = ""
    note: str = ""
    remaining: tuple[str, ...] = Field(default=(), exclude=True)


USERS = "users"
"""The catalog of a vendor's users, where it has one."""
REPORTER = "reporter"
"""Where `Submission.chosen` holds the vendor's user who asked for it, if the vendor knows one
(`Adapter.user_for`)."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One thing to create: the filled-in form, the delivery's marker, and who asked for it.

    `chosen` holds what the pickers showed for the ids in the form, by `<catalog>/<id>`
    ("users/234"): vendors that want a name beside an id get it from there, and a receipt its link.
    What is missing from it is done without. `again`: an earlier attempt with this marker may have
    been carried out; `first_sent_at`: when the first one left (epoch seconds, 0 where that is not
    known). `custom` defines the workspace's own fields in the form's `custom`.
    """

    form: Form
    marker: str
    reporter: str = ""
    revision: int = 0
    chosen: Mapping[str, Entry] = field(default_factory=dict)
    again: bool = False
    first_sent_at: float = 0.0
    custom: Sequence[CustomField] = ()

    @property
    def idempotency_key(self) -> str:
        return f"{self.marker}-r{self.revision}" if self.revision else self.marker

    @property
    def footer(self) -> str:
        """One line for the end of a text that the vendor keeps: who asked, and the marker by which
        we find it again."""
        reporter = " ".join(storable(self.reporter).split())
        return (
            f"Added from Slack by {reporter} ({self.marker})"
            if reporter
            else f"Added from Slack ({self.marker})"
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the vendor. `path` is below the base URL; exactly one of `json` and `data` (a web
    form) is given."""

    method: str
    path: str
    json: Any = None
    data: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prefill:
    """What an answer fills in: values by field name. `more`: some stand in fields that only "More
    fields" shows.

    `reason`: the form stays as it was, because what was typed would be lost; a sentence or two that
    say why and what to do.
    """

    values: Mapping[str, Any]
    more: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """A form that goes on according to one answer: `field` asks, `into` is the field that holds the
    chosen form.

    `first` is the form that is there before anything was answered. `prefill` (answer, what was
    typed so far, the entry that was chosen if the catalog still has it, and likewise the entry that
    was chosen before) says what stands in the form that the answer leads to; it is pure. Slack
    keeps what was typed in a block whose id stays, so the form that is filled in has to have a
    `block` of its own.
    """

    field: str
    into: str
    forms: Mapping[str, type[Form]]
    first: str | None = None
    prefill: (
        Callable[[str | None, Mapping[str, Any], Entry | None, Entry | None], Prefill] | None
    ) = None


@dataclass(frozen=True)
class Operation:
    """One thing that a vendor can create. `label` follows the vendor's in menus: "Acme: action
    item". `summary` is the same for the README's table, with what sets it apart; the label where
    it is empty.

    `feeds` names the catalog that offers what was created (a new incident can be picked at once).
    `keyed`: the vendor makes one object of two requests with the same idempotency key, so that an
    unclear one may simply be sent again. `custom` names the catalog of the fields that the
    workspace made for itself (each entry with its `field`); `custom_later`: they are sent once the
    object exists.
    """

    name: str
    kind: Kind
    label: str
    form: type[Form]
    branches: Branches | None = None
    feeds: str | None = None
    keyed: bool = False
    custom: str | None = None
    custom_later: bool = False
    summary: str = ""

    def form_for(self, answer: str | None, custom: Iterable[CustomField] = ()) -> type[Form]:
        """The whole form once `answer` has been given to the field that branches; without one, the
        part that asks, and the form that is there first. `custom` are the workspace's own fields:
        they stand in its field of that name."""
        form, fields = self.form, tuple(custom)
        if self.branches is not None:
            if answer is None or answer not in self.branches.forms:
                answer = self.branches.first
            if answer is not None:
                form = _joined(form, self.branches.into, self.branches.forms[answer])
        return (
            _joined(form, "custom", custom_form(fields, self.custom))
            if fields and self.custom
            else form
        )


@lru_cache(maxsize=512)
def _joined(base: type[Form], into: str, branch: type[Form]) -> type[Form]:
    return create_model(f"{base.__name__}_{branch.block}", __base__=base, **{into: (branch, ...)})  # type: ignore[call-overload,no-any-return]


@dataclass(frozen=True, slots=True)
class Catalog:
    """A list that a picker offers. `label` is its plural as people say it; `ttl` is its freshness
    in seconds.

    `by_reference` makes an entry out of a typed reference or a pasted link that the list does not
    hold (an old incident): its id begins with `#`, and the adapter looks it up when it creates.
    `on_demand`: fetched only once a form that offers it has been opened; not every account has such
    things.
    """

    name: str
    label: str
    ttl: float = 600.0
    by_reference: Callable[[str], Entry | None] | None = None
    static: Sequence[Entry] | None = None
    on_demand: bool = False


_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-"
_NUMBERED = re.compile(
    rf"(?:#|INC-)?(\d{{1,9}})|https?://\S+/incidents/(?!{_UUID})(\d{{1,9}})(?:[-/?#]\S*)?",
    re.IGNORECASE,
)


def incident_by_number(typed: str) -> Entry | None:
    """INC-123, #123, 123, or the link of an incident's page (`.../incidents/123-it-is-down`), as an
    entry `#123`."""
    if (match := _NUMBERED.fullmatch(typed.strip())) is None:
        return None
    number = int(match[1] or match[2])
    return Entry(id=f"#{number}", label=f"INC-{number} (looked up when sent)")


class Adapter(ABC):
    """One vendor: a declaration of all that the bot knows about it, and the calls to it. Instances
    hold the shared HTTP client and the operator's base URL; credentials come with each call.

    `vendor` is its name in commands, rows and ids, `label` its name for people. `default_url` is
    the address of its API; `url_variable` is the environment variable in which an operator may put
    another one, and ends in `_URL`. `key_needs` says what a key has to be allowed, as the README
    words it after the label. `color` (`#rrggbb`) stands behind its initial where vendors are shown
    side by side. `limits` are the vendor's documented rate limits for one key.
    """

    vendor: ClassVar[str]
    label: ClassVar[str]
    default_url: ClassVar[str]
    url_variable: ClassVar[str]
    key_needs: ClassVar[str]
    color: ClassVar[str] = "#555555"
    credentials: ClassVar[type[Credentials]]
    operations: ClassVar[tuple[Operation, ...]]
    catalogs: ClassVar[tuple[Catalog, ...]]
    limits: ClassVar[Limits] = Limits()

    rate_limiter: RateLimiter | None = None

    def __init__(self, client: httpx.AsyncClient, base_url: str) -> None:
        self.client = client
        self.base_url = base_url

    def with_rate_limiter(self, rate_limiter: RateLimiter) -> Self:
        """The same adapter for one connection: its reads keep to that connection's pace, and tell
        it what headers say."""
        mine = copy(self)
        mine.rate_limiter = rate_limiter
        return mine

    def address(self, credentials: Any) -> str:
        """The base URL that these credentials are for: the operator's, or one out of the vendor's
        own list."""
        return self.base_url

    @abstractmethod
    async def verify(self, credentials: Any) -> Account:
        """Ask the vendor whether the credentials work, and what they may do; it creates nothing,
        and takes 8 s at most.

        Raises `UnauthorizedError`, `RetryLaterError`, `RejectedError` or `OutcomeUnknownError`.
        What cannot be found out about the rights is left out.
        """

    @abstractmethod
    def request(self, operation: str, submission: Submission, credentials: Any) -> Request:
        """The one call that creates what the form says. Pure: the same form and marker give the
        same request."""

    @abstractmethod
    async def create(self, operation: str, submission: Submission, credentials: Any) -> Created:
        """Create it at the vendor. Raises a `VendorError`; see `bot.errors` for what each one
        promises.

        What has to be looked up first (an incident named by its number) is looked up here; a
        look-up that gets no answer raises `RetryLaterError`, for nothing has been created by then.
        """

    @abstractmethod
    async def find(
        self, operation: str, submission: Submission, credentials: Any, since: float
    ) -> list[Created]:
        """Everything at the vendor that carries the submission's marker, oldest first; empty when
        nothing does.

        It was sent no earlier than `since` (epoch seconds). More than one: it was created more than
        once. Any answer that does not settle the question raises a `VendorError`; an empty list is
        given only when the whole place where the object would be has been read.
        """

    async def finish(
        self, operation: str, submission: Submission, created_id: str, name: str, credentials: Any
    ) -> None:
        """Do what `name`, of the `Created.remaining` of what was created, stands for. Raises a
        `VendorError`.

        It may have been done before: a step is repeated until it is known to be done.
        """
        raise KeyError(name)

    def by_hand(self, operation: str, credentials: Any) -> str:
        """The address of the vendor's own page where a person can do the same, or at least begin;
        empty if unknown."""
        return ""

    @abstractmethod
    async def entries(self, catalog: str, credentials: Any) -> list[Entry]:
        """The whole list, all pages, in the order people want to see it. Raises a `VendorError`."""

    def user_for(self, person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
        """The vendor's user that this person of Slack is, among the `entries` of its users; None
        when none is."""
        return None

    def operation(self, name: str) -> Operation:
        """The operation of that name; KeyError for one that the vendor does not have."""
        for operation in self.operations:
            if operation.name == name:
                return operation
        raise KeyError(name)

    def catalog(self, name: str) -> Catalog:
        """The catalog of that name; KeyError for one that the vendor does not have.

        "catalog_entries:01AB" is one of the lists that "catalog_entries" stands for; `entries` is
        asked for the whole name.
        """
        for catalog in self.catalogs:
            if catalog.name == name.partition(":")[0]:
                return catalog
        raise KeyError(name)
