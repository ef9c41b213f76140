"""The Slack stand-in on a real port, with a fake bot behind it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.routing import Mount

from bot.playground.control_api import ControlApi
from bot.playground.server import page_app
from bot.playground.serving import Server
from bot.playground.slack import SlackStandIn
from bot.playground.vendors import data
from tests.playground.fake_bot import (
    APP_TOKEN,
    BOARD,
    BOT_TOKEN,
    MANIFEST,
    SECRET,
    FakeBot,
    Workspace,
)
from tests.world.notes import Clock


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def opened(seconds: float = 0.5) -> AsyncIterator[Workspace]:
    """A workspace with nothing said in it yet, and no vendors. Slack waits so long for the bot."""
    bot, clock = FakeBot(), Clock()
    slack = SlackStandIn(
        signing_secret=SECRET,
        bot_token=BOT_TOKEN,
        app_token=APP_TOKEN,
        bot_url="",
        manifest=MANIFEST,
        channels=(*data.CHANNELS, BOARD),
        clock=clock,
        seconds=seconds,
    )
    control_api = ControlApi(slack.hub, "up")
    app = page_app(slack, {}, control_api)
    app.router.routes.append(Mount("/bot", routes=bot.routes()))
    async with Server(app) as server:
        slack.url, slack.bot_url = f"{server.url}/slack", f"{server.url}/bot"
        headers = {"Authorization": f"Bearer {BOT_TOKEN}"}
        async with httpx.AsyncClient(
            base_url=server.url, headers=headers, trust_env=False
        ) as client:
            yield Workspace(slack, bot, clock, client, control_api, server.url)
        await slack.aclose()


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with opened() as workspace:
        yield workspace
