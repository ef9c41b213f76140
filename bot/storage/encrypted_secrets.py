"""All stored secrets: try them, encrypt them again with the first key, remove them.

The owner of each table describes its column of ciphertexts as a `SecretColumn`; `bot.stores` has
the list. Everything here goes through all workspaces, for the operator. No request of a person
leads here.
"""

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, TypeVar

from bot.errors import SecretError
from bot.storage import audit
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import Workspace

T = TypeVar("T")
AT_ONCE = 100
"""The number of rows in a chunk. A longer read or write would make people wait."""

Kind = Literal["connection", "installation"]


@dataclass(frozen=True, slots=True)
class SecretColumn:
    """A column of ciphertexts, in the SQL of its owner. `row` is (enterprise, team, vendor).

    `select`: (row, limit) -> the rows after that one, in order: enterprise, team, vendor,
    ciphertext. `replace`: (new ciphertext, row, ciphertext) changes the row if it still holds that
    ciphertext. `remove`: (row, ciphertext) removes it if so. `exists`: one row if the table has
    any.
    """

    kind: Kind
    select: str
    replace: str
    remove: str
    exists: str


@dataclass(frozen=True, slots=True)
class EncryptedSecret:
    """One stored secret; `vendor` is SLACK for an installation."""

    kind: Kind
    workspace: Workspace
    vendor: str
    ciphertext: str = field(repr=False)

    @property
    def owner(self) -> tuple[str, str, str]:
        return (*self.workspace, self.vendor)

    @property
    def name(self) -> str:
        """The name for an operator: "connection of T012AB3CD to acme"."""
        place = "/".join(filter(None, self.workspace))
        return (
            f"installation in {place}"
            if self.kind == "installation"
            else f"connection of {place} to {self.vendor}"
        )

    def problem(self, secret_box: SecretBox) -> str:
        """Return why the secret does not open; empty if it does."""
        try:
            secret_box.open(self.owner, self.ciphertext)
        except SecretError as error:
            return str(error)
        return ""


@dataclass(slots=True)
class Tried:
    """The number of secrets, and the secrets that do not open, each with the reason."""

    count: int = 0
    closed: list[tuple[EncryptedSecret, str]] = field(default_factory=list)


@dataclass(slots=True)
class Rotated:
    """Counts by kind, and the secrets that do not open (`closed`), each with the reason.

    `done` were encrypted again. `already` were encrypted with the first key before. `missed`
    changed too often meanwhile.
    """

    done: Counter[Kind] = field(default_factory=Counter)
    already: Counter[Kind] = field(default_factory=Counter)
    missed: Counter[Kind] = field(default_factory=Counter)
    closed: list[tuple[EncryptedSecret, str]] = field(default_factory=list)


class EncryptedSecrets:
    """All secrets of one database, in these columns."""

    def __init__(self, database: Database, columns: Sequence[SecretColumn]) -> None:
        self._database = database
        self._columns = {column.kind: column for column in columns}

    async def any(self) -> bool:
        """Return whether there is any secret."""
        columns = self._columns.values()
        return await self._database.read(lambda tx: any(_has_rows(tx, it) for it in columns))

    async def everything(
        self, act: Callable[[EncryptedSecret], T]
    ) -> AsyncIterator[list[tuple[EncryptedSecret, T]]]:
        """Yield all secrets in chunks, each with the result of `act`, which runs on the reading
        thread."""
        for column in self._columns.values():
            after = ("", "", "")
            while chunk := await self._database.read(
                partial(_after, column=column, row=after, act=act)
            ):
                yield chunk
                after = chunk[-1][0].owner

    async def try_all(self, secret_box: SecretBox) -> Tried:
        """Try every stored secret."""
        tried = Tried()
        async for chunk in self.everything(lambda it: it.problem(secret_box)):
            tried.count += len(chunk)
            tried.closed += [(it, problem) for it, problem in chunk if problem]
        return tried

    async def rotate(self, secret_box: SecretBox) -> Rotated:
        """Encrypt every secret with the first key.

        A running bot may write meanwhile. A secret that changed since it was read is read again;
        its new ciphertext is never overwritten.
        """
        first = await self._rotate_once(secret_box)
        if not first.missed:
            return first
        second = await self._rotate_once(secret_box)
        return Rotated(first.done + second.done, first.already, second.missed, second.closed)

    async def remove(self, secrets: Sequence[EncryptedSecret]) -> list[EncryptedSecret]:
        """Remove these secrets with their rows, and return the removed ones. A secret that changed
        meanwhile stays. The lists of a connection go with it; its deliveries stay."""
        removed = [
            secret
            for secret in secrets
            if await self._database.write(partial(self._remove, secret=secret))
        ]
        self._database.erase_soon()
        return removed

    async def _rotate_once(self, secret_box: SecretBox) -> Rotated:
        rotated = Rotated()
        async for chunk in self.everything(partial(_reseal, secret_box=secret_box)):
            rotated.closed += [(it, str(new)) for it, new in chunk if isinstance(new, SecretError)]
            opened = [(it, new) for it, new in chunk if isinstance(new, str)]
            old = [(it, new) for it, new in opened if new != it.ciphertext]
            rotated.already.update(it.kind for it, new in opened if new == it.ciphertext)
            replaced = await self._database.write(partial(self._replace, pairs=old))
            if old:
                self._database.erase_soon()
            for (it, _), done in zip(old, replaced, strict=True):
                (rotated.done if done else rotated.missed)[it.kind] += 1
        return rotated

    def _replace(
        self, tx: sqlite3.Connection, *, pairs: Sequence[tuple[EncryptedSecret, str]]
    ) -> list[bool]:
        """Write the new ciphertexts, and return for each whether its row was still unchanged."""
        return [
            tx.execute(self._columns[it.kind].replace, (new, *it.owner, it.ciphertext)).rowcount
            == 1
            for it, new in pairs
        ]

    def _remove(self, tx: sqlite3.Connection, *, secret: EncryptedSecret) -> bool:
        sql = self._columns[secret.kind].remove
        if tx.execute(sql, (*secret.owner, secret.ciphertext)).rowcount != 1:
            return False
        subject = "" if secret.kind == "installation" else secret.vendor
        audit.record(tx, secret.workspace, time.time(), audit.OPERATOR, "lost", subject)
        return True


def holds_secrets(database: Path, columns: Sequence[SecretColumn]) -> bool:
    """Return whether the file holds any secret. A file that is no database, or is not there yet,
    holds none."""
    if not database.exists():
        return False
    uri = f"{database.absolute().as_uri()}?mode=rw"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            return any(_has_rows(db, column) for column in columns)
    except sqlite3.DatabaseError:  # `Database.open` says what is wrong with the file
        return False


def _has_rows(db: sqlite3.Connection, column: SecretColumn) -> bool:
    try:
        return db.execute(column.exists).fetchone() is not None
    except sqlite3.OperationalError:  # the file is older than this table
        return False


def _reseal(sealed: EncryptedSecret, secret_box: SecretBox) -> str | SecretError:
    try:
        return secret_box.reseal(sealed.owner, sealed.ciphertext)
    except SecretError as error:
        return error


def _after(
    tx: sqlite3.Connection,
    *,
    column: SecretColumn,
    row: tuple[str, str, str],
    act: Callable[[EncryptedSecret], T],
) -> list[tuple[EncryptedSecret, T]]:
    rows = tx.execute(column.select, (*row, AT_ONCE)).fetchall()
    found = [
        EncryptedSecret(column.kind, Workspace(enterprise, team), vendor, ciphertext)
        for enterprise, team, vendor, ciphertext in rows
    ]
    return [(it, act(it)) for it in found]
