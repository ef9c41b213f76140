"""Catalogs: the vendors' lists behind the pickers.

The database holds the lists, and memory those that are in use. A picker is answered from there at
once, even while the vendor is down. The answer tells when a list is old, still loading or empty. No
keystroke ever becomes a vendor call: a list is fetched because a form that offers it opens and it
is older than its freshness.
"""

import asyncio
import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from bot.adapters.base import Adapter, Catalog, Entry
from bot.catalogs.listing import Key, Listing, Memory, listing
from bot.catalogs.refresher import Hooks, Refresher
from bot.catalogs.search import best
from bot.catalogs.store import EVERY, CatalogStore
from bot.delivery.attempt import VendorAccess
from bot.delivery.model import Delivery
from bot.forms.custom_fields import CustomField
from bot.forms.text import duration
from bot.language import N_, _
from bot.runtime.hooks import Hook
from bot.runtime.loop import PeriodicLoop
from bot.workspace import RemembersWorkspaces, Workspace

SHOWN = 100
"""Largest number of options that Slack accepts."""
FIRST_SHOWN = N_("The first {count}. Keep typing to see others.")
STALE_AFTER = 3600.0
MEMORY_BYTES = 24_000_000
LONG = 500
"""The number of entries from which a search in a thread costs less than making others wait."""
SAVING_PAUSE_SECONDS = 1.0
"""The pause in which created objects gather, to be saved together: a write for each would slow down
every submission."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A picker's answer: the best matches first, and a notice for an old, loading or empty list."""

    entries: Sequence[Entry]
    notice: str = ""


class Catalogs(RemembersWorkspaces):
    """The lists of all workspaces. `on_recovered` is called when a connection works again, and
    `on_change` with the workspace of a list that was fetched, or could not be."""

    def __init__(
        self,
        store: CatalogStore,
        access: VendorAccess,
        *,
        on_recovered: Callable[[], None],
        on_change: Callable[[Workspace], None] = lambda workspace: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._adapters = access.adapters
        self._clock = clock
        self._memory = Memory(MEMORY_BYTES, clock)
        changed = Hook[[Key]]()
        changed.add(self._memory.drop, lambda key: on_change(key[0]))
        self.refresher = Refresher(store, access, Hooks(changed, on_recovered), clock)
        self._static: dict[tuple[str, str], Listing] = {}
        self._created: list[tuple[Key, Entry, float]] = []
        self._saving = PeriodicLoop(
            "catalog additions", self._save_created, shortest_pause=SAVING_PAUSE_SECONDS
        )

    async def search(
        self, workspace: Workspace, vendor: str, name: str, query: str, own: Iterable[Entry] = ()
    ) -> Answer:
        """Return the entries that match the typed text, best first, at most 100.

        `own` are entries that only the person who types may see. They come before the list's.
        """
        adapter = self._adapters[vendor]
        catalog = adapter.catalog(name)
        known = await self._list(workspace, vendor, name)
        others = listing((entry for entry in own if known.find(entry.id) is None), self._clock())
        found = [*await _matching(others, query), *await _matching(known, query)][:SHOWN]
        named = catalog.by_reference(query) if catalog.by_reference is not None else None
        # "INC-12" finds INC-120 as well. The entry with exactly that reference is offered too,
        # unless the list has it.
        if named is not None and _reference(named) not in map(_reference, found):
            found = [*found[: SHOWN - 1], named]
        return Answer(found, self._notice(adapter, catalog, known, query, found))

    async def custom(self, workspace: Workspace, vendor: str, name: str) -> tuple[CustomField, ...]:
        """Return the workspace's custom fields from that catalog."""
        return (await self._stored((workspace, vendor, name))).custom_fields

    async def want(self, workspace: Workspace, vendor: str, names: Iterable[str]) -> None:
        """Refresh old lists in the background, because a form with their pickers opens."""
        adapter = self._adapters[vendor]
        freshness = {
            name: catalog.ttl
            for name in names
            if (catalog := adapter.catalog(name)).static is None
            and await self._options(workspace, vendor, name) is None
        }
        if await self._store.want((workspace, vendor), freshness):
            self.refresher.wake()

    def wake(self) -> None:
        """Fetch due lists now, because a connection works again."""
        self.refresher.wake()

    async def mentioning(
        self, workspace: Workspace, vendor: str, name: str, words: Iterable[str]
    ) -> Sequence[Entry]:
        """Return the entries that have one of these texts in a field; none if the list was never
        fetched."""
        return (await self._list(workspace, vendor, name)).mentioning(words)

    async def entry(
        self, workspace: Workspace, vendor: str, name: str, entry_id: str
    ) -> Entry | None:
        """Return the entry with that id, or None if the list does not have it."""
        return (await self._list(workspace, vendor, name)).find(entry_id)

    async def created(self, row: Delivery, name: str) -> None:
        """Offer an object that was just created, without waiting for the next refresh."""
        self._created.append(((row.workspace, row.vendor, name), row.entry, self._clock()))
        self._saving.wake()

    async def condition(self, workspace: Workspace, vendor: str) -> tuple[float | None, str]:
        """Return the age in seconds of the vendor's oldest list, and the problem with a list.

        The age is None until all lists were fetched once. The problem is empty if all lists could
        be fetched last time. A refused token is not reported here: the connection does that
        (`broken`), and knows when the token is accepted again.
        """
        states = await self._store.states((workspace, vendor))
        states.pop(EVERY, None)
        oldest = min(
            (
                states[catalog.name].fetched_at if catalog.name in states else 0.0
                for catalog in self._adapters[vendor].catalogs
                if catalog.static is None and not catalog.on_demand
            ),
            default=0.0,
        )
        problems = [state.problem for state in states.values() if not state.refused]
        return (self._clock() - oldest if oldest else None), next(filter(None, problems), "")

    def changed(self, key: Key) -> None:
        """Read the list anew when it is needed next: it was changed in the database."""
        self._memory.drop(key)

    @property
    def workspaces(self) -> set[Workspace]:
        """The workspaces that memory holds something of."""
        return {key[0] for key in (*self._memory, *(key for key, _, _ in self._created))}

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget what was created in these workspaces, which are removed."""
        self._created = [each for each in self._created if each[0][0] not in scope]

    async def run(self) -> None:
        """Fetch due lists, and save what is created, until cancelled."""
        try:
            async with asyncio.TaskGroup() as running:
                running.create_task(self.refresher.run())
                running.create_task(self._saving.run())
        finally:
            await self._save_created()

    async def _save_created(self) -> None:
        created, self._created = self._created, []
        try:
            if created:
                await self._store.add(created)
        except Exception:  # the file is busy, or full: the next round tries again
            self._created = [*created, *self._created]
            raise
        for key, _entry, _at in created:
            self._memory.drop(key)

    async def _list(self, workspace: Workspace, vendor: str, name: str) -> Listing:
        options = await self._options(workspace, vendor, name)
        return await self._stored((workspace, vendor, name)) if options is None else options

    async def _options(self, workspace: Workspace, vendor: str, name: str) -> Listing | None:
        """Return the options of a custom field ("form_fields:<field's id>") as a list.

        Return None for any other name.
        """
        catalog, _, field_id = name.partition(":")
        if not field_id:
            return None
        for custom in await self.custom(workspace, vendor, catalog):
            if custom.id == field_id:
                options = (Entry(id=value, label=label) for value, label in custom.options)
                return listing(options, self._clock())
        return None

    async def _stored(self, key: Key) -> Listing:
        _, vendor, name = key
        static = self._adapters[vendor].catalog(name).static
        if static is not None:
            if (vendor, name) not in self._static:
                self._static[vendor, name] = listing(static, self._clock())
            return self._static[vendor, name]
        if any(created_in == key for created_in, _, _ in self._created):
            await self._save_created()
        held, is_present = self._memory.get(key)
        if not is_present:
            held = await self._store.load(key, held)
            self._memory.put(key, held)
        return held

    def _notice(
        self,
        adapter: Adapter,
        catalog: Catalog,
        known: Listing,
        query: str,
        found: Sequence[Entry],
    ) -> str:
        if catalog.static is None and known.fetched_at == 0:
            if known.problem:
                none = _("No {things} yet.").format(things=catalog.label)
                return f"{none} {known.problem}"
            return _("Still loading. Type again in a moment.")
        if not known.lines and not found:
            return _("{vendor} has no {things}.").format(vendor=adapter.label, things=catalog.label)
        if not found:
            # Slack shows "No results" itself.
            return ""
        age = self._clock() - known.fetched_at
        if catalog.static is None and age > max(STALE_AFTER, 2 * catalog.ttl):
            words = (
                _("From {age} ago. {vendor} hasn't answered since.")
                if known.problem
                else _("From {age} ago. A new list is loading.")
            )
            return words.format(age=duration(age), vendor=adapter.label)
        if len(found) == SHOWN and len(known.lines) > SHOWN:
            return _(FIRST_SHOWN).format(count=SHOWN)
        return ""


async def _matching(known: Listing, query: str) -> list[Entry]:
    """Return the entries whose link was pasted, or else those that match the typed text, best
    first. The part of a link after "#" is ignored."""
    url = query.strip().partition("#")[0]
    if url.startswith("http") and (linked := known.linked(url)):
        return linked
    if len(known.texts) > LONG:
        return known.at(await asyncio.to_thread(best, known.texts, query, SHOWN))
    return known.at(best(known.texts, query, SHOWN))


def _reference(entry: Entry) -> str:
    return entry.label.partition(" ")[0]
