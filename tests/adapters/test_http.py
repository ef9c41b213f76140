"""Requests to vendors: what an answer, or no answer, means for the object to create."""

import asyncio
import gzip
import itertools
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bot.adapters.answers import LARGEST_REPLY, retry_after
from bot.adapters.base import Request
from bot.adapters.http import (
    Bearer,
    Reply,
    TooLongError,
    dig,
    items,
    link,
    listed,
    make_client,
    reading,
    reason,
    rejected_token,
    segment,
    send,
    text,
)
from bot.adapters.rate_limit import Limits, Rate, RateLimiter, Side
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    UnauthorizedError,
    VendorError,
)
from bot.playground.serving import Server
from tests.adapters.conftest import CannedVendor, raises
from tests.world.notes import Clock

CREATE = Request(
    "POST", "/things", json={"name": "Zoë"}, headers={"Content-Type": "application/json"}
)


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422])
async def test_settled(client: httpx.AsyncClient, vendor: CannedVendor, status: int) -> None:
    """A success and most refusals are handed back with their parsed body."""
    vendor.will_answer((status, {"id": 1}), headers={"X-Request-Id": "r1"})
    reply = await send(client, "Vendor", vendor.url + "/", CREATE)
    assert (reply.status, reply.ok, reply.body) == (status, status < 300, {"id": 1})
    assert (reply.headers["x-request-id"], reply.too_long) == ("r1", False)
    assert vendor.requests[0][1:] == (
        "/things",
        {"accept": "*/*", "content-type": "application/json"},
        {"name": "Zoë"},
    )


@pytest.mark.parametrize("body", ["", "<html>", "[" * 100_000, '"' + "x" * 3_000_000 + '"'])
async def test_no_json(client: httpx.AsyncClient, vendor: CannedVendor, body: str) -> None:
    """An answer that is no JSON, or too much of it, still has its status."""
    vendor.will_answer((422, body))
    reply = await send(client, "Vendor", vendor.url, CREATE)
    assert (reply.status, reply.body) == (422, None)


UNREACHABLE = RetryLaterError("Vendor", "We can't reach Vendor.", "unreachable")
UNANSWERED = OutcomeUnknownError("Vendor", "Vendor didn't answer.")
ITS_OWN_ERROR = OutcomeUnknownError("Vendor", "Vendor had an error.")
UNREADABLE = RetryLaterError("Vendor", "Vendor sent an answer that we can't read.", "unreachable")
LIMITED = RetryLaterError("Vendor", "Vendor's rate limit is reached.", "rate_limited", 7.0)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, ITS_OWN_ERROR) for status in (300, 302, 399, 408, 500, 503)),
        *((status, LIMITED) for status in (425, 429)),
    ],
)
async def test_not_settled(
    client: httpx.AsyncClient, vendor: CannedVendor, status: int, error: VendorError
) -> None:
    """425 and 429 are certainly not done; redirects and the vendor's own errors leave it open. No
    error has the vendor's words."""
    vendor.will_answer((status, "secret words"), headers={"Retry-After": "7"})
    with raises(error):
        await send(client, "Vendor", vendor.url, CREATE)


async def test_a_question_that_must_wait_is_not_sent(
    client: httpx.AsyncClient, vendor: CannedVendor
) -> None:
    """A connection that has used up its questions says when it may ask again; a write is not held
    up here."""
    clock = Clock(0.0)
    rate_limiter = RateLimiter(Limits(read=Rate(1, 60), write=Rate(1, 60)), clock)
    assert rate_limiter.take("read")
    assert rate_limiter.take("write")
    wait = rate_limiter.wait("read")
    assert wait > 0
    sentence = "Vendor's rate limit is reached."
    with raises(RetryLaterError("Vendor", sentence, "rate_limited", wait)):
        question = Request("GET", "/things")
        await send(client, "Vendor", vendor.url, question, rate_limiter=rate_limiter)
    assert vendor.requests == []
    vendor.will_answer((201, {}))
    assert (await send(client, "Vendor", vendor.url, CREATE, rate_limiter=rate_limiter)).ok


@pytest.mark.parametrize(
    ("request_", "arrived"),
    [
        (
            Request("GET", "/things", params={"page": "2", "q": "é"}, headers={"Accept": "text/x"}),
            ("GET", "/things?page=2&q=é", {"accept": "text/x"}, None),
        ),
        (
            Request("POST", "/things", data={"name": "Zoë", "at": "1"}),
            (
                "POST",
                "/things",
                {"accept": "*/*", "content-type": "application/x-www-form-urlencoded"},
                "name=Zo%C3%AB&at=1",
            ),
        ),
    ],
)
async def test_all_of_a_request_arrives(
    client: httpx.AsyncClient, vendor: CannedVendor, request_: Request, arrived: Any
) -> None:
    """Query, headers and form; the token is added on the way."""
    vendor.will_answer((200, {}))
    method, path, headers, body = arrived
    await send(client, "Vendor", vendor.url, request_, auth=Bearer(SecretStr("t0k3n")))
    assert vendor.requests == [(method, path, {**headers, "authorization": "Bearer t0k3n"}, body)]


async def test_the_client_that_all_workspaces_share() -> None:
    """It names itself, accepts one packing, and follows nothing."""
    async with make_client() as made:
        named = made.headers["User-Agent"], made.headers["Accept-Encoding"]
    assert (named, made.follow_redirects) == (("incident-relay", "gzip"), False)


@pytest.mark.parametrize("path", ["/../x", "@elsewhere.example/", "\n"])
async def test_an_address_that_leads_away_is_refused(
    client: httpx.AsyncClient, vendor: CannedVendor, path: str
) -> None:
    """Nothing is sent, and the refusal says so in a sentence."""
    with raises(RejectedError("Vendor", "Vendor has no such address.")):
        await send(client, "Vendor", f"{vendor.url}/base", Request("GET", path))
    assert vendor.requests == []


@pytest.mark.parametrize("status", [201, 422, 429, 500])
@pytest.mark.parametrize(("method", "other"), [("POST", "read"), ("GET", "write")])
async def test_rate_headers_slow_the_connection_down(
    client: httpx.AsyncClient, vendor: CannedVendor, status: int, method: str, other: Side
) -> None:
    """The rate in an answer's headers holds for the next calls of that side, at any status."""
    side: Side = "write" if other == "read" else "read"
    rate_limiter = RateLimiter(Limits(read=Rate(100), write=Rate(100)), Clock(0.0))
    vendor.will_answer((status, {}), headers={"X-RateLimit-Limit": "4, 4;window=60"})
    with suppress(VendorError):
        request = Request(method, "/things")
        await send(client, "Vendor", vendor.url, request, rate_limiter=rate_limiter)
    taken = {
        each: [rate_limiter.take(each) for _ in range(4)].count(True) for each in (side, other)
    }
    # Of four calls, three are ours. A read is counted by `send`, a write by its caller.
    assert taken == {side: 2 if side == "read" else 3, other: 4}


async def test_redirects_are_not_followed(client: httpx.AsyncClient, vendor: CannedVendor) -> None:
    """Credentials are not sent to the target of a redirect."""
    vendor.will_answer((307, ""), headers={"Location": f"{vendor.url}/elsewhere"})
    vendor.will_answer((201, {"id": 1}))
    with pytest.raises(OutcomeUnknownError):
        await send(client, "Vendor", vendor.url, CREATE)
    assert vendor.paths == ["/things"]


async def test_cookies_are_not_kept(client: httpx.AsyncClient, vendor: CannedVendor) -> None:
    """A cookie of one workspace's answer is not sent with another workspace's request."""
    vendor.will_answer((200, {}), (200, {}), headers={"Set-Cookie": "session=of-a; Path=/"})
    for _ in range(2):
        await send(client, "Vendor", vendor.url, CREATE)
    assert [headers.get("cookie") for _, _, headers, _ in vendor.requests] == [None, None]


async def test_a_proxy_is_not_asked_for_this_machine(
    vendor: CannedVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in on this machine is reached although the environment names a proxy."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    vendor.will_answer((200, {"id": 1}), (200, {"id": 2}))
    async with make_client() as behind_a_proxy:
        for url in (vendor.url, vendor.url.replace("127.0.0.1", "localhost")):
            assert (await send(behind_a_proxy, "Vendor", url, CREATE)).ok


async def test_the_client_waits_for_nothing_without_end() -> None:
    """Connecting, reading, writing and waiting for a free connection all have a limit."""
    async with make_client() as made:
        assert made.timeout == httpx.Timeout(connect=4.0, read=15.0, write=15.0, pool=4.0)


@asynccontextmanager
async def raw_server(head: str, body: bytes) -> AsyncIterator[str]:
    """Run a server that answers with these bytes, fewer than it announces.

    Then it keeps silent or closes the connection.
    """
    silent = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(f"HTTP/1.1 {head}\r\n\r\n".encode() + body)
        await writer.drain()
        if not body:
            await silent.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        silent.set()
        server.close()
        await server.wait_closed()


BROKEN = [
    pytest.param("Content-Length: 99", b'{"err', id="cut short"),
    pytest.param("Content-Encoding: gzip\r\nContent-Length: 5", b"hello", id="not what it says"),
    pytest.param("Content-Length: 99", b"", id="silent"),
]


@pytest.mark.parametrize(("headers", "body"), BROKEN)
@pytest.mark.parametrize(
    ("status", "became"),
    [
        (201, (OutcomeUnknownError, None)),
        (401, (401, None)),
        (422, (422, None)),
        (425, (RetryLaterError, 5.0)),
        (429, (RetryLaterError, 5.0)),
        (500, (OutcomeUnknownError, None)),
    ],
)
async def test_a_body_that_breaks(
    client: httpx.AsyncClient, headers: str, body: bytes, status: int, became: tuple[Any, Any]
) -> None:
    """The status counts without the body; only a success needs its body."""
    seen: tuple[Any, Any]
    async with raw_server(f"{status} X\r\nRetry-After: 5\r\n{headers}", body) as url:
        try:
            patience = 5.0 if body else 0.5
            reply = await send(client, "Vendor", url, CREATE, total_seconds=patience)
            seen = (reply.status, reply.body)
        except VendorError as error:
            seen = (type(error), getattr(error, "retry_after", None))
    assert seen == became


async def test_a_packed_body(client: httpx.AsyncClient) -> None:
    """A compressed answer is read."""
    packed = gzip.compress(b'{"id": 1}')
    async with raw_server(
        f"201 X\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}", packed
    ) as url:
        assert (await send(client, "Vendor", url, CREATE)).body == {"id": 1}


@asynccontextmanager
async def packed_server(
    packing: str, chunks: Iterable[bytes], pause: float = 0.0
) -> AsyncIterator[str]:
    """Run a server that answers 200 with these pieces of a body, `pause` seconds before each."""

    async def answer(_request: StarletteRequest) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            for chunk in chunks:
                await asyncio.sleep(pause)
                yield chunk

        return StreamingResponse(pieces(), headers={"Content-Encoding": packing} if packing else {})

    async with Server(
        Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    ) as server:
        yield server.url


def packed(text: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        text = gzip.compress(text)
    return text


LONG = b'"' + b"x" * 2 * LARGEST_REPLY + b'"'
TOO_LONG = [
    pytest.param("", [LONG], id="plain"),
    pytest.param("gzip", [packed(LONG)], id="packed"),
    pytest.param("gzip", [packed(b" " * 300_000_000)], id="a bomb"),
]


@pytest.mark.parametrize(("packing", "chunks"), TOO_LONG)
async def test_no_answer_is_read_past_two_megabytes(
    client: httpx.AsyncClient, packing: str, chunks: list[bytes]
) -> None:
    """The limit holds for the unpacked body, and memory does not grow with it."""
    async with packed_server(packing, chunks) as url:
        tracemalloc.start()
        reply = await send(client, "Vendor", url, Request("GET", "/things"))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (reply.status, reply.body, reply.too_long) == (200, None, True)
    assert most < 6 * LARGEST_REPLY


@pytest.mark.parametrize("packing", ["", "gzip", "GZIP"])
@pytest.mark.parametrize("more", [0, 1])
async def test_a_body_in_pieces(client: httpx.AsyncClient, packing: str, more: int) -> None:
    """It is put together, to the last byte that is allowed."""
    text = b'"' + b"x" * (LARGEST_REPLY - 2 + more) + b'"'
    body = packed(text) if packing else text
    pieces = [body[:9], body[9:-9], body[-9:]]
    async with packed_server(packing, pieces) as url:
        reply = await send(client, "Vendor", url, Request("GET", "/things"))
    assert (reply.body, reply.too_long) == ((None, True) if more else (text[1:-1].decode(), False))


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd", "deflate"])
async def test_other_packings_are_not_unpacked(client: httpx.AsyncClient, packing: str) -> None:
    """Other packings, and a packing inside another, are an error."""
    async with packed_server(packing, [packed(b" " * 1_000_000, 2)]) as url:
        with raises(UNANSWERED):
            await send(client, "Vendor", url, CREATE)


async def test_a_packed_answer_that_ends_too_early(client: httpx.AsyncClient) -> None:
    """A body that was cut off is an error, even if its beginning is valid JSON."""
    async with packed_server("gzip", [packed(b'{"id": 1}')[:-8]]) as url:
        with pytest.raises(OutcomeUnknownError):
            await send(client, "Vendor", url, CREATE)


async def test_an_answer_in_drops_has_an_end(client: httpx.AsyncClient) -> None:
    """The limit of the whole call ends an answer whose pieces each arrive in time."""
    started = asyncio.get_running_loop().time()
    async with packed_server("", itertools.repeat(b" "), pause=0.02) as url:
        with raises(UNANSWERED):
            await send(client, "Vendor", url, CREATE, total_seconds=0.3)
        assert asyncio.get_running_loop().time() - started < 2.0


async def test_refused_connection(client: httpx.AsyncClient) -> None:
    """A vendor that is not reached has certainly done nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with raises(UNREACHABLE):
            await send(client, "Vendor", f"http://127.0.0.1:{taken.getsockname()[1]}", CREATE)


async def test_connection_without_an_answer(client: httpx.AsyncClient) -> None:
    """A vendor that accepts the connection and stays silent may have done it."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with raises(UNANSWERED):
            await send(
                client,
                "Vendor",
                f"http://127.0.0.1:{silent.getsockname()[1]}",
                CREATE,
                total_seconds=0.1,
            )


async def test_a_time_out_before_writing(vendor: CannedVendor) -> None:
    """No connection in time, or none free, is certainly not done."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"127.0.0.1:{silent.getsockname()[1]}"
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            timeout=httpx.Timeout(9.0, connect=0.1, pool=0.1), limits=limits
        ) as client:
            with pytest.raises(RetryLaterError):  # the other side never answers the TLS handshake
                await send(client, "Vendor", f"https://{url}", CREATE)
            waiting = asyncio.create_task(
                send(client, "Vendor", f"http://{url}", CREATE, total_seconds=0.5)
            )
            await asyncio.sleep(0.05)
            with pytest.raises(RetryLaterError):
                await send(client, "Vendor", vendor.url, CREATE)
            with pytest.raises(OutcomeUnknownError):
                await waiting
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        pytest.param(CREATE, httpx.Timeout(9.0, read=0.1), id="nothing to read"),
        pytest.param(
            Request("POST", "/things", json="x" * 30_000_000),
            httpx.Timeout(9.0, write=0.1),
            id="nobody reads",
        ),
    ],
)
async def test_a_time_out_after_writing_began(request_: Request, limit: httpx.Timeout) -> None:
    """A time-out after the first byte proves nothing about the outcome."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        async with httpx.AsyncClient(timeout=limit) as client:
            with pytest.raises(OutcomeUnknownError):
                await send(
                    client, "Vendor", f"http://127.0.0.1:{silent.getsockname()[1]}", request_
                )


def test_reading_leaves_nothing_unclear() -> None:
    """A read without an answer can simply be tried again."""
    with (
        raises(RetryLaterError("Vendor", "Vendor isn't answering.", "unreachable")),
        reading("Vendor"),
    ):
        raise OutcomeUnknownError("Vendor", "x")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "9999"}, 9999.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:17:00 GMT"}, 20.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e400", "X-RateLimit-Reset": "nan"}, None),
        ({"Retry-After": "Fri, 31 Dec 9999 23:59:59 -2359"}, 86400.0),
        ({"X-RateLimit-Reset": "-inf"}, None),
        ({"X-RateLimit-Reset": "1042"}, 42.0),
        ({"X-RateLimit-Reset": "1000.5"}, 1.0),
        ({"X-RateLimit-Reset": "9999"}, 300.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "1042"}, 42.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """A named wait is at least a second, and at most a day or, by a reset, a minute."""
    assert retry_after(httpx.Headers(headers), now=1000.0) == seconds


def test_a_date_to_wait_for_is_counted_from_now() -> None:
    """The clock is this machine's."""
    assert retry_after(httpx.Headers({"X-RateLimit-Reset": f"{time.time() + 42}"})) == (
        pytest.approx(42.0, abs=5.0)
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [{"b": " x "}]}, (" x ", "x", "")),
        ({"a": [{"b": 7}]}, (7, "7", "")),
        ({"a": [{"b": "x \ud83d"}]}, ("x \ud83d", "x ?", "")),
        ({"a": [{"b": True}]}, (True, "", "")),
        ({"a": [{"b": "https://x/y"}]}, ("https://x/y", "https://x/y", "https://x/y")),
        ({"a": [{"b": "javascript:x"}]}, ("javascript:x", "javascript:x", "")),
        ({"a": [{"b": "http://x/y"}]}, ("http://x/y", "http://x/y", "http://x/y")),
        *(
            ({"a": [{"b": f"https://x{mark}y"}]}, (f"https://x{mark}y", f"https://x{mark}y", ""))
            for mark in " \n<>|"
        ),
        ({"a": [{"b": "https://XX/y"}]}, ("https://XX/y", "https://XX/y", "https://XX/y")),
        ({"a": []}, (None, "", "")),
        ({"a": {"0": {}}}, (None, "", "")),
        (None, (None, "", "")),
    ],
)
def test_lenient_reading(value: Any, expected: tuple[Any, str, str]) -> None:
    """A missing member, or one of another type, is empty and never an error."""
    path = ("a", 0, "b")
    assert (dig(value, *path), text(value, *path), link(value, *path)) == expected
    assert items(value, *path) == []


@pytest.mark.parametrize("body", [None, [], {"data": None}, {"data": {}}, {"error": "x"}])
def test_a_page_without_a_list(body: Any) -> None:
    """A page without a list is no answer, and not an empty list."""
    with raises(UNREADABLE):
        listed("Vendor", Reply(200, httpx.Headers(), body), "data")


def test_a_page_that_is_too_long() -> None:
    """It is an error of its own: the same request will hardly get a shorter answer."""
    sentence = "Vendor sent a list that's too long to read. It has more than 2 MB."
    with pytest.raises(TooLongError) as caught:
        listed("Vendor", Reply(200, httpx.Headers(), None, too_long=True), "data")
    assert (str(caught.value), vars(caught.value)) == (
        sentence,
        {"vendor": "Vendor", "reason": "unreachable", "retry_after": None},
    )


def test_a_page_with_a_list() -> None:
    """The list stands where the vendor puts it."""
    page = {"data": {"things": [1, 2]}}
    assert listed("Vendor", Reply(200, httpx.Headers(), page), "data", "things") == [1, 2]
    assert items(page, "data", "things") == [1, 2]


def test_reason() -> None:
    """The general message of a body is found under any of the names in use."""
    said = [
        {"title": "T", "detail": "D", "message": "M"},
        {"title": "T", "detail": "D"},
        {"title": "T"},
        {},
        None,
    ]
    assert [reason(body) for body in said] == ["M", "D", "T", "", ""]


def test_segment() -> None:
    """An id stays one step of the path; one that leads elsewhere is refused."""
    assert segment("Vendor", "a/b?c#d é") == "a%2Fb%3Fc%23d%20%C3%A9"
    for way in (".", ".."):
        with raises(RejectedError("Vendor", f"Vendor has nothing with the ID “{way}”.")):
            segment("Vendor", way)


@pytest.mark.parametrize(
    ("status", "words", "connecting", "error"),
    [
        (
            401,
            "",
            False,
            UnauthorizedError(
                "Vendor",
                "Vendor rejected our API key. An admin can replace it in `/vendors`.",
                401,
            ),
        ),
        (
            401,
            "",
            True,
            UnauthorizedError(
                "Vendor",
                "Vendor rejected this API key. Copy it again.",
                401,
            ),
        ),
        *(
            (
                403,
                words,
                False,
                UnauthorizedError(
                    "Vendor",
                    f"Vendor doesn't let our API key do this.{quoted} An admin can give it more "
                    "rights in Vendor, or replace it in `/vendors`.",
                    403,
                ),
            )
            for words, quoted in (("", ""), ("Not you", " Vendor says: “Not you”."))
        ),
        *(
            (
                403,
                words,
                True,
                UnauthorizedError(
                    "Vendor",
                    f"Vendor doesn't let this API key read its own account.{quoted} Give it more "
                    "rights, or use another key.",
                    403,
                ),
            )
            for words, quoted in (("", ""), ("Not you", " Vendor says: “Not you”."))
        ),
    ],
)
def test_a_token_that_is_not_accepted(
    status: int, words: str, connecting: bool, error: UnauthorizedError
) -> None:
    """An admin reads what to do, and what the vendor said of a right that is missing."""
    with raises(error):
        raise rejected_token("Vendor", status, words, connecting=connecting)
    if not (words or connecting):
        with raises(error):
            raise rejected_token("Vendor", status)
