"""Several workspaces behind one Web API: as strict about codes and tokens as Slack."""

import base64
from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from bot.playground.serving import Server
from bot.playground.slack import SlackStandIn
from bot.playground.slack.platform import Platform
from bot.playground.vendors import data
from tests.playground.fake_bot import MANIFEST, SECRET

ONE, OTHER = (data.Team(f"T0{name}00001", name, name.lower()) for name in ("ONE", "OTHER"))
RIGHT = "client-secret"
ASKED = {
    "client_id": "1.2",
    "scope": "commands",
    "redirect_uri": "http://bot.invalid/slack/oauth_redirect",
    "state": "s",
}


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    slacks = [
        SlackStandIn(signing_secret=SECRET, bot_token="", bot_url="", manifest=MANIFEST, team=it)
        for it in (ONE, OTHER)
    ]
    platform = Platform(slacks, "1.2", RIGHT)
    yield platform
    await platform.aclose()


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    async with Server(Starlette(routes=platform.routes())) as server:
        platform.settle(server.url, "http://bot.invalid")
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
            yield client


async def allow(client: httpx.AsyncClient, team: data.Team = ONE) -> str:
    """The code that a person's permission brings."""
    answer = await client.get("/oauth/v2/authorize", params=ASKED | {"team": team.id})
    given = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert given.pop("state") == "s"
    return given.pop("code")


async def exchange(
    client: httpx.AsyncClient, code: str, secret: str = RIGHT, **changes: str
) -> str:
    """The error of the exchange, or "ok"."""
    basic = base64.b64encode(f"{changes.pop('client_id', '1.2')}:{secret}".encode()).decode()
    given = {"code": code, "redirect_uri": ASKED["redirect_uri"]} | changes
    answer = await client.post(
        "/api/oauth.v2.access", data=given, headers={"Authorization": f"Basic {basic}"}
    )
    return str(answer.json().get("error", "ok"))


async def test_a_code_is_exchanged_once_and_by_its_app_alone(client: httpx.AsyncClient) -> None:
    """With the app's secret and the address that it was given for."""
    code = await allow(client)
    assert [
        await exchange(client, code, "wrong"),
        await exchange(client, code, client_id="3.4"),
        await exchange(client, code, redirect_uri="http://elsewhere.invalid"),
        await exchange(client, code),
        await exchange(client, code),
    ] == ["bad_client_secret", "invalid_client_id", "bad_redirect_uri", "ok", "invalid_code"]


@pytest.mark.parametrize(
    "changes", [{"client_id": "3.4"}, {"redirect_uri": "http://elsewhere.invalid"}]
)
async def test_people_are_not_asked_for_an_unknown_app(
    client: httpx.AsyncClient, changes: dict[str, str]
) -> None:
    """Nor sent anywhere."""
    answer = await client.get("/oauth/v2/authorize", params=ASKED | {"team": ONE.id} | changes)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


async def test_a_token_works_in_its_own_workspace(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    """Each call is the workspace's whose token it bears; a token of none is refused, and so is
    none."""
    for team in (ONE, OTHER):
        await exchange(client, await allow(client, team))
    tokens = [it.bot_token for it in platform.workspaces.values()]
    teams = []
    for token in (*tokens, "xoxb-none", ""):
        answer = await client.post(
            "/api/auth.test", headers={"Authorization": f"Bearer {token}"} if token else {}
        )
        teams.append(answer.json().get("team_id") or answer.json()["error"])
    assert teams == [ONE.id, OTHER.id, "invalid_auth", "not_authed"]
    assert len(set(tokens)) == len(platform.workspaces)
