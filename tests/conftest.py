"""The world that tests share: the stand-ins on 127.0.0.1 and the real bot between them, in one event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot, create_app
from bot.playground.serving import Server
from bot.playground.slack import Outcome
from bot.playground.stage import Stage, set_up
from bot.settings import Settings
from tests.acting import Modal

PATIENCE_SECONDS = 10.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop in the main thread, which async tests cannot share. The chaos test,
    which keeps the machine busy, first: beside tests that nobody waits for in front of a screen."""
    items.sort(key=lambda item: (item.get_closest_marker("browser") is not None) - ("tests/chaos" in item.nodeid))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class World:
    """The stage with the bot on it, and shorthands for what people do."""

    stage: Stage
    settings: Settings
    bot: Bot

    @property
    def admin(self) -> str:
        return next(it.id for it in self.stage.slack.people.values() if it.is_admin and it.playable)

    @property
    def member(self) -> str:
        return next(it.id for it in self.stage.slack.people.values() if it.playable and not it.is_admin)

    @property
    def guest(self) -> str:
        return next(it.id for it in self.stage.slack.people.values() if it.is_restricted)

    @property
    def bot_user(self) -> str:
        return self.stage.slack.app.bot_user_id

    def channel(self, name: str) -> str:
        return next(it.id for it in self.stage.slack.channels.values() if it.name == name)

    async def command(self, text: str, user: str | None = None, channel: str = "incidents") -> Outcome:
        return await self.stage.slack.command(user or self.admin, self.channel(channel), text)

    async def open(self, text: str, user: str | None = None, channel: str = "incidents") -> Modal:
        """Type a slash command that opens a form."""
        outcome = await self.command(text, user, channel)
        assert outcome.ok, outcome
        return Modal(self.stage.slack, user or self.admin)

    def top(self, user: str | None = None) -> Modal:
        """The modal on top of that person's stack."""
        return Modal(self.stage.slack, user or self.admin)

    def told(self, user: str | None = None) -> str:
        """The last thing that only this person was shown."""
        return next(it["text"] for _, who, it in reversed(self.stage.slack.ephemerals) if who == (user or self.admin))

    def cards(self, channel: str) -> list[dict[str, Any]]:
        """What the bot posted there, by the channel's name."""
        messages = self.stage.slack.channels[self.channel(channel)].messages
        return [dict(it) for it in messages if it.get("bot_id")]

    def letters(self, user: str) -> list[dict[str, Any]]:
        """What the bot wrote to this person directly."""
        ims = [it for it in self.stage.slack.channels.values() if it.is_im and it.user_id == user]
        return [dict(it) for im in ims for it in im.messages if it.get("bot_id")]

    async def lists_loaded(self) -> None:
        """Wait until every list of every vendor is there."""
        await eventually(self._loaded)

    async def _loaded(self) -> bool:
        catalogs, here = self.bot.relay.catalogs, self.stage.workspace
        return None not in [(await catalogs.condition(here, vendor))[0] for vendor in self.stage.vendors]


async def eventually(condition: Callable[[], Awaitable[object] | object], seconds: float = PATIENCE_SECONDS) -> None:
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
async def running(stage: Stage, settings: Settings) -> AsyncIterator[World]:
    """The real bot, over real HTTP, on this stage."""
    async with create_app(settings) as bot, Server(bot.web, port=settings.port) as server:
        stage.slack.bot_url = server.url
        yield World(stage, settings, bot)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """The stand-ins alone."""
    async with set_up() as stage:
        yield stage
        assert stage.slack.violations == []


@pytest.fixture
async def settings(stage: Stage, tmp_path: Path) -> Settings:
    """The bot's settings on that stage, with a database of its own."""
    return Settings.model_validate(stage.environment(tmp_path / "relay.db"))


@pytest.fixture
async def world(stage: Stage, settings: Settings) -> AsyncIterator[World]:
    """The bot with all three vendors connected."""
    await stage.connect_vendors(settings)
    async with running(stage, settings) as world:
        yield world


@pytest.fixture
async def bare_world(stage: Stage, settings: Settings) -> AsyncIterator[World]:
    """The bot with nothing connected."""
    async with running(stage, settings) as world:
        yield world
