"""A thousand requests that Slack did not sign, or whose signed body cannot be read.

They are written to real connections as they are, because no client would send most of them.
"""

import asyncio
import gzip
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest

from bot.playground.serving import Server
from bot.playground.slack.transport import signature
from bot.storage.database import Database
from bot.web.app import make_web
from bot.web.bodies import LARGEST_BODY, Bodies
from tests.fuzz.watching import MARK, SEED, Ledger, Log, logged
from tests.world.bot import World

COUNT = 1000
BODY_SECONDS = 0.5
ALLOWED = {400, 401, 404, 405, 408, 413}
FORM = "application/x-www-form-urlencoded"
COMMAND = {
    "command": "/incident",
    "text": MARK,
    "trigger_id": "1.2.3",
    "user_id": "U06QK3V81RA",
    "channel_id": "C1",
}
SIGNATURE, TIME = "X-Slack-Signature", "X-Slack-Request-Timestamp"


@dataclass
class Raw:
    """A request before it is written. `given` is written in the place of the whole; `pause` comes
    before the last byte."""

    secret: bytes
    team: str
    method: str = "POST"
    path: str = "/slack/events"
    version: str = "HTTP/1.1"
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    length: str = ""
    given: bytes = b""
    pause: float = 0.0

    def sign(self, at: float = 0.0, body: bytes | None = None) -> None:
        """As Slack does, `at` seconds from now."""
        signed = signature(self.secret, self.body if body is None else body, int(time.time() + at))
        self.headers = [it for it in self.headers if it[0] not in signed] + list(signed.items())

    def replace(self, name: str, value: str) -> None:
        self.headers = [(it, value if it == name else kept) for it, kept in self.headers]

    def drop(self, name: str) -> None:
        self.headers = [it for it in self.headers if it[0] != name]

    def get(self, name: str) -> str:
        return dict(self.headers)[name]

    def written(self) -> bytes:
        length = self.length or f"Content-Length: {len(self.body)}"
        lines = [
            f"{self.method} {self.path} {self.version}",
            "Host: relay.example.com",
            "Connection: close",
            length,
        ]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return self.given or "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


Break = Callable[[random.Random, Raw], None]


def _wrong_signature(rng: random.Random, raw: Raw) -> None:
    right = raw.get(SIGNATURE)
    wrong = (
        "",
        "v0=",
        "v0=" + "0" * 64,
        right[:-1],
        right + "0",
        right.upper(),
        right.replace("v0", "v1"),
        MARK,
    )
    raw.replace(
        SIGNATURE, rng.choice((*wrong, right[3:], f"{right},{right}", "v0=\xe9", "x" * 5000))
    )


def _wrong_time(rng: random.Random, raw: Raw) -> None:
    now = raw.get(TIME)
    wrong = (
        "",
        "-1",
        "1e9",
        "0x10",
        f"{now}.0",
        f"+{now}",
        f"{now}{now}",
        "\xb2",
        "yesterday",
        MARK,
        "9" * 400,
    )
    raw.replace(TIME, rng.choice((*wrong, str(int(now) + 1), str(int(now) - 1))))


def _wrong_age(rng: random.Random, raw: Raw) -> None:
    raw.sign(at=rng.choice((-301, -310, -86_400, -1e9, 310, 86_400, 1e9)))


def _missing(rng: random.Random, raw: Raw) -> None:
    raw.drop(rng.choice((SIGNATURE, TIME)))


def _twice(rng: random.Random, raw: Raw) -> None:
    name = rng.choice((SIGNATURE, TIME))
    raw.headers.append((name, rng.choice((raw.get(name), "v0=" + "0" * 64, "0"))))


def _another_body(rng: random.Random, raw: Raw) -> None:
    body = bytearray(raw.body)
    body[rng.randrange(len(body))] ^= 1
    raw.body = bytes(rng.choice((body, raw.body[:-1], raw.body + b"x", b"", raw.body * 2)))


def _another_secret(rng: random.Random, raw: Raw) -> None:
    raw.secret = rng.choice((b"", b"x", raw.secret[:-1], raw.secret.upper()))
    raw.sign()


def _unreadable(rng: random.Random, raw: Raw) -> None:
    """Well signed, and no text, no JSON, no object, or nothing at all."""
    kind, body = rng.choice(
        (
            (FORM, b"\xff\xfe" + raw.body),
            (FORM, b"payload=%7B" + MARK.encode()),
            (FORM, b"payload=" + MARK.encode()),
            (FORM, b"payload=[]&payload={}"),
            (FORM, b"payload=%22" + MARK.encode() + b"%22"),
            (FORM, gzip.compress(raw.body)),
            (FORM, b'payload={"view": "' + MARK.encode() + b'"}'),
            ("application/json", b""),
            ("application/json", b"{" + MARK.encode()),
            ("application/json", b"[" * 50_000),
            ("application/json", b'{"event": [1], "type": "event_callback"}'),
            ("application/json", raw.body),
            ("application/json; charset=utf-16", raw.body.decode().encode("utf-16")),
            ("text/plain", b"{" + MARK.encode()),
            ("multipart/form-data; boundary=x", b"--x\xff\r\n"),
        )
    )
    raw.headers = [
        ("Content-Type", kind),
        ("Content-Encoding", rng.choice(("identity", "gzip", "br"))),
    ]
    raw.body = body
    raw.sign()


def _another_method(rng: random.Random, raw: Raw) -> None:
    raw.method = rng.choice(
        ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post")
    )


def _another_path(rng: random.Random, raw: Raw) -> None:
    raw.path = rng.choice(
        (
            "/",
            "/slack/events/",
            "//slack/events",
            "/slack//events",
            "/slack/events;x=1",
            "/slack/../slack/events",
            "/slack/events%2f",
            "/slack/events%00",
            "/SLACK/EVENTS",
            "/slack/events/%2e%2e/%2e%2e/etc/passwd",
            f"/{MARK}",
            "http://example.com/slack/event",
            "*",
            "/healthz/",
        )
    )


def _broken_framing(rng: random.Random, raw: Raw) -> None:
    """Lengths and chunks that do not fit, and what is no HTTP at all."""
    whole = raw.written()
    raw.given = rng.choice(
        (
            whole.replace(b"Content-Length: ", b"Content-Length: -"),
            whole.replace(b"Content-Length: ", b"Content-Length: x"),
            whole.replace(b"Content-Length: ", b"Content-Length: 7\r\nContent-Length: "),
            whole.replace(b"Host:", b"Transfer-Encoding: chunked\r\nHost:"),
            whole.replace(b"HTTP/1.1", b"HTTP/x.1"),
            whole.replace(b"Host: ", b"Host : "),
            whole.replace(b"Host: ", b"Ho\x00st: "),
            whole.replace(b" /slack/events ", b" "),
            whole.replace(b" /slack/events ", b" /slack/\xffevents "),
            MARK.encode() + b"\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00" + MARK.encode() + b"\r\n\r\n",
        )
    )


def _chunked(rng: random.Random, raw: Raw) -> None:
    """In pieces, which is allowed, and with a signature that is not."""
    _wrong_signature(rng, raw)
    raw.length = "Transfer-Encoding: chunked"
    at = rng.randrange(1, len(raw.body))
    pieces = [raw.body[:at], raw.body[at:], b""]
    raw.body = b"".join(b"%x\r\n%s\r\n" % (len(it), it) for it in pieces)


BREAKS: tuple[Break, ...] = (
    _wrong_signature,
    _wrong_time,
    _wrong_age,
    _missing,
    _twice,
    _another_body,
    _another_secret,
    _unreadable,
    _unreadable,
    _another_method,
    _another_path,
    _broken_framing,
    _chunked,
)


@pytest.fixture
async def url(world: World) -> AsyncIterator[str]:
    """The bot's web application with a short time for bodies."""
    database = await Database.open(world.settings.database)
    secret, bodies = world.settings.slack_signing_secret, Bodies(BODY_SECONDS)
    web = make_web(world.bot.app, secret, database, bodies=bodies)
    async with Server(web) as server:
        yield server.url
    await database.close()


def signed(world: World) -> Raw:
    """A command as Slack sends it."""
    team = world.sandbox.workspace.team
    raw = Raw(world.sandbox.secrets["SLACK_SIGNING_SECRET"].encode(), team)
    raw.body = urlencode({**COMMAND, "team_id": team}).encode()
    raw.headers = [("Content-Type", FORM)]
    raw.sign()
    return raw


async def exchange(url: str, raw: Raw) -> bytes:
    """Write it, and read what comes until the other side hangs up."""
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(10):
            whole = raw.written()
            writer.write(whole[:-1] if raw.pause else whole)
            await writer.drain()
            await asyncio.sleep(raw.pause)
            return await reader.read()
    except ConnectionError:  # it did not want to hear the rest
        return b""
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


async def test_nothing_unsigned_comes_in(world: World, url: str) -> None:
    """It gets a 4xx that repeats nothing; one line is logged at most; nothing is written or done."""
    await world.lists_loaded()
    ledger, before = Ledger(world.settings.database), len(world.sandbox.slack.calls)
    stored = ledger.everything(world.sandbox.workspace)
    with logged() as log:
        assert (
            status_of(await exchange(url, signed(world))) == 200
        )  # unbroken, it would have come in
        log.lines()
        world.sandbox.slack.state.calls[before:] = []
        found: Counter[int] = Counter()
        for number in range(COUNT):
            rng, raw = random.Random(f"{SEED} unsigned {number}"), signed(world)
            how = rng.choice(BREAKS)
            how(rng, raw)
            answer = await exchange(url, raw)
            shown = f"FUZZ_SEED={SEED}, request {number}: {how.__name__}\n{raw.written()[:2000]!r}\n{answer[:2000]!r}"
            _judge(answer, log, shown)
            found[status_of(answer)] += 1
    assert len(world.sandbox.slack.calls) == before
    assert ledger.everything(world.sandbox.workspace) == stored
    ledger.close()
    assert set(found) >= {400, 401, 404, 405}, found


def _judge(answer: bytes, log: Log, shown: str) -> None:
    assert status_of(answer) in ALLOWED, shown
    assert MARK.encode() not in answer, shown
    lines = log.lines()
    assert len(lines) <= 1, f"{lines}\n{shown}"
    assert MARK not in "".join(lines), f"{lines}\n{shown}"


async def test_slow_and_large_bodies(world: World, url: str) -> None:
    """Twenty that stop before their end are given up at the same time, and a few that are too
    large; others are answered."""
    slow, large = signed(world), signed(world)
    slow.pause = BODY_SECONDS + 0.2
    large.body = b"text=" + b"x" * LARGEST_BODY
    large.sign()
    with logged() as log:
        waiting = [asyncio.create_task(exchange(url, slow)) for _ in range(20)]
        answers = [await exchange(url, large) for _ in range(3)]
        assert status_of(await exchange(url, signed(world))) == 200
        assert [status_of(await it) for it in waiting] == [408] * 20
        assert {status_of(it) for it in answers} <= {
            413,
            0,
        }  # 0: hung up while the rest was still written
        assert [it for it in log.lines() if MARK in it] == []
