"""A background loop that claims items when they are due, and works on each in a task of its own."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog

from bot.runtime.limiter import Limiter
from bot.runtime.loop import LONGEST_PAUSE, PeriodicLoop

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
    """How many items a pool works on at a time: in all, and of one key. The first item of a key
    does not wait for others.

    Times are in seconds. `longest_pause` is how soon the pool notices what another process made
    due. What becomes due during `shortest_pause` is looked for together. Items under way when the
    pool stops get `stopping_seconds` to end.
    """

    in_all: int
    per_key: int
    longest_pause: float = LONGEST_PAUSE
    shortest_pause: float = 0.0
    stopping_seconds: float = 0.0


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
        self._clock = clock
        self._stopping_seconds = share.stopping_seconds
        self._loop = PeriodicLoop(name, self.one_round, share.longest_pause, share.shortest_pause)
        self._limiter = Limiter[KeyT](share.in_all, share.per_key, self._loop.wake)
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
        """Run until cancelled. Work that does not end in time then is claimed again by the next
        start."""
        try:
            await self._loop.run()
        finally:
            if self._under_way:
                _, late = await asyncio.wait(self._under_way, timeout=self._stopping_seconds)
                for task in late:
                    task.cancel()
                await asyncio.gather(*late, return_exceptions=True)

    async def one_round(self) -> float | None:
        """Start on everything that is due, and return the seconds until the next item is."""
        while (item := await self._source.claim(self._limiter.full_keys)) is not None:
            key = self._source.key_of(item)
            self._limiter.take(key)
            task = asyncio.create_task(self._work(item), name=self._name)
            self._under_way[task] = key
            task.add_done_callback(self._ended)
        at = await self._source.next_time(self._limiter.full_keys)
        return None if at is None or at == math.inf else max(at - self._clock(), SHORTEST_PAUSE)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._limiter.give_back(self._under_way.pop(task))
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker.failed", of=self._name, error=type(error).__name__)
