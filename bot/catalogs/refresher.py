"""Fetches the lists that are due. Each connection has a task of its own, so a slow vendor delays no
other connection."""

import asyncio
import time
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from operator import attrgetter

import structlog

from bot.adapters.base import Adapter
from bot.catalogs.listing import Key, listing
from bot.catalogs.store import EVERY, RETRY_SECONDS, CatalogStore, Due
from bot.connections.store import Connection
from bot.delivery.attempt import VendorAccess, Verdict, judge
from bot.errors import RelayError
from bot.runtime.workers import Share, Source, WorkerPool
from bot.workspace import ConnectionKey, RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

TRIES = 5
"""How often in a row a list is tried that nobody opens a form for."""
PROBES = 24
"""How often in a row a connection is tried that does not work."""
SPACING_SECONDS = 0.005
"""The time between two fetches of all connections. However many lists are due, people who submit
something do not wait for them."""
SHARE = Share(in_all=1, per_key=1, longest_pause=5.0)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who hears of a fetch: `changed` of each list that changed, `recovered` when a connection
    works again."""

    changed: Callable[[Key], None]
    recovered: Callable[[], None]


class Refresher(RemembersWorkspaces):
    """Fetches lists from the vendors, and notes in the database what became of it."""

    def __init__(
        self,
        store: CatalogStore,
        access: VendorAccess,
        hooks: Hooks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._access = access
        self._hooks = hooks
        self._clock = clock
        self._starting = asyncio.Lock()
        self._pool = WorkerPool[ConnectionKey, Due](
            "catalogs",
            Source(store.claim, store.next_time, attrgetter("connection_key")),
            self._refresh,
            SHARE,
            clock,
        )

    def wake(self) -> None:
        """Fetch due lists now."""
        self._pool.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop fetching for these workspaces, which are removed."""
        self._pool.cancel(lambda key: key[0] in scope)

    async def run(self) -> None:
        """Fetch due lists until cancelled."""
        await self._pool.run()

    async def _refresh(self, due: Due) -> None:
        try:
            await self.refresh(due)
        except Exception:  # the file is busy, or full
            await self._store.finish(due, self._clock() + RETRY_SECONDS)
            raise

    async def refresh(self, due: Due) -> None:
        """Fetch these lists.

        After a refused token the other lists are not tried. An accepted token repairs a broken
        connection.
        """
        workspace, vendor = due.connection_key
        connection = await self._connection(due)
        if connection is None:
            await self._store.finish(due)
            return
        adapter = self._access.adapters[vendor].with_rate_limiter(
            self._access.rate_limiters.of(due.connection_key)
        )
        unsure = bool(connection.broken) or not connection.checked_at
        unanswered = 0
        for name in await self._names(due, adapter, unsure=unsure):
            async with self._starting:
                await asyncio.sleep(SPACING_SECONDS)
            verdict = await self._fetch((workspace, vendor, name), adapter, connection)
            self._hooks.changed((workspace, vendor, name))
            if verdict is None:
                if unsure:
                    await self._access.connections.mark(workspace, vendor, "")
                    self._hooks.recovered()
                    unsure = False
                continue
            if verdict.kind == "unauthorized":
                # The connection is marked before the list: an accepted token makes it due.
                await self._access.connections.mark(workspace, vendor, verdict.words)
                await self._store.refused(due, name, verdict.words, tries=PROBES)
                return
            await self._store.failed((workspace, vendor, name), verdict.words, tries=TRIES)
            unanswered += verdict.kind == "later"
            if unanswered > 1 or verdict.reason == "rate_limited":
                # The other lists would fail too, and the vendor is busy enough.
                pause = max(verdict.retry_after or 0.0, RETRY_SECONDS)
                await self._store.finish(due, self._clock() + pause)
                return
        await self._store.finish(due)

    async def _connection(self, due: Due) -> Connection | None:
        """Return the connection with its credentials, or None where nothing can be fetched."""
        workspace, vendor = due.connection_key
        if vendor not in self._access.adapters:  # of another version of the bot
            return None
        try:
            return await self._access.connections.get(workspace, vendor)
        except RelayError as error:  # the key of the database does not open them
            for name in due.names:
                await self._store.failed((workspace, vendor, name), str(error), tries=0)
                self._hooks.changed((workspace, vendor, name))
            return None

    async def _names(self, due: Due, adapter: Adapter, *, unsure: bool) -> list[str]:
        """Return the lists to fetch, in the adapter's order. For `EVERY` these are all that are
        missing, old or failed; one, if it is not known whether the vendor accepts the token."""
        names = [name for name in due.names if name != EVERY]
        fetched = [catalog for catalog in adapter.catalogs if catalog.static is None]
        if EVERY in due.names:
            states, now = await self._store.states(due.connection_key), self._clock()
            known = [name for name, state in states.items() if name != EVERY and state.problem]
            names += known + [
                catalog.name
                for catalog in fetched
                if not catalog.on_demand
                and (
                    catalog.name not in states
                    or states[catalog.name].fetched_at < now - catalog.ttl
                )
            ]
            if unsure and not names:
                names = [catalog.name for catalog in fetched[:1]]
        order = {catalog.name: place for place, catalog in enumerate(fetched)}
        return sorted(set(names), key=lambda name: (order.get(name, len(order)), name))

    async def _fetch(self, key: Key, adapter: Adapter, connection: Connection) -> Verdict | None:
        """Fetch and save one list. Return what an error means; None without one."""
        started = self._clock()
        try:
            credentials = adapter.credentials.model_validate(dict(connection.secret))
            entries = await adapter.entries(key[2], credentials)
        except Exception as error:
            verdict = judge(error, adapter)
            said = {"vendor": key[1], "catalog": key[2], "error": type(error).__name__}
            if not isinstance(error, RelayError):
                log.error("adapter.failed", **said)
                words = f"{adapter.label} sent a list that could not be read."
                return replace(verdict, kind="broken", details={"code": "said", "words": words})
            log.warning("catalog.fetch_failed", **said)
            return verdict
        fetched = await asyncio.to_thread(listing, entries, started)
        await self._store.save(key, connection.account, fetched)
        return None
