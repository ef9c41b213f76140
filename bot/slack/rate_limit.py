"""Whose turn it is in Slack: about one message a second in each place, and none while Slack asks
for a pause."""

from collections.abc import Callable

from bot.delivery.store.cards import everywhere

SECONDS_APART = 1.0


class SlackRateLimiter:
    """A place is what `bot.delivery.store.cards.place` makes. Times are the clock's; one that goes
    back ends every pause."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._taken: set[str] = set()
        self._pauses: dict[str, tuple[float, float]] = {}
        self._asked_for: dict[str, tuple[float, float]] = {}

    @property
    def taken(self) -> int:
        """In how many places something is being sent just now."""
        return len(self._taken)

    def busy(self) -> list[str]:
        """The places whose turn it is not now; for a whole workspace, its `everywhere`."""
        return [*self._taken, *(place for place in list(self._pauses) if self.free_at(place))]

    def free_at(self, place: str) -> float:
        """When the place's pause ends, and the one that holds everywhere in its workspace; 0 when
        both have ended."""
        return max(self._ends(place), self._ends(everywhere(place)))

    def is_taken(self, place: str) -> bool:
        """Whether something is being sent there; `end` says when no more."""
        return place in self._taken

    def begin(self, place: str) -> None:
        """Something is being sent there."""
        self._taken.add(place)

    def end(self, *places: str) -> None:
        """It was sent, or not, in one of these places: the next one a second later."""
        self._taken.difference_update(places)
        for place in places:
            self._pause(place, SECONDS_APART)

    def wait(self, place: str, seconds: float) -> None:
        """Slack asked for a pause there. When it asks for a second place of the workspace
        meanwhile, it means all of it."""
        now, all_of_it = self._clock(), everywhere(place)
        self._asked_for = {
            it: (since, until)
            for it, (since, until) in self._asked_for.items()
            if since <= now < until
        }
        again = any(it != place and everywhere(it) == all_of_it for it in self._asked_for)
        self._asked_for[place] = (now, now + seconds)
        self._pause(place, seconds)
        if again:
            self._pause(all_of_it, seconds)

    def _pause(self, place: str, seconds: float) -> None:
        now = self._clock()
        self._pauses[place] = (now, max(now + seconds, self._ends(place)))

    def _ends(self, place: str) -> float:
        since, until = self._pauses.get(place, (0.0, 0.0))
        if since <= self._clock() < until:
            return until
        self._pauses.pop(place, None)
        return 0.0
