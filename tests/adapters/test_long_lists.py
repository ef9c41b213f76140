"""Lists with pages that are too long to be read: they are read in smaller pages."""

import re
from typing import Any

import httpx
import pytest

from bot.errors import RetryLaterError
from tests.adapters.places import place

STOCKED = 110
SIZE = re.compile(r"[sS]ize(?:%5D|\])?=(\d+)")


def rows_of(vendor: Any, catalog: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        vendor.queues[vendor.credentials["workspace_sid"]]
        if catalog == "task_queues"
        else vendor.data.lists[catalog]
    )
    return [row.get("attributes", row) for row in rows]


@pytest.mark.parametrize(
    ("operation", "catalog", "row_bytes", "sizes"),
    [
        ("rootly.incident", "services", 30_000, [100, 50, 50, 50]),
        ("rootly.incident", "services", 300_000, [100, 50, 25, *[5] * 24]),
        ("incident_io.incident", "users", 30_000, [250, 62, 62]),
        ("incident_io.incident", "users", 300_000, [250, 62, 15, *[3] * 40]),
        ("twilio.workflow", "task_queues", 19_000, [1000, 100, 100]),
        ("twilio.workflow", "task_queues", 150_000, [1000, 100, *[10] * 12]),
    ],
)
async def test_smaller_pages(
    client: httpx.AsyncClient, operation: str, catalog: str, row_bytes: int, sizes: list[int]
) -> None:
    """Every row is read once and in order, however long the rows are."""
    async with place(operation, client) as at:
        at.vendor.stock(catalog, STOCKED)
        expected = await at.adapter.entries(catalog, at.credentials)
        at.vendor.requests.clear()
        for row in rows_of(at.vendor, catalog):
            row["weight"] = "x" * row_bytes
        assert await at.adapter.entries(catalog, at.credentials) == expected
        matches = [SIZE.search(request.query) for request in at.vendor.requests]
        asked = [int(match[1]) for match in matches if match]
    assert len(expected) > STOCKED
    assert sizes == asked[: len(sizes)]
    assert set(asked[len(sizes) :]) <= set(sizes[-1:])


@pytest.mark.parametrize(
    ("operation", "catalog", "sizes"),
    [
        ("rootly.incident", "services", [100, 100, 50, 25, 25, 25, 25]),
        ("incident_io.incident", "users", [250, 250, 62, 15]),
        ("twilio.workflow", "task_queues", [1000, 1000, *[100] * 10]),
    ],
)
async def test_smaller_pages_from_the_middle_on(
    client: httpx.AsyncClient, operation: str, catalog: str, sizes: list[int]
) -> None:
    """If only a later page is too long, the rows before it are read once."""
    async with place(operation, client) as at:
        at.vendor.stock(catalog, 1050 if catalog == "task_queues" else 350)
        expected = await at.adapter.entries(catalog, at.credentials)
        at.vendor.requests.clear()
        first, last = {"services": (100, 175), "users": (250, 300), "task_queues": (1000, 1040)}[
            catalog
        ]
        for row in rows_of(at.vendor, catalog)[first:last]:
            row["weight"] = "x" * 60_000
        assert await at.adapter.entries(catalog, at.credentials) == expected
        matches = [SIZE.search(request.query) for request in at.vendor.requests]
        asked = [int(match[1]) for match in matches if match]
    assert asked[: len(sizes)] == sizes


@pytest.mark.parametrize(
    ("operation", "catalog"),
    [
        ("rootly.incident", "services"),
        ("incident_io.incident", "users"),
        ("incident_io.incident", "severities"),
        ("twilio.workflow", "task_queues"),
    ],
)
async def test_a_row_that_is_too_long_by_itself(
    client: httpx.AsyncClient, operation: str, catalog: str
) -> None:
    """A list with a row that is too long is an error, and not a list without that row."""
    async with place(operation, client) as at:
        rows_of(at.vendor, catalog)[-1]["weight"] = "x" * 3_000_000
        with pytest.raises(
            RetryLaterError,
            match=r"sent a list that's too long to read\. It has more than 2 MB\.$",
        ):
            await at.adapter.entries(catalog, at.credentials)
