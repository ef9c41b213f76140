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

    No error ends the loop: a file that is busy or a vendor that misbehaves now may be fine a second later.
    """

    def __init__(self, name: str, round_: Callable[[], Awaitable[float | None]]) -> None:
        self._name = name
        self._round = round_
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
                async with asyncio.timeout(LONGEST_PAUSE if pause is None else min(pause, LONGEST_PAUSE)):
                    await self._wake.wait()
