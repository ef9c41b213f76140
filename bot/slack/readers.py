"""The language in which somebody reads, and the name that slash commands have there."""

import asyncio
import re
import sqlite3
from contextlib import AbstractContextManager

import structlog

from bot.language import PREFIX, language_of, speak, speaking
from bot.slack.people import UserDirectory
from bot.storage.preferences import Preferences, WorkspacePreferences
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

READING_SECONDS = 0.2
"""Longest wait for the database, in seconds: Slack waits for the answer. Then it is English."""
COMMANDS = ("incident", "action-item", "workflow-task", "vendors")
_COMMAND = re.compile(rf"/(?:({PREFIX.pattern})-)?(?:{'|'.join(COMMANDS)})")


class Readers:
    """Says in which language to speak. `prefix` is the operator's for all slash commands, if any.

    A person reads in the language of their Slack. Several readers share the workspace's language.
    """

    def __init__(self, people: UserDirectory, preferences: Preferences, prefix: str = "") -> None:
        self.people = people
        self._preferences = preferences
        self._prefix = prefix

    async def speaking(
        self, workspace: Workspace, person: str = ""
    ) -> AbstractContextManager[None]:
        """Return the block in which to speak to this person, or to everybody in the workspace.

        Slack is not asked. Never raises because of the database.
        """
        return speaking(*await self._voice(workspace, person, ""))

    async def speak(self, workspace: Workspace, person: str, command: str) -> None:
        """Speak to this person from now on in the current task.

        `command` is the slash command that the person just typed, if any.
        """
        speak(*await self._voice(workspace, person, command))

    async def _voice(self, workspace: Workspace, person: str, command: str) -> tuple[str, str]:
        """Return the locale, and the prefix of commands."""
        preferences = await self._of(workspace)
        locale = self.people.locale(workspace, person) if person else None
        prefix = prefix_of(command) if command else preferences.prefix
        return locale or preferences.language, self._prefix or prefix

    async def saw(self, workspace: Workspace, command: str) -> None:
        """Remember the prefix of a slash command that somebody typed. Never raises because of the
        database."""
        prefix = prefix_of(command)
        if self._prefix or prefix == (await self._of(workspace)).prefix:
            return
        try:
            await self._preferences.set_prefix(workspace, prefix)
        except sqlite3.Error as error:
            log.warning("prefix.not_saved", error=type(error).__name__)

    async def suggest(self, workspace: Workspace, locale: str) -> None:
        """Use the language of this locale for the workspace, unless it has one. Never raises
        because of the database."""
        try:
            await self._preferences.suggest_language(workspace, language_of(locale))
        except sqlite3.Error as error:
            log.warning("language.not_saved", error=type(error).__name__)

    async def choose(self, workspace: Workspace, language: str) -> None:
        """Use this language for the workspace. Raises `sqlite3.Error`."""
        await self._preferences.set_language(workspace, language)

    async def language(self, workspace: Workspace) -> str:
        """Return the language of the workspace's cards and notices."""
        return language_of((await self._of(workspace)).language)

    async def _of(self, workspace: Workspace) -> WorkspacePreferences:
        try:
            async with asyncio.timeout(READING_SECONDS):
                return await self._preferences.of(workspace)
        except (sqlite3.Error, TimeoutError) as error:
            log.warning("preferences.not_read", error=type(error).__name__)
            return WorkspacePreferences()


def prefix_of(command: str) -> str:
    """Return the prefix of a slash command: "acme" of "/acme-vendors", empty without one."""
    match = _COMMAND.fullmatch(command)
    return (match[1] or "") if match else ""
