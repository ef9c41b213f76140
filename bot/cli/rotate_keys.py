"""`python -m bot rotate-keys`: encrypt all stored secrets with the first key."""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

from bot.cli.output import safe, show
from bot.errors import SettingError
from bot.settings import Settings
from bot.storage.database import Database
from bot.storage.encrypted_secrets import EncryptedSecret, Kind, Rotated
from bot.storage.encryption import VARIABLE, SecretBox, came_from, key_file
from bot.stores import load_secret_box, open_secrets

_AGAIN: Mapping[Kind, str] = {
    "connection": "Connect the vendors again with `/vendors` in Slack or `python -m bot connect`.",
    "installation": "Install the app in its workspaces again.",
}
"""The advice after secrets of this kind were removed."""
_PUT_IN_FRONT = (
    "Make a new key, put it in front of the old one in {where}, start the bot "
    "again, and run this once more."
)

ERASE_SECONDS = 5.0
_IN_THE_JOURNAL = (
    "What the old keys open still stands in {database}-wal, which was being read just now: it is "
    "overwritten in time, or gone when the bot is stopped."
)


def main(settings: Settings, *, remove_lost: bool = False, sure: bool = False) -> int:
    """Encrypt everything with the first key, and print the result. Return the exit code.

    With `remove_lost`, secrets that no key opens are removed first, once somebody at the terminal
    has agreed or `sure` is set. Raises `SettingError`.
    """
    if not settings.database.exists():
        raise SettingError(
            "RELAY_DATABASE", f"{settings.database} isn't there. Name the file that the bot uses."
        )
    lost = asyncio.run(_lost(settings)) if remove_lost else []
    if lost and not (sure or _agreed()):
        print("Nothing was removed.")
        return 1
    return asyncio.run(_rotate(settings, lost, anew=remove_lost))


async def _lost(settings: Settings) -> Sequence[EncryptedSecret]:
    """Return the secrets that no key opens, and print them with the origin of the keys.

    Nothing is made or changed by that.
    """
    secret_box, source = _as_it_is(settings)
    async with await Database.open(settings.database) as database:
        tried = await open_secrets(database).try_all(secret_box)
    lost = [secret for secret, _ in tried.closed]
    names = [f"  {safe(secret.name)}" for secret in lost]
    if names:
        show("\n".join([source, "This does not open:", *names]))
    return lost


def _as_it_is(settings: Settings) -> tuple[SecretBox, str]:
    """Return the keys and the sentence about their origin.

    Without a key file, the returned key opens nothing: the file is made only after somebody has
    agreed.
    """
    file = key_file(settings.database)
    if settings.encryption_keys is None and not file.exists():
        none = (
            f"There is no key file {file.name}, and {VARIABLE} is not set here. "
            "Where the bot runs it may be."
        )
        return SecretBox.without_keys(), none
    secret_box = load_secret_box(settings.encryption_keys, settings.database)
    return secret_box, came_from(secret_box.source)


def _agreed() -> bool:
    """Return whether somebody at the terminal agrees.

    Raises `SettingError` if nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise SettingError(
            "--yes",
            "is missing, and nobody can be asked here: give it to remove these. Nothing was "
            "removed.",
        )
    try:
        typed = input("Remove them for good? With the right keys they could still be read. [y/N] ")
    except EOFError:
        # This ends the line of the prompt.
        print()
        return False
    return typed.strip().lower() in ("y", "yes")


async def _rotate(settings: Settings, lost: Sequence[EncryptedSecret], *, anew: bool) -> int:
    secret_box = load_secret_box(settings.encryption_keys, settings.database, anew=anew)
    async with await Database.open(settings.database) as database:
        secrets = open_secrets(database)
        removed = await secrets.remove(lost)
        for secret in removed:
            print(f"Removed: {safe(secret.name)}.")
        rotated = await secrets.rotate(secret_box)
        if not await database.is_erased(ERASE_SECONDS):
            print(_IN_THE_JOURNAL.format(database=settings.database.name), file=sys.stderr)
    return _told(rotated, secret_box, removed)


def _told(rotated: Rotated, secret_box: SecretBox, removed: Sequence[EncryptedSecret]) -> int:
    """Print the result. Return the exit code."""
    where = VARIABLE if secret_box.source == VARIABLE else f"the key file {secret_box.source}"
    print(f"Encrypted anew with the first key of {where}: {_counted(rotated.done)}.")
    if rotated.already:
        print(f"Encrypted with it already: {_counted(rotated.already)}.")
    for secret, problem in rotated.closed:
        print(f"Cannot be read: {secret.name}. {problem}", file=sys.stderr)
    if rotated.closed:
        print("Keep the old keys until everything is encrypted anew.", file=sys.stderr)
        return 1
    for kind in dict.fromkeys(secret.kind for secret in removed):
        print(_AGAIN[kind])
    if secret_box.keys > 1:
        print(f"The other keys may be removed from {where}.")
    elif not rotated.done and not removed:
        print(_PUT_IN_FRONT.format(where=where))
    return 0


def _counted(counts: Counter[Kind]) -> str:
    """Return the counts as text: "2 connections, 1 installation"."""
    parts = [
        f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count
    ]
    return ", ".join(parts) or "nothing"
