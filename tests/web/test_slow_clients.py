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
async def serving(
    most: int = MOST_CONNECTIONS, protocol: type[ImpatientProtocol] = Hasty
) -> AsyncIterator[int]:
    """The bot's way of serving, with a short limit; its port. It answers after a whole body and
    `pause` seconds."""

    async def answer(request: Request) -> PlainTextResponse:
        await request.body()
        await asyncio.sleep(float(request.query_params.get("pause", 0)))
        return PlainTextResponse("yes")

    routes = [Route("/", answer, methods=["GET", "POST"])]
    config = server_config(Starlette(routes=routes), protocol)
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


SLOW = b"GET /?pause=1 HTTP/1.1\r\nHost: x\r\n\r\n"
BODY_BEGUN = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo"


async def test_only_so_many_are_served_at_once() -> None:
    """If the bot has all it needs to answer the others, the next one is told at once to come back
    later."""
    async with serving(most=2) as port, connection(port) as first:
        first[1].write(SLOW)
        await asyncio.sleep(0.1)
        async with connection(port) as (reader, writer):
            writer.write(HEAD)
            assert (await reader.readline()).split()[1] == b"503"
        assert await status(first[0]) == 200


@pytest.mark.parametrize("begun", [b"", b"GET / HTT", HEAD, BODY_BEGUN])
async def test_of_too_many_the_one_that_was_waited_for_longest_goes(begun: bytes) -> None:
    """Whether it never said anything, began a head, was answered before, or began a body: the
    newcomer is served, and nobody else is disturbed."""
    async with (
        serving(4, ImpatientProtocol) as port,
        connection(port) as busy,
        connection(port) as oldest,
        connection(port) as newer,
    ):
        busy[1].write(SLOW)
        oldest[1].write(begun)
        if begun == HEAD:
            assert await status(oldest[0]) == 200
        await asyncio.sleep(0.1)
        newer[1].write(BODY_BEGUN)
        await asyncio.sleep(0.05)
        async with connection(port) as (reader, writer):
            writer.write(HEAD)
            assert await status(reader) == 200
            assert await asyncio.wait_for(_rest(oldest[0]), HEAD_SECONDS / 2) == b""
        newer[1].write(b"dy")
        assert [await status(it[0]) for it in (busy, newer)] == [200, 200]


async def test_one_without_a_head_goes_before_one_without_a_body() -> None:
    """However short it has been there."""
    async with (
        serving(3, ImpatientProtocol) as port,
        connection(port) as older,
        connection(port) as silent,
    ):
        older[1].write(BODY_BEGUN)
        await asyncio.sleep(0.05)
        async with connection(port) as (reader, writer):
            writer.write(HEAD)
            assert await status(reader) == 200
            assert await asyncio.wait_for(_rest(silent[0]), HEAD_SECONDS / 2) == b""
        older[1].write(b"dy")
        assert await status(older[0]) == 200


async def test_silent_connections_keep_nobody_out() -> None:
    """However many there are, and although each comes back."""

    async def silent(port: int) -> None:
        while True:
            async with connection(port) as (reader, _):
                await _rest(reader)
            await asyncio.sleep(0.05)

    async with serving(25, ImpatientProtocol) as port:
        crowd = [asyncio.create_task(silent(port)) for _ in range(30)]
        answers = []
        for _ in range(10):
            await asyncio.sleep(0.02)
            async with connection(port) as (reader, writer):
                writer.write(HEAD)
                answers.append(await status(reader))
        for task in crowd:
            task.cancel()
        await asyncio.wait(crowd)
    assert answers == [200] * 10


async def test_a_body_that_comes_after_the_answer_is_not_read() -> None:
    """The connection is closed, so nobody fills it for ever."""
    async with (
        serving(protocol=ImpatientProtocol) as port,
        connection(port) as (reader, writer),
    ):
        writer.write(BODY_BEGUN.replace(b"/ ", b"/nothing ", 1).replace(b": 4", b": 99999"))
        async with asyncio.timeout(HEAD_SECONDS / 2):
            assert (await reader.read()).split()[1] == b"404"


def test_the_bot_serves_so() -> None:
    """With the limits that are meant for it, unless a test has others."""
    config = server_config(Starlette())
    assert (config.http, config.limit_concurrency) == (ImpatientProtocol, 500)
    assert ImpatientProtocol.head_seconds == HEAD_SECONDS == 10
