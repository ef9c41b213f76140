"""The forms of a workflow's rules: fields, JSON, and copies of a workflow's rules."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, HttpUrl, create_model, field_validator, model_validator

from bot.adapters.twilio import rules
from bot.adapters.twilio.configuration import LARGEST, LARGEST_INT, in_short, problems
from bot.adapters.twilio.expressions import complaint
from bot.adapters.twilio.sids import is_sid, sid
from bot.forms.fields import Advanced, Form, Json, Lookup, Text, Upload, wrong
from bot.language import N_, _

MOST_KNOWN = 1000
"""The number of correct documents that are remembered, at 32 bytes each."""
EXAMPLE = '{"task_routing": {"default_filter": {"queue": "WQ…"}}}'


Queue = Annotated[str, Lookup("task_queues"), sid(N_("Choose a queue from the list."), "WQ")]

AssignmentCallback = Annotated[
    HttpUrl | None,
    Field(
        title="Assignment callback",
        description=N_("Twilio asks this address what to do when a task has a worker."),
    ),
    Advanced(),
]
FallbackCallback = Annotated[
    HttpUrl | None,
    Field(
        title="Fallback callback",
        description=N_("Twilio asks this address when the assignment callback fails."),
    ),
    Advanced(),
]
ReservationTimeout = Annotated[
    int | None,
    Field(
        ge=1,
        le=86_400,
        title="Reservation timeout",
        description=N_("Seconds that a worker has to accept. 120 if this is empty."),
    ),
    Advanced(),
]


class Filter(Form):
    """One filter with one target, or an empty filter.

    `number` stands in the titles of its fields.
    """

    number: ClassVar[int]

    name: str | None = Field(None, title="name")
    expression: Annotated[str | None, Text(placeholder="type == 'ticket' AND tier == 'Gold'")] = (
        Field(
            None,
            title="expression",
            description=N_(
                "Which tasks it takes. Use ==, !=, <, >, CONTAINS, HAS, IN, NOT IN, AND, OR."
            ),
        )
    )
    queue: Queue | None = Field(None, title="queue")
    priority: int | None = Field(
        None, ge=0, le=LARGEST_INT, title="priority", description=N_("Higher goes first.")
    )
    timeout: int | None = Field(
        None,
        ge=1,
        le=LARGEST_INT,
        title="timeout",
        description=N_(
            "Seconds in this queue. Then the next matching filter takes the task, or Twilio "
            "cancels it."
        ),
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Number the titles, once the subclass has its own copies of the fields."""
        super().__pydantic_init_subclass__(**kwargs)
        for info in cls.model_fields.values():
            info.title = f"Filter {cls.number}: {info.title}"

    @field_validator("expression")
    @classmethod
    def _can_be_read(cls, value: str | None) -> str | None:
        if value and (sentence := complaint(value)):
            raise ValueError(sentence)
        return value

    @model_validator(mode="after")
    def _is_whole_or_nothing(self) -> Self:
        if any(value not in (None, "") for value in self.model_dump().values()):
            if not self.expression:
                raise wrong("expression", _("Type a condition, such as type == 'ticket'."))
            if not self.queue:
                raise wrong("queue", _("Choose a queue for this filter's tasks."))
        return self


class Filter1(Filter):
    """The first filter."""

    number: ClassVar = 1


class Filter2(Filter):
    """The second filter."""

    number: ClassVar = 2


class Filter3(Filter):
    """The third filter."""

    number: ClassVar = 3


class FromFields(Form):
    """Up to three filters, tried in order, and the queue for every other task."""

    block: ClassVar = "fields"

    default_queue: Queue = Field(
        title="Default queue", description=N_("For every task that no filter takes.")
    )
    filter_1: Filter1 | None = None
    filter_2: Annotated[Filter2 | None, Advanced()] = None
    filter_3: Annotated[Filter3 | None, Advanced()] = None
    assignment_callback_url: AssignmentCallback = None
    fallback_assignment_callback_url: FallbackCallback = None
    task_reservation_timeout: ReservationTimeout = None

    @property
    def document(self) -> str:
        """The configuration that Twilio gets."""
        return rules.configuration(self.model_dump())


class _CheckedDocuments:
    """Remembers the last documents without problems.

    A document is checked when it is submitted and each time it is sent, and a file of a megabyte
    takes 0.15 s. Only digests are kept, because the documents belong to a workspace, which may be
    deleted. Several threads may call at the same time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._digests: dict[bytes, None] = {}
        self._lock = Lock()

    def complaint(self, document: str) -> str:
        """Return the problems of the document in short, empty if there are none."""
        digest = sha256(document.encode(errors="surrogatepass")).digest()
        if digest in self._digests:
            return ""
        if sentence := in_short(problems(document)):
            return sentence
        with self._lock:
            self._digests[digest] = None
            if len(self._digests) > self._most:
                del self._digests[next(iter(self._digests))]
        return ""


_checked = _CheckedDocuments(MOST_KNOWN)


class FromJson(Form):
    """The rules as Twilio's JSON, typed or in a file."""

    block: ClassVar = "json"

    configuration: Annotated[str | None, Json(kind=dict, placeholder=EXAMPLE)] = Field(
        None,
        title="Configuration",
        description=N_(
            "Twilio's routing rules as JSON. Choose a file below for more than 3,000 characters."
        ),
    )
    configuration_file: Annotated[
        str | None, Upload(most=LARGEST, types=("json",), instead_of="configuration")
    ] = Field(
        None,
        title="Configuration from a file",
        description=N_("A .json file in UTF-8, up to 1 MB."),
    )
    assignment_callback_url: AssignmentCallback = None
    fallback_assignment_callback_url: FallbackCallback = None
    task_reservation_timeout: ReservationTimeout = None

    @field_validator("configuration", "configuration_file")
    @classmethod
    def _can_be_sent(cls, value: str | None) -> str | None:
        if value and (sentence := _checked.complaint(value)):
            raise ValueError(sentence)
        return value

    @model_validator(mode="after")
    def _is_given_once(self) -> Self:
        if self.configuration and self.configuration_file:
            raise wrong(
                "configuration_file",
                _("There is JSON in the field above too. Remove the file, or empty that field."),
            )
        if not self.document:
            raise wrong("configuration", _("Paste the rules as JSON here, or choose a file below."))
        return self

    @property
    def document(self) -> str:
        """The configuration that Twilio gets."""
        return self.configuration or self.configuration_file or ""


class Beginnings(Mapping[str, type[Form]]):
    """The form of the rules for each way to begin.

    The ways are `fields`, `json`, and either of them with `@` and the SID of a workflow to copy.
    The form of a copy has block ids of its own, because Slack keeps the input of a block whose id
    stays the same.
    """

    WAYS: ClassVar[Mapping[str, type[Form]]] = {"fields": FromFields, "json": FromJson}

    def __getitem__(self, name: str) -> type[Form]:
        if name not in self:
            raise KeyError(name)
        way, _, copied = name.partition("@")
        return _copying(self.WAYS[way], copied) if copied else self.WAYS[way]

    def __contains__(self, name: object) -> bool:
        return (
            isinstance(name, str)
            and name.partition("@")[0] in self.WAYS
            and ("@" not in name or is_sid(name.partition("@")[2], "WW"))
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self.WAYS)

    def __len__(self) -> int:
        return len(self.WAYS)


@lru_cache(maxsize=64)
def _copying(form: type[Form], workflow: str) -> type[Form]:
    made = create_model(f"{form.__name__}_{workflow}", __base__=form)
    made.block = workflow
    return made
