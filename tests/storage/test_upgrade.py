"""A database of version 0.1 opens in this one and goes on where it stopped.

`tests/data/version_0_1.sql` was written by that version: a delivery in every state that it knew,
each with the key that says which, with open modals, unfinished follow-up steps and a trail.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.base import Created, Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.rate_limit import Limits, RateLimiters
from bot.delivery.attempt import VendorAccess
from bot.delivery.follow_up import FollowUps
from bot.delivery.problems import said
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.storage.database import Database
from tests.world.bot import eventually
from tests.world.machine import Machine, ended, machine_on
from tests.world.notes import HERE, Clock, Notes, steps_of

WRITTEN = Path(__file__).parents[1] / "data" / "version_0_1.sql"
WRITTEN_AT = 1_800_000_368.0
SECRETS_KEY = b"YSBrZXkgZm9yIHRlc3RzLCB0aGlydHktdHdvIGJ5dGU="
RENAMED = {
    "answer": "branch",
    "chosen": "selected",
    "fields": "field_errors",
    "created": "vendor_object",
    "twins": "duplicates",
    "steps": "follow_up_steps",
    "made_at": "created_at",
    "due_at": "next_attempt_at",
    "give_up_at": "expires_at",
    "sent_at": "first_sent_at",
    "tried_at": "last_attempt_at",
    "look_at": "reconcile_at",
    "looks": "lookup_count",
    "resends": "resend_count",
    "steps_at": "next_step_at",
    "changed_at": "updated_at",
    "shown_version": "card_version",
    "card_after": "card_not_before",
}
ADDED: Mapping[str, Any] = {
    **dict.fromkeys(("thread_ts", "message_link", "response_url", "late_field"), ""),
    **dict.fromkeys(("copy_channel", "copy_ts", "batch"), ""),
    "batch_news": 0,
    "card_in_channel": 0,
    "late_since": 0.0,
}
"""The columns that came later, as an old row has them."""
CALLED_OFF = {"cancelled", "by_hand", "sent_before"}
TRAIL = "SELECT * FROM delivery_events ORDER BY id"


class Found(Notes):
    """A vendor that has every note that it is asked for, and does each step; `done` are those."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[tuple[str, str]] = []

    async def find(
        self, operation: str, submission: Submission, credentials: ApiKey, since: float
    ) -> list[Created]:
        return [Created(id=submission.marker, reference="N-9", title="Found", url="")]

    async def finish(
        self,
        operation: str,
        submission: Submission,
        created_id: str,
        name: str,
        credentials: ApiKey,
    ) -> None:
        self.done.append((created_id, name))


@pytest.fixture
def old(path: Path) -> Path:
    """The file as version 0.1 left it."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(WRITTEN.read_text(encoding="utf-8"))
    return path


def rows(path: Path, sql: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(sql)]


async def upgrade(path: Path) -> None:
    await (await Database.open(path)).close()


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[tuple[Machine, Found]]:
    """The machinery on the file, a minute after version 0.1 stopped."""
    clock, vendor = Clock(WRITTEN_AT + 60), Found()
    async with machine_on(path, clock, adapter=vendor, key=SECRETS_KEY) as machine:
        follow_ups = FollowUps(
            FollowUpSteps(machine.database, clock),
            VendorAccess(
                machine.connections, {"notes": vendor}, RateLimiters({"notes": Limits()}, clock)
            ),
            machine.dispatcher,
            clock,
        )
        task = asyncio.create_task(follow_ups.run())
        try:
            yield machine, vendor
        finally:
            await ended(task)


async def test_the_trail_is_the_same_byte_for_byte(old: Path) -> None:
    """Every event keeps its id, delivery, time, actor, state, reason and attempt."""
    before = rows(old, TRAIL)
    await upgrade(old)
    assert rows(old, TRAIL) == before
    assert len(before) > 50


async def test_every_row_keeps_every_value(old: Path) -> None:
    """Under the new names; what people called off is in a state of its own."""

    def renamed(row: Mapping[str, Any]) -> dict[str, Any]:
        plain = {RENAMED.get(name, name): value for name, value in row.items()}
        plain |= ADDED
        words = plain.pop("sentence")
        plain["error_details"] = json.dumps(said(words), ensure_ascii=False, separators=(",", ":"))
        return plain | ({"state": "cancelled"} if row["key"] in CALLED_OFF else {})

    expected = [renamed(row) for row in rows(old, "SELECT * FROM deliveries ORDER BY id")]
    await upgrade(old)
    assert rows(old, "SELECT * FROM deliveries ORDER BY id") == expected
    assert rows(old, "PRAGMA foreign_key_check") == []


async def test_the_table_is_that_of_a_fresh_file(old: Path, tmp_path: Path) -> None:
    """The same columns, indexes and constraints, no triggers, and nothing left over."""
    fresh = tmp_path / "fresh.db"
    await upgrade(old)
    await upgrade(fresh)
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
    assert rows(old, schema) == rows(fresh, schema)
    assert not [each for each in rows(old, schema) if each["type"] == "trigger"]


async def test_what_was_queued_is_sent(old: Path) -> None:
    """Each once."""
    async with running(old) as (machine, vendor):
        await machine.until("delivered", "queued")
        await machine.until("delivered", "waiting")
        assert sorted(vendor.keys) == ["queued", "waiting"]


async def test_what_was_in_doubt_is_found(old: Path) -> None:
    """What was being sent as well; what a person has to decide stays as it is."""
    async with running(old) as (machine, _):
        for key in ("looked_up", "unanswered", "lease", "sending"):
            machine.clock.advance(3)
            machine.dispatcher.wake()
            machine.reconciler.changed(await machine.row("looked_up"))
            row = await machine.until("delivered", key)
            assert (row.reason, row.vendor_object["id"]) == ("found", key)
        row = await machine.row("undecided")
        assert (row.state, row.reason, row.undecided) == ("unconfirmed", "undecided", True)


async def test_the_steps_that_remained_are_done(old: Path) -> None:
    """Those that were not done yet, and no other."""
    async with running(old) as (machine, vendor):

        async def done() -> bool:
            keys = ("unfinished", "half_done")
            return not any([(await machine.row(key)).follow_up_steps for key in keys])

        await eventually(done)
        steps = [("n5", "custom.a"), ("n5", "custom.b"), ("n6", "custom.b")]
        assert sorted(vendor.done) == steps
        assert steps_of(await machine.row("step_refused")) == {"custom.a": "Notes says “No”."}


async def test_what_waited_for_an_admin_is_sent_once_one_reconnects(old: Path) -> None:
    """What people called off is not."""
    async with running(old) as (machine, _):
        await machine.connect()
        machine.dispatcher.wake()
        for key in ("unauthorized", "forbidden"):
            await machine.until("delivered", key)
        for key in CALLED_OFF:
            assert (await machine.row(key)).state == "cancelled"


async def test_open_modals_and_cards_are_still_known(old: Path) -> None:
    """A modal that was open is brought up to date; a card is found by its message."""
    database = await Database.open(old)
    outbox = CardOutbox(database, Clock(WRITTEN_AT + 60))
    views = {row.view_id for row in await outbox.claim_views(limit=50)}
    card = await outbox.by_card(HERE, "C0GENERAL1", "1800000000.000200")
    await database.close()
    assert views == {"V0LOOKED", "V0QUEUED"}
    assert card is not None
    assert card.key == "queued"
