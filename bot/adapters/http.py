"""Send requests to vendors, and decide what an answer, or no answer, means.

Sources: the retry tables in the vendors' documentation, and httpx's exception tree. A request with
a 429 was never processed. A time-out after the request was written proves nothing. Connect and pool
errors come before the first byte is sent.
"""

import asyncio
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from bot.adapters.answers import LARGEST_REPLY, RATE_LIMITED, check_settled, parsed, unpacked
from bot.adapters.base import Request, storable
from bot.adapters.rate_limit import RateLimiter, Side
from bot.adapters.redaction import hide
from bot.errors import OutcomeUnknownError, RejectedError, RetryLaterError, UnauthorizedError
from bot.language import N_, Sentence
from bot.runtime.threads import characters, run_in_thread

TOTAL_SECONDS = 20.0
"""Seconds that a whole call may take.

httpx limits each read alone, so a body that arrives in drops could take for ever.
"""
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

_NO_ADDRESS = N_("{vendor} has no such address.")
_UNAUTHORIZED: Mapping[tuple[int, bool], str] = {
    (401, True): N_("{vendor} rejected this API key. Copy it again."),
    (401, False): N_("{vendor} rejected our API key. An admin can replace it in `{vendors}`."),
    (403, True): N_(
        "{vendor} doesn't let this API key read its own account. Give it more rights, or use "
        "another key."
    ),
    (403, False): N_(
        "{vendor} doesn't let our API key do this. An admin can give it more rights in {vendor}, "
        "or replace it in `{vendors}`."
    ),
}
"""The sentences by status, and by whether the credentials are being tried out."""
_FORBIDDEN_WITH_WORDS: Mapping[bool, str] = {
    True: N_(
        "{vendor} doesn't let this API key read its own account. {vendor} says: “{words}”. Give it "
        "more rights, or use another key."
    ),
    False: N_(
        "{vendor} doesn't let our API key do this. {vendor} says: “{words}”. An admin can give it "
        "more rights in {vendor}, or replace it in `{vendors}`."
    ),
}
"""The sentences for a 403 with the vendor's own words."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer.

    `body` is parsed JSON. It is None if the body is no JSON, or is longer than `LARGEST_REPLY`
    (`too_long`).
    """

    status: int
    headers: httpx.Headers
    body: Any
    too_long: bool = False

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
    """Return the client that all workspaces share. Whoever calls limits the calls of a connection;
    the client itself makes nobody wait for the calls of others.

    Redirects are not followed, because credentials would travel along. Cookies are not kept,
    because they would go from one workspace's calls into another's. A proxy of the environment is
    not used for addresses on this machine. Only gzip is accepted, the one packing that `unpacked`
    reads.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(15.0, connect=4.0, pool=4.0),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=64),
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
            Sentence(RATE_LIMITED, {"vendor": vendor}),
            "rate_limited",
            rate_limiter.wait("read"),
        )
    address = _address(vendor, base_url, request.path)
    built = await run_in_thread(characters(request.data), partial(_built, client, address, request))
    deadline = asyncio.get_running_loop().time() + total_seconds
    unanswered = Sentence("{vendor} didn't answer.", {"vendor": vendor})
    try:
        async with asyncio.timeout_at(deadline):
            response = await client.send(built, stream=True, auth=auth)
    except NOT_SENT as error:
        sentence = Sentence("We can't reach {vendor}.", {"vendor": vendor})
        raise RetryLaterError(vendor, sentence, "unreachable") from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise OutcomeUnknownError(vendor, unanswered) from error
    try:
        if rate_limiter is not None:
            rate_limiter.update_from_headers(side, response.headers)
        check_settled(vendor, response)
        async with asyncio.timeout_at(deadline):
            raw = await unpacked(response)
    except (httpx.HTTPError, TimeoutError) as error:
        if response.is_success:
            raise OutcomeUnknownError(vendor, unanswered) from error
        raw = b""  # the status alone is a refusal, with or without a body
    finally:
        await response.aclose()
    if len(raw) > LARGEST_REPLY:
        return Reply(response.status_code, response.headers, None, too_long=True)
    return Reply(response.status_code, response.headers, parsed(hide(raw, response)))


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
        raise RejectedError(vendor, Sentence(_NO_ADDRESS, {"vendor": vendor})) from error
    below = url.path.startswith(f"{base.path.rstrip('/')}/")
    if not below or (url.scheme, url.netloc, url.userinfo) != (
        base.scheme,
        base.netloc,
        base.userinfo,
    ):
        raise RejectedError(vendor, Sentence(_NO_ADDRESS, {"vendor": vendor}))
    return url


@contextmanager
def reading(vendor: str) -> Iterator[None]:
    """Turn `OutcomeUnknownError` into `RetryLaterError` around a call that only reads.

    A read without an answer leaves nothing in doubt.
    """
    try:
        yield
    except OutcomeUnknownError as error:
        sentence = Sentence("{vendor} isn't answering.", {"vendor": vendor})
        raise RetryLaterError(vendor, sentence, "unreachable") from error


def rejected_token(
    vendor: str, status: int, words: str = "", *, connecting: bool = False
) -> UnauthorizedError:
    """Return the error for a 401 or 403.

    `words` are the vendor's own. `connecting`: the credentials are being tried out.
    """
    code: Literal[401, 403] = 401 if status == 401 else 403
    text = _UNAUTHORIZED[code, connecting]
    if words and code == 403:
        text = _FORBIDDEN_WITH_WORDS[connecting]
    values = {"vendor": vendor, "words": words.rstrip(".")}
    return UnauthorizedError(vendor, Sentence(text, values), code)


def segment(vendor: str, value: str) -> str:
    """Return an id as one step of a path.

    Raises `RejectedError` for `.` and `..`, because they lead to another path even when they are
    percent-encoded.
    """
    if value in (".", ".."):
        raise RejectedError(
            vendor,
            Sentence("{vendor} has nothing with the ID “{id}”.", {"vendor": vendor, "id": value}),
        )
    return quote(value, safe="")


def unreadable(vendor: str) -> RetryLaterError:
    """Return the error for a read whose successful answer is not the expected document.

    Examples are a proxy's page, and half a document.
    """
    sentence = Sentence("{vendor} sent an answer that we can't read.", {"vendor": vendor})
    return RetryLaterError(vendor, sentence, "unreachable")


class TooLongError(RetryLaterError):
    """A list, or a page of it, is longer than `LARGEST_REPLY`.

    The same request will hardly get a shorter answer.
    """

    def __init__(self, vendor: str) -> None:
        super().__init__(
            vendor,
            Sentence(
                "{vendor} sent a list that's too long to read. It has more than {most} MB.",
                {"vendor": vendor, "most": LARGEST_REPLY >> 20},
            ),
            "unreachable",
        )


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
