"""Many calls that need incident.io's version at the same time."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

import httpx
import pytest

from bot.adapters.http import Reply
from bot.adapters.incident_io import versions as module
from bot.adapters.incident_io.versions import Decision, Version, Versions
from bot.errors import RetryLaterError


class Vendor:
    """A vendor that answers many questions about its version.

    Questions with the keys `hanging` and `failing` get no answer.
    """

    def __init__(self, hanging: Collection[str] = (), failing: Collection[str] = ()) -> None:
        self.asked: list[str] = []
        self.hanging = hanging
        self.failing = failing
        self.answered = asyncio.Event()

    def ask(self, key: str) -> Callable[[Version], Any]:
        async def ask(version: Version) -> Reply:
            self.asked.append(f"{key} {version}")
            await (asyncio.Event() if key in self.hanging else self.answered).wait()
            if key in self.failing:
                raise RetryLaterError("incident.io", "No answer.", "unreachable")
            return Reply(200, httpx.Headers(), {"actions": []})

        return ask


PLACE: module.Place = ("https://vendor", "actions")


async def decided(versions: Versions, vendor: Vendor, *keys: str) -> list["asyncio.Task[Decision]"]:
    """Start one call for each key, in that order."""
    tasks = [asyncio.create_task(versions.of(PLACE, key, vendor.ask(key))) for key in keys]
    await asyncio.sleep(0.02)
    return tasks


async def test_many_at_once_ask_once() -> None:
    """Calls of one key, and of others, wait for the first one's answer."""
    versions, vendor = Versions("incident.io"), Vendor()
    tasks = await decided(versions, vendor, *["a"] * 20, *["b"] * 20)
    vendor.answered.set()
    assert {decision.version for decision in await asyncio.gather(*tasks)} == {3}
    assert vendor.asked == ["a 3"]


async def test_a_hanging_question_holds_nobody_else_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a moment the other keys ask, once for each key, and one answer serves all."""
    monkeypatch.setattr(module, "OTHERS_SECONDS", 0.05)
    versions, vendor = Versions("incident.io"), Vendor(hanging="a")
    vendor.answered.set()
    hanging, *others = await decided(versions, vendor, "a", *["b"] * 10)
    async with asyncio.timeout(2):
        assert {decision.version for decision in await asyncio.gather(*others)} == {3}
    assert vendor.asked == ["a 3", "b 3"]
    assert not hanging.done()
    hanging.cancel()
    assert (await versions.of(PLACE, "a", vendor.ask("a"))).version == 3


async def test_no_answer_to_one_key_is_none_to_another() -> None:
    """All calls of a key get its failure; a call of another key asks again at once."""
    versions, vendor = Versions("incident.io"), Vendor(failing="a")
    first = await decided(versions, vendor, "a", "a")
    other = await decided(versions, vendor, "b")
    vendor.answered.set()
    failed = await asyncio.gather(*first, return_exceptions=True)
    assert [str(error) for error in failed] == ["No answer.", "No answer."]
    assert [decision.version for decision in await asyncio.gather(*other)] == [3]
    assert vendor.asked == ["a 3", "b 3"]


async def test_whoever_asks_may_stop_waiting() -> None:
    """If the call that asks is cancelled, the next call of its key asks."""
    versions, vendor = Versions("incident.io"), Vendor()
    first, second = await decided(versions, vendor, "a", "a")
    first.cancel()
    await asyncio.sleep(0.02)
    vendor.answered.set()
    assert (await second).version == 3
    assert vendor.asked == ["a 3", "a 3"]
