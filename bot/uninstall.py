"""The app was removed from a workspace: everything of it goes at once, stored and in memory, and what is under way stops.

First from the database, so that whoever looks from now on finds nothing; then from memory, in the same step of the event loop
in which that is known, so that nobody works on with what was read before.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol

import structlog

from bot.storage import Workspace
from bot.storage.purge import Purge, Scope

log = structlog.get_logger(__name__)

SCRUBS = 5
SCRUB_PAUSE = 0.2


class Part(Protocol):
    """What remembers something of workspaces, or does something for them."""

    def forget(self, scope: Scope, /) -> None:
        """Forget what is remembered of these workspaces, and stop what is done for them. Never raises."""


class Uninstaller:
    """`parts` are all of the bot's; `tokens` are those of them that remember Slack's tokens."""

    def __init__(self, purge: Purge, parts: Sequence[Part], tokens: Sequence[Part] = ()) -> None:
        self._purge = purge
        self._parts = parts
        self._tokens = tokens

    async def leave(self, workspace: Workspace, said_at: float) -> None:
        """Remove everything of the workspace, or of the organisation where the team is empty, unless it was installed again
        since Slack said so (epoch seconds); of a team that its organisation's installation serves as well, its own token
        alone. Harmless when repeated. Raises `sqlite3.Error`."""
        if scope := await self._purge.remove(workspace, said_at):
            await self._finish(scope)

    async def leave_teams(self, enterprise: str, teams: Collection[str], said_at: float) -> None:
        """The same for teams that the organisation's installation does not reach any more."""
        for team in teams:
            if scope := await self._purge.remove_team(Workspace(enterprise, team), said_at):
                await self._finish(scope)

    async def _finish(self, scope: Scope) -> None:
        parts = self._tokens if scope.served else self._parts
        _forget(parts, scope)
        await self._purge.finish(scope)
        _forget(parts, scope)  # what was being read from the database until just now, and remembered since
        await self._scrub()
        log.info("uninstalled", served=scope.served, **scope.workspace._asdict())

    async def _scrub(self) -> None:
        """Another process (`python -m bot deliveries`) may read just now, which holds the journal."""
        for _ in range(SCRUBS):
            if await self._purge.scrub():
                return
            await asyncio.sleep(SCRUB_PAUSE)
        log.warning("uninstalled.journal_not_emptied")


def _forget(parts: Sequence[Part], scope: Scope) -> None:
    for part in parts:
        part.forget(scope)
