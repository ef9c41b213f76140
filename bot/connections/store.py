"""Which vendors a workspace is connected to, and with what credentials."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.adapters.base import Rights
from bot.connections.setup_links import SetupLink, use_up
from bot.errors import SecretError
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import ConnectionKey, Workspace


@dataclass(frozen=True, slots=True)
class Connection:
    """One workspace's way to one vendor. `broken` says why it does not work, empty while it does;
    times are epoch seconds, `checked_at` 0 while the vendor was never asked. `connected_by` is the
    Slack user id of the admin who did it, empty for an operator at the command line."""

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


OnAccepted = Callable[[sqlite3.Connection, ConnectionKey, str, float, bool], None]
"""Called in the transaction that notes that the vendor accepts a connection's credentials, with that
transaction, the connection's key and account, the time, and whether the credentials may do more
than before: only then something that the vendor did not allow (403) is worth another try."""
OnRemoved = Callable[[sqlite3.Connection, ConnectionKey, float], None]
"""Called in the transaction that removes a connection, with the connection's key and the time."""


class Connections:
    """The connections of all workspaces.

    `on_gone` is called once a connection was removed here, or belongs to another account.
    `on_accepted` and `on_removed` are for what lies above this package and has rows of its own that
    change in the same transaction.
    """

    def __init__(
        self,
        database: Database,
        secret_box: SecretBox,
        clock: Callable[[], float] = time.time,
        *,
        on_gone: Callable[[ConnectionKey], None] = lambda connection_key: None,
        on_accepted: OnAccepted = lambda tx, connection_key, account, now, rights: None,
        on_removed: OnRemoved = lambda tx, connection_key, now: None,
    ) -> None:
        self._database = database
        self._secret_box = secret_box
        self._clock = clock
        self._on_gone = on_gone
        self._on_accepted = on_accepted
        self._on_removed = on_removed

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
        """Connect, or replace the connection. What waited for an admin to reconnect this same
        account becomes due. `checked`: the vendor accepts the credentials; else it was not asked.

        A `link` is used up by it; False, and nothing is saved, when that link is no longer good.
        The lists of another account go with its connection; those of the same one stay until they
        are fetched anew.
        """
        now = self._clock()
        sealed = self._secret_box.seal((*workspace, vendor), secret)
        may = (rights or Rights()).model_dump_json()
        row = (
            *workspace,
            vendor,
            account,
            account_name,
            sealed,
            now,
            now if checked else 0.0,
            connected_by,
            may,
        )

        def work(db: sqlite3.Connection) -> tuple[bool, bool]:
            if link is not None and not use_up(db, link, workspace, vendor, now):
                return False, False
            others = db.execute(
                "DELETE FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?) AND account "
                "!= ?",
                (*workspace, vendor, account),
            ).rowcount
            db.execute(
                "INSERT INTO connections (enterprise, team, vendor, account, account_name, secret, "
                "created_at, checked_at,"
                " connected_by, rights) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT "
                "(enterprise, team, vendor)"
                " DO UPDATE SET account_name = excluded.account_name, secret = excluded.secret, "
                "broken = '',"
                " created_at = excluded.created_at, checked_at = excluded.checked_at,"
                " connected_by = excluded.connected_by, rights = excluded.rights",
                row,
            )
            self._on_accepted(db, (workspace, vendor), account, now, True)
            return True, others > 0

        saved, gone = await self._database.write(work)
        if gone:
            self._on_gone((workspace, vendor))
        return saved

    async def confirm(self, connection: Connection, account_name: str, rights: Rights) -> None:
        """Note that the vendor accepts these credentials, and what they may do. What waited for
        that becomes due; nothing is noted about a connection that was replaced meanwhile."""
        now = self._clock()
        key = (*connection.workspace, connection.vendor)

        def work(db: sqlite3.Connection) -> None:
            noted = db.execute(
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
                self._on_accepted(db, connection_key, connection.account, now, True)

        await self._database.write(work)

    async def remove(
        self, workspace: Workspace, vendor: str, link: SetupLink | None = None
    ) -> bool:
        """Disconnect: the credentials and the lists go; what waits for the vendor stays, and is
        due, so that it says at once why it waits.

        A `link` is used up by it; False, and nothing is removed, when that link is no longer good.
        """
        now = self._clock()

        def work(db: sqlite3.Connection) -> bool:
            if link is not None and not use_up(db, link, workspace, vendor, now):
                return False
            db.execute(
                "DELETE FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)",
                (*workspace, vendor),
            )
            self._on_removed(db, (workspace, vendor), now)
            return True

        if removed := await self._database.write(work):
            self._on_gone((workspace, vendor))
        return removed

    async def get(self, workspace: Workspace, vendor: str) -> Connection | None:
        """The connection with its credentials, or None. Raises `SecretError` when they do not
        decrypt."""

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = db.execute(
                "SELECT * FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)",
                (*workspace, vendor),
            ).fetchone()
            return row

        row = await self._database.read(work)
        return None if row is None else _connection(row, self._secret(row))

    async def of(self, workspace: Workspace) -> list[Connection]:
        """All the workspace's connections. One whose credentials do not decrypt is `broken`, and
        comes without them."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM connections WHERE (enterprise, team) = (?, ?) ORDER BY vendor",
                tuple(workspace),
            ).fetchall()
        )
        return [self._readable(row) for row in rows]

    async def vendors(self, workspace: Workspace) -> set[str]:
        """The vendors that the workspace is connected to. Decrypts nothing."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT vendor FROM connections WHERE (enterprise, team) = (?, ?)", tuple(workspace)
            ).fetchall()
        )
        return {row[0] for row in rows}

    async def accounts(self) -> dict[tuple[Workspace, str], tuple[str, bool]]:
        """(account, whether it is broken or the vendor was never asked) of every connection, by
        workspace and vendor, for the background's rounds."""
        sql = "SELECT enterprise, team, vendor, account, broken != '' OR checked_at = 0 FROM connections"
        rows = await self._database.read(lambda db: db.execute(sql).fetchall())
        return {(Workspace(row[0], row[1]), row[2]): (row[3], bool(row[4])) for row in rows}

    async def mark(self, workspace: Workspace, vendor: str, broken: str) -> None:
        """Note that the vendor accepts the credentials (`broken` empty) or why it does not. What
        waited for that goes on; what the vendor did not allow (403) waits for `save`."""
        now = self._clock()

        def work(db: sqlite3.Connection) -> None:
            row = db.execute(
                "UPDATE connections SET broken = ?, checked_at = ? WHERE (enterprise, team, "
                "vendor) = (?, ?, ?)"
                " RETURNING account",
                (broken, now, *workspace, vendor),
            ).fetchone()
            if row is not None and not broken:
                self._on_accepted(db, (workspace, vendor), row["account"], now, False)

        await self._database.write(work)

    def _secret(self, row: sqlite3.Row) -> dict[str, str]:
        return self._secret_box.open((row["enterprise"], row["team"], row["vendor"]), row["secret"])

    def _readable(self, row: sqlite3.Row) -> Connection:
        try:
            return _connection(row, self._secret(row))
        except SecretError as error:
            return replace(_connection(row, {}), broken=str(error))


def exists(tx: sqlite3.Connection, workspace: Workspace, vendor: str) -> bool:
    """Return whether the workspace is connected to the vendor."""
    sql = "SELECT 1 FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)"
    return tx.execute(sql, (*workspace, vendor)).fetchone() is not None


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
