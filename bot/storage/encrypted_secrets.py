"""Everything that is stored encrypted, wherever it stands: tried, sealed anew under the first key,
removed.

These go through all workspaces, for the operator; no person's request comes here.
"""

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, TypeVar

from bot.errors import SecretError
from bot.storage.database import Database
from bot.storage.encryption import SLACK, SecretBox
from bot.workspace import Workspace

T = TypeVar("T")
AT_ONCE = 100
"""Rows. A long write would keep people waiting, and a long read those who read."""

Kind = Literal["connection", "installation"]


@dataclass(frozen=True, slots=True)
class _Place:
    """One column of ciphertexts, in a table with enterprise and team; `vendor` is the SQL of the
    owner's last part."""

    table: str
    column: str
    vendor: str


PLACES: dict[Kind, _Place] = {
    "connection": _Place("connections", "secret", "vendor"),
    "installation": _Place("installations", "token", f"'{SLACK}'"),
}
"""Every column that holds ciphertexts."""


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
        """As an operator knows it: "connection of T012AB3CD to acme"."""
        place = "/".join(filter(None, self.workspace))
        return (
            f"installation in {place}"
            if self.kind == "installation"
            else f"connection of {place} to {self.vendor}"
        )

    def problem(self, secret_box: SecretBox) -> str:
        """Why it does not open; empty when it does."""
        try:
            secret_box.check(self.owner, self.ciphertext)
        except SecretError as error:
            return str(error)
        return ""


@dataclass(slots=True)
class Tried:
    """How many there are, and those that do not open, each with the reason."""

    count: int = 0
    closed: list[tuple[EncryptedSecret, str]] = field(default_factory=list)


@dataclass(slots=True)
class Rotated:
    """How many of each kind were sealed anew, were under the first key already, changed too often
    meanwhile; and what does not open, each with the reason."""

    done: Counter[Kind] = field(default_factory=Counter)
    already: Counter[Kind] = field(default_factory=Counter)
    missed: Counter[Kind] = field(default_factory=Counter)
    closed: list[tuple[EncryptedSecret, str]] = field(default_factory=list)


async def everything(
    database: Database, act: Callable[[EncryptedSecret], T]
) -> AsyncIterator[list[tuple[EncryptedSecret, T]]]:
    """All of it, each with what `act` says of it on the reading thread, a chunk at a time."""
    for kind in PLACES:
        after = ("", "", "")
        while chunk := await database.read(partial(_after, kind=kind, owner=after, act=act)):
            yield chunk
            after = chunk[-1][0].owner


async def try_all(database: Database, secret_box: SecretBox) -> Tried:
    """Try every stored secret."""
    tried = Tried()
    async for chunk in everything(database, lambda it: it.problem(secret_box)):
        tried.count += len(chunk)
        tried.closed += [(it, problem) for it, problem in chunk if problem]
    return tried


async def rotate(database: Database, secret_box: SecretBox) -> Rotated:
    """Seal everything anew that another than the first key sealed. A running bot may write
    meanwhile: what has changed since it was read is read again, and its new ciphertext never
    overwritten."""
    first = await _rotate_once(database, secret_box)
    if not first.missed:
        return first
    second = await _rotate_once(database, secret_box)
    return Rotated(first.done + second.done, first.already, second.missed, second.closed)


async def remove(database: Database, those: Sequence[EncryptedSecret]) -> list[EncryptedSecret]:
    """Remove these; what was removed, which leaves out what changed meanwhile. A connection's lists
    go with it, its deliveries stay."""
    return [it for it in those if await database.write(partial(_remove, sealed=it))]


async def _rotate_once(database: Database, secret_box: SecretBox) -> Rotated:
    rotated = Rotated()
    async for chunk in everything(database, partial(_reseal, secret_box=secret_box)):
        rotated.closed += [(it, str(new)) for it, new in chunk if isinstance(new, SecretError)]
        opened = [(it, new) for it, new in chunk if isinstance(new, str)]
        old = [(it, new) for it, new in opened if new != it.ciphertext]
        rotated.already.update(it.kind for it, new in opened if new == it.ciphertext)
        for (it, _), replaced in zip(
            old, await database.write(partial(_replace, pairs=old)), strict=True
        ):
            (rotated.done if replaced else rotated.missed)[it.kind] += 1
    return rotated


def _reseal(sealed: EncryptedSecret, secret_box: SecretBox) -> str | SecretError:
    try:
        return secret_box.reseal(sealed.owner, sealed.ciphertext)
    except SecretError as error:
        return error


def _after(
    db: sqlite3.Connection,
    *,
    kind: Kind,
    owner: tuple[str, str, str],
    act: Callable[[EncryptedSecret], T],
) -> list[tuple[EncryptedSecret, T]]:
    place = PLACES[kind]
    rows = db.execute(
        f"SELECT enterprise, team, {place.vendor}, {place.column} FROM "
        f"{place.table}"
        f" WHERE (enterprise, team, {place.vendor}) > (?, ?, ?) ORDER BY 1, 2, 3 LIMIT ?",
        (*owner, AT_ONCE),
    ).fetchall()
    found = [EncryptedSecret(kind, Workspace(row[0], row[1]), row[2], row[3]) for row in rows]
    return [(it, act(it)) for it in found]


def _replace(db: sqlite3.Connection, *, pairs: Sequence[tuple[EncryptedSecret, str]]) -> list[bool]:
    """Which of them still stood as they were read, and now stand anew."""
    return [
        db.execute(_sql("UPDATE {table} SET {column} = ?", it), (new, *_at(it))).rowcount == 1
        for it, new in pairs
    ]


def _remove(db: sqlite3.Connection, *, sealed: EncryptedSecret) -> bool:
    return db.execute(_sql("DELETE FROM {table}", sealed), _at(sealed)).rowcount == 1


def _sql(change: str, sealed: EncryptedSecret) -> str:
    """The change of the row as it was read: found by its key and its ciphertext, for which `_at`
    has the values."""
    place = PLACES[sealed.kind]
    where = " WHERE (enterprise, team, {vendor}, {column}) = (?, ?, ?, ?)"
    return (change + where).format(table=place.table, column=place.column, vendor=place.vendor)


def _at(sealed: EncryptedSecret) -> tuple[str, str, str, str]:
    return (*sealed.owner, sealed.ciphertext)
