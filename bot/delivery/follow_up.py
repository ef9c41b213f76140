"""The follow-ups: do what remains once an object exists, such as setting its custom fields.

The delivery is delivered all the same. The steps are carried out one after the other, and each is
safe to repeat: the adapter looks first whether it is done. No answer, or "not now" -> tried again,
ever less often, for as long as a delivery is. A refusal -> it stays on the row in the vendor's
words, until a person has it tried again.
"""

import asyncio
import time
from collections.abc import Callable, Container, Mapping
from functools import partial
from operator import attrgetter
from typing import assert_never

import structlog

from bot.adapters.base import Adapter
from bot.delivery.attempt import (
    CALL_SECONDS,
    VendorAccess,
    Verdict,
    age,
    backoff_by_age,
    judge,
)
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.model import Delivery
from bot.delivery.problems import Details, problem
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.runtime.workers import SHORTEST_PAUSE, Share, Source, WorkerPool
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

LEASE_SECONDS = 45.0
SHARE = Share(in_all=4, per_key=2)

Result = Mapping[str, Details] | float
"""The result of a try: the steps that are settled, each with why it was not done (empty: it was
done); or when to try again."""


class FollowUps(RemembersWorkspaces):
    """Carries out what remains, until nothing does."""

    def __init__(
        self,
        steps: FollowUpSteps,
        access: VendorAccess,
        dispatcher: Dispatcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._steps = steps
        self._access = access
        self._dispatcher = dispatcher
        self._clock = clock
        self.pool = WorkerPool(
            "follow_ups",
            Source(
                partial(steps.claim, LEASE_SECONDS), steps.next_time, attrgetter("connection_key")
            ),
            self._follow_up,
            SHARE,
            clock,
        )

    def changed(self, row: Delivery) -> None:
        """Take note of a row that changed: perhaps something remains to be done."""
        if row.next_step_at:
            self.pool.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed."""
        self.pool.cancel(lambda key: key[0] in scope)

    async def run(self) -> None:
        """Run until cancelled. The next start does again what is under way then, unless the vendor
        has it."""
        await self.pool.run()

    async def _follow_up(self, row: Delivery) -> None:
        """Carry out one step after the other, until one has to wait or none does any more."""
        while (name := _first_waiting(row)) is not None:
            result = await self._try(row, name)
            if isinstance(result, float):
                await self._steps.postponed(row, result)
                return
            changed = await self._steps.settled(row, result, LEASE_SECONDS)
            if changed is None:  # somebody else has it by now
                return
            row = changed
        log.info(
            "delivery.followed_up",
            delivery=row.key,
            vendor=row.vendor,
            not_done=len(row.follow_up_steps),
        )
        await self._dispatcher.publish(row)

    async def _try(self, row: Delivery, name: str) -> Result:
        adapter = self._access.adapter(row)
        if self._clock() > row.expires_at:
            return _all_waiting(row, problem("step_not_taken"))
        rate_limiter = self._access.rate_limiter(row)
        if not rate_limiter.take("write"):
            return self._clock() + max(rate_limiter.wait("write"), SHORTEST_PAUSE)
        try:
            prepared = await self._access.prepare(row)
            async with asyncio.timeout(CALL_SECONDS):
                await adapter.finish(
                    row.operation,
                    prepared.submission,
                    row.vendor_object["id"],
                    name,
                    prepared.credentials,
                )
        except Exception as error:
            return await self._failed(row, adapter, name, error)
        return {name: {}}

    async def _failed(self, row: Delivery, adapter: Adapter, name: str, error: Exception) -> Result:
        verdict = judge(error, adapter)
        match verdict.kind:
            case "rejected":
                return {name: verdict.refusal() or problem("step_rejected", words="")}
            case "forbidden" | "unreadable_secret" | "not_connected":
                return _all_waiting(row, verdict.details)
            case "unauthorized":
                await self._access.connections.mark(row.workspace, row.vendor, str(error))
                return self._later(row)
            case "later":
                self._pause(adapter, verdict)
                return self._later(row, verdict.retry_after or 0.0)
            case "unknown" | "database":
                return self._later(row)
            case "broken" | "does_not_fit":
                log.error(
                    "adapter.failed",
                    delivery=row.key,
                    vendor=row.vendor,
                    error=type(error.__cause__ or error).__name__,
                )
                return {name: problem("unreadable_answer")}
            case _:
                assert_never(verdict.kind)

    def _pause(self, adapter: Adapter, verdict: Verdict) -> None:
        """Hold back the connection's other writes, if the vendor said for how long."""
        if verdict.reason != "rate_limited" or verdict.retry_after is None:
            return
        if adapter.rate_limiter is not None:
            adapter.rate_limiter.pause("write", verdict.retry_after)

    def _later(self, row: Delivery, at_least: float = 0.0) -> float:
        """Return when to try again, but not before the vendor wants to hear of it."""
        now = self._clock()
        return now + max(backoff_by_age(age(row, now)), at_least)


def _first_waiting(row: Delivery) -> str | None:
    return next((name for name, details in row.follow_up_steps.items() if not details), None)


def _all_waiting(row: Delivery, details: Details) -> dict[str, Details]:
    """Return the same for every step that waits."""
    return {name: details for name, settled in row.follow_up_steps.items() if not settled}
