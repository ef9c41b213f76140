"""The world that tests share: the stand-ins on 127.0.0.1 and the real bot between them, in one event loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import Bot, create_app
from bot.playground.serving import Server
from bot.playground.slack import Outcome
from bot.playground.stage import Stage, set_up
from bot.settings import Settings

PATIENCE_SECONDS = 10.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop in the main thread, which async tests cannot share."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


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
        return next(it.id for it in self.stage.slack.people.values() if it.is_guest)

    def channel(self, name: str) -> str:
        return next(it.id for it in self.stage.slack.channels.values() if it.name == name)

    async def command(self, text: str, user: str | None = None, channel: str = "incidents") -> Outcome:
        return await self.stage.slack.command(user or self.admin, self.channel(channel), text)

    async def lists_loaded(self) -> None:
        """Wait until every list of every vendor is there."""
        await eventually(self._loaded)

    async def _loaded(self) -> bool:
        ages = [await self.bot.relay.catalogs.age(self.stage.workspace, vendor) for vendor in self.stage.vendors]
        return None not in ages


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
    async with create_app(settings) as bot, Server(bot.web) as server:
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
