"""Large work runs beside the event loop, one piece at a time, and nothing else does."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.runtime.threads import LARGE, characters, run_in_thread


@pytest.mark.parametrize(("size", "elsewhere"), [(0, False), (LARGE - 1, False), (LARGE, True)])
async def test_only_what_is_large_gets_a_thread(size: int, elsewhere: bool) -> None:
    """A thread costs more than a small thing; what is raised there is raised here."""
    assert (await run_in_thread(size, threading.get_ident) != threading.get_ident()) == elsewhere
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(size, lambda: 1 // 0)


@pytest.mark.parametrize(
    ("value", "size"),
    [("abc", 3), ({"a": "bc", "d": [("e",), 7, None]}, 3), (None, 0), ({}, 0), (7.5, 0)],
)
def test_the_size_of_what_was_filled_in(value: Any, size: int) -> None:
    """However deep the texts stand."""
    assert characters(value) == size


def named(name: str, order: list[str], seconds: float = 0.02) -> Callable[[], str]:
    """Work that says when it begins and ends."""

    def work() -> str:
        order.append(f"{name} begins")
        time.sleep(seconds)
        order.append(f"{name} ends")
        return threading.current_thread().name

    return work


async def test_large_work_runs_one_at_a_time() -> None:
    """However much is asked for at once, and in one thread that is not the loop's."""
    order: list[str] = []
    threads = await asyncio.gather(
        *(run_in_thread(LARGE, named(str(number), order)) for number in range(4))
    )
    assert order == [f"{number} {what}" for number in range(4) for what in ("begins", "ends")]
    assert len(set(threads)) == 1
    assert threading.current_thread().name not in threads


async def test_nobody_waits_for_all_of_somebody_elses_work() -> None:
    """A workspace with five large files holds another one up by two of them at most."""
    order: list[str] = []
    many = [
        asyncio.create_task(run_in_thread(LARGE, named(f"many {number}", order), "many"))
        for number in range(5)
    ]
    await asyncio.sleep(0.005)
    await run_in_thread(LARGE, named("one", order), "one")
    assert [line for line in order if line.endswith("ends")] == ["many 0 ends", "one ends"]
    await asyncio.gather(*many)
    assert len(order) == 12


async def test_who_does_not_wait_any_longer_leaves_the_line() -> None:
    """Work that was given up before its turn is never done; the next piece is."""
    order: list[str] = []
    first = asyncio.create_task(run_in_thread(LARGE, named("first", order, 0.1), "a"))
    await asyncio.sleep(0.02)
    for key in ("a", "b"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await run_in_thread(LARGE, named(f"given up by {key}", order), key)
    await first
    await run_in_thread(LARGE, named("last", order), "b")
    assert order == ["first begins", "first ends", "last begins", "last ends"]
