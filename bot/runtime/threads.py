"""Long work beside the event loop: what takes milliseconds for what people type takes a good part
of a second for a file."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
LARGE = 64 * 1024
"""Characters from which a thread costs less than the wait of everybody else."""


async def run_in_thread(size: int, work: Callable[[], T]) -> T:
    """What `work` gives, or raises: it runs in a thread where its input has a `LARGE` size, else
    here and now."""
    return await asyncio.to_thread(work) if size >= LARGE else work()


def characters(value: Any) -> int:
    """How many there are in all the texts of what could be JSON; names of members do not count."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return _all(value.values())
    return _all(value) if isinstance(value, list | tuple) else 0


def _all(values: Iterable[Any]) -> int:
    return sum(map(characters, values))
