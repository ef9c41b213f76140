"""The real bot between the stand-ins on 127.0.0.1, in one event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.adapters.base import Entry
from bot.app import Bot, create_app
from bot.playground.sandbox import Sandbox
from bot.playground.serving import Server
from bot.playground.slack import Outcome
from bot.settings import Settings
from tests.world.modal import Modal

PATIENCE_SECONDS = 10.0


@dataclass
class World:
    """The stage with the bot on it, and shorthands for what people do."""

    sandbox: Sandbox
    settings: Settings
    bot: Bot

    @property
    def admin(self) -> str:
        return next(
            it.id for it in self.sandbox.slack.people.values() if it.is_admin and it.playable
        )

    @property
    def member(self) -> str:
        return next(
            it.id for it in self.sandbox.slack.people.values() if it.playable and not it.is_admin
        )

    @property
    def guest(self) -> str:
        return next(it.id for it in self.sandbox.slack.people.values() if it.is_restricted)

    @property
    def bot_user(self) -> str:
        return self.sandbox.slack.app.bot_user_id

    def channel(self, name: str) -> str:
        return next(it.id for it in self.sandbox.slack.channels.values() if it.name == name)

    async def command(
        self, text: str, user: str | None = None, channel: str = "incidents"
    ) -> Outcome:
        return await self.sandbox.slack.command(user or self.admin, self.channel(channel), text)

    async def open(self, text: str, user: str | None = None, channel: str = "incidents") -> Modal:
        """Type a slash command that opens a form."""
        outcome = await self.command(text, user, channel)
        assert outcome.ok, outcome
        return Modal(self.sandbox.slack, user or self.admin)

    def top(self, user: str | None = None) -> Modal:
        """The modal on top of that person's stack."""
        return Modal(self.sandbox.slack, user or self.admin)

    def told(self, user: str | None = None) -> str:
        """The last thing that only this person was shown."""
        return str(
            next(
                shown["text"]
                for _, who, shown in reversed(self.sandbox.slack.ephemerals)
                if who == (user or self.admin)
            )
        )

    def cards(self, channel: str) -> list[dict[str, Any]]:
        """What the bot posted there, by the channel's name."""
        messages = self.sandbox.slack.channels[self.channel(channel)].messages
        return [dict(it) for it in messages if it.get("bot_id")]

    def letters(self, user: str) -> list[dict[str, Any]]:
        """What the bot wrote to this person directly."""
        ims = [it for it in self.sandbox.slack.channels.values() if it.is_im and it.user_id == user]
        return [dict(it) for im in ims for it in im.messages if it.get("bot_id")]

    async def change_list(
        self, vendor: str, name: str, change: Callable[[Sequence[Entry]], list[Entry]]
    ) -> None:
        """Change what is known of the vendor's list, as a refresh would."""
        catalogs, here = self.bot.services.catalogs, self.sandbox.workspace
        entries = change(await catalogs.entries(here, vendor, name))
        await self.bot.stores.catalogs.save(here, vendor, name, entries, time.time())
        catalogs.forget({here})

    async def lists_loaded(self) -> None:
        """Wait until every list of every vendor is there."""
        await eventually(self._loaded)

    async def _loaded(self) -> bool:
        catalogs, here = self.bot.services.catalogs, self.sandbox.workspace
        return None not in [
            (await catalogs.condition(here, vendor))[0] for vendor in self.sandbox.vendors
        ]


async def eventually(
    condition: Callable[[], Awaitable[object] | object], seconds: float = PATIENCE_SECONDS
) -> None:
    """Wait until the condition holds; fail when it does not within the time."""
    async with asyncio.timeout(seconds):
        while True:
            held = condition()
            if isinstance(held, Awaitable):
                held = await held
            if held:
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    """The real bot, over real HTTP, on this stage."""
    async with create_app(settings) as bot, Server(bot.web, port=settings.port) as server:
        sandbox.slack.bot_url = server.url
        yield World(sandbox, settings, bot)
