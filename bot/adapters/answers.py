"""Decide what the status of an answer means, how long to wait after it, and read its body."""

import json
import time
import zlib
from typing import Any, cast

import httpx

from bot.adapters.rate_limit import finite_number
from bot.adapters.values import epoch
from bot.errors import OutcomeUnknownError, RetryLaterError
from bot.language import N_, Sentence

RATE_LIMITED = N_("{vendor}'s rate limit is reached.")
LONGEST_WAIT = 24 * 3600.0
"""Seconds of a `Retry-After` that are obeyed, at most."""
LONGEST_RESET_WAIT = 300.0
"""Seconds to wait after a refusal that names only a reset, at most."""
LARGEST_REPLY = 2 * 1024 * 1024
"""Bytes of an unpacked answer, at most.

If a page of a list is longer, the list is asked for again in smaller pages.
"""


def check_settled(vendor: str, response: httpx.Response) -> None:
    """Raise an error if the status leaves open whether the request was processed.

    The body is not read for that. It may never arrive, and it would change nothing.
    """
    status = response.status_code
    if status in (425, 429):
        wait = retry_after(response.headers)
        sentence = Sentence(RATE_LIMITED, {"vendor": vendor})
        raise RetryLaterError(vendor, sentence, "rate_limited", wait)
    if status == 408 or not (200 <= status < 300 or 400 <= status < 500):
        raise OutcomeUnknownError(vendor, Sentence("{vendor} had an error.", {"vendor": vendor}))


async def unpacked(response: httpx.Response) -> bytes:
    """Return the body's bytes, at most `LARGEST_REPLY` and one. Raises `httpx.HTTPError`.

    httpx would unpack each chunk whole, and packings within packings, so a few kilobytes could fill
    the memory. This function unpacks gzip alone, and stops at the limit.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise httpx.DecodingError("The body's Content-Encoding was not asked for.")
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if packing == "gzip" else None
    body = bytearray()
    async for chunk in cast("httpx.AsyncByteStream", response.stream):
        room = LARGEST_REPLY + 1 - len(body)
        try:
            body += chunk[:room] if unpack is None else unpack.decompress(chunk, room)
        except zlib.error as error:
            raise httpx.DecodingError("The body is not what it says.") from error
        if len(body) > LARGEST_REPLY:
            return bytes(body)
    if unpack is not None and body and not unpack.eof:
        raise httpx.DecodingError("The body ends too early.")
    return bytes(body)


def parsed(raw: bytes) -> Any:
    """Return the parsed JSON, or None if it is no JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: httpx.Headers, now: float | None = None) -> float | None:
    """Return the seconds to wait before the next request, or None if the vendor names no time.

    The headers are `Retry-After` (seconds or a date), else `X-RateLimit-Reset` (epoch seconds). The
    result is at least 1. `Retry-After` is meant for this request and is obeyed up to a day. A reset
    is the time when the whole allowance is back, long after the first request is possible again, so
    it counts for five minutes at most (`LONGEST_RESET_WAIT`).
    """
    now = time.time() if now is None else now
    seconds = finite_number(headers.get("Retry-After"))
    if seconds is None and (date := epoch(headers.get("Retry-After", ""))):
        seconds = date - now
    if seconds is not None:
        return min(max(seconds, 1.0), LONGEST_WAIT)
    reset = finite_number(headers.get("X-RateLimit-Reset"))
    return None if reset is None else min(max(reset - now, 1.0), LONGEST_RESET_WAIT)
