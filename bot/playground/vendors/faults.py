"""What may go wrong with a vendor: the page's switch (`Fault`), or chance (`Weather`), as a `Plan`
for one request."""

from collections import deque
from dataclasses import dataclass
from random import Random
from typing import Literal

Fault = Literal["fine", "slow", "limited", "lost", "refusing", "down", "revoked"]
"""fine; slow: answers late; limited: `LIMIT` writes a minute; lost: creates, then drops the
connection unanswered; refusing: refuses each create over one field; down: port closed, connections
dropped; revoked: 401 for the keys that were good until then."""

SLOW_SECONDS = 6.0
SLOW_READ_SECONDS = 1.0
LIMIT = 3
WINDOW_SECONDS = 60.0
BUSY_SECONDS = 1
"""The Retry-After of a 429 that comes by chance."""

Trouble = Literal["", "refusing", "limited", "unavailable"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one request.

    `instead`: the answer it gets without being carried out. `after`: 503 although it was carried
    out. `wait`: seconds between carrying it out and the answer. `drop`: no answer, the connection
    is dropped. `retry_after`: seconds.
    """

    instead: Trouble = ""
    after: bool = False
    wait: float = 0.0
    drop: bool = False
    retry_after: int = 0


AS_USUAL = Plan()


def switched(fault: Fault, *, creates: bool) -> Plan:
    """What the switch does to a request, as far as that does not depend on those before it."""
    if fault == "slow":
        return Plan(wait=SLOW_SECONDS if creates else SLOW_READ_SECONDS)
    if creates and fault == "lost":
        return Plan(drop=True)
    if creates and fault == "refusing":
        return Plan(instead="refusing")
    return AS_USUAL


@dataclass(slots=True)
class Weather:
    """Trouble by chance, each a probability from 0 to 1, drawn once a request.

    `unavailable`: 503, for a create in the share `after_creating` of the cases only after it was
    carried out; `limited`: 429; `late`: carried out and answered after `late_seconds`, creates
    only. Anything but a create gets `unavailable` and `limited` alone, and is not carried out then.
    """

    random: Random
    unavailable: float = 0.0
    after_creating: float = 0.0
    limited: float = 0.0
    late: float = 0.0
    late_seconds: float = 30.0

    def plan(self, *, creates: bool) -> Plan:
        """Draw what becomes of the next request."""
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
    """Who may write: `LIMIT` times in any `WINDOW_SECONDS`. Times are epoch seconds."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque()

    def pass_(self, now: float) -> bool:
        """Let one more through and count it; False when there were as many as there may be."""
        if self.left(now) == 0:
            return False
        self._passed.append(now)
        return True

    def left(self, now: float) -> int:
        """How many may still pass."""
        return LIMIT - len(self.free_at(now))

    def free_at(self, now: float) -> list[float]:
        """When each place that is taken is free again, the first one first."""
        while self._passed and self._passed[0] <= now - WINDOW_SECONDS:
            self._passed.popleft()
        return [at + WINDOW_SECONDS for at in self._passed]

    def clear(self) -> None:
        """Begin anew."""
        self._passed.clear()
