"""Encryption of what is stored. Fernet has no associated data, so a secret's owner goes inside the plaintext and is
checked: a ciphertext copied to another row does not open there."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from bot.errors import SecretError, SettingError

VERSION = 1
MOST_KEPT = 256
"""So many opened secrets are kept in memory, where they are anyway while they are used."""


class Vault:
    """Encrypts with the first key, decrypts with any."""

    def __init__(self, keys: list[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._decrypted = lru_cache(maxsize=MOST_KEPT)(self._decrypt)

    def seal(self, owner: tuple[str, ...], secret: Mapping[str, str]) -> str:
        """The ciphertext of `secret`, bound to `owner` (for a connection: enterprise, team, vendor)."""
        plain = json.dumps({"v": VERSION, "owner": list(owner), "secret": dict(secret)})
        return self._fernet.encrypt(plain.encode()).decode()

    def open(self, owner: tuple[str, ...], ciphertext: str) -> dict[str, str]:
        """The secret that `seal` took. Raises `SecretError` for another owner's, another key's or a damaged one."""
        plain = self._decrypted(ciphertext)
        if plain.get("v") != VERSION or plain.get("owner") != list(owner):
            raise SecretError("A stored secret belongs to another workspace or vendor; connect the vendor again.")
        return dict(plain["secret"])

    def _decrypt(self, ciphertext: str) -> Any:
        try:
            return json.loads(self._fernet.decrypt(ciphertext.encode()))
        except (InvalidToken, ValueError):
            raise SecretError("A stored secret does not open with the keys in RELAY_ENCRYPTION_KEYS.") from None


def load_vault(encryption_keys: SecretStr | None, database: Path) -> Vault:
    """The keys of `RELAY_ENCRYPTION_KEYS` (commas between them), or of the key file beside the database, made if absent."""
    if encryption_keys:
        keys = [key.strip().encode() for key in encryption_keys.get_secret_value().split(",") if key.strip()]
        name = "RELAY_ENCRYPTION_KEYS"
    else:
        keys = [_key_file(database.with_name(database.name + ".key"))]
        name = f"{database.name}.key"
    try:
        return Vault(keys)
    except ValueError:
        raise SettingError(
            name,
            "holds something that is not a key; make one with "
            '`python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"`.',
        ) from None


def _key_file(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key_file(path)
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingError(
            "RELAY_DATABASE", f"the key file {path} cannot be read or made ({error.strerror}); choose another folder."
        ) from error


def _make_key_file(path: Path) -> None:
    """Written aside and linked into place: of two processes that start at once, both read the one whole key."""
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
