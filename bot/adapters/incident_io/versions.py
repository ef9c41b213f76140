"""Find out which version of incident.io's actions and follow-ups exists: 3, or only 2.

incident.io removes version 2 of both on 31 December 2026 (its official SDK 2.29.0). Version 3 takes
the same bodies and gives its lists in pages. An organisation may not have version 3 yet, so a read
finds out, and the answer is remembered.

The 404 of a create or of an object decides nothing: perhaps the incident is missing, and not the
route.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.adapters.http import Reply, dig, unreadable
from bot.errors import RejectedError, RetryLaterError, VendorError
from bot.language import Sentence

Version = Literal[2, 3]
Route = Literal["actions", "follow_ups"]
Place = tuple[str, Route]
"""The base URL, and one of the two routes below it."""
Ask = Callable[[Version], Awaitable[Reply]]
"""Makes the read of `PROBES` for that version. Raises `RetryLaterError` when there is no answer."""

NEWEST: Version = 3
REMEMBERED_SECONDS = 24 * 3600.0
PROBE_SECONDS = 4.0
"""Limit for one such read, because a create waits for it."""
OTHERS_SECONDS = 2.0
"""Limit for waiting for the same read by another key."""
PROBES: Mapping[Version, Mapping[str, Any]] = {
    3: {"page_size": 1},
    2: {"incident_mode": "tutorial"},
}
"""The query of the read that shows whether a version exists.

Neither query names an object that could be missing. Version 2 has no pages, so its read asks for
tutorials only: the shortest list.
"""
_MISSING = (404, 405, 410)
_WORDS: Mapping[Route, str] = {"actions": "actions", "follow_ups": "follow-ups"}


class NotThereError(RejectedError):
    """A 404, 405 or 410: either an object or the whole route is missing. Nothing was created."""


def is_not_there(reply: Reply) -> bool:
    """Return whether the answer means that an object or a route is missing."""
    return reply.status in _MISSING


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The version to use. A decision is equal only to itself."""

    version: Version
    until: float
    """The time, by the clock of `Versions`, until which the decision is remembered."""


class Versions:
    """The version at each place, shared by all connections of one adapter.

    `clock` gives seconds from any starting point. `label` is the vendor's name in sentences.
    """

    def __init__(self, label: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._clock = clock
        self._remembered: dict[Place, Decision] = {}
        self._under_way: dict[Place, dict[Hashable, asyncio.Future[Decision]]] = {}

    async def of(self, place: Place, asker: Hashable, ask: Ask) -> Decision:
        """Return the version to use at `place`. `ask` is called when none is remembered.

        `asker` is the key that `ask` uses. Calls with one key share one answer, and one failure.
        Calls with other keys wait a moment for it, and then ask for themselves: a slow answer to
        one key must not hold up another. Raises `RetryLaterError` when the version cannot be found
        out, or when neither exists.
        """
        others_until = self._now() + OTHERS_SECONDS
        while (known := self._known(place)) is None:
            futures = self._under_way.setdefault(place, {})
            if (shared := futures.get(asker)) is not None:
                await asyncio.wait([shared])
                if not shared.cancelled():
                    return shared.result()
                continue
            left = others_until - self._now()
            if not futures or left <= 0:
                return await self._ask(place, asker, ask)
            await asyncio.wait(
                list(futures.values()), timeout=left, return_when=asyncio.FIRST_COMPLETED
            )
        return known

    def forget(self, place: Place, decision: Decision) -> None:
        """Forget the decision, unless a newer one has replaced it."""
        if self._remembered.get(place) is decision:
            del self._remembered[place]

    def _known(self, place: Place) -> Decision | None:
        known = self._remembered.get(place)
        return known if known is not None and self._clock() < known.until else None

    async def _ask(self, place: Place, asker: Hashable, ask: Ask) -> Decision:
        """Ask, and give the answer to all who wait for it."""
        futures = self._under_way[place]
        future = futures[asker] = asyncio.get_running_loop().create_future()
        try:
            decision, is_certain = await self._asked(place[1], ask)
            if is_certain:
                self._remembered[place] = decision
            future.set_result(decision)
            return decision
        except VendorError as error:
            future.set_exception(error)
            future.exception()  # retrieved here, because perhaps nobody else waits for it
            raise
        finally:
            del futures[asker]
            future.cancel()  # if there is no answer, the next waiting call asks

    async def _asked(self, route: Route, ask: Ask) -> tuple[Decision, bool]:
        """Return the decision, and whether it may be remembered.

        The decision after a 401 is for this call alone: a vendor may check the key before the
        route.
        """
        until = self._clock() + REMEMBERED_SECONDS
        for version in PROBES:
            reply = await ask(version)
            if self._exists(route, reply):
                return Decision(version, until), reply.status != 401
        sentence = Sentence(
            "We don't know this version of {vendor}'s {things}. Ask your bot admin to "
            "update the bot.",
            {"vendor": self._label, "things": _WORDS[route]},
        )
        raise RetryLaterError(self._label, sentence, "unreachable")

    def _exists(self, route: Route, reply: Reply) -> bool:
        """Return whether the route exists.

        Raises `RetryLaterError` for an answer that does not show that.
        """
        if is_not_there(reply):
            return False
        if reply.status in (401, 403):
            return True
        if reply.ok and (reply.too_long or isinstance(dig(reply.body, route), list)):
            return True
        raise unreadable(self._label)

    @staticmethod
    def _now() -> float:
        """Return the event loop's time, which an injected clock does not stop."""
        return asyncio.get_running_loop().time()
