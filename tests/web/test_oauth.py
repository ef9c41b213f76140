"""Installing the app in many workspaces: the real routes, a browser, and Slack's stand-ins."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from structlog.testing import capture_logs

from bot.app import create_app
from bot.settings import Settings, SlackApp
from bot.slack.installations import Installations
from bot.slack.scopes import optional, required
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.web.oauth import STATE_SECONDS, OAuth, place_of
from bot.web.pages import HEADERS, STYLE
from bot.workspace import Workspace
from tests.world import uninstall
from tests.world.bot import eventually
from tests.world.notes import KEY, Clock
from tests.world.processes import healthy, started
from tests.world.slack import slack_wire
from tests.world.workspaces import (
    ACME,
    ADMIN,
    BOLT,
    CHANNEL,
    DUCHY,
    REALM,
    TEAMS,
    Many,
    installed_as,
    many,
    text_of,
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Many]:
    async with many(tmp_path) as world:
        yield world


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "relay.db")
    yield database
    await database.close()


async def test_three_workspaces_and_an_organisation_install_the_app(world: Many) -> None:
    """Each gets a row of its own with its own token; commands and cards of each go out with that
    token, and no command asks Slack whose token it is."""
    for team in TEAMS:
        page = await world.install(team)
        assert (page.status_code, page.url.path) == (200, "/slack/oauth_redirect")
        await world.connect(team)
    found = await world.bot.stores.installations.all()
    assert {it.workspace: it.token for it in found} == {
        installed_as(team): world.slack(team).bot_token for team in TEAMS
    }
    assert len({it.token for it in found}) == len(TEAMS)
    asked = len(world.platform.calls("auth.test"))
    assert asked == len(TEAMS)
    for team in TEAMS:
        form = await world.open(team, f"/incident Checkout is down in {team.name}")
        await form.send()
    for team in TEAMS:
        await eventually(partial(world.cards, team))
        [card] = world.cards(team)
        assert f"Checkout is down in {team.name}" in card
    assert len(world.platform.calls("auth.test")) == asked
    assert [
        call for slack in world.platform.workspaces.values() for call in slack.calls if not call.ok
    ] == []


async def test_what_is_stored_of_an_installation(world: Many, tmp_path: Path) -> None:
    """Everything but the token can be read in the file; a person's token is not even kept."""
    await world.install(DUCHY)
    [it] = await world.bot.stores.installations.all()
    slack = world.slack(DUCHY)
    scopes = tuple(sorted((*required(), *optional())))
    assert (it.workspace, it.name, it.app, it.bot, it.bot_user) == (
        (REALM.id, ""),
        REALM.name,
        slack.app.id,
        slack.app.bot_id,
        slack.app.bot_user_id,
    )
    assert (it.scopes, it.installed_by) == (scopes, ADMIN)
    assert slack.bot_token not in repr(it)
    written = everything_in(tmp_path)
    assert REALM.name.encode() in written
    assert [
        secret for secret in (slack.bot_token.encode(), b"xoxb-", b"xoxp-") if secret in written
    ] == []


def everything_in(folder: Path) -> bytes:
    """What all its files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


APP = SlackApp("1.2", "http://127.0.0.1", "client-1")


@pytest.mark.parametrize(
    ("headers", "at"),
    [
        ({"Date": "Fri, 15 Jan 2027 08:00:00 GMT"}, 1_800_000_000.0),
        ({"Date": "today"}, 1_800_003_600.0),
        ({}, 1_800_003_600.0),
    ],
)
async def test_an_installation_is_dated_by_slacks_clock(
    database: Database, headers: dict[str, str], at: float
) -> None:
    """By which an uninstall is dated too: ours, an hour ahead here, counts only where Slack does
    not tell."""
    clock = Clock(1_800_003_600.0)
    installations = Installations(database, SecretBox([KEY]), clock)
    grant = {
        "ok": True,
        "access_token": "xoxb-1",
        "scope": ",".join(required()),
        "team": {"id": "T1", "name": "Acme"},
    }
    async with slack_wire() as (wire, client):
        wire.answer = lambda args: (
            JSONResponse(grant, headers=headers) if "code" in args else {"ok": True, "bot_id": "B1"}
        )
        oauth = OAuth(APP, client, installations, "http://127.0.0.1/", clock)
        transport = httpx.ASGITransport(Starlette(routes=oauth.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as browser:
            begun = await browser.get("/slack/install")
            state = httpx.URL(begun.headers["location"]).params["state"]
            assert (
                await browser.get("/slack/oauth_redirect", params={"state": state, "code": "1"})
            ).status_code == 200
    assert [it.installed_at for it in await installations.all()] == [at]


async def test_whoever_installs_it_may_decline_the_optional_scopes(world: Many) -> None:
    """The app is installed without them, and a form says which one it lacks."""
    world.platform.declined = frozenset(optional())
    page = await world.install(ACME)
    assert (page.status_code, text_of(page).startswith("Installed ")) == (200, True)
    [it] = await world.bot.stores.installations.all()
    assert it.scopes == tuple(sorted(required()))


async def test_installing_again_replaces_the_row(world: Many) -> None:
    """With a new token it is the new one that is used, at once."""
    await world.install(ACME)
    await world.install(BOLT)
    assert (await world.slack(ACME).command(ADMIN, CHANNEL, "/incident help")).ok
    world.slack(ACME).bot_token = ""
    await world.install(ACME)
    assert [it.workspace for it in await world.bot.stores.installations.all()] == [
        installed_as(ACME),
        installed_as(BOLT),
    ]
    await world.slack(ACME).open_home(ADMIN)
    assert world.slack(ACME).calls[-1].ok


async def test_the_success_page_says_what_comes_next(world: Many) -> None:
    """With a link into Slack; an organisation is told to add its workspaces first."""
    acme, realm = await world.install(ACME), await world.install(DUCHY)
    app = world.slack(ACME).app.id
    assert text_of(acme) == (
        "Installed Incident Relay is installed in Acme. Open Slack and type /vendors . An admin "
        "connects your incident tool"
        " there. Invite the bot to the channels where its messages should appear. Open Slack"
    )
    assert f'href="https://slack.com/app_redirect?app={app}&amp;team={ACME.id}"' in acme.text
    assert (
        "Incident Relay is installed in Realm. In your organisation's settings, add the app"
        in text_of(realm)
    )
    assert f'href="https://slack.com/app_redirect?app={app}"' in realm.text


async def test_the_way_to_slack(world: Many) -> None:
    """A redirect to Slack and nowhere else, with what the app needs; the browser gets a cookie that
    no page can read."""
    async with world.browser() as browser:
        answer = await browser.get("/slack/install?redirect_uri=https://evil.example&team=T1")
    scheme_and_path, _, query = answer.headers["location"].partition("?")
    given = dict(parse_qsl(query))
    assert answer.status_code == 302
    assert scheme_and_path == world.settings.slack_authorize_url
    assert len(given.pop("state")) >= 40
    assert given == {
        "client_id": world.platform.client_id,
        "scope": ",".join(sorted((*required(), *optional()))),
        "redirect_uri": world.platform.redirect_uri,
    }
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"install=[\w-]{43}; HttpOnly; Max-Age=600; Path=/; SameSite=lax", cookie)
    assert answer.headers["cache-control"] == "no-store"


async def test_over_https_the_cookie_is_bound_to_it(tmp_path: Path) -> None:
    """And the pages tell the browser to come back over HTTPS alone."""
    async with many(tmp_path, RELAY_PUBLIC_URL="https://relay.example.com/") as world:
        transport = httpx.ASGITransport(world.bot.web)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://relay.example.com"
        ) as browser:
            begun = await browser.get("/slack/install")
            ended = await browser.get("/slack/oauth_redirect?error=access_denied")
    assert re.fullmatch(
        r"__Host-install=[\w-]{43}; HttpOnly; Max-Age=600; Path=/; SameSite=lax; Secure",
        begun.headers["set-cookie"],
    )
    assert (
        "redirect_uri=https://relay.example.com/slack/oauth_redirect" in begun.headers["location"]
    )
    assert ended.headers["strict-transport-security"] == "max-age=31536000"
    assert "set-cookie" not in ended.headers  # an installation that is under way goes on


async def callback(world: Many, browser: httpx.AsyncClient) -> str:
    """Where Slack sends this browser back to once a person has allowed it."""
    asked = await browser.get("/slack/install", follow_redirects=True)
    allowed = await browser.get(asked.url.copy_merge_params({"team": ACME.id}))
    return str(allowed.headers["location"])


STALE = (
    "Not installed This page works once, for ten minutes, and only in the browser in which you "
    "started. Start again"
)


async def test_a_code_installs_once(world: Many) -> None:
    """Of several requests at the same moment, and of any later one, only one installs: Slack takes
    each code once."""
    async with world.browser() as browser, world.browser() as later:
        url = await callback(world, browser)
        later.cookies.set("install", browser.cookies["install"])
        pages = await asyncio.gather(*(browser.get(url) for _ in range(3)))
        kept = dict(browser.cookies)
        again = await later.get(url)
    assert sorted(it.status_code for it in pages) == [200, 400, 400]
    assert (again.status_code, text_of(again)) == (
        400,
        "Not installed Slack's permission was already used, or is too old. Start again",
    )
    assert f'href="{world.url}/slack/install"' in again.text
    assert len(await world.bot.stores.installations.all()) == 1
    assert kept == {}


async def test_another_browser_can_do_nothing_with_a_state(world: Many) -> None:
    """Nor does its attempt spoil the state for the browser that began."""
    async with world.browser() as browser, world.browser() as other:
        url = await callback(world, browser)
        await callback(world, other)
        assert text_of(await other.get(url)) == STALE
        async with world.browser() as without_cookies:
            assert text_of(await without_cookies.get(url)) == STALE
        assert world.platform.exchanges == []
        assert (await browser.get(url)).status_code == 200


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (
            {"team": {"id": "T1"}, "enterprise": None, "is_enterprise_install": False},
            Workspace("", "T1"),
        ),
        (
            {"team": {"id": "T1"}, "enterprise": {"id": "E1"}, "is_enterprise_install": False},
            Workspace("E1", "T1"),
        ),
        (
            {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True},
            Workspace("E1", ""),
        ),
        (
            {"team": {"id": "T1"}, "enterprise": {"id": "E1"}, "is_enterprise_install": True},
            Workspace("E1", ""),
        ),
        ({"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": False}, None),
        ({"team": {"id": "T1"}, "enterprise": None, "is_enterprise_install": True}, None),
        ({}, None),
    ],
)
def test_where_the_app_was_installed(answer: dict[str, Any], place: Workspace | None) -> None:
    """A workspace is one by itself or in an organisation; a whole organisation is only what Slack
    calls so."""
    assert place_of(answer) == place


SIGNATURE = "0" * 64


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=1",
        "?state=&code=1",
        "?state=x&code=1",
        "?state=%ed%a0%80&code=1",
        f"?state=1800000000.{SIGNATURE}&code=1",
        f"?state={'9' * 5000}.{SIGNATURE}&code=1",
        f"?state=.{SIGNATURE}&code=1",
    ],
)
async def test_a_callback_that_nobody_began_installs_nothing(world: Many, query: str) -> None:
    """Whatever it brings along."""
    async with world.browser() as browser:
        await browser.get("/slack/install")
        page = await browser.get(f"/slack/oauth_redirect{query}")
    assert (page.status_code, text_of(page)) == (400, STALE)
    assert world.platform.exchanges == []


async def test_a_state_is_good_for_ten_minutes(database: Database) -> None:
    """Then it is refused, also with a newer time written into it."""
    clock = Clock(1_800_000_000.0)
    installations = Installations(database, SecretBox([KEY]), clock)
    async with slack_wire() as (_, client):
        oauth = OAuth(APP, client, installations, "http://127.0.0.1/", clock)
        transport = httpx.ASGITransport(Starlette(routes=oauth.routes()))
        async with httpx.AsyncClient(transport=transport, base_url=APP.url) as browser:
            begun = await browser.get("/slack/install")
            state = httpx.URL(begun.headers["location"]).params["state"]
            newer = state.replace("1800000000.", "1800000600.")
            clock.advance(STATE_SECONDS - 1)
            in_time = await browser.get(
                "/slack/oauth_redirect", params={"state": state, "code": "1"}
            )
            clock.advance(1)
            late = [
                await browser.get("/slack/oauth_redirect", params={"state": given, "code": "1"})
                for given in (state, newer)
            ]
    assert newer != state
    assert text_of(in_time) != STALE
    assert [text_of(page) for page in late] == [STALE, STALE]


async def test_cancelling_changes_nothing(world: Many) -> None:
    """Who presses Cancel in Slack reads that, and may start again."""
    async with world.browser() as browser:
        asked = await browser.get("/slack/install", follow_redirects=True)
        page = await browser.get(
            asked.url.copy_merge_params({"cancel": "1"}), follow_redirects=True
        )
    assert (page.status_code, text_of(page)) == (
        200,
        "Not installed You cancelled it in Slack, so nothing was changed. Start again",
    )


OPERATOR = "Then start again"
TROUBLES = {
    "down": (502, "Slack didn't answer. Wait a moment. Start again"),
    "secret": (
        500,
        f"Slack rejected the app's client ID or client secret. .* App Credentials. {OPERATOR}",
    ),
    "address": (500, f"Slack doesn't know the address of this page. .* Redirect URLs. {OPERATOR}"),
    "scope": (
        500,
        f"Slack didn't grant the app these scopes: chat:write. .* {OPERATOR}",
    ),
    "rotation": (
        500,
        f"Token rotation is on for this Slack app, .* from the manifest. {OPERATOR}",
    ),
    "code": (400, "Slack's permission was already used, or is too old. Start again"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_what_went_wrong_is_said(world: Many, trouble: str) -> None:
    """In words, with what to do; nothing is stored, and the log has neither code nor token."""
    platform = world.platform
    async with world.browser() as browser:
        url = await callback(world, browser)
        match trouble:
            case "down":
                platform.down = True
            case "secret":
                platform.client_secret = "another"
            case "address":
                old = "https://old.example.com"
                platform.codes = {
                    code: replace(it, redirect_uri=old) for code, it in platform.codes.items()
                }
            case "scope":
                platform.withheld = "chat:write"
            case "rotation":
                platform.rotating = True
            case "code":
                platform.codes = {}
        with capture_logs() as logs:
            page = await browser.get(url)
    status, words = TROUBLES[trouble]
    assert page.status_code == status
    assert re.fullmatch(f"Not installed {words}", text_of(page))
    assert await world.bot.stores.installations.all() == []
    assert len(logs) == 1
    code = dict(parse_qsl(url.partition("?")[2]))["code"]
    assert [
        it for it in (code, "xox", *world.secret_values.values()) if it in f"{logs}{page.text}"
    ] == []


async def test_only_allowed_workspaces_install_the_app(tmp_path: Path) -> None:
    """A workspace that is not named is told so, and nothing is stored. An organisation's id lets
    its workspaces in, and the organisation itself."""
    async with many(tmp_path, RELAY_WORKSPACES=f"{BOLT.id},{REALM.id}") as world:
        pages = {team.id: await world.install(team) for team in (ACME, BOLT, DUCHY)}
        assert {team: page.status_code for team, page in pages.items()} == {
            ACME.id: 403,
            BOLT.id: 200,
            DUCHY.id: 200,
        }
        assert text_of(pages[ACME.id]) == (
            f"Not installed This bot isn't open to {ACME.id}, so nothing was stored. Ask your "
            "bot admin to add that ID to RELAY_WORKSPACES, or remove the app in Slack. Then "
            "start again"
        )
        stored = [it.workspace for it in await world.bot.stores.installations.all()]
        assert stored == [installed_as(BOLT), installed_as(DUCHY)]


async def test_a_workspace_that_is_allowed_no_more_uses_nothing(tmp_path: Path) -> None:
    """The app is still installed there. Whatever people do is answered with a clear sentence, and
    removing the app erases everything as ever."""
    async with many(tmp_path) as world:
        await world.install(ACME)
        await world.connect(ACME)
    async with many(tmp_path, RELAY_WORKSPACES=BOLT.id) as world:
        slack = world.slack(ACME)
        await slack.command(ADMIN, CHANNEL, "/incident Checkout is down")
        assert slack.ephemerals[-1][2]["text"] == (
            "This bot isn't open to your workspace, so nothing was done. Ask your bot admin to add "
            f"{ACME.id} to `RELAY_WORKSPACES`."
        )
        assert slack.views(ADMIN) == []
        gone = uninstall.payload(uninstall.APP_UNINSTALLED, installed_as(ACME))
        assert (await slack.transport.send("events_api", gone)).status == 200
        assert await uninstall.stored(world, installed_as(ACME)) == {}


async def test_a_word_in_the_address_is_not_repeated(world: Many) -> None:
    """Unless it is one that Slack could have said."""
    async with world.browser() as browser:
        pages = [
            await browser.get("/slack/oauth_redirect", params={"error": it})
            for it in ("<script>alert(1)</script>", "invalid_scope")
        ]
    assert [text_of(it) for it in pages] == [
        "Not installed Slack didn't install the app. Slack says: unknown_error. Start again",
        "Not installed Slack didn't install the app. Slack says: invalid_scope. Start again",
    ]


async def test_pages_may_do_nothing(world: Many) -> None:
    """No script, no frame, nothing from elsewhere, not kept, no referrer; the style is allowed by
    its hash."""
    async with world.browser() as browser:
        page = await browser.get("/slack/oauth_redirect")
    assert {name: page.headers[name] for name in HEADERS} == HEADERS
    assert "default-src 'none'; style-src 'sha256-" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert f"<style>{STYLE}</style>" in page.text
    assert "strict-transport-security" not in page.headers
    assert re.search(r"<script|\bon\w+=|style=", page.text) is None


async def test_nobody_blocks_installing_by_opening_pages(world: Many, tmp_path: Path) -> None:
    """A beginning writes nothing, so that others can install after any number of them."""
    before = rows_of(tmp_path / "relay.db")
    async with world.browser() as browser:
        pages = [await browser.get("/slack/install") for _ in range(100)]
    assert [it.status_code for it in pages] == [302] * 100
    assert rows_of(tmp_path / "relay.db") == before
    assert (await world.install(ACME)).status_code == 200


def rows_of(path: Path) -> dict[str, int]:
    """The number of rows of each table."""
    with closing(sqlite3.connect(path)) as db:
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {it: db.execute(f'SELECT count(*) FROM "{it}"').fetchone()[0] for it in names}


async def test_bolts_own_stores_are_not_used(tmp_path: Path) -> None:
    """Bolt sees the same variables, and would keep states and tokens in files at home: a whole
    process makes none there."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "HOME": str(home),
        "SLACK_SIGNING_SECRET": "signing-secret-1",
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "client-1",
        "RELAY_PUBLIC_URL": "https://relay.example.com",
        "RELAY_DATABASE": str(tmp_path / "relay.db"),
        "RELAY_PORT": "0",
    }
    async with started("serve", environment=environment) as process:
        url = await healthy(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as browser:
            assert (
                (await browser.get("/slack/install"))
                .headers["location"]
                .startswith("https://slack.com/oauth/v2/")
            )
            assert (await browser.get("/slack/oauth_redirect?state=1&code=1")).status_code == 400
    assert list(home.iterdir()) == []


async def test_with_one_token_there_is_nothing_to_install(tmp_path: Path) -> None:
    """The routes are not there."""
    settings = Settings.model_validate(
        {"SLACK_BOT_TOKEN": "xoxb-1", "RELAY_DATABASE": tmp_path / "relay.db"}
    )
    async with create_app(settings) as bot:
        transport = httpx.ASGITransport(bot.web)
        async with httpx.AsyncClient(
            transport=transport, base_url="https://relay.example.com"
        ) as browser:
            assert (await browser.get("/slack/install")).status_code == 404
