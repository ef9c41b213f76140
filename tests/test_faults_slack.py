"""Faults of Slack, one by one: what was submitted reaches the vendor all the same, and Slack is
left in peace."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from bot.playground.sandbox import Sandbox
from bot.playground.serving import Server
from bot.settings import Settings
from tests.chaos.ledger import objects
from tests.world.bot import World, eventually, running
from tests.world.proxy import METHODS, Proxy
from tests.world.rows import keys, submit, until


class Door(Proxy):
    """Slack's Web API, reached through this. With an `error`, that is all it says."""

    error = ""

    async def __call__(self, request: Request) -> Response:
        if not self.error:
            return await super().__call__(request)
        self.arrived.append((request.method, request.url.path))
        return JSONResponse({"ok": False, "error": self.error})


@dataclass
class Behind:
    """The world behind the door, which can be shut (connections are refused then)."""

    world: World
    door: Door
    server: Server

    @property
    def calls(self) -> int:
        """How many calls the bot made."""
        return len(self.door.arrived)

    def cards(self, words: str) -> int:
        """How many cards in the channel begin with these words."""
        return sum(it["text"].startswith(words) for it in self.world.cards("incidents"))


@pytest.fixture
async def behind(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Behind]:
    """The bot, with everything connected, that reaches Slack through the door."""
    door = Door(sandbox.url)
    app = Starlette(routes=[Route("/{path:path}", door.__call__, methods=METHODS)])
    async with Server(app) as server:
        slack = {"SLACK_API_URL": f"{server.url}/slack/api/"}
        settings = Settings.model_validate(sandbox.environment(tmp_path / "relay.db") | slack)
        await sandbox.connect_vendors(settings)
        async with running(sandbox, settings) as world:
            yield Behind(world, door, server)


@pytest.mark.timeout(120)
async def test_slack_is_down_while_the_vendor_works(behind: Behind) -> None:
    """What a person submits is created and the modal says so; the card comes when Slack can be
    reached again, once."""
    world, rootly = behind.world, behind.world.sandbox.vendors["rootly"]
    rootly.hold = asyncio.Event()
    form = await world.open("/incident Checkout is down")
    await behind.server.stop()
    sending = asyncio.create_task(form.send())
    await eventually(lambda: rootly.created)
    rootly.hold.set()
    assert "Created in Rootly" in (await sending).text
    await asyncio.sleep(4)
    assert behind.cards("") == 0
    await behind.server.start()
    await eventually(lambda: behind.cards("Created in Rootly: INC-"), 30)
    await asyncio.sleep(1)
    assert (behind.cards(""), len(rootly.created)) == (1, 1)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("error", ["account_inactive", "token_revoked"])
async def test_the_app_is_uninstalled_while_deliveries_wait(behind: Behind, error: str) -> None:
    """They still reach the vendor, once each; Slack, which refuses everything, is asked about each
    card once or twice and then left in peace; the bot goes on."""
    world, rootly = behind.world, behind.world.sandbox.vendors["rootly"]
    markers = keys(5)
    await rootly.set_fault("down")
    for key in markers:
        await submit(world, key=key)
        await until(world, "queued", key=key)
    await eventually(lambda: behind.cards("Saved, not yet in Rootly") == len(markers), 20)
    behind.door.error = error
    before = behind.calls
    with capture_logs() as logs:
        await rootly.set_fault("fine")
        for key in markers:
            await until(world, "delivered", key=key, seconds=60)
        await asyncio.sleep(6)
    assert objects(rootly) == Counter(markers)
    assert len(markers) <= behind.calls - before <= 2 * len(markers)
    assert [it for it in logs if it["log_level"] == "error"] == []
    assert (await world.command("/vendors")).ok
