"""All stand-ins together: everything that a bot needs to be tried out by a person or a test."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.cli.connect import connect
from bot.playground.control_api import ControlApi
from bot.playground.server import page_app
from bot.playground.serving import Server
from bot.playground.slack import SlackStandIn
from bot.playground.vendors import IncidentIo, Rootly, Twilio
from bot.playground.vendors.base import VendorStandIn
from bot.settings import Settings
from bot.slack import manifest
from bot.workspace import Workspace

URL_VARIABLES = {
    "rootly": "ROOTLY_API_URL",
    "incident_io": "INCIDENT_IO_API_URL",
    "twilio": "TWILIO_TASKROUTER_URL",
}


@dataclass
class Sandbox:
    """Slack, its page and the vendors, all listening.

    `control_api` has the bot's state for the page.
    """

    slack: SlackStandIn
    vendors: Mapping[str, VendorStandIn]
    control_api: ControlApi
    url: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Workspace:
        return Workspace("", self.slack.team.id)

    def environment(self, database: Path, port: int = 0) -> dict[str, str]:
        """Return the settings for a bot in this sandbox.

        With a known port, the bot has web pages too.
        """
        urls = {URL_VARIABLES[name]: vendor.url for name, vendor in self.vendors.items()}
        ours = {"RELAY_DATABASE": str(database), "RELAY_HOST": "127.0.0.1", "RELAY_PORT": str(port)}
        if port:
            ours["RELAY_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        return {**self.secrets, **urls, **ours, "SLACK_API_URL": f"{self.url}/slack/api/"}

    async def connect_vendors(self, settings: Settings) -> None:
        """Connect every vendor, as an operator does with `python -m bot connect`."""
        for name, vendor in self.vendors.items():
            await connect(settings, self.workspace, name, dict(vendor.credentials))


@asynccontextmanager
async def set_up(port: int = 0) -> AsyncIterator[Sandbox]:
    """Start the stand-ins. `port` is the page's port, 0 for any free one.

    Raises OSError if the port is taken.
    """
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
    vendors: dict[str, VendorStandIn] = {it.vendor: it for it in (Rootly(), IncidentIo(), Twilio())}
    sandbox = Sandbox(slack, vendors, ControlApi(slack.hub), secrets=tokens)
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
