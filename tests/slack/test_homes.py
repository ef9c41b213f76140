"""App Homes that are drawn again: whose, when, and what a Slack in trouble does to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from structlog.testing import capture_logs

from bot.delivery.model import Delivery
from bot.delivery.store.queue import Deliveries
from bot.slack import homes as module
from bot.slack.homes import APART_SECONDS, MOST_PEOPLE, OPENED_SECONDS, Homes
from tests.world.bot import World, eventually
from tests.world.cards import limited
from tests.world.notes import ELSEWHERE, HERE, Clock, draft
from tests.world.rows import change, says, standing
from tests.world.slack import Wire, refused, slack_wire

ANN, BO = "U0ANN00001", "U0BO000001"
SECOND = 1.0


@dataclass
class Stage:
    """Homes with a clock that a test sets, and a Slack that answers what a test says."""

    homes: Homes
    clock: Clock
    wire: Wire
    client: AsyncWebClient
    drawn: list[str] = field(default_factory=list)

    async def draw(self, workspace: object, user: str) -> None:
        await self.client.views_publish(user_id=user, view={"type": "home", "blocks": []})
        self.drawn.append(user)

    async def pass_time(self, seconds: float) -> list[str]:
        """Let time pass second by second; who was drawn."""
        self.drawn.clear()
        for _ in range(round(seconds / SECOND)):
            self.clock.advance(SECOND)
            self.homes.wake()
            await asyncio.sleep(0.02)
            await eventually(lambda: not self.homes.busy)
        return list(self.drawn)


@asynccontextmanager
async def on_stage() -> AsyncIterator[Stage]:
    clock = Clock()
    async with slack_wire() as (wire, client):
        stage = Stage(Homes(clock), clock, wire, client)
        stage.homes.draw_with(stage.draw)
        running = asyncio.create_task(stage.homes.run())
        try:
            yield stage
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with on_stage() as stage:
        yield stage


@pytest.fixture
async def row(deliveries: Deliveries) -> Delivery:
    """A delivery of Ann's."""
    made, _ = await deliveries.enqueue(draft(), lease=None, card_not_before=0.0)
    return made


async def test_a_change_is_drawn_for_whoever_opened_it(stage: Stage, row: Delivery) -> None:
    """Not for others: they see it when they open it."""
    stage.homes.opened(HERE, ANN)
    stage.homes.opened(HERE, BO)
    stage.homes.opened(ELSEWHERE, ANN)
    await stage.pass_time(APART_SECONDS)
    stage.homes.changed(row)
    assert await stage.pass_time(2) == [ANN]
    assert await stage.pass_time(15) == []


async def test_nobody_is_drawn_more_than_once_in_ten_seconds(stage: Stage, row: Delivery) -> None:
    """However often the delivery changes; the last change is drawn all the same."""
    stage.homes.opened(HERE, ANN)
    stage.homes.changed(row)
    assert await stage.pass_time(APART_SECONDS - 1) == []
    assert await stage.pass_time(2) == [ANN]
    for _ in range(5):
        stage.homes.changed(row)
        assert await stage.pass_time(1) == []
    assert await stage.pass_time(APART_SECONDS) == [ANN]


async def test_after_an_hour_nobody_looks_any_more(stage: Stage, row: Delivery) -> None:
    """Unless the person opened it again."""
    stage.homes.opened(HERE, ANN)
    stage.clock.advance(OPENED_SECONDS + 1)
    stage.homes.changed(row)
    assert await stage.pass_time(20) == []
    stage.homes.opened(HERE, ANN)
    await stage.pass_time(APART_SECONDS)
    stage.homes.changed(row)
    assert await stage.pass_time(2) == [ANN]


async def test_admins_see_what_changes_about_the_tools(stage: Stage, row: Delivery) -> None:
    """Also the number of deliveries that wait; a member has no tools on App Home."""
    for user in (ANN, BO):
        stage.homes.opened(HERE, user)
        stage.homes.drawn(HERE, user, b"", shows_tools=user == BO)
    await stage.pass_time(APART_SECONDS)
    stage.homes.tools_changed(HERE)
    stage.homes.tools_changed(ELSEWHERE)
    assert await stage.pass_time(2) == [BO]
    await stage.pass_time(APART_SECONDS)
    stage.homes.changed(row)
    assert sorted(await stage.pass_time(4)) == [ANN, BO]


async def test_one_workspace_is_drawn_once_a_second(stage: Stage) -> None:
    """Slack limits its calls by workspace; others do not wait for it."""
    for number in range(4):
        stage.homes.opened(HERE, f"U{number}")
        stage.homes.drawn(HERE, f"U{number}", b"", shows_tools=True)
    stage.homes.opened(ELSEWHERE, ANN)
    stage.homes.drawn(ELSEWHERE, ANN, b"", shows_tools=True)
    await stage.pass_time(APART_SECONDS)
    stage.homes.tools_changed(HERE)
    stage.homes.tools_changed(ELSEWHERE)
    assert set(await stage.pass_time(1)) == {ANN, "U0"}
    assert await stage.pass_time(1) == ["U1"]
    assert await stage.pass_time(2) == ["U2", "U3"]


async def test_slack_asks_for_a_pause_and_gets_it(stage: Stage, row: Delivery) -> None:
    """The change is drawn afterwards."""
    stage.homes.opened(HERE, ANN)
    await stage.pass_time(APART_SECONDS)
    stage.wire.answer = limited(30)
    stage.homes.changed(row)
    with capture_logs() as logs:
        assert await stage.pass_time(2) == []
    assert [entry["event"] for entry in logs] == ["home.not_drawn"]
    calls = len(stage.wire.calls)
    stage.wire.answer = lambda args: {"ok": True}
    assert await stage.pass_time(25) == []
    assert len(stage.wire.calls) == calls
    assert await stage.pass_time(10) == [ANN]


async def test_what_slack_refuses_for_good_is_not_tried_again(stage: Stage, row: Delivery) -> None:
    """The next change is."""
    stage.homes.opened(HERE, ANN)
    await stage.pass_time(APART_SECONDS)
    stage.wire.answer = refused("not_enabled")
    stage.homes.changed(row)
    with capture_logs():
        await stage.pass_time(15)
    assert len(stage.wire.calls) == 1


async def test_only_the_latest_people_are_remembered(stage: Stage, row: Delivery) -> None:
    """Memory stays the same, however many people open it."""
    stage.homes.opened(HERE, ANN)
    for number in range(MOST_PEOPLE):
        stage.homes.opened(ELSEWHERE, f"U{number}")
    await stage.pass_time(APART_SECONDS)
    stage.homes.changed(row)
    assert await stage.pass_time(3) == []


async def test_a_workspace_that_left_is_forgotten(stage: Stage, row: Delivery) -> None:
    """With everything that was to be drawn there."""
    stage.homes.opened(HERE, ANN)
    stage.homes.changed(row)
    stage.homes.forget({HERE})
    assert await stage.pass_time(APART_SECONDS + 2) == []


async def test_an_open_home_follows_a_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the real bot: nobody opens anything, and Slack is told nothing that it shows already."""
    monkeypatch.setattr(module, "APART_SECONDS", 0.1)
    await standing(world, "queued", "unreachable", key="ir1", title="First")
    slack = world.sandbox.slack
    assert (await slack.open_home(world.member)).ok

    def home() -> str:
        view = slack.home(world.member)
        assert view is not None
        return says(view)

    assert "First" in home()
    made = {"id": "1", "reference": "INC-7", "title": "First", "url": ""}
    await change(world, "ir1", state="delivered", reason="", vendor_object=made)
    await eventually(lambda: "INC-7" in home())
    calls = [call for call in slack.calls if call.method == "views.publish"]
    await asyncio.sleep(1)
    assert [call for call in slack.calls if call.method == "views.publish"] == calls
