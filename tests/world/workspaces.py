"""Three workspaces and one organisation around one bot, in which its app is installed by a person
with a browser."""

import asyncio
import html
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from bot.app import Bot, create_app
from bot.cli.connect import connect
from bot.playground.serving import Server
from bot.playground.slack import SlackStandIn
from bot.playground.slack.platform import Platform
from bot.playground.slack.state import Organisation
from bot.playground.vendors import Rootly, data
from bot.settings import Settings
from bot.slack import manifest
from bot.workspace import Workspace
from tests.world.bot import eventually
from tests.world.modal import Modal
from tests.world.processes import free_port

ACME, BOLT, CORE = (
    data.Team(f"T0{name.upper()}00001", name, name.lower()) for name in ("Acme", "Bolt", "Core")
)
"""Three workspaces, each by itself."""
DUCHY = data.Team("T0DUCHY0001", "Duchy", "duchy")
REALM = Organisation("E0REALM0001", "Realm")
"""An organisation, for all of which the app is installed, and a workspace in it."""
TEAMS = (ACME, BOLT, CORE, DUCHY)
CHANNEL = next(it.id for it in data.CHANNELS if it.name == "incidents")
ADMIN = next(it.slack_id for it in data.PEOPLE if it.admin and it.playable)


def workspace_of(team: data.Team) -> Workspace:
    """Under which its rows stand."""
    return Workspace(REALM.id if team is DUCHY else "", team.id)


def installed_as(team: data.Team) -> Workspace:
    """Under which its installation stands."""
    return Workspace(REALM.id, "") if team is DUCHY else Workspace("", team.id)


@dataclass
class Many:
    """The workspaces share every id but their own: people, channels, the bot's user."""

    platform: Platform
    rootly: Rootly
    settings: Settings
    bot: Bot
    url: str
    secret_values: Mapping[str, str] = field(repr=False)

    def slack(self, team: data.Team) -> SlackStandIn:
        return self.platform.workspaces[team.id]

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[httpx.AsyncClient]:
        """A new browser, which keeps cookies and follows redirects when it is told to."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, verify=False) as browser:  # noqa: S501  plain HTTP
            yield browser

    async def install(self, team: data.Team) -> httpx.Response:
        """What a person does: follow the link, allow it in that workspace, and come back."""
        async with self.browser() as browser:
            asked = await browser.get("/slack/install", follow_redirects=True)
            assert asked.status_code == 200, asked.text
            return await browser.get(
                asked.url.copy_merge_params({"team": team.id}), follow_redirects=True
            )

    async def connect(self, team: data.Team) -> None:
        """Connect the workspace to Rootly."""
        await connect(self.settings, workspace_of(team), "rootly", dict(self.rootly.credentials))

    async def admins_told(self) -> None:
        """Wait until admins were told of every change so far, and Slack is asked nothing more."""
        database = self.bot.database
        untold = "SELECT 1 FROM audit_events WHERE told = 0"

        async def claimed() -> bool:
            return not await database.read(lambda tx: tx.execute(untold).fetchall())

        await eventually(claimed)
        before = -1
        while before != (calls := sum(len(it.calls) for it in self.platform.workspaces.values())):
            before = calls
            await asyncio.sleep(0.5)

    async def open(self, team: data.Team, text: str) -> Modal:
        """Type a slash command that opens a form."""
        outcome = await self.slack(team).command(ADMIN, CHANNEL, text)
        assert outcome.ok, outcome
        return Modal(self.slack(team), ADMIN)

    def cards(self, team: data.Team) -> list[str]:
        """What the bot posted in the workspace's channel."""
        return [
            it["text"] for it in self.slack(team).channels[CHANNEL].messages if it.get("bot_id")
        ]


@asynccontextmanager
async def many(folder: Path, **changes: str) -> AsyncIterator[Many]:
    """The workspaces, and the bot in none of them yet; `changes` are to its settings."""
    values = {
        name: secrets.token_hex(16) for name in ("SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET")
    }
    slacks = [
        SlackStandIn(
            signing_secret=values["SLACK_SIGNING_SECRET"],
            bot_token="",
            bot_url="",
            manifest=manifest.load(),
            team=team,
            organisation=REALM if team is DUCHY else None,
        )
        for team in TEAMS
    ]
    platform, rootly, url = (
        Platform(slacks, "12.34", values["SLACK_CLIENT_SECRET"]),
        Rootly(),
        f"http://127.0.0.1:{free_port()}",
    )
    await rootly.start()
    async with Server(Starlette(routes=[Mount("/slack", routes=platform.routes())])) as server:
        platform.settle(f"{server.url}/slack", url)
        given = values | {
            "SLACK_CLIENT_ID": platform.client_id,
            "SLACK_API_URL": f"{server.url}/slack/api/",
            "RELAY_DATABASE": str(folder / "relay.db"),
            "RELAY_PUBLIC_URL": url,
            "ROOTLY_API_URL": rootly.url,
        }
        settings = Settings.model_validate(given | changes)
        async with create_app(settings) as bot, Server(bot.web, port=int(url.rpartition(":")[2])):
            yield Many(platform, rootly, settings, bot, url, values)
        await platform.aclose()
        assert [it for slack in slacks for it in slack.violations] == []
    await rootly.stop()


def text_of(page: httpx.Response) -> str:
    """What a person reads on a page."""
    body = page.text.partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())
