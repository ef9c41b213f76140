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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from bot.errors import SecretError, SettingError

VERSION = 1
VARIABLE = "RELAY_ENCRYPTION_KEYS"
SLACK = "slack"
"""The last part of the owner of an installation's token. The owner of a connection's credentials
has the vendor's name there, and no vendor has this name."""
PADDING = " " * 1024
"""Stands in front of a stored ciphertext, and moves it onto pages of the database file that hold
nothing else. SQLite overwrites such a page when the row goes (`secure_delete`). Rows that share a
page are moved about when it fills up, and a copy can stay behind (seen with SQLite 3.40). In a
table WITHOUT ROWID and with pages of 4,096 bytes, at most 1,002 bytes of a row share a page
(sqlite.org/fileformat2.html, "Cell Payload Overflow Pages")."""


class SecretBox:
    """Encrypts with the first key and decrypts with any. `source` names the place of the keys for
    operators. It keeps no secret."""

    def __init__(self, keys: Sequence[bytes], source: str = VARIABLE) -> None:
        fernets = [Fernet(key) for key in keys]
        self.source = source
        self.keys = len(fernets)
        self._first = fernets[0] if fernets else None
        self._fernet = MultiFernet(fernets)

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
        return PADDING + self._fernet.encrypt(plain.encode()).decode()

    def open(self, owner: tuple[str, ...], ciphertext: str) -> dict[str, str]:
        """Return the secret that `seal` took. Raises `SecretError` if the ciphertext is damaged, or
        belongs to another owner or key."""
        return _checked(self._decrypt(ciphertext), owner)

    def reseal(self, owner: tuple[str, ...], ciphertext: str) -> str:
        """Return the same secret encrypted with the first key, or the ciphertext itself if the
        first key encrypted it. Raises `SecretError`."""
        secret = _checked(self._decrypt(ciphertext), owner)
        return ciphertext if self.is_first(ciphertext) else self.seal(owner, secret)

    def is_first(self, ciphertext: str) -> bool:
        """Return whether the first key encrypted it."""
        try:
            return self._first is not None and bool(
                self._first.decrypt(ciphertext.strip().encode())
            )
        except InvalidToken:
            return False

    def _decrypt(self, ciphertext: str) -> Any:
        try:
            return json.loads(self._fernet.decrypt(ciphertext.strip().encode()))
        except (InvalidToken, ValueError):
            raise SecretError(
                f"A stored secret doesn't open with the keys in {self.source}."
            ) from None


def _checked(plain: Any, owner: tuple[str, ...]) -> dict[str, str]:
    if plain.get("v") != VERSION:
        raise SecretError(
            "A stored secret was written by another version of the bot. Use the newest one."
        )
    if plain.get("owner") != list(owner):
        raise SecretError(
            "A stored secret belongs to another workspace or vendor. Connect the vendor again."
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
            source, f"holds something that isn't a key. Make one with {how_to_make_one()}."
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
        "had before. If they are lost, run `python -m bot rotate-keys --remove-lost`. It removes "
        "what can't be read. Then connect everything again.",
    )


def _read(path: Path, is_lost: Callable[[], bool]) -> str:
    try:
        if not path.exists():
            if is_lost():
                raise SettingError(
                    path.name,
                    f"the key file is gone, and {VARIABLE} isn't set here. The database holds "
                    "credentials that only their key opens. Set the variable, or put the file back "
                    "beside the database. If the key is lost, run "
                    "`python -m bot rotate-keys --remove-lost`. It makes a new key and removes "
                    "what can't be read. Then connect everything again.",
                )
            _make_key_file(path)
        return path.read_text(errors="replace")
    except OSError as error:
        raise SettingError(
            "RELAY_DATABASE",
            f"the key file {path} can't be read or made ({error.strerror}). Choose another folder.",
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
