"""Try credentials out: learn from a vendor's answers to reads which permissions a key has.

Nothing is created for that. A read without an answer in time proves nothing, because no warning is
better than a false one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeVar

from bot.adapters.http import Reply
from bot.errors import RetryLaterError, VendorError
from bot.language import Sentence

T = TypeVar("T")
VERIFY_SECONDS = 8.0
"""Limit for all reads together, because a person waits."""


def deadline() -> float:
    """Return the time, by the event loop's clock, by which a check that starts now must end."""
    return asyncio.get_running_loop().time() + VERIFY_SECONDS


async def in_time(vendor: str, call: Awaitable[T], until: float) -> T:
    """Return the result of `call`.

    Raises `RetryLaterError` if there is none at the time `until`.
    """
    try:
        async with asyncio.timeout_at(until):
            return await call
    except TimeoutError as error:
        sentence = Sentence(
            "{vendor} didn't answer within {seconds} seconds. Try again.",
            {"vendor": vendor, "seconds": round(VERIFY_SECONDS)},
        )
        raise RetryLaterError(vendor, sentence, "unreachable") from error


async def refused(
    reads: Mapping[str, Awaitable[Reply]], is_denied: Callable[[Reply], bool], until: float
) -> frozenset[str]:
    """Return the names of the reads that the vendor denies to this key.

    All reads run at the same time. A read without an answer by `until` (loop time) counts as
    allowed.
    """
    async with asyncio.TaskGroup() as group:
        tasks = {
            name: group.create_task(_answer_in_time(read, until)) for name, read in reads.items()
        }
    answers = {name: task.result() for name, task in tasks.items()}
    return frozenset(
        name for name, reply in answers.items() if reply is not None and is_denied(reply)
    )


def lacking(
    sentences: Mapping[str, Mapping[str, str]], unread: Collection[str], advice: str = ""
) -> dict[str, str]:
    """Return by operation what is lacking without the reads `unread`, with advice at the end.

    `sentences` has a text by operation and by read. Each text stands on a line of its own, so that
    it can be translated when it is read.
    """
    found = {
        operation: [words for name, words in by_read.items() if name in unread]
        for operation, by_read in sentences.items()
    }
    return {
        operation: "\n".join(filter(None, [*words, advice]))
        for operation, words in found.items()
        if words
    }


async def _answer_in_time(read: Awaitable[Reply], until: float) -> Reply | None:
    try:
        async with asyncio.timeout_at(until):
            return await read
    except (VendorError, TimeoutError):
        return None
