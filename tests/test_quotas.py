"""Quotas: what one workspace may queue and ask at a time, and what people read when it is reached."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import handlers
from bot import messages
from bot import workspace as quotas
from bot.delivery.store import queue
from bot.errors import QuotaError
from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from tests.world import rows
from tests.world.bot import World, eventually, running
from tests.world.machine import machine_on
from tests.world.notes import ELSEWHERE, HERE, draft

FULL = (
    "This wasn't saved. 2 submissions of this workspace are waiting to be sent. Keep this form open "
    "and try again later."
)


@pytest.fixture
def two_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "WAITING_DELIVERIES", 2)


@pytest.fixture
async def one_at_a_time(
    sandbox: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """The bot answers one request of a workspace at a time."""
    monkeypatch.setattr(handlers, "REQUESTS", 1)
    await sandbox.connect_vendors(settings)
    async with running(sandbox, settings) as world:
        yield world


def test_the_docs_name_the_quotas() -> None:
    """The numbers are those of the code."""
    page = (Path(__file__).parents[1] / "docs" / "settings.md").read_text(encoding="utf-8")
    words = f"{quotas.WAITING_DELIVERIES:,} submissions that wait to be sent, {quotas.REQUESTS}"
    assert f"{words} requests at a time and {quotas.FILES} files at a time" in page


async def close_note(world: World, user: str) -> None:
    """Close the note on top of the form."""
    slack = world.sandbox.slack
    await slack.close(user, slack.views(user)[-1]["id"])


@pytest.mark.usefixtures("two_may_wait")
async def test_a_workspace_queues_so_many_and_no_more(path: Path) -> None:
    """A double click still finds its row, another workspace has its own quota, and there is room
    again once something was sent."""
    async with machine_on(path, running=False) as machine:
        for workspace in (HERE, ELSEWHERE):
            await machine.connect(workspace=workspace)

        async def enqueue(key: str, **changes: object) -> bool:
            _, new = await machine.deliveries.enqueue(
                draft(key, **changes), lease=None, card_not_before=0.0
            )
            return new

        assert [await enqueue(key) for key in ("a", "b", "a")] == [True, True, False]
        with pytest.raises(QuotaError) as caught:
            await enqueue("c")
        assert str(caught.value).startswith(FULL)
        assert await machine.deliveries.find(HERE, "c") is None
        assert await enqueue("c", workspace=ELSEWHERE)
        assert await machine.deliveries.claim((HERE, "notes"), 45)
        assert await enqueue("c")


@pytest.mark.usefixtures("two_may_wait")
async def test_the_form_stays_when_the_queue_is_full(world: World) -> None:
    """The sentence stands on top of the form, in which everything typed is still there; it goes out
    once there is room."""
    await world.lists_loaded()
    for number in range(2):
        await rows.standing(world, "queued", key=rows.keys(2)[number], private=True)
    modal = await (await world.open("/incident Disk full")).fill(severity_id="SEV2")
    assert (await modal.submit()).ok
    assert FULL in world.top().text
    await close_note(world, world.admin)
    assert modal.value("title") == "Disk full"
    await rows.change(world, rows.keys(2)[0], state="cancelled")
    assert "Created in Rootly" in (await modal.send()).text


async def test_what_people_read_when_too_much_is_asked_at_a_time(one_at_a_time: World) -> None:
    """While one submission waits for the vendor: a command, a picker, a shortcut and another form
    get a sentence each; afterwards all goes on."""
    world = one_at_a_time
    await world.lists_loaded()
    slack, vendor = world.sandbox.slack, world.sandbox.vendors["rootly"]
    first = await (await world.open("/incident One")).fill(severity_id="SEV2")
    second = await (await world.open("/incident Two", world.member)).fill(severity_id="SEV2")
    vendor.hold = asyncio.Event()
    submitting = asyncio.create_task(first.send())
    await eventually(lambda: vendor.requests and vendor.requests[-1].method == "POST")

    assert (await world.command("/incident Three")).error == ""
    assert world.told() == messages.Notice.TOO_MANY.text
    assert await second.offered("severity_id") == [messages.Notice.TOO_MANY_IN_LIST.text]
    assert (await second.submit()).ok
    assert "Close this note and press the button again" in world.top(world.member).text
    await close_note(world, world.member)
    assert second.value("title") == "Two"
    await slack.shortcut(world.member, "declare_incident")
    letters = [letter["text"] for letter in world.letters(world.member)]
    assert letters == [messages.Notice.TOO_MANY.text]

    vendor.hold.set()
    assert "Created in Rootly" in (await submitting).text
    assert "Created in Rootly" in (await second.send()).text
