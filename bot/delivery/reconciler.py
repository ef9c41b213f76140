"""The reconciler: finds out what became of what was sent and not answered.

Each created object carries its delivery's marker, so the vendor can be asked whether it has it: 2 s
after the send, 5 s and 15 s after that, since lists lag behind. There -> delivered. Properly absent
every time -> sent again with the same marker, at most three times. A vendor that makes one object
of two requests with one key gets the same request again instead. While the vendor does not answer,
it is asked less and less often; meanwhile, and after three times, a person may decide on the card.

After a second send succeeded there is one last look: should the first one have turned up after all,
people are told.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Container, Mapping
from functools import partial
from operator import attrgetter

import structlog

from bot.adapters.base import Adapter, Created, Credentials, Submission
from bot.adapters.rate_limit import RateLimiters
from bot.connections.store import Connections
from bot.delivery.dispatcher import (
    CALL_SECONDS,
    LAST_LOOK_SECONDS,
    Dispatcher,
    backoff,
    not_connected,
    read_submission,
)
from bot.delivery.model import Delivery
from bot.delivery.store.reconcile import ReconcileStore
from bot.errors import RejectedError, RelayError, SecretError, UnauthorizedError
from bot.runtime.workers import Share, Source, WorkerPool
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

NEXT_LOOKS_SECONDS = (5.0, 15.0)
"""Pauses between the looks that must all find nothing before it is sent again."""
MOST_RESENDS = 3
LOOK_LEASE_SECONDS = 60.0
SHARE = Share(in_all=4, per_key=2)
PATIENCE_SECONDS = 30.0
"""So long the vendor may leave our question unanswered before people are told."""
RETRY_SECONDS = (3.0, 300.0)
"""Pauses between questions that are not answered: the first ones, and the longest."""


class Reconciler(RemembersWorkspaces):
    """Looks up what is in doubt, until it is settled."""

    def __init__(
        self,
        doubts: ReconcileStore,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        rate_limiters: RateLimiters,
        dispatcher: Dispatcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._doubts = doubts
        self._connections = connections
        self._adapters = adapters
        self._rate_limiters = rate_limiters
        self._dispatcher = dispatcher
        self._clock = clock
        self._pool = WorkerPool(
            "reconciler",
            Source(
                partial(doubts.claim, LOOK_LEASE_SECONDS),
                doubts.next_time,
                attrgetter("connection_key"),
            ),
            self._settle,
            SHARE,
            clock,
        )

    def changed(self, row: Delivery) -> None:
        """A row changed: perhaps it is to be looked up."""
        if row.reconcile_at:
            self._pool.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed."""
        self._pool.cancel(lambda key: key[0] in scope)

    async def run(self) -> None:
        """Until cancelled. What is being looked up then is looked up again by the next start."""
        await self._pool.run()

    async def _settle(self, row: Delivery) -> None:
        changed = await self._decide(row)
        if changed is None:
            return
        log.info(
            "delivery.looked_up",
            delivery=row.key,
            vendor=row.vendor,
            state=changed.state,
            reason=changed.reason,
        )
        if changed.version != row.version or changed.state == "queued":
            await self._dispatcher.tell(changed)

    async def _decide(self, row: Delivery) -> Delivery | None:
        """The row after this look; None where something else became of it meanwhile."""
        adapter = self._adapters[row.vendor].with_rate_limiter(
            self._rate_limiters.of(row.connection_key)
        )
        if adapter.operation(row.operation).keyed:
            return await self._same_key_again(row, adapter)
        prepared = await self._prepared(row, adapter)
        if isinstance(prepared, str):
            return await self._cannot_look(row, prepared)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                found = await adapter.find(row.operation, *prepared, since=row.first_sent_at)
        except Exception as error:
            return await self._unanswered(row, adapter, error)
        return await self._judge(row, adapter, found)

    async def _same_key_again(self, row: Delivery, adapter: Adapter) -> Delivery | None:
        if self._clock() > row.expires_at:
            return await self._doubts.undecided(
                row, f"{adapter.label} has not confirmed it for 24 hours."
            )
        wait = backoff(row.resend_count) if row.resend_count else 0.0
        return await self._doubts.send_again(row, "keyed", self._clock() + wait)

    async def _prepared(
        self, row: Delivery, adapter: Adapter
    ) -> tuple[Submission, Credentials] | str:
        """What to ask for and with which credentials, or why it cannot be asked."""
        try:
            connection = await self._connections.get(row.workspace, row.vendor)
            if connection is None or connection.account != row.account:
                return not_connected(adapter)
            return await read_submission(row, adapter), adapter.credentials.model_validate(
                dict(connection.secret)
            )
        except SecretError as error:
            return str(error)
        except (ValueError, KeyError) as error:
            log.error("delivery.not_prepared", delivery=row.key, error=type(error).__name__)
            return "It does not fit the form any more."

    async def _cannot_look(self, row: Delivery, sentence: str) -> Delivery | None:
        if row.state == "delivered":  # only the last look is missing
            return await self._doubts.checked(row, [])
        return await self._doubts.undecided(row, sentence)

    async def _unanswered(
        self, row: Delivery, adapter: Adapter, error: Exception
    ) -> Delivery | None:
        if not isinstance(error, RelayError | TimeoutError | sqlite3.Error):
            log.error(
                "adapter.failed",
                delivery=row.key,
                vendor=row.vendor,
                error=type(error).__name__,
            )
        if isinstance(error, RejectedError) or (
            isinstance(error, UnauthorizedError) and error.status == 403
        ):
            return await self._cannot_look(
                row, " ".join(filter(None, (str(error), *getattr(error, "fields", {}).values())))
            )
        if isinstance(error, UnauthorizedError):
            await self._connections.mark(row.workspace, row.vendor, str(error))
        age = self._clock() - row.last_attempt_at
        if self._clock() > row.expires_at:
            return await self._cannot_look(row, f"{adapter.label} has not answered for 24 hours.")
        patient = age < PATIENCE_SECONDS
        sentence = "" if patient else str(error) or f"{adapter.label} does not answer."
        wait = RETRY_SECONDS[0] if patient else min(age / 4, RETRY_SECONDS[1])
        return await self._doubts.unanswered(row, self._clock() + wait, sentence)

    async def _judge(
        self, row: Delivery, adapter: Adapter, found: list[Created]
    ) -> Delivery | None:
        """What a proper answer means."""
        if row.state == "delivered":
            return await self._doubts.checked(
                row, [it for it in found if it.id != row.vendor_object.get("id")]
            )
        if found:
            again = row.resend_count > 0 and len(found) == 1  # the other one may still turn up
            reconcile_at = self._clock() + LAST_LOOK_SECONDS if again else 0.0
            return await self._doubts.found(row, found[0], found[1:], reconcile_at)
        if row.lookup_count < len(NEXT_LOOKS_SECONDS):
            return await self._doubts.absent(
                row, self._clock() + NEXT_LOOKS_SECONDS[row.lookup_count]
            )
        if row.reason == "refused":
            return await self._doubts.refused(row)
        if row.resend_count < MOST_RESENDS:
            return await self._doubts.send_again(row, "absent", self._clock())
        return await self._doubts.undecided(
            row,
            f"{adapter.label} has not answered {row.resend_count + 1} requests, and does not list "
            "it.",
        )
