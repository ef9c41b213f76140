"""Faults of vendors and of the way to them, one by one: each ends bounded, nothing is lost, nothing
is created twice."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from starlette.responses import RedirectResponse, Response, StreamingResponse
from structlog.testing import capture_logs

from bot.adapters.registry import ADAPTERS
from bot.playground.sandbox import Sandbox
from bot.playground.vendors import STAND_INS
from bot.settings import Settings
from tests.chaos.ledger import objects
from tests.world.bot import World, eventually, running
from tests.world.notes import why
from tests.world.proxy import Between, served
from tests.world.rows import keys, submit, until

WORDS = "words-that-belong-to-the-vendor"
CARD = "Created in Rootly: INC-"
LOOKED_UP = [
    f"{vendor}.{it.name}"
    for vendor, adapter in ADAPTERS.items()
    for it in adapter.operations
    if vendor in STAND_INS and not it.keyed
]


@asynccontextmanager
async def through(middle: Between, sandbox: Sandbox, folder: Path) -> AsyncIterator[World]:
    """The bot that reaches Rootly through `middle`."""
    settings = Settings.model_validate(
        sandbox.environment(folder / "relay.db") | {"ROOTLY_API_URL": middle.url}
    )
    await sandbox.connect_vendors(settings)
    async with running(sandbox, settings) as world:
        yield world


def made(world: World) -> Counter[str]:
    """How many objects all vendors have of each delivery."""
    counted: Counter[str] = Counter()
    for vendor in world.sandbox.vendors.values():
        counted += objects(vendor)
    return counted


async def drip() -> AsyncIterator[bytes]:
    """A body that is never whole."""
    yield b'{"data": {"id": "'
    while True:
        yield WORDS.encode()
        await asyncio.sleep(0.2)


@pytest.mark.timeout(120)
async def test_an_answer_that_cannot_be_read(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half of a document, nothing, a web page, a redirect, 20 MB, a body without end: what was
    created is found, is there once and on its card; credentials went nowhere else, and no log holds
    the vendor's words."""
    caplog.set_level(logging.INFO)
    async with AsyncExitStack() as stack:
        middle, elsewhere = [
            await stack.enter_async_context(served(Between(sandbox.vendors["rootly"].url)))
            for _ in range(2)
        ]
        world = await stack.enter_async_context(through(middle, sandbox, tmp_path))
        middle.answers = unreadable(elsewhere.url)
        markers = keys(len(middle.answers))
        logs = stack.enter_context(capture_logs())
        for key in markers:
            await submit(world, key=key)
        rows = [await until(world, "delivered", key=key, seconds=60) for key in markers]
        await eventually(
            lambda: (
                sum(it["text"].startswith(CARD) for it in world.cards("incidents")) == len(markers)
            ),
            20,
        )
    assert [(row.reason, row.attempt) for row in rows] == [("found", 1)] * len(markers)
    assert (made(world), middle.answered) == (Counter(markers), len(markers))
    assert elsewhere.arrived == []
    assert [it for it in logs if it["log_level"] == "error"] == []
    assert WORDS not in f"{logs}{caplog.text}"


def unreadable(elsewhere: str) -> list[Callable[[], Response]]:
    """Half of a document, nothing, a web page, a redirect, 20 MB, a body without end."""
    kind = "application/vnd.api+json"
    return [
        lambda: Response(f'{{"data": {{"id": "{WORDS}', 201, media_type=kind),
        lambda: Response(status_code=201),
        lambda: Response(f"<html><body>{WORDS}</body></html>", 200, media_type="text/html"),
        lambda: RedirectResponse(f"{elsewhere}/v1/incidents?{WORDS}", 307),
        lambda: Response(f'{{"data": "{WORDS * 700_000}"}}', 201, media_type=kind),
        lambda: StreamingResponse(drip(), 201, media_type=kind),
    ]


@pytest.mark.parametrize("wrong", ["https://rootly.invalid", "https://127.0.0.1:{port}"])
async def test_a_vendor_that_cannot_be_reached(
    sandbox: Sandbox, tmp_path: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is not found, or there is no TLS at its door: nothing was sent, and it arrives once
    the way is right."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    rootly = sandbox.vendors["rootly"]
    right = Settings.model_validate(sandbox.environment(tmp_path / "relay.db"))
    await sandbox.connect_vendors(right)
    url = wrong.format(port=rootly.url.rpartition(":")[2])
    elsewhere = sandbox.environment(tmp_path / "relay.db") | {"ROOTLY_API_URL": url}
    async with running(sandbox, Settings.model_validate(elsewhere)) as world:
        await submit(world)
        row = await until(world, "queued", seconds=30)  # a name can be looked up for long
        assert (row.reason, why(row)) == (
            "unreachable",
            "We can't reach Rootly.",
        )
        await eventually(
            lambda: [
                it for it in world.cards("incidents") if "Saved, not yet in Rootly" in it["text"]
            ]
        )
    assert not [it for it in rootly.requests if it.method == "POST"]
    async with running(sandbox, right) as world:
        await until(world, "delivered", seconds=30)
        assert (len(rootly.created), rootly.created[0].body["data"]["attributes"]["title"]) == (
            1,
            "Checkout is down",
        )


async def test_a_token_that_is_revoked_half_way(world: World) -> None:
    """Some of a batch are created, the others wait for an admin; connected again, they all are,
    each once."""
    vendor = world.sandbox.vendors["twilio"]
    markers = keys(20)
    revoking: list[asyncio.Task[None]] = []

    def revoke() -> None:
        if len(vendor.created) == 8 and not revoking:
            revoking.append(asyncio.create_task(vendor.set_fault("revoked")))

    vendor.on_change = revoke
    await asyncio.gather(*[submit(world, "twilio.workflow", key) for key in markers])
    rows = [await until(world, "delivered", "failed", key=key) for key in markers]
    counted = Counter((row.state, row.reason) for row in rows)
    assert counted.keys() == {("delivered", ""), ("failed", "unauthorized")}
    assert counted["delivered", ""] == len(vendor.created) >= 8
    await vendor.set_fault("fine")
    await world.sandbox.connect_vendors(world.settings)
    for key in markers:
        await until(world, "delivered", key=key)
    assert made(world) == Counter(list(markers))


@pytest.mark.timeout(120)
async def test_a_list_that_is_ten_seconds_late(world: World) -> None:
    """The answer is lost and the object appears in the vendor's list only ten seconds later: it is
    found, not made again."""
    for vendor in world.sandbox.vendors.values():
        vendor.list_lag = 10.0
        await vendor.set_fault("lost")
    markers = dict(zip(keys(len(LOOKED_UP)), LOOKED_UP, strict=True))
    await asyncio.gather(*[submit(world, name, key) for key, name in markers.items()])
    rows = [await until(world, "delivered", key=key, seconds=60) for key in markers]
    assert [(row.reason, row.attempt, row.duplicates) for row in rows] == [("found", 1, [])] * len(
        rows
    )
    assert all(row.lookup_count for row in rows)  # how many found nothing: the first, at least
    assert made(world) == Counter(list(markers))
