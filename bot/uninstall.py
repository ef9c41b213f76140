"""The app was removed from a workspace: everything of it goes at once, stored and in memory, and
what is under way stops.

First from the database, so that whoever looks from now on finds nothing; then from memory, in the
same step of the event loop in which that is known, so that nobody works on with what was read
before.
"""

import asyncio
import sqlite3
from collections.abc import Collection, Sequence
from typing import Protocol

import structlog

from bot.delivery.store import workspaces as deliveries
from bot.storage.database import Database
from bot.workspace import Scope, Workspace

log = structlog.get_logger(__name__)

SCRUBS = 5
SCRUB_PAUSE = 0.2


REMOVED_AT_ONCE = 500
"""A long write would keep people waiting."""
TABLES = ("installations", "connections", "links", "permissions", "habits")
"""Small ones, which go at once with all that is still to be sent or shown; catalogs go with their
connections."""


class Purge:
    def __init__(self, database: Database) -> None:
        self._database = database

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

        def work(db: sqlite3.Connection) -> Scope | None:
            if workspace.team and _installed_at(db, organisation):
                return _hand_over(db, workspace, said_at)
            return _remove(db, _scope(db, workspace), said_at)

        return await self._database.write(work)

    async def remove_team(self, workspace: Workspace, said_at: float) -> Scope | None:
        """The same for a team that its organisation's installation does not reach any more; one of
        its own is kept."""
        organisation = workspace._replace(team="")

        def work(db: sqlite3.Connection) -> Scope | None:
            if _installed_at(db, workspace) or _installed_at(db, organisation) >= said_at + 1:
                return None
            return _remove(db, _scope(db, workspace), said_at)

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

    async def scrub(self) -> bool:
        """Empty the journal beside the file; not done (False) while another process reads."""
        return await self._database.empty_journal()


class Part(Protocol):
    """What remembers something of workspaces, or does something for them."""

    def forget(self, scope: Scope, /) -> None:
        """Forget what is remembered of these workspaces, and stop what is done for them. Never
        raises."""


class Uninstaller:
    """`parts` are all of the bot's; `tokens` are those of them that remember Slack's tokens."""

    def __init__(self, purge: Purge, parts: Sequence[Part], tokens: Sequence[Part] = ()) -> None:
        self._purge = purge
        self._parts = parts
        self._tokens = tokens

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
        parts = self._tokens if scope.served else self._parts
        _forget(parts, scope)
        await self._purge.finish(scope)
        _forget(
            parts, scope
        )  # what was being read from the database until just now, and remembered since
        await self._scrub()
        log.info("uninstall.finished", served=scope.served, **scope.workspace._asdict())

    async def _scrub(self) -> None:
        """Another process (`python -m bot deliveries`) may read just now, which holds the journal."""
        for _ in range(SCRUBS):
            if await self._purge.scrub():
                return
            await asyncio.sleep(SCRUB_PAUSE)
        log.warning("uninstall.journal_not_emptied")


def _forget(parts: Sequence[Part], scope: Scope) -> None:
    for part in parts:
        part.forget(scope)


def _scope(db: sqlite3.Connection, workspace: Workspace) -> Scope:
    """Raises ValueError for neither a workspace nor an organisation: it would be everybody's rows
    outside of one."""
    if workspace.team:
        return Scope(workspace)
    if not workspace.enterprise:
        raise ValueError("no workspace")
    own = db.execute(
        "SELECT team FROM installations WHERE enterprise = ? AND team != ''",
        (workspace.enterprise,),
    )
    return Scope(workspace, frozenset(row[0] for row in own))


def _hand_over(db: sqlite3.Connection, team: Workspace, said_at: float) -> Scope | None:
    """The team's own installation; None where it went already, or is a later one."""
    own = db.execute(
        "DELETE FROM installations WHERE (enterprise, team) = (?, ?) AND installed_at < ?",
        (*team, said_at + 1),
    )
    return Scope(team, served=True) if own.rowcount else None


def _remove(db: sqlite3.Connection, scope: Scope, said_at: float) -> Scope | None:
    """All but the deliveries that are asleep, so that from now on nothing is sent, looked up, shown
    or submitted."""
    if _installed_at(db, scope.workspace) >= said_at + 1:
        return None
    for table in TABLES:
        db.execute(f"DELETE FROM {table} WHERE {scope.condition}", scope.values)  # noqa: S608  ours
    deliveries.forget(db, scope)
    return scope


def _installed_at(db: sqlite3.Connection, workspace: Workspace) -> float:
    """Epoch seconds; 0 where it has no installation of its own."""
    sql = "SELECT installed_at FROM installations WHERE (enterprise, team) = (?, ?)"
    row = db.execute(sql, workspace).fetchone()
    return 0.0 if row is None else float(row[0])
