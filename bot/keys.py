"""The keys for what is stored: looked at when the bot starts, and `python -m bot rotate-keys`."""

import asyncio
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import structlog
from cryptography.fernet import Fernet

from bot.errors import SettingError
from bot.settings import Settings
from bot.storage import sealed
from bot.storage.archive import Archive
from bot.storage.database import Database
from bot.storage.sealed import Kind, Rotated, Sealed, Tried
from bot.storage.secrets import VARIABLE, Vault, came_from, key_file, load_vault, none_opens
from bot.terminal import safe, show

log = structlog.get_logger(__name__)

_AGAIN: Mapping[Kind, str] = {
    "connection": "Connect the vendors again with `/vendors` in Slack or `python -m bot connect`.",
    "installation": "Install the app in its workspaces again.",
}
"""What to do about what was removed."""
_PUT_IN_FRONT = (
    "Make a new key, put it in front of the old one in {where}, start the bot again, and run this once more."
)

_IN_THE_JOURNAL = (
    "What the old keys open still stands in {database}-wal, which was being read just now: it is overwritten in time, or "
    "gone when the bot is stopped."
)


async def check(database: Database, vault: Vault) -> None:
    """Try everything that is stored. Raises `SettingError` when none of it opens; a warning when only some does not."""
    tried = await demand_some(database, vault)
    if tried.closed:
        log.warning("keys.some_secrets_do_not_open", keys=vault.source, **_by_kind(it for it, _ in tried.closed))
    if vault.source != VARIABLE and (mode := open_to_others(database)):
        log.warning("keys.file_open_to_others", file=vault.source, mode=mode, better="0600")


async def demand_some(database: Database, vault: Vault) -> Tried:
    """What became of trying everything. Raises `SettingError` when none of it opens."""
    tried = await sealed.try_all(database, vault)
    if tried.closed and len(tried.closed) == tried.count:
        raise none_opens(vault.source)
    return tried


def open_to_others(database: Database) -> str:
    """The key file's mode ("0644") where others on this machine may read or change it; empty where not, or without one."""
    try:
        mode = stat.S_IMODE(key_file(database.path).stat().st_mode)
    except OSError:
        return ""
    return f"{mode:04o}" if mode & 0o077 else ""


def main(settings: Settings, *, remove_lost: bool = False, sure: bool = False) -> int:
    """Seal everything anew under the first key; prints what was done. `remove_lost`: before that, remove what no key opens,
    once somebody at the terminal agreed or said that they are `sure`. Raises `SettingError`."""
    if not settings.database.exists():
        raise SettingError("RELAY_DATABASE", f"{settings.database} is not there; name the file that the bot uses.")
    lost = asyncio.run(_lost(settings)) if remove_lost else []
    if lost and not (sure or _agreed()):
        print("Nothing was removed.")
        return 1
    return asyncio.run(_rotate(settings, lost, anew=remove_lost))


async def _lost(settings: Settings) -> Sequence[Sealed]:
    """What no key opens, which is printed together with where the keys are from. Nothing is made or changed for that."""
    vault, source = _as_it_is(settings)
    database = await Database.open(settings.database)
    try:
        lost = [it for it, _ in (await sealed.try_all(database, vault)).closed]
    finally:
        await database.close()
    if lost:
        show("\n".join([source, "This does not open:", *(f"  {safe(it.name)}" for it in lost)]))
    return lost


def _as_it_is(settings: Settings) -> tuple[Vault, str]:
    """The keys, and where they are from; without a key file one that opens nothing, for the file is made only after somebody
    agreed."""
    file = key_file(settings.database)
    if settings.encryption_keys is None and not file.exists():
        none = f"There is no key file {file.name}, and {VARIABLE} is not set here. Where the bot runs it may be."
        return Vault([Fernet.generate_key()], file.name), none
    vault = load_vault(settings.encryption_keys, settings.database)
    return vault, came_from(vault.source)


def _agreed() -> bool:
    """Whether somebody at the terminal says yes. Raises `SettingError` where nobody can be asked."""
    if not sys.stdin.isatty():
        raise SettingError(
            "--yes", "is missing, and nobody can be asked here: give it to remove these. Nothing was removed."
        )
    try:
        typed = input("Remove them for good? With the right keys they could still be read. [y/N] ")
    except EOFError:
        print()  # the prompt's line
        return False
    return typed.strip().lower() in ("y", "yes")


async def _rotate(settings: Settings, lost: Sequence[Sealed], *, anew: bool) -> int:
    vault = load_vault(settings.encryption_keys, settings.database, anew=anew)
    database = await Database.open(settings.database)
    try:
        removed = await sealed.remove(database, lost)
        for it in removed:
            print(f"Removed: {safe(it.name)}.")
        rotated = await sealed.rotate(database, vault)
        if rotated.done and not await Archive(database).scrub():
            print(_IN_THE_JOURNAL.format(database=settings.database.name), file=sys.stderr)
    finally:
        await database.close()
    return _told(rotated, vault, removed)


def _told(rotated: Rotated, vault: Vault, removed: Sequence[Sealed]) -> int:
    """Print what came of it; the exit code."""
    where = VARIABLE if vault.source == VARIABLE else f"the key file {vault.source}"
    print(f"Encrypted anew with the first key of {where}: {_counted(rotated.done)}.")
    if rotated.already:
        print(f"Encrypted with it already: {_counted(rotated.already)}.")
    if rotated.missed:
        print(f"Changed meanwhile: {_counted(rotated.missed)}. Run this once more.", file=sys.stderr)
    for it, problem in rotated.closed:
        print(f"Cannot be read: {it.name}. {problem}", file=sys.stderr)
    if rotated.closed or rotated.missed:
        print("Keep the old keys until everything is encrypted anew.", file=sys.stderr)
        return 1
    for kind in dict.fromkeys(it.kind for it in removed):
        print(_AGAIN[kind])
    if vault.keys > 1:
        print(f"The other keys may be removed from {where}.")
    elif not rotated.done and not removed:
        print(_PUT_IN_FRONT.format(where=where))
    return 0


def _by_kind(those: Iterable[Sealed]) -> Mapping[str, int]:
    """{"connections": 2} for a log line."""
    return {f"{kind}s": count for kind, count in Counter(it.kind for it in those).items()}


def _counted(counts: Counter[Kind]) -> str:
    """ "2 connections, 1 installation"."""
    parts = [f"{count} {kind}{'s' if count != 1 else ''}" for kind, count in counts.items() if count]
    return ", ".join(parts) or "nothing"
