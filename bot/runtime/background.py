"""Tasks that go on after Slack got its answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

STOPPING_SECONDS = 3.0

ResultT = TypeVar("ResultT")


class BackgroundTasks:
    """Tasks that outlive the listener that began them, and end before the bot does."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = (
            set()
        )  # asyncio keeps no strong reference to a task

    def start(self, work: Coroutine[Any, Any, ResultT]) -> asyncio.Task[ResultT]:
        """Start `work`. It has to handle its own errors, since nobody may wait for it."""
        task = asyncio.create_task(work, name="background")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def stop(self) -> None:
        """Wait `STOPPING_SECONDS` for the tasks under way, then cancel the rest."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=STOPPING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
