"""Long work beside the event loop. Checking typed text takes milliseconds; checking a file takes a
good part of a second."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
LARGE = 64 * 1024
"""The number of characters from which a thread costs less than making everybody else wait."""


async def run_in_thread(size: int, work: Callable[[], T]) -> T:
    """Run `work`, in a thread if its input has a `LARGE` size; return or raise what it does."""
    return await asyncio.to_thread(work) if size >= LARGE else work()


def characters(value: Any) -> int:
    """Count the characters of all texts in a JSON value. The names of members do not count."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return _all(value.values())
    return _all(value) if isinstance(value, list | tuple) else 0


def _all(values: Iterable[Any]) -> int:
    return sum(map(characters, values))
