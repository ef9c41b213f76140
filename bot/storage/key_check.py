"""Check at start that the keys at hand open what is stored."""

import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog

from bot.storage.encrypted_secrets import EncryptedSecret, EncryptedSecrets, Tried
from bot.storage.encryption import VARIABLE, SecretBox, key_file, none_opens

log = structlog.get_logger(__name__)


async def check(secrets: EncryptedSecrets, secret_box: SecretBox, database: Path) -> None:
    """Try some of the secrets that are stored in that file, so that the start does not take longer
    with each workspace. Raises `SettingError` if none of them opens, and logs a warning if some do
    not."""
    tried = await demand_some(secrets, secret_box)
    if tried.closed:
        log.warning(
            "keys.secrets_not_opened",
            keys=secret_box.source,
            **_by_kind(it for it, _ in tried.closed),
        )
    if secret_box.source != VARIABLE and (mode := open_to_others(key_file(database))):
        log.warning("keys.file_exposed", file=secret_box.source, mode=mode, better="0600")


async def demand_some(secrets: EncryptedSecrets, secret_box: SecretBox) -> Tried:
    """Try some of the stored secrets. Raises `SettingError` if there are any and none of these
    opens."""
    tried = await secrets.try_some(secret_box)
    if tried.closed and len(tried.closed) == tried.count:
        raise none_opens(secret_box.source)
    return tried


def open_to_others(file: Path) -> str:
    """Return the file's mode ("0644") if other users of this machine may read or change it.

    The result is empty if they may not, or if there is no such file.
    """
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:
        return ""
    return f"{mode:04o}" if mode & 0o077 else ""


def _by_kind(those: Iterable[EncryptedSecret]) -> Mapping[str, int]:
    """Return counts for a log line, such as {"connections": 2}."""
    return {f"{kind}s": count for kind, count in Counter(it.kind for it in those).items()}
