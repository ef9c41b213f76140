"""The two things that all calls to a vendor for a row share: what they need, and what an error
means.

The dispatcher, the reconciler and the follow-ups `prepare` a row before they call the vendor, and
have `judge` say what an error means; each then decides what follows for the row.
"""

import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.adapters.base import Adapter, Submission
from bot.adapters.credentials import Credentials
from bot.adapters.rate_limit import RateLimiter, RateLimiters
from bot.connections.store import Connection, Connections
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.problems import Details, Words, problem, said, spoken
from bot.errors import (
    RejectedError,
    RelayError,
    RetryLaterError,
    SecretError,
    UnauthorizedError,
    VendorError,
)
from bot.language import N_, Sentence
from bot.runtime.threads import characters, run_in_thread

CALL_SECONDS = 25.0
"""A call to a vendor takes so long at most."""
BACKOFF_SECONDS = (1.0, 300.0)
"""The shortest and the longest pause before something that came to nothing is tried again."""


_UNREADABLE = N_(
    "We can't read the stored API key for {vendor}. An admin can replace it in `{vendors}`."
)


class NotConnectedError(RelayError):
    """The workspace is no longer connected to the account that the row was meant for."""


class DoesNotFitError(RelayError):
    """The row does not fit its form any more."""


class Prepared(NamedTuple):
    """The parts of a call for a row: the adapter with the connection's rate limiter, the
    connection, its credentials, and the submission."""

    adapter: Adapter
    connection: Connection
    submission: Submission
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class VendorAccess:
    """The way to the vendors: the connections, an adapter for each vendor, and a rate limiter for
    each connection."""

    connections: Connections
    adapters: Mapping[str, Adapter]
    rate_limiters: RateLimiters

    def adapter(self, row: Delivery) -> Adapter:
        """Return the adapter of the row's vendor, with the rate limiter of its connection."""
        return self.adapters[row.vendor].with_rate_limiter(self.rate_limiter(row))

    def rate_limiter(self, row: Delivery) -> RateLimiter:
        """Return the rate limiter of the row's connection."""
        return self.rate_limiters.of(row.connection_key)

    async def prepare(self, row: Delivery, connection: Connection | None = None) -> Prepared:
        """Return what a call for the row needs. `connection` is the row's connection, if it was
        read a moment ago.

        Raises `NotConnectedError`, `DoesNotFitError`, `SecretError` and `sqlite3.Error`.
        """
        adapter = self.adapter(row)
        connection = connection or await self.connections.get(row.workspace, row.vendor)
        if connection is None or connection.account != row.account:
            raise NotConnectedError
        try:
            submission = await read_submission(row, adapter)
            credentials = adapter.credentials.model_validate(dict(connection.secret))
        except (ValueError, KeyError) as error:
            raise DoesNotFitError from error
        return Prepared(adapter, connection, submission, credentials)


Kind = Literal[
    "rejected",
    "unauthorized",
    "forbidden",
    "unreadable_secret",
    "not_connected",
    "does_not_fit",
    "later",
    "unknown",
    "database",
    "broken",
]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of an error.

    `kind`: the vendor said no ("rejected"); an admin has to act ("unauthorized", "forbidden",
    "unreadable_secret", "not_connected"); the row cannot be sent ("does_not_fit"); nothing was
    done, and it may go through later ("later", after `retry_after` seconds if the vendor named a
    time); nobody knows whether it was done ("unknown"); our own database failed ("database");
    anything else is a mistake in an adapter ("broken").

    `reason` is the code for the row, `details` and `field_errors` are what there is to say.
    """

    kind: Kind
    reason: str
    details: Details = field(default_factory=dict)
    field_errors: Mapping[str, Words] = field(default_factory=dict)
    retry_after: float | None = None

    @property
    def words(self) -> str:
        """All that the vendor said, of the fields as well."""
        return " ".join(filter(None, (spoken(self.details), *map(str, self.field_errors.values()))))

    def refusal(self) -> Details:
        """Return the vendor's refusal as one reason, or our own sentence in its place."""
        if self.details.get("code") == "sentence":
            return self.details
        [first, *more] = [*self.field_errors.values()] or [""]
        if isinstance(first, Sentence) and not self.details and not more:
            return said(first)
        return problem("step_rejected", words=self.words) if self.words else {}


def judge(error: Exception, adapter: Adapter) -> Verdict:
    """Return what an error of `prepare`, or of a call to the vendor, means."""
    match error:
        case RejectedError():
            reason = "not_asked" if error.ours else "refused"
            return Verdict("rejected", reason, said(error.sentence), error.fields)
        case UnauthorizedError() if error.status == 401:
            return Verdict("unauthorized", "unauthorized", said(error.sentence))
        case UnauthorizedError():
            return Verdict("forbidden", "forbidden", said(error.sentence))
        case SecretError():
            return Verdict(
                "unreadable_secret",
                "unauthorized",
                said(Sentence(_UNREADABLE, {"vendor": adapter.label})),
            )
        case NotConnectedError():
            return Verdict("not_connected", "disconnected", problem("not_connected"))
        case DoesNotFitError():
            return Verdict("does_not_fit", "not_sendable", problem("does_not_fit"))
        case RetryLaterError():
            details = said(error.sentence)
            return Verdict("later", error.reason, details, retry_after=error.retry_after)
        case VendorError():
            return Verdict("unknown", "unclear", said(error.sentence) or problem("no_answer"))
        case TimeoutError():
            return Verdict("unknown", "unclear", problem("no_answer"))
        case sqlite3.Error():
            return Verdict("database", "internal")
    return Verdict("broken", "internal", problem("unreadable_answer"))


def submission_of(row: Delivery, adapter: Adapter) -> Submission:
    """Return what the row sends. Raises ValueError or KeyError when it does not fit its form any
    more."""
    form = adapter.operation(row.operation).form_for(row.branch or None, row.custom)
    return Submission(
        form.model_validate(dict(row.payload)),
        row.key,
        row.actor_name,
        row.revision,
        row.selected,
        again=row.resend_count > 0,
        first_sent_at=row.first_sent_at,
        custom=row.custom,
        late_since=row.late_since,
        late_field=row.late_field,
    )


async def read_submission(row: Delivery, adapter: Adapter) -> Submission:
    """Return the same; a long file is looked at in a thread, so that the event loop goes on."""
    size = characters(row.payload)
    return await run_in_thread(size, lambda: submission_of(row, adapter), row.workspace)


def backoff(attempt: int) -> float:
    """Return the pause after so many attempts, in seconds: exponential with full jitter, so that
    many waiting rows do not come back at the same instant."""
    lowest, highest = BACKOFF_SECONDS
    longest = min(highest, lowest * 2 ** min(attempt, 16))
    return max(lowest, random.uniform(0, longest))  # noqa: S311  spreads load, guards nothing


def backoff_by_age(seconds: float) -> float:
    """Return the pause for something that has come to nothing for so many seconds: the longer that
    is, the longer the pause."""
    lowest, highest = BACKOFF_SECONDS
    return max(lowest, min(seconds / 4, highest))


def age(row: Delivery, now: float) -> float:
    """Return for how many seconds the row, or what remains of it, has been tried."""
    return now - (row.expires_at - GIVE_UP_SECONDS)
