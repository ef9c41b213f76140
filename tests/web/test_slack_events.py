"""The outside edge: what reaches the bot over HTTP without being Slack's, or without Slack's shape."""

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from bot.playground.serving import Server
from bot.playground.slack.transport import signature
from bot.settings import Settings
from bot.storage.database import Database
from bot.web.app import make_web
from bot.web.bodies import LARGEST_BODY, Bodies
from tests.world.bot import World

CANARY = "canary-5b1e9c"
BODY_SECONDS = 0.3
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Edge:
    """The bot's web application on a port of its own, with a short limit for bodies."""

    def __init__(self, url: str, secret: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self.secret = secret.encode()
        self.client = client

    async def post(
        self, body: bytes, content_type: str = FORM, *, at: float = 0, **headers: Any
    ) -> httpx.Response:
        """Post a body, well signed `at` seconds from now; `headers` replace those that would be
        sent."""
        signed = signature(self.secret, body, int(time.time() + at))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            "/slack/events", content=body, headers=signed | named | {"Content-Type": content_type}
        )


@pytest.fixture
async def edge(world: World, settings: Settings) -> AsyncIterator[Edge]:
    secret = settings.slack_signing_secret or SecretStr("")
    database = await Database.open(settings.database)
    web = make_web(world.bot.app, secret, database, bodies=Bodies(BODY_SECONDS))
    async with (
        Server(web) as server,
        httpx.AsyncClient(base_url=server.url, trust_env=False) as client,
    ):
        yield Edge(server.url, secret.get_secret_value(), client)
    await database.close()


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that was printed or logged since it was asked last."""

    def said() -> str:
        printed = capfd.readouterr()
        logged = caplog.text
        caplog.clear()
        return printed.out + printed.err + logged

    return said


def clean(text: str) -> bool:
    return CANARY not in text and "Traceback" not in text


COMMAND = urlencode({"command": "/incident", "text": CANARY}).encode()


BAD_HEADERS: list[dict[str, Any]] = [
    {"X_Slack_Signature": "v0=" + "0" * 64},
    {"X_Slack_Signature": "v1=" + "0" * 64},
    {"X_Slack_Signature": ""},
    {"X_Slack_Signature": "v0="},
    {"X_Slack_Signature": CANARY},
    {"X_Slack_Signature": "v0=\u00e9".encode("latin-1")},
    {"X_Slack_Request_Timestamp": ""},
    {"X_Slack_Request_Timestamp": "yesterday"},
    {"X_Slack_Request_Timestamp": "-1"},
    {"X_Slack_Request_Timestamp": "1e9"},
    {"X_Slack_Request_Timestamp": "\u00b2".encode("latin-1")},
    {"X_Slack_Request_Timestamp": "9" * 400},
]


async def test_refuses_what_slack_did_not_sign(edge: Edge, said: Callable[[], str]) -> None:
    """A wrong, empty or unreadable signature or time gets a 401, and the body appears nowhere."""
    answers = [await edge.post(COMMAND, **headers) for headers in BAD_HEADERS]
    assert {(it.status_code, it.text) for it in answers} == {
        (401, "The signature is missing, wrong or too old.\n")
    }
    assert clean(said())


async def test_refuses_an_old_signature(edge: Edge, said: Callable[[], str]) -> None:
    """A request that was signed more than five minutes ago, or from now, gets a 401."""
    ages = (-310, 310, -86400 * 365 * 40)
    assert [(await edge.post(COMMAND, at=at)).status_code for at in ages] == [401, 401, 401]
    assert clean(said())


FORGED = {"X-Slack-Request-Timestamp": "", "X-Slack-Signature": f"v0={'0' * 64}"}
"""Headers that could be right; the time has to be filled in."""


def head(length: str = "Content-Length: 1000", at: float = 0, **changes: str | None) -> bytes:
    """The head of a request, with the time and a signature of the right shape; `changes` replace
    them, or leave them out."""
    stamp = {"X-Slack-Request-Timestamp": str(int(time.time() + at))}
    given = {name.replace("_", "-"): value for name, value in changes.items()}
    headers = {**FORGED, **stamp, **given}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"POST /slack/events HTTP/1.1\r\nHost: x\r\n{length}\r\n{''.join(lines)}\r\n".encode()


IMPOSSIBLE: list[dict[str, Any]] = [
    {"X_Slack_Signature": None},
    {"X_Slack_Request_Timestamp": None},
    {"X_Slack_Request_Timestamp": None, "X_Slack_Signature": None},
    {"X_Slack_Signature": "v0="},
    {"X_Slack_Signature": "v1=" + "0" * 64},
    {"X_Slack_Signature": "v0=" + "0" * 63},
    {"X_Slack_Signature": "v0=" + "0" * 63 + "g"},
    {"X_Slack_Request_Timestamp": "soon"},
    {"at": -310},
    {"at": 310},
]


@pytest.mark.parametrize("changes", IMPOSSIBLE, ids=str)
async def test_waits_for_no_body_that_slack_cannot_have_signed(
    edge: Edge, changes: dict[str, Any], said: Callable[[], str]
) -> None:
    """Without a time and a signature that could be right it is a 401, although the body never
    arrives; and the connection is closed."""
    answer = await _answer(edge, head(**changes))
    assert (_status(answer), answer.endswith(b"The signature is missing, wrong or too old.\n")) == (
        401,
        True,
    )
    assert clean(said())


async def test_waits_for_no_body_that_is_announced_as_too_large(edge: Edge) -> None:
    """It is a 413 at once; a body that could be right is waited for, until its time is up."""
    answers = [
        await _answer(edge, head(f"Content-Length: {length}"))
        for length in (LARGEST_BODY, LARGEST_BODY + 1)
    ]
    assert [_status(it) for it in answers] == [408, 413]


@pytest.mark.parametrize("path", ["/slack/events", "/healthz", "/nothing"])
async def test_refuses_a_request_of_two_lengths(edge: Edge, path: str) -> None:
    """A proxy may see another end of it than the bot; what follows is not read as a request."""
    lengths = "Content-Length: 5\r\nTransfer-Encoding: chunked"
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    begun = head(lengths).replace(b"/slack/events", path.encode())
    answer = await _answer(edge, begun + b"0\r\n\r\n" + smuggled)
    assert (_status(answer), answer.count(b"HTTP/1.1")) == (400, 1)
    assert answer.endswith(b"The request has two lengths.\n")


async def test_bodies_are_bounded_in_all(world: World, settings: Settings) -> None:
    """If they are too many bytes, the largest is given up at once; a smaller one goes on."""
    database = await Database.open(settings.database)
    bodies = Bodies(seconds=60, most_bytes=150_000)
    web = make_web(world.bot.app, settings.slack_signing_secret, database, bodies=bodies)
    async with Server(web) as server:
        large, small = [await _connected(server.url) for _ in range(2)]
        for (_, writer), arrived in ((large, 100_000), (small, 60_000)):
            writer.write(head("Content-Length: 120000") + b"x" * arrived)
            await writer.drain()
        async with asyncio.timeout(20):
            assert _status(await large[0].read()) == 503
        small[1].write(b"x" * 60_000)
        assert _status(await small[0].readuntil(b"\r\n\r\n")) == 401
        for _, writer in (large, small):
            writer.close()
    await database.close()


async def _connected(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


async def _answer(edge: Edge, begun: bytes) -> bytes:
    """All that comes back until the bot closes the connection."""
    reader, writer = await _connected(edge.url)
    writer.write(begun)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


async def test_refuses_two_signatures(edge: Edge) -> None:
    """Even where one of them is right: whatever stands before the bot could have looked at that
    one, and changed the rest."""
    right = signature(edge.secret, COMMAND, int(time.time()))
    for name, value in right.items():
        headers = [*right.items(), (name, value), ("Content-Type", FORM)]
        assert (
            await edge.client.post("/slack/events", content=COMMAND, headers=headers)
        ).status_code == 401


async def test_refuses_a_signature_of_another_body(edge: Edge) -> None:
    """A signature belongs to one body."""
    headers = signature(edge.secret, b"command=/vendors", int(time.time()))
    assert (
        await edge.client.post("/slack/events", content=COMMAND, headers=headers)
    ).status_code == 401


BROKEN = [
    (JSON, b'{"type": "' + CANARY.encode()),
    (JSON, b"[]"),
    (JSON, b'"' + CANARY.encode() + b'"'),
    (JSON, b""),
    (JSON, b"[" * 200_000),
    (JSON, b'{"a":' * 100_000),
    (JSON, b'{"challenge": ' + b"9" * 5000 + b"}"),
    (JSON, b'{"type": "\xff\xfe"}'),
    (FORM, b"payload=" + CANARY.encode()),
    (FORM, b"payload=%7B%22type%22"),
    (FORM, b"payload=[1,2]"),
    (FORM, b"payload=null"),
    (FORM, b"payload={}&payload=[]"),
    (FORM, b"payload="),
    (FORM, b"\xff\xfe" + CANARY.encode()),
    (FORM, b"{" + CANARY.encode()),
    ("text/plain", b'{"a": ' + CANARY.encode()),
    ("application/json; charset=utf-8", b"{"),
    ("APPLICATION/JSON", b"{"),
    (FORM, urlencode({"payload": '{"type": "block_actions", "actions": []}'}).encode()),
    (
        FORM,
        urlencode({"payload": '{"type": "view_submission", "view": {"callback_id": 7}}'}).encode(),
    ),
]


async def test_refuses_a_body_that_cannot_be_read(edge: Edge, said: Callable[[], str]) -> None:
    """A well-signed body that is broken, or no shape of Slack's, gets a 400, and appears nowhere."""
    answers = [await edge.post(body, content_type) for content_type, body in BROKEN]
    assert [it.status_code for it in answers] == [400] * len(BROKEN)
    assert clean("".join(it.text for it in answers))
    assert clean(said())


async def test_keeps_what_it_cannot_understand_out_of_the_log(
    edge: Edge, said: Callable[[], str]
) -> None:
    """A signed payload that Bolt or a listener cannot read is turned away, and nothing that it
    holds is logged or answered."""
    for body in (
        {"type": CANARY, "command": 7},
        {"type": "view_submission", "view": {"callback_id": [CANARY]}},
    ):
        payload = json.dumps(body | {"team": {"id": CANARY}})
        answer = await edge.post(urlencode({"payload": payload}).encode())
        assert (answer.status_code, CANARY in answer.text) == (400, False)
    assert clean(said())


async def test_refuses_an_unreadable_body_without_a_signature(
    edge: Edge, said: Callable[[], str]
) -> None:
    """Bytes that are no text fail nothing either when nobody signed them."""
    headers = FORGED | {"X-Slack-Request-Timestamp": str(int(time.time()))}
    answers = [
        await edge.client.post("/slack/events", content=b"\xff" + COMMAND, headers=given)
        for given in ({}, headers)
    ]
    assert [it.status_code for it in answers] == [401, 400]
    assert clean(said())


@pytest.mark.parametrize("emoji", [b"\\ud83d\\ude00", b"\\ud83d", b"\\uDE00"])
async def test_takes_an_emoji_in_two_halves_and_half_of_one(edge: Edge, emoji: bytes) -> None:
    """Slack cuts long texts in the middle of an emoji: what was typed is taken all the same."""
    body = b'{"command": "/incident", "text": "help ' + emoji + b'", "team_id": "T1"}'
    assert (await edge.post(body, JSON)).status_code == 200


async def test_refuses_a_large_body(edge: Edge, said: Callable[[], str]) -> None:
    """20 MB get a 413, after the first 2 if their length was not announced."""
    for chunked in (False, True):
        assert await asyncio.to_thread(_post_much, edge.url, 10 * LARGEST_BODY, chunked) == 413
    assert clean(said())


def _post_much(url: str, size: int, chunked: bool) -> int:
    """Write until everything is written or the other side has had enough; its status."""
    host, port = url.removeprefix("http://").split(":")
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    piece = (CANARY * 5000).encode()
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        try:
            connection.sendall(head(length))
            for _ in range(size // len(piece)):
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        except OSError:  # it hung up, as it should
            pass
        return _status(connection.recv(1000))


async def test_refuses_a_slow_body(edge: Edge, said: Callable[[], str]) -> None:
    """A body that drips in gets a 408 when its time is up, however steadily it drips."""
    reader, writer = await _connected(edge.url)
    writer.write(head() + CANARY.encode())
    started = time.monotonic()
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    while not answer.done():
        writer.write(b".")
        await asyncio.wait([answer], timeout=0.02)
    writer.close()
    assert _status(answer.result()) == 408
    assert BODY_SECONDS <= time.monotonic() - started < BODY_SECONDS + 1
    assert clean(said())


async def test_survives_a_client_that_goes_away(edge: Edge, said: Callable[[], str]) -> None:
    """Hanging up in the middle of a body is no error of ours."""
    _, writer = await _connected(edge.url)
    writer.write(head() + CANARY.encode())
    await writer.drain()
    writer.close()
    await asyncio.sleep(0.05)
    assert (await edge.client.get("/healthz")).json() == {"status": "ok"}
    assert clean(said())


def _status(head: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", head)
    assert found, head
    return int(found[1])


async def test_slack_posts(edge: Edge) -> None:
    """Only POST is answered where Slack posts."""
    methods = ("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
    assert {
        (await edge.client.request(method, "/slack/events")).status_code for method in methods
    } == {405}


async def test_has_no_other_address(edge: Edge) -> None:
    """Nothing else is served."""
    found = {
        path: (await edge.client.post(path)).status_code
        for path in ("/", "/slack", "/slack/events/x", "/healthz")
    }
    assert found == {"/": 404, "/slack": 404, "/slack/events/x": 404, "/healthz": 405}


async def test_takes_nothing_over_http_in_socket_mode(world: World, settings: Settings) -> None:
    """Without a signing secret nobody can sign, so nothing passes."""
    database = await Database.open(settings.database)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(make_web(world.bot.app, None, database)),
        base_url="http://bot",
    ) as client:
        headers = signature(b"", COMMAND, int(time.time()))
        assert (
            await client.post("/slack/events", content=COMMAND, headers=headers)
        ).status_code == 401
    await database.close()
