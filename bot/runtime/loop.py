"""A background loop: a round, a pause, the next round."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 60.0
"""Seconds."""
PAUSE_AFTER_ERROR = 1.0
"""Seconds."""


class PeriodicLoop:
    """Run `round_` again and again.

    `round_` returns the seconds until it wants to run again, None when nothing waits. After `wake`
    the next round begins `shortest_pause` seconds later, so that one round serves several wakes.

    An error is logged and ends nothing: a busy file, or a vendor that misbehaves, may be fine a
    second later.
    """

    def __init__(
        self,
        name: str,
        round_: Callable[[], Awaitable[float | None]],
        longest_pause: float = LONGEST_PAUSE,
        shortest_pause: float = 0.0,
    ) -> None:
        self._name = name
        self._round = round_
        self._longest_pause = longest_pause
        self._shortest_pause = shortest_pause
        self.woken = asyncio.Event()

    def wake(self) -> None:
        """Begin the next round as soon as the present one ends."""
        self.woken.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self.woken.clear()
            try:
                pause = await self._round()
            except Exception as error:
                log.error("loop.failed", of=self._name, error=type(error).__name__)
                pause = PAUSE_AFTER_ERROR
            longest = self._longest_pause if pause is None else min(pause, self._longest_pause)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest):
                    await self.woken.wait()
                    await asyncio.sleep(self._shortest_pause)
