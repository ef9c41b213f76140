"""Who gets nothing out of the page on which a vendor is connected: guesses, other sites, other
browsers, used links."""

import asyncio
import json
from dataclasses import replace
from typing import NoReturn
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from bot.connections.setup_links import LINK_SECONDS
from bot.playground.serving import Server
from bot.web.app import HEADERS as STRICT
from bot.web.bodies import Bodies
from bot.web.connect import LARGEST_BODY, Connecting
from bot.web.pages import HEADERS
from bot.web.receipts import Receipts
from tests.world.bot import World
from tests.world.browser import SAME_ORIGIN, Visitor, connect, link, stored, visitor
from tests.world.uninstall import APP_UNINSTALLED, remembered, tell

SECRET = "do-not-log-2b77"
OVER = "This link has expired"


async def test_looking_uses_nothing_up(world: World, ann: Visitor) -> None:
    """Whatever fetches the address first, to show a preview of it, takes nothing away."""
    address = await link(world)
    async with visitor() as preview:
        for _ in range(3):
            assert (await preview.open(address)).status == 200
        assert (await preview.client.head(address)).status_code == 200
    page = await ann.open(address)
    assert (
        await ann.press(page, "Check and connect", **world.sandbox.vendors["rootly"].credentials)
    ).status == 200


async def test_a_used_link_shows_its_receipt_to_who_used_it(world: World, ann: Visitor) -> None:
    """Another click, the way back and a reload change nothing; any other browser learns nothing."""
    page = await ann.open(await link(world))
    form = page.form("Check and connect").fields | world.sandbox.vendors["rootly"].credentials
    receipt = await ann.post(page, form)
    before = await stored(world)
    for again in (await ann.post(page, form), await ann.open(str(page.answer.url))):
        assert (again.status, again.text) == (200, receipt.text)
    assert await stored(world) == before
    async with visitor() as stranger:
        seen = await stranger.open(str(page.answer.url))
        assert (seen.status, seen.text.splitlines()[0]) == (410, OVER)
        assert "Brambleway" not in seen.text
        assert (await stranger.post(page, form)).status == 410


async def test_a_receipt_goes_with_its_workspace(world: World, ann: Visitor) -> None:
    """Once the app is removed, its page is over for everybody."""
    receipt = await connect(world, ann)
    assert (await ann.open(str(receipt.answer.url))).text == receipt.text
    assert "Receipts" in remembered(world)
    await tell(world, APP_UNINSTALLED)
    assert (await ann.open(str(receipt.answer.url))).status == 410
    assert "Receipts" not in remembered(world)


async def test_a_double_click_connects_once(world: World, ann: Visitor) -> None:
    """The vendor is asked once, and both answers are the receipt."""
    page = await ann.open(await link(world))
    form = page.form("Check and connect").fields | world.sandbox.vendors["rootly"].credentials
    first, second = await asyncio.gather(ann.post(page, form), ann.post(page, form))
    assert (first.status, first.text) == (200, second.text)
    asked = [it for it in world.sandbox.vendors["rootly"].requests if it.path == "/v1/users/me"]
    assert len(asked) == 1


async def test_a_link_ends(world: World, ann: Visitor) -> None:
    """Ten minutes after it was made, whether the page is open or not; and when the same person asks
    for a newer one."""
    older = await ann.open(await link(world))
    page = await ann.open(await link(world))
    given = world.sandbox.vendors["rootly"].credentials
    assert (await ann.press(older, "Check and connect", **given)).status == 410
    await world.bot.database.write(
        lambda db: db.execute("UPDATE setup_links SET expires_at = expires_at - ?", (LINK_SECONDS,))
    )
    assert (await ann.press(page, "Check and connect", **given)).status == 410
    seen = await ann.open(str(page.answer.url))
    assert (seen.status, seen.text.splitlines()) == (
        410,
        [
            OVER,
            "A link works for ten minutes and for one change. A newer link replaces an older one.",
            "To get a new link, type /vendors in Slack and press the button.",
        ],
    )
    assert await stored(world) is None


@pytest.mark.parametrize("token", ["x", "A" * 43, "%ff%00", "é"])
async def test_a_guess_gets_nothing(world: World, ann: Visitor, token: str) -> None:
    """Whatever it looks like."""
    seen = await ann.open(f"{world.bot.services.connections.public_url}/connect/{token}")
    assert (seen.status, seen.text.splitlines()[0]) == (410, OVER)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Origin": "null"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_another_sites_page_can_post_nothing(
    world: World, ann: Visitor, headers: dict[str, str]
) -> None:
    """Even one that knows the address and the key in the form, from the same browser."""
    page = await ann.open(await link(world))
    form = page.form("Check and connect").fields | world.sandbox.vendors["rootly"].credentials
    answer = await ann.post(page, form, headers=headers)
    assert (answer.status, answer.text.splitlines()[0]) == (403, "Not sent from this page")
    assert await stored(world) is None


async def test_an_old_browser_names_the_origin(world: World, ann: Visitor) -> None:
    """One that does not say from which site it asks."""
    page = await ann.open(await link(world))
    form = page.form("Check and connect").fields | world.sandbox.vendors["rootly"].credentials
    assert (
        await ann.post(page, form, headers={"Origin": world.bot.services.connections.public_url})
    ).status == 200


async def test_a_browser_that_did_not_open_the_page_is_shown_it(world: World, ann: Visitor) -> None:
    """The key in the form fits the cookie of the browser that it was made for; from there, it is
    one more press."""
    page = await ann.open(await link(world))
    credentials = world.sandbox.vendors["rootly"].credentials
    form = page.form("Check and connect").fields | credentials
    async with visitor() as other:
        answer = await other.post(page, form)
        assert answer.status == 403
        assert "Nothing was changed, because your browser didn't send our cookie." in answer.text
        assert await stored(world) is None
        assert (await other.press(answer, "Check and connect", **credentials)).status == 200


async def test_one_links_form_does_not_fit_another(world: World, ann: Visitor) -> None:
    """Nor one vendor's another's."""
    rootly, twilio = await ann.open(await link(world)), await ann.open(await link(world, "twilio"))
    form = rootly.form("Check and connect").fields | world.sandbox.vendors["rootly"].credentials
    answer = await ann.post(twilio, form)
    assert (answer.status, await stored(world), await stored(world, "twilio")) == (403, None, None)


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (400, "application/json", json.dumps({"action": "save"}).encode()),
        (400, "multipart/form-data; boundary=x", b"--x--"),
        (400, "", b"action=save"),
        (400, "application/x-www-form-urlencoded", b"action=save&action=disconnect_now"),
        (400, "application/x-www-form-urlencoded", b"api_key=%ff"),
        (400, "application/x-www-form-urlencoded", "api_key=é".encode()),
        (400, "application/x-www-form-urlencoded", b"&".join(b"f%d=" % it for it in range(30))),
        (400, "application/x-www-form-urlencoded", b"what is this"),
        (413, "application/x-www-form-urlencoded", b"api_key=" + b"x" * LARGEST_BODY),
    ],
)
async def test_a_body_that_is_no_form_is_refused(
    world: World, ann: Visitor, status: int, kind: str, body: bytes
) -> None:
    """With a sentence that says so, and repeats nothing of it."""
    page = await ann.open(await link(world))
    answer = await ann.post(
        page, {}, data=None, content=body, headers={**SAME_ORIGIN, "Content-Type": kind}
    )
    assert (answer.status, answer.answer.text) == (
        status,
        "This is too large. Send less.\n"
        if status == 413
        else "This isn't a form of this page, so nothing was changed. Open the page again.\n",
    )
    assert {name: answer.answer.headers.get(name) for name in STRICT} == STRICT


async def test_a_body_that_does_not_arrive_is_given_up(world: World) -> None:
    """After some seconds; the connection is closed."""
    slow = Connecting(world.bot.services, Receipts(), _nobody, _nobody, bodies=Bodies(0.05))
    async with Server(Starlette(routes=slow.routes())) as server:
        address = urlsplit(server.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        head = "POST /connect/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nSec-Fetch-Site: same-origin\r\n"
        writer.write(
            f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\napi_key=".encode()
        )
        answer = (await reader.read()).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 408 ")
    assert answer.endswith("This took too long to arrive. Send it again.\n")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_nothing_but_looking_and_posting(world: World, ann: Visitor, method: str) -> None:
    """And with the strict headers of everything else."""
    answer = await ann.client.request(method, await link(world), headers=SAME_ORIGIN)
    allowed = sorted(answer.headers["allow"].split(", "))
    assert (answer.status_code, allowed) == (405, ["GET", "HEAD", "POST"])
    assert {name: answer.headers.get(name) for name in STRICT} == STRICT


async def test_every_page_has_the_strict_headers(world: World, ann: Visitor) -> None:
    """The form, the receipt and the page of a link that is over; the cookie is out of reach for
    scripts and other sites."""
    page = await ann.open(await link(world))
    receipt = await ann.press(
        page, "Check and connect", **world.sandbox.vendors["rootly"].credentials
    )
    over = await ann.open(f"{world.bot.services.connections.public_url}/connect/nothing")
    for it in (page, receipt, over):
        assert {name: it.answer.headers.get(name) for name in HEADERS} == HEADERS
    cookie = page.answer.headers["set-cookie"].partition(";")
    assert (cookie[0].startswith("connect="), cookie[2]) == (
        True,
        " HttpOnly; Path=/; SameSite=lax",
    )
    assert "set-cookie" not in receipt.answer.headers


async def test_over_https_the_cookie_stays_there(world: World) -> None:
    """With the prefix that makes browsers hold to it."""
    services = world.bot.services
    address = replace(services.connections, public_url="https://relay.example.com")
    over_https = replace(services, connections=address)
    secure = Connecting(over_https, Receipts(), _nobody, _nobody)
    async with (
        Server(Starlette(routes=secure.routes())) as server,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.get(f"{server.url}/connect/x")
    assert answer.headers["set-cookie"].startswith("__Host-connect=")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; Path=/; SameSite=lax; Secure")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def _nobody(*_: object) -> NoReturn:
    raise AssertionError("nobody is asked for this")


async def test_who_is_no_admin_any_more_changes_nothing(world: World, ann: Visitor) -> None:
    """Slack is asked again when the page is posted, however short ago it was asked last."""
    page = await ann.open(await link(world))
    people, admin = world.sandbox.slack.people, world.admin
    people[admin] = replace(people[admin], is_admin=False, is_owner=False)
    answer = await ann.press(
        page, "Check and connect", **world.sandbox.vendors["rootly"].credentials
    )
    assert answer.text.splitlines()[1] == (
        "Nothing was changed. Only workspace admins and owners can do this. Ask one of them."
    )
    assert (answer.status, await stored(world)) == (403, None)


async def test_without_slacks_word_nothing_is_changed(world: World, ann: Visitor) -> None:
    """Slack does not say whether the person is an admin still."""
    page = await ann.open(await link(world))
    del world.sandbox.slack.people[world.admin]
    answer = await ann.press(
        page, "Check and connect", **world.sandbox.vendors["rootly"].credentials
    )
    assert answer.text.splitlines()[1].startswith(
        "Nothing was changed, because we couldn't check that you're an admin of the workspace. "
        "Slack "
    )
    assert (answer.status, await stored(world)) == (403, None)


async def test_nothing_secret_is_logged(
    world: World, ann: Visitor, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what was typed nor the link, whatever came of it."""
    page = await ann.open(await link(world))
    await ann.press(page, "Check and connect", api_key=SECRET)
    await ann.post(page, {}, data=None, content=f"{SECRET}&{SECRET}".encode())
    given = world.sandbox.vendors["rootly"].credentials
    await ann.press(page, "Check and connect", **given)
    printed = "".join((*capfd.readouterr(), caplog.text))
    assert "connection.saved" in printed
    token = urlsplit(str(page.answer.url)).path.rpartition("/")[2]
    assert [it for it in (SECRET, token, given["api_key"], urlencode(given)) if it in printed] == []
