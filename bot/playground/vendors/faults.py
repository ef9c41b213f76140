"""Faults of a vendor: chosen with the page's switch (`Fault`) or at random (`Weather`).

Either gives a `Plan` for one request.
"""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Literal

Fault = Literal["fine", "slow", "limited", "lost", "hidden", "refusing", "down", "revoked"]
"""The positions of the page's switch.

- fine: no fault
- slow: answers late
- limited: `LIMIT` writes in any `WINDOW_SECONDS`, all used up when it is switched on
- lost: creates the object, then closes the connection without an answer
- hidden: like "lost", and then nobody may list what was created
- refusing: refuses each create over one field
- down: port closed, connections closed
- revoked: 401 for the keys that were valid until then
"""

SLOW_SECONDS = 6.0
SLOW_READ_SECONDS = 1.0
LIMIT = 1
WINDOW_SECONDS = 10.0
"""The fault "limited" ends at most so long after it is switched off: the bot waits as long as the
last 429 told it to."""
BUSY_SECONDS = 1
"""Seconds of the Retry-After in a random 429."""

Trouble = Literal["", "refusing", "limited", "unavailable", "denied"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The treatment of one request.

    - `instead`: the request gets this answer and is not carried out.
    - `after`: the request is carried out and gets a 503.
    - `wait`: seconds between carrying out the request and the answer.
    - `drop`: the connection is closed without an answer.
    - `retry_after`: seconds of the Retry-After.
    """

    instead: Trouble = ""
    after: bool = False
    wait: float = 0.0
    drop: bool = False
    retry_after: int = 0


AS_USUAL = Plan()


def switched(fault: Fault, *, creates: bool) -> Plan:
    """Return the switch's plan for a request, for faults that do not depend on other requests."""
    if fault == "slow":
        return Plan(wait=SLOW_SECONDS if creates else SLOW_READ_SECONDS)
    if creates and fault in ("lost", "hidden"):
        return Plan(drop=True)
    if creates and fault == "refusing":
        return Plan(instead="refusing")
    return AS_USUAL


@dataclass(slots=True)
class Weather:
    """Random trouble. Each is a probability from 0 to 1, drawn once for each request.

    - `unavailable`: a 503. In the share `after_creating` of these cases, a create is carried out
      first.
    - `limited`: a 429.
    - `late`: carried out, and answered after `late_seconds`; only for creates.

    Other requests than creates get only `unavailable` and `limited`, and are then not carried out.
    """

    random: Random
    unavailable: float = 0.0
    after_creating: float = 0.0
    limited: float = 0.0
    late: float = 0.0
    late_seconds: float = 30.0

    def plan(self, *, creates: bool) -> Plan:
        """Draw the plan for the next request."""
        drawn = self.random.random()
        if drawn < self.unavailable:
            if creates and self.random.random() < self.after_creating:
                return Plan(after=True)
            return Plan(instead="unavailable")
        if drawn < self.unavailable + self.limited:
            return Plan(instead="limited", retry_after=BUSY_SECONDS)
        if creates and drawn < self.unavailable + self.limited + self.late:
            return Plan(wait=self.late_seconds)
        return AS_USUAL


class Window:
    """The limit of writes: `LIMIT` in any `WINDOW_SECONDS`. Times are in epoch seconds."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def pass_(self, now: float) -> bool:
        """Count one more write. Return False, without counting, if the limit is reached."""
        if self.left(now) == 0:
            return False
        self._passed.append(now)
        return True

    def left(self, now: float) -> int:
        """Return how many writes are still allowed."""
        return LIMIT - len(self.free_at(now))

    def free_at(self, now: float) -> list[float]:
        """Return when each counted write leaves the window, the earliest first."""
        while self._passed and self._passed[0] <= now - WINDOW_SECONDS:
            self._passed.popleft()
        return [at + WINDOW_SECONDS for at in self._passed]

    def fill(self, now: float) -> None:
        """Count as many writes as are left, as if another program had made them."""
        while self.pass_(now):
            pass

    def clear(self) -> None:
        """Forget all writes."""
        self._passed.clear()
