"""Housekeeping: what is erased, when, and in what portions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.connections.setup_links import LINK_SECONDS, SetupLinks
from bot.delivery.model import Outcome
from bot.delivery.retention import Retention
from bot.delivery.store import history as histories
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from tests.world.bot import eventually
from tests.world.machine import ended
from tests.world.notes import DAY, HERE, MADE, Clock, draft

HOUR = 3600.0


@dataclass
class House:
    """A database with its housekeeping, which keeps what people wrote for two days."""

    database: Database
    deliveries: Deliveries
    history: History
    links: SetupLinks
    retention: Retention
    clock: Clock

    async def delivered(self, key: str) -> None:
        row, _ = await self.deliveries.enqueue(draft(key), lease=45, card_not_before=0.0)
        await self.deliveries.settle(row, Outcome("delivered", vendor_object=MADE.model_dump()))

    async def titles(self) -> list[str]:
        return [row.title for row in await self.history.newest()]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = Clock()
    database = await Database.open(tmp_path / "relay.db")
    history = History(database, clock)
    links = SetupLinks(database, clock)
    retention = Retention(history, links, 2, clock)
    yield House(database, Deliveries(database, clock), history, links, retention, clock)
    await database.close()


async def test_erases_what_was_kept_long_enough(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it, in portions, and nothing that was finished later."""
    monkeypatch.setattr(histories, "ERASED_AT_ONCE", 3)
    for n in range(7):
        await house.delivered(f"k{n}")
    house.clock.advance(DAY)
    await house.delivered("later")
    house.clock.advance(DAY + 1)
    with capture_logs() as logs:
        assert await house.retention._round() == HOUR
    assert logs == [{"event": "deliveries.erased", "deliveries": 7, "log_level": "info"}]
    assert await house.titles() == ["Checkout is down", *[""] * 7]


async def test_removes_links_whose_time_is_over(house: House) -> None:
    """They hold a name; those that are still good stay."""
    for_ann = {"actor": "U0ANN00001", "actor_name": "Ann", "workspace_name": "Here"}
    token = await house.links.make(HERE, "notes", **for_ann)
    house.clock.advance(LINK_SECONDS - 1)
    await house.retention._round()
    assert await house.links.find(token) is not None
    house.clock.advance(1)
    await house.retention._round()
    assert (
        await house.database.read(lambda db: db.execute("SELECT * FROM setup_links").fetchall())
        == []
    )


async def test_has_nothing_to_say_when_there_is_nothing_to_erase(house: House) -> None:
    """A fresh database."""
    with capture_logs() as logs:
        assert await house.retention._round() == HOUR
    assert logs == []


async def test_begins_at_once_and_survives_errors(house: House) -> None:
    """The first round comes with the start; a database error is followed by another."""
    await house.delivered("a")
    house.clock.advance(3 * DAY)
    await house.database.write(lambda db: db.execute("ALTER TABLE deliveries RENAME TO gone"))
    with capture_logs() as logs:
        loop = asyncio.create_task(house.retention.run())
        await eventually(lambda: logs)
    await house.database.write(lambda db: db.execute("ALTER TABLE gone RENAME TO deliveries"))

    async def erased() -> bool:
        return await house.titles() == [""]

    await eventually(erased)
    await ended(loop)
