"""The courier: claim -> adapter -> outcome. Knows the rows and the vendors, and no Slack.

    queued -> sending -> delivered     the vendor made it
                      -> rejected      the vendor said no; the person can edit and resend
                      -> unconfirmed   the request left and nobody can say whether it was carried out; never resent blindly
                      -> failed        given up, or an admin must act
                      -> queued        certainly not done: again when the vendor says, or after a backoff

A row is committed as `sending`, with a lease longer than any call, before the request leaves; settling names the attempt
it settles, so a worker that wakes late cannot overwrite a newer one.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import structlog

from bot.adapters.base import Adapter, Credentials, Submission
from bot.errors import Refused, SecretError, TryLater, Unauthorized, Unclear, VendorError
from bot.rounds import Rounds
from bot.slots import Lane, Slots
from bot.storage.connections import Connections
from bot.storage.deliveries import Deliveries, Delivery, Draft, Outcome

log = structlog.get_logger(__name__)

CALL_SECONDS = 25.0
LEASE_SECONDS = 45.0
AT_ONCE, OF_ONE_CONNECTION = 8, 6
GIVE_UP_SECONDS = 24 * 3600.0
BACKOFF_SECONDS = (1.0, 300.0)
SHORTEST_PAUSE = 0.05
SETTLING_SECONDS = LEASE_SECONDS - CALL_SECONDS
SETTLING_PAUSE = 1.0


class Courier:
    """Delivers what is enqueued. `on_change` hears every change of a row, `on_created` (row, catalog's name) of every
    created object that a picker should offer; what they do cannot change the delivery any more."""

    def __init__(
        self,
        deliveries: Deliveries,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        *,
        on_change: Callable[[Delivery], None],
        on_created: Callable[[Delivery, str], Awaitable[None]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliveries = deliveries
        self._connections = connections
        self._adapters = adapters
        self._on_change = on_change
        self._on_created = on_created
        self._clock = clock
        self._rounds = Rounds("courier", self._round)
        self._slots = Slots(AT_ONCE, OF_ONE_CONNECTION, self._rounds.wake)
        self._claiming = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()
        self._watchers: dict[int, set[asyncio.Future[Delivery]]] = {}
        self._stopping = False

    async def submit(self, draft: Draft, *, card_after: float) -> Delivery:
        """Commit the draft and start delivering it at once if a slot is free; the row as it was committed."""
        lane = (draft.workspace, draft.vendor)
        slot_free = not self._stopping and self._slots.take(lane)
        try:
            row, new = await self._deliveries.enqueue(
                draft, lease=LEASE_SECONDS if slot_free else None, card_after=card_after
            )
        except BaseException:
            if slot_free:
                self._slots.give_back(lane)
            raise
        if slot_free and new:
            self._start(row)
        elif slot_free:
            self._slots.give_back(lane)
        else:
            self._rounds.wake()
        return row

    async def outcome(self, row: Delivery, until: float) -> Delivery:
        """The row once it is settled, or waits for something later than `until` (loop time); at `until`, as it is then.

        Giving up waiting stops nothing.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Delivery] = loop.create_future()
        watchers = self._watchers.setdefault(row.id, set())
        watchers.add(future)
        try:
            row = await self._deliveries.get(row.id)
            while not (row.settled or self._waits_past(row, until - loop.time())):
                try:
                    async with asyncio.timeout_at(until):
                        row = await future
                except TimeoutError:
                    return row
                watchers.discard(future)
                future = loop.create_future()
                watchers.add(future)
            return row
        finally:
            watchers.discard(future)
            if not watchers:
                self._watchers.pop(row.id, None)

    def _waits_past(self, row: Delivery, seconds: float) -> bool:
        return row.state == "queued" and row.due_at > self._clock() + seconds

    def wake(self) -> None:
        """Look for due rows now (something made rows due from outside: an admin reconnected)."""
        self._rounds.wake()

    async def run(self) -> None:
        """Deliver what is due and settle what was left behind, until cancelled."""
        await self._rounds.run()

    async def _round(self) -> float | None:
        for row in await self._deliveries.expire("The bot stopped while it was being sent."):
            self._announce(row)
        await self._start_due()
        if self._stopping or self._slots.full:
            return None  # a slot that becomes free wakes the loop
        at = await self._deliveries.next_time(self._slots.full_lanes)
        return None if at is None else max(at - self._clock(), SHORTEST_PAUSE)

    async def stop(self) -> None:
        """Finish what is being sent; the rest stays queued for the next start."""
        self._stopping = True
        try:
            async with asyncio.timeout(CALL_SECONDS + 1):
                async with self._claiming:  # what is being claimed just now gets its slot first
                    await self._slots.all_free()
        except TimeoutError:
            log.warning("courier.stopped_early", under_way=len(self._under_way))

    async def _start_due(self) -> None:
        async with self._claiming:
            while not self._stopping and not self._slots.full:
                claimed = await self._deliveries.claim_due(LEASE_SECONDS, 1, self._slots.full_lanes)
                if not claimed:
                    return
                # A submission may have taken the last slot meanwhile: then this one runs all the same, as one more.
                self._slots.take_anyway((claimed[0].workspace, claimed[0].vendor))
                self._start(claimed[0])

    def _start(self, row: Delivery) -> None:
        task = asyncio.create_task(self._deliver(row), name=f"deliver {row.key}")
        self._under_way.add(task)
        task.add_done_callback(lambda task: self._ended(task, (row.workspace, row.vendor)))

    def _ended(self, task: asyncio.Task[None], lane: Lane) -> None:
        self._under_way.discard(task)
        self._slots.give_back(lane)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("courier.delivery_failed", error=type(error).__name__)

    async def _deliver(self, row: Delivery) -> None:
        started = time.perf_counter()
        outcome = await self._attempt(row)
        settled = await self._settle(row, outcome)
        log.info(
            "courier.attempted",
            delivery=row.key,
            vendor=row.vendor,
            operation=row.operation,
            state=outcome.state,
            reason=outcome.reason,
            attempt=row.attempt,
            milliseconds=round((time.perf_counter() - started) * 1000),
        )
        if settled is None:
            return
        self._announce(settled)
        if settled.state == "queued":
            self._rounds.wake()
        if outcome.reason == "unauthorized":
            await self._connections.mark(row.workspace, row.vendor, outcome.sentence)
        feeds = self._adapters[row.vendor].operation(row.operation).feeds
        if feeds and settled.state == "delivered" and not settled.private:  # a private one is not for every picker
            await self._on_created(settled, feeds)

    async def _settle(self, row: Delivery, outcome: Outcome) -> Delivery | None:
        """Write the outcome, again and again while the file is busy: what the vendor said must not be lost to that."""
        until = self._clock() + SETTLING_SECONDS
        while True:
            try:
                return await self._deliveries.settle(row, outcome)
            except sqlite3.Error as error:
                log.error("courier.not_settled", delivery=row.key, error=type(error).__name__)
                if self._clock() > until:
                    raise
            except ValueError as error:  # the vendor's words cannot be stored; what became of it must be
                log.error("courier.not_settled", delivery=row.key, error=type(error).__name__)
                label = self._adapters[row.vendor].label
                outcome = replace(outcome, sentence=f"The answer of {label} could not be read.", fields={})
            await asyncio.sleep(SETTLING_PAUSE)

    async def _attempt(self, row: Delivery) -> Outcome:
        adapter = self._adapters[row.vendor]
        prepared = await self._prepared(row, adapter)
        if isinstance(prepared, Outcome):
            return prepared
        try:
            async with asyncio.timeout(CALL_SECONDS):
                created = await adapter.create(row.operation, *prepared)
        except Exception as error:
            return self._failure(row, adapter, error)
        return Outcome("delivered", created=created.model_dump())

    async def _prepared(self, row: Delivery, adapter: Adapter) -> tuple[Submission, Credentials] | Outcome:
        """What to send and with which credentials, or why nothing is sent."""
        if self._clock() - row.made_at > GIVE_UP_SECONDS:
            return Outcome("failed", "gave_up", f"It could not be sent to {adapter.label} in time.")
        try:
            connection = await self._connections.get(row.workspace, row.vendor)
            if connection is None or connection.account != row.account:
                return Outcome(
                    "failed", "disconnected", f"{adapter.label} is no longer connected to the account it was meant for."
                )
            operation = adapter.operation(row.operation)
            form = operation.form_for(row.answer or None).model_validate(dict(row.payload))
            credentials = adapter.credentials.model_validate(dict(connection.secret))
        except sqlite3.Error as error:
            log.error("courier.not_read", delivery=row.key, error=type(error).__name__)
            return Outcome("queued", "internal", due_at=self._clock() + _backoff(row.attempt))
        except SecretError as error:
            sentence = f"{error} An admin can connect {adapter.label} again with `/vendors`."
            return Outcome("failed", "unauthorized", sentence)
        except (ValueError, KeyError) as error:
            log.error("courier.not_sendable", delivery=row.key, error=type(error).__name__)
            return Outcome("failed", "not_sendable", "It does not fit the form any more; please fill it in again.")
        return Submission(form, row.key, row.actor_name, row.revision, row.chosen), credentials

    def _failure(self, row: Delivery, adapter: Adapter, error: Exception) -> Outcome:
        match error:
            case Refused():
                return Outcome("rejected", "refused", str(error), fields=error.fields)
            case Unauthorized():
                return Outcome("failed", "unauthorized" if error.status == 401 else "forbidden", str(error))
            case TryLater():
                if self._clock() - row.made_at > GIVE_UP_SECONDS:
                    return Outcome("failed", "gave_up", str(error))
                wait = _backoff(row.attempt) if error.retry_after is None else error.retry_after
                return Outcome("queued", error.reason, str(error), due_at=self._clock() + wait)
            case Unclear() | TimeoutError() | VendorError():
                sentence = str(error) or f"{adapter.label} did not answer in time."
                return Outcome("unconfirmed", "unclear", sentence)
        log.error("courier.adapter_broke", delivery=row.key, vendor=row.vendor, error=type(error).__name__)
        return Outcome("unconfirmed", "internal", f"The answer of {adapter.label} could not be read.")

    def _announce(self, row: Delivery) -> None:
        for future in self._watchers.get(row.id, ()):
            if not future.done():
                future.set_result(row)
        self._on_change(row)


def _backoff(attempt: int) -> float:
    """Exponential with full jitter, so that many waiting rows do not come back at the same instant."""
    lowest, highest = BACKOFF_SECONDS
    return max(lowest, random.uniform(0, min(highest, lowest * 2**attempt)))  # noqa: S311  spreads load, guards nothing
