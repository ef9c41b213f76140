"""Housekeeping: what people wrote is erased once its delivery has been finished for long enough; the trail stays. Links that
nobody used go once their time is over."""

import time
from collections.abc import Callable

import structlog

from bot.rounds import Rounds
from bot.storage.archive import Archive
from bot.storage.links import Links

log = structlog.get_logger(__name__)

DAY = 24 * 3600.0
HOUR = 3600.0


class Housekeeping:
    def __init__(self, archive: Archive, links: Links, keep_days: int, clock: Callable[[], float] = time.time) -> None:
        self._archive = archive
        self._links = links
        self._keep_seconds = keep_days * DAY
        self._clock = clock
        self._rounds = Rounds("housekeeping", self._round, HOUR)

    async def run(self) -> None:
        """Erase, now and every hour, until cancelled."""
        await self._rounds.run()

    async def _round(self) -> float | None:
        await self._links.remove_expired()
        finished_before = self._clock() - self._keep_seconds
        erased = 0
        while some := await self._archive.erase(finished_before):  # in chunks: people wait for the file between them
            erased += some
        if erased:
            log.info("housekeeping.erased", deliveries=erased)
            await self._archive.scrub()
        return HOUR
