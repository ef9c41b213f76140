"""Catalogs: the vendors' lists behind the pickers.

The lists are kept per connection and refreshed in the background. A picker is answered at once from
memory, even while the vendor is down. The answer tells when a list is old, still loading or empty.
No keystroke ever becomes a vendor call.
"""

import asyncio
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from bot.adapters.base import Adapter, Catalog, Entry
from bot.adapters.rate_limit import RateLimiters
from bot.catalogs.search import best, folded
from bot.catalogs.store import CatalogStore
from bot.connections.store import Connections
from bot.delivery.model import Delivery
from bot.errors import RelayError, RetryLaterError, UnauthorizedError
from bot.forms.custom_fields import CustomField
from bot.forms.text import duration
from bot.runtime.loop import PeriodicLoop
from bot.workspace import ConnectionKey, RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

LONGEST_ID = 150
"""Slack's limit for the length of an option's value."""
SHOWN = 100
"""Largest number of options that Slack accepts."""
ROUND_SECONDS = 15.0
RETRY_SECONDS = 60.0
"""Seconds until a failed list is fetched again; twice as long after each further failure."""
FIRST_TRIES = 5
"""Number of attempts for a list that was never fetched and that nobody uses yet."""
USED_SECONDS = 24 * 3600.0
STALE_AFTER = 3600.0
AT_ONCE = 4
LAG_SECONDS = 60.0
"""Seconds after its creation for which an object may be missing from the vendor's own list."""

Key = tuple[Workspace, str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """A picker's answer: the best matches first, and a notice for an old, loading or empty list."""

    entries: Sequence[Entry]
    notice: str = ""


@dataclass(slots=True)
class _List:
    """One list in memory.

    `folded` has the searched text of each entry. Times are in epoch seconds, with 0 for never.
    `refused` means that the problem is a refused token.
    """

    entries: list[Entry] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)
    by_id: dict[str, Entry] = field(default_factory=dict)
    fetched_at: float = 0.0
    tried_at: float = 0.0
    used_at: float = 0.0
    problem: str = ""
    failures: int = 0
    refused: bool = False
    account: str = ""
    made: list[tuple[float, Entry]] = field(default_factory=list)
    unsaved: bool = False

    def fill(self, entries: Iterable[Entry], fetched_at: float) -> None:
        # A list that changes while its pages are read can contain an entry twice, but Slack accepts
        # no option twice.
        self.by_id = {}
        for entry in entries:
            # One invalid option makes Slack refuse all options.
            if entry.label.strip() and 0 < len(entry.id) <= LONGEST_ID:
                self.by_id.setdefault(entry.id, entry)
        self.entries = list(self.by_id.values())
        self.folded = [folded(entry) for entry in self.entries]
        self.fetched_at = fetched_at

    def add(self, entry: Entry) -> None:
        """Put a new entry first. The next round saves it."""
        if entry.id not in self.by_id and entry.label.strip() and 0 < len(entry.id) <= LONGEST_ID:
            self.by_id[entry.id] = entry
            self.entries.insert(0, entry)
            self.folded.insert(0, folded(entry))
            self.unsaved = True

    def belongs_to(self, account: str) -> None:
        """Forget the list if it was fetched for another account of the same vendor."""
        if self.account not in ("", account):
            self.fill([], 0.0)
            self.made = []
            self.ask_again()
        self.account = account

    def failed(self, problem: str, *, refused: bool = False) -> None:
        self.problem, self.failures, self.refused = problem, self.failures + 1, refused

    def ask_again(self) -> None:
        """Reset the failures, so that the list is fetched at once."""
        self.tried_at, self.problem, self.failures, self.refused = 0.0, "", 0, False


class Catalogs(RemembersWorkspaces):
    def __init__(
        self,
        lists: CatalogStore,
        connections: Connections,
        adapters: Mapping[str, Adapter],
        rate_limiters: RateLimiters,
        *,
        on_recovered: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._lists = lists
        self._connections = connections
        self._adapters = adapters
        self._rate_limiters = rate_limiters
        self._on_recovered = on_recovered
        self._clock = clock
        self._known: dict[Key, _List] = {}
        self._loop = PeriodicLoop("catalogs", self._round)
        self._refreshing: asyncio.TaskGroup | None = None
        self._busy: dict[ConnectionKey, asyncio.Task[None]] = {}
        self._limiter = asyncio.Semaphore(AT_ONCE)

    async def search(
        self, workspace: Workspace, vendor: str, name: str, query: str, own: Iterable[Entry] = ()
    ) -> Answer:
        """Return the entries that match the typed text, best first, at most 100.

        `own` are entries that only the person who types may see. They come before the list's.
        """
        adapter = self._adapters[vendor]
        catalog = adapter.catalog(name)
        known = await self._options(workspace, vendor, name) or await self._list(
            (workspace, vendor, name)
        )
        known.used_at = self._clock()
        others = _List()
        others.fill((entry for entry in own if entry.id not in known.by_id), self._clock())
        found = [*_matching(others, query), *_matching(known, query)][:SHOWN]
        named = catalog.by_reference(query) if catalog.by_reference is not None else None
        # "INC-12" finds INC-120 as well. The entry with exactly that reference is offered too,
        # unless the list has it.
        if named is not None and _reference(named) not in map(_reference, found):
            found = [*found[: SHOWN - 1], named]
        return Answer(found, self._notice(adapter, catalog, known, query, found))

    async def _options(self, workspace: Workspace, vendor: str, name: str) -> _List | None:
        """Return the options of a custom field ("form_fields:<field's id>") as a list.

        Return None for any other name.
        """
        catalog, _, field_id = name.partition(":")
        if not field_id:
            return None
        for custom in await self.custom(workspace, vendor, catalog):
            if custom.id == field_id:
                options = _List()
                options.fill(
                    (Entry(id=value, label=label) for value, label in custom.options), self._clock()
                )
                return options
        return None

    async def custom(self, workspace: Workspace, vendor: str, name: str) -> tuple[CustomField, ...]:
        """Return the workspace's custom fields from that catalog."""
        entries = (await self._list((workspace, vendor, name))).entries
        return tuple(entry.field for entry in entries if entry.field is not None)

    async def want(self, workspace: Workspace, vendor: str, names: Iterable[str]) -> None:
        """Refresh old lists in the background, because a form with their pickers opens."""
        for name in names:
            if await self._options(workspace, vendor, name) is None:
                (await self._list((workspace, vendor, name))).used_at = self._clock()
        self._loop.wake()

    def wake(self) -> None:
        """Fetch due lists now, because a connection works again."""
        self._loop.wake()

    async def entries(self, workspace: Workspace, vendor: str, name: str) -> Sequence[Entry]:
        """Return the list as it is in memory; empty if it was never fetched."""
        return (await self._list((workspace, vendor, name))).entries

    async def entry(
        self, workspace: Workspace, vendor: str, name: str, entry_id: str
    ) -> Entry | None:
        """Return the entry with that id, or None if the list does not have it."""
        known = await self._options(workspace, vendor, name) or await self._list(
            (workspace, vendor, name)
        )
        return known.by_id.get(entry_id)

    async def created(self, row: Delivery, name: str) -> None:
        """Offer an object that was just created, without waiting for the next refresh."""
        entry = row.entry
        known = await self._list((row.workspace, row.vendor, name))
        known.made.append((self._clock(), entry))
        known.add(entry)

    async def condition(self, workspace: Workspace, vendor: str) -> tuple[float | None, str]:
        """Return the age in seconds of the vendor's oldest list, and the problem with a list.

        The age is None until all lists were fetched once. The problem is empty if all lists could
        be fetched last time. A refused token is not reported here: the connection does that
        (`broken`), and knows when the token is accepted again.
        """
        catalogs = self._adapters[vendor].catalogs
        names = [
            catalog.name for catalog in catalogs if catalog.static is None and not catalog.on_demand
        ]
        lists = [await self._list((workspace, vendor, name)) for name in names]
        oldest = min((known.fetched_at for known in lists), default=0.0)
        problem = next(
            (known.problem for known in lists if known.problem and not known.refused), ""
        )
        return (self._clock() - oldest if oldest else None), problem

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop refreshing the lists of these workspaces, which are removed, and forget them."""
        for (workspace, _), task in self._busy.items():
            if workspace in scope:
                task.cancel()
        self._known = {key: known for key, known in self._known.items() if key[0] not in scope}

    async def run(self) -> None:
        """Refresh due lists until cancelled."""
        try:
            async with asyncio.TaskGroup() as refreshing:
                self._refreshing = refreshing
                await self._loop.run()
        finally:
            await self._save_additions()

    async def _round(self) -> float:
        """Start a refresh of each connection with due lists.

        Each connection has a task of its own, so a slow vendor delays no other vendor.
        """
        # `run` makes the task group before the first round.
        assert self._refreshing is not None  # noqa: S101
        await self._save_additions()
        for workspace, vendor, names, broken in await self._due():
            if (workspace, vendor) not in self._busy:
                task = self._refreshing.create_task(
                    self._refresh_one(workspace, vendor, names, broken)
                )
                self._busy[workspace, vendor] = task
                task.add_done_callback(partial(self._refreshed, (workspace, vendor)))
        return ROUND_SECONDS

    async def _save_additions(self) -> None:
        """Save the entries added since the last round.

        A write for each entry would slow down every submission.
        """
        for (workspace, vendor, name), known in list(self._known.items()):
            if known.unsaved:
                known.unsaved = False
                await self._lists.save(workspace, vendor, name, known.entries, known.fetched_at)

    async def _refresh_one(
        self, workspace: Workspace, vendor: str, names: list[str], broken: bool
    ) -> None:
        try:
            await self._refresh(workspace, vendor, names, broken)
        except Exception as error:
            log.error("catalog.refresh_failed", vendor=vendor, error=type(error).__name__)

    def _refreshed(self, connection_key: ConnectionKey, _: asyncio.Task[None]) -> None:
        del self._busy[connection_key]
        # Lists may have become due during the refresh.
        self._loop.wake()

    async def _due(self) -> list[tuple[Workspace, str, list[str], bool]]:
        now = self._clock()
        due = []
        accounts = await self._connections.accounts()
        self._known = {key: known for key, known in self._known.items() if key[:2] in accounts}
        for (workspace, vendor), (account, broken) in accounts.items():
            catalogs = [
                catalog for catalog in self._adapters[vendor].catalogs if catalog.static is None
            ]
            catalogs += self._parts(workspace, vendor)
            known = [await self._list((workspace, vendor, catalog.name)) for catalog in catalogs]
            for list_ in known:
                list_.belongs_to(account)
                if list_.refused and not broken:
                    list_.ask_again()
            names = [
                catalog.name
                for catalog, list_ in zip(catalogs, known, strict=True)
                if _is_due(list_, catalog, now)
            ]
            if (
                broken
                and not names
                and all(now - list_.tried_at > RETRY_SECONDS for list_ in known)
            ):
                # One list is enough to see whether the token works again.
                names = [catalog.name for catalog in catalogs[:1]]
            if names:
                due.append((workspace, vendor, names, broken))
        return due

    def _parts(self, workspace: Workspace, vendor: str) -> list[Catalog]:
        """Return the catalogs that were asked for by a longer name, such as "catalog_entries:01AB".

        Each of them is a catalog of its own.
        """
        adapter = self._adapters[vendor]
        names = [
            name
            for place, its_vendor, name in self._known
            if (place, its_vendor) == (workspace, vendor)
        ]
        return [
            replace(adapter.catalog(name), name=name, on_demand=True)
            for name in names
            if ":" in name
        ]

    async def _refresh(
        self, workspace: Workspace, vendor: str, names: list[str], broken: bool
    ) -> None:
        """Fetch these lists.

        After a refused token the other lists are not tried. An accepted token repairs a broken
        connection.
        """
        unanswered = 0
        async with self._limiter:
            for name in names:
                known = await self._list((workspace, vendor, name))
                known.tried_at = self._clock()
                try:
                    await self._fetch(workspace, vendor, name, known)
                except RelayError as error:
                    refused = isinstance(error, UnauthorizedError) and error.status == 401
                    log.warning(
                        "catalog.fetch_failed",
                        vendor=vendor,
                        catalog=name,
                        error=type(error).__name__,
                    )
                    # The connection is marked before the list: a refused list is fetched again as
                    # soon as its connection is not broken.
                    if refused:
                        await self._connections.mark(workspace, vendor, str(error))
                    known.failed(str(error), refused=refused)
                    if refused:
                        return
                    unanswered += isinstance(error, RetryLaterError)
                    if unanswered > 1 or (
                        isinstance(error, RetryLaterError) and error.reason == "rate_limited"
                    ):
                        # The other lists would fail too, and the vendor is busy enough.
                        return
                    continue
                except Exception as error:
                    known.failed(
                        f"{self._adapters[vendor].label} sent a list that could not be read."
                    )
                    log.error(
                        "adapter.failed",
                        vendor=vendor,
                        catalog=name,
                        error=type(error).__name__,
                    )
                    continue
                if broken:
                    await self._connections.mark(workspace, vendor, "")
                    self._on_recovered()
                    broken = False

    async def _fetch(self, workspace: Workspace, vendor: str, name: str, known: _List) -> None:
        adapter = self._adapters[vendor].with_rate_limiter(
            self._rate_limiters.of((workspace, vendor))
        )
        connection = await self._connections.get(workspace, vendor)
        if connection is None:
            return
        started = self._clock()
        entries = await adapter.entries(
            name, adapter.credentials.model_validate(dict(connection.secret))
        )
        listed = {entry.id for entry in entries}
        known.made = [
            (at, entry)
            for at, entry in known.made
            if at > started - LAG_SECONDS and entry.id not in listed
        ]
        known.fill([*(entry for _, entry in reversed(known.made)), *entries], started)
        known.problem, known.failures, known.refused = "", 0, False
        known.account, known.unsaved = connection.account, False
        await self._lists.save(workspace, vendor, name, known.entries, started)

    async def _list(self, key: Key) -> _List:
        known = self._known.get(key)
        if known is None:
            known = _List()
            static = self._adapters[key[1]].catalog(key[2]).static
            if static is not None:
                known.fill(static, self._clock())
            elif (stored := await self._lists.load(*key)) is not None:
                known.fill(*stored)
            known = self._known.setdefault(key, known)
        return known

    def _notice(
        self, adapter: Adapter, catalog: Catalog, known: _List, query: str, found: Sequence[Entry]
    ) -> str:
        if catalog.static is None and known.fetched_at == 0:
            if known.problem:
                return f"No {catalog.label} yet. {known.problem}"
            return "Still loading. Type again in a moment."
        if not known.entries and not found:
            return f"{adapter.label} has no {catalog.label}."
        if not found:
            # Slack shows "No results" itself.
            return ""
        age = self._clock() - known.fetched_at
        if catalog.static is None and age > max(STALE_AFTER, 2 * catalog.ttl):
            since = (
                f"{adapter.label} has not answered since" if known.problem else "being refreshed"
            )
            return f"From {duration(age)} ago, {since}."
        if len(found) == SHOWN and len(known.entries) > SHOWN:
            return f"The first {SHOWN}. Keep typing to see others."
        return ""


def _is_due(known: _List, catalog: Catalog, now: float) -> bool:
    """Return whether the list should be fetched now.

    A new list is due at once, and a list in use is due when its time is over. A failing list is
    tried less and less often, unless somebody uses it.
    """
    new = known.fetched_at == 0 and known.failures < FIRST_TRIES and not catalog.on_demand
    wanted = now - known.used_at < USED_SECONDS or new
    wait = catalog.ttl
    if known.failures:
        doublings = 0 if known.used_at > known.tried_at else min(known.failures - 1, 10)
        wait = min(wait, RETRY_SECONDS * 2**doublings)
    return wanted and now - max(known.fetched_at, known.tried_at) > wait


def _matching(known: _List, query: str) -> list[Entry]:
    return _linked(known, query) or best(known.entries, known.folded, query, SHOWN)


def _linked(known: _List, query: str) -> list[Entry]:
    """Return the entries whose link was pasted. The part of the link after "#" is ignored."""
    url = query.strip().partition("#")[0]
    return [entry for entry in known.entries if entry.url == url] if url.startswith("http") else []


def _reference(entry: Entry) -> str:
    return entry.label.partition(" ")[0]
