"""Send requests to vendors, and decide what an answer, or no answer, means.

Sources: the retry tables in the vendors' documentation, and httpx's exception tree. A request with
a 429 was never processed. A time-out after the request was written proves nothing. Connect and pool
errors come before the first byte is sent.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, cast
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from bot.adapters.base import Request, storable
from bot.adapters.rate_limit import RateLimiter, Side, finite_number
from bot.adapters.redaction import hide
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from bot.runtime.threads import characters, run_in_thread

LONGEST_WAIT = 24 * 3600.0
"""Seconds of a `Retry-After` that are obeyed, at most."""
LONGEST_RESET_WAIT = 300.0
"""Seconds to wait after a refusal that names only a reset, at most."""
TOTAL_SECONDS = 20.0
"""Seconds that a whole call may take.

httpx limits each read alone, so a body that arrives in drops could take for ever.
"""
LARGEST_REPLY = 2 * 1024 * 1024
"""Bytes of an unpacked answer, at most.

If a page of a list is longer, the list is asked for again in smaller pages.
"""

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Reply:
    """A vendor's answer.

    `body` is parsed JSON. It is None if the body is no JSON, or is longer than `LARGEST_REPLY`
    (`too_long`).
    """

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
    """Puts a bearer token into the Authorization header.

    The token is kept out of `Request`, so that a request can be shown and compared.
    """

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        yield request


def make_client() -> httpx.AsyncClient:
    """Return the client that all workspaces share.

    Redirects are not followed, because credentials would travel along. Cookies are not kept,
    because they would go from one workspace's calls into another's. A proxy of the environment is
    not used for addresses on this machine. Only gzip is accepted, the one packing that `_unpacked`
    reads.
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
    """Send one request and return any answer that settles it: 2xx, and 4xx except 408, 425 and 429.

    Raises `RetryLaterError` when the vendor certainly did nothing, `OutcomeUnknownError` when it
    may have done something. Neither carries the vendor's body. For a read both mean the same: no
    answer.

    `rate_limiter` is updated from the answer's headers. A read that has to wait for its turn is not
    sent and raises `RetryLaterError`. A write's turn is taken by the caller who starts the
    delivery.
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
    built = await run_in_thread(characters(request.data), partial(_built, client, address, request))
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
            rate_limiter.update_from_headers(side, response.headers)
        _check_settled(vendor, response)
        async with asyncio.timeout_at(deadline):
            raw = await _unpacked(response)
    except (httpx.HTTPError, TimeoutError) as error:
        if response.is_success:
            raise OutcomeUnknownError(vendor, unanswered) from error
        raw = b""  # the status alone is a refusal, with or without a body
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
    """Return the URL of a request.

    Raises `RejectedError` if the path leads away from the base URL.
    """
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
    """Raise an error if the status leaves open whether the request was processed.

    The body is not read for that. It may never arrive, and it would change nothing.
    """
    status = response.status_code
    if status in (425, 429):
        wait = retry_after(response.headers)
        raise RetryLaterError(
            vendor, f"{vendor} is taking no more requests for the moment.", "rate_limited", wait
        )
    if status == 408 or not (200 <= status < 300 or 400 <= status < 500):
        raise OutcomeUnknownError(vendor, f"{vendor} answered with an error of its own.")


async def _unpacked(response: httpx.Response) -> bytes:
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


def _parsed(raw: bytes) -> Any:
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
    if seconds is None and (date := _http_date(headers.get("Retry-After"))) is not None:
        seconds = date - now
    if seconds is not None:
        return min(max(seconds, 1.0), LONGEST_WAIT)
    reset = finite_number(headers.get("X-RateLimit-Reset"))
    return None if reset is None else min(max(reset - now, 1.0), LONGEST_RESET_WAIT)


def _http_date(value: str | None) -> float | None:
    """Return an HTTP date in epoch seconds."""
    try:
        return parsedate_to_datetime(value or "").timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


@contextmanager
def reading(vendor: str) -> Iterator[None]:
    """Turn `OutcomeUnknownError` into `RetryLaterError` around a call that only reads.

    A read without an answer leaves nothing in doubt.
    """
    try:
        yield
    except OutcomeUnknownError as error:
        raise RetryLaterError(
            vendor, f"{vendor} does not answer at the moment.", "unreachable"
        ) from error


def rejected_token(
    vendor: str, status: int, words: str = "", *, connecting: bool = False
) -> UnauthorizedError:
    """Return the error for a 401 or 403.

    `words` are the vendor's own. `connecting`: the credentials are being tried out.
    """
    if status == 401 and connecting:
        return UnauthorizedError(
            vendor, f"{vendor} does not accept these credentials: copy them again, whole."
        )
    if connecting:
        quoted = f' ("{words}")' if words else ""
        sentence = (
            f"{vendor} does not let this key read what it belongs to{quoted}: give it more rights, "
            "or use another."
        )
        return UnauthorizedError(vendor, sentence, 403)
    if status == 401:
        sentence = (
            f"{vendor} no longer accepts this workspace's token; an admin can reconnect it with "
            "`/vendors`."
        )
        return UnauthorizedError(vendor, sentence)
    quoted = f' ("{words}")' if words else ""
    sentence = (
        f"{vendor} does not let this workspace's token do that{quoted}; an admin can give it the "
        "right to, or connect another one with `/vendors`."
    )
    return UnauthorizedError(vendor, sentence, 403)


def segment(vendor: str, value: str) -> str:
    """Return an id as one step of a path.

    Raises `RejectedError` for `.` and `..`, because they lead to another path even when they are
    percent-encoded.
    """
    if value in (".", ".."):
        raise RejectedError(vendor, f"{vendor} has nothing with the id “{value}”.")
    return quote(value, safe="")


def unreadable(vendor: str) -> RetryLaterError:
    """Return the error for a read whose successful answer is not the expected document.

    Examples are a proxy's page, and half a document.
    """
    return RetryLaterError(
        vendor, f"{vendor} sent an answer that could not be read.", "unreachable"
    )


class TooLongError(RetryLaterError):
    """A list, or a page of it, is longer than `LARGEST_REPLY`.

    The same request will hardly get a shorter answer.
    """

    def __init__(self, vendor: str) -> None:
        sentence = (
            f"{vendor} sent a list of more than {LARGEST_REPLY >> 20} MB in one piece, too long "
            "to be read."
        )
        super().__init__(vendor, sentence, "unreachable")


def listed(vendor: str, reply: Reply, *path: str | int) -> list[Any]:
    """Return the list at `path` of a page.

    Raises the error of `unreadable` if there is no list, because no list is not an empty list.
    Raises `TooLongError` for an answer that is too long.
    """
    if reply.too_long:
        raise TooLongError(vendor)
    found = dig(reply.body, *path)
    if not isinstance(found, list):
        raise unreadable(vendor)
    return found


def reason(body: Any) -> str:
    """Return the general message of an error's body, under the names that vendors use for it."""
    return text(body, "message") or text(body, "detail") or text(body, "title")


def dig(value: Any, *path: str | int) -> Any:
    """Return the value at `path` in parsed JSON, or None if any step is missing.

    Vendors leave out and add members at will.
    """
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def items(value: Any, *path: str | int) -> list[Any]:
    """Return the list at `path`, or an empty list if there is none."""
    found = dig(value, *path)
    return found if isinstance(found, list) else []


def text(value: Any, *path: str | int) -> str:
    """Return the text at `path`, or an empty text if there is none.

    A whole number becomes its digits, because it is an id or a reference. JSON can hold half a
    surrogate pair, which cannot be stored or shown: it becomes a question mark.
    """
    found = dig(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return storable(found).strip() if isinstance(found, str) else ""


def link(value: Any, *path: str | int) -> str:
    """Return the web address at `path`, or an empty text if there is none.

    Only http(s) addresses are returned, because people click on them.
    """
    found = text(value, *path)
    return (
        found
        if found.startswith(("https://", "http://")) and not set(found) & set(" \n<>|")
        else ""
    )
