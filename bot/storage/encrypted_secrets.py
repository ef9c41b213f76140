"""All stored secrets: try them, encrypt them again with the first key, remove them.

The owner of each table describes its column of ciphertexts as a `SecretColumn`; `bot.stores` has
the list. Everything here goes through all workspaces, for the operator. No request of a person
leads here.
"""

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from bot.errors import SecretError
from bot.storage import audit
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import Workspace

T = TypeVar("T")
Run = Callable[[Callable[[sqlite3.Connection], Any]], Awaitable[Any]]
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

    `done` were encrypted again. `already` were encrypted with the first key before.
    """

    done: Counter[Kind] = field(default_factory=Counter)
    already: Counter[Kind] = field(default_factory=Counter)
    closed: list[tuple[EncryptedSecret, str]] = field(default_factory=list)


class EncryptedSecrets:
    """All secrets of one database, in these columns."""

    def __init__(self, database: Database, columns: Sequence[SecretColumn]) -> None:
        self._database = database
        self._columns = {column.kind: column for column in columns}

    async def any(self) -> bool:
        """Return whether there is any secret."""
        columns = self._columns.values()
        return await self._database.read(
            lambda tx: any(_has_rows(tx, column) for column in columns)
        )

    async def everything(
        self, act: Callable[[EncryptedSecret], T], *, some: bool = False
    ) -> AsyncIterator[list[tuple[EncryptedSecret, T]]]:
        """Yield all secrets in chunks, or only `some`: the first chunk of each kind. Each secret
        comes with the result of `act`, which runs on the reading thread."""
        async for chunk in self._chunks(
            self._database.read, lambda _, secret: act(secret), some=some
        ):
            yield chunk

    async def try_all(self, secret_box: SecretBox) -> Tried:
        """Try every stored secret."""
        return await self._try(secret_box, some=False)

    async def try_some(self, secret_box: SecretBox) -> Tried:
        """Try the first `AT_ONCE` secrets of each kind, however many there are."""
        return await self._try(secret_box, some=True)

    async def _try(self, secret_box: SecretBox, *, some: bool) -> Tried:
        tried = Tried()
        async for chunk in self.everything(lambda secret: secret.problem(secret_box), some=some):
            tried.count += len(chunk)
            tried.closed += [(secret, problem) for secret, problem in chunk if problem]
        return tried

    async def rotate(self, secret_box: SecretBox) -> Rotated:
        """Encrypt every secret with the first key.

        A running bot may write meanwhile: each chunk is read and written in one transaction.
        """
        rotated = Rotated()
        reseal = partial(self._reseal, secret_box=secret_box)
        async for chunk in self._chunks(self._database.write, reseal):
            for secret, changed in chunk:
                if isinstance(changed, SecretError):
                    rotated.closed.append((secret, str(changed)))
                else:
                    (rotated.done if changed else rotated.already)[secret.kind] += 1
            if any(changed is True for _, changed in chunk):
                self._database.erase_soon()
        return rotated

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

    async def _chunks(
        self,
        run: Run,
        act: Callable[[sqlite3.Connection, EncryptedSecret], T],
        *,
        some: bool = False,
    ) -> AsyncIterator[list[tuple[EncryptedSecret, T]]]:
        """Yield what `everything` does.

        `run` is the database's `read` or `write`. A chunk is one call of it.
        """
        for column in self._columns.values():
            after = ("", "", "")
            while chunk := await run(partial(_act_on_rows, column=column, after=after, act=act)):
                yield chunk
                after = chunk[-1][0].owner
                if some:
                    break

    def _reseal(
        self, tx: sqlite3.Connection, secret: EncryptedSecret, *, secret_box: SecretBox
    ) -> bool | SecretError:
        """Encrypt one secret with the first key, and return whether that changed it."""
        try:
            new = secret_box.reseal(secret.owner, secret.ciphertext)
        except SecretError as error:
            return error
        if new != secret.ciphertext:
            sql = self._columns[secret.kind].replace
            tx.execute(sql, (new, *secret.owner, secret.ciphertext))
        return new != secret.ciphertext

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


def _act_on_rows(
    tx: sqlite3.Connection,
    *,
    column: SecretColumn,
    after: tuple[str, str, str],
    act: Callable[[sqlite3.Connection, EncryptedSecret], T],
) -> list[tuple[EncryptedSecret, T]]:
    rows = tx.execute(column.select, (*after, AT_ONCE)).fetchall()
    found = [
        EncryptedSecret(column.kind, Workspace(enterprise, team), vendor, ciphertext)
        for enterprise, team, vendor, ciphertext in rows
    ]
    return [(secret, act(tx, secret)) for secret in found]
