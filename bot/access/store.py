"""Who may use which operation, where a workspace's admins have decided about it."""

import sqlite3
import time
from collections.abc import Callable, Mapping

from bot.storage.database import Database
from bot.workspace import Workspace


class AccessStore:
    """By the operation's name ("acme.incident"): "everyone", "members", "admins", or a Slack user
    group's id."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of(self, workspace: Workspace) -> dict[str, str]:
        """What was decided; an operation that is missing is as designed."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT operation, who FROM permissions WHERE (enterprise, team) = (?, ?) ORDER "
                "BY operation",
                workspace,
            ).fetchall()
        )
        return {row["operation"]: row["who"] for row in rows}

    async def set(self, workspace: Workspace, decided: Mapping[str, str], changed_by: str) -> None:
        """Decide about these operations, all or none; `changed_by` is a Slack user id. The others
        stay as they are."""
        now = self._clock()
        rows = [(*workspace, operation, who, changed_by, now) for operation, who in decided.items()]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                "INSERT INTO permissions (enterprise, team, operation, who, changed_by, changed_at)"
                " VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET who = excluded.who, changed_by = excluded.changed_by,"
                " changed_at = excluded.changed_at WHERE who != excluded.who",
                rows,
            )

        await self._database.write(work)
