"""Which vendors a workspace is connected to, and with what credentials."""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.errors import SecretError
from bot.storage import Workspace
from bot.storage.database import Database
from bot.storage.secrets import Vault


@dataclass(frozen=True, slots=True)
class Connection:
    """One workspace's way to one vendor. `broken` says why it does not work, empty while it does; times are epoch seconds."""

    workspace: Workspace
    vendor: str
    account: str
    account_name: str
    broken: str
    checked_at: float
    secret: Mapping[str, str] = field(repr=False)


class Connections:
    def __init__(self, database: Database, vault: Vault, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    async def save(
        self, workspace: Workspace, vendor: str, *, account: str, account_name: str, secret: Mapping[str, str]
    ) -> None:
        """Connect, or replace the connection. What waited for an admin to reconnect this same account becomes due."""
        now = self._clock()
        sealed = self._vault.seal((*workspace, vendor), secret)

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)", (*workspace, vendor))
            db.execute(
                "INSERT INTO connections (enterprise, team, vendor, account, account_name, secret, created_at, checked_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (*workspace, vendor, account, account_name, sealed, now, now),
            )
            _requeue(db, workspace, vendor, account, now, "unauthorized", "forbidden", "disconnected")

        await self._database.write(work)

    async def get(self, workspace: Workspace, vendor: str) -> Connection | None:
        """The connection with its credentials, or None. Raises `SecretError` when they do not decrypt."""

        def work(db: sqlite3.Connection) -> sqlite3.Row | None:
            row: sqlite3.Row | None = db.execute(
                "SELECT * FROM connections WHERE (enterprise, team, vendor) = (?, ?, ?)", (*workspace, vendor)
            ).fetchone()
            return row

        row = await self._database.read(work)
        return None if row is None else _connection(row, self._secret(row))

    async def of(self, workspace: Workspace) -> list[Connection]:
        """All the workspace's connections. One whose credentials do not decrypt is `broken`, and comes without them."""
        rows = await self._database.read(
            lambda db: db.execute(
                "SELECT * FROM connections WHERE (enterprise, team) = (?, ?) ORDER BY vendor", tuple(workspace)
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
        """(account, broken) of every connection, by workspace and vendor, for the background's rounds."""
        rows = await self._database.read(
            lambda db: db.execute("SELECT enterprise, team, vendor, account, broken FROM connections").fetchall()
        )
        return {(Workspace(row[0], row[1]), row[2]): (row[3], bool(row[4])) for row in rows}

    async def mark(self, workspace: Workspace, vendor: str, broken: str) -> None:
        """Note that the vendor accepts the credentials (`broken` empty) or why it does not. What waited for that goes on;
        what the vendor did not allow (403) waits for `save`."""
        now = self._clock()

        def work(db: sqlite3.Connection) -> None:
            row = db.execute(
                "UPDATE connections SET broken = ?, checked_at = ? WHERE (enterprise, team, vendor) = (?, ?, ?)"
                " RETURNING account",
                (broken, now, *workspace, vendor),
            ).fetchone()
            if row is not None and not broken:
                _requeue(db, workspace, vendor, row["account"], now, "unauthorized")

        await self._database.write(work)

    def _secret(self, row: sqlite3.Row) -> dict[str, str]:
        return self._vault.open((row["enterprise"], row["team"], row["vendor"]), row["secret"])

    def _readable(self, row: sqlite3.Row) -> Connection:
        try:
            return _connection(row, self._secret(row))
        except SecretError as error:
            return replace(_connection(row, {}), broken=str(error))


def _connection(row: sqlite3.Row, secret: Mapping[str, str]) -> Connection:
    return Connection(
        workspace=Workspace(row["enterprise"], row["team"]),
        vendor=row["vendor"],
        account=row["account"],
        account_name=row["account_name"],
        broken=row["broken"],
        checked_at=row["checked_at"],
        secret=secret,
    )


def _requeue(
    db: sqlite3.Connection, workspace: Workspace, vendor: str, account: str, now: float, *reasons: str
) -> None:
    # What is past its time is no news any more: a person decides about it.
    db.execute(
        "UPDATE deliveries SET state = 'queued', reason = 'reconnected', due_at = ?, version = version + 1,"
        " changed_at = ?, changed_by = ''"
        " WHERE state = 'failed' AND (enterprise, team, vendor, account) = (?, ?, ?, ?) AND give_up_at > ?"
        " AND reason IN (SELECT value FROM json_each(?))",
        (now, now, *workspace, vendor, account, now, json.dumps(reasons)),
    )
