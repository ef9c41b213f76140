"""Somebody between the bot and a server, who passes on what arrives."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.serving import Server

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
OF_ONE_CONNECTION = (b"host", b"accept-encoding", b"connection", b"transfer-encoding")
"""The headers that are not passed on."""
PATIENCE_SECONDS = 30.0


@dataclass
class Proxy:
    """Stands before the server at `target`. `answer` may be overridden: it gets what the server
    said."""

    target: str
    url: str = ""
    arrived: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of every request."""

    async def __call__(self, request: Request) -> Response:
        self.arrived.append((request.method, request.url.path))
        url = f"{self.target}{request.scope['raw_path'].decode()}?{request.url.query}".rstrip("?")
        headers = [*_passed_on(request.headers.raw), (b"accept-encoding", b"identity")]
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_SECONDS) as client:
            said = await client.request(
                request.method, url, content=await request.body(), headers=headers
            )
        return self.answer(request, said)

    def answer(self, request: Request, said: httpx.Response) -> Response:
        response = Response(said.content, said.status_code)
        response.raw_headers = _passed_on(said.headers.raw)
        return response


@dataclass
class Between(Proxy):
    """Gives the next answers to POSTs itself: after the server has carried them out. `answered`
    counts those."""

    answers: list[Callable[[], Response]] = field(default_factory=list)
    answered: int = 0

    def answer(self, request: Request, said: httpx.Response) -> Response:
        if request.method == "POST" and self.answers:
            self.answered += 1
            return self.answers.pop(0)()
        return super().answer(request, said)


ProxyT = TypeVar("ProxyT", bound=Proxy)


@asynccontextmanager
async def served(proxy: ProxyT) -> AsyncIterator[ProxyT]:
    """The proxy on a port of its own."""
    app = Starlette(routes=[Route("/{path:path}", proxy.__call__, methods=METHODS)])
    async with Server(app) as server:
        proxy.url = server.url
        yield proxy


def _passed_on(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [header for header in headers if header[0].lower() not in OF_ONE_CONNECTION]
