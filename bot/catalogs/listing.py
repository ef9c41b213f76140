"""A list in memory. Its entries stay as they are stored, a line of text each: a list of 20,000 is
read in a few milliseconds, and only the entries that are asked for are decoded."""

from collections import OrderedDict
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from pydantic_core import to_json

from bot.adapters.base import Entry
from bot.catalogs.search import search_text
from bot.forms.custom_fields import CustomField
from bot.workspace import RemembersWorkspaces, Workspace

LONGEST_ID = 150
"""Slack's limit for the length of an option's value."""
LINE_OVERHEAD = 120
"""The memory that an entry takes beside its characters, in bytes."""
TRUSTED_SECONDS = 1.0

Key = tuple[Workspace, str, str]
"""The workspace, the vendor and the catalog's name: which list."""


@dataclass(frozen=True)
class Listing:
    """The entries of a list, in the vendor's order.

    `lines` has the JSON text of each entry, `texts` its line of `search_text`. `version` grows with
    each change of them. Times are epoch seconds. `fetched_at` is 0 if the list was never fetched.
    `tried_at` is when it was asked for last. `problem` says why the last fetch failed, and is empty
    if it did not.
    """

    lines: Sequence[str] = ()
    texts: Sequence[str] = ()
    version: int = 0
    fetched_at: float = 0.0
    tried_at: float = 0.0
    problem: str = ""

    def at(self, indexes: Iterable[int]) -> list[Entry]:
        """Return the entries at these places."""
        return [Entry.model_validate_json(self.lines[index]) for index in indexes]

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry with that id, or None."""
        part = id_part(entry_id)
        found = (line for line in self.lines if line.startswith(part))
        return next((Entry.model_validate_json(line) for line in found), None)

    def linked(self, url: str) -> list[Entry]:
        """Return the entries with that link."""
        part = f'"url":{_json(url)}'
        return [Entry.model_validate_json(line) for line in self.lines if part in line]

    def mentioning(self, words: Iterable[str]) -> list[Entry]:
        """Return the entries that have one of these texts in a field, in whatever case."""
        parts = [_json(word)[1:-1].casefold() for word in words if word]
        lines = (line for line in self.lines if any(part in line.casefold() for part in parts))
        return [Entry.model_validate_json(line) for line in lines]

    @cached_property
    def custom_fields(self) -> tuple[CustomField, ...]:
        """The fields that the entries define, in a catalog of a workspace's own fields."""
        entries = self.at(range(len(self.lines)))
        return tuple(entry.field for entry in entries if entry.field is not None)

    @cached_property
    def size(self) -> int:
        """How much memory the list takes, in about bytes."""
        characters = sum(map(len, self.lines)) + sum(map(len, self.texts))
        return characters + LINE_OVERHEAD * (len(self.lines) + 1)


class Memory(RemembersWorkspaces):
    """The lists that are in use, up to a size in about bytes; the least recently used go first.

    A list is trusted for `TRUSTED_SECONDS`. After that its version has to be compared with the
    database, since another process may have changed it.
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._listings: OrderedDict[Key, tuple[Listing, float]] = OrderedDict()
        self._size = 0

    def __iter__(self) -> Iterator[Key]:
        return iter(self._listings)

    def get(self, key: Key) -> tuple[Listing, bool]:
        """Return the list, and whether it is certainly the present one. A list that is not in
        memory is empty."""
        if key not in self._listings:
            return Listing(), False
        self._listings.move_to_end(key)
        held, seen_at = self._listings[key]
        return held, 0 <= self._clock() - seen_at < TRUSTED_SECONDS

    def put(self, key: Key, listing: Listing) -> None:
        """Keep the list as it is in the database now."""
        self.drop(key)
        self._listings[key] = listing, self._clock()
        self._size += listing.size
        while self._size > self._most and len(self._listings) > 1:
            self.drop(next(iter(self._listings)))

    def drop(self, key: Key) -> None:
        """Forget the list."""
        listing, _ = self._listings.pop(key, (None, 0.0))
        self._size -= listing.size if listing is not None else 0

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the lists of these workspaces."""
        for key in [key for key in self._listings if key[0] in scope]:
            self.drop(key)


def listing(entries: Iterable[Entry], fetched_at: float) -> Listing:
    """Return a list of these entries.

    An entry that Slack would not take is left out: one invalid option makes it refuse all of them.
    So is the second entry with an id: a list that changes while its pages are read can have one.
    """
    kept: dict[str, Entry] = {}
    for entry in entries:
        if entry.label.strip() and 0 < len(entry.id) <= LONGEST_ID:
            kept.setdefault(entry.id, entry)
    return Listing(
        lines=[line(entry) for entry in kept.values()],
        texts=[search_text(entry) for entry in kept.values()],
        fetched_at=fetched_at,
    )


def line(entry: Entry) -> str:
    """Return the entry as it is stored. The id comes first."""
    return entry.model_dump_json(exclude_defaults=True)


def id_part(entry_id: str) -> str:
    """Return how the line of the entry with that id begins."""
    return f'{{"id":{_json(entry_id)}'


def _json(text: str) -> str:
    return to_json(text).decode()
