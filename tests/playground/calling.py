"""A vendor's stand-in, called over HTTP as its adapter would call it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from bot.adapters.base import Submission
from bot.errors import VendorError
from bot.forms.fields import Form
from bot.playground.vendors import VendorStandIn


async def first_read(
    vendor: VendorStandIn, given: Mapping[str, str] | None = None
) -> httpx.Request:
    """What the adapter asks first, to try these credentials, or else the stand-in's own."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(401, json={})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        adapter = vendor.adapter(client, vendor.url)
        key = adapter.credentials.model_validate(given or vendor.credentials)
        with suppress(VendorError):
            await adapter.verify(key)
    return asked[0]


async def calling(
    vendor: VendorStandIn, given: Mapping[str, str] | None = None, **more: Any
) -> httpx.AsyncClient:
    """A client that carries these credentials, or else the stand-in's own."""
    header = (await first_read(vendor, given)).headers["authorization"]
    return httpx.AsyncClient(base_url=vendor.url, headers={"Authorization": header}, **more)


async def read(vendor: VendorStandIn, client: httpx.AsyncClient) -> httpx.Response:
    """Try the client's credentials."""
    return await client.get((await first_read(vendor)).url.path)


def filled(vendor: VendorStandIn, headline: str = "Checkout is down") -> Form:
    """A form of the vendor's first operation, with that headline."""
    form = vendor.sample_form(vendor.adapter.operations[0].name)
    return form.model_copy(update={str(form.headline): headline})


def creation(
    vendor: VendorStandIn, number: int = 1, form: Form | None = None
) -> tuple[str, dict[str, Any]]:
    """A path to post to, and httpx arguments for the `number`-th thing that the vendor creates."""
    adapter = vendor.adapter(httpx.AsyncClient(), vendor.url)
    key = adapter.credentials.model_validate(vendor.credentials)
    submission = Submission(form or filled(vendor), f"ir{number:012x}")
    request = adapter.request(adapter.operations[0].name, submission, key)
    body = {"json": request.json} if request.data is None else {"data": dict(request.data)}
    return request.path, {**body, "headers": dict(request.headers)}


async def create(
    vendor: VendorStandIn, client: httpx.AsyncClient, number: int = 1
) -> httpx.Response:
    """Create the `number`-th thing."""
    path, arguments = creation(vendor, number)
    return await client.post(path, **arguments)
