"""What every vendor stand-in does: faults, canned answers, records, what the page shows."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.playground.vendors import STAND_INS, VendorStandIn
from bot.playground.vendors.sent import LONGEST, readable
from tests.playground.calling import calling, creation, filled, read


@pytest.fixture(params=STAND_INS.values(), ids=list(STAND_INS))
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[VendorStandIn]:
    made: VendorStandIn = request.param()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client(vendor: VendorStandIn) -> AsyncIterator[httpx.AsyncClient]:
    async with await calling(vendor) as made:
        yield made


async def test_credentials_are_accepted(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """The stand-in accepts the credentials that it names."""
    assert (await read(vendor, client)).status_code == 200


async def test_down_refuses_connections_and_comes_back_on_the_same_port(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """Down refuses connections, even kept-alive ones, and fine listens on the same port again, many
    times over."""
    url = vendor.url
    for _ in range(5):
        assert (await read(vendor, client)).status_code == 200
        await vendor.set_fault("down")
        with pytest.raises(httpx.ConnectError):
            await read(vendor, client)
        await vendor.set_fault("fine")
    assert vendor.url == url
    assert (await read(vendor, client)).status_code == 200


async def test_down_drops_a_request_in_flight(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """A create that is waiting for its answer when the vendor goes down gets none, though the
    object was made."""
    vendor.hold = asyncio.Event()
    path, arguments = creation(vendor)
    arrived = asyncio.Event()
    vendor.on_change = arrived.set
    waiting = asyncio.create_task(client.post(path, **arguments))
    await asyncio.wait_for(arrived.wait(), 5)
    vendor.on_change = None
    await vendor.set_fault("down")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await waiting
    assert len(vendor.created) == 1


async def test_down_twice_and_fine_twice_do_no_harm(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """Setting a fault that is already set changes nothing."""
    for name in ("down", "down", "fine", "fine"):
        await vendor.set_fault(name)
    assert (await read(vendor, client)).status_code == 200


async def test_switching_in_haste_ends_where_it_was_last_set(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """Faults set at the same time take effect one after the other."""
    await asyncio.gather(
        *(vendor.set_fault(name) for name in ("down", "fine", "down", "revoked", "down", "fine"))
    )
    assert vendor.fault == "fine"
    assert (await read(vendor, client)).status_code == 200


async def test_an_unknown_fault_is_an_error(vendor: VendorStandIn) -> None:
    """A fault of no known name raises and changes nothing."""
    with pytest.raises(ValueError, match="no fault 'tired'"):
        await vendor.set_fault("tired")
    assert vendor.fault == "fine"


async def test_revoked_answers_401_to_everything(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """A revoked token gets the vendor's 401 for reads and creates, and nothing is made."""
    await vendor.set_fault("revoked")
    path, arguments = creation(vendor)
    statuses = [
        (await read(vendor, client)).status_code,
        (await client.post(path, **arguments)).status_code,
    ]
    assert statuses == [401, 401]
    assert vendor.created == []
    assert [entry["note"] for entry in vendor.describe()["requests"]] == [
        "401 token revoked",
        "401 token revoked",
    ]


async def test_a_revoked_key_has_a_successor(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """While keys are revoked the page shows a new one, which works; fine takes the old one again,
    and shows it."""
    old = vendor.describe()["key"]
    await vendor.set_fault("revoked")
    new = vendor.describe()["key"]
    assert (list(new), new != old) == (list(old), True)
    given = dict(zip(vendor.credentials, new.values(), strict=True))
    async with await calling(vendor, given) as renewed:

        async def statuses() -> list[int]:
            return [(await read(vendor, each)).status_code for each in (client, renewed)]

        path, arguments = creation(vendor)
        assert (await renewed.post(path, **arguments)).status_code in (200, 201)
        assert await statuses() == [401, 200]
        await vendor.set_fault("fine")
        assert (await statuses(), vendor.describe()["key"]) == ([200, 200], old)
        await vendor.set_fault("revoked")
        assert await statuses() == [401, 401]


async def test_canned_answers_come_once_each_and_create_nothing(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """Canned answers go to create calls only, in their order, and then creates work again."""
    vendor.answer_next(429, {"error": "slow down"}, {"Retry-After": "7"})
    vendor.answer_next(503, "<html>no</html>")
    path, arguments = creation(vendor)
    assert (await read(vendor, client)).status_code == 200
    first, second = await client.post(path, **arguments), await client.post(path, **arguments)
    assert (first.status_code, first.json(), first.headers["Retry-After"]) == (
        429,
        {"error": "slow down"},
        "7",
    )
    assert (second.status_code, second.text) == (503, "<html>no</html>")
    assert vendor.created == []
    assert (await client.post(path, **arguments)).status_code in (200, 201)
    assert len(vendor.created) == 1


async def test_hold_keeps_the_answer_back(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """A held create is made at once and answered when the event is set; reads are not held."""
    vendor.hold = asyncio.Event()
    path, arguments = creation(vendor)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, **arguments, timeout=0.2)
    assert len(vendor.created) == 1
    assert (await read(vendor, client)).status_code == 200
    vendor.hold.set()


async def test_what_is_created_is_described(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """A created object is the newest one on the page, marked as coming from Slack, and its link
    leads to a page."""
    past = vendor.describe()["objects"]
    assert not any(entry["from_slack"] for entry in past)
    path, arguments = creation(vendor)
    await client.post(path, **arguments)
    described = vendor.describe()
    newest = described["objects"][0]
    assert newest["title"].startswith(
        "Checkout is down"
    )  # a vendor may have no other room for the marker
    assert newest["from_slack"]
    assert [entry["at"] for entry in described["objects"]] == sorted(
        (entry["at"] for entry in described["objects"]), reverse=True
    )
    request = described["requests"][0]
    assert (request["method"], request["path"]) == ("POST", path)
    assert request["note"].partition(" ")[2] == f"created {newest['kind']} {newest['reference']}"
    answered = await client.get(newest["url"])
    assert (answered.status_code, answered.headers["content-type"]) == (
        200,
        "text/html; charset=utf-8",
    )
    assert "Checkout is down" in answered.text


async def test_what_was_sent_can_be_read(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """An object that came through the API shows the body that made it, with JSON in a form's field
    unpacked."""
    path, arguments = creation(vendor)
    await client.post(path, **arguments)
    newest, *past = vendor.describe()["objects"]
    sent = arguments.get("json") or {
        name: json.loads(text) if text.startswith("{") else text
        for name, text in arguments["data"].items()
    }
    assert json.loads(newest["sent"]) == sent
    assert {entry["sent"] for entry in past} <= {""}


def test_a_long_body_is_cut() -> None:
    """What nobody would read to its end is not sent to the page with every request; what only looks
    like JSON stays text."""
    assert readable({"text": "{{ incident.title }}"}) == '{\n  "text": "{{ incident.title }}"\n}'
    shown = readable({"text": "x" * (LONGEST + 1)})
    assert (len(shown), shown[-1]) == (LONGEST + 1, "…")


async def test_every_change_calls_on_change(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """The callback runs once for each request and each fault."""
    calls: list[str] = []
    vendor.on_change = lambda: calls.append("change")
    await read(vendor, client)
    await vendor.set_fault("revoked")
    await read(vendor, client)
    assert len(calls) == 3


async def test_pages_escape_what_was_typed(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """No markup that somebody typed reaches a page."""
    path, arguments = creation(vendor, form=filled(vendor, "<script>alert(1)</script>"))
    await client.post(path, **arguments)
    text = (await client.get(vendor.describe()["objects"][0]["url"])).text
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


async def test_the_list_of_requests_is_capped(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """The page gets the newest 50 reads, newest first, and what was written before them is not
    pushed out."""
    path, arguments = creation(vendor)
    await client.post(path, **arguments)
    for _ in range(60):
        await read(vendor, client)
    shown = vendor.describe()["requests"]
    assert [request["method"] for request in shown] == ["GET"] * 50 + ["POST"]
    assert [request["at"] for request in shown[:50]] == [
        made.at for made in reversed(vendor.requests[-50:])
    ]
    assert len(vendor.requests) == 61
