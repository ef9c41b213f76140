"""A rate limiter for Slack: about one message a second in each place.

While Slack asks for a pause, nothing is sent.
"""

from collections.abc import Callable

from bot.delivery.store.cards import everywhere

SECONDS_APART = 1.0


class SlackRateLimiter:
    """Keeps the running calls and the pauses of places.

    A place is a text from `bot.delivery.store.cards.place`.
    Times are in seconds of `clock`. A clock that jumps back ends every pause.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._taken: set[str] = set()
        self._pauses: dict[str, tuple[float, float]] = {}
        self._asked_for: dict[str, tuple[float, float]] = {}

    @property
    def taken(self) -> int:
        """The number of places where a call is running."""
        return len(self._taken)

    def busy(self) -> list[str]:
        """Return the places with a call or a pause.

        A workspace that pauses as a whole is given by its `everywhere`.
        """
        return [*self._taken, *(place for place in list(self._pauses) if self.free_at(place))]

    def free_at(self, place: str) -> float:
        """Return when the pauses of the place and of its workspace end; 0 if there is none."""
        return max(self._ends(place), self._ends(everywhere(place)))

    def is_taken(self, place: str) -> bool:
        """Return whether a call is running in this place."""
        return place in self._taken

    def begin(self, place: str) -> None:
        """Note that a call begins in this place."""
        self._taken.add(place)

    def end(self, *places: str) -> None:
        """Note that a call ended, whatever its outcome, in one of these places.

        The next one may begin a second later.
        """
        self._taken.difference_update(places)
        for place in places:
            self._pause(place, SECONDS_APART)

    def wait(self, place: str, seconds: float) -> None:
        """Note that Slack asked for a pause in this place.

        If Slack asks for a second place of the workspace during that time, the pause is for the
        whole workspace.
        """
        now, all_of_it = self._clock(), everywhere(place)
        self._asked_for = {
            asked: (since, until)
            for asked, (since, until) in self._asked_for.items()
            if since <= now < until
        }
        again = any(asked != place and everywhere(asked) == all_of_it for asked in self._asked_for)
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
