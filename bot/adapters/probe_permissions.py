"""Trying credentials out: what a vendor's answers to reads say about a key. Nothing is created to
find it out.

A read that gets no answer in time says nothing: better no warning than a false one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from bot.adapters.http import Reply
from bot.errors import RetryLaterError, VendorError

T = TypeVar("T")
VERIFY_SECONDS = 8.0
"""Limit for all of it together: a person waits."""


def deadline() -> float:
    """Until when credentials that are tried out from now on may take, in loop time."""
    return asyncio.get_running_loop().time() + VERIFY_SECONDS


async def in_time(vendor: str, call: Awaitable[T], until: float) -> T:
    """What the call gives; `RetryLaterError` when it has given nothing by then."""
    try:
        async with asyncio.timeout_at(until):
            return await call
    except TimeoutError as error:
        sentence = f"{vendor} did not answer within {VERIFY_SECONDS:.0f} seconds."
        raise RetryLaterError(vendor, sentence, "unreachable") from error


async def refused(
    reads: Mapping[str, Awaitable[Reply]], says_no: Callable[[Reply], bool], until: float
) -> frozenset[str]:
    """The names of those reads that the vendor refuses this key. They are made side by side."""
    async with asyncio.TaskGroup() as group:
        asked = {name: group.create_task(_answer(read, until)) for name, read in reads.items()}
    answers = {name: task.result() for name, task in asked.items()}
    return frozenset(
        name for name, reply in answers.items() if reply is not None and says_no(reply)
    )


async def _answer(read: Awaitable[Reply], until: float) -> Reply | None:
    try:
        async with asyncio.timeout_at(until):
            return await read
    except (VendorError, TimeoutError):
        return None
