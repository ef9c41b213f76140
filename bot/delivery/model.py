"""The data of a delivery: the draft that a person submitted, the row that it becomes, and the
outcome of an attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.adapters.base import Created, Entry
from bot.delivery import states
from bot.delivery.problems import Details, Words, said
from bot.delivery.states import State
from bot.forms.custom_fields import CustomField
from bot.workspace import ConnectionKey, Workspace

GIVE_UP_SECONDS = 24 * 3600.0
"""A delivery is tried for so long, and each of its follow-up steps as well."""
LATE_SECONDS = 120.0
"""A delivery that is first sent so long after its submission says when it was submitted."""
LATE_FIELD = "late_field/"
"""The prefix of a workspace's settings: the vendor's field for the time of submission, by
operation ("late_field/acme.incident")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A submission that is no row yet.

    `branch` is the answer that chose the form's branch. `selected` holds the entries that the
    pickers showed, by "catalog/id". `view_id` is the modal of the form. `custom` defines the
    workspace's own fields in it.

    `thread_ts` is the thread in the channel in which it began, `message_link` the message there,
    and `response_url` the address at which Slack takes an answer for half an hour.
    """

    workspace: Workspace
    key: str
    kind: str
    vendor: str
    operation: str
    branch: str
    account: str
    actor: str
    actor_name: str
    channel: str
    private: bool
    title: str
    payload: Mapping[str, Any]
    selected: Mapping[str, Entry]
    view_id: str = ""
    custom: Sequence[CustomField] = ()
    thread_ts: str = ""
    message_link: str = ""
    response_url: str = field(default="", repr=False)

    @property
    def operation_name(self) -> str:
        """The operation with its vendor: "acme.incident"."""
        return f"{self.vendor}.{self.operation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Draft):
    """A row. Times are epoch seconds, 0 for never.

    `error_details` and `field_errors` say why it is not delivered. `vendor_object` is the object
    that the vendor created, `duplicates` are objects that it created besides.

    The card is the message at (`card_channel`, `card_ts`). `card_in_channel`: everyone in the
    channel sees it, and not only its thread. If the card is brief, the person who submitted it has
    the whole one at (`copy_channel`, `copy_ts`).

    `first_sent_at` is when the first attempt that may have created something began;
    `last_attempt_at` is when the last one did. `late_since` is the time of submission if that was
    late, else 0, and `late_field` the vendor's field that holds it; both stay once it was sent, so
    that a retry sends the same. `expected_at` is when the row's turn comes, where
    the connection's rate limit makes it wait. `reconcile_at` is when the vendor is asked next
    whether it has the object; `lookup_count` is how often in a row it said that it has not;
    `resend_count` is how often the delivery was sent again after that.

    `batch` is the key of the row that owns the card, for the rows of a modal with several items,
    and `batch_news` counts there how often the other rows changed. It is empty elsewhere.

    `follow_up_steps` are the steps that remain once the object exists (`Created.remaining`): each
    with the reason why it was not done, empty while it is still to be tried. `next_step_at` is when
    one of them is tried next.
    """

    id: int
    revision: int
    state: State
    attempt: int
    reason: str
    error_details: Details
    field_errors: Mapping[str, Words]
    vendor_object: Mapping[str, str]
    duplicates: Sequence[Created]
    created_at: float
    next_attempt_at: float
    expected_at: float
    expires_at: float
    first_sent_at: float
    last_attempt_at: float
    reconcile_at: float
    lookup_count: int
    resend_count: int
    updated_at: float
    changed_by: str
    erased_at: float
    version: int
    card_version: int
    card_channel: str
    card_ts: str
    follow_up_steps: Mapping[str, Details] = field(default_factory=dict)
    next_step_at: float = 0.0
    card_in_channel: bool = False
    copy_channel: str = ""
    copy_ts: str = ""
    batch: str = ""
    batch_news: int = 0
    late_since: float = 0.0
    late_field: str = ""

    @property
    def connection_key(self) -> ConnectionKey:
        """The connection that the row is sent through."""
        return self.workspace, self.vendor

    @property
    def identity(self) -> Mapping[str, Any]:
        """The row's id, workspace and key. An id alone may belong to another workspace by now:
        SQLite gives the ids of removed rows again."""
        return {"id": self.id, **self.workspace._asdict(), "key": self.key}

    @property
    def entry(self) -> Entry:
        """The created object as a line of a catalog."""
        made = self.vendor_object
        label = f"{made.get('reference', '')} {made.get('title') or self.title}".strip()
        detail = "private" if self.private else ""
        return Entry(
            id=made["id"], label=label, detail=detail, url=made.get("url", ""), private=self.private
        )

    def visible_to(self, person: str) -> bool:
        """Return whether this person (a Slack user id) may see a word of it."""
        return not self.private or person == self.actor

    def without_words(self) -> "Delivery":
        """Return it without anybody's words and links: states, times, ids and references."""
        made = {name: self.vendor_object.get(name, "") for name in ("id", "reference")}
        return replace(
            self,
            title="",
            actor_name="",
            payload={},
            selected={},
            custom=(),
            field_errors={},
            error_details=_without_words(self.error_details),
            vendor_object=made if self.vendor_object else {},
            duplicates=[Created(id=twin.id, reference=twin.reference) for twin in self.duplicates],
            follow_up_steps={
                name: _without_words(why) for name, why in self.follow_up_steps.items()
            },
        )

    @property
    def settled(self) -> bool:
        """True if nothing more happens to the row by itself (but a last look for duplicates)."""
        return states.is_settled(self)

    @property
    def undecided(self) -> bool:
        """True if only a person can say soon whether the object exists."""
        return states.is_undecided(self)

    @property
    def next_at(self) -> float:
        """The time of the next thing that happens to the row, as far as is known."""
        if self.state == "unconfirmed":
            return self.reconcile_at
        return max(self.next_attempt_at, self.expected_at)


def _without_words(details: Details) -> Details:
    if details.get("code") == "sentence":
        return said("(private)")
    return {name: "(private)" if name == "words" else value for name, value in details.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an attempt: the new state, and what to remember of it. `follow_up_steps` remain
    to be done. `selected` and `private` replace the row's; None: nothing was learned."""

    state: State
    reason: str = ""
    error_details: Details = field(default_factory=dict)
    field_errors: Mapping[str, Words] | None = None
    vendor_object: Mapping[str, str] | None = None
    next_attempt_at: float = 0.0
    reconcile_at: float = 0.0
    follow_up_steps: Sequence[str] = ()
    selected: Mapping[str, Entry] | None = None
    private: bool | None = None
