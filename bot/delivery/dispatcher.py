"""The courier: claim -> adapter -> outcome. Knows the rows and the vendors, and no Slack.

    queued -> sending -> delivered     the vendor made it
                      -> rejected      the vendor said no; the person can edit and resend
                      -> unconfirmed   the request left and nobody can say what came of it: see `bot.delivery.reconciler`
                      -> failed        given up, or an admin must act
                      -> queued        certainly not done: again when the vendor says, or after a backoff

A row is committed as `sending`, with a lease longer than any call, before the request leaves;
settling names the attempt it settles, so a worker that wakes late cannot overwrite a newer one.
Whoever enqueues claims at once, unless others of the connection wait for their turn; a loop takes
what is due. A connection's pace and its share of the slots are taken before a row is claimed, so
that nothing waits while its lease runs.
"""

import asyncio
import random
import sqlite3
import time
from collections.abc import Awaitable, Callable, Container, Mapping
from dataclasses import replace
from typing import NamedTuple

import structlog

from bot.adapters.base import Adapter, Credentials, Submission
from bot.adapters.rate_limit import RateLimiters
from bot.connections.store import Connection, Connections
from bot.delivery.model import Delivery, Draft, Outcome
from bot.delivery.store.queue import JUMP_SECONDS, Deliveries
from bot.delivery.subscriptions import Subscriptions
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    SecretError,
    UnauthorizedError,
    VendorError,
)
from bot.runtime.limiter import Limiter
from bot.runtime.loop import PeriodicLoop
from bot.runtime.threads import characters, run_in_thread
from bot.workspace import ConnectionKey, RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

CALL_SECONDS = 25.0
LEASE_SECONDS = 45.0
AT_ONCE, OF_ONE_CONNECTION = 8, 6
BACKOFF_SECONDS = (1.0, 300.0)
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
"""How soon a row is noticed that another process queued, or an operator's command."""
SETTLING_SECONDS = LEASE_SECONDS - CALL_SECONDS
SETTLING_PAUSE = 1.0
FIRST_LOOK_SECONDS = 2.0
"""So long after a send whose answer is missing the vendor is asked whether it has the object."""
LAST_LOOK_SECONDS = 60.0
"""So long after a second send succeeded it is asked whether the first one turned up after all."""
WORTH_SAYING_SECONDS = 2.0


class Prepared(NamedTuple):
    """What an attempt sends, with which credentials, and the connection that those are of."""

    connection: Connection
    submission: Submission
    credentials: Credentials


class Dispatcher(RemembersWorkspaces):
    """Delivers what is enqueued. `on_change` hears every change of a row, `on_created` (row,
    catalog's name) of every created object that a picker should offer; what they do cannot change
    the delivery any more. `on_mended` hears that a connection works which was said not to."""

    def __init__(
        self,
        deliveries: Deliveries,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        rate_limiters: RateLimiters,
        *,
        on_change: Callable[[Delivery], None],
        on_created: Callable[[Delivery, str], Awaitable[None]],
        on_mended: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliveries = deliveries
        self._connections = connections
        self._adapters = adapters
        self._rate_limiters = rate_limiters
        self._on_change = on_change
        self._on_created = on_created
        self._on_mended = on_mended
        self._clock = clock
        self._loop = PeriodicLoop("dispatcher", self._round, LONGEST_PAUSE)
        self._limiter = Limiter[ConnectionKey](AT_ONCE, OF_ONE_CONNECTION, self._loop.wake)
        self._claiming = asyncio.Lock()
        self._under_way: dict[asyncio.Task[None], Delivery] = {}
        self._subscriptions = Subscriptions()
        self._out_of_reach: set[ConnectionKey] = set()
        self._last_round = 0.0
        self._stopping = False

    async def submit(
        self, draft: Draft, *, card_not_before: float, connection: Connection | None = None
    ) -> Delivery:
        """Commit the draft and start delivering it at once if it is its turn; the row as it was
        committed.

        `connection` is what the draft's account was read from a moment ago, if it was: then it is
        not read again. Raises `NoLongerThereError` where it was removed since, and with it,
        perhaps, everything else of the workspace.
        """
        connection_key = (draft.workspace, draft.vendor)
        taken = self._take(connection_key)
        started = False
        try:
            row, new = await self._deliveries.enqueue(
                draft,
                lease=LEASE_SECONDS if taken else None,
                card_not_before=card_not_before,
                connected=connection is not None,
            )
            if taken and new and row.state == "sending":
                self._start(row, connection)
                started = True
        finally:
            if taken and not started:
                self._give_back(connection_key)
        if new and row.state == "queued":
            row = await self._in_turn(row)
            self._loop.wake()
        return row

    async def _in_turn(self, row: Delivery) -> Delivery:
        """A new row that the connection's pace makes wait: it can say for how long."""
        seconds = self._rate_limiters.of(row.connection_key).wait(
            "write", await self._deliveries.ahead_of(row)
        )
        if seconds < WORTH_SAYING_SECONDS:
            return row
        return await self._deliveries.expect(row, self._clock() + seconds)

    def _take(self, connection_key: ConnectionKey) -> bool:
        """A slot, and the connection's turn for a write."""
        if self._stopping or not self._limiter.take(connection_key):
            return False
        if self._rate_limiters.of(connection_key).take("write"):
            return True
        self._limiter.give_back(connection_key)
        return False

    def _give_back(self, connection_key: ConnectionKey) -> None:
        self._rate_limiters.of(connection_key).give_back("write")
        self._limiter.give_back(connection_key)

    async def outcome(self, row: Delivery, until: float) -> Delivery:
        """The row once it is settled, or waits for something later than `until` (loop time); at
        `until`, as it is then.

        Giving up waiting stops nothing. Raises `NoLongerThereError` where the row is removed.
        """
        with self._subscriptions.of(row) as watcher:
            if (
                row.id not in self._ids_under_way()
            ):  # else its end is still to come, and will be heard
                row = await self._deliveries.get(row)
            while not (
                row.settled or self._waits_past(row, until - asyncio.get_running_loop().time())
            ):
                try:
                    async with asyncio.timeout_at(until):
                        row = await watcher.next()
                except TimeoutError:
                    return row
        return row

    def _ids_under_way(self) -> list[int]:
        """The rows that this process is sending."""
        return [row.id for row in self._under_way.values()]

    def _waits_past(self, row: Delivery, seconds: float) -> bool:
        return row.state in ("queued", "unconfirmed") and row.next_at > self._clock() + seconds

    def wake(self) -> None:
        """Look for due rows now (something made rows due from outside: an admin reconnected)."""
        self._loop.wake()

    async def tell(self, row: Delivery) -> None:
        """Everybody whom this row concerns hears that it changed: who waits for it, its card, the
        pickers, the loop."""
        self._subscriptions.tell(row)
        self._on_change(row)
        if row.state == "queued":
            self._loop.wake()
        feeds = self._adapters[row.vendor].operation(row.operation).feeds
        if (
            feeds and row.state == "delivered" and row.vendor_object and not row.private
        ):  # a private one is not for every picker
            await self._on_created(row, feeds)

    async def run(self) -> None:
        """Deliver what is due and settle what was left behind, until cancelled."""
        await self._loop.run()

    async def _round(self) -> float | None:
        await self._mind_the_clock()
        agenda = await self._deliveries.agenda()
        if agenda.expiry is not None and agenda.expiry < self._clock():
            await self._expire()
        if await self._start_due(agenda.connection_keys):
            agenda = await self._deliveries.agenda()
        times = (
            []
            if self._stopping
            else [
                self._turn(connection_key, at)
                for connection_key, at in agenda.connection_keys.items()
            ]
        )
        soonest = min([at for at in (*times, agenda.expiry) if at is not None], default=None)
        return None if soonest is None else max(soonest - self._clock(), SHORTEST_PAUSE)

    async def _expire(self) -> None:
        """What is still being sent by this process is in good hands, whatever the clock says."""
        words, mine = "The bot stopped while it was being sent.", self._ids_under_way()
        for row in await self._deliveries.expire(words, FIRST_LOOK_SECONDS, mine):
            await self.tell(row)

    def _turn(self, connection_key: ConnectionKey, at: float) -> float | None:
        """When the connection's next row can start; None while only a slot that becomes free, which
        wakes the loop, helps."""
        if self._limiter.full or connection_key in self._limiter.full_keys:
            return None
        return max(at, self._clock() + self._rate_limiters.of(connection_key).wait("write"))

    async def _mind_the_clock(self) -> None:
        """After it went back (or since the last start did), what is due in hours that have passed
        already is due now."""
        now = self._clock()
        if now < self._last_round - JUMP_SECONDS or not self._last_round:
            await self._deliveries.clock_went_back()
        self._last_round = now

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed, and tell who waits for it."""
        for task, row in self._under_way.items():
            if row.workspace in scope:
                task.cancel()
        self._subscriptions.forget(scope)
        self._out_of_reach = {
            connection_key
            for connection_key in self._out_of_reach
            if connection_key[0] not in scope
        }

    async def stop(self) -> None:
        """Finish what is being sent; the rest stays queued for the next start."""
        self._stopping = True
        try:
            async with asyncio.timeout(CALL_SECONDS + 1):
                async with self._claiming:  # what is being claimed just now gets its slot first
                    await self._limiter.all_free()
        except TimeoutError:
            log.warning("dispatcher.stopped_early", under_way=len(self._under_way))

    async def _start_due(self, connection_keys: Mapping[ConnectionKey, float]) -> bool:
        """Claim what is due, one of each connection in turn, for as long as there are slots;
        whether anything was."""
        async with self._claiming:
            now = self._clock()
            due = sorted(
                (connection_key for connection_key, at in connection_keys.items() if at <= now),
                key=lambda connection_key: connection_keys[connection_key],
            )
            started = False
            while due:
                due = [
                    connection_key
                    for connection_key in due
                    if self._take(connection_key) and await self._claim_one(connection_key)
                ]
                started = started or bool(due)
        return started

    async def _claim_one(self, connection_key: ConnectionKey) -> bool:
        """Start the connection's next row, for which a slot is taken; False when there is none."""
        row = None
        try:
            row = await self._deliveries.claim(connection_key, LEASE_SECONDS)
        finally:
            if row is None:
                self._give_back(connection_key)
        if row is not None:
            self._start(row)
        return row is not None

    def _start(self, row: Delivery, connection: Connection | None = None) -> None:
        task = asyncio.create_task(self._deliver(row, connection), name=f"deliver {row.key}")
        self._under_way[task] = row
        task.add_done_callback(lambda task: self._ended(task, row.connection_key))

    def _ended(self, task: asyncio.Task[None], connection_key: ConnectionKey) -> None:
        del self._under_way[task]
        self._limiter.give_back(connection_key)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery.task_failed", error=type(error).__name__)

    async def _deliver(self, row: Delivery, connection: Connection | None) -> None:
        started = time.perf_counter()
        adapter = self._adapters[row.vendor].with_rate_limiter(
            self._rate_limiters.of(row.connection_key)
        )
        prepared = await self._prepared(row, adapter, connection)
        outcome = (
            prepared
            if isinstance(prepared, Outcome)
            else await self._attempt(row, adapter, prepared)
        )
        settled = await self._settle(row, outcome)
        log.info(
            "delivery.attempted",
            delivery=row.key,
            vendor=row.vendor,
            operation=row.operation,
            state=outcome.state,
            reason=outcome.reason,
            attempt=row.attempt,
            milliseconds=round((time.perf_counter() - started) * 1000),
        )
        if settled is not None:
            await self.tell(settled)
        if outcome.reason == "unauthorized":
            await self._connections.mark(row.workspace, row.vendor, outcome.sentence)
        elif isinstance(prepared, Prepared) and (
            outcome.state == "delivered" or outcome.reason == "refused"
        ):
            await self._accepted(row.connection_key, prepared.connection)
        await self._mind_the_way(row.connection_key, outcome)

    async def _accepted(self, connection_key: ConnectionKey, connection: Connection) -> None:
        """The vendor took the credentials: what was said against them, or that nobody knew, is so
        no more."""
        if connection.broken or not connection.checked_at:
            await self._connections.mark(*connection_key, "")
            self._on_mended()
            self._loop.wake()

    async def _mind_the_way(self, connection_key: ConnectionKey, outcome: Outcome) -> None:
        """Once one arrives at a vendor that could not be reached, the others need not wait for
        their pauses to end."""
        if outcome.reason == "unreachable":
            self._out_of_reach.add(connection_key)
        elif connection_key in self._out_of_reach and outcome.state in ("delivered", "rejected"):
            self._out_of_reach.discard(connection_key)
            await self._deliveries.hurry(connection_key)
            self._loop.wake()

    async def _settle(self, row: Delivery, outcome: Outcome) -> Delivery | None:
        """Write the outcome, again and again while the file is busy: what the vendor said must not
        be lost to that."""
        until = self._clock() + SETTLING_SECONDS
        while True:
            try:
                return await self._deliveries.settle(row, outcome)
            except sqlite3.Error as error:
                log.error(
                    "delivery.outcome_not_saved", delivery=row.key, error=type(error).__name__
                )
                if self._clock() > until:
                    raise
            except (
                ValueError
            ) as error:  # the vendor's words cannot be stored; what became of it must be
                log.error(
                    "delivery.outcome_not_saved", delivery=row.key, error=type(error).__name__
                )
                label = self._adapters[row.vendor].label
                outcome = replace(
                    outcome, sentence=f"The answer of {label} could not be read.", field_errors={}
                )
            await asyncio.sleep(SETTLING_PAUSE)

    async def _attempt(self, row: Delivery, adapter: Adapter, prepared: Prepared) -> Outcome:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                created = await adapter.create(
                    row.operation, prepared.submission, prepared.credentials
                )
        except Exception as error:
            return self._failure(row, adapter, error)
        last_look = row.resend_count > 0 and not adapter.operation(row.operation).keyed
        reconcile_at = self._clock() + LAST_LOOK_SECONDS if last_look else 0.0
        return Outcome(
            "delivered",
            vendor_object=created.model_dump(),
            reconcile_at=reconcile_at,
            follow_up_steps=created.remaining,
        )

    async def _prepared(
        self, row: Delivery, adapter: Adapter, connection: Connection | None
    ) -> Prepared | Outcome:
        """What to send and with which credentials, or why nothing is sent."""
        if self._clock() > row.expires_at:
            return _given_up(row, adapter, f"It could not be sent to {adapter.label} in time.")
        try:
            connection = connection or await self._connections.get(row.workspace, row.vendor)
            if connection is None or connection.account != row.account:
                return _not_sent(row, adapter, "disconnected", not_connected(adapter))
            submission = await read_submission(row, adapter)
            return Prepared(
                connection, submission, adapter.credentials.model_validate(dict(connection.secret))
            )
        except sqlite3.Error as error:
            log.error("delivery.answer_not_read", delivery=row.key, error=type(error).__name__)
            return Outcome(
                "queued", "internal", next_attempt_at=self._clock() + backoff(row.attempt)
            )
        except SecretError as error:
            sentence = f"{error} An admin can connect {adapter.label} again with `/vendors`."
            return _not_sent(row, adapter, "unauthorized", sentence)
        except (ValueError, KeyError) as error:
            log.error("delivery.not_prepared", delivery=row.key, error=type(error).__name__)
            sentence = "It does not fit the form any more; please fill it in again."
            return _not_sent(row, adapter, "not_sendable", sentence)

    def _failure(self, row: Delivery, adapter: Adapter, error: Exception) -> Outcome:
        match error:
            case RejectedError() if row.resend_count and not adapter.operation(row.operation).keyed:
                # The first one may have arrived after all, and be the reason: the reconciler looks
                # before it is a "no".
                reconcile_at = self._clock() + FIRST_LOOK_SECONDS
                return Outcome(
                    "unconfirmed",
                    "refused",
                    str(error),
                    field_errors=error.fields,
                    reconcile_at=reconcile_at,
                )
            case RejectedError():
                reason = "not_asked" if error.ours else "refused"
                return Outcome("rejected", reason, str(error), field_errors=error.fields)
            case UnauthorizedError():
                reason = "unauthorized" if error.status == 401 else "forbidden"
                if _in_doubt(row, adapter):
                    return Outcome(
                        "unconfirmed",
                        reason,
                        str(error),
                        reconcile_at=self._clock() + BACKOFF_SECONDS[1],
                    )
                return Outcome("failed", reason, str(error))
            case RetryLaterError():
                if self._clock() > row.expires_at:
                    return _given_up(row, adapter, str(error))
                wait = backoff(row.attempt) if error.retry_after is None else error.retry_after
                # The limit is the connection's, not this row's; and that of the account which it
                # was sent to.
                if error.reason == "rate_limited" and adapter.rate_limiter is not None:
                    adapter.rate_limiter.pause("write", wait)
                return Outcome(
                    "queued", error.reason, str(error), next_attempt_at=self._clock() + wait
                )
            case OutcomeUnknownError() | TimeoutError() | VendorError():
                sentence = str(error) or f"{adapter.label} did not answer in time."
                return Outcome(
                    "unconfirmed",
                    "unclear",
                    sentence,
                    reconcile_at=self._clock() + FIRST_LOOK_SECONDS,
                )
        log.error("adapter.failed", delivery=row.key, vendor=row.vendor, error=type(error).__name__)
        sentence = f"The answer of {adapter.label} could not be read."
        return Outcome(
            "unconfirmed", "internal", sentence, reconcile_at=self._clock() + FIRST_LOOK_SECONDS
        )


def _in_doubt(row: Delivery, adapter: Adapter) -> bool:
    """Whether an earlier attempt may have created it: elsewhere nothing is sent again before it was
    looked up."""
    return row.resend_count > 0 and adapter.operation(row.operation).keyed


def _not_sent(row: Delivery, adapter: Adapter, reason: str, sentence: str) -> Outcome:
    if _in_doubt(row, adapter):
        return Outcome("unconfirmed", "undecided", sentence)
    return Outcome("failed", reason, sentence)


def _given_up(row: Delivery, adapter: Adapter, sentence: str) -> Outcome:
    if _in_doubt(row, adapter):
        return Outcome(
            "unconfirmed", "undecided", f"{adapter.label} has not confirmed it for 24 hours."
        )
    return Outcome("failed", "gave_up", sentence)


def submission_of(row: Delivery, adapter: Adapter) -> Submission:
    """What the row sends. Raises ValueError or KeyError when it does not fit its form any more."""
    form = (
        adapter.operation(row.operation)
        .form_for(row.branch or None, row.custom)
        .model_validate(dict(row.payload))
    )
    return Submission(
        form,
        row.key,
        row.actor_name,
        row.revision,
        row.selected,
        again=row.resend_count > 0,
        first_sent_at=row.first_sent_at,
        custom=row.custom,
    )


async def read_submission(row: Delivery, adapter: Adapter) -> Submission:
    """The same, without keeping the event loop from everything else while a long file is looked at."""
    return await run_in_thread(characters(row.payload), lambda: submission_of(row, adapter))


def not_connected(adapter: Adapter | type[Adapter]) -> str:
    """Why a row is not sent, or looked up, any more."""
    return (
        f"{adapter.label} is no longer connected to the account it was meant for; an admin can "
        "connect that one again with "
        "`/vendors`."
    )


def backoff(attempt: int) -> float:
    """Exponential with full jitter, so that many waiting rows do not come back at the same instant."""
    lowest, highest = BACKOFF_SECONDS
    return max(lowest, random.uniform(0, min(highest, lowest * 2 ** min(attempt, 16))))  # noqa: S311  spreads load, guards nothing
