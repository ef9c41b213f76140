"""Servers that never answer some of those who ask, over real HTTP, and a vendor at the end of one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.adapters.base import Created, Entry, Submission
from bot.adapters.base import Request as VendorRequest
from bot.adapters.credentials import ApiKey
from bot.adapters.http import Bearer, make_client, reading, send
from bot.playground.serving import Server
from tests.world.notes import MADE, Notes

ANSWERED = "the-key-that-is-answered"


@dataclass
class Hanging:
    """Answers only who asks with `ANSWERED`; `waiting` counts the others."""

    url: str = ""
    waiting: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {ANSWERED}":
            self.waiting += 1
            await self.closing.wait()
        return JSONResponse({})


@asynccontextmanager
async def hanging() -> AsyncIterator[Hanging]:
    """The server, until the end of the block."""
    answers = Hanging()
    routes = [Route("/{path:path}", answers.__call__, methods=["GET", "POST"])]
    async with Server(Starlette(routes=routes)) as server:
        answers.url = server.url
        try:
            yield answers
        finally:
            answers.closing.set()


class HangingNotes(Notes):
    """Notes behind such a server, with the bot's own client and its limits."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.client, self.base_url = make_client(), url

    async def create(self, operation: str, submission: Submission, credentials: ApiKey) -> Created:
        await self._ask(self.request(operation, submission, credentials), credentials)
        return MADE

    async def entries(self, catalog: str, credentials: ApiKey) -> list[Entry]:
        with reading(self.label):
            await self._ask(VendorRequest("GET", f"/{catalog}"), credentials)
        return [Entry(id="1", label=f"One of the {catalog}")]

    async def _ask(self, request: VendorRequest, credentials: ApiKey) -> None:
        auth = Bearer(credentials.api_key)
        await send(self.client, self.label, self.base_url, request, auth=auth)
