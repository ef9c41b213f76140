"""A batch is saved as one, sent row by row, and survives its process."""

from pathlib import Path

import pytest

from bot.errors import NoLongerThereError, QuotaError, RejectedError
from tests.world.machine import machine_on
from tests.world.notes import Clock, draft

KEYS = ("one", "two", "three")


async def test_what_was_committed_is_sent_after_a_crash(path: Path) -> None:
    """The process died before it sent anything: the next one sends each row once."""
    clock = Clock()
    async with machine_on(path, clock, running=False) as machine:
        await machine.connect()
        drafts = [draft(key) for key in KEYS]
        rows = await machine.dispatcher.submit_batch(drafts, card_not_before=0)
        assert [row.state for row in rows] == ["queued"] * 3
        assert machine.adapter.sent == []
        await machine.crash()
    async with machine_on(path, clock) as machine:
        for key in KEYS:
            await machine.until("delivered", key)
        assert sorted(each.marker for each in machine.adapter.sent) == sorted(KEYS)


async def test_a_refused_row_holds_up_no_other(path: Path) -> None:
    """Corrected under its own key, it is sent again, and the others aren't."""
    async with machine_on(path) as machine:
        await machine.connect()
        machine.adapter.script = [RejectedError("Notes", "Too vague.")]
        drafts = [draft(key) for key in KEYS]
        await machine.dispatcher.submit_batch(drafts, card_not_before=0)
        await machine.until("rejected", "one")
        for key in KEYS[1:]:
            await machine.until("delivered", key)
        await machine.dispatcher.submit_batch(drafts, card_not_before=0)
        await machine.until("delivered", "one")
        assert len(machine.adapter.sent) == 4
        assert {(await machine.row(key)).batch for key in KEYS} == {"one"}


async def test_nothing_is_saved_where_one_row_does_not_fit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that has room for two takes none of three."""
    monkeypatch.setattr("bot.delivery.store.queue.WAITING_DELIVERIES", 2)
    async with machine_on(path, running=False) as machine:
        await machine.connect()
        with pytest.raises(QuotaError):
            await machine.deliveries.enqueue_batch([draft(key) for key in KEYS], card_not_before=0)
        assert [await machine.deliveries.find(draft("one").workspace, key) for key in KEYS] == [
            None
        ] * 3


async def test_nothing_is_saved_once_the_connection_is_gone(path: Path) -> None:
    """The workspace was removed between the form and its submission."""
    async with machine_on(path, running=False) as machine:
        with pytest.raises(NoLongerThereError):
            await machine.deliveries.enqueue_batch([draft("one")], card_not_before=0)
