"""The pages of used links, kept for the browsers that used them."""

import time
from collections.abc import Callable, Container

from starlette.responses import Response

from bot.connections.setup_links import LINK_SECONDS
from bot.workspace import RemembersWorkspaces, Workspace

MOST_RECEIPTS = 1000


class Receipts(RemembersWorkspaces):
    """The pages of used links, by the key of the form, kept as long as a link is valid.

    The key belongs to one link and one browser.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[Workspace, float, Response]] = {}

    def keep(self, workspace: Workspace, form_key: str, answer: Response) -> None:
        """Keep the answer as the receipt of that link, for that browser."""
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if kept[1] > now}
        if len(self._kept) >= MOST_RECEIPTS:
            del self._kept[next(iter(self._kept))]
        self._kept[form_key] = (workspace, now + LINK_SECONDS, answer)

    def of(self, form_key: str) -> Response | None:
        """Return the receipt of that link for that browser, or None."""
        _, until, answer = self._kept.get(form_key, (None, 0.0, None))
        return answer if until > self._clock() else None

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the receipts of these workspaces."""
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] not in scope}
