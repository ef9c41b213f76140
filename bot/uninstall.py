"""Uninstalling: remove everything about a workspace from the database and from memory, and stop the
work that is under way for it.

The database comes first, so that nobody finds anything from then on. Memory follows in the same
step of the event loop, so that nobody goes on with data that was read before.
"""

import sqlite3
from collections.abc import Callable, Collection, Sequence

import structlog

from bot.access import store as permissions
from bot.connections import setup_links
from bot.connections import store as connections
from bot.delivery.store import workspaces as deliveries
from bot.slack import installations
from bot.storage import audit, preferences, workspace_settings
from bot.storage.database import Database
from bot.workspace import Scope, Workspace, WorkspaceMemory

log = structlog.get_logger(__name__)

REMOVED_AT_ONCE = 500
"""The number of deliveries in a chunk. A longer write would make people wait."""

Forget = Callable[[sqlite3.Connection, Scope], None]
OWNERS: Sequence[Forget] = (
    installations.forget,
    connections.forget,  # and with them their catalogs
    setup_links.forget,
    permissions.forget,
    preferences.forget,
    workspace_settings.forget,
    audit.forget,
    deliveries.forget,
)
"""The owners of the tables. Each removes the rows of a scope from its own table, all in one
transaction."""


class Purge:
    """Removes the rows of workspaces from the database."""

    def __init__(self, database: Database, owners: Sequence[Forget] = OWNERS) -> None:
        self._database = database
        self._owners = owners

    async def remove(self, workspace: Workspace, said_at: float) -> Scope | None:
        """Remove a workspace, or an organisation if the team is empty; return the scope of it.

        If the organisation's installation serves the team as well, only the team's own installation
        is removed: the admins' connections and rules stay. If the app was installed again after the
        second that begins at `said_at` (epoch seconds, the time of Slack's event), nothing is
        removed, and the result is None. Repeating this is harmless. `finish` follows, once memory
        is cleared too.
        """
        organisation = workspace._replace(team="")

        def work(tx: sqlite3.Connection) -> Scope | None:
            if workspace.team and installations.installed_at(tx, organisation):
                if not installations.remove_earlier(tx, workspace, said_at + 1):
                    return None
                audit.record(tx, workspace, said_at, "", "uninstalled")
                return Scope(workspace, served=True)
            return self._remove(tx, workspace, said_at)

        return await self._database.write(work)

    async def remove_team(self, workspace: Workspace, said_at: float) -> Scope | None:
        """Remove a team that its organisation's installation does not reach any more. A team with
        an installation of its own stays, and the result is None."""
        organisation = workspace._replace(team="")

        def work(tx: sqlite3.Connection) -> Scope | None:
            if installations.installed_at(tx, workspace):
                return None
            if installations.installed_at(tx, organisation) >= said_at + 1:
                return None
            return self._remove(tx, workspace, said_at)

        return await self._database.write(work)

    async def finish(self, scope: Scope) -> int:
        """Remove the remaining deliveries in chunks, and return how many there were. A team that is
        served by its organisation keeps them. The journal is emptied in the background."""
        removed = 0
        while not scope.served and (
            some := await self._database.write(
                lambda tx: deliveries.forget_some(tx, scope, REMOVED_AT_ONCE)
            )
        ):
            removed += some
        self._database.erase_soon()
        return removed

    def _remove(self, tx: sqlite3.Connection, workspace: Workspace, said_at: float) -> Scope | None:
        """Remove everything but the deliveries at rest, so that from now on nothing is sent, looked
        up, shown or submitted. None if there is a later installation. The audit trail keeps one
        event: the removal."""
        scope = _scope(tx, workspace)
        if installations.installed_at(tx, workspace) >= said_at + 1:
            return None
        before = tx.total_changes
        for forget in self._owners:
            forget(tx, scope)
        if tx.total_changes > before:
            audit.record(tx, workspace, said_at, "", "uninstalled")
        return scope


class Uninstaller:
    """Removes workspaces from the database and from `memory`."""

    def __init__(self, purge: Purge, memory: WorkspaceMemory) -> None:
        self._purge = purge
        self.memory = memory

    async def leave(self, workspace: Workspace, said_at: float) -> None:
        """Remove a workspace, or an organisation if the team is empty.

        Nothing is removed if the app was installed again since `said_at` (epoch seconds, the time
        of Slack's event). If the organisation's installation serves the team as well, only the
        team's own token is removed. Repeating this is harmless. Raises `sqlite3.Error`.
        """
        if scope := await self._purge.remove(workspace, said_at):
            await self._finish(scope)

    async def leave_teams(self, enterprise: str, teams: Collection[str], said_at: float) -> None:
        """Remove teams that the organisation's installation does not reach any more."""
        for team in teams:
            if scope := await self._purge.remove_team(Workspace(enterprise, team), said_at):
                await self._finish(scope)

    async def _finish(self, scope: Scope) -> None:
        self.memory.forget(scope)
        await self._purge.finish(scope)
        # Again: a part may have read something before the removal and remembered it since.
        self.memory.forget(scope)
        log.info("uninstall.finished", served=scope.served, **scope.workspace._asdict())


def _scope(tx: sqlite3.Connection, workspace: Workspace) -> Scope:
    """Return the scope of a workspace or an organisation. Raises ValueError for neither of them:
    everybody outside an organisation would be in it."""
    if workspace.team:
        return Scope(workspace)
    if not workspace.enterprise:
        raise ValueError("no workspace")
    return Scope(workspace, installations.teams_of(tx, workspace.enterprise))
