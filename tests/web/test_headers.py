"""What every answer of the web application carries, whatever was asked and whatever became of it."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from slack_bolt.app.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.sandbox import Sandbox
from bot.playground.slack.transport import encode, signature
from bot.settings import Settings
from bot.storage.database import Database
from bot.web.app import HEADERS, make_web
from bot.web.pages import page
from tests.world.bot import World
from tests.world.processes import answering, free_port, started

STRICT = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def test_the_headers() -> None:
    """Nothing may be kept, framed, run, guessed or told to the next site."""
    assert {name.lower(): value for name, value in HEADERS.items()} == STRICT


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.sandbox.slack.bot_url, trust_env=False) as client:
        yield client


async def test_every_answer_has_them(world: World, client: httpx.AsyncClient) -> None:
    """What is well, what is refused, and what is not there."""
    kind, body = encode(
        "slash_commands",
        {"command": "/incident", "text": "help", "team_id": world.sandbox.workspace.team},
    )
    signed = {
        "Content-Type": kind,
        **signature(world.sandbox.secrets["SLACK_SIGNING_SECRET"].encode(), body, int(time.time())),
    }
    answers = [
        await client.post("/slack/events", content=body, headers=signed),
        await client.get("/healthz"),
        await client.head("/healthz"),
        await client.post("/slack/events", content=b"\xff", headers=signed),
        await client.post("/slack/events", content=body),
        await client.get("/nothing"),
        await client.get("/slack/events"),
    ]
    assert [it.status_code for it in answers] == [200, 200, 200, 400, 401, 404, 405]
    for it in answers:
        assert {name: it.headers.get(name) for name in STRICT} == STRICT


async def test_no_address_leads_to_another(client: httpx.AsyncClient) -> None:
    """A slash at the end is another address: a redirect would go wherever the request's Host says."""
    headers = {"Host": "elsewhere.example.com"}
    answers = [
        await client.get(f"{path}/", headers=headers)
        for path in ("/healthz", "/slack/events", "/slack/install")
    ]
    assert [(it.status_code, it.headers.get("location")) for it in answers] == [(404, None)] * 3


async def test_a_page_keeps_its_own(settings: Settings) -> None:
    """A page that says what it allows is not overruled; each header is there once."""

    async def shown(request: Request) -> Response:
        return page("Title")

    async def broken(request: Request) -> Response:
        raise LookupError("what was asked for")

    database = await Database.open(settings.database)
    web = make_web(
        AsyncApp(token="x"), None, database, pages=[Route("/page", shown), Route("/broken", broken)]
    )
    transport = httpx.ASGITransport(web, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        answer, failed = await client.get("/page"), await client.get("/broken")
    await database.close()
    assert answer.headers.get_list("content-security-policy") == [
        page("Title").headers["content-security-policy"]
    ]
    assert [len(answer.headers.get_list(name)) for name in STRICT] == [1] * len(STRICT)
    assert (failed.status_code, failed.text) == (500, "Something went wrong on my side.\n")
    assert {name: failed.headers.get(name) for name in STRICT} == STRICT


async def test_the_server_does_not_say_what_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither its name nor its version, in whatever it answers."""
    port = free_port()
    async with started(
        "serve", environment=sandbox.environment(tmp_path / "relay.db", port), log=tmp_path / "log"
    ):
        await answering(f"http://127.0.0.1:{port}")
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False
        ) as client:
            answers = [
                await client.get("/healthz"),
                await client.get("/nothing"),
                await client.post("/slack/events"),
            ]
    assert [(it.status_code, "server" in it.headers) for it in answers] == [
        (200, False),
        (404, False),
        (401, False),
    ]
