"""The reconciler: finds out what became of what was sent and not answered.

Each created object carries its delivery's marker, so the vendor can be asked whether it has it: 2 s
after the send, 5 s and 15 s after that, since lists lag behind. There -> delivered. Properly absent
every time -> sent again with the same marker, at most three times. A vendor that makes one object
of two requests with one key gets the same request again instead. While the vendor does not answer,
it is asked less and less often; meanwhile, and after three times, a person may decide on the card.

After a second send succeeded there is one last look: people are told if the first one arrived after
all.
"""

import asyncio
import time
from collections.abc import Callable, Container
from functools import partial
from operator import attrgetter
from typing import assert_never

import structlog

from bot.adapters.base import Adapter, Created
from bot.delivery.attempt import CALL_SECONDS, VendorAccess, backoff, backoff_by_age, judge
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.model import Delivery
from bot.delivery.problems import Details, problem
from bot.delivery.sender import LAST_LOOK_SECONDS
from bot.delivery.store.reconcile import ReconcileStore
from bot.runtime.workers import Share, Source, WorkerPool
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

NEXT_LOOKS_SECONDS = (5.0, 15.0)
"""Pauses between the looks that must all find nothing before it is sent again."""
MOST_RESENDS = 3
LOOK_LEASE_SECONDS = CALL_SECONDS + 5
"""Long enough for one look. If the bot is killed during it, the next look waits for the rest."""
SHARE = Share(in_all=4, per_key=2)
PATIENCE_SECONDS = 30.0
"""The vendor may leave our question unanswered for so long before people are told."""
FIRST_RETRY_SECONDS = 3.0
"""The pause between questions that are not answered, until then."""


class Reconciler(RemembersWorkspaces):
    """Looks up what is in doubt, until it is settled."""

    def __init__(
        self,
        store: ReconcileStore,
        access: VendorAccess,
        dispatcher: Dispatcher,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._access = access
        self._dispatcher = dispatcher
        self._clock = clock
        self.pool = WorkerPool(
            "reconciler",
            Source(
                partial(store.claim, LOOK_LEASE_SECONDS),
                store.next_time,
                attrgetter("connection_key"),
            ),
            self._settle,
            SHARE,
            clock,
        )

    def changed(self, row: Delivery) -> None:
        """Take note of a row that changed: perhaps it is to be looked up."""
        if row.reconcile_at:
            self.pool.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed."""
        self.pool.cancel(lambda key: key[0] in scope)

    async def run(self) -> None:
        """Run until cancelled. The next start looks up again what is being looked up then."""
        await self.pool.run()

    async def _settle(self, row: Delivery) -> None:
        changed = await self._look(row)
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
            await self._dispatcher.publish(changed)

    async def _look(self, row: Delivery) -> Delivery | None:
        """Return the row after this look; None where something else became of it meanwhile."""
        adapter = self._access.adapter(row)
        if adapter.operation(row.operation).keyed:
            return await self._same_key_again(row)
        try:
            prepared = await self._access.prepare(row)
            async with asyncio.timeout(CALL_SECONDS):
                found = await adapter.find(
                    row.operation,
                    prepared.submission,
                    prepared.credentials,
                    since=row.first_sent_at,
                )
        except Exception as error:
            return await self._not_found_out(row, adapter, error)
        return await self._found_out(row, found)

    async def _same_key_again(self, row: Delivery) -> Delivery | None:
        if self._clock() > row.expires_at:
            return await self._store.undecided(row, problem("not_confirmed_in_time"))
        wait = backoff(row.resend_count) if row.resend_count else 0.0
        return await self._store.send_again(row, "keyed", self._clock() + wait)

    async def _not_found_out(
        self, row: Delivery, adapter: Adapter, error: Exception
    ) -> Delivery | None:
        """Go on after a look that gave no proper answer."""
        verdict = judge(error, adapter)
        match verdict.kind:
            case "rejected" | "forbidden":
                return await self._cannot_look(row, verdict.refusal())
            case "not_connected" | "unreadable_secret":
                return await self._cannot_look(row, verdict.details)
            case "does_not_fit":
                cause = error.__cause__ or error
                log.error("delivery.not_prepared", delivery=row.key, error=type(cause).__name__)
                return await self._cannot_look(row, verdict.details)
            case "unauthorized":
                await self._access.connections.mark(row.workspace, row.vendor, str(error))
            case "broken" | "database":
                log.error(
                    "adapter.failed",
                    delivery=row.key,
                    vendor=row.vendor,
                    error=type(error).__name__,
                )
                return await self._unanswered(row, problem("silent"))
            case "later" | "unknown":
                pass
            case _:
                assert_never(verdict.kind)
        return await self._unanswered(row, verdict.details or problem("silent"))

    async def _cannot_look(self, row: Delivery, details: Details) -> Delivery | None:
        if row.state == "delivered":  # only the last look is missing
            return await self._store.checked(row, [])
        return await self._store.undecided(row, details)

    async def _unanswered(self, row: Delivery, details: Details) -> Delivery | None:
        now = self._clock()
        if now > row.expires_at:
            return await self._cannot_look(row, problem("not_answered_in_time"))
        silence = now - row.last_attempt_at
        if silence < PATIENCE_SECONDS:
            return await self._store.unanswered(row, now + FIRST_RETRY_SECONDS)
        return await self._store.unanswered(row, now + backoff_by_age(silence), details)

    async def _found_out(self, row: Delivery, found: list[Created]) -> Delivery | None:
        """Go on after a proper answer."""
        if row.state == "delivered":
            others = [each for each in found if each.id != row.vendor_object.get("id")]
            return await self._store.checked(row, others)
        if found:
            again = row.resend_count > 0 and len(found) == 1  # the other one may still turn up
            reconcile_at = self._clock() + LAST_LOOK_SECONDS if again else 0.0
            return await self._store.found(row, found[0], found[1:], reconcile_at)
        if row.lookup_count < len(NEXT_LOOKS_SECONDS):
            pause = NEXT_LOOKS_SECONDS[row.lookup_count]
            return await self._store.absent(row, self._clock() + pause)
        if row.reason == "refused":
            return await self._store.refused(row)
        if row.resend_count < MOST_RESENDS:
            return await self._store.send_again(row, "absent", self._clock())
        requests = str(row.resend_count + 1)
        return await self._store.undecided(row, problem("not_listed", requests=requests))
