"""The vendors that a workspace is connected to, and the credentials for them."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.adapters.credentials import Rights
from bot.connections.setup_links import SetupLink, use_up
from bot.errors import SecretError
from bot.storage.audit import OPERATOR, Action, record
from bot.storage.database import Database
from bot.storage.encrypted_secrets import SecretColumn
from bot.storage.encryption import SecretBox
from bot.workspace import ConnectionKey, Scope, Workspace


@dataclass(frozen=True, slots=True)
class Connection:
    """The connection of a workspace to a vendor.

    `broken` says why the connection does not work, and is empty while it works. Times are epoch
    seconds; `checked_at` is 0 until the vendor was asked. `connected_by` is the Slack user id of
    the admin who connected the vendor, and is empty if an operator did it at the command line.
    """

    workspace: Workspace
    vendor: str
    account: str
    account_name: str
    broken: str
    checked_at: float
    secret: Mapping[str, str] = field(repr=False)
    connected_at: float = 0.0
    connected_by: str = ""
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True)
class Hooks:
    """Functions that run inside the transaction that changes a connection, for the owners of
    deliveries and catalogs, which lie above this package.

    The arguments begin with that transaction and the connection's key; times are epoch seconds.

    `accepted` (account, time, more rights?): the vendor accepts the credentials. Only if they may
    do more than before, it is worth trying again what the vendor did not allow (403).
    `refused` (time): the vendor does not accept them.
    `removed` (time): the connection is removed.
    """

    accepted: Callable[[sqlite3.Connection, ConnectionKey, str, float, bool], None]
    refused: Callable[[sqlite3.Connection, ConnectionKey, float], None]
    removed: Callable[[sqlite3.Connection, ConnectionKey, float], None]


class Connections:
    """The connections of all workspaces.

    `on_gone` is called once a connection was removed here or belongs to another account.
    """

    def __init__(
        self,
        database: Database,
        secret_box: SecretBox,
        clock: Callable[[], float] = time.time,
        *,
        hooks: Hooks,
        on_gone: Callable[[ConnectionKey], None] = lambda connection_key: None,
    ) -> None:
        self._database = database
        self._secret_box = secret_box
        self._clock = clock
        self._on_gone = on_gone
        self._hooks = hooks

    async def save(
        self,
        workspace: Workspace,
        vendor: str,
        *,
        account: str,
        account_name: str,
        secret: Mapping[str, str],
        connected_by: str = "",
        rights: Rights | None = None,
        link: SetupLink | None = None,
        checked: bool = True,
    ) -> bool:
        """Connect the vendor, or replace the connection. Deliveries that waited for this account
        become due.

        `checked` says that the vendor accepts the credentials; else it was not asked. A `link` is
        used up; the result is False, and nothing is saved, if the link does not work any more. The
        lists of another account are removed with its connection. The lists of the same account stay
        until they are fetched again.
        """
        now = self._clock()
        row = {
            **workspace._asdict(),
            "vendor": vendor,
            "account": account,
            "account_name": account_name,
            "secret": self._secret_box.seal((*workspace, vendor), secret),
            "now": now,
            "checked_at": now if checked else 0.0,
            "connected_by": connected_by,
            "rights": (rights or Rights()).model_dump_json(),
        }

        def work(tx: sqlite3.Connection) -> tuple[bool, str | None]:
            if link is not None and not use_up(tx, link, workspace, vendor, now):
                return False, None
            earlier = _account(tx, workspace, vendor)
            if earlier not in (None, account):
                _delete(tx, workspace, vendor)
            tx.execute(_SAVE, row)
            action: Action = "connected" if earlier is None else "replaced"
            actor = connected_by or OPERATOR
            record(tx, workspace, now, actor, action, vendor, account=account_name)
            self._hooks.accepted(tx, (workspace, vendor), account, now, True)
            return True, earlier

        saved, earlier = await self._database.write(work)
        if earlier is not None:
            self._database.erase_soon()
        if earlier not in (None, account):
            self._on_gone((workspace, vendor))
        return saved

    async def confirm(self, connection: Connection, account_name: str, rights: Rights) -> None:
        """Note that the vendor accepts these credentials, and what they may do. Deliveries that
        waited for that become due. Nothing is noted if the connection was replaced meanwhile."""
        now = self._clock()
        key = (*connection.workspace, connection.vendor)

        def work(tx: sqlite3.Connection) -> None:
            noted = tx.execute(
                "UPDATE connections SET account_name = ?, rights = ?, broken = '', checked_at = ?"
                " WHERE (enterprise, team, vendor, account, created_at) = (?, ?, ?, ?, ?)",
                (
                    account_name,
                    rights.model_dump_json(),
                    now,
                    *key,
                    connection.account,
                    connection.connected_at,
                ),
            )
            if noted.rowcount:
                connection_key = (connection.workspace, connection.vendor)
                self._hooks.accepted(tx, connection_key, connection.account, now, True)

        await self._database.write(work)

    async def remove(
        self, workspace: Workspace, vendor: str, link: SetupLink | None = None
    ) -> bool:
        """Disconnect the vendor: remove the credentials and the lists.

        The deliveries that wait for the vendor stay. They become due, so that their cards say at
        once why they wait. A `link` is used up; the result is False, and nothing is removed, if the
        link does not work any more.
        """
        now = self._clock()

        def work(tx: sqlite3.Connection) -> bool:
            if link is not None and not use_up(tx, link, workspace, vendor, now):
                return False
            if _delete(tx, workspace, vendor):
                actor = link.actor if link else OPERATOR
                record(tx, workspace, now, actor, "disconnected", vendor)
            self._hooks.removed(tx, (workspace, vendor), now)
            return True

        if removed := await self._database.write(work):
            self._database.erase_soon()
            self._on_gone((workspace, vendor))
        return removed

    async def get(self, workspace: Workspace, vendor: str) -> Connection | None:
        """Return the connection with its credentials, or None. Raises `SecretError` if the
        credentials do not open."""

        def work(tx: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = tx.execute(
                "SELECT * FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)",
                (*workspace, vendor),
            ).fetchone()
            return row

        row = await self._database.read(work)
        return None if row is None else _connection(row, self._secret(row))

    async def of(self, workspace: Workspace) -> list[Connection]:
        """Return the workspace's connections. A connection whose credentials do not open is
        `broken` and has no credentials."""
        rows = await self._database.read(
            lambda tx: tx.execute(
                "SELECT * FROM connections WHERE (enterprise, team) = (?, ?) ORDER BY vendor",
                tuple(workspace),
            ).fetchall()
        )
        return [self._readable(row) for row in rows]

    async def vendors(self, workspace: Workspace) -> set[str]:
        """Return the vendors that the workspace is connected to, without opening any
        credentials."""
        rows = await self._database.read(
            lambda tx: tx.execute(
                "SELECT vendor FROM connections WHERE (enterprise, team) = (?, ?)", tuple(workspace)
            ).fetchall()
        )
        return {row[0] for row in rows}

    async def accounts(self) -> dict[tuple[Workspace, str], tuple[str, bool]]:
        """Return (account, unsure) of every connection, by its key. A connection is unsure if it is
        broken, or if the vendor was never asked about it."""
        sql = (
            "SELECT enterprise, team, vendor, account, broken != '' OR checked_at = 0"
            " FROM connections"
        )
        rows = await self._database.read(lambda tx: tx.execute(sql).fetchall())
        return {(Workspace(row[0], row[1]), row[2]): (row[3], bool(row[4])) for row in rows}

    async def mark(self, workspace: Workspace, vendor: str, broken: str) -> None:
        """Note why the vendor does not accept the credentials; an empty `broken` notes that it
        does.

        Deliveries that were refused for the credentials go on then. Deliveries that the vendor did
        not allow (403) wait until an admin reconnects.
        """
        now = self._clock()

        def work(tx: sqlite3.Connection) -> None:
            row = tx.execute(
                "UPDATE connections SET broken = ?, checked_at = ? WHERE (enterprise, team, "
                "vendor) = (?, ?, ?)"
                " RETURNING account",
                (broken, now, *workspace, vendor),
            ).fetchone()
            if row is not None and broken:
                self._hooks.refused(tx, (workspace, vendor), now)
            elif row is not None:
                self._hooks.accepted(tx, (workspace, vendor), row["account"], now, False)

        await self._database.write(work)

    def _secret(self, row: sqlite3.Row) -> dict[str, str]:
        return self._secret_box.open((row["enterprise"], row["team"], row["vendor"]), row["secret"])

    def _readable(self, row: sqlite3.Row) -> Connection:
        try:
            return _connection(row, self._secret(row))
        except SecretError as error:
            return replace(_connection(row, {}), broken=str(error))


def exists(
    tx: sqlite3.Connection, workspace: Workspace, vendor: str, account: str | None = None
) -> bool:
    """Return whether the workspace is connected to the vendor; to that account, if one is given."""
    connected = _account(tx, workspace, vendor)
    return connected is not None and account in (None, connected)


_SAVE = (
    "INSERT INTO connections (enterprise, team, vendor, account, account_name, secret, created_at,"
    " checked_at, connected_by, rights) VALUES (:enterprise, :team, :vendor, :account,"
    " :account_name, :secret, :now, :checked_at, :connected_by, :rights)"
    " ON CONFLICT (enterprise, team, vendor) DO UPDATE SET account_name = excluded.account_name,"
    " secret = excluded.secret, broken = '', created_at = excluded.created_at,"
    " checked_at = excluded.checked_at, connected_by = excluded.connected_by,"
    " rights = excluded.rights"
)


def _account(tx: sqlite3.Connection, workspace: Workspace, vendor: str) -> str | None:
    sql = "SELECT account FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)"
    row = tx.execute(sql, (*workspace, vendor)).fetchone()
    return None if row is None else str(row[0])


def _delete(tx: sqlite3.Connection, workspace: Workspace, vendor: str) -> bool:
    """Remove the connection, and with it its lists; return whether there was one."""
    sql = "DELETE FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)"
    return tx.execute(sql, (*workspace, vendor)).rowcount == 1


SECRETS = SecretColumn(
    kind="connection",
    select=(
        "SELECT enterprise, team, vendor, secret FROM connections"
        " WHERE (enterprise, team, vendor) > (?, ?, ?) ORDER BY enterprise, team, vendor LIMIT ?"
    ),
    replace=(
        "UPDATE connections SET secret = ? WHERE (enterprise, team, vendor, secret) = (?, ?, ?, ?)"
    ),
    remove="DELETE FROM connections WHERE (enterprise, team, vendor, secret) = (?, ?, ?, ?)",
    exists="SELECT 1 FROM connections LIMIT 1",
)
"""The credentials of the connections."""


def forget(tx: sqlite3.Connection, scope: Scope) -> None:
    """Remove the connections of these workspaces. Their catalogs go with them, by foreign key."""
    tx.execute(f"DELETE FROM connections WHERE {scope.condition}", scope.values)


def _connection(row: sqlite3.Row, secret: Mapping[str, str]) -> Connection:
    return Connection(
        workspace=Workspace(row["enterprise"], row["team"]),
        vendor=row["vendor"],
        account=row["account"],
        account_name=row["account_name"],
        broken=row["broken"],
        checked_at=row["checked_at"],
        secret=secret,
        connected_at=row["created_at"],
        connected_by=row["connected_by"],
        rights=Rights.model_validate_json(row["rights"]),
    )
