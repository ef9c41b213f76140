"""The finisher: does what remains once an object exists, such as setting the custom fields of an
incident.

The delivery is delivered all the same. Each step is carried out by itself, one after the other, and
is safe to repeat: the adapter looks first whether it is done. No answer, or "not now" -> tried
again, ever less often, for 24 hours. A refusal -> it stays on the row in the vendor's words, until
a person has it tried again.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Container, Mapping
from functools import partial
from operator import attrgetter

import structlog

from bot.adapters.base import Adapter
from bot.adapters.rate_limit import RateLimiters
from bot.connections.store import Connections
from bot.delivery.dispatcher import CALL_SECONDS, Dispatcher, not_connected, read_submission
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    SecretError,
    UnauthorizedError,
)
from bot.runtime.workers import SHORTEST_PAUSE, Share, Source, WorkerPool
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

LEASE_SECONDS = 45.0
SHARE = Share(in_all=4, per_key=2)
RETRY_SECONDS = (1.0, 300.0)
"""Pauses between tries that come to nothing: the first one, and the longest."""

CameTo = Mapping[str, str] | float
"""What a try came to: the steps that are settled, each with why it was not done (empty: it was); or
when to try again."""


class FollowUps(RemembersWorkspaces):
    """Carries out what remains, until nothing does."""

    def __init__(
        self,
        steps: FollowUpSteps,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        rate_limiters: RateLimiters,
        dispatcher: Dispatcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._steps = steps
        self._connections = connections
        self._adapters = adapters
        self._rate_limiters = rate_limiters
        self._dispatcher = dispatcher
        self._clock = clock
        self._pool = WorkerPool(
            "follow_ups",
            Source(
                partial(steps.claim, LEASE_SECONDS), steps.next_time, attrgetter("connection_key")
            ),
            self._finish,
            SHARE,
            clock,
        )

    def changed(self, row: Delivery) -> None:
        """A row changed: perhaps something remains to be done."""
        if row.next_step_at:
            self._pool.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed."""
        self._pool.cancel(lambda key: key[0] in scope)

    async def run(self) -> None:
        """Until cancelled. What is under way then is done again by the next start, unless the
        vendor has it."""
        await self._pool.run()

    async def _finish(self, row: Delivery) -> None:
        """One step after the other, until one has to wait or none does any more."""
        while (
            name := next((name for name, said in row.follow_up_steps.items() if not said), None)
        ) is not None:
            came_to = await self._try(row, name)
            if isinstance(came_to, float):
                await self._steps.postponed(row, came_to)
                return
            changed = await self._steps.settled(row, came_to, LEASE_SECONDS)
            if changed is None:  # somebody else has it by now
                return
            row = changed
        log.info(
            "delivery.followed_up",
            delivery=row.key,
            vendor=row.vendor,
            not_done=len(row.follow_up_steps),
        )
        await self._dispatcher.tell(row)

    async def _try(self, row: Delivery, name: str) -> CameTo:
        adapter = self._adapters[row.vendor].with_rate_limiter(
            self._rate_limiters.of(row.connection_key)
        )
        if self._clock() > row.expires_at:
            return _all_waiting(row, f"{adapter.label} did not take it within 24 hours.")
        rate_limiter = self._rate_limiters.of(row.connection_key)
        if not rate_limiter.take("write"):
            return self._clock() + max(rate_limiter.wait("write"), SHORTEST_PAUSE)
        try:
            connection = await self._connections.get(row.workspace, row.vendor)
            if connection is None or connection.account != row.account:
                return _all_waiting(row, not_connected(adapter))
            submission = await read_submission(row, adapter)
            credentials = adapter.credentials.model_validate(dict(connection.secret))
            async with asyncio.timeout(CALL_SECONDS):
                await adapter.finish(
                    row.operation, submission, row.vendor_object["id"], name, credentials
                )
        except Exception as error:
            return await self._failed(row, adapter, name, error)
        return {name: ""}

    async def _failed(self, row: Delivery, adapter: Adapter, name: str, error: Exception) -> CameTo:
        match error:
            case RejectedError():
                words = " ".join(filter(None, (str(error), *error.fields.values())))
                return {name: f"{adapter.label} says “{words.rstrip('.')}”."}
            case UnauthorizedError() if error.status != 401:
                return _all_waiting(row, str(error))
            case SecretError():
                return _all_waiting(
                    row, f"{error} An admin can connect {adapter.label} again with `/vendors`."
                )
            case UnauthorizedError():
                await self._connections.mark(row.workspace, row.vendor, str(error))
                return self._later(row)
            case RetryLaterError():
                if (
                    error.reason == "rate_limited"
                    and error.retry_after is not None
                    and adapter.rate_limiter is not None
                ):
                    adapter.rate_limiter.pause("write", error.retry_after)
                return self._later(row, error.retry_after or 0.0)
            case OutcomeUnknownError() | TimeoutError() | sqlite3.Error():
                return self._later(row)
        log.error(
            "adapter.failed",
            delivery=row.key,
            vendor=row.vendor,
            error=type(error).__name__,
        )
        return {name: f"The answer of {adapter.label} could not be read."}

    def _later(self, row: Delivery, at_least: float = 0.0) -> float:
        """When to try again: the longer it has come to nothing, the later, but not before the
        vendor wants to hear of it."""
        age = self._clock() - (row.expires_at - GIVE_UP_SECONDS)
        shortest, longest = RETRY_SECONDS
        return self._clock() + max(shortest, min(age / 4, longest), at_least)


def _all_waiting(row: Delivery, sentence: str) -> dict[str, str]:
    """The same for every step that waits."""
    return {name: sentence for name, said in row.follow_up_steps.items() if not said}
