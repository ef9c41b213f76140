"""The one way out to a vendor: what an answer, or its absence, means for the object we wanted to
create.

Sources: the retry table of the vendors' documentation (a 429 was never processed; a time-out after
the request was written says nothing), and httpx's exception tree (connect and pool errors come
before the first byte leaves).
"""

import asyncio
import json
import math
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from bot.adapters.base import Request, storable
from bot.adapters.rate_limit import RateLimiter, Side
from bot.adapters.redaction import hide
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from bot.runtime.threads import characters, run_in_thread

LONGEST_WAIT, LONGEST_RESET_WAIT = 24 * 3600.0, 300.0
TOTAL_SECONDS = 20.0
"""Limit for a whole call. httpx limits each read only, so a body that drips would hold it for ever."""
LARGEST_REPLY = 2 * 1024 * 1024
"""Bytes of an answer, unpacked. A page of a list that is longer is asked for again in smaller
pages."""

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Reply:
    """A vendor's answer: `status`, `headers`, and `body`, parsed JSON or None when it was none, or
    was `too_long`."""

    __slots__ = ("body", "headers", "status", "too_long")

    def __init__(
        self, status: int, headers: httpx.Headers, body: Any, *, too_long: bool = False
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.too_long = too_long

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Bearer(httpx.Auth):
    """A token in the Authorization header, kept out of `Request`, so that a request can be shown
    and compared."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


def make_client() -> httpx.AsyncClient:
    """The shared client of all workspaces.

    Redirects are not followed: credentials would travel along. No cookie is kept: it would go from
    one workspace's calls into another's. A proxy of the environment is not asked for what is on
    this machine. Answers are asked for in the one packing that `_unpacked` reads.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(15.0, connect=4.0, pool=4.0),
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        follow_redirects=False,
        headers={"User-Agent": "incident-relay", "Accept-Encoding": "gzip"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        mounts={"all://127.0.0.1": None, "all://localhost": None},
    )


async def send(
    client: httpx.AsyncClient,
    vendor: str,
    base_url: str,
    request: Request,
    *,
    auth: httpx.Auth | None = None,
    rate_limiter: RateLimiter | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> Reply:
    """Send one request and return any answer that settles it (2xx and 4xx except 408, 425 and 429).

    Raises `RetryLaterError` when certainly nothing was done, `OutcomeUnknownError` when it may have
    been. Neither carries the vendor's body. For a read both mean the same: no answer.
    `rate_limiter` is told what the vendor says about its limits; a read that has to wait for its
    turn is not sent (a write's turn is taken by whoever starts the delivery).
    """
    side: Side = "read" if request.method == "GET" else "write"
    if rate_limiter is not None and side == "read" and not rate_limiter.take("read"):
        raise RetryLaterError(
            vendor,
            f"{vendor} takes no more questions for the moment.",
            "rate_limited",
            rate_limiter.wait("read"),
        )
    address = _address(vendor, base_url, request.path)
    built = await run_in_thread(characters(request.data), lambda: _built(client, address, request))
    deadline = asyncio.get_running_loop().time() + total_seconds
    unanswered = f"{vendor} did not answer."
    try:
        async with asyncio.timeout_at(deadline):
            response = await client.send(built, stream=True, auth=auth)
    except NOT_SENT as error:
        raise RetryLaterError(
            vendor, f"{vendor} cannot be reached at the moment.", "unreachable"
        ) from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise OutcomeUnknownError(vendor, unanswered) from error
    try:
        if rate_limiter is not None:
            rate_limiter.heard(side, response.headers)
        _check_settled(vendor, response)
        async with asyncio.timeout_at(deadline):
            raw = await _unpacked(response)
    except (httpx.HTTPError, TimeoutError) as error:
        if response.is_success:
            raise OutcomeUnknownError(vendor, unanswered) from error
        raw = b""  # a refusal stands, whatever became of its words
    finally:
        await response.aclose()
    if len(raw) > LARGEST_REPLY:
        return Reply(response.status_code, response.headers, None, too_long=True)
    return Reply(response.status_code, response.headers, _parsed(hide(raw, response)))


def _built(client: httpx.AsyncClient, address: httpx.URL, request: Request) -> httpx.Request:
    return client.build_request(
        request.method,
        address,
        params=request.params,
        headers=request.headers,
        content=None
        if request.json is None
        else json.dumps(request.json, ensure_ascii=False).encode(),
        data=request.data,
    )


def _address(vendor: str, base_url: str, path: str) -> httpx.URL:
    """Where a request goes. Raises `RejectedError` if the path would lead away from the base URL,
    however it came about."""
    base = httpx.URL(base_url)
    try:
        url = httpx.URL(base_url.rstrip("/") + path)
    except httpx.InvalidURL as error:
        raise RejectedError(vendor, f"{vendor} has no such address.") from error
    below = url.path.startswith(f"{base.path.rstrip('/')}/")
    if not below or (url.scheme, url.netloc, url.userinfo) != (
        base.scheme,
        base.netloc,
        base.userinfo,
    ):
        raise RejectedError(vendor, f"{vendor} has no such address.")
    return url


def _check_settled(vendor: str, response: httpx.Response) -> None:
    """Judge by the status alone, before the body: it may never arrive, and changes nothing."""
    status = response.status_code
    if status in (425, 429):
        wait = retry_after(response.headers)
        raise RetryLaterError(
            vendor, f"{vendor} is taking no more requests for the moment.", "rate_limited", wait
        )
    if status == 408 or not (200 <= status < 300 or 400 <= status < 500):
        raise OutcomeUnknownError(vendor, f"{vendor} answered with an error of its own.")


async def _unpacked(response: httpx.Response) -> bytes:
    """The body's bytes, at most one more than `LARGEST_REPLY`. Raises `httpx.HTTPError`.

    httpx would unpack each chunk whole, and packings within packings: kilobytes could fill the
    memory. Here gzip alone is unpacked, and no further than to the limit.
    """
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("identity", "gzip"):
        raise httpx.DecodingError(
            "The body's Content-Encoding was not asked for.", request=response.request
        )
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if packing == "gzip" else None
    body = bytearray()
    async for chunk in cast("httpx.AsyncByteStream", response.stream):
        room = LARGEST_REPLY + 1 - len(body)
        try:
            body += chunk[:room] if unpack is None else unpack.decompress(chunk, room)
        except zlib.error as error:
            raise httpx.DecodingError(
                "The body is not what it says.", request=response.request
            ) from error
        if len(body) > LARGEST_REPLY:
            return bytes(body)
    if unpack is not None and body and not unpack.eof:
        raise httpx.DecodingError("The body ends too early.", request=response.request)
    return bytes(body)


def _parsed(raw: bytes) -> Any:
    """The JSON; None when it is none."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def retry_after(headers: httpx.Headers, now: float | None = None) -> float | None:
    """Seconds until the vendor wants to hear from us: `Retry-After` (seconds or a date), else
    `X-RateLimit-Reset` (epoch seconds); None when it names no time.

    At least 1. A time that was named for this request is kept to, up to a day; a reset says when
    the whole allowance is back, long after the first request passes again, so it is taken for 5
    minutes at most.
    """
    now = time.time() if now is None else now
    seconds = _number(headers.get("Retry-After"))
    if seconds is None and (moment := _moment(headers.get("Retry-After"))) is not None:
        seconds = moment - now
    if seconds is not None:
        return min(max(seconds, 1.0), LONGEST_WAIT)
    reset = _number(headers.get("X-RateLimit-Reset"))
    return None if reset is None else min(max(reset - now, 1.0), LONGEST_RESET_WAIT)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(value: str | None) -> float | None:
    """An HTTP date in epoch seconds."""
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


@contextmanager
def reading(vendor: str) -> Iterator[None]:
    """Around a call that only reads: without an answer nothing is in doubt, so what was
    `OutcomeUnknownError` is `RetryLaterError`."""
    try:
        yield
    except OutcomeUnknownError as error:
        raise RetryLaterError(
            vendor, f"{vendor} does not answer at the moment.", "unreachable"
        ) from error


def rejected_token(
    vendor: str, status: int, words: str = "", *, connecting: bool = False
) -> UnauthorizedError:
    """What a 401 or 403 says to a person; `words` are the vendor's own, `connecting`: the token is
    being tried out."""
    if status == 401 and connecting:
        return UnauthorizedError(
            vendor, f"{vendor} does not accept these credentials: copy them again, whole."
        )
    if connecting:
        said = f' ("{words}")' if words else ""
        sentence = f"{vendor} does not let this key read what it belongs to{said}: give it more rights, or use another."
        return UnauthorizedError(vendor, sentence, 403)
    if status == 401:
        sentence = f"{vendor} no longer accepts this workspace's token; an admin can reconnect it with `/vendors`."
        return UnauthorizedError(vendor, sentence)
    said = f' ("{words}")' if words else ""
    sentence = (
        f"{vendor} does not let this workspace's token do that{said}; "
        "an admin can give it the right to, or connect another one with `/vendors`."
    )
    return UnauthorizedError(vendor, sentence, 403)


def segment(vendor: str, value: str) -> str:
    """An id as one step of a path. Raises `RejectedError` for `.` and `..`, which lead elsewhere
    however they are written."""
    if value in (".", ".."):
        raise RejectedError(vendor, f"{vendor} has nothing with the id “{value}”.")
    return quote(value, safe="")


def unreadable(vendor: str) -> RetryLaterError:
    """For a read whose answer is a success and yet not what was asked for: a proxy's page, a half
    of a document."""
    return RetryLaterError(
        vendor, f"{vendor} sent an answer that could not be read.", "unreachable"
    )


class TooLongError(RetryLaterError):
    """A list, or a page of it, of more than `LARGEST_REPLY`: asked for in the same way it will
    hardly become shorter."""

    def __init__(self, vendor: str) -> None:
        sentence = f"{vendor} sent a list of more than {LARGEST_REPLY >> 20} MB in one piece, too long to be read."
        super().__init__(vendor, sentence, "unreachable")


def listed(vendor: str, reply: Reply, *path: str | int) -> list[Any]:
    """The list at `path` of a page. Without one it is `unreadable`: that is not the same as an
    empty list. Raises `TooLongError`."""
    if reply.too_long:
        raise TooLongError(vendor)
    found = dig(reply.body, *path)
    if not isinstance(found, list):
        raise unreadable(vendor)
    return found


def reason(body: Any) -> str:
    """What an error's body says in general, under the names that vendors use for it."""
    return text(body, "message") or text(body, "detail") or text(body, "title")


def dig(value: Any, *path: str | int) -> Any:
    """What lies at `path` in parsed JSON, None where any step is missing: vendors leave out and add
    members at will."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def items(value: Any, *path: str | int) -> list[Any]:
    """The list at `path`, empty when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def text(value: Any, *path: str | int) -> str:
    """The text at `path`; a whole number becomes its digits (an id or a reference), anything else
    nothing.

    JSON can hold half a surrogate pair, which cannot be stored or shown: it becomes a question
    mark.
    """
    found = dig(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return storable(found).strip() if isinstance(found, str) else ""


def link(value: Any, *path: str | int) -> str:
    """The web address at `path`; nothing when it is no http(s) address, since it becomes a link
    that people press."""
    found = text(value, *path)
    return (
        found
        if found.startswith(("https://", "http://")) and not set(found) & set(" \n<>|")
        else ""
    )
