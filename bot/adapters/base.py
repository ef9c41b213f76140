"""The base of all adapters: a vendor's operations, forms, requests, errors and lists.

To add a vendor, write one such module, or package. An adapter knows its vendor and never Slack. It
turns a filled-in form into one request (`request`, a pure function that contract tests check
against the vendor's OpenAPI document), sends it (`create`), and reads the vendor's lists
(`entries`).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, Literal, Protocol, Self
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, create_model

from bot.adapters.credentials import Account, Credentials
from bot.adapters.rate_limit import Limits, RateLimiter
from bot.forms.custom_fields import CustomField, custom_form
from bot.forms.fields import Form

Kind = Literal["incident", "action_item", "workflow_task"]


def storable(words: str) -> str:
    """Return the text as UTF-8 can hold it: half a surrogate pair becomes a question mark."""
    return words.encode(errors="replace").decode()


class Entry(BaseModel):
    """One line of a catalog.

    `id` is sent, `label` is shown. `detail` is shown smaller and is searched too, as `names` are,
    which are not shown: other names that people may know it by. `slack_id` is the
    Slack user id of a person, if the vendor knows it. `field` is the definition that the entry
    stands for, in a catalog of a workspace's own fields. `data` is what choosing the entry fills
    in, for `Branches.prefill`.

    `private`: the vendor shows the object to a few people only. None: nobody has asked the vendor
    yet, and until then it counts as private (`is_private`).
    """

    model_config = ConfigDict(frozen=True)

    id: str
    label: str
    detail: str = ""
    names: str = ""
    url: str = ""
    slack_id: str = ""
    field: CustomField | None = None
    data: str = ""
    private: bool | None = False


def is_private(form: Form, selected: Mapping[str, Entry]) -> bool:
    """Return whether only the person who fills in the form may see the result in Slack.

    That is so if the form says it, and if the form names a private object: whatever is attached to
    a private object is private as well.
    """
    return form.confidential or any(entry.private is not False for entry in selected.values())


class SlackPerson(Protocol):
    """A Slack user to be found among the vendor's users. `email` is None when Slack hides it."""

    @property
    def slack_id(self) -> str: ...

    @property
    def email(self) -> str | None: ...


class Created(BaseModel):
    """The object that the vendor created.

    `reference` is its name for people ("INC-42"), `url` its page. `note` is a sentence about what
    people should check, though the vendor accepted the request.

    `private`: the vendor says that the object is private, whatever the form said.

    `remaining` names the steps that are left once the object exists, for `Adapter.finish`. A name
    is the dotted name of a field of the form ("custom.9b1f"). The delivery stores both itself, so
    they are no part of the model's dump.

    `status` is the vendor's word for it, `channel` the id of its own channel in Slack, both empty
    where the answer has none.
    """

    id: str
    reference: str = ""
    title: str = ""
    url: str = ""
    note: str = ""
    status: str = ""
    channel: str = ""
    private: bool = Field(default=False, exclude=True)
    remaining: tuple[str, ...] = Field(default=(), exclude=True)


USERS = "users"
"""The catalog of a vendor's users, where it has one."""
REPORTER = "reporter"
"""The key in `Submission.selected` of the vendor's user who asked for the object.

`Adapter.user_for` finds the user. The key is missing if the vendor does not know the person.
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """One object to create: the filled-in form, the delivery's marker, and the person who asked.

    `selected` holds the entries that the pickers showed for the ids in the form, by
    `<catalog>/<id>` ("users/234"). Vendors that need a name beside an id get it from there, and a
    receipt gets its link. An entry may be missing: then the adapter works without it.

    `again`: an earlier attempt with this marker may have succeeded. `first_sent_at` is the time of
    the first attempt in epoch seconds, 0 if it is not known. `custom` defines the workspace's own
    fields in the form's `custom`.

    `late_since` is the time of submission in epoch seconds if the first attempt came late, else 0.
    `late_field` is the id of the custom field that the workspace's admins picked for it, or empty.
    """

    form: Form
    marker: str
    reporter: str = ""
    revision: int = 0
    selected: Mapping[str, Entry] = field(default_factory=dict)
    again: bool = False
    first_sent_at: float = 0.0
    custom: Sequence[CustomField] = ()
    late_since: float = 0.0
    late_field: str = ""

    @property
    def idempotency_key(self) -> str:
        return f"{self.marker}-r{self.revision}" if self.revision else self.marker

    @property
    def footer(self) -> str:
        """One line for the end of a text that the vendor keeps: that it was sent late, the reporter
        and the marker.

        The object is found again by the marker.
        """
        reporter = " ".join(storable(self.reporter).split())
        added = f"Added from Slack by {reporter}" if reporter else "Added from Slack"
        return " ".join(filter(None, (self.late_note("Submitted"), f"{added} ({self.marker})")))

    def late_note(self, verb: str) -> str:
        """Return the sentence that it was sent late: "Declared in Slack at …". Empty if it was not.

        It is written in English and in UTC, because a vendor keeps it for many readers.
        """
        if not self.late_since:
            return ""
        at = datetime.fromtimestamp(self.late_since, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"{verb} in Slack at {at}, sent later."


@dataclass(frozen=True, slots=True)
class Request:
    """One call to the vendor.

    `path` is below the base URL. A write has exactly one of `json` and `data` (a web form).
    """

    method: str
    path: str
    json: Any = None
    data: Mapping[str, str] | None = None
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Prefill:
    """The values that an answer fills in, by field name.

    `more`: some of them are in fields that only "More fields" shows. `reason` is set when the form
    stays as it was, because the person's input would be lost. It is a sentence or two: why, and
    what to do.
    """

    values: Mapping[str, Any]
    more: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """A form that continues according to one answer.

    `field` asks the question, `into` is the field that holds the chosen form. `first` names the
    form that is there before any answer.

    `prefill` returns the values for the form that the answer leads to. Its arguments are the
    answer, the input so far, the chosen entry if the catalog still has it, and in the same way the
    entry that was chosen before. It is a pure function. Slack keeps the input of a block whose id
    stays the same, so a form that is filled in needs a `block` of its own.
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
    """One thing that a vendor can create.

    `label` follows the vendor's label in menus: "Acme: action item". `summary` stands in the
    README's table and says more; where it is empty, the label stands there.

    `feeds` names the catalog that offers the created objects, so that a new incident can be picked
    at once. `keyed`: the vendor makes one object of two requests with the same idempotency key, so
    a request with an unknown outcome may be sent again. `custom` names the catalog of the fields
    that the workspace defined for itself (each entry has its `field`). `custom_later`: these fields
    are sent once the object exists. `picks_late_field`: admins may pick one of these fields, of the
    kind `datetime`, for the time of submission of what is sent late. `announced` names the fields
    of the form whose values are announced with a created object: its severity or priority.
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
    picks_late_field: bool = False
    summary: str = ""
    announced: tuple[str, ...] = ()

    def form_for(self, answer: str | None, custom: Iterable[CustomField] = ()) -> type[Form]:
        """Return the whole form for an answer to the field that branches.

        Without an answer, the result is the part that asks, and the form that is there first.
        `custom` are the workspace's own fields: they become the form's field `custom`.
        """
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
    """A list that a picker offers.

    `label` is its plural for people. `ttl` is the age in seconds up to which it is fresh.

    `by_reference` makes an entry of a typed number or a pasted link to an object that the list does
    not hold, such as an old or a private incident. The id of the entry is `#` and the number, and
    `bot.adapters.references` finds the object. A list holds no private objects, because a picker
    shows it to everyone. `on_demand`: the list is fetched only after a form that offers it was
    opened, because not every account has such objects.
    """

    name: str
    label: str
    ttl: float = 600.0
    by_reference: Callable[[str], Entry | None] | None = None
    static: Sequence[Entry] | None = None
    on_demand: bool = False


_NUMBER = re.compile(r"\A(?:#|INC-)?(\d{1,9})\Z", re.IGNORECASE)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-"
_IN_LINK = re.compile(rf"/incidents/(?!{_UUID})(\d{{1,9}})(?![^-/?#])", re.IGNORECASE)


def incident_by_number(typed: str) -> Entry | None:
    """Return the entry `#123` for "INC-123", "#123", "123", or the link of an incident's page.

    Such a link ends in `/incidents/123-it-is-down`. Returns None for any other text.
    """
    typed = typed.strip()
    numbers = (_IN_LINK if _LINK.fullmatch(typed) else _NUMBER).findall(typed)
    if not numbers:
        return None
    number = int(numbers[-1])
    return Entry(id=f"#{number}", label=f"INC-{number} (looked up when sent)", private=None)


def _host(url: str) -> str:
    return urlsplit(url.strip()).netloc.lower()


def _is_beside(typed: str, url: str) -> bool:
    """Return whether two links of incidents lead to the same organisation's pages."""
    if not url:
        return False
    before = [urlsplit(each.strip()).path.partition("/incidents/")[0] for each in (typed, url)]
    return _host(typed) == _host(url) and before[0] == before[1]


class Adapter(ABC):
    """One vendor: a declaration of all that the bot knows about it, and the calls to it. Instances
    hold the shared HTTP client and the operator's base URL; credentials come with each call.

    `vendor` is its name in commands, rows and ids, `label` its name for people. `default_url` is
    the address of its API; `url_variable` is the environment variable in which an operator may put
    another one, and ends in `_URL`. `key_needs` says what a key has to be allowed, as
    `docs/install.md` words it after the label. `color` (`#rrggbb`) stands behind its initial where
    vendors are shown side by side. `limits` are the vendor's documented rate limits for one key.
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
        """Return a copy of the adapter for one connection.

        The copy's reads keep to the connection's rate limit, and update it from the headers of
        answers.
        """
        adapter = copy(self)
        adapter.rate_limiter = rate_limiter
        return adapter

    def address(self, credentials: Any) -> str:
        """Return the base URL for these credentials: the operator's, or one of the vendor's own."""
        return self.base_url

    @abstractmethod
    async def verify(self, credentials: Any) -> Account:
        """Ask the vendor whether the credentials work, and which rights they have.

        Creates nothing, and takes 8 s at most. Raises `UnauthorizedError`, `RetryLaterError`,
        `RejectedError` or `OutcomeUnknownError`. Rights that cannot be found out are left out.
        """

    @abstractmethod
    def request(self, operation: str, submission: Submission, credentials: Any) -> Request:
        """Return the call that creates the object of the form.

        Pure: the same form and marker give the same request. Raises `KeyError` for an operation
        that the vendor does not have.
        """

    @abstractmethod
    async def create(self, operation: str, submission: Submission, credentials: Any) -> Created:
        """Create the object at the vendor.

        Raises a `VendorError`; the classes in `bot.errors` describe what is certain after each
        error. The vendor is asked first for what the request needs, such as the objects that the
        form names (`bot.adapters.references`). If such a read gets no answer, this raises
        `RetryLaterError`, because nothing was created yet.
        """

    @abstractmethod
    async def find(
        self, operation: str, submission: Submission, credentials: Any, since: float
    ) -> list[Created]:
        """Return all objects at the vendor that carry the submission's marker, oldest first.

        The request was sent no earlier than `since` (epoch seconds). More than one object means
        that it was created more than once. An empty list means that the whole list was read and no
        object has the marker. Raises a `VendorError` for any answer that does not settle the
        question.
        """

    async def look_up(self, catalog: str, entry_id: str, credentials: Any) -> Entry | None:
        """Return the object with that id or number (`#123`), whether it is private, and its words.

        Returns None if the vendor does not have it, or does not show it to this key. Raises a
        `VendorError`, or `KeyError` for a catalog without `by_reference`.
        """
        raise KeyError(catalog)

    async def finish(
        self, operation: str, submission: Submission, created_id: str, name: str, credentials: Any
    ) -> None:
        """Do the step `name` of the created object's `Created.remaining`.

        The step may have been done before, because it is repeated until it is known to be done.
        Raises a `VendorError`, or `KeyError` for an unknown step.
        """
        raise KeyError(name)

    def example_of_reference(self, operation: str) -> str:
        """Return an example of a reference by which people name an object of the operation.

        Empty if its objects have no references that people know.
        """
        feeds = self.operation(operation).feeds
        return "INC-42" if feeds and self.catalog(feeds).by_reference else ""

    async def find_named(self, operation: str, typed: str, credentials: Any) -> Created | None:
        """Return the object of the operation that a person names by its reference, or by the link
        of its page on the vendor's own host.

        Everything in it is what the vendor returned. Of a private object it has only the reference,
        since nobody knows whether this person may see more. Returns None if the vendor does not
        have it, or does not show it to this key. Raises a `VendorError`, or `ValueError` for a text
        that names nothing.
        """
        feeds = self.operation(operation).feeds or ""
        named = self.catalog(feeds).by_reference if feeds else None
        entry = named(typed) if named is not None else None
        is_link = typed.strip().lower().startswith(("https://", "http://"))
        page = self.by_hand(operation, credentials)
        if entry is None or (is_link and _host(typed) != _host(page)):
            raise ValueError(typed)
        found = await self.look_up(feeds, entry.id, credentials)
        if found is None or (is_link and not _is_beside(typed, found.url)):
            return None
        reference = f"INC-{entry.id.removeprefix('#')}"
        if found.private is not False:
            return Created(id=found.id, reference=reference, private=True)
        title = found.label.removeprefix(reference).strip()
        return Created(id=found.id, reference=reference, title=title, url=found.url)

    def by_hand(self, operation: str, credentials: Any) -> str:
        """Return the address of the vendor's own page where a person can do the same, or begin to.

        Empty if no such page is known.
        """
        return ""

    @abstractmethod
    async def entries(self, catalog: str, credentials: Any) -> list[Entry]:
        """Return all entries of a catalog in the order in which people see them.

        Raises a `VendorError`, or `KeyError` for a catalog that the vendor does not have.
        """

    def user_for(self, person: SlackPerson, entries: Iterable[Entry]) -> Entry | None:
        """Return the vendor's user for a Slack user, or None if there is none.

        `entries` are the entries of the vendor's users.
        """
        return None

    def operation(self, name: str) -> Operation:
        """Return the operation of that name. Raises `KeyError` if the vendor does not have it."""
        return {operation.name: operation for operation in self.operations}[name]

    def catalog(self, name: str) -> Catalog:
        """Return the catalog of that name. Raises `KeyError` if the vendor does not have it.

        "catalog_entries:01AB" is one of the lists of the catalog "catalog_entries". `entries` gets
        the whole name.
        """
        return {catalog.name: catalog for catalog in self.catalogs}[name.partition(":")[0]]
