"""The way out to every vendor: what an answer, or none, means for the thing we wanted to create."""

import socket
from typing import Any

import httpx
import pytest

from bot.adapters.base import Request
from bot.adapters.http import dig, items, link, reading, retry_after, send, text
from bot.errors import TryLater, Unclear, VendorError
from tests.adapters.conftest import CannedVendor

CREATE = Request("POST", "/things", json={"name": "Zoë"}, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("status", [200, 201, 400, 401, 403, 404, 409, 422])
async def test_settled(client: httpx.AsyncClient, vendor: CannedVendor, status: int) -> None:
    """A success and most refusals are handed back with their parsed body."""
    vendor.will_answer((status, {"id": 1}))
    reply = await send(client, "Vendor", vendor.url + "/", CREATE)
    assert (reply.status, reply.ok, reply.body) == (status, status < 300, {"id": 1})
    assert vendor.requests[0][1:] == ("/things", {"accept": "*/*", "content-type": "application/json"}, {"name": "Zoë"})


@pytest.mark.parametrize("body", ["", "<html>", "[" * 100_000, '"' + "x" * 3_000_000 + '"'])
async def test_no_json(client: httpx.AsyncClient, vendor: CannedVendor, body: str) -> None:
    """An answer that is no JSON, or too much of it, still has its status."""
    vendor.will_answer((422, body))
    reply = await send(client, "Vendor", vendor.url, CREATE)
    assert (reply.status, reply.body) == (422, None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(302, Unclear), (408, Unclear), (425, TryLater), (429, TryLater), (500, Unclear), (503, Unclear)],
)
async def test_not_settled(
    client: httpx.AsyncClient, vendor: CannedVendor, status: int, kind: type[VendorError]
) -> None:
    """Too early and too many are certainly not done; redirects and the vendor's own errors leave it open."""
    vendor.will_answer((status, "secret words"))
    with pytest.raises(kind) as caught:
        await send(client, "Vendor", vendor.url, CREATE)
    assert "secret" not in str(caught.value)


async def test_refused_connection(client: httpx.AsyncClient) -> None:
    """A vendor that is not reached has certainly done nothing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(TryLater, match=r"^Vendor cannot be reached at the moment\.$"):
            await send(client, "Vendor", f"http://127.0.0.1:{taken.getsockname()[1]}", CREATE)


async def test_connection_without_an_answer(client: httpx.AsyncClient) -> None:
    """A vendor that takes the connection and stays silent may have done it."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Unclear, match="it is not known whether it was created"):
            await send(client, "Vendor", f"http://127.0.0.1:{silent.getsockname()[1]}", CREATE, total_seconds=0.1)


def test_reading_leaves_nothing_unclear() -> None:
    """A read without an answer can simply be tried again."""
    with pytest.raises(TryLater, match=r"^Vendor does not answer at the moment\.$"), reading("Vendor"):
        raise Unclear("Vendor", "x")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 1.0),
        ({"Retry-After": "9999"}, 300.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:17:00 GMT"}, 20.0),
        ({"Retry-After": "soon"}, None),
        ({"X-RateLimit-Reset": "1042"}, 42.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "1042"}, 42.0),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """The wait that a vendor names, in whichever way, is kept between a second and five minutes."""
    assert retry_after(httpx.Headers(headers), now=1000.0) == seconds


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [{"b": " x "}]}, (" x ", "x", "")),
        ({"a": [{"b": 7}]}, (7, "7", "")),
        ({"a": [{"b": True}]}, (True, "", "")),
        ({"a": [{"b": "https://x/y"}]}, ("https://x/y", "https://x/y", "https://x/y")),
        ({"a": [{"b": "javascript:x"}]}, ("javascript:x", "javascript:x", "")),
        ({"a": [{"b": "https://x|<!here>"}]}, ("https://x|<!here>", "https://x|<!here>", "")),
        ({"a": []}, (None, "", "")),
        ({"a": {"0": {}}}, (None, "", "")),
        (None, (None, "", "")),
    ],
)
def test_lenient_reading(value: Any, expected: tuple[Any, str, str]) -> None:
    """What is missing or of another type in an answer is nothing, never an error."""
    path = ("a", 0, "b")
    assert (dig(value, *path), text(value, *path), link(value, *path)) == expected
    assert items(value, *path) == []
