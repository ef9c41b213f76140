"""A vendor that gives a test's answers, over real HTTP on 127.0.0.1."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.adapters.http import make_client
from bot.errors import VendorError
from bot.playground.serving import Server

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
COMPARED = ("authorization", "content-type", "accept", "idempotency-key", "cookie")


class CannedVendor:
    """Answers the next request with the next of `answers` (status, body, headers).

    `requests` keeps what arrived: (method, path with its decoded query, the compared headers,
    parsed body).
    """

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []

    def will_answer(self, *answers: tuple[int, Any], headers: dict[str, str] | None = None) -> None:
        self.answers += [(status, body, headers or {}) for status, body in answers]

    async def answer(self, request: Request) -> Response:
        raw = (await request.body()).decode()
        query = f"?{unquote_plus(request.url.query)}" if request.url.query else ""
        headers = {name: request.headers[name] for name in COMPARED if name in request.headers}
        body = (
            raw
            if headers.get("content-type") == "application/x-www-form-urlencoded"
            else json.loads(raw or "null")
        )
        self.requests.append(
            (request.method, request.scope["raw_path"].decode() + query, headers, body)
        )
        status, said, extra = self.answers.pop(0)
        content = said if isinstance(said, str) else json.dumps(said)
        return Response(content, status, extra, "application/json")

    @property
    def paths(self) -> Sequence[str]:
        return [path for _, path, _, _ in self.requests]


@contextmanager
def raises(expected: VendorError) -> Iterator[None]:
    """Expect this very error: its type, its sentence, and all that it carries."""
    with pytest.raises(type(expected)) as caught:
        yield
    assert (str(caught.value), vars(caught.value)) == (str(expected), vars(expected))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def canned_vendor() -> AsyncIterator[CannedVendor]:
    """Run one server for all tests of this folder, because a start takes longer than a test."""
    canned = CannedVendor()
    async with Server(
        Starlette(routes=[Route("/{path:path}", canned.answer, methods=METHODS)])
    ) as server:
        canned.url = server.url
        yield canned


@pytest.fixture
async def vendor(canned_vendor: CannedVendor) -> CannedVendor:
    canned_vendor.answers.clear()
    canned_vendor.requests.clear()
    return canned_vendor


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with make_client() as made:
        yield made
