"""Encryption of stored secrets.

Fernet has no associated data. So the owner of a secret is part of the plaintext, and is checked
when the secret is opened: a ciphertext that was copied to another row does not open there.
"""

import contextlib
import json
import os
import re
import shlex
import sys
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from bot.errors import SecretError, SettingError
from bot.workspace import RemembersWorkspaces, Workspace

VERSION = 1
VARIABLE = "RELAY_ENCRYPTION_KEYS"
SLACK = "slack"
"""The last part of the owner of an installation's token. The owner of a connection's credentials
has the vendor's name there, and no vendor has this name."""
MOST_KEPT = 256
"""The number of opened secrets that are kept in memory. They are there anyway while they are
used."""


class SecretBox(RemembersWorkspaces):
    """Encrypts with the first key and decrypts with any. `source` names the place of the keys for
    operators."""

    holds_tokens = True

    def __init__(self, keys: Sequence[bytes], source: str = VARIABLE) -> None:
        fernets = [Fernet(key) for key in keys]
        self.source = source
        self.keys = len(fernets)
        self._first = fernets[0] if fernets else None
        self._fernet = MultiFernet(fernets)
        self._opened: OrderedDict[str, Any] = OrderedDict()  # by ciphertext

    @classmethod
    def without_keys(cls) -> "SecretBox":
        """A box that opens nothing that is stored: its key is made up."""
        return cls([Fernet.generate_key()], "nowhere")

    def seal(self, owner: tuple[str, ...], secret: Mapping[str, str]) -> str:
        """Return the ciphertext of `secret`, bound to `owner`.

        The owner is (enterprise, team, vendor) for a connection and (enterprise, team, SLACK) for
        an installation.
        """
        plain = json.dumps({"v": VERSION, "owner": list(owner), "secret": dict(secret)})
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, owner: tuple[str, ...], ciphertext: str) -> dict[str, str]:
        """Return the secret that `seal` took. Raises `SecretError` if the ciphertext is damaged, or
        belongs to another owner or key."""
        if ciphertext in self._opened:
            self._opened.move_to_end(ciphertext)
            return _checked(self._opened[ciphertext], owner)
        plain = self._decrypt(ciphertext)
        secret = _checked(plain, owner)
        self._opened[ciphertext] = plain
        if len(self._opened) > MOST_KEPT:
            self._opened.popitem(last=False)
        return secret

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the opened secrets of these workspaces."""
        gone = [
            ciphertext
            for ciphertext, plain in self._opened.items()
            if Workspace(*plain["owner"][:2]) in scope
        ]
        for ciphertext in gone:
            del self._opened[ciphertext]

    def check(self, owner: tuple[str, ...], ciphertext: str) -> None:
        """Raise `SecretError` if `open` would. The secret is not kept in memory."""
        _checked(self._decrypt(ciphertext), owner)

    def reseal(self, owner: tuple[str, ...], ciphertext: str) -> str:
        """Return the same secret encrypted with the first key, or the ciphertext itself if the
        first key encrypted it. Raises `SecretError`."""
        secret = _checked(self._decrypt(ciphertext), owner)
        return ciphertext if self.is_first(ciphertext) else self.seal(owner, secret)

    def is_first(self, ciphertext: str) -> bool:
        """Return whether the first key encrypted it."""
        try:
            return self._first is not None and bool(self._first.decrypt(ciphertext.encode()))
        except InvalidToken:
            return False

    def _decrypt(self, ciphertext: str) -> Any:
        try:
            return json.loads(self._fernet.decrypt(ciphertext.encode()))
        except (InvalidToken, ValueError):
            raise SecretError(
                f"A stored secret does not open with the keys in {self.source}."
            ) from None


def _checked(plain: Any, owner: tuple[str, ...]) -> dict[str, str]:
    if plain.get("v") != VERSION:
        raise SecretError(
            "A stored secret was written by another version of the bot; use the newest one."
        )
    if plain.get("owner") != list(owner):
        raise SecretError(
            "A stored secret belongs to another workspace or vendor; connect the vendor again."
        )
    return dict(plain["secret"])


def make_secret_box(
    encryption_keys: SecretStr | None, database: Path, is_lost: Callable[[], bool]
) -> SecretBox:
    """Return a box with the keys of `RELAY_ENCRYPTION_KEYS`, or of the key file beside the
    database.

    Commas or white space stand between the keys. A missing key file is made, unless `is_lost` says
    that the database holds secrets which a new key would not open. Raises `SettingError`.
    """
    path = key_file(database)
    source = VARIABLE if encryption_keys else path.name
    text = encryption_keys.get_secret_value() if encryption_keys else _read(path, is_lost)
    try:
        return SecretBox([key.encode() for key in re.split(r"[,\s]+", text) if key], source)
    except ValueError:
        raise SettingError(
            source, f"holds something that is not a key; make one with {how_to_make_one()}."
        ) from None


def key_file(database: Path) -> Path:
    """Return the path of the key file, which is used while `RELAY_ENCRYPTION_KEYS` is not set."""
    return database.with_name(database.name + ".key")


def how_to_make_one() -> str:
    """Return the command that makes a key, with this same Python: another may lack the library."""
    code = "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"
    return f'`{shlex.quote(sys.executable)} -c "{code}"`'


def came_from(source: str) -> str:
    """Return a sentence that says where the keys were taken from, and where others may be. Often
    only this shell lacks the variable."""
    if source == VARIABLE:
        return (
            f"The keys were taken from {VARIABLE} as it is set here. The bot may have others, or a "
            "key file."
        )
    return (
        f"The keys were taken from the key file {source}, for {VARIABLE} is not set here. Where "
        "the "
        "bot runs it may be."
    )


def none_opens(source: str) -> SettingError:
    """Return the error for keys that open no stored secret."""
    return SettingError(
        source,
        f"none of the stored credentials opens. {came_from(source)} Give the bot the keys that it "
        "had before; if they are "
        "lost, remove what cannot be read with `python -m bot rotate-keys --remove-lost`, and "
        "connect everything again.",
    )


def _read(path: Path, is_lost: Callable[[], bool]) -> str:
    try:
        if not path.exists():
            if is_lost():
                raise SettingError(
                    path.name,
                    f"the key file is gone, {VARIABLE} is not set here, and the database holds "
                    "credentials that only their "
                    "key opens. Set the variable, or put the file back beside the database; if the "
                    "key is lost, remove what "
                    "cannot be read with `python -m bot rotate-keys --remove-lost`, which makes a "
                    "new key, and connect "
                    "everything again.",
                )
            _make_key_file(path)
        return path.read_text(errors="replace")
    except OSError as error:
        raise SettingError(
            "RELAY_DATABASE",
            f"the key file {path} cannot be read or made ({error.strerror}); choose another "
            "folder.",
        ) from error


def _make_key_file(path: Path) -> None:
    """Make the key file. It is written aside and linked into place, so that two processes which
    start at once read the same whole key."""
    descriptor, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
