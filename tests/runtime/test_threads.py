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


class Work:
    """Large work that ends when the test says so; `order` holds the names of all that ended."""

    def __init__(self, order: list[str]) -> None:
        self._order = order
        self.may_end = threading.Event()

    def __call__(self, name: str) -> Callable[[], str]:
        def work() -> str:
            self.may_end.wait(10)
            self._order.append(name)
            return threading.current_thread().name

        return work


async def in_line(name: str, work: Work, key: str) -> "asyncio.Task[str]":
    """Ask for that work, and let it take its place."""
    task = asyncio.create_task(run_in_thread(LARGE, work(name), key))
    await asyncio.sleep(0)
    return task


async def test_large_work_runs_one_at_a_time() -> None:
    """However much is asked for at once, and in one thread that is not the loop's."""
    under_way: list[int] = []

    def work() -> str:
        under_way.append(len(under_way) + 1)
        time.sleep(0.02)
        assert under_way == [1]
        under_way.clear()
        return threading.current_thread().name

    threads = await asyncio.gather(*(run_in_thread(LARGE, work, key) for key in "abcd"))
    assert len(set(threads)) == 1
    assert threading.current_thread().name not in threads


async def test_nobody_waits_for_all_of_somebody_elses_work() -> None:
    """A workspace with five large files holds another one up by one of them."""
    order: list[str] = []
    work = Work(order)
    many = [await in_line(f"many {number}", work, "many") for number in range(5)]
    one = await in_line("one", work, "one")
    work.may_end.set()
    await asyncio.gather(*many, one)
    assert order == ["many 0", "one", "many 1", "many 2", "many 3", "many 4"]


async def test_who_does_not_wait_any_longer_leaves_the_line() -> None:
    """Work that was given up before its turn is never done; the next piece is."""
    order: list[str] = []
    work = Work(order)
    first = await in_line("first", work, "a")
    given_up = [await in_line(f"given up by {key}", work, key) for key in ("a", "b")]
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    work.may_end.set()
    await first
    await run_in_thread(LARGE, work("last"), "b")
    assert order == ["first", "last"]
