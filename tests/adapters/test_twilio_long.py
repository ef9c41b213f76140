"""Routing rules of a megabyte: the event loop goes on while they are checked, packed and sent."""

import asyncio
import gc
import json
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx

from bot.adapters.base import Request
from bot.adapters.http import make_client, send
from bot.adapters.twilio import Twilio
from bot.adapters.twilio.configuration import LARGEST, warning
from bot.adapters.twilio.rules_forms import _CheckedDocuments
from bot.delivery.attempt import read_submission, submission_of
from bot.delivery.model import Delivery
from tests.adapters.conftest import CannedVendor
from tests.adapters.twilio_filled import FIFO, KEY, WQ
from tests.messages.parts import ROW


def long(name: str) -> str:
    """Return rules of almost the largest size that Twilio takes."""
    rule = {
        "filter_friendly_name": name,
        "expression": (
            "tier == 'Gold' AND (language IN ['de', 'en'] OR skill > 3) AND region != 'nowhere'"
        ),
        "targets": [{"queue": WQ, "priority": 1, "timeout": 60}],
    }
    filters = [rule] * ((LARGEST - 200) // (len(json.dumps(rule)) + 2))
    return json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": WQ}}})


TRIES = 4
"""Another program may delay the loop, but not in each of these attempts."""


def row(document: str) -> Delivery:
    rules = {"configuration": None, "configuration_file": document}
    payload = {"friendly_name": "Night shift", "routing": "json", "rules": rules}
    return replace(
        ROW, vendor="twilio", operation="workflow", branch="json", payload=payload, custom=()
    )


@asynccontextmanager
async def pulse() -> AsyncIterator[list[float]]:
    """Measure the seconds between the steps of a task that wants to run all the time."""
    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            gaps.append((now := time.perf_counter()) - last)
            last = now

    task = asyncio.create_task(beat())
    await asyncio.sleep(0.01)
    yield gaps
    task.cancel()


async def test_the_loop_goes_on_while_a_megabyte_is_sent(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """The loop's longest pause is a small part of the work."""
    twilio = Twilio(client, vendor.url)
    before = row(long("before"))
    started = time.perf_counter()
    sent = twilio.request("workflow", submission_of(before, twilio), KEY)
    client.build_request("POST", vendor.url, data=sent.data)
    warning((sent.data or {})["Configuration"])
    alone = time.perf_counter() - started
    longest = []
    for number in range(TRIES):
        vendor.will_answer((201, {"sid": f"WW{'0b' * 16}", "friendly_name": "Night shift"}))
        gc.collect()
        async with pulse() as gaps:
            await twilio.create(
                "workflow", await read_submission(row(long(f"now {number}")), twilio), KEY
            )
        longest.append(max(gaps))
    assert len(vendor.requests[0][3]) > LARGEST
    assert min(longest) < alone / 3


async def test_the_loop_goes_on_while_a_web_form_is_packed(
    vendor: CannedVendor, client: httpx.AsyncClient
) -> None:
    """A web form of some megabytes is packed in a thread, for any vendor."""
    data = {"Attributes": "{é} " * 1_000_000}
    started = time.perf_counter()
    client.build_request("POST", vendor.url, data=data)
    alone = time.perf_counter() - started
    longest = []
    for _ in range(TRIES):
        vendor.will_answer((201, {}))
        async with pulse() as gaps:
            await send(client, "Twilio", vendor.url, Request("POST", "/", data=data))
        longest.append(max(gaps))
    assert min(longest) < alone / 2


async def test_what_is_small_gets_no_thread(vendor: CannedVendor) -> None:
    """A small form gets no thread, because one would cost more than it saves."""
    vendor.will_answer((201, {"sid": f"WW{'0b' * 16}", "friendly_name": "Night shift"}))
    started = {thread.ident for thread in threading.enumerate()}
    async with make_client() as client:
        twilio = Twilio(client, vendor.url)
        await twilio.create("workflow", await read_submission(row(FIFO), twilio), KEY)
    assert {thread.ident for thread in threading.enumerate()} <= started


def test_a_document_is_remembered_by_its_digest() -> None:
    """The last correct documents are remembered by their digests, without their text."""
    sound = _CheckedDocuments(2)
    documents = [
        json.dumps({"task_routing": {"default_filter": {"queue": WQ}}, "note": str(n)})
        for n in range(3)
    ]
    for document in (*documents, documents[2], "{"):
        assert (sound.complaint(document) == "") == (document != "{")
    [kept] = [it for it in vars(sound).values() if isinstance(it, dict)]
    assert [(type(digest), len(digest)) for digest in kept] == [(bytes, 32)] * 2
