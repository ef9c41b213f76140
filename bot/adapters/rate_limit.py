"""How fast a connection may be used: what the vendor documents, or says in its headers, less ten
per cent.

    X-RateLimit-Limit: 60, 1200;window=60, 60;window=60      calls in so many seconds, several at once
    X-RateLimit-Remaining: 12      X-RateLimit-Reset: 1800000060 (epoch s, the whole allowance is back)

A header can only make the documented limit smaller: some vendor's names the whole of a bucket that
reads and writes share. Of a vendor that documents no number, only the 429 is heeded. Calls are
counted in a sliding window, since that is never more than any of these ways of counting allows.
"""

import math
import re
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.workspace import ConnectionKey, RemembersWorkspaces, Workspace

Side = Literal["read", "write"]
SHARE = 0.9
"""Others may use the same key."""
LONGEST_CAUTION = 60.0
"""Seconds for which calls are held back before the vendor refuses any. A reset says when the *whole*
allowance is back; the first call passes long before."""

_POLICY = re.compile(r"(?<!\d)(\d{1,9})\s*;[^,]*?\b(?:window|w)=(\d{1,9})(?!\d)")
_FIRST = re.compile(r"\s*(\d{1,9})(?!\d)")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls in any so many seconds."""

    calls: int
    seconds: float = 60.0

    @property
    def ours(self) -> int:
        """How many of them we make, at least one."""
        return max(1, int(self.calls * SHARE))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vendor documents; None where it documents nothing."""

    read: Rate | None = None
    write: Rate | None = None


class _Window:
    """The calls of one side that left, and until when there is a pause."""

    def __init__(self, documented: Rate | None) -> None:
        self.documented = self.rate = documented
        self.left: deque[float] = deque()
        self.pause_until = 0.0
        self.paused_at = 0.0


class RateLimiter:
    """One connection's use of its vendor, reads and writes apart. `clock` gives seconds from any
    point.

    It is kept in memory: after a restart the vendor's own headers, or its 429, say what is left.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[Side, _Window] = {
            "read": _Window(limits.read),
            "write": _Window(limits.write),
        }

    def wait(self, side: Side, ahead: int = 0) -> float:
        """Seconds until a call may leave that has `ahead` others before it; 0.0 for now."""
        window, now = self._current(side)
        pause = max(0.0, window.pause_until - now)
        if window.rate is None:
            return pause
        # More can have left than may: the limit has become smaller since.
        counted = min(len(window.left), window.rate.ours)
        windows, place = divmod(counted + ahead, window.rate.ours)
        if place >= counted:
            return pause + windows * window.rate.seconds
        # The call that stands so many windows before this one makes room for it when it leaves the
        # window.
        room = window.left[place - counted] - now + window.rate.seconds
        return max(pause, room) + (windows - 1) * window.rate.seconds

    def take(self, side: Side) -> bool:
        """Count a call that leaves now; False when it has to wait."""
        if self.wait(side) > 0:
            return False
        self._windows[side].left.append(self._clock())
        return True

    def give_back(self, side: Side) -> None:
        """A call that `take` counted never left. Which one is not known: to forget the oldest never
        allows too much."""
        if self._windows[side].left:
            self._windows[side].left.popleft()

    def pause(self, side: Side, seconds: float) -> None:
        """No call of this side for so long: the vendor said so (429), or has nearly no calls left
        for us."""
        window, now = self._current(side)
        window.paused_at, window.pause_until = now, max(window.pause_until, now + seconds)

    def heard(self, side: Side, headers: Mapping[str, str], now: float | None = None) -> None:
        """Take over what an answer's headers say. `now` is epoch seconds. Headers that make no
        sense say nothing."""
        window, _ = self._current(side)
        limit = headers.get("X-RateLimit-Limit", "")
        if rate := _tightest(limit):
            window.rate = _slowest(filter(None, (rate, window.documented)))
        remaining, first = _number(headers.get("X-RateLimit-Remaining")), _FIRST.match(limit)
        if remaining is None or first is None or remaining > int(first[1]) * (1 - SHARE):
            return
        reset = _number(headers.get("X-RateLimit-Reset"))
        seconds = (
            LONGEST_CAUTION if reset is None else reset - (time.time() if now is None else now)
        )
        if remaining > 0:  # a tenth of the allowance is back after a tenth of the time
            seconds *= 1 - SHARE
        self.pause(side, min(max(seconds, 0.0), LONGEST_CAUTION))

    def _current(self, side: Side) -> tuple[_Window, float]:
        """The lane without what has left the window. After a clock that went back, nothing counts
        that is yet to come."""
        window, now = self._windows[side], self._clock()
        if window.paused_at > now:
            window.pause_until = 0.0
        seconds = window.rate.seconds if window.rate else 0.0
        while window.left and window.left[-1] > now:
            window.left.pop()
        while window.left and window.left[0] <= now - seconds:
            window.left.popleft()
        return window, now


def _tightest(limit: str) -> Rate | None:
    """The slowest of the policies in a limit header; a bare number counts for a minute."""
    policies = [
        Rate(int(calls), float(seconds))
        for calls, seconds in _POLICY.findall(limit)
        if int(seconds) > 0
    ]
    if not policies and (first := _FIRST.match(limit)):
        policies = [Rate(int(first[1]))]
    return _slowest(it for it in policies if it.calls > 0)


def _slowest(rates: Iterable[Rate]) -> Rate | None:
    return min(rates, key=lambda it: it.calls / it.seconds, default=None)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class RateLimiters(RemembersWorkspaces):
    """Every connection's pace. `limits` are the vendors' documented ones."""

    def __init__(
        self, limits: Mapping[str, Limits], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._rate_limiters: dict[ConnectionKey, RateLimiter] = {}

    def of(self, connection: ConnectionKey) -> RateLimiter:
        """The pace of (workspace, vendor)."""
        if connection not in self._rate_limiters:
            self._rate_limiters[connection] = RateLimiter(self._limits[connection[1]], self._clock)
        return self._rate_limiters[connection]

    def renew(self, connection: ConnectionKey) -> None:
        """It was removed, or belongs to another account now: the calls and pauses of the last one
        are no concern of it. A call that is under way still tells the old pace what it hears."""
        self._rate_limiters.pop(connection, None)

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the connections of these workspaces."""
        self._rate_limiters = {
            it: rate_limiter
            for it, rate_limiter in self._rate_limiters.items()
            if it[0] not in scope
        }
