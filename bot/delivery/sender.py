"""One attempt: the call that creates the object, and the outcome for the row.

the vendor created it                          -> delivered
it said no                                     -> rejected; after a second send, looked up
nothing was done (limit, not reached)          -> queued, for the vendor's time or a backoff
nobody knows (time-out, 5xx, no id)            -> unconfirmed, see `bot.delivery.reconciler`
an admin must act, or it is too late           -> failed
the same, but an earlier send may have worked  -> unconfirmed
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, assert_never

import structlog

from bot.adapters.base import Adapter, Created, Submission, is_private
from bot.adapters.references import resolve
from bot.connections.store import Connection
from bot.delivery.attempt import (
    BACKOFF_SECONDS,
    CALL_SECONDS,
    Prepared,
    VendorAccess,
    Verdict,
    backoff,
    judge,
)
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import Details, problem

log = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 2.0
"""The vendor is asked whether it has the object so long after a send whose answer is missing."""
LAST_LOOK_SECONDS = 60.0
"""It is asked whether the first send arrived after all so long after a second one succeeded."""


class Sent(NamedTuple):
    """The outcome of an attempt, and the connection that was used; None: nothing was sent."""

    outcome: Outcome
    connection: Connection | None


class Sender:
    """Makes attempts."""

    def __init__(self, access: VendorAccess, clock: Callable[[], float] = time.time) -> None:
        self._access = access
        self._clock = clock

    async def send(self, row: Delivery, connection: Connection | None) -> Sent:
        """Make one attempt. `connection` is the row's connection, if it was read a moment ago."""
        adapter = self._access.adapter(row)
        if self._clock() > row.expires_at:
            return Sent(_given_up(row, adapter, problem("not_sent_in_time")), None)
        try:
            prepared = await self._access.prepare(row, connection)
        except Exception as error:
            return Sent(self._not_sent(row, adapter, error), None)
        submission, credentials = prepared.submission, prepared.credentials
        try:
            async with asyncio.timeout(CALL_SECONDS):
                submission = await resolve(adapter, submission, credentials)
                created = await adapter.create(row.operation, submission, credentials)
        except Exception as error:
            outcome = self._failed(row, prepared, error)
        else:
            outcome = self._delivered(row, adapter, created)
            if created.private:
                outcome = replace(outcome, private=True)
        return Sent(_with_findings(outcome, row, submission), prepared.connection)

    def _delivered(self, row: Delivery, adapter: Adapter, created: Created) -> Outcome:
        last_look = row.resend_count > 0 and not adapter.operation(row.operation).keyed
        return Outcome(
            "delivered",
            vendor_object=created.model_dump(),
            reconcile_at=self._clock() + LAST_LOOK_SECONDS if last_look else 0.0,
            follow_up_steps=created.remaining,
        )

    def _not_sent(self, row: Delivery, adapter: Adapter, error: Exception) -> Outcome:
        """Return the outcome of an attempt that never began."""
        verdict = judge(error, adapter)
        if verdict.kind == "database":
            log.error("delivery.answer_not_read", delivery=row.key, error=type(error).__name__)
            return self._later(row, verdict)
        if verdict.kind == "does_not_fit":
            cause = error.__cause__ or error
            log.error("delivery.not_prepared", delivery=row.key, error=type(cause).__name__)
            verdict = Verdict(verdict.kind, verdict.reason, problem("does_not_fit", again="yes"))
        if verdict.kind == "broken":
            raise error
        if _in_doubt(row, adapter):
            return Outcome("unconfirmed", "undecided", verdict.details)
        return Outcome("failed", verdict.reason, verdict.details)

    def _failed(self, row: Delivery, prepared: Prepared, error: Exception) -> Outcome:
        """Return the outcome of a call that failed."""
        adapter, verdict = prepared.adapter, judge(error, prepared.adapter)
        match verdict.kind:
            case "rejected" if row.resend_count and not adapter.operation(row.operation).keyed:
                # The first one may have arrived after all, and be the reason: the reconciler looks
                # before it is a "no".
                return self._look(verdict, "refused")
            case "rejected":
                return Outcome(
                    "rejected", verdict.reason, verdict.details, field_errors=verdict.field_errors
                )
            case "unauthorized" | "forbidden":
                if _in_doubt(row, adapter):
                    return self._look(verdict, verdict.reason, BACKOFF_SECONDS[1])
                return Outcome("failed", verdict.reason, verdict.details)
            case "later" if self._clock() > row.expires_at:
                return _given_up(row, adapter, verdict.details)
            case "later":
                outcome = self._later(row, verdict)
                if verdict.reason == "rate_limited" and adapter.rate_limiter is not None:
                    # The limit is the connection's, and that of the account that it was sent to.
                    adapter.rate_limiter.pause("write", outcome.next_attempt_at - self._clock())
                return outcome
            case "unknown":
                return self._look(verdict, verdict.reason)
            case "broken" | "database" | "unreadable_secret" | "not_connected" | "does_not_fit":
                log.error(
                    "adapter.failed",
                    delivery=row.key,
                    vendor=row.vendor,
                    error=type(error).__name__,
                )
                unreadable = Verdict("broken", "internal", problem("unreadable_answer"))
                return self._look(unreadable, "internal")
            case _:
                assert_never(verdict.kind)

    def _later(self, row: Delivery, verdict: Verdict) -> Outcome:
        wait = backoff(row.attempt) if verdict.retry_after is None else verdict.retry_after
        at = self._clock() + wait
        return Outcome("queued", verdict.reason, verdict.details, next_attempt_at=at)

    def _look(self, verdict: Verdict, reason: str, after: float = FIRST_LOOK_SECONDS) -> Outcome:
        """Return that it may have been created, and is to be looked up so many seconds from now."""
        return Outcome(
            "unconfirmed",
            reason,
            verdict.details,
            field_errors=verdict.field_errors,
            reconcile_at=self._clock() + after,
        )


def _with_findings(outcome: Outcome, row: Delivery, submission: Submission) -> Outcome:
    """Return the outcome with what was found out about the objects that the form names."""
    if submission.selected == row.selected:
        return outcome
    private = outcome.private or is_private(submission.form, submission.selected)
    return replace(outcome, selected=submission.selected, private=private)


def _in_doubt(row: Delivery, adapter: Adapter) -> bool:
    """Return whether an earlier attempt may have created it: elsewhere nothing is sent again before
    it was looked up."""
    return row.resend_count > 0 and adapter.operation(row.operation).keyed


def _given_up(row: Delivery, adapter: Adapter, details: Details) -> Outcome:
    if _in_doubt(row, adapter):
        return Outcome("unconfirmed", "undecided", problem("not_confirmed_in_time"))
    return Outcome("failed", "gave_up", details)
