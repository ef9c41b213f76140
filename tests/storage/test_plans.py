"""How SQLite finds the rows: what has been finished costs nothing, however much of it there is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.delivery.problems import said
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.history import History
from bot.errors import OutcomeUnknownError, RetryLaterError
from bot.storage.database import Database
from tests.world.machine import Machine, machine_on
from tests.world.notes import HERE, Clock

SMALL = (
    "deliveries_queue",
    "deliveries_leased",
    "deliveries_to_look",
    "deliveries_to_show",
    "deliveries_to_follow",
)
"""Indexes that hold only what is not finished: walking through one of them is short."""


@pytest.fixture
async def statements(tmp_path: Path) -> list[str]:
    """Every statement about deliveries that a busy day brings, with its values."""
    said: list[str] = []
    clock = Clock()
    async with machine_on(tmp_path / "relay.db", clock) as machine:
        for side in (machine.database.read, machine.database.write):
            await side(lambda db: db.set_trace_callback(said.append))
        await machine.connect()
        await _a_busy_day(machine)
        for side in (machine.database.read, machine.database.write):
            await side(lambda db: db.set_trace_callback(None))
    return sorted({it for it in said if "deliveries" in it and not it.startswith("--")})


async def _a_busy_day(machine: Machine) -> None:
    machine.adapter.script = [
        RetryLaterError("Notes", "Away.", "unreachable"),
        OutcomeUnknownError("Notes", "Silence."),
    ]
    await machine.submit("a")
    await machine.until("queued", "a")
    row = await machine.submit("b")
    await machine.until("unconfirmed", "b")
    await machine.submit("c")
    machine.clock.advance(300)
    machine.dispatcher.wake()
    await machine.until("delivered", "a")
    machine.reconciler.changed(await machine.row("b"))
    await machine.deliveries.ahead_of(row)
    await machine.deliveries.waiting(HERE)
    await machine.deliveries.clock_went_back()
    await machine.deliveries.expire(said("It stopped."), 2.0)
    await Decisions(machine.database, machine.clock).make(HERE, "b", "cancel", "operator")
    await _shown(machine.database, machine.clock)


async def _shown(database: Database, clock: Clock) -> None:
    card_outbox, history = CardOutbox(database, clock), History(database, clock)
    await card_outbox.behind()
    for shown in await card_outbox.claim_cards():
        await card_outbox.shown(shown, "C1", "1.5")
    await card_outbox.by_card(HERE, "C1", "1.5")
    await card_outbox.next_view_time()
    await card_outbox.claim_views()
    [newest, *_] = await history.of_person(HERE, "U0ANN00001", 20)
    await history.trail(newest)
    await history.private_objects(HERE, "U0ANN00001", "notes", ["note"])
    await history.erase(clock.now)


def plans(path: Path, statements: list[str]) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            for row in db.execute(f"EXPLAIN QUERY PLAN {statement}"):
                yield statement, row[3]


async def test_nothing_on_a_deliverys_way_walks_through_the_finished_ones(
    tmp_path: Path, statements: list[str]
) -> None:
    """Each statement finds its rows by an index, or walks through one of what is not finished."""
    walks = [
        (statement, step)
        for statement, step in plans(tmp_path / "relay.db", statements)
        if step.startswith("SCAN deliver") and not any(index in step for index in SMALL)
    ]
    assert walks == []
    assert len(statements) > 20


async def test_a_keystroke_walks_through_no_public_delivery(
    tmp_path: Path, statements: list[str]
) -> None:
    """A person's private objects have an index of their own."""
    own = [statement for statement in statements if "AND private" in statement]
    indexes = [step for _, step in plans(tmp_path / "relay.db", own) if "deliveries" in step]
    assert indexes == [
        "SEARCH deliveries USING INDEX deliveries_private"
        " (enterprise=? AND team=? AND actor=? AND vendor=?)"
    ]
