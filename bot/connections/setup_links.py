"""Links to the page on which a vendor is connected.

A link is for one workspace, vendor and person. It works for ten minutes and for one change.
"""

import hashlib
import secrets
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.storage.database import Database
from bot.workspace import Scope, Workspace

LINK_SECONDS = 600.0
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class SetupLink:
    """The purpose of a link. `actor` is the Slack user id of the person who asked for the link, and
    `locale` the person's locale in Slack. `expires_at` is in epoch seconds. The token in the link's
    address is not stored, only its `digest`."""

    digest: str
    workspace: Workspace
    vendor: str
    actor: str
    actor_name: str
    workspace_name: str
    expires_at: float
    locale: str = ""


class SetupLinks:
    """The links of all workspaces."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self,
        workspace: Workspace,
        vendor: str,
        *,
        actor: str,
        actor_name: str,
        workspace_name: str,
        locale: str = "",
    ) -> str:
        """Make a link and return its token. It replaces the person's older link for the same
        vendor. Expired links are removed too."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock()
        row = (
            digest_of(token),
            *workspace,
            vendor,
            actor,
            actor_name,
            workspace_name,
            now + LINK_SECONDS,
            locale,
        )

        def work(tx: sqlite3.Connection) -> None:
            tx.execute(
                "DELETE FROM setup_links"
                " WHERE expires_at <= ? OR (enterprise, team, vendor, actor) = (?, ?, ?, ?)",
                (now, *workspace, vendor, actor),
            )
            tx.execute(
                "INSERT INTO setup_links (digest, enterprise, team, vendor, actor, actor_name,"
                " workspace_name, expires_at, locale) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

        await self._database.write(work)
        return token

    async def find(self, token: str) -> SetupLink | None:
        """Return the link of that token; None if it was used, has expired or never existed. This
        does not use the link up."""
        row = await self._database.read(
            lambda tx: tx.execute(
                "SELECT * FROM setup_links WHERE digest = ? AND expires_at > ?",
                (digest_of(token), self._clock()),
            ).fetchone()
        )
        return None if row is None else _link(row)

    async def remove_expired(self) -> int:
        """Remove the expired links, and return how many there were."""
        sql, now = "DELETE FROM setup_links WHERE expires_at <= ?", self._clock()
        return await self._database.write(lambda tx: tx.execute(sql, (now,)).rowcount)


def use_up(
    tx: sqlite3.Connection, link: SetupLink, workspace: Workspace, vendor: str, now: float
) -> bool:
    """Use the link up for a change of this connection. False if the link is for another connection,
    was used before or has expired."""
    used = tx.execute(
        "DELETE FROM setup_links"
        " WHERE digest = ? AND (enterprise, team, vendor) = (?, ?, ?) AND expires_at > ?",
        (link.digest, *workspace, vendor, now),
    )
    return used.rowcount == 1


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the links of these workspaces."""
    tx.execute(f"DELETE FROM setup_links WHERE {scope.condition}", scope.values)


def digest_of(token: str) -> str:
    """Return the digest of a token. A plain hash is enough: nobody can guess 32 random bytes."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _link(row: sqlite3.Row) -> SetupLink:
    return SetupLink(
        digest=row["digest"],
        workspace=Workspace(row["enterprise"], row["team"]),
        vendor=row["vendor"],
        actor=row["actor"],
        actor_name=row["actor_name"],
        workspace_name=row["workspace_name"],
        expires_at=row["expires_at"],
        locale=row["locale"],
    )
