"""Connections on which nobody says what they want are closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.web.server import MOST_CONNECTIONS, Server, listen, server_config
from bot.web.slow_clients import HEAD_SECONDS, ImpatientProtocol
from tests.world.bot import eventually

LIMIT = 0.3
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Hasty(ImpatientProtocol):
    head_seconds = LIMIT


@asynccontextmanager
async def serving(most: int = MOST_CONNECTIONS) -> AsyncIterator[int]:
    """The bot's way of serving, with a short limit; its port. It answers after a whole body and
    `pause` seconds."""

    async def answer(request: Request) -> PlainTextResponse:
        await request.body()
        await asyncio.sleep(float(request.query_params.get("pause", 0)))
        return PlainTextResponse("yes")

    config = server_config(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), Hasty)
    config.limit_concurrency = most
    listening = listen("127.0.0.1", 0)
    server = Server(config)
    task = asyncio.create_task(server.serve([listening]))
    await eventually(lambda: server.started)
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def status(reader: asyncio.StreamReader) -> int:
    """Of the next answer, whose text is "yes"."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"yes")
    return int(head.split()[1])


async def closed(streams: Streams, drip: bytes = b"") -> float:
    """After how many seconds the other side closes, having said nothing; `drip` is written all the
    while."""
    reader, writer = streams
    began = time.monotonic()
    ended = asyncio.create_task(_rest(reader))
    while not ended.done():
        writer.write(drip)
        await asyncio.wait([ended], timeout=0.02)
        assert time.monotonic() - began < 5
    assert await ended == b""
    return time.monotonic() - began


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:  # closed while more was on its way
        return b""


@pytest.mark.parametrize(
    ("begun", "drip"),
    [(b"", b""), (b"GET / HTT", b""), (b"GET / HTTP/1.1\r\nX: ", b"a"), (b"", b"G")],
)
async def test_a_head_that_does_not_arrive_is_not_waited_for(begun: bytes, drip: bytes) -> None:
    """Neither silence nor a steady trickle keeps a connection open; what trickled in before counts
    as well."""
    async with serving() as port, connection(port) as streams:
        streams[1].write(begun)
        assert LIMIT - 0.1 < await closed(streams, drip) < LIMIT + 1


async def test_every_head_has_its_own_time() -> None:
    """On a connection that is used again the next one is limited like the first."""
    async with serving() as port, connection(port) as (reader, writer):
        for _ in range(3):
            await asyncio.sleep(LIMIT * 0.6)
            writer.write(HEAD)
            assert await status(reader) == 200
        assert LIMIT - 0.1 < await closed((reader, writer), b"G") < LIMIT + 1


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /?pause=0.6 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n",
    ],
    ids=["a slow answer", "a slow body"],
)
async def test_only_heads_are_limited(request_: bytes) -> None:
    """Whoever has said what they want gets the answer, however long that takes; bodies have a limit
    elsewhere."""
    async with serving() as port, connection(port) as (reader, writer):
        writer.write(request_)
        if request_.startswith(b"POST"):
            await asyncio.sleep(2 * LIMIT)
            writer.write(b"body")
        assert await status(reader) == 200


async def test_only_so_many_are_served_at_once() -> None:
    """The next one is told at once to come back later."""
    async with serving(most=2) as port, connection(port) as first:
        first[1].write(HEAD)
        assert await status(first[0]) == 200
        async with connection(port) as (reader, writer):
            writer.write(HEAD)
            assert (await reader.readline()).split()[1] == b"503"


def test_the_bot_serves_so() -> None:
    """With the limits that are meant for it, unless a test has others."""
    config = server_config(Starlette())
    assert (config.http, config.limit_concurrency) == (ImpatientProtocol, 500)
    assert ImpatientProtocol.head_seconds == HEAD_SECONDS == 10
