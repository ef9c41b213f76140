"""Installations: where the app is installed, and with which token.

A row is a workspace or, with an empty team, an organisation. Tokens are stored encrypted. Only the
bot's token is kept, never a person's.
"""

import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from bot.storage.audit import record
from bot.storage.database import Database
from bot.storage.encrypted_secrets import SecretColumn
from bot.storage.encryption import SLACK, SecretBox
from bot.workspace import RemembersWorkspaces, Scope, Workspace

FRESH_SECONDS = 30.0
"""Longest time, in seconds, until a change made by another process is noticed."""
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace, or in an organisation if the team is empty.

    `name` is the workspace's name; `app`, `bot_user`, `bot` and `installed_by` are Slack's ids.
    `installed_at` is in epoch seconds by Slack's clock, because it is compared with Slack's time of
    a removal.
    """

    workspace: Workspace
    name: str
    app: str
    bot_user: str
    bot: str
    scopes: tuple[str, ...]
    installed_by: str
    installed_at: float
    token: str = field(repr=False)


class Installations(RemembersWorkspaces):
    """Installations by workspace, remembered for a while.

    Every event needs the token of its workspace, so an installation that was found is kept in
    memory. A workspace without an installation is looked up again each time.
    """

    holds_tokens = True

    def __init__(
        self, database: Database, secret_box: SecretBox, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._secret_box = secret_box
        self._clock = clock
        self._known: OrderedDict[Workspace, tuple[float, Installation]] = OrderedDict()
        self._changes = 0

    async def save(self, installation: Installation) -> None:
        """Store an installation. It replaces an earlier one of the same workspace."""
        it = installation
        sealed = self._secret_box.seal((*it.workspace, SLACK), {"token": it.token})
        row = (*it.workspace, it.name, it.app, it.bot_user, it.bot, " ".join(it.scopes), sealed)

        def work(tx: sqlite3.Connection) -> None:
            tx.execute(
                "INSERT OR REPLACE INTO installations"
                " (enterprise, team, name, app, bot_user, bot, scopes, token, installed_by, "
                "installed_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*row, it.installed_by, it.installed_at),
            )
            record(tx, it.workspace, it.installed_at, it.installed_by, "installed")

        await self._database.write(work)
        self._changed()

    async def find(self, workspace: Workspace) -> Installation | None:
        """Return the installation whose token is used in the workspace.

        The team's own installation comes first, then its organisation's. Raises `SecretError`.
        """
        known = self._known.get(workspace)
        if known is not None and self._clock() - known[0] < FRESH_SECONDS:
            self._known.move_to_end(workspace)
            return known[1]
        changes, now = self._changes, self._clock()
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM installations WHERE enterprise = ? AND team IN (?, '') ORDER BY "
                "team = '' LIMIT 1",
                workspace,
            ).fetchall()
        )
        # Outside an organisation, a row without a team is no installation.
        found = [self._read(row) for row in rows if row["team"] or row["enterprise"]]
        # After a change, the row that was read may be older than the one that is stored now.
        if found and changes == self._changes:
            self._remember(workspace, now, found[0])
        return found[0] if found else None

    async def all(self) -> list[Installation]:
        """Return all installations. Raises `SecretError`."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM installations ORDER BY enterprise, team"
            ).fetchall()
        )
        return [self._read(row) for row in rows]

    async def any(self) -> bool:
        """Return whether there is an installation. Decrypts nothing."""
        return bool(
            await self._database.read(
                lambda db: db.execute("SELECT 1 FROM installations LIMIT 1").fetchall()
            )
        )

    async def remove(self, workspace: Workspace) -> None:
        """Remove the row of exactly this workspace; with an empty team, the organisation's row."""
        await self._database.write(
            lambda db: db.execute(
                "DELETE FROM installations WHERE (enterprise, team) = (?, ?)", workspace
            )
        )
        self._changed()

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the installations used in these workspaces, whose rows were removed."""
        self._changes += 1
        for workspace in [it for it in self._known if it in scope]:
            del self._known[workspace]

    def _changed(self) -> None:
        """Forget everything in memory after a row changed, and erase the old row's token.

        An organisation's row is remembered for each of its teams.
        """
        self._changes += 1
        self._known.clear()
        self._database.erase_soon()

    def _remember(self, workspace: Workspace, now: float, installation: Installation) -> None:
        self._known[workspace] = (now, installation)
        self._known.move_to_end(workspace)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)

    def _read(self, row: sqlite3.Row) -> Installation:
        workspace = Workspace(row["enterprise"], row["team"])
        return Installation(
            workspace=workspace,
            name=row["name"],
            app=row["app"],
            bot_user=row["bot_user"],
            bot=row["bot"],
            scopes=tuple(row["scopes"].split()),
            installed_by=row["installed_by"],
            installed_at=row["installed_at"],
            token=self._secret_box.open((*workspace, SLACK), row["token"])["token"],
        )


def installed_at(tx: sqlite3.Connection, workspace: Workspace) -> float:
    """Return when this very row was installed, in epoch seconds; 0 where there is no such row."""
    sql = "SELECT installed_at FROM installations WHERE (enterprise, team) = (?, ?)"
    row = tx.execute(sql, workspace).fetchone()
    return 0.0 if row is None else float(row[0])


def teams_of(tx: sqlite3.Connection, enterprise: str) -> frozenset[str]:
    """Return the teams of the organisation that have installations of their own."""
    sql = "SELECT team FROM installations WHERE enterprise = ? AND team != ''"
    return frozenset(row[0] for row in tx.execute(sql, (enterprise,)))


def remove_earlier(tx: sqlite3.Connection, workspace: Workspace, before: float) -> bool:
    """Remove this very row if it was installed before that moment; whether it was removed."""
    sql = "DELETE FROM installations WHERE (enterprise, team) = (?, ?) AND installed_at < ?"
    return tx.execute(sql, (*workspace, before)).rowcount == 1


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the installations of these workspaces."""
    tx.execute(f"DELETE FROM installations WHERE {scope.condition}", scope.values)


SECRETS = SecretColumn(
    kind="installation",
    select=(
        f"SELECT enterprise, team, '{SLACK}', token FROM installations"
        f" WHERE (enterprise, team, '{SLACK}') > (?, ?, ?) ORDER BY enterprise, team LIMIT ?"
    ),
    replace=(
        "UPDATE installations SET token = ?"
        f" WHERE (enterprise, team, '{SLACK}', token) = (?, ?, ?, ?)"
    ),
    remove=f"DELETE FROM installations WHERE (enterprise, team, '{SLACK}', token) = (?, ?, ?, ?)",
    exists="SELECT 1 FROM installations LIMIT 1",
)
"""The tokens of the installations."""
