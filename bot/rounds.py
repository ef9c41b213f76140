"""A background loop: a round, a pause, the next round; woken early when there is something to do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 60.0
AFTER_AN_ERROR = 1.0


class Rounds:
    """Runs `round_` again and again. It returns the seconds until it wants to run next, None when nothing waits.
    Woken, it waits `shortest_pause` seconds for what else comes.

    No error ends the loop: a file that is busy or a vendor that misbehaves now may be fine a second later.
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
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Run the next round as soon as the present one ends."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                pause = await self._round()
            except Exception as error:
                log.error("round.failed", of=self._name, error=type(error).__name__)
                pause = AFTER_AN_ERROR
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._longest_pause if pause is None else min(pause, self._longest_pause)):
                    await self._wake.wait()
                    await asyncio.sleep(self._shortest_pause)
