"""Limit how fast a connection is used.

    X-RateLimit-Limit: 60, 1200;window=60, 60;window=60    calls in so many seconds, several at once
    X-RateLimit-Remaining: 12
    X-RateLimit-Reset: 1800000060                      epoch s, the whole allowance is back

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
"""The share of the vendor's limit that we use. Other programs may use the same key."""
LONGEST_CAUTION = 60.0
"""Seconds that calls are held back before the vendor refuses any, at most.

A reset names the time when the *whole* allowance is back. The first call is possible long before.
"""

_CALLS = re.compile(r"(?<!\d)(\d{1,9})\s*;")
_SECONDS = re.compile(r"\b(?:window|w)=(\d{1,9})(?!\d)")
FEWEST_KEPT = 1000
"""The number of limiters from which those of idle connections are dropped."""
_FIRST = re.compile(r"\s*(\d{1,9})(?!\d)")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` calls in any span of `seconds` seconds."""

    calls: int
    seconds: float = 60.0

    @property
    def effective_calls(self) -> int:
        """The number of calls that we make in that span, at least one."""
        return max(1, int(self.calls * SHARE))


@dataclass(frozen=True, slots=True)
class Limits:
    """A vendor's documented rates for one key. None means that no rate is documented."""

    read: Rate | None = None
    write: Rate | None = None


class _Window:
    """The recent calls of one side, and the end of its pause."""

    def __init__(self, documented: Rate | None) -> None:
        self.documented = self.rate = documented
        self.started: deque[float] = deque()
        self.pause_until = 0.0
        self.paused_at = 0.0


class RateLimiter:
    """Counts the calls of one connection, reads and writes apart.

    `clock` gives seconds from any starting point. The counts are kept in memory: after a restart,
    the vendor's headers or its 429 tell what is left.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[Side, _Window] = {
            "read": _Window(limits.read),
            "write": _Window(limits.write),
        }

    def wait(self, side: Side, ahead: int = 0) -> float:
        """Return the seconds until a call with `ahead` calls before it may start. 0.0 means now."""
        window, now = self._current(side)
        pause = max(0.0, window.pause_until - now)
        if window.rate is None:
            return pause
        # More calls may have started than the limit allows, because the limit has become smaller
        # since.
        counted = min(len(window.started), window.rate.effective_calls)
        windows, place = divmod(counted + ahead, window.rate.effective_calls)
        if place >= counted:
            return pause + windows * window.rate.seconds
        # An earlier call makes room for this one when it leaves the window.
        room = window.started[place - counted] - now + window.rate.seconds
        return max(pause, room) + (windows - 1) * window.rate.seconds

    def take(self, side: Side) -> bool:
        """Count a call that starts now. Returns False if the call has to wait."""
        if self.wait(side) > 0:
            return False
        self._windows[side].started.append(self._clock())
        return True

    def give_back(self, side: Side) -> None:
        """Take back a call that `take` counted and that never started.

        The limiter does not know which call that was. It removes the oldest one, which never allows
        too many calls.
        """
        if self._windows[side].started:
            self._windows[side].started.popleft()

    @property
    def idle(self) -> bool:
        """True while nothing that happened so far makes a call wait."""
        windows = [self._current(side) for side in self._windows]
        return not any(window.started or window.pause_until > now for window, now in windows)

    def pause(self, side: Side, seconds: float) -> None:
        """Allow no call of this side for so many seconds.

        The reason is a 429, or an allowance that is almost used up.
        """
        window, now = self._current(side)
        window.paused_at, window.pause_until = now, max(window.pause_until, now + seconds)

    def update_from_headers(
        self, side: Side, headers: Mapping[str, str], now: float | None = None
    ) -> None:
        """Adjust the limit and the pause of this side to the rate headers of an answer.

        `now` is the time in epoch seconds, the current time by default. Headers that cannot be read
        change nothing.
        """
        window, _ = self._current(side)
        limit = headers.get("X-RateLimit-Limit", "")
        if rate := _tightest(limit):
            window.rate = _slowest(filter(None, (rate, window.documented)))
        remaining, first = finite_number(headers.get("X-RateLimit-Remaining")), _FIRST.match(limit)
        if remaining is None or first is None or remaining > int(first[1]) * (1 - SHARE):
            return
        reset = finite_number(headers.get("X-RateLimit-Reset"))
        seconds = (
            LONGEST_CAUTION if reset is None else reset - (time.time() if now is None else now)
        )
        if remaining > 0:  # after a tenth of the time, a tenth of the allowance is back
            seconds *= 1 - SHARE
        self.pause(side, min(max(seconds, 0.0), LONGEST_CAUTION))

    def _current(self, side: Side) -> tuple[_Window, float]:
        """Return the window of the side, without calls that are too old to count, and the time.

        If the clock jumped back, a call or pause that lies in the future is removed too.
        """
        window, now = self._windows[side], self._clock()
        if window.paused_at > now:
            window.pause_until = 0.0
        seconds = window.rate.seconds if window.rate else 0.0
        while window.started and window.started[-1] > now:
            window.started.pop()
        while window.started and window.started[0] <= now - seconds:
            window.started.popleft()
        return window, now


def _tightest(limit: str) -> Rate | None:
    """Return the slowest policy of a limit header.

    A bare number is a number of calls per minute.
    """
    policies = [
        Rate(int(calls[1]), float(seconds[1]))
        for policy in limit.split(",")
        if (calls := _CALLS.search(policy))
        and (seconds := _SECONDS.search(policy, calls.end()))
        and int(seconds[1]) > 0
    ]
    if not policies and (first := _FIRST.match(limit)):
        policies = [Rate(int(first[1]))]
    return _slowest(rate for rate in policies if rate.calls > 0)


def _slowest(rates: Iterable[Rate]) -> Rate | None:
    return min(rates, key=lambda rate: rate.calls / rate.seconds, default=None)


def finite_number(text: str | None) -> float | None:
    """Return the number in a header, or None if the text is missing or is no finite number."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


class RateLimiters(RemembersWorkspaces):
    """The rate limiters of the connections in use. `limits` has the vendors' documented rates."""

    def __init__(
        self, limits: Mapping[str, Limits], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._rate_limiters: dict[ConnectionKey, RateLimiter] = {}
        self._most = FEWEST_KEPT

    def __len__(self) -> int:
        return len(self._rate_limiters)

    def of(self, connection: ConnectionKey) -> RateLimiter:
        """Return the rate limiter of (workspace, vendor)."""
        if connection not in self._rate_limiters:
            if len(self) >= self._most:
                self._rate_limiters = {
                    key: each for key, each in self._rate_limiters.items() if not each.idle
                }
                self._most = max(FEWEST_KEPT, 2 * len(self))
            self._rate_limiters[connection] = RateLimiter(self._limits[connection[1]], self._clock)
        return self._rate_limiters[connection]

    def renew(self, connection: ConnectionKey) -> None:
        """Begin a new count for a connection that was removed or belongs to another account now.

        The calls and pauses of the former account do not count for the new one. A call under way
        still updates the old limiter.
        """
        self._rate_limiters.pop(connection, None)

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the connections of these workspaces."""
        self._rate_limiters = {
            it: rate_limiter
            for it, rate_limiter in self._rate_limiters.items()
            if it[0] not in scope
        }
