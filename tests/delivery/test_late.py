"""Late is said: what is first sent more than two minutes after its submission says when that was,
and every retry sends the same."""

import pytest

from bot.delivery.attempt import submission_of
from bot.delivery.model import LATE_FIELD, LATE_SECONDS, Delivery, Outcome
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.storage.database import Database
from bot.storage.workspace_settings import WorkspaceSettings
from tests.world.notes import HERE, Clock, Notes, draft

LANE = (HERE, "notes")
SETTING = f"{LATE_FIELD}notes.note"


@pytest.fixture
def settings(database: Database, clock: Clock) -> WorkspaceSettings:
    return WorkspaceSettings(database, clock)


async def waiting(deliveries: Deliveries) -> Delivery:
    """A delivery that waits for its first attempt."""
    row, _ = await deliveries.enqueue(draft(), lease=None, card_not_before=0.0)
    return row


async def claimed(deliveries: Deliveries) -> Delivery:
    row = await deliveries.claim(LANE, 45.0)
    assert row is not None
    return row


async def again(deliveries: Deliveries, database: Database, clock: Clock) -> Delivery:
    """The next attempt, after one whose answer was lost."""
    row = await claimed(deliveries)
    lost = await deliveries.settle(row, Outcome("unconfirmed", "unclear", reconcile_at=clock.now))
    assert lost is not None
    store = ReconcileStore(database, clock)
    looked = await store.claim(30.0)
    assert looked is not None
    assert await store.send_again(looked, "keyed", clock.now) is not None
    return row


def lateness(row: Delivery) -> tuple[float, str]:
    """What the adapter is told."""
    submission = submission_of(row, Notes())
    return submission.late_since, submission.late_field


@pytest.mark.parametrize(
    ("after", "late"), [(0.0, False), (LATE_SECONDS, False), (LATE_SECONDS + 1, True)]
)
async def test_late_begins_after_two_minutes(
    deliveries: Deliveries, clock: Clock, after: float, late: bool
) -> None:
    """Counted from the submission to the first send."""
    row = await waiting(deliveries)
    clock.advance(after)
    assert lateness(await claimed(deliveries)) == (row.created_at if late else 0.0, "")


async def test_what_is_sent_at_once_is_not_late(deliveries: Deliveries) -> None:
    """It is claimed in the moment that it is saved."""
    row, _ = await deliveries.enqueue(draft(), lease=45.0, card_not_before=0.0)
    assert lateness(row) == (0.0, "")


async def test_an_attempt_that_did_nothing_is_no_first_send(
    deliveries: Deliveries, clock: Clock
) -> None:
    """The vendor could not be reached for an hour: what arrives then is late."""
    row, _ = await deliveries.enqueue(draft(), lease=45.0, card_not_before=0.0)
    assert await deliveries.settle(row, Outcome("queued", "unreachable")) is not None
    clock.advance(3600)
    assert lateness(await claimed(deliveries)) == (row.created_at, "")


async def test_a_retry_says_what_the_first_send_said(
    deliveries: Deliveries, database: Database, clock: Clock, settings: WorkspaceSettings
) -> None:
    """Hours later, with the clock set back, or with another setting: the vendor knows the key, and
    would take another body for a mistake."""
    for first_sent_after, field in ((0.0, ""), (3600.0, "time_1")):
        await settings.change(HERE, {SETTING: field}, "U1")
        key = f"k{first_sent_after}"
        row, _ = await deliveries.enqueue(draft(key), lease=None, card_not_before=0.0)
        clock.advance(first_sent_after)
        first = lateness(await again(deliveries, database, clock))
        assert first == (row.created_at if field else 0.0, field)
        await settings.change(HERE, {SETTING: "time_2"}, "U1")
        clock.advance(3600)
        await deliveries.clock_went_back()
        resent = await claimed(deliveries)
        assert lateness(resent) == first
        assert await deliveries.settle(resent, Outcome("delivered")) is not None


async def test_a_corrected_submission_is_a_new_one(deliveries: Deliveries, clock: Clock) -> None:
    """It is submitted when it is corrected, and sent at once."""
    await waiting(deliveries)
    clock.advance(3600)
    late = await claimed(deliveries)
    assert late.late_since
    assert await deliveries.settle(late, Outcome("rejected", "refused")) is not None
    row, _ = await deliveries.enqueue(draft(), lease=45.0, card_not_before=0.0)
    assert lateness(row) == (0.0, "")


async def test_the_field_is_the_workspaces_own(
    deliveries: Deliveries, clock: Clock, settings: WorkspaceSettings
) -> None:
    """A late delivery gets the field that is set then; one in time gets none."""
    await settings.change(HERE, {SETTING: "time_1", f"{LATE_FIELD}notes.other": "time_2"}, "U1")
    await waiting(deliveries)
    assert lateness(await claimed(deliveries))[1] == ""
    other, _ = await deliveries.enqueue(draft("b"), lease=None, card_not_before=0.0)
    clock.advance(LATE_SECONDS + 1)
    assert lateness(await claimed(deliveries)) == (other.created_at, "time_1")
