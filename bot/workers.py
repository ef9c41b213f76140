"""A background loop that claims rows when their time has come, and works on each in a task of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

import structlog

from bot.rounds import Rounds

log = structlog.get_logger(__name__)

Row = TypeVar("Row")
SHORTEST_PAUSE = 0.05


class Workers(Generic[Row]):
    """`claim` gives the next row, None while none is due; `next_time` says when the next one is (epoch seconds, None: none
    waits); `work` is done on at most `at_once` rows at a time. What it raises is logged by its type and ends nothing."""

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[], Awaitable[Row | None]],
        next_time: Callable[[], Awaitable[float | None]],
        work: Callable[[Row], Coroutine[Any, Any, None]],
        at_once: int,
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._claim = claim
        self._next_time = next_time
        self._work = work
        self._at_once = at_once
        self._clock = clock
        self._rounds = Rounds(name, self._round)
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether any row is being worked on."""
        return bool(self._under_way)

    def wake(self) -> None:
        """Look for rows now."""
        self._rounds.wake()

    async def run(self) -> None:
        """Until cancelled. What is under way then is claimed again by the next start."""
        try:
            await self._rounds.run()
        finally:
            for task in self._under_way:
                task.cancel()

    async def _round(self) -> float | None:
        while len(self._under_way) < self._at_once and (row := await self._claim()) is not None:
            task = asyncio.create_task(self._work(row), name=self._name)
            self._under_way.add(task)
            task.add_done_callback(self._ended)
        if len(self._under_way) >= self._at_once:
            return None  # the end of one wakes the loop
        at = await self._next_time()
        return None if at is None else max(at - self._clock(), SHORTEST_PAUSE)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._rounds.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker.failed", of=self._name, error=type(error).__name__)
