"""Limit how many calls run at a time: in all, and for each key."""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)


class Limiter(Generic[KeyT]):
    """At most `in_all` slots are taken at a time, and `per_key` of one key.

    A slow key so leaves room for the others. `on_room` is called when a slot becomes free where
    there was none. For one event loop.
    """

    def __init__(self, in_all: int, per_key: int, on_room: Callable[[], None]) -> None:
        self._in_all = in_all
        self._per_key = per_key
        self._on_room = on_room
        self._taken: Counter[KeyT] = Counter()
        self._free = asyncio.Event()
        self._free.set()

    @property
    def full(self) -> bool:
        """True while every slot is taken."""
        return self._taken.total() >= self._in_all

    @property
    def full_keys(self) -> list[KeyT]:
        """The keys that have all their slots taken."""
        return [key for key, count in self._taken.items() if count >= self._per_key]

    def take(self, key: KeyT) -> bool:
        """Take a slot for this key. Returns False where there is none."""
        if self.full or self._taken[key] >= self._per_key:
            return False
        self._taken[key] += 1
        self._free.clear()
        return True

    def give_back(self, key: KeyT) -> None:
        """Give back a slot that `take` took."""
        was_full = self.full or self._taken[key] >= self._per_key
        self._taken[key] -= 1
        self._taken = +self._taken  # drops the keys that stand at zero
        if not self._taken:
            self._free.set()
        if was_full:
            self._on_room()

    async def all_free(self) -> None:
        """Wait until no slot is taken."""
        await self._free.wait()
