"""Uninstalling while the bot is at work: everything stops, nothing is left, nobody else notices."""

import asyncio
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import messages
from bot.adapters.base import Created
from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.errors import NoLongerThereError, OutcomeUnknownError, RetryLaterError
from bot.storage.database import Database
from bot.uninstall import Purge, Uninstaller
from bot.workspace import RemembersWorkspaces, Scope, Workspace, WorkspaceMemory
from tests.world.bot import World, eventually
from tests.world.cards import board_on
from tests.world.machine import Gate, Machine, ended, machine_on
from tests.world.notes import ELSEWHERE, HERE, draft
from tests.world.rows import keys, submit, until
from tests.world.slack import slack_wire
from tests.world.uninstall import APP_UNINSTALLED, TOKENS_REVOKED, remembered, stored, tell

LONG_ENOUGH = 0.4
"""Seconds in which whatever still goes on shows itself: loops run at once when woken."""
ERASED_SECONDS = 5.0
WORDS = "Checkout-is-down-canary"


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[Any]]:
    """No error is logged in any of these."""
    with capture_logs() as logs:
        yield logs
    assert [it for it in logs if it["log_level"] == "error"] == []


async def uninstall(world: World) -> None:
    for event in (TOKENS_REVOKED, APP_UNINSTALLED):
        assert (await tell(world, event)).status == 200


async def test_nothing_is_left_stored_in_memory_or_in_any_file(
    world: World, tmp_path: Path
) -> None:
    """After a busy life: no row, nothing remembered, no byte of what people wrote or of a token in
    any file of the bot's."""
    await world.lists_loaded()
    modal = await world.open("/incident", world.member)
    await modal.fill(title=WORDS, severity_id="SEV1")
    await modal.send()
    await eventually(lambda: len(world.cards("incidents")) == 1)
    before = _bytes(tmp_path)
    tokens = [it.strip().encode() for it in await _ciphertexts(world)]
    assert all(it in before for it in (WORDS.encode(), *tokens))
    assert {"Catalogs", "RateLimiters", "UserDirectory"} <= remembered(world)
    await uninstall(world)
    assert (await stored(world), remembered(world)) == ({}, set())

    def is_erased() -> bool:
        left = _bytes(tmp_path)
        return not any(it in left for it in (WORDS.encode(), *tokens))

    await eventually(is_erased, ERASED_SECONDS)
    [gone] = await world.bot.stores.audit.newest(10)
    assert (gone.workspace, gone.actor, gone.action) == (
        world.sandbox.workspace,
        "",
        "uninstalled",
    )


async def test_a_person_who_was_being_looked_up_is_not_remembered(world: World) -> None:
    """Slack says who it is only after everything was removed."""
    slack, services = world.sandbox.slack, world.bot.services
    services.slack.people.forget({world.sandbox.workspace})
    async with slack_wire() as (wire, client):
        wire.pause = 0.5
        wire.answer = lambda args: {
            "ok": True,
            "user": {"id": world.member, "team_id": slack.team.id},
        }
        looking = asyncio.create_task(
            services.slack.people.person(client, world.sandbox.workspace, world.member)
        )
        await eventually(lambda: wire.calls)
        await uninstall(world)
        assert not looking.done()
        assert (await looking).role == "member"
    assert (await stored(world), remembered(world)) == ({}, set())


class Late(RemembersWorkspaces):
    """A part that remembers what it was just reading from the database while it is told to forget."""

    def __init__(self) -> None:
        self.known: set[Workspace] = set()

    def forget(self, scope: Container[Workspace], /) -> None:
        if not self.known:
            asyncio.get_running_loop().call_soon(self.known.add, HERE)
        self.known -= {it for it in self.known if it in scope}


async def test_what_was_being_read_meanwhile_is_not_remembered(tmp_path: Path) -> None:
    """The parts are told to forget once more when all is removed."""
    database, memory = await Database.open(tmp_path / "relay.db"), WorkspaceMemory()
    with memory.collecting():
        late = Late()
    await Uninstaller(Purge(database), memory).leave(HERE, 1e9)
    assert late.known == set()
    await database.close()


def _bytes(folder: Path) -> bytes:
    return b"".join(it.read_bytes() for it in folder.iterdir() if it.is_file())


async def test_lists_of_a_vendor_that_another_process_disconnected_are_forgotten(
    world: World,
) -> None:
    """A second later, though nobody told this process."""
    await world.lists_loaded()
    services, here = world.bot.services, world.sandbox.workspace
    assert (await services.catalogs.search(here, "rootly", "severities", "")).entries
    await services.connections.store.remove(here, "rootly")

    async def is_empty() -> bool:
        return not (await services.catalogs.search(here, "rootly", "severities", "")).entries

    await eventually(is_empty)


async def _ciphertexts(world: World) -> list[str]:
    rows = await world.bot.database.read(
        lambda db: db.execute("SELECT secret FROM connections").fetchall()
    )
    return [row[0] for row in rows]


async def test_what_waits_is_not_sent_and_not_shown(world: World) -> None:
    """The vendor comes back after the uninstall: nothing arrives there, and no card says a word any
    more."""
    rootly = world.sandbox.vendors["rootly"]
    await rootly.set_fault("down")
    for key in keys(3):
        await submit(world, key=key)
        await until(world, "queued", key=key)
    await eventually(lambda: len(world.cards("incidents")) == 3)
    await uninstall(world)
    cards, asked = world.cards("incidents"), len(rootly.requests)
    await rootly.set_fault("fine")
    world.bot.services.delivery.dispatcher.wake()
    await asyncio.sleep(LONG_ENOUGH)
    assert (world.cards("incidents"), len(rootly.requests)) == (cards, asked)
    assert (await stored(world), remembered(world)) == ({}, set())


async def test_a_card_whose_turn_has_not_come_is_not_posted(world: World) -> None:
    """A channel gets one card a second: the second one's row is gone before its turn."""
    for key in keys(2):
        await submit(world, key=key)
        await until(world, "delivered", key=key)
    await eventually(lambda: world.cards("incidents"))
    await uninstall(world)
    await asyncio.sleep(1 + LONG_ENOUGH)
    assert len(world.cards("incidents")) == 1


async def test_a_form_that_is_submitted_after_it_makes_nothing(world: World) -> None:
    """The form was open; the person is told, and no row is written."""
    await world.lists_loaded()
    modal = await world.open("/incident", world.member)
    await modal.fill(title=WORDS, severity_id="SEV1")
    await uninstall(world)
    assert (await modal.submit()).ok
    assert world.top(world.member).text == messages.disconnected(
        world.bot.services.operations.adapters["rootly"]
    )
    assert await stored(world) == {}


async def test_who_waits_for_the_vendor_is_told_and_no_card_follows(world: World) -> None:
    """The request has left, the modal waits: it says at once that the app is gone, and the late
    answer changes nothing."""
    await world.lists_loaded()
    rootly = world.sandbox.vendors["rootly"]
    modal = await world.open("/incident", world.member)
    await modal.fill(title=WORDS, severity_id="SEV1")
    await rootly.set_fault("slow")
    submitting = asyncio.create_task(modal.submit())
    await eventually(lambda: world.bot.services.delivery.dispatcher.under_way)
    await uninstall(world)
    assert (await submitting).ok
    assert world.top(world.member).text == messages.Notice.REMOVED.text
    await asyncio.sleep(LONG_ENOUGH)
    assert world.cards("incidents") == []
    assert (await stored(world), remembered(world)) == ({}, set())


async def test_a_button_on_an_old_card_says_what_happened(world: World) -> None:
    """The card stays in Slack; pressing its button changes nothing and says so."""
    await world.sandbox.vendors["rootly"].set_fault("down")
    await submit(world)
    await until(world, "queued")
    await eventually(lambda: world.cards("incidents"))
    await uninstall(world)
    [card] = world.cards("incidents")
    outcome = await world.sandbox.slack.act(
        world.admin,
        channel_id=world.channel("incidents"),
        ts=card["ts"],
        block_id="delivery",
        action_id="cancel",
        action={"type": "button"},
    )
    assert outcome.ok
    assert world.told() == messages.Notice.GONE.text
    assert await stored(world) == {}


async def gone(machine: Machine) -> None:
    """What uninstalling does to the machinery."""
    memory = WorkspaceMemory()
    for part in (machine.dispatcher, machine.reconciler, machine.rate_limiters):
        memory.add(part)
    await Uninstaller(Purge(machine.database), memory).leave(HERE, machine.clock.now)


async def test_a_delivery_under_way_stops_and_another_workspaces_goes_on(tmp_path: Path) -> None:
    """Who waits for its outcome hears of it; the other workspace's delivery, sent at the same time,
    arrives."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        await machine.connect(workspace=ELSEWHERE)
        mine, theirs = Gate(), Gate()
        machine.adapter.script = [mine, theirs]
        row = await machine.submit()
        await machine.dispatcher.submit(draft(workspace=ELSEWHERE), card_not_before=0)
        waiting = asyncio.create_task(
            machine.dispatcher.outcome(row, asyncio.get_running_loop().time() + 5)
        )
        await asyncio.gather(mine.reached.wait(), theirs.reached.wait())
        await asyncio.sleep(0)
        await gone(machine)
        with pytest.raises(NoLongerThereError):
            await waiting
        for gate in (mine, theirs):
            gate.open.set()
        await eventually(lambda: machine.changes)
        assert [(it.workspace, it.state) for it in machine.changes] == [(ELSEWHERE, "delivered")]
        assert machine.offered == [(row.key, "notes")]
        assert await machine.deliveries.find(HERE, row.key) is None


async def test_nothing_is_sent_again_or_looked_up(tmp_path: Path) -> None:
    """What was to be retried, and what was in doubt, is neither when its time comes."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        machine.adapter.script = [
            RetryLaterError("Notes", "Not there.", "unreachable"),
            OutcomeUnknownError("Notes", "Lost."),
        ]
        for key, state in (("ir000000000001", "queued"), ("ir000000000002", "unconfirmed")):
            await machine.submit(key)
            await machine.until(state, key)
        await gone(machine)
        machine.clock.advance(3600)
        machine.dispatcher.wake()
        await asyncio.sleep(LONG_ENOUGH)
        assert (len(machine.adapter.sent), machine.adapter.looked) == (2, [])


async def test_a_look_under_way_stops(tmp_path: Path) -> None:
    """Nobody waits any more for the vendor's answer to our question, nor does anything about it."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        machine.adapter.script = [OutcomeUnknownError("Notes", "Lost.")]
        asked, stopped = asyncio.Event(), asyncio.Event()

        async def find(*args: Any, **more: Any) -> list[Created]:
            asked.set()
            try:
                return await asyncio.Future()
            finally:
                stopped.set()

        machine.adapter.find = find  # type: ignore[method-assign]
        await machine.submit()
        await machine.until("unconfirmed")
        machine.clock.advance(10)
        machine.reconciler.pool.wake()
        await asyncio.wait_for(asked.wait(), 5)
        changes = len(machine.changes)
        await gone(machine)
        await asyncio.wait_for(stopped.wait(), 5)
        await asyncio.sleep(LONG_ENOUGH)
        assert (len(machine.changes), machine.reconciler.pool.busy, len(machine.adapter.sent)) == (
            changes,
            False,
            1,
        )


async def test_a_submission_that_has_read_the_connection_already_is_not_written(
    tmp_path: Path,
) -> None:
    """Between reading the connection and writing the row the workspace went: nothing is written or
    sent."""
    async with machine_on(tmp_path / "relay.db") as machine:
        await machine.connect()
        connection = await machine.connections.get(HERE, "notes")
        await gone(machine)
        with pytest.raises(NoLongerThereError):
            await machine.dispatcher.submit(draft(), card_not_before=0, connection=connection)
        tables = await machine.database.read(
            lambda db: [
                db.execute(f"SELECT count(*) FROM {it}").fetchone()[0]
                for it in ("deliveries", "preferences")
            ]
        )
        assert (tables, machine.adapter.sent) == ([0, 0], [])
        await machine.connect()
        await machine.submit()
        await machine.until("delivered")


async def test_a_late_worker_leaves_alone_who_has_the_id_by_now(tmp_path: Path) -> None:
    """The removed row's id was given to another workspace's: settling the old attempt says nothing
    about the new row."""
    async with machine_on(tmp_path / "relay.db", running=False) as machine:
        await machine.connect()
        await machine.connect(workspace=ELSEWHERE)
        held = Gate()
        machine.adapter.script = [held, Gate()]
        old = await machine.submit()
        await held.reached.wait()
        await gone(machine)
        new = await machine.dispatcher.submit(draft(workspace=ELSEWHERE), card_not_before=0)
        assert (new.id, new.key, new.attempt) == (old.id, old.key, old.attempt)
        assert (
            await machine.deliveries.settle(old, Outcome("rejected", "refused", said("No.")))
            is None
        )
        assert await machine.row(workspace=ELSEWHERE) == new
        await machine.crash()


async def test_a_card_that_is_being_posted_stops(tmp_path: Path) -> None:
    """Slack takes its time: nobody waits for its answer any more, and the channel is free for
    whoever comes next."""
    async with board_on(tmp_path / "relay.db") as board:
        row = await board.settled()
        board.slack.pause = 5.0
        task = asyncio.create_task(board.cards.run())
        await eventually(lambda: board.slack.calls)
        board.cards.forget(Scope(row.workspace))
        await eventually(lambda: not board.cards.posting)
        assert board.cards.places_taken == 0
        assert (await board.look(row)).card_ts == ""
        await ended(task)
