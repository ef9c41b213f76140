"""A Slack Web API that answers what a test says, over real HTTP: for answers that the stand-in
never gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.playground.serving import Server
from bot.playground.slack.web_api import arguments, bearer
from bot.settings import Settings
from bot.slack.clients import slack_client, with_token

Answer = Callable[[dict[str, Any]], Any]


@dataclass
class Wire:
    """`answer` gets a call's arguments and gives what becomes JSON, or a `Response`; it is asked
    after `pause` seconds. Calls with a token in `hanging` are never answered."""

    answer: Answer = lambda args: {"ok": True}
    pause: float = 0.0
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    """The token of each call; the last is that of the call being answered."""
    hanging: frozenset[str] = frozenset()
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: Request) -> Response:
        args = {name: _parsed(value) for name, value in (await arguments(request)).items()}
        self.calls.append((request.path_params["method"], args))
        self.tokens.append(bearer(request))
        if self.tokens[-1] in self.hanging:
            await self.closing.wait()
        await asyncio.sleep(self.pause)
        said = self.answer(args)
        return said if isinstance(said, Response) else JSONResponse(said)

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value


def refused(error: str) -> Answer:
    """Slack's "no"."""
    return lambda args: {"ok": False, "error": error}


TROUBLES: dict[str, Answer] = {
    "an error": refused("internal_error"),
    "a web page": lambda args: Response("<html>Bad gateway</html>", 502, media_type="text/html"),
    "plain text": lambda args: Response("upstream connect error", 503, media_type="text/plain"),
    "broken JSON": lambda args: Response('{"ok": tr', 200, media_type="application/json"),
    "nothing": lambda args: Response(status_code=500),
    "no JSON object": lambda args: Response(
        "<html>Sign in to the network</html>", 200, media_type="text/html"
    ),
}
"""What can come back instead of an answer."""


@asynccontextmanager
async def slack_wire() -> AsyncIterator[tuple[Wire, AsyncWebClient]]:
    """The wire, and a client at its end."""
    wire = Wire()
    app = Starlette(routes=[Route("/api/{method}", wire.__call__, methods=["GET", "POST"])])
    async with Server(app) as server:
        settings = Settings.model_validate({"SLACK_API_URL": f"{server.url}/api/"})
        async with slack_client(settings, 5) as client:
            try:
                yield wire, with_token(client, "xoxb-1")
            finally:
                wire.closing.set()
