"""Checks on this machine alone: the settings, and the database's file."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

from bot.cli.doctor.findings import Finding, Findings, ok, problem, warning, wrong_setting
from bot.errors import SettingError
from bot.settings import Settings
from bot.slack import manifest
from bot.storage import condition
from bot.storage.key_check import open_to_others

LOOK_SECONDS = 10.0
"""Time limit for reading the whole file, in seconds."""
LITTLE_SPACE, TOO_LITTLE_SPACE = 1024**3, 100 * 1024**2
"""Free space in bytes, below which there is a warning or a problem."""


async def settings(settings: Settings, *, installed: bool) -> Findings:
    """Return the settings that are missing for running over HTTP or in Socket Mode.

    `installed` is set if a workspace's token is stored.
    """
    found = []
    try:
        if settings.slack_app_token is None:
            settings.demand("SLACK_SIGNING_SECRET")
    except SettingError as error:
        found.append(wrong_setting(error))
    if settings.signing_secret_looks_odd:
        found.append(
            warning(
                "SLACK_SIGNING_SECRET",
                "It doesn't look like one. Those have 32 digits and letters from a to f.",
                "Copy it again from your Slack app's page, Basic Information, Signing Secret.",
            )
        )
    try:
        if settings.slack_app is None and not (installed and settings.slack_app_token):
            settings.demand("SLACK_BOT_TOKEN")
    except SettingError as error:
        found.append(wrong_setting(error))
    return found or [ok("settings", "Nothing is missing.")]


async def shortcuts() -> Findings:
    """Name the shortcuts of this version's manifest, which an installed app may lack.

    Slack tells nobody but the app's owner which ones an app has.
    """
    names = [
        shortcut["name"]
        for shortcut in manifest.load()["features"]["shortcuts"]
        if shortcut["type"] == "message"
    ]
    return [
        Finding(
            "ok",
            "shortcuts",
            f"A message's menu should have: {', '.join(names)}.",
            "If one is missing there, update the installed app's manifest (docs/install.md).",
        )
    ]


async def database(path: Path) -> tuple[Findings, bool]:
    """Return findings about the file, and whether this version of the bot can work with it."""
    return await asyncio.to_thread(_look, path)


def _look(path: Path) -> tuple[Findings, bool]:
    try:
        if not path.exists():
            return [
                problem(
                    "RELAY_DATABASE",
                    f"{path} isn't there.",
                    "Start the bot once, or name the file that it uses.",
                    setting=True,
                )
            ], False
        file = condition.examine(path, LOOK_SECONDS)
        found = [*_about(path, file), *exposed("database", path, str(path))] or [
            ok("database", _fine(path, file))
        ]
        found.append(_space(path))
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        return [
            problem(
                "database",
                f"{path} can't be read as a database ({reason}).",
                "Name the file that the bot uses, let the bot's user read it, or put a backup in "
                "its place.",
            )
        ], False
    return found, not (file.damage or file.older or file.newer or file.blocked)


def _about(path: Path, file: condition.File) -> Findings:
    damage = (file.damage or "").splitlines()[-1:]
    found = {
        problem(
            "database",
            f"{path} is damaged ({''.join(damage)}).",
            "Stop the bot, keep a copy of the file, and put a backup in its place.",
        ): file.damage,
        problem(
            "database",
            f"{path} was used by a newer version of the bot.",
            "Use the newest version of the bot.",
        ): file.newer,
        warning(
            "database",
            f"The tables in {path} are those of an older version.",
            "Start the bot of this version once: it brings them up to date.",
        ): file.older,
        problem(
            "database",
            f"{path} can't be written ({file.blocked}).",
            "Let the bot's user write the file and its folder, or see what keeps the file locked.",
        ): file.blocked,
    }
    return [finding for finding, is_so in found.items() if is_so]


def exposed(what: str, path: Path, name: str) -> Findings:
    """Return a finding if other users of this machine can read or write the file."""
    mode = open_to_others(path)
    says = f"Other users of this machine can get at {name} (mode {mode})."
    return [warning(what, says, f"Type `chmod 600 {path}`.")] if mode else []


def _fine(path: Path, file: condition.File) -> str:
    whole = "it is too large to be checked as a whole" if file.damage is None else "it is whole"
    return f"{path} opens, {whole}, and it can be written."


def _space(path: Path) -> Finding:
    free = shutil.disk_usage(path.absolute().parent).free
    says = f"{free / 1024**3:.1f} GB are free where the database is."
    do = "Make room: what cannot be written down is not taken from anybody."
    if free < LITTLE_SPACE:
        return Finding("problem" if free < TOO_LITTLE_SPACE else "warning", "disk", says, do)
    return ok("disk", says)
