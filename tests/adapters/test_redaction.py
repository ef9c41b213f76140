"""Credentials that a vendor quotes are removed from its answers."""

import base64
import json

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Request
from bot.adapters.http import Bearer, send
from tests.adapters.conftest import CannedVendor

TOKEN = "rootly_0f3a/9c41+77"
PACKED = base64.b64encode(f"SK000001:{TOKEN}".encode()).decode()


@pytest.mark.parametrize("status", [200, 422])
async def test_an_answer_that_quotes_the_token(
    client: httpx.AsyncClient, vendor: CannedVendor, status: int
) -> None:
    """The token is removed from refusals and successes, also with JSON's escaped slash; the rest
    stays."""
    said = json.dumps({"message": f"Bearer {TOKEN} may not", "id": "1"})
    said = said.replace("}", ', "again": "{}"}}'.format(TOKEN.replace("/", r"\/")))
    vendor.will_answer((status, said))
    reply = await send(
        client, "Vendor", vendor.url, Request("GET", "/me"), auth=Bearer(SecretStr(TOKEN))
    )
    assert reply.body == {"message": "Bearer [hidden] may not", "id": "1", "again": "[hidden]"}


@pytest.mark.parametrize(("status", "name"), [(401, "[hidden]"), (200, "SK000001")])
async def test_an_answer_that_quotes_a_password(
    client: httpx.AsyncClient, vendor: CannedVendor, status: int, name: str
) -> None:
    """The password and the whole header value are removed, and from errors the user name."""
    vendor.will_answer((status, {"detail": f"SK000001:{TOKEN} in {PACKED}"}))
    auth = httpx.BasicAuth("SK000001", TOKEN)
    reply = await send(client, "Vendor", vendor.url, Request("GET", "/me"), auth=auth)
    assert reply.body == {"detail": f"{name}:[hidden] in [hidden]"}


async def test_what_is_too_short_for_a_key_is_left_alone(
    client: httpx.AsyncClient, vendor: CannedVendor
) -> None:
    """A text that is too short for a key may be in an answer by chance, and stays."""
    vendor.will_answer((200, {"id": "abc"}))
    reply = await send(
        client, "Vendor", vendor.url, Request("GET", "/me"), auth=Bearer(SecretStr("abc"))
    )
    assert reply.body == {"id": "abc"}
