"""The pages for browsers, asked by nobody's browser: random addresses, queries, cookies, headers
and forms."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest

from bot.playground.vendors.base import VendorStandIn
from bot.web.app import HEADERS
from tests.fuzz.mutations import TEXTS
from tests.fuzz.watching import MARK, SEED, Ledger, Log, logged
from tests.fuzz.workspaces import workspaces
from tests.world.workspaces import ACME, ADMIN, BOLT, Many, workspace_of

COUNT = 800
FAMILIAR = (
    "code",
    "state",
    "error",
    "team",
    "form_key",
    "action",
    "api_key",
    "key_sid",
    "account_sid",
    "region",
    "ask",
)
METHODS = ("GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")
WORDS = (MARK, f"<script>{MARK}</script>", f'"{MARK}', *TEXTS)
ECHO = f"<script>{MARK}"
Place = tuple[Many, dict[str, VendorStandIn]]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with workspaces(tmp_path) as place:
        yield place


def word(rng: random.Random) -> str:
    return rng.choice(WORDS)


def fields(rng: random.Random) -> list[tuple[str, str]]:
    """Some of the fields that a page reads, some twice, and others."""
    return [
        (rng.choice((*FAMILIAR, word(rng))), word(rng)) for _ in range(rng.choice((0, 1, 2, 3, 30)))
    ]


def encoded(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="surrogatepass")


def request(rng: random.Random, path: str) -> httpx.Request:
    """A request to that path with everything else made up; half of the forms seem to come from the
    page itself."""
    method = rng.choice(METHODS)
    headers = {
        "Content-Type": rng.choice(
            ("application/x-www-form-urlencoded",) * 3 + ("application/json", "", MARK)
        )
    }
    headers |= rng.choice(
        ({"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": MARK}, {"Origin": "null"}, {})
    )
    headers |= {
        "Cookie": f"{rng.choice(('connect', 'install', '__Host-connect'))}={quote(word(rng)[:2000], errors='replace')}"
    }
    body = rng.choice(
        (
            encoded(fields(rng)).encode(),
            encoded(fields(rng)).encode(),
            b"\xff\xfe",
            b"{",
            b"x" * 20_000,
        )
    )
    query = f"?{encoded(fields(rng))[:20_000]}" if rng.random() < 0.6 else ""
    return httpx.Request(
        method,
        f"http://bot{path}{query}",
        headers=headers,
        content=body if method != "GET" else b"",
    )


async def test_pages_take_anything(place: Place) -> None:
    """No fault of ours, the strict headers, no word of the request in the answer unless it is
    escaped, no redirect away; nothing is logged of it, and nothing changed."""
    world, vendors = place
    ledger = Ledger(world.settings.database)
    links = world.bot.services.connections.setup_links
    good = await links.make(
        workspace_of(ACME), "rootly", actor=ADMIN, actor_name="Maya", workspace_name="Acme"
    )
    stored = [ledger.everything(workspace_of(it)) for it in (ACME, BOLT)]
    asked = [len(it.requests) for it in vendors.values()]
    found: Counter[str] = Counter()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(world.bot.web), follow_redirects=False
    ) as browser:
        with logged() as log:
            for number in range(COUNT):
                rng = random.Random(f"{SEED} pages {number}")
                bad = quote(word(rng)[:200], safe="", errors="replace")
                path = rng.choice(
                    (
                        f"/connect/{good}",
                        f"/connect/{bad}",
                        "/slack/oauth_redirect",
                        f"/{bad}",
                        "/healthz",
                    )
                )
                sent = request(rng, path)
                answer = await browser.send(sent)
                _judge(
                    answer,
                    log,
                    f"FUZZ_SEED={SEED}, request {number}: {sent.method} {sent.url} "
                    f"{sent.content[:500]!r}",
                )
                found[f"{sent.method} {answer.status_code}"] += 1
                browser.cookies.clear()
    assert [ledger.everything(workspace_of(it)) for it in (ACME, BOLT)] == stored
    assert [len(it.requests) for it in vendors.values()] == asked
    ledger.close()
    assert {"GET 200", "GET 400", "GET 404", "GET 410", "POST 400", "POST 403", "POST 405"} <= set(
        found
    ), found


def _judge(answer: httpx.Response, log: Log, shown: str) -> None:
    assert answer.status_code < 500, shown
    assert ECHO not in answer.text, shown
    assert MARK not in repr(answer.headers), shown
    assert set(map(str.lower, HEADERS)) <= set(answer.headers), f"{answer.headers} {shown}"
    if "location" in answer.headers:
        assert "//" not in answer.headers["location"], shown
    assert log.wrong() == [], shown


@pytest.mark.parametrize(
    "token", ["https:example.com", "javascript:1", "a\r\nSet-Cookie: a=b", "\x00", "é"]
)
async def test_a_redirect_stays_on_its_page(place: Place, token: str) -> None:
    """Whatever stands in the address in a link's place, posting there leads back to that very
    address."""
    world, _ = place
    path = f"/connect/{quote(token, safe='')}"
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    async with httpx.AsyncClient(base_url=world.url, trust_env=False) as browser:
        answer = await browser.post(path, headers=headers)
    assert (
        answer.status_code,
        answer.next_request and answer.next_request.url.raw_path.decode(),
    ) == (303, path)
