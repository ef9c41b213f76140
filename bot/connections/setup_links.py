"""Links to the page where a vendor is connected: each for one workspace, vendor and person, for ten
minutes, used once."""

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
    """What a link is for. `actor` is the Slack user id of who asked for it; `expires_at` is in
    epoch seconds. The token that stands in its address is not here: `digest` is all that is kept of
    it."""

    digest: str
    workspace: Workspace
    vendor: str
    actor: str
    actor_name: str
    workspace_name: str
    expires_at: float


class SetupLinks:
    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def make(
        self, workspace: Workspace, vendor: str, *, actor: str, actor_name: str, workspace_name: str
    ) -> str:
        """A new link's token, which takes the place of that person's older one for the same vendor.
        Expired ones go too."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock()
        row = (
            digest_of(token),
            *workspace,
            vendor,
            actor,
            actor_name,
            workspace_name,
            now + LINK_SECONDS,
        )

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "DELETE FROM setup_links WHERE expires_at <= ? OR (enterprise, team, vendor, actor) = "
                "(?, ?, ?, ?)",
                (now, *workspace, vendor, actor),
            )
            db.execute(
                "INSERT INTO setup_links (digest, enterprise, team, vendor, actor, actor_name, "
                "workspace_name, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )

        await self._database.write(work)
        return token

    async def find(self, token: str) -> SetupLink | None:
        """The link of that token; None for one that was used, has expired or never was. Looking
        does not use it up."""
        row = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM setup_links WHERE digest = ? AND expires_at > ?",
                (digest_of(token), self._clock()),
            ).fetchone()
        )
        return None if row is None else _link(row)

    async def remove_expired(self) -> int:
        """Remove the links whose time is over; how many."""
        return await self._database.write(
            lambda db: (
                db.execute(
                    "DELETE FROM setup_links WHERE expires_at <= ?", (self._clock(),)
                ).rowcount
            )
        )


def use_up(
    db: sqlite3.Connection, link: SetupLink, workspace: Workspace, vendor: str, now: float
) -> bool:
    """Inside a transaction: use the link up for a change of this connection; False when it is for
    another one, was used before, or its time is over."""
    used = db.execute(
        "DELETE FROM setup_links WHERE digest = ? AND (enterprise, team, vendor) = (?, ?, ?) AND "
        "expires_at > ?",
        (link.digest, *workspace, vendor, now),
    )
    return used.rowcount == 1


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the links of these workspaces."""
    tx.execute(f"DELETE FROM setup_links WHERE {scope.condition}", scope.values)


def digest_of(token: str) -> str:
    """What is stored of a token. A plain hash does: nobody can guess 32 random bytes."""
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
    )
