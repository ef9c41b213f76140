"""Retention: erases the words of people once their delivery has been finished for long enough, and
removes links that nobody used. The trail stays."""

import time
from collections.abc import Callable

import structlog

from bot.connections.setup_links import SetupLinks
from bot.delivery.store.history import History
from bot.runtime.loop import PeriodicLoop

log = structlog.get_logger(__name__)

DAY = 24 * 3600.0
HOUR = 3600.0


class Retention:
    def __init__(
        self,
        history: History,
        links: SetupLinks,
        keep_days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._history = history
        self._links = links
        self._keep_seconds = keep_days * DAY
        self._clock = clock
        self._loop = PeriodicLoop("retention", self._round, HOUR)

    async def run(self) -> None:
        """Erase, now and every hour, until cancelled."""
        await self._loop.run()

    async def _round(self) -> float | None:
        await self._links.remove_expired()
        finished_before = self._clock() - self._keep_seconds
        erased = 0
        while some := await self._history.erase(
            finished_before
        ):  # in chunks: people wait for the file between them
            erased += some
        if erased:
            log.info("deliveries.erased", deliveries=erased)
        return HOUR
