"""Limit how many calls run at a time: in all, and for each key."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class Limiter(Generic[KeyT]):
    """At most `per_key` slots of one key are taken at a time, and only one of a slow key.

    Keys share `in_all` slots. But a key without any slot gets its first one whatever the others
    have taken, so that nobody waits for somebody else's slow calls. `on_room` is called when a slot
    becomes free where there was none. For one event loop.
    """

    def __init__(self, in_all: int, per_key: int, on_room: Callable[[], None]) -> None:
        self._in_all = in_all
        self._per_key = per_key
        self._on_room = on_room
        self._taken: Counter[KeyT] = Counter()
        self._slow: set[KeyT] = set()
        self._free = asyncio.Event()
        self._free.set()

    def is_full(self, key: KeyT) -> bool:
        """Return whether the key gets no further slot now."""
        count = self._taken[key]
        return count > 0 and (
            count >= self._per_key or key in self._slow or self._taken.total() >= self._in_all
        )

    @property
    def full_keys(self) -> list[KeyT]:
        """The keys that get no further slot now."""
        return [key for key in self._taken if self.is_full(key)]

    def take(self, key: KeyT) -> bool:
        """Take a slot for this key. Returns False where there is none."""
        if self.is_full(key):
            return False
        self._taken[key] += 1
        self._free.clear()
        return True

    def give_back(self, key: KeyT) -> None:
        """Give back a slot that `take` took."""
        was_full = self.is_full(key) or self._taken.total() >= self._in_all
        self._taken[key] -= 1
        self._taken = +self._taken  # drops the keys that stand at zero
        if not self._taken:
            self._free.set()
        if was_full:
            self._on_room()

    def note_slow(self, key: KeyT, slow: bool) -> None:
        """Note whether the last call of this key was slow: it gets one slot while it was."""
        (self._slow.add if slow else self._slow.discard)(key)

    def forget(self, gone: Callable[[KeyT], bool]) -> None:
        """Forget which of these keys are slow."""
        self._slow = {key for key in self._slow if not gone(key)}

    async def all_free(self) -> None:
        """Wait until no slot is taken."""
        await self._free.wait()
