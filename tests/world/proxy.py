"""Somebody between the bot and a server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.serving import Server

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
PASSED_ON = ("authorization", "content-type", "accept", "idempotency-key")


@dataclass
class Between:
    """Stands before the server at `target`. Passes everything on, but gives the next answers to
    POSTs itself: after the server has carried them out. `answered` counts those."""

    target: str
    answers: list[Callable[[], Response]] = field(default_factory=list)
    answered: int = 0
    arrived: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of every request."""
    url: str = ""

    async def __call__(self, request: Request) -> Response:
        self.arrived.append((request.method, request.url.path))
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        url = f"{self.target}{request.scope['raw_path'].decode()}?{request.url.query}".rstrip("?")
        async with httpx.AsyncClient(trust_env=False) as client:
            said = await client.request(
                request.method, url, content=await request.body(), headers=headers
            )
        if request.method == "POST" and self.answers:
            self.answered += 1
            return self.answers.pop(0)()
        return Response(said.content, said.status_code, media_type=said.headers.get("content-type"))


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Between]:
    """On a port of its own."""
    middle = Between(target)
    async with Server(
        Starlette(routes=[Route("/{path:path}", middle.__call__, methods=METHODS)])
    ) as server:
        middle.url = server.url
        yield middle
