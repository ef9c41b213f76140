"""The Slack stand-in as a whole."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute

from bot.playground.slack.events import Hub, Subscription
from bot.playground.slack.files import Downloads, Files
from bot.playground.slack.interactions import Interactions
from bot.playground.slack.responses import Responses
from bot.playground.slack.state import App, Call, Organisation, State
from bot.playground.slack.transport import Transport
from bot.playground.slack.views import View
from bot.playground.slack.web_api import WebApi
from bot.playground.slack.world import Channel, Message, Person
from bot.playground.vendors import data

BOT_SECONDS = 3.0
"""Seconds that Slack waits for a bot's answer."""


class SlackStandIn(Interactions):
    """Slack for one workspace with one app installed.

    Mount `routes()` under some path, and set `url` to its address (http://127.0.0.1:PORT/slack)
    before anyone acts. `manifest` is the app's manifest, parsed. `app_token` is needed for Socket
    Mode only. `clock` gives epoch seconds. The stand-in must be used from one event loop;
    `aclose()` ends its listeners and connections.
    """

    def __init__(
        self,
        *,
        signing_secret: str,
        bot_token: str,
        bot_url: str,
        manifest: Mapping[str, Any],
        app_token: str = "",
        clock: Callable[[], float] = time.time,
        seconds: float = BOT_SECONDS,
        team: data.Team = data.TEAM,
        people: Sequence[data.Person] = data.PEOPLE,
        channels: Sequence[data.Channel] = data.CHANNELS,
        organisation: Organisation | None = None,
    ) -> None:
        state = State(manifest, team, people, channels, clock, bot_token, organisation)
        super().__init__(state, Transport(bot_url, signing_secret, seconds))
        self.web_api = WebApi(state, self.transport.sockets, app_token)
        """The Web API's endpoint."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes.

        They are the Web API (`/api/METHOD`), response URLs (`/response/TOKEN`), files and sockets
        (`/socket/TICKET`).
        """
        sockets, web_api = self.transport.sockets, self.web_api
        return [
            Route("/api/{method}", web_api.__call__, methods=["GET", "POST"]),
            Route("/response/{token}", Responses(self.state).__call__, methods=["POST"]),
            Route(
                "/files-pri/{ids}/download/{name}",
                Downloads(self.state.files, web_api.may_read_files).__call__,
            ),
            WebSocketRoute("/socket/{ticket}", sockets.serve),
        ]

    @property
    def url(self) -> str:
        """The address at which the routes are mounted."""
        return self.state.url

    @url.setter
    def url(self, url: str) -> None:
        self.state.url = url.rstrip("/")

    @property
    def bot_url(self) -> str:
        """The bot's address. Payloads go to `/slack/events` below it."""
        return self.transport.bot_url

    @bot_url.setter
    def bot_url(self, url: str) -> None:
        self.transport.bot_url = url

    @property
    def bot_token(self) -> str:
        """The bot's token in this workspace; empty while the app is not installed."""
        return self.state.bot_token

    @bot_token.setter
    def bot_token(self, token: str) -> None:
        self.state.bot_token = token

    @property
    def team(self) -> data.Team:
        return self.state.team

    @property
    def organisation(self) -> Organisation | None:
        return self.state.organisation

    @property
    def app(self) -> App:
        return self.state.app

    @property
    def people(self) -> dict[str, Person]:
        """Everyone by id, including the bot."""
        return self.state.world.people

    @property
    def channels(self) -> dict[str, Channel]:
        """Every channel and direct conversation by id, with its messages."""
        return self.state.world.channels

    @property
    def user_groups(self) -> dict[str, data.UserGroup]:
        """The workspace's user groups by id."""
        return self.state.user_groups

    @property
    def ephemerals(self) -> list[tuple[str, str, Message]]:
        """The ephemeral messages, oldest first: (channel id, user id, message)."""
        return self.state.world.ephemerals

    @property
    def files(self) -> Files:
        """The files that people chose in forms."""
        return self.state.files

    @property
    def calls(self) -> list[Call]:
        """The bot's Web API calls, oldest first."""
        return self.state.calls

    @property
    def violations(self) -> list[str]:
        """Errors in the bot's views, messages and answers that Slack would not have accepted."""
        return self.state.violations

    def views(self, user_id: str) -> list[dict[str, Any]]:
        """Return a person's open modals in Slack's format, the top one last."""
        return self.state.stack_json(user_id)

    def home(self, user_id: str) -> dict[str, Any] | None:
        """Return a person's home tab in Slack's format, or None if the bot has published none."""
        home: View | None = self.state.views.homes.get(user_id)
        return None if home is None else self.state.view_json(home)

    def direct(self, user_id: str) -> Channel | None:
        """Return the direct messages of a person and the bot, or None if they were never opened."""
        return self.state.world.direct(user_id)

    def open_direct(self, user_id: str) -> Channel:
        """Return the direct messages of a person and the bot, opened if necessary.

        Raises `MissingError`.
        """
        return self.state.world.open_direct(self.state.person(user_id).id)

    def channel_json(self, channel: Channel) -> dict[str, Any]:
        """Return a channel in the format of the page's API."""
        return self.state.world.channel_for_page(channel)

    def subscribe(self) -> Subscription:
        """Return the events for the page from now on, as an async iterator.

        Close it, or use it in a `with`.
        """
        return self.hub.subscribe()

    @property
    def hub(self) -> Hub:
        """The hub to which events for the page are published."""
        return self.state.hub

    async def aclose(self) -> None:
        """End every listener and connection."""
        self.state.hub.close()
        await self.transport.aclose()
