"""A background loop that claims items when they are due, and works on each in a task of its own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from bot.runtime.loop import PeriodicLoop

log = structlog.get_logger(__name__)

SHORTEST_PAUSE = 0.05
"""Seconds between two looks for what is due."""

KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True)
class Source(Generic[KeyT, ItemT]):
    """The source of a pool's items.

    `claim` returns the next item that is due, None while none is. `next_time` returns when the next
    one is due (epoch seconds), None while none waits. Both get the keys that have their share of
    the pool already, and leave these out. `key_of` returns the key whose share an item takes.
    """

    claim: Callable[[Collection[KeyT]], Awaitable[ItemT | None]]
    next_time: Callable[[Collection[KeyT]], Awaitable[float | None]]
    key_of: Callable[[ItemT], KeyT]


@dataclass(frozen=True, slots=True)
class Share:
    """The number of items that a pool works on at a time: in all, and of one key."""

    in_all: int
    per_key: int


class WorkerPool(Generic[KeyT, ItemT]):
    """Claim what is due and do `work` on it, so that a slow key leaves room for the others.

    An error of `work` is logged by its type, and ends nothing else.
    """

    def __init__(
        self,
        name: str,
        source: Source[KeyT, ItemT],
        work: Callable[[ItemT], Coroutine[Any, Any, None]],
        share: Share,
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._source = source
        self._work = work
        self._share = share
        self._clock = clock
        self._loop = PeriodicLoop(name, self.one_round)
        self._under_way: dict[asyncio.Task[None], KeyT] = {}

    @property
    def busy(self) -> bool:
        """True while any item is being worked on."""
        return bool(self._under_way)

    def wake(self) -> None:
        """Look for items now."""
        self._loop.wake()

    def cancel(self, concerns: Callable[[KeyT], bool]) -> None:
        """Cancel the work under way for every key that `concerns` is true of."""
        for task, key in self._under_way.items():
            if concerns(key):
                task.cancel()

    async def run(self) -> None:
        """Run until cancelled. Work under way then is claimed again by the next start."""
        try:
            await self._loop.run()
        finally:
            for task in self._under_way:
                task.cancel()

    async def one_round(self) -> float | None:
        """Start on everything that is due, and return the seconds until the next item is."""
        while len(self._under_way) < self._share.in_all:
            item = await self._source.claim(self._full())
            if item is None:
                break
            task = asyncio.create_task(self._work(item), name=self._name)
            self._under_way[task] = self._source.key_of(item)
            task.add_done_callback(self._ended)
        if len(self._under_way) >= self._share.in_all:
            return None  # the end of one wakes the loop
        at = await self._source.next_time(self._full())
        return None if at is None else max(at - self._clock(), SHORTEST_PAUSE)

    def _full(self) -> list[KeyT]:
        """Return the keys that have their share."""
        counts = Counter(self._under_way.values())
        return [key for key, count in counts.items() if count >= self._share.per_key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._loop.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker.failed", of=self._name, error=type(error).__name__)
