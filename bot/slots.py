"""How many deliveries run at a time: so many in all, and fewer of one connection, so that a slow vendor leaves room."""

import asyncio
from collections import Counter
from collections.abc import Callable

from bot.storage.rows import Lane


class Slots:
    """`on_room` is called when there is room where there was none. For one event loop."""

    def __init__(self, in_all: int, of_one: int, on_room: Callable[[], None]) -> None:
        self._in_all = in_all
        self._of_one = of_one
        self._on_room = on_room
        self._taken: Counter[Lane] = Counter()
        self._free = asyncio.Event()
        self._free.set()

    @property
    def full(self) -> bool:
        """Whether nothing more may run at all."""
        return self._taken.total() >= self._in_all

    @property
    def full_lanes(self) -> list[Lane]:
        """The connections of which nothing more may run."""
        return [lane for lane, count in self._taken.items() if count >= self._of_one]

    def take(self, lane: Lane) -> bool:
        """Take a slot for this connection; False when there is none."""
        if self.full or self._taken[lane] >= self._of_one:
            return False
        self._taken[lane] += 1
        self._free.clear()
        return True

    def give_back(self, lane: Lane) -> None:
        """Give back what `take` took."""
        was_full = self.full or self._taken[lane] >= self._of_one
        self._taken[lane] -= 1
        self._taken = +self._taken  # drops the lanes that stand at zero
        if not self._taken:
            self._free.set()
        if was_full:
            self._on_room()

    async def all_free(self) -> None:
        """Wait until nothing runs."""
        await self._free.wait()
