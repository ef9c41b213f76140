"""Where requests go: to the vendor's own host, or the operator's; nothing that a workspace types
leads elsewhere."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any, Literal, get_args, get_origin

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bot.adapters.base import Request
from bot.adapters.http import send
from bot.adapters.registry import ADAPTERS, base_urls, make_adapters
from bot.adapters.twilio import TwilioKey
from bot.errors import RejectedError, RetryLaterError, VendorError
from bot.playground.vendors import STAND_INS
from bot.settings import Settings
from tests.adapters.conftest import CannedVendor
from tests.adapters.test_lenient import KEYS

SID = "0a" * 16

OWN = {vendor: f"{adapter.default_url}/" for vendor, adapter in ADAPTERS.items()}
IE1 = TwilioKey(
    key_sid=SecretStr(f"SK{SID}"),
    key_secret=SecretStr("s"),
    workspace_sid=SecretStr(f"WS{SID}"),
    region="ie1",
)
BASES = ["https://vendor.example.com:8443/base", "https://vendor.example.com:8443/base/"]
EVIL = [
    "@evil.example",
    "#",
    "?",
    "/",
    "\\",
    "//evil.example/",
    "..",
    "%2e%2e",
    "\n",
    "\r\nHost: evil.example",
    ":1",
    "é",
]
typed = st.lists(st.sampled_from(EVIL) | st.text(max_size=5), max_size=4).map("".join)


async def asked(vendor: str, base_url: str, credentials: Any) -> list[httpx.Request]:
    """All requests that go out while credentials are tried out and a list is read."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        adapter = make_adapters(client, dict.fromkeys(ADAPTERS, base_url))[vendor]
        catalog = next(it.name for it in adapter.catalogs if it.static is None)
        for call in (adapter.verify, partial(adapter.entries, catalog)):
            with suppress(VendorError):
                await call(credentials)
    return seen


def test_the_defaults_are_the_vendors_own_hosts() -> None:
    """One documented public host each, and one more for Twilio's other region."""
    adapters = make_adapters(httpx.AsyncClient(), base_urls(Settings()))
    for vendor in STAND_INS:
        assert adapters[vendor].address(KEYS[vendor]).rstrip("/") == ADAPTERS[vendor].default_url
    assert adapters["twilio"].address(IE1) == "https://taskrouter.dublin.ie1.twilio.com"


def test_the_operators_address_stands_for_every_region() -> None:
    """It replaces the public host for everybody."""
    adapter = make_adapters(httpx.AsyncClient(), dict.fromkeys(ADAPTERS, "http://127.0.0.1:8080/"))[
        "twilio"
    ]
    assert adapter.address(IE1) == "http://127.0.0.1:8080/"


async def test_a_region_has_its_own_host_and_pages() -> None:
    """Every call of the connection goes there, and so does the next page; the console's address is
    not the usual one."""
    hosts = {request.url.host for request in await asked("twilio", OWN["twilio"], IE1)}
    assert hosts == {"taskrouter.dublin.ie1.twilio.com"}

    def page(request: httpx.Request) -> httpx.Response:
        following = None if "Page=1" in str(request.url) else f"{request.url}&Page=1"
        return httpx.Response(
            200, json={"task_queues": [{"sid": "WQ1"}], "meta": {"next_page_url": following}}
        )

    async with httpx.AsyncClient(transport=httpx.MockTransport(page)) as client:
        adapter = make_adapters(client, OWN)["twilio"]
        assert len(await adapter.entries("task_queues", IE1)) == 2
        assert adapter.by_hand("task", IE1) == "https://console.twilio.com/"


def test_a_connection_of_before_the_choice_is_in_the_usual_region() -> None:
    """What was stored names no region."""
    stored = {"key_sid": f"SK{SID}", "key_secret": "s", "workspace_sid": f"WS{SID}"}
    assert TwilioKey.model_validate(stored).region == "us1"


@pytest.mark.parametrize(
    "region", ["", "US1", "us1.evil.example", "au1", "taskrouter.evil.example"]
)
def test_a_region_is_one_of_the_list(region: str) -> None:
    """It is chosen, never written."""
    with pytest.raises(ValidationError):
        TwilioKey.model_validate({**dict.fromkeys(TwilioKey.model_fields, "x"), "region": region})


def test_every_field_tells_people_what_it_is() -> None:
    """A page is made of the titles and descriptions; none of the fields is an address."""
    fields = {
        (vendor, name): (bool(field.title), bool(field.description))
        for vendor, adapter in ADAPTERS.items()
        for name, field in adapter.credentials.model_fields.items()
    }
    assert set(fields.values()) == {(True, True)}
    assert not [name for _, name in fields if "url" in name or "host" in name or "address" in name]


GOOD = {vendor: made().credentials for vendor, made in STAND_INS.items()}


def anything(field: FieldInfo, good: str | None) -> st.SearchStrategy[str]:
    """What may be typed into that field; now and then what the vendor takes, so that chance gets
    past the checks of the others."""
    if get_origin(field.annotation) is Literal:
        return st.sampled_from(get_args(field.annotation))
    return typed if good is None else st.just(good) | typed


@pytest.mark.parametrize("vendor", STAND_INS)
@given(data=st.data())
def test_no_credential_changes_the_address(vendor: str, data: st.DataObject) -> None:
    """Host, port, scheme and the base path are the operator's, whatever was typed into whichever
    field."""
    model = ADAPTERS[vendor].credentials
    typed_in = {
        name: data.draw(anything(field, GOOD[vendor].get(name)))
        for name, field in model.model_fields.items()
    }
    try:
        credentials = model.model_validate(typed_in)
    except ValidationError:
        return
    requests = asyncio.run(asked(vendor, BASES[0], credentials))
    assert requests
    for request in requests:
        url = request.url
        assert (url.scheme, url.host, url.port, url.userinfo) == (
            "https",
            "vendor.example.com",
            8443,
            b"",
        )
        assert url.raw_path.startswith(b"/base/")
        assert request.headers["host"] == "vendor.example.com:8443"


@pytest.mark.parametrize(
    "rest", [f"{SID[:16]}\n{SID[16:]}", f"{SID}/..", f"{SID[:-1]}é", f"{SID}0", f"{SID}?x", ""]
)
@pytest.mark.parametrize(
    ("field", "kind"), [("key_sid", "SK"), ("key_sid", "AC"), ("workspace_sid", "WS")]
)
def test_a_sid_is_checked_before_it_stands_in_a_path(field: str, kind: str, rest: str) -> None:
    """Two letters and 32 digits, to the last character."""
    good = {"key_sid": f"SK{SID}", "key_secret": "s", "workspace_sid": f"WS{SID}"}
    assert TwilioKey.model_validate(good | {field: kind + SID}).workspace == f"WS{SID}"
    with pytest.raises(ValidationError):
        TwilioKey.model_validate(good | {field: kind + rest})


@pytest.mark.parametrize("base_url", [*BASES, "https://vendor.example.com:8443"])
@given(path=typed, slash=st.booleans())
def test_no_path_leads_away(base_url: str, path: str, slash: bool) -> None:
    """A request stays below its base URL, or is refused before anything is sent."""
    seen: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url)
        return httpx.Response(200, json={})

    async def sent() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            with suppress(RejectedError):
                await send(
                    client, "Vendor", base_url, Request("GET", "/" + path if slash else path)
                )

    asyncio.run(sent())
    for url in seen:
        assert (url.scheme, url.host, url.port, url.userinfo) == (
            "https",
            "vendor.example.com",
            8443,
            b"",
        )
        assert url.path.startswith(httpx.URL(base_url).path)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("vendor_name", STAND_INS)
async def test_no_vendor_is_followed_elsewhere(
    client: httpx.AsyncClient, vendor: CannedVendor, vendor_name: str, status: int
) -> None:
    """Credentials would travel along with a redirect, so it is no answer."""
    vendor.will_answer((status, ""), headers={"Location": f"{vendor.url}/elsewhere"})
    adapter = make_adapters(client, dict.fromkeys(ADAPTERS, vendor.url))[vendor_name]
    with pytest.raises(RetryLaterError):
        await adapter.verify(KEYS[vendor_name])
    assert len(vendor.paths) == 1
