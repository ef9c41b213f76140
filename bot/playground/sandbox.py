"""All stand-ins together: everything that a bot needs to be tried out by a person or a test."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.registry import ADAPTERS, Adapters
from bot.cli.connect import connect
from bot.playground.control_api import ControlApi
from bot.playground.server import page_app
from bot.playground.serving import Server
from bot.playground.slack import SlackStandIn
from bot.playground.vendors import STAND_INS, StandIns
from bot.playground.vendors.base import VendorStandIn
from bot.settings import Settings
from bot.slack import manifest
from bot.storage.audit import Audit
from bot.storage.database import Database
from bot.workspace import Workspace

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there. It is the address of a vendor without a stand-in: nothing leaves this
machine."""


@dataclass
class Sandbox:
    """Slack, its page, and the vendors, all listening. `control_api` is what the page is told about
    the bot. `adapters` are the vendors that the bot knows, those without a stand-in among them."""

    slack: SlackStandIn
    vendors: Mapping[str, VendorStandIn]
    control_api: ControlApi
    adapters: Adapters = field(default_factory=lambda: ADAPTERS)
    url: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def left_out(self) -> list[str]:
        """The labels of the vendors that have no stand-in."""
        return [it.label for name, it in self.adapters.items() if name not in self.vendors]

    @property
    def workspace(self) -> Workspace:
        return Workspace("", self.slack.team.id)

    def environment(self, database: Path, port: int = 0) -> dict[str, str]:
        """Return the settings for a bot in this sandbox.

        With a known port, the bot has web pages too.
        """
        urls = {
            adapter.url_variable: self.vendors[name].url if name in self.vendors else NOWHERE
            for name, adapter in self.adapters.items()
        }
        ours = {"RELAY_DATABASE": str(database), "RELAY_HOST": "127.0.0.1", "RELAY_PORT": str(port)}
        if port:
            ours["RELAY_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        return {**self.secrets, **urls, **ours, "SLACK_API_URL": f"{self.url}/slack/api/"}

    async def connect_vendors(self, settings: Settings) -> None:
        """Connect every vendor, as an operator does with `python -m bot connect`. Nobody has to be
        told of it."""
        for name, vendor in self.vendors.items():
            given = dict(vendor.credentials)
            await connect(settings, self.workspace, name, given, adapters=self.adapters)
        database = await Database.open(settings.database)
        await Audit(database).claim_untold()
        await database.close()


@asynccontextmanager
async def set_up(
    port: int = 0, adapters: Adapters = ADAPTERS, stand_ins: StandIns = STAND_INS
) -> AsyncIterator[Sandbox]:
    """Start the stand-ins of these vendors; `port` is the page's, 0 for any free one. Raises
    OSError when it is taken."""
    tokens = {
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
        "SLACK_BOT_TOKEN": f"xoxb-{secrets.token_hex(12)}",
        "SLACK_APP_TOKEN": f"xapp-{secrets.token_hex(12)}",
    }
    slack = SlackStandIn(
        signing_secret=tokens["SLACK_SIGNING_SECRET"],
        bot_token=tokens["SLACK_BOT_TOKEN"],
        app_token=tokens["SLACK_APP_TOKEN"],
        bot_url="",
        manifest=manifest.load(),
    )
    vendors = {name: stand_ins[name]() for name in adapters if name in stand_ins}
    sandbox = Sandbox(slack, vendors, ControlApi(slack.hub), adapters, secrets=tokens)
    async with AsyncExitStack() as stack:
        for vendor in vendors.values():
            await vendor.start()
            stack.push_async_callback(vendor.stop)
        server = await stack.enter_async_context(
            Server(page_app(slack, vendors, sandbox.control_api), port=port)
        )
        stack.push_async_callback(slack.aclose)
        sandbox.url = server.url
        slack.url = f"{server.url}/slack"
        yield sandbox
