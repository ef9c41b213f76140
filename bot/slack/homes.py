"""App Homes that are drawn again, because something that they show has changed.

Slack does not say who looks at App Home. It is drawn again for people who opened it within the last
hour, for each at most once in ten seconds. The others see the news when they open it.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Container
from dataclasses import dataclass

import structlog

from bot.delivery.model import Delivery
from bot.delivery.store.cards import place
from bot.errors import RelayError
from bot.runtime.workers import Share, Source, WorkerPool
from bot.slack.errors import NOT_DONE, asked_to_wait, is_out_of_reach, said
from bot.slack.rate_limit import SlackRateLimiter
from bot.workspace import RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

OPENED_SECONDS = 3600.0
APART_SECONDS = 10.0
SOON_SECONDS = 0.5
"""Seconds from a change until the drawing. Several changes at once are drawn together."""
MOST_PEOPLE = 2000
HOMES = "views.publish"
"""The place in a workspace where Slack limits us."""
SHARE = Share(8, 2, longest_pause=60.0, stopping_seconds=1.0)

Key = tuple[Workspace, str]
"""A workspace, and a person there (a Slack user id)."""
Draw = Callable[[Workspace, str], Awaitable[None]]


@dataclass(slots=True)
class _Home:
    """The App Home of one person, who opened it at `opened_at`."""

    opened_at: float
    drawn_at: float
    shows_tools: bool = False
    digest: bytes = b""


class Homes(RemembersWorkspaces):
    """Remembers who opened App Home within the last hour, and has it drawn again.

    At most `MOST_PEOPLE` are remembered, those who opened it last. `draw_with` has to be called
    before `run`.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limiter = SlackRateLimiter(clock)
        self._homes: OrderedDict[Key, _Home] = OrderedDict()
        self._of: dict[Workspace, dict[str, None]] = {}
        # The people of each workspace, in the order in which they opened it first.
        self._due: dict[Key, float] = {}
        """The App Homes that are to be drawn, and when."""
        self._draw: Draw | None = None
        self._pool = WorkerPool[Workspace, Key](
            "homes",
            Source(self._claim, self._next_time, lambda key: key[0]),
            self._draw_again,
            SHARE,
            clock,
        )

    def draw_with(self, draw: Draw) -> None:
        """Draw with this function. It publishes a person's App Home and raises `NOT_DONE`."""
        self._draw = draw

    def opened(self, workspace: Workspace, user: str) -> None:
        """Note that this person opened App Home."""
        now, key = self._clock(), (workspace, user)
        known = self._homes.pop(key, None) or _Home(now, now)
        known.opened_at = now
        self._homes[key] = known
        self._of.setdefault(workspace, {})[user] = None
        while len(self._homes) > MOST_PEOPLE or self._is_old(next(iter(self._homes))):
            self._drop(next(iter(self._homes)))

    def drawn(self, workspace: Workspace, user: str, digest: bytes, *, shows_tools: bool) -> None:
        """Note that App Home shows this from now on, and whether an admin's tools are on it."""
        if home := self._homes.get((workspace, user)):
            home.drawn_at, home.digest, home.shows_tools = self._clock(), digest, shows_tools

    def shows(self, workspace: Workspace, user: str, digest: bytes) -> bool:
        """Return whether App Home shows exactly this already."""
        home = self._homes.get((workspace, user))
        return home is not None and home.digest == digest

    def changed(self, row: Delivery) -> None:
        """Draw the App Home of the person who submitted the row, which changed, and those of
        admins, which count what waits."""
        self._mark(row.workspace, row.actor)
        self.tools_changed(row.workspace)

    def tools_changed(self, workspace: Workspace) -> None:
        """Draw the App Homes on which the workspace's tools are: something about them changed."""
        for user in list(self._of.get(workspace, ())):
            if self._homes[(workspace, user)].shows_tools:
                self._mark(workspace, user)

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the App Homes of these workspaces."""
        self._pool.cancel(lambda workspace: workspace in scope)
        for key in [key for key in self._homes if key[0] in scope]:
            self._drop(key)

    @property
    def busy(self) -> bool:
        """True while an App Home is being drawn."""
        return self._pool.busy

    def wake(self) -> None:
        """Look for what is to be drawn."""
        self._pool.wake()

    async def run(self) -> None:
        """Draw until cancelled."""
        await self._pool.run()

    def _mark(self, workspace: Workspace, user: str) -> None:
        key = (workspace, user)
        home = self._homes.get(key)
        if home is None or key in self._due or self._is_old(key):
            return
        self._due[key] = max(self._clock() + SOON_SECONDS, home.drawn_at + APART_SECONDS)
        self.wake()

    def _is_old(self, key: Key) -> bool:
        return self._clock() - self._homes[key].opened_at > OPENED_SECONDS

    def _drop(self, key: Key) -> None:
        del self._homes[key]
        self._due.pop(key, None)
        del self._of[key[0]][key[1]]
        if not self._of[key[0]]:
            del self._of[key[0]]

    async def _claim(self, full: Collection[Workspace]) -> Key | None:
        now = self._clock()
        for key, at in self._waiting(full):
            if at <= now:
                del self._due[key]
                self._homes[key].drawn_at = now
                self._limiter.begin(_place(key[0]))
                return key
        return None

    async def _next_time(self, full: Collection[Workspace]) -> float | None:
        return min((at for _, at in self._waiting(full)), default=None)

    def _waiting(self, full: Collection[Workspace]) -> list[tuple[Key, float]]:
        """Return what can be drawn, and when. The end of a call wakes the pool for the rest."""
        return [
            (key, max(at, self._limiter.free_at(_place(key[0]))))
            for key, at in self._due.items()
            if key[0] not in full and not self._limiter.is_taken(_place(key[0]))
        ]

    async def _draw_again(self, key: Key) -> None:
        where = _place(key[0])
        try:
            if self._draw is not None and key in self._homes:
                await self._draw(*key)
        except RelayError as error:  # the app is not installed there any more, or cannot be reached
            log.warning("home.not_drawn", error=type(error).__name__)
        except NOT_DONE as error:
            log.warning("home.not_drawn", error=said(error))
            if (seconds := asked_to_wait(error)) is not None:
                self._limiter.wait(where, seconds)
            if is_out_of_reach(error):
                self._mark(*key)
        finally:
            self._limiter.end(where)
            self.wake()


def _place(workspace: Workspace) -> str:
    return place(workspace, HOMES)
