"""What workspaces and people prefer: a workspace's language, the prefix of its commands, and the
operation that each person used last, so that the person's next form starts on it."""

import sqlite3
from typing import NamedTuple

from bot.storage.database import Database
from bot.workspace import Scope, Workspace


class WorkspacePreferences(NamedTuple):
    """A workspace's language for cards and notices, and the prefix of its slash commands.

    Either is empty while it is not known. The language is an ISO 639 code.
    """

    language: str = ""
    prefix: str = ""


class Preferences:
    """The preferences of workspaces and of people."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, workspace: Workspace, person: str, kind: str) -> str | None:
        """Return the operation ("acme.incident"), or None where the person never used one."""
        sql = (
            "SELECT operation FROM preferences"
            " WHERE (enterprise, team, person, kind) = (?, ?, ?, ?)"
        )
        values = (*workspace, person, kind)
        row = await self._database.read(lambda tx: tx.execute(sql, values).fetchone())
        return None if row is None else str(row[0])

    async def of(self, workspace: Workspace) -> WorkspacePreferences:
        """Return the workspace's own preferences."""
        sql = "SELECT language, prefix FROM workspaces WHERE (enterprise, team) = (?, ?)"
        row = await self._database.read(lambda tx: tx.execute(sql, workspace).fetchone())
        return WorkspacePreferences() if row is None else WorkspacePreferences(*row)

    async def set_language(self, workspace: Workspace, language: str) -> None:
        """Set the language of the workspace's cards and notices."""
        await self._database.write(lambda tx: _set(tx, workspace, "language", language))

    async def suggest_language(self, workspace: Workspace, language: str) -> None:
        """Set the language of the workspace's cards and notices, unless it has one."""
        await self._database.write(
            lambda tx: _set(tx, workspace, "language", language, "workspaces.language = ''")
        )

    async def set_prefix(self, workspace: Workspace, prefix: str) -> None:
        """Note the prefix of the command that was seen last."""
        await self._database.write(lambda tx: _set(tx, workspace, "prefix", prefix))


def _set(
    tx: sqlite3.Connection, workspace: Workspace, column: str, value: str, when: str = "TRUE"
) -> None:
    tx.execute(
        f"INSERT INTO workspaces (enterprise, team, {column}) VALUES (?, ?, ?)"
        f" ON CONFLICT DO UPDATE SET {column} = excluded.{column} WHERE {when}",
        (*workspace, value),
    )


def remember_preference(
    tx: sqlite3.Connection, workspace: Workspace, person: str, kind: str, operation: str
) -> None:
    """Let this person's next form of this kind start on this operation."""
    tx.execute(
        "INSERT INTO preferences VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET operation = excluded.operation",
        (*workspace, person, kind, operation),
    )


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove what these workspaces and their people prefer."""
    tx.execute(f"DELETE FROM preferences WHERE {scope.condition}", scope.values)
    tx.execute(f"DELETE FROM workspaces WHERE {scope.condition}", scope.values)
