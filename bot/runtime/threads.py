"""Long work beside the event loop. Checking typed text takes milliseconds; checking a file takes a
good part of a second."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")
LARGE = 64 * 1024
"""The number of characters from which a thread costs less than making everybody else wait."""
_in_line: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()


async def run_in_thread(size: int, work: Callable[[], T], key: Hashable = None) -> T:
    """Run `work`, in a thread if its input has a `LARGE` size; return or raise what it does.

    All of the process has one such thread: two would need twice the memory, and delay the event
    loop more. Of one key at most one piece of work is in line, so that nobody waits for all of
    somebody else's.
    """
    if size < LARGE:
        return work()
    async with _in_line.setdefault(key or object(), asyncio.Lock()):
        return await asyncio.get_running_loop().run_in_executor(_thread(), work)


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "large-work")


def characters(value: Any) -> int:
    """Count the characters of all texts in a JSON value. The names of members do not count."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return _all(value.values())
    return _all(value) if isinstance(value, list | tuple) else 0


def _all(values: Iterable[Any]) -> int:
    return sum(map(characters, values))
