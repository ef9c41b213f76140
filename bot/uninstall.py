"""The app was removed from a workspace: everything of it goes at once, stored and in memory, and
what is under way stops.

First from the database, so that whoever looks from now on finds nothing; then from memory, in the
same step of the event loop in which that is known, so that nobody works on with what was read
before.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence

import structlog

from bot.access import store as permissions
from bot.connections import setup_links
from bot.connections import store as connections
from bot.delivery.store import workspaces as deliveries
from bot.slack import installations
from bot.storage import preferences
from bot.storage.database import Database
from bot.workspace import Scope, Workspace, WorkspaceMemory

log = structlog.get_logger(__name__)

SCRUBS = 5
SCRUB_PAUSE = 0.2
REMOVED_AT_ONCE = 500
"""A long write would keep people waiting."""

Forget = Callable[[sqlite3.Connection, Scope], None]
OWNERS: Sequence[Forget] = (
    installations.forget,
    connections.forget,  # and with them their catalogs
    setup_links.forget,
    permissions.forget,
    preferences.forget,
    deliveries.forget,
)
"""Each removes the rows of some workspaces from its own table, in the one transaction of all."""


class Purge:
    """Removes the rows of workspaces from the database."""

    def __init__(self, database: Database, owners: Sequence[Forget] = OWNERS) -> None:
        self._database = database
        self._owners = owners

    async def remove(self, workspace: Workspace, said_at: float) -> Scope | None:
        """Remove all that is stored of the workspace, or of the organisation where the team is
        empty; what that was.

        Of a team that its organisation's installation serves as well, only its own installation:
        what its admins connected and decided goes on to hold. None, and nothing is removed, where
        it was installed again after the second that begins at `said_at` (epoch seconds), when Slack
        said so. Harmless when repeated. Afterwards, once what is in memory is forgotten too,
        `finish`.
        """
        organisation = workspace._replace(team="")

        def work(tx: sqlite3.Connection) -> Scope | None:
            if workspace.team and installations.installed_at(tx, organisation):
                gone = installations.remove_earlier(tx, workspace, said_at + 1)
                return Scope(workspace, served=True) if gone else None
            return self._remove(tx, workspace, said_at)

        return await self._database.write(work)

    async def remove_team(self, workspace: Workspace, said_at: float) -> Scope | None:
        """The same for a team that its organisation's installation does not reach any more; one of
        its own is kept."""
        organisation = workspace._replace(team="")

        def work(tx: sqlite3.Connection) -> Scope | None:
            if installations.installed_at(tx, workspace):
                return None
            if installations.installed_at(tx, organisation) >= said_at + 1:
                return None
            return self._remove(tx, workspace, said_at)

        return await self._database.write(work)

    async def finish(self, scope: Scope) -> int:
        """Remove what was delivered or given up long ago, in chunks; how many deliveries it was.
        None of who is served."""
        if scope.served:
            return 0
        removed = 0
        while some := await self._database.write(
            lambda tx: deliveries.forget_some(tx, scope, REMOVED_AT_ONCE)
        ):
            removed += some
        return removed

    def _remove(self, tx: sqlite3.Connection, workspace: Workspace, said_at: float) -> Scope | None:
        """Remove all but the deliveries that are asleep, so that from now on nothing is sent,
        looked up, shown or submitted. None where a later installation is there."""
        scope = _scope(tx, workspace)
        if installations.installed_at(tx, workspace) >= said_at + 1:
            return None
        for forget in self._owners:
            forget(tx, scope)
        return scope

    async def scrub(self) -> bool:
        """Empty the journal beside the file; not done (False) while another process reads."""
        return await self._database.empty_journal()


class Uninstaller:
    """Removes workspaces from the database and from `memory`."""

    def __init__(self, purge: Purge, memory: WorkspaceMemory) -> None:
        self._purge = purge
        self.memory = memory

    async def leave(self, workspace: Workspace, said_at: float) -> None:
        """Remove everything of the workspace, or of the organisation where the team is empty,
        unless it was installed again since Slack said so (epoch seconds); of a team that its
        organisation's installation serves as well, its own token alone. Harmless when repeated.
        Raises `sqlite3.Error`."""
        if scope := await self._purge.remove(workspace, said_at):
            await self._finish(scope)

    async def leave_teams(self, enterprise: str, teams: Collection[str], said_at: float) -> None:
        """The same for teams that the organisation's installation does not reach any more."""
        for team in teams:
            if scope := await self._purge.remove_team(Workspace(enterprise, team), said_at):
                await self._finish(scope)

    async def _finish(self, scope: Scope) -> None:
        self.memory.forget(scope)
        await self._purge.finish(scope)
        # What was being read from the database until just now, and was remembered since:
        self.memory.forget(scope)
        await self._scrub()
        log.info("uninstall.finished", served=scope.served, **scope.workspace._asdict())

    async def _scrub(self) -> None:
        """Another process (`python -m bot deliveries`) may read just now, which holds the journal."""
        for _ in range(SCRUBS):
            if await self._purge.scrub():
                return
            await asyncio.sleep(SCRUB_PAUSE)
        log.warning("uninstall.journal_not_emptied")


def _scope(tx: sqlite3.Connection, workspace: Workspace) -> Scope:
    """Raises ValueError for neither a workspace nor an organisation: it would be everybody's rows
    outside of one."""
    if workspace.team:
        return Scope(workspace)
    if not workspace.enterprise:
        raise ValueError("no workspace")
    return Scope(workspace, installations.teams_of(tx, workspace.enterprise))
