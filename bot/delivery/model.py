"""What a delivery is: the draft that a person submitted, the row that it becomes, and what an
attempt came to."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from bot.adapters.base import Created, Entry
from bot.forms.custom_fields import CustomField
from bot.workspace import ConnectionKey, Workspace

State = Literal["queued", "sending", "delivered", "rejected", "unconfirmed", "failed"]
STATES: tuple[State, ...] = get_args(State)
FINISHED: frozenset[State] = frozenset({"delivered", "rejected", "failed"})
FOR_AN_ADMIN = ("unauthorized", "forbidden", "disconnected")
"""Why a delivery failed that goes on once an admin has seen to its connection, unless it is to be
given up by then."""

THE_ROW = "id = :id AND enterprise = :enterprise AND team = :team AND key = :key"
"""Which row: the values are `Delivery.identity`. An id alone may be another workspace's by now:
those of removed rows are given again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a person submitted, before it is a row. `answer` chose the form's branch; `chosen` is
    what the pickers showed, by "catalog/id"; `view_id` is the modal that it came from; `custom`
    defines the workspace's own fields in it."""

    workspace: Workspace
    key: str
    kind: str
    vendor: str
    operation: str
    answer: str
    account: str
    actor: str
    actor_name: str
    channel: str
    private: bool
    title: str
    payload: Mapping[str, Any]
    chosen: Mapping[str, Entry]
    view_id: str = ""
    custom: Sequence[CustomField] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Draft):
    """A row. Times are epoch seconds, 0 for never.

    `fields` and `sentence` hold the vendor's refusal, `created` what it made, `duplicates` what it
    made besides. `first_sent_at`: when the first attempt that may have created something left;
    `last_attempt_at`: the last. `reconcile_at`: when the vendor is asked next whether it has it;
    `lookup_count` times in a row it properly said no, `resend_count` times it was sent again after
    that. `expected_at`: when its turn comes, where the connection's pace makes it wait.

    `steps` is what remains to be done since the object exists: the names out of
    `Created.remaining`, each with why it was not done, empty while that is still to be tried.
    `next_step_at`: when one is tried next.
    """

    id: int
    revision: int
    state: State
    attempt: int
    reason: str
    sentence: str
    fields: Mapping[str, str]
    created: Mapping[str, str]
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
    steps: Mapping[str, str] = field(default_factory=dict)
    next_step_at: float = 0.0

    @property
    def connection_key(self) -> ConnectionKey:
        return self.workspace, self.vendor

    @property
    def identity(self) -> Mapping[str, Any]:
        """The values of `THE_ROW`."""
        return {"id": self.id, **self.workspace._asdict(), "key": self.key}

    @property
    def settled(self) -> bool:
        """Whether nothing more happens to it by itself (but a last look at what was created)."""
        at_an_end = self.state in FINISHED or (
            self.state == "unconfirmed" and not self.reconcile_at
        )
        return at_an_end and not self.next_step_at

    @property
    def undecided(self) -> bool:
        """Whether nobody but a person can say soon if it is there. `UNDECIDED` is the same in SQL."""
        return self.state == "unconfirmed" and (
            self.reason == "unanswered" or not self.reconcile_at
        )

    @property
    def next_at(self) -> float:
        """When something happens to it next, as far as is known."""
        return (
            self.reconcile_at
            if self.state == "unconfirmed"
            else max(self.next_attempt_at, self.expected_at)
        )


UNDECIDED = "state = 'unconfirmed' AND (reason = 'unanswered' OR reconcile_at = 0)"
"""The rows that are `Delivery.undecided`."""
DRAFTED = tuple(it.name for it in fields(Draft) if it.name not in ("workspace", "key"))
"""The columns that a draft fills and a corrected one replaces; workspace and key never change."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to: the new state and what to remember of it; `steps` remain to be done."""

    state: State
    reason: str = ""
    sentence: str = ""
    fields: Mapping[str, str] | None = None
    created: Mapping[str, str] | None = None
    next_attempt_at: float = 0.0
    reconcile_at: float = 0.0
    steps: Sequence[str] = ()


def read_row(row: sqlite3.Row) -> Delivery:
    """The row as an object."""
    plain = {it.name: row[it.name] for it in fields(Delivery) if it.name != "workspace"}
    for name in ("payload", "chosen", "fields", "created", "duplicates", "custom", "steps"):
        plain[name] = json.loads(plain[name])
    plain["chosen"] = {name: Entry.model_validate(entry) for name, entry in plain["chosen"].items()}
    plain["duplicates"] = [Created.model_validate(twin) for twin in plain["duplicates"]]
    plain["custom"] = tuple(CustomField.model_validate(it) for it in plain["custom"])
    plain["private"] = bool(plain["private"])
    return Delivery(workspace=Workspace(row["enterprise"], row["team"]), **plain)
