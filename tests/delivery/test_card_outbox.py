"""What people are shown: whose card is behind, whose open modal is, and who shows it when."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.store.cards import (
    EVERYWHERE,
    FOLLOWED_SECONDS,
    LEASE_SECONDS,
    MODAL_SECONDS,
    MODALS,
    CardOutbox,
    everywhere,
    place,
)
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.workspace import Workspace
from tests.world.notes import DAY, ELSEWHERE, HERE, Clock, draft

LEASE = 45.0
CHANNEL, PERSON = "C0GENERAL1", "U0ANN00001"
IN_CHANNEL, DIRECTLY = place(HERE, CHANNEL), place(HERE, PERSON)
DELIVERED = Outcome(
    "delivered", vendor_object={"id": "1", "reference": "N-1", "title": "T", "url": ""}
)
REJECTED = Outcome("rejected", "refused", said("No."))
AWAY = Outcome("queued", "unreachable")


@pytest.fixture
def card_outbox(database: Database, clock: Clock) -> CardOutbox:
    return CardOutbox(database, clock)


async def settled(
    deliveries: Deliveries, outcome: Outcome = DELIVERED, key: str = "a", **changes: Any
) -> Delivery:
    row, _ = await deliveries.enqueue(draft(key, **changes), lease=LEASE, card_not_before=0.0)
    changed = await deliveries.settle(row, outcome)
    assert changed is not None
    return changed


async def test_a_card_is_behind_once_it_may_be_shown(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Not while it is being sent, not before its time, not while a modal holds it."""
    row, _ = await deliveries.enqueue(
        draft("a"), lease=LEASE, card_not_before=clock.now + MODAL_SECONDS
    )
    assert await card_outbox.behind() == {}
    await deliveries.settle(row, DELIVERED)
    assert await card_outbox.behind() == {IN_CHANNEL: clock.now + MODAL_SECONDS}
    assert await card_outbox.claim_cards() == []
    clock.advance(MODAL_SECONDS)
    assert (
        await card_outbox.behind(held=[row.id]),
        await card_outbox.claim_cards(held=[row.id]),
    ) == ({}, [])
    assert [it.id for it in await card_outbox.claim_cards()] == [row.id]


async def test_a_place_gets_one_row_at_a_time(
    deliveries: Deliveries, card_outbox: CardOutbox, database: Database
) -> None:
    """The card's channel, else the submission's, else its person: the oldest row of each, and of
    none that is left out."""
    await settled(deliveries, key="posted")
    [posted] = await card_outbox.claim_cards()
    await card_outbox.shown(posted, "C0ELSEWHER", "1.5")
    await deliveries.enqueue(draft("moved"), lease=LEASE, card_not_before=0.0)
    await database.write(lambda db: db.execute("UPDATE deliveries SET version = version + 1"))
    drafts: dict[str, dict[str, Any]] = {
        "b": {},
        "c": {},
        "d": {"private": True},
        "e": {"channel": ""},
    }
    for key, changes in drafts.items():
        await settled(deliveries, key=key, **changes)
    assert await card_outbox.behind() == {
        place(HERE, "C0ELSEWHER"): 0.0,
        IN_CHANNEL: 0.0,
        DIRECTLY: 0.0,
    }
    assert [it.key for it in await card_outbox.claim_cards(but=[IN_CHANNEL], limit=1)] == ["posted"]
    assert [it.key for it in await card_outbox.claim_cards()] == ["b", "d"]
    assert [it.key for it in await card_outbox.claim_cards(but=[DIRECTLY])] == ["c"]
    assert [it.key for it in await card_outbox.claim_cards()] == ["e"]


async def test_a_claimed_card_is_left_alone_for_a_while(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Two processes do not post it twice; if the one that claimed it dies, another shows it."""
    await settled(deliveries)
    assert len(await card_outbox.claim_cards()) == 1
    assert (await card_outbox.claim_cards(), await card_outbox.behind()) == (
        [],
        {IN_CHANNEL: clock.now + LEASE_SECONDS},
    )
    clock.advance(LEASE_SECONDS)
    assert len(await card_outbox.claim_cards()) == 1


async def test_two_processes_share_the_cards_out(
    database: Database, path: Path, clock: Clock
) -> None:
    """Twenty channels, ten claims at once: each card goes to one."""
    other = await Database.open(path)
    both = (CardOutbox(database, clock), CardOutbox(other, clock))
    for n in range(20):
        await settled(Deliveries(database, clock), key=f"k{n}", channel=f"C{n}")
    claims = await asyncio.gather(*[both[n % 2].claim_cards(limit=3) for n in range(10)])
    await other.close()
    assert sorted(row.key for rows in claims for row in rows) == sorted(f"k{n}" for n in range(20))


async def test_a_card_that_is_never_shown_is_tried_less_and_less(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """The pause grows with the row's age: seconds at first, hours after a day."""
    await settled(deliveries)
    pauses = []
    for _ in range(3):
        assert len(await card_outbox.claim_cards()) == 1
        pauses.append((await card_outbox.behind())[IN_CHANNEL] - clock.now)
        clock.advance(DAY)
    assert pauses == [LEASE_SECONDS, DAY / 10, DAY / 5]


async def test_a_card_is_postponed(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Until then, and no longer, whatever its claim was."""
    row = await settled(deliveries)
    await card_outbox.claim_cards()
    await card_outbox.postponed(row, clock.now + 5)
    assert await card_outbox.behind() == {IN_CHANNEL: clock.now + 5}
    clock.advance(5)
    assert len(await card_outbox.claim_cards()) == 1


async def test_a_card_that_waits_for_a_clock_that_went_back_is_due(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """A claim that would last longer than any claim does is over."""
    await settled(deliveries)
    await card_outbox.claim_cards()
    clock.advance(-DAY)
    assert await card_outbox.behind() == {IN_CHANNEL: 0.0}
    assert len(await card_outbox.claim_cards()) == 1


async def test_a_card_that_was_shown_is_not_behind_until_the_row_changes(
    deliveries: Deliveries, card_outbox: CardOutbox
) -> None:
    """Showing an older version late does not hide that a newer one is to be shown."""
    waiting = await settled(deliveries, AWAY)
    claimed = await deliveries.claim((HERE, "notes"), LEASE)
    assert claimed is not None
    delivered = await deliveries.settle(claimed, DELIVERED)
    assert delivered is not None
    await card_outbox.shown(waiting, "C1", "1.5")
    [behind] = await card_outbox.claim_cards()
    assert (behind.card_channel, behind.card_ts, behind.version) == ("C1", "1.5", delivered.version)
    await card_outbox.shown(behind)
    assert await card_outbox.behind() == {}
    await card_outbox.shown(waiting)
    kept = await deliveries.get(waiting)
    assert (kept.card_channel, kept.card_ts, kept.card_version) == ("C1", "1.5", delivered.version)


async def test_a_row_is_found_by_its_card(deliveries: Deliveries, card_outbox: CardOutbox) -> None:
    """In its own workspace and channel only."""
    row = await settled(deliveries)
    await card_outbox.shown(row, CHANNEL, "1.5")
    assert await card_outbox.by_card(HERE, CHANNEL, "1.5") == await deliveries.get(row)
    for workspace, channel, ts in (
        (ELSEWHERE, CHANNEL, "1.5"),
        (HERE, "C1", "1.5"),
        (HERE, CHANNEL, "1.6"),
        (HERE, "", ""),
    ):
        assert await card_outbox.by_card(workspace, channel, ts) is None


async def test_an_orphan_is_adopted_once_and_by_its_own_row(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Not by a row of another workspace or one that has a card; its next edit is not put off for
    hours."""
    row = await settled(deliveries)
    clock.advance(DAY)
    await card_outbox.claim_cards()
    await settled(deliveries, key="a", workspace=ELSEWHERE)
    [foreign] = await card_outbox.claim_cards()
    assert not await card_outbox.adopt(replace(foreign, id=row.id), CHANNEL, "1.5")
    assert await card_outbox.adopt(row, CHANNEL, "1.5")
    assert not await card_outbox.adopt(row, CHANNEL, "1.6")
    adopted = await deliveries.get(row)
    assert (adopted.card_channel, adopted.card_ts) == (CHANNEL, "1.5")
    assert (await card_outbox.behind())[IN_CHANNEL] == clock.now + LEASE_SECONDS


# --- modals


async def submitted(
    deliveries: Deliveries,
    clock: Clock,
    outcome: Outcome | None = AWAY,
    key: str = "a",
    **changes: Any,
) -> Delivery:
    """A row whose modal waits for its answer."""
    submission = draft(key, view_id="V1", **changes)
    row, _ = await deliveries.enqueue(
        submission, lease=LEASE, card_not_before=clock.now + MODAL_SECONDS
    )
    changed = row if outcome is None else await deliveries.settle(row, outcome)
    assert changed is not None
    return changed


async def change(deliveries: Deliveries, outcome: Outcome) -> Delivery:
    claimed = await deliveries.claim((HERE, "notes"), LEASE)
    assert claimed is not None
    row = await deliveries.settle(claimed, outcome)
    assert row is not None
    return row


async def test_what_the_modal_did_not_say_goes_onto_the_card_at_once(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Before the time that was set for the case that the modal's process dies; a refusal that it
    showed never does."""
    made, refused = (
        await submitted(deliveries, clock, DELIVERED),
        await submitted(deliveries, clock, REJECTED, "b"),
    )
    await card_outbox.answered([made], [refused])
    assert [it.key for it in await card_outbox.claim_cards()] == ["a"]
    assert await card_outbox.behind() == {IN_CHANNEL: clock.now + LEASE_SECONDS}


async def test_an_answer_does_not_end_a_claim(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Another process, which saw the modal's time run out, is posting the card just now."""
    row = await submitted(deliveries, clock, DELIVERED)
    clock.advance(MODAL_SECONDS)
    assert len(await card_outbox.claim_cards()) == 1
    await card_outbox.answered([row])
    assert await card_outbox.claim_cards() == []


async def test_a_place_belongs_to_its_workspace(
    deliveries: Deliveries, card_outbox: CardOutbox
) -> None:
    """A channel of the same id elsewhere is another place, and a pause of one whole workspace
    leaves the other alone."""
    for workspace in (HERE, ELSEWHERE):
        await settled(deliveries, workspace=workspace)
    elsewhere = place(ELSEWHERE, CHANNEL)
    assert await card_outbox.behind() == {IN_CHANNEL: 0.0, elsewhere: 0.0}
    assert await card_outbox.claim_cards(but=[elsewhere, place(HERE, EVERYWHERE)]) == []
    assert [
        it.workspace for it in await card_outbox.claim_cards(but=[place(ELSEWHERE, EVERYWHERE)])
    ] == [HERE]
    assert [it.workspace for it in await card_outbox.claim_cards(but=[IN_CHANNEL])] == [ELSEWHERE]


@pytest.mark.parametrize("pause", [MODALS, EVERYWHERE])
async def test_modals_of_a_workspace_that_pauses_are_left_alone(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock, pause: str
) -> None:
    """Those of another one are not."""
    for workspace in (HERE, ELSEWHERE):
        await submitted(deliveries, clock, workspace=workspace)
    clock.advance(MODAL_SECONDS)
    both = [place(HERE, pause), place(ELSEWHERE, pause)]
    assert (
        await card_outbox.next_view_time(but=both),
        await card_outbox.claim_views(but=both),
    ) == (None, [])
    assert await card_outbox.next_view_time(but=both[:1]) == clock.now
    assert [it.workspace for it in await card_outbox.claim_views(but=both[1:])] == [HERE]
    assert [it.workspace for it in await card_outbox.claim_views(but=both[:1])] == [ELSEWHERE]


async def test_a_modal_is_behind_once_the_row_says_more(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """Not what it was answered with, nothing before the time it has for that answer, and one
    process at a time."""
    row = await submitted(deliveries, clock)
    await card_outbox.answered([row])
    assert await card_outbox.next_view_time() is None
    begun = clock.now
    await change(deliveries, DELIVERED)
    assert (await card_outbox.next_view_time(), await card_outbox.claim_views()) == (
        begun + MODAL_SECONDS,
        [],
    )
    clock.advance(MODAL_SECONDS)
    assert (
        await card_outbox.claim_views(held=[row.id]),
        await card_outbox.next_view_time([row.id]),
    ) == ([], None)
    assert [it.view_id for it in await card_outbox.claim_views()] == ["V1"]
    assert (await card_outbox.claim_views(), await card_outbox.next_view_time()) == (
        [],
        clock.now + LEASE_SECONDS,
    )


async def test_a_modal_is_followed_until_the_end(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """It is forgotten once it shows how it ended, once it is closed, and after half an hour."""
    await card_outbox.answered([await submitted(deliveries, clock)])
    clock.advance(MODAL_SECONDS)
    limited = await change(deliveries, Outcome("queued", "rate_limited"))
    await card_outbox.view_shown(limited)
    assert (await card_outbox.next_view_time(), (await deliveries.get(limited)).view_id) == (
        None,
        "V1",
    )
    await card_outbox.view_shown(await change(deliveries, DELIVERED))
    assert (await deliveries.get(limited)).view_id == ""
    closed = await submitted(deliveries, clock, key="b")
    clock.advance(MODAL_SECONDS)
    assert await card_outbox.next_view_time() == clock.now
    await card_outbox.forget_view(closed)
    assert await card_outbox.next_view_time() is None
    await submitted(deliveries, clock, key="c")
    clock.advance(FOLLOWED_SECONDS)
    assert (await card_outbox.next_view_time(), await card_outbox.claim_views()) == (None, [])


async def test_a_corrected_form_is_followed_in_its_own_modal(
    deliveries: Deliveries, card_outbox: CardOutbox, clock: Clock
) -> None:
    """What is known about the modal of the refusal says nothing about the new one."""
    refused = await submitted(deliveries, clock, REJECTED)
    row, _ = await deliveries.enqueue(draft("a", view_id="V2"), lease=LEASE, card_not_before=0.0)
    await card_outbox.answered([refused])
    await card_outbox.forget_view(refused)
    await card_outbox.view_shown(refused)
    assert (await deliveries.get(row)).view_id == "V2"
    await deliveries.settle(row, AWAY)
    clock.advance(MODAL_SECONDS)
    assert [it.view_id for it in await card_outbox.claim_views()] == ["V2"]


@pytest.mark.parametrize(
    ("outcome", "shown", "view_id", "behind"),
    [
        (AWAY, True, "V2", False),
        (AWAY, False, "V2", True),
        (DELIVERED, True, "V1", True),
        (DELIVERED, False, "V2", True),
    ],
)
async def test_a_modal_in_which_something_was_decided_is_followed(
    deliveries: Deliveries,
    card_outbox: CardOutbox,
    clock: Clock,
    outcome: Outcome,
    shown: bool,
    view_id: str,
    behind: bool,
) -> None:
    """In place of the row's first modal, from what it shows on; not once it shows the end."""
    row = await submitted(deliveries, clock, outcome)
    await card_outbox.follow(row, "V2", shown=shown)
    clock.advance(MODAL_SECONDS)
    assert (await deliveries.get(row)).view_id == view_id
    followed = [each.view_id for each in await card_outbox.claim_views()]
    assert followed == ([view_id] if behind else [])
    await card_outbox.follow(row, view_id, shown=True)
    assert (await deliveries.get(row)).view_id == (view_id if outcome == AWAY else "")


def test_the_whole_workspace_of_a_place() -> None:
    """Slack limits a channel, or all of a workspace."""
    grid = Workspace("E0GRID0001", "T0HERE0001")
    assert everywhere(place(grid, "C1")) == place(grid, EVERYWHERE) == "E0GRID0001/T0HERE0001/*"
