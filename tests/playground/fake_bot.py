"""A bot that checks Slack's signature, writes down what it is sent, and answers what the test says."""

import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import httpx
from slack_sdk.signature import SignatureVerifier
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.control_api import ControlApi
from bot.playground.slack import SlackStandIn
from bot.playground.vendors import data
from tests.world.notes import Clock

SECRET = "0123456789abcdef"
BOT_TOKEN = "xoxb-playground"
APP_TOKEN = "xapp-playground"
PUBLIC, PRIVATE_WITHOUT_BOT, PUBLIC_WITHOUT_BOT = "C06QJ9INC01", "C06QBOARD01", "C06QXWHSE3Z"
MAYA, JONAS, DANIEL = "U06QK3V81RA", "U06QK41M5PC", "U06SG2X0LFT"
BOARD = data.Channel(
    PRIVATE_WITHOUT_BOT, "board", "", (MAYA,), is_private=True, bot_is_member=False
)

MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Incident Relay"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "Incident Relay"},
        "slash_commands": [
            {
                "command": "/incident",
                "description": "Declare an incident",
                "usage_hint": "[title]",
                "should_escape": True,
            },
            {"command": "/plain", "description": "Takes text as it is", "should_escape": False},
        ],
        "shortcuts": [
            {
                "name": "New incident",
                "type": "global",
                "callback_id": "new",
                "description": "Declare an incident",
            },
            {
                "name": "Declare",
                "type": "message",
                "callback_id": "declare",
                "description": "Declare from a message",
            },
        ],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "users:read", "im:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
}

Reaction = Response | Callable[[dict[str, Any]], Awaitable[Response]]


class FakeBot:
    """`received` holds the payloads, parsed; `answers` what to say to the next ones (an empty 200
    when there is nothing)."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.content_types: list[str] = []
        self.answers: deque[Reaction] = deque()

    def routes(self) -> list[Route]:
        return [Route("/slack/events", self._take, methods=["POST"])]

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        if not SignatureVerifier(SECRET).is_valid_request(body, dict(request.headers)):
            return Response("bad signature", 401)
        kind = request.headers["content-type"]
        payload = (
            json.loads(body)
            if kind == "application/json"
            else dict(parse_qsl(body.decode(), keep_blank_values=True))
        )
        if "payload" in payload:
            payload = json.loads(payload["payload"])
        self.received.append(payload)
        self.content_types.append(kind)
        reaction = self.answers.popleft() if self.answers else Response()
        return reaction if isinstance(reaction, Response) else await reaction(payload)


@dataclass
class Workspace:
    """The stand-in on a real port, the bot that it talks to, and a client with the bot's token."""

    slack: SlackStandIn
    bot: FakeBot
    clock: Clock
    client: httpx.AsyncClient
    control_api: ControlApi
    url: str

    async def api(self, method: str, **args: Any) -> dict[str, Any]:
        """Call the Web API with JSON."""
        response = await self.client.post(f"/slack/api/{method}", json=args)
        assert response.status_code == 200
        reply: dict[str, Any] = response.json()
        return reply

    async def trigger(self, user_id: str = MAYA) -> str:
        """A fresh trigger id, from a slash command."""
        assert (await self.slack.command(user_id, PUBLIC, "/incident")).ok
        return str(self.bot.received[-1]["trigger_id"])

    async def open(self, view: dict[str, Any], user_id: str = MAYA) -> str:
        """Open a modal; returns its id."""
        reply = await self.api("views.open", trigger_id=await self.trigger(user_id), view=view)
        assert reply["ok"], reply
        return str(reply["view"]["id"])


def plain(text: str) -> dict[str, Any]:
    """Plain text, as the bot writes it."""
    return {"type": "plain_text", "text": text}


def shown(text: str) -> dict[str, Any]:
    """Plain text, as Slack gives it back."""
    return {"type": "plain_text", "text": text, "emoji": True}


def text_input(block_id: str, **more: Any) -> dict[str, Any]:
    """A required text input."""
    element = {"type": "plain_text_input", "action_id": "value", **more}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A modal with these blocks and a submit button."""
    return {
        "type": "modal",
        "title": plain("A form"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }


def typed(block_id: str, value: str) -> dict[str, Any]:
    """The values of a view with one text input."""
    return {block_id: {"value": {"type": "plain_text_input", "value": value}}}


def option(value: str) -> dict[str, Any]:
    """An option whose text is its value."""
    return {"text": plain(value), "value": value}
