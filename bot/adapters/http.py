"""The one way out to a vendor: what an answer, or its absence, means for the object we wanted to create.

Sources: the retry table of the vendors' documentation (a 429 was never processed; a time-out after the request was
written says nothing), and httpx's exception tree (connect and pool errors come before the first byte leaves).
"""

import asyncio
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from bot.adapters.base import Request
from bot.errors import TryLater, Unclear

TOTAL_SECONDS = 20.0
"""Limit for a whole call. httpx limits each read only, so a body that drips would hold it for ever."""
LARGEST_REPLY = 2 * 1024 * 1024

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class Reply:
    """A vendor's answer: `status`, `headers`, and `body`, parsed JSON or None when it was none."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: httpx.Headers, body: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def make_client() -> httpx.AsyncClient:
    """The shared client. Redirects are not followed: credentials would travel along."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(15.0, connect=4.0, pool=4.0),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        follow_redirects=False,
        headers={"User-Agent": "incident-relay"},
    )


async def send(
    client: httpx.AsyncClient,
    vendor: str,
    base_url: str,
    request: Request,
    *,
    auth: httpx.Auth | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> Reply:
    """Send one request and return any answer that settles it (2xx and 4xx except 408, 425 and 429).

    Raises `TryLater` when certainly nothing was done, `Unclear` when it may have been. Neither carries the vendor's
    body. For a read both mean the same: no answer.
    """
    built = client.build_request(
        request.method,
        base_url.rstrip("/") + request.path,
        params=request.params,
        headers=request.headers,
        content=None if request.json is None else json.dumps(request.json, ensure_ascii=False).encode(),
        data=request.data,
    )
    try:
        async with asyncio.timeout(total_seconds):
            response = await client.send(built, stream=True, auth=auth)
            try:
                raw = await _read(response)
            finally:
                await response.aclose()
    except NOT_SENT as error:
        raise TryLater(vendor, f"{vendor} cannot be reached at the moment.", "unreachable") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise Unclear(vendor, f"{vendor} did not answer, so it is not known whether it was created.") from error
    return _settled(vendor, response, raw)


async def _read(response: httpx.Response) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > LARGEST_REPLY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def _settled(vendor: str, response: httpx.Response, raw: bytes | None) -> Reply:
    status = response.status_code
    if status in (425, 429):
        wait = retry_after(response.headers)
        raise TryLater(vendor, f"{vendor} is taking no more requests for the moment.", "rate_limited", wait)
    if status == 408 or status >= 500 or 300 <= status < 400:
        raise Unclear(vendor, f"{vendor} answered with an error of its own, so it is not known whether it was created.")
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        body = None
    return Reply(status, response.headers, body)


def retry_after(headers: httpx.Headers, now: float | None = None) -> float | None:
    """Seconds until the vendor wants to hear from us: `Retry-After` (seconds or a date), else `X-RateLimit-Reset`
    (epoch seconds); between 1 and 300, None when it names no time."""
    now = time.time() if now is None else now
    seconds: float | None = None
    if value := headers.get("Retry-After"):
        try:
            seconds = float(value)
        except ValueError:
            try:
                seconds = parsedate_to_datetime(value).timestamp() - now
            except (TypeError, ValueError):
                seconds = None
    if seconds is None and (value := headers.get("X-RateLimit-Reset")):
        try:
            seconds = float(value) - now
        except ValueError:
            seconds = None
    return None if seconds is None else min(max(seconds, 1.0), 300.0)
