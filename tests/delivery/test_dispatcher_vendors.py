"""The courier with a real adapter: what a vendor's answer, or its silence, does to a delivery."""

import asyncio
import sqlite3
from typing import Any

from bot.delivery.model import Delivery
from tests.world import rows
from tests.world.bot import World, eventually
from tests.world.notes import why
from tests.world.rows import KEY, until


async def submit(world: World, key: str = KEY) -> Delivery:
    """Declare an incident at incident.io."""
    return await rows.submit(world, "incident_io.incident", key)


def posts(world: World) -> int:
    """How many creates incident.io has answered."""
    return sum(it.method == "POST" for it in world.sandbox.vendors["incident_io"].requests)


def made(world: World) -> int:
    """How many incidents it has made."""
    return len(world.sandbox.vendors["incident_io"].created)


async def test_the_row_is_readable_as_sending_while_the_vendor_works(world: World) -> None:
    """A second connection to the file sees it committed before the vendor has answered."""
    vendor = world.sandbox.vendors["incident_io"]
    vendor.hold = asyncio.Event()
    await submit(world)
    await eventually(lambda: posts(world))
    with sqlite3.connect(world.settings.database) as other:
        kept = other.execute("SELECT key, state, attempt FROM deliveries").fetchall()
    other.close()
    vendor.hold.set()
    row = await until(world, "delivered")
    assert kept == [(KEY, "sending", 1)]
    assert row.vendor_object["title"] == "Checkout is down"
    assert row.vendor_object["reference"].startswith("INC-")


async def test_a_rate_limit_is_waited_out(world: World) -> None:
    """A 429 with Retry-After queues it for that long; then it is created, once."""
    world.sandbox.vendors["incident_io"].answer_next(
        429, {"type": "too_many_requests"}, {"Retry-After": "1"}
    )
    loop = asyncio.get_running_loop()
    started = loop.time()
    await submit(world)
    assert (await until(world, "queued")).reason == "rate_limited"
    await until(world, "delivered")
    assert 1.0 <= loop.time() - started < 4.0
    assert (posts(world), made(world)) == (2, 1)


async def test_a_vendor_that_is_down_gets_it_when_it_is_back(world: World) -> None:
    """Refused connections queue it; nothing has to be done for it to arrive."""
    vendor = world.sandbox.vendors["incident_io"]
    await world.lists_loaded()
    await vendor.set_fault("down")
    await submit(world)
    row = await until(world, "queued")
    assert (row.reason, why(row)) == (
        "unreachable",
        "We can't reach incident.io.",
    )
    await vendor.set_fault("fine")
    await until(world, "delivered")
    assert made(world) == 1


async def test_an_answer_that_says_nothing_is_asked_for_again(world: World) -> None:
    """A 5xx, a redirect, or a success without an id: sent again under the same key, and there once."""
    vendor = world.sandbox.vendors["incident_io"]
    answers: list[tuple[int, Any]] = [
        (500, "oops"),
        (503, {"type": "unavailable"}),
        (408, {}),
        (302, ""),
        (200, {}),
        (201, "created"),
        (200, {"incident": {}}),
    ]
    keys = rows.keys(len(answers))
    for key, answer in zip(keys, answers, strict=True):
        vendor.answer_next(*answer)
        await submit(world, key)
        row = await until(world, "unconfirmed", "delivered", "rejected", "failed", key=key)
        assert (row.state, row.reason) == ("unconfirmed", "unclear")
    for key in keys:
        row = await until(world, "delivered", key=key)
        assert (row.attempt, row.resend_count) == (2, 1)
    assert (posts(world), sorted(it.body["idempotency_key"] for it in vendor.created)) == (
        2 * len(keys),
        keys,
    )


async def test_a_connection_that_breaks_in_the_middle_creates_nothing_twice(world: World) -> None:
    """The vendor has created it and its answer is lost: the same key again gives the same incident."""
    vendor = world.sandbox.vendors["incident_io"]
    vendor.hold = asyncio.Event()
    await submit(world)
    await eventually(lambda: posts(world))
    await vendor.set_fault("down")
    assert (await until(world, "unconfirmed", "queued")).state == "unconfirmed"
    vendor.hold.set()
    await vendor.set_fault("fine")
    row = await until(world, "delivered")
    assert (row.vendor_object["id"], made(world), posts(world)) == (vendor.created[0].id, 1, 2)


async def test_a_refusal_names_the_field(world: World) -> None:
    """The vendor's words are kept beside the field they belong to."""
    error = {"code": "x", "message": "is not one of yours", "source": {"field": "severity_id"}}
    world.sandbox.vendors["incident_io"].answer_next(
        422, {"type": "validation_error", "errors": [error]}
    )
    await submit(world)
    row = await until(world, "rejected")
    assert (row.field_errors, why(row)) == ({"severity_id": "is not one of yours"}, "")


async def test_a_revoked_token_waits_for_an_admin(world: World) -> None:
    """The delivery fails with what to do and arrives once the same account is connected again."""
    vendor = world.sandbox.vendors["incident_io"]
    await world.lists_loaded()
    await vendor.set_fault("revoked")
    await submit(world)
    row = await until(world, "failed")
    said = "incident.io rejected our API key. An admin can replace it in `/vendors`."
    assert (row.reason, why(row)) == ("unauthorized", said)

    async def broken() -> bool:
        return said in {
            it.broken
            for it in await world.bot.services.connections.store.of(world.sandbox.workspace)
        }

    await eventually(broken)
    await vendor.set_fault("fine")
    await world.sandbox.connect_vendors(world.settings)
    world.bot.services.delivery.dispatcher.wake()
    await until(world, "delivered")
    assert made(world) == 1


async def test_many_at_once_all_arrive(world: World) -> None:
    """More than the courier sends at a time: each is created exactly once."""
    await world.lists_loaded()
    keys = rows.keys(25)
    await asyncio.gather(*[submit(world, key) for key in keys])
    for key in keys:
        await until(world, "delivered", key=key)
    assert (
        sorted(it.body["idempotency_key"] for it in world.sandbox.vendors["incident_io"].created)
        == keys
    )
