"""A background loop that claims rows when their time has come, and works on each in a task of its own."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Container, Coroutine
from typing import Any

import structlog

from bot.rounds import Rounds
from bot.storage import Workspace
from bot.storage.rows import Delivery, Lane

log = structlog.get_logger(__name__)

SHORTEST_PAUSE = 0.05


class Workers:
    """`claim` gives the next row, None while none is due; `next_time` says when the next one is (epoch seconds, None: none
    waits); both get the connections that have their share already. `work` is done on at most `at_once` rows at a time, and
    `of_one` of a connection, so that a silent vendor leaves room. What it raises is logged by its type and ends nothing."""

    def __init__(
        self,
        name: str,
        *,
        claim: Callable[[Collection[Lane]], Awaitable[Delivery | None]],
        next_time: Callable[[Collection[Lane]], Awaitable[float | None]],
        work: Callable[[Delivery], Coroutine[Any, Any, None]],
        at_once: int,
        of_one: int,
        clock: Callable[[], float],
    ) -> None:
        self._name = name
        self._claim = claim
        self._next_time = next_time
        self._work = work
        self._at_once = at_once
        self._of_one = of_one
        self._clock = clock
        self._rounds = Rounds(name, self._round)
        self._under_way: dict[asyncio.Task[None], Lane] = {}

    @property
    def busy(self) -> bool:
        """Whether any row is being worked on."""
        return bool(self._under_way)

    def wake(self) -> None:
        """Look for rows now."""
        self._rounds.wake()

    def forget(self, scope: Container[Workspace]) -> None:
        """Stop what is under way for workspaces whose rows are removed."""
        for task, (workspace, _) in self._under_way.items():
            if workspace in scope:
                task.cancel()

    async def run(self) -> None:
        """Until cancelled. What is under way then is claimed again by the next start."""
        try:
            await self._rounds.run()
        finally:
            for task in self._under_way:
                task.cancel()

    async def _round(self) -> float | None:
        while len(self._under_way) < self._at_once and (row := await self._claim(self._full())) is not None:
            task = asyncio.create_task(self._work(row), name=self._name)
            self._under_way[task] = row.lane
            task.add_done_callback(self._ended)
        if len(self._under_way) >= self._at_once:
            return None  # the end of one wakes the loop
        at = await self._next_time(self._full())
        return None if at is None else max(at - self._clock(), SHORTEST_PAUSE)

    def _full(self) -> list[Lane]:
        """The connections that have their share."""
        return [lane for lane, count in Counter(self._under_way.values()).items() if count >= self._of_one]

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._rounds.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("worker.failed", of=self._name, error=type(error).__name__)
