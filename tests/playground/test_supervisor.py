"""The real bot as the playground runs it: killed with -9, started again, and watched."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.playground.queue import QueueReader
from bot.playground.run import _free_port
from bot.playground.sandbox import Sandbox
from bot.playground.supervisor import DOWN_SECONDS, NotStartedError, Supervisor
from bot.settings import Settings
from tests.world.bot import eventually
from tests.world.modal import Modal


class Show:
    """The stage with the bot as a process on it, and what the page is told."""

    def __init__(self, sandbox: Sandbox, supervisor: Supervisor) -> None:
        self.sandbox = sandbox
        self.supervisor = supervisor
        self.states: list[str] = []
        self.maya = next(
            it.id for it in sandbox.slack.people.values() if it.is_admin and it.playable
        )
        self.channel = next(it for it in sandbox.slack.channels.values() if it.name == "incidents")

    async def listen(self) -> None:
        with self.sandbox.slack.subscribe() as events:
            async for event in events:
                if event["type"] == "bot":
                    self.states.append(event["state"])

    async def ask(self, path: str, **body: Any) -> dict[str, Any]:
        """What the page does."""
        async with httpx.AsyncClient(base_url=self.sandbox.url, trust_env=False) as client:
            response = await (
                client.post(f"/api/{path}", json=body)
                if path != "state"
                else client.get("/api/state")
            )
            answer: dict[str, Any] = response.raise_for_status().json()
            return answer

    @property
    def queue(self) -> list[tuple[str, str]]:
        return [(line["title"], line["state"]) for line in self.sandbox.control_api.queue]


@pytest.fixture
async def show(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Show]:
    port = _free_port()
    environment = sandbox.environment(tmp_path / "relay.db", port)
    await sandbox.connect_vendors(Settings.model_validate(environment))
    sandbox.slack.bot_url = f"http://127.0.0.1:{port}"
    supervisor = Supervisor(sandbox.control_api, environment, sandbox.slack.bot_url)
    made = Show(sandbox, supervisor)
    async with QueueReader(tmp_path / "relay.db", sandbox.control_api.show_queue).looking():
        listening = asyncio.create_task(made.listen())
        await supervisor.start()
        yield made
        await supervisor.end()
        listening.cancel()


async def test_a_killed_bot_starts_again_with_its_queue(show: Show) -> None:
    """A delivery that waits is in view while the bot is dead, and is made once by the one that
    comes after it."""
    rootly = show.sandbox.vendors["rootly"]
    await rootly.set_fault("down")
    watching = asyncio.create_task(show.supervisor.watch())
    first = show.supervisor.pid
    await show.sandbox.slack.command(show.maya, show.channel.id, "/incident Refunds are stuck")
    await Modal(show.sandbox.slack, show.maya).send()
    await eventually(lambda: show.queue == [("Refunds are stuck", "queued")])

    assert await show.ask("bot/kill") == {"ok": True}
    assert await show.ask("bot/kill") == {
        "ok": False,
        "error": "The bot is not running at the moment.",
    }
    state = await show.ask("state")
    assert (state["bot"], [line["title"] for line in state["queue"]], state["waiting"]) == (
        "killed",
        ["Refunds are stuck"],
        1,
    )
    trouble = await show.sandbox.slack.command(show.maya, show.channel.id, "/incident Another")
    assert trouble.error == '/incident failed with the error "dispatch_failed"'
    await asyncio.sleep(DOWN_SECONDS / 2)
    assert show.states == ["up", "killed"]
    await eventually(lambda: show.states == ["up", "killed", "up"], 20)
    assert show.supervisor.pid != first
    await rootly.set_fault("fine")
    await eventually(lambda: show.queue == [("Refunds are stuck", "delivered")], 20)
    assert len(rootly.created) == 1
    assert (await show.ask("state"))["waiting"] == 0
    watching.cancel()


async def test_a_bot_that_ends_by_itself_is_not_started_again(show: Show) -> None:
    """The page is told that it is down, and the playground ends with a sentence."""
    watching = asyncio.create_task(show.supervisor.watch())
    os.kill(show.supervisor.pid, signal.SIGKILL)
    with pytest.raises(NotStartedError, match="The bot ended with code -9"):
        await asyncio.wait_for(watching, 5)
    await eventually(lambda: show.states == ["up", "down"])
    assert await show.ask("bot/kill") == {
        "ok": False,
        "error": "The bot is not running at the moment.",
    }


async def test_a_bot_that_cannot_start_is_said_so(sandbox: Sandbox, tmp_path: Path) -> None:
    """The playground says where to look."""
    environment = sandbox.environment(tmp_path / "relay.db", _free_port()) | {
        "RELAY_PORT": "no number"
    }
    supervisor = Supervisor(sandbox.control_api, environment, "http://127.0.0.1:9")
    with pytest.raises(NotStartedError, match="The bot didn't start"):
        await supervisor.start()
    assert sandbox.control_api.state == "down"
