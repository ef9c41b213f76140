"""The dispatcher: sends what is queued, and settles what was left behind. It knows rows and
vendors, and no Slack.

A row is committed as `sending`, with a lease longer than any call, before the request leaves.
Settling names the attempt that it settles, so a worker that wakes late cannot overwrite a newer
one. A submission claims its row at once, unless others of the connection wait for their turn; a
loop takes what is due. A connection's rate limit and its share of the slots are taken before a row
is claimed, so that nothing waits while its lease runs.

`bot.runtime.workers.WorkerPool` does not serve here: a submission takes its slot and its turn
before its row exists, and the loop has to ask each connection's rate limit before it claims.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import replace

import structlog

from bot.connections.store import Connection
from bot.delivery.attempt import CALL_SECONDS, VendorAccess
from bot.delivery.model import Delivery, Draft, Outcome
from bot.delivery.problems import problem, spoken
from bot.delivery.sender import FIRST_LOOK_SECONDS, Sender
from bot.delivery.store.queue import JUMP_SECONDS, Deliveries
from bot.delivery.subscriptions import Subscriptions
from bot.runtime.limiter import Limiter
from bot.runtime.loop import PeriodicLoop
from bot.workspace import ConnectionKey, RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

LEASE_SECONDS = 45.0
AT_ONCE, OF_ONE_CONNECTION = 64, 6
SLOW_SECONDS = 5.0
"""After an attempt that took longer, a connection gets one slot until one takes less."""
SHORTEST_PAUSE = 0.05
LONGEST_PAUSE = 5.0
"""How soon a row is noticed that another process queued, or an operator's command."""
SETTLING_SECONDS = LEASE_SECONDS - CALL_SECONDS
SETTLING_PAUSE = 1.0
WORTH_SAYING_SECONDS = 2.0


class Dispatcher(RemembersWorkspaces):
    """Delivers what is enqueued.

    `on_change` is called with every row that changed. `on_created` is awaited with the row and the
    catalog's name of every created object that a picker should offer. Nothing that they do can
    change the delivery any more. `on_mended` is called when a connection works that was said not
    to.
    """

    def __init__(
        self,
        deliveries: Deliveries,
        access: VendorAccess,
        *,
        on_change: Callable[[Delivery], None],
        on_created: Callable[[Delivery, str], Awaitable[None]],
        on_mended: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliveries = deliveries
        self._access = access
        self._sender = Sender(access, clock)
        self._on_change = on_change
        self._on_created = on_created
        self._on_mended = on_mended
        self._clock = clock
        self._loop = PeriodicLoop("dispatcher", self._round, LONGEST_PAUSE)
        self._limiter = Limiter[ConnectionKey](AT_ONCE, OF_ONE_CONNECTION, self._loop.wake)
        self._claiming = asyncio.Lock()
        self.under_way: dict[asyncio.Task[None], Delivery] = {}
        """The deliveries that are being sent."""
        self._subscriptions = Subscriptions()
        self._out_of_reach: set[ConnectionKey] = set()
        self._last_round = 0.0
        self._stopping = False

    async def submit(
        self, draft: Draft, *, card_not_before: float, connection: Connection | None = None
    ) -> Delivery:
        """Commit the draft, and start delivering it at once if it is its turn. Returns the row as
        it was committed.

        `connection` is the draft's connection, if it was read a moment ago: then it is not read
        again. Raises `NoLongerThereError` where it was removed since, perhaps with everything else
        of the workspace.
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

    async def submit_batch(
        self, drafts: Sequence[Draft], *, card_not_before: float
    ) -> list[Delivery]:
        """Commit the drafts of one modal in one transaction, and have them sent in their turn.
        Returns the rows as they were committed. Raises what `submit` does."""
        committed = await self._deliveries.enqueue_batch(drafts, card_not_before=card_not_before)
        rows = [await self._in_turn(row) if new else row for row, new in committed]
        self._loop.wake()
        return rows

    async def _in_turn(self, row: Delivery) -> Delivery:
        """Note when the turn of a new row comes, if the connection's rate limit makes it wait. If
        that fails, the row is returned as it was committed: it is saved, and will be sent."""
        try:
            seconds = self._access.rate_limiters.of(row.connection_key).wait(
                "write", await self._deliveries.ahead_of(row)
            )
            if seconds >= WORTH_SAYING_SECONDS:
                return await self._deliveries.expect(row, self._clock() + seconds)
        except sqlite3.Error as error:
            log.error("delivery.turn_not_noted", delivery=row.key, error=type(error).__name__)
        return row

    def _take(self, connection_key: ConnectionKey) -> bool:
        """Take a slot, and the connection's turn for a write. Returns False where there is none."""
        if self._stopping or not self._limiter.take(connection_key):
            return False
        if self._access.rate_limiters.of(connection_key).take("write"):
            return True
        self._limiter.give_back(connection_key)
        return False

    def _give_back(self, connection_key: ConnectionKey) -> None:
        self._access.rate_limiters.of(connection_key).give_back("write")
        self._limiter.give_back(connection_key)

    async def outcome(self, row: Delivery, until: float) -> Delivery:
        """Return the row once it is settled, or waits for something later than `until` (loop time);
        at `until`, return it as it is then.

        To give up waiting stops nothing. Raises `NoLongerThereError` where the row is removed.
        """
        with self._subscriptions.of(row) as watcher:
            if row.id not in self._ids_under_way():  # else the end is still to come
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
        """Return the rows that this process is sending."""
        return [row.id for row in self.under_way.values()]

    def _waits_past(self, row: Delivery, seconds: float) -> bool:
        return row.state in ("queued", "unconfirmed") and row.next_at > self._clock() + seconds

    def wake(self) -> None:
        """Look for due rows now (something made rows due from outside: an admin reconnected)."""
        self._loop.wake()

    async def publish(self, row: Delivery) -> None:
        """Tell everybody whom the row concerns that it changed: who waits for it, its card, the
        pickers, the loop."""
        self._subscriptions.notify(row)
        self._on_change(row)
        if row.state == "queued":
            self._loop.wake()
        feeds = self._access.adapters[row.vendor].operation(row.operation).feeds
        created = row.state == "delivered" and row.vendor_object
        if feeds and created and not row.private:  # a private one is not for every picker
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
        """Settle the rows whose lease ran out, but not those that this process is still sending,
        whatever the clock says."""
        mine = self._ids_under_way()
        for row in await self._deliveries.expire(problem("stopped"), FIRST_LOOK_SECONDS, mine):
            await self.publish(row)

    def _turn(self, connection_key: ConnectionKey, at: float) -> float | None:
        """Return when the connection's next row can start; None while only a slot that becomes free
        helps, which wakes the loop."""
        if self._limiter.is_full(connection_key):
            return None
        return max(at, self._clock() + self._access.rate_limiters.of(connection_key).wait("write"))

    async def _mind_the_clock(self) -> None:
        """Handle a clock that went back, since the last round or while the bot was down: make rows
        that are already overdue due now."""
        now = self._clock()
        if now < self._last_round - JUMP_SECONDS or not self._last_round:
            await self._deliveries.clock_went_back()
        self._last_round = now

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed, and tell who waits."""
        for task, row in self.under_way.items():
            if row.workspace in scope:
                task.cancel()
        self._limiter.forget(lambda connection_key: connection_key[0] in scope)
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
            log.warning("dispatcher.stopped_early", under_way=len(self.under_way))

    async def _start_due(self, connection_keys: Mapping[ConnectionKey, float]) -> bool:
        """Claim what is due, one row of each connection in turn, for as long as there are slots.
        Returns whether anything was due."""
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
        """Start the connection's next row, for which a slot is taken. Returns False when there is
        none."""
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
        self.under_way[task] = row
        task.add_done_callback(lambda task: self._ended(task, row.connection_key))

    def _ended(self, task: asyncio.Task[None], connection_key: ConnectionKey) -> None:
        del self.under_way[task]
        self._limiter.give_back(connection_key)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("delivery.task_failed", error=type(error).__name__)

    async def _deliver(self, row: Delivery, connection: Connection | None) -> None:
        started = time.perf_counter()
        outcome, used = await self._sender.send(row, connection)
        self._limiter.note_slow(row.connection_key, time.perf_counter() - started > SLOW_SECONDS)
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
            await self.publish(settled)
        if outcome.reason == "unauthorized":
            await self._access.connections.mark(
                row.workspace, row.vendor, spoken(outcome.error_details)
            )
        elif used is not None and (outcome.state == "delivered" or outcome.reason == "refused"):
            await self._accepted(row.connection_key, used)
        await self._mind_the_way(row.connection_key, outcome)

    async def _accepted(self, connection_key: ConnectionKey, connection: Connection) -> None:
        """Note that the vendor accepts the credentials, where it was said that it does not, or
        where nobody knew."""
        if connection.broken or not connection.checked_at:
            await self._access.connections.mark(*connection_key, "")
            self._on_mended()
            self._loop.wake()

    async def _mind_the_way(self, connection_key: ConnectionKey, outcome: Outcome) -> None:
        """Make the others of the connection due, once one arrives at a vendor that could not be
        reached."""
        if outcome.reason == "unreachable":
            self._out_of_reach.add(connection_key)
        elif connection_key in self._out_of_reach and outcome.state in ("delivered", "rejected"):
            self._out_of_reach.discard(connection_key)
            await self._deliveries.hurry(connection_key)
            self._loop.wake()

    async def _settle(self, row: Delivery, outcome: Outcome) -> Delivery | None:
        """Write the outcome, again and again while the file is busy: the vendor's answer must not
        be lost."""
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
            ) as error:  # the vendor's words cannot be stored, but the outcome must be
                log.error(
                    "delivery.outcome_not_saved", delivery=row.key, error=type(error).__name__
                )
                unreadable = problem("unreadable_answer")
                outcome = replace(outcome, error_details=unreadable, field_errors={})
            await asyncio.sleep(SETTLING_PAUSE)
