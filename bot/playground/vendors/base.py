"""The base of all vendor stand-ins: port, faults, record of requests, and data for the page.

A stand-in declares its routes with `self.api(handler)`. A handler reads the request and returns a
response, or raises `RefusalError` with the vendor's own body. Authentication, faults, canned
answers and recording happen here; `faults` explains the faults.
"""

import asyncio
import contextlib
import json
import math
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, cast, get_args

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.base import Adapter
from bot.forms.fields import Form
from bot.playground.vendors import faults
from bot.playground.vendors.faults import Fault, Plan, Weather, Window
from bot.playground.vendors.keys import Keys
from bot.playground.vendors.listener import Listener
from bot.playground.vendors.records import Arrived, Created, DisplayedObject
from bot.playground.vendors.sent import readable

Handler = Callable[[Request], Awaitable[Response]]

REMEMBERED = 1000
"""Number of requests that are kept. The page gets the newest `SHOWN` reads, writes and objects."""
SHOWN = 50


class RefusalError(Exception):
    """A refusal by the vendor: a status, and a JSON body in the vendor's format.

    `note` has a few words for the page's list of requests.
    """

    def __init__(self, status: int, body: Any, note: str = "") -> None:
        super().__init__(note)
        self.status = status
        self.body = body
        self.note = note


class VendorStandIn(ABC):
    """One vendor on a port of its own.

    `adapter` is the bot's adapter for it, which knows its name, its colour and its credentials.
    `hold`: an event that create calls wait for before they answer; the object has been created by
    then, as with a vendor whose answer gets lost. `weather`: trouble by chance, while the fault is
    "fine". `list_lag`: seconds that a created object takes to appear in the vendor's lists and
    filters; `lost_lag`: at least so many while answers are lost. `keys`: what it accepts, each with
    its rights. `clock`: epoch seconds, for the limit of writes.
    """

    adapter: ClassVar[type[Adapter]]
    media_type: ClassVar[str] = "application/json"
    versions: ClassVar[Mapping[str, str]] = {}
    """The versions of the vendor's API, described in words, by name.

    The first one is used at the start. The page offers them as a switch beside the fault.
    """

    def __init__(self) -> None:
        self.created: list[Created] = []
        self.requests: list[Arrived] = []
        self.objects: list[DisplayedObject] = []
        self.hold: asyncio.Event | None = None
        self.weather: Weather | None = None
        self.list_lag = 0.0
        self.lost_lag = 0.0
        self.keys: Keys[Any] = Keys()
        self.clock: Callable[[], float] = time.time
        self.on_change: Callable[[], None] | None = None
        self._fault: Fault = "fine"
        self._version = next(iter(self.versions), "")
        self._new_key: dict[str, str] | None = None
        self._window = Window()
        self._ended = asyncio.Event()
        self._canned: deque[Response] = deque()
        self._switching = asyncio.Lock()
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        everything_else = Route("/{path:path}", self.api(self.nowhere), methods=methods)
        self._listener = Listener(Starlette(routes=[*self.routes(), everything_else]))

    # What a vendor has to declare

    @property
    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """The accepted credentials, as `python -m bot connect` reads them."""

    @abstractmethod
    def sample_form(self, operation: str) -> Form:
        """Return a valid filling of the operation's form, with ids that are there. KeyError for
        an operation that the vendor does not have."""

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """Return the API's routes (`self.api(handler)`) and the HTML pages (plain endpoints)."""

    @abstractmethod
    def new_key(self) -> dict[str, str]:
        """Return the credentials of one more key, with all rights."""

    # What a vendor may declare

    def permit(self, request: Request) -> None:  # noqa: B027  most keys may do everything
        """Raise the vendor's refusal if valid credentials lack the right to the call."""

    def unauthorised(self) -> RefusalError:
        """Return the vendor's 401."""
        note = "token revoked" if self._fault == "revoked" else "invalid token"
        return RefusalError(401, {"error": "Invalid token"}, note)

    async def nowhere(self, request: Request) -> Response:
        """Raise the vendor's 404 for an unknown path."""
        raise RefusalError(404, {"error": "Not found"}, "not found")

    def limits(self, method: str, used: int) -> dict[str, str]:
        """Return the vendor's rate-limit headers.

        `used` is the number of calls of that kind (reads or writes) in the last 60 s.
        """
        return {}

    def stock(self, catalog: str, count: int) -> None:
        """Add `count` invented entries to a list ("services").

        Raises KeyError if no such list can be filled.
        """
        raise KeyError(catalog)

    def serves(self, _request: Request) -> bool:
        """Return whether the present version of the API has this path."""
        return True

    def lists(self) -> dict[str, dict[str, str]]:
        """Return ids, by heading and name, that people have to copy from the vendor's console."""
        return {}

    def rate_limited(self, retry_after: int) -> RefusalError:
        """Return the vendor's 429. The Retry-After header is added later."""
        return RefusalError(
            429, {"error": f"Too many requests, try again in {retry_after} s"}, "rate limited"
        )

    def denied(self, _request: Request) -> RefusalError:
        """Return the refusal of a call that the key has no right to."""
        return RefusalError(403, {"error": "Forbidden"}, "not permitted")

    def one_refusal(self, path: str) -> RefusalError:
        """Return the refusal of a create call at `path` while the fault is "refusing".

        It names one field.
        """
        return RefusalError(422, {"errors": {"name": ["is reserved"]}}, "name")

    # Start, stop and switches

    @property
    def vendor(self) -> str:
        return self.adapter.vendor

    @property
    def label(self) -> str:
        return self.adapter.label

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def fault(self) -> Fault:
        return self._fault

    @property
    def version(self) -> str:
        return self._version

    @property
    def lag(self) -> float:
        """Seconds until a created object is listed, with the present fault."""
        return max(self.list_lag, self.lost_lag if self._fault == "lost" else 0.0)

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes any free port. Raises OSError if the port is taken."""
        self._ended.clear()
        self._listener.reserve(port)
        await self._listener.open()

    async def stop(self) -> None:
        """Close every connection, let held and slow calls end, and release the port."""
        self._ended.set()
        if self.hold is not None:
            self.hold.set()
        async with self._switching:
            await self._listener.close()
            self._listener.release()

    async def set_fault(self, name: str) -> None:
        """Switch to one of `faults.Fault`. Raises ValueError for other names."""
        if name not in get_args(Fault):
            raise ValueError(f"There is no fault {name!r}.")
        async with self._switching:
            if name == "down":
                await self._listener.close()
            else:
                await self._listener.open()
            if name != self._fault:
                self._change_keys(revoked=name == "revoked")
            self._fault = cast("Fault", name)
            self._window.clear()
            if name == "limited":
                self._window.fill(self.clock())
        self._changed()

    def set_version(self, name: str) -> None:
        """Switch to one of `versions`, whatever the fault is. Raises ValueError for other names."""
        if name not in self.versions:
            raise ValueError(f"There is no version {name!r}.")
        self._version = name
        self._changed()

    def answer_next(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        """Give the next create call this answer and create nothing. Several answers are queued.

        `body` is JSON, or text if it is a str.
        """
        content = body if isinstance(body, str) else json.dumps(body)
        media_type = "text/plain" if isinstance(body, str) else self.media_type
        self._canned.append(Response(content, status, headers, media_type))

    def describe(self) -> dict[str, Any]:
        """Return the page's data.

        It has objects and requests, newest first, the limit of writes if there is one, and a key
        with which people can try to connect the vendor.
        """
        newest = sorted(self.objects, key=lambda shown: shown.at, reverse=True)[:SHOWN]
        return {
            "name": self.vendor,
            "label": self.label,
            "color": self.adapter.color,
            "fault": self._fault,
            "versions": dict(self.versions),
            "version": self._version,
            "limit": self._described_limit(),
            "key": self._described_key(),
            "lists": {
                heading: dict(list(ids.items())[:SHOWN]) for heading, ids in self.lists().items()
            },
            "objects": [self._described(shown) for shown in newest],
            "requests": [
                {
                    "at": arrived.at,
                    "method": arrived.method,
                    "path": arrived.path + (f"?{arrived.query}" if arrived.query else ""),
                    "status": arrived.status,
                    "ms": arrived.ms,
                    "note": arrived.note,
                }
                for arrived in self._newest_requests()
            ],
        }

    def _described_key(self) -> dict[str, str]:
        """Return each part of the key that works now, by its field's label on the bot's page."""
        fields, key = self.adapter.credentials.model_fields, self._new_key or self.credentials
        return {fields[name].title or name: value for name, value in key.items()}

    # Used by the handlers

    def api(self, handler: Handler, *, creates: bool = False) -> Handler:
        """Return the endpoint around a handler.

        It adds faults, authentication, canned answers, limit headers and recording.
        """

        async def endpoint(request: Request) -> Response:
            started = time.perf_counter()
            is_served = self.serves(request)
            will_create = creates and is_served
            plan = self._plan(request, will_create)
            chosen = handler if is_served else self.nowhere
            response, note = await self._answer(request, chosen, will_create, plan)
            ms = round((time.perf_counter() - started) * 1000, 1)
            response.headers.update(self._limit_headers(request.method))
            if plan.drop:
                self._record(request, 0, ms, f"{note}, answer lost" if note else "answer lost")
            else:
                self._record(request, response.status_code, ms, note)
            if will_create and self.hold is not None:
                await self.hold.wait()
            await self._linger(plan.wait)
            if plan.drop:
                await self._listener.drop(request.client)
            return response

        return endpoint

    def json(self, body: Any, status: int = 200) -> Response:
        """Return a JSON response in the vendor's media type."""
        return JSONResponse(body, status, media_type=self.media_type)

    def keep(self, request: Request, body: Any, new_id: str, shown: DisplayedObject) -> None:
        """Record the object made by a create call."""
        self.created.append(Created(request.url.path, body, new_id))
        self.objects.append(replace(shown, sent=readable(body)))
        request.state.note = f"created {shown.created}"

    # Internal

    def _change_keys(self, *, revoked: bool) -> None:
        """Revoke every key and make a new one, as in a vendor's console; or accept all again."""
        if revoked:
            self.keys.revoke()
        else:
            self.keys.restore()
        self._new_key = self.new_key() if revoked else None

    def _plan(self, request: Request, creates: bool) -> Plan:
        if self._fault == "limited" and request.method != "GET":
            now = self.clock()
            if self._window.pass_(now):
                return faults.AS_USUAL
            return Plan(
                instead="limited", retry_after=max(1, math.ceil(self._window.free_at(now)[0] - now))
            )
        if self._fault == "hidden" and request.method == "GET" and self._holds(request.url.path):
            return Plan(instead="denied")
        if self._fault == "fine" and self.weather is not None:
            return self.weather.plan(creates=creates)
        return faults.switched(self._fault, creates=creates)

    def _holds(self, path: str) -> bool:
        """Return whether something was created at this path, so that a GET would list it."""
        return any(created.path == path for created in self.created)

    async def _answer(
        self, request: Request, handler: Handler, creates: bool, plan: Plan
    ) -> tuple[Response, str]:
        try:
            if self.keys.of(request) is None:
                raise self.unauthorised()
            if creates and self._canned:
                return self._canned.popleft(), "canned answer"
            self.permit(request)
            if plan.instead:
                return self._instead(request, plan)
            response = await handler(request)
            note = getattr(request.state, "note", "")
            return (_unavailable(), f"{note}, then failed") if plan.after else (response, note)
        except RefusalError as refusal:
            return self.json(refusal.body, refusal.status), refusal.note

    def _instead(self, request: Request, plan: Plan) -> tuple[Response, str]:
        if plan.instead == "unavailable":
            return _unavailable(), "unavailable"
        if plan.instead == "denied":
            raise self.denied(request)
        if plan.instead == "refusing":
            raise self.one_refusal(request.url.path)
        refusal = self.rate_limited(plan.retry_after)
        response = self.json(refusal.body, refusal.status)
        response.headers["Retry-After"] = str(plan.retry_after)
        return response, refusal.note

    def _limit_headers(self, method: str) -> dict[str, str]:
        """Return the vendor's rate-limit headers. The fault "limited" replaces their numbers."""
        writes = method != "GET"
        used = 1 + sum(
            arrived.at > time.time() - 60 and (arrived.method != "GET") == writes
            for arrived in self.requests
        )
        headers = self.limits(method, used)
        if self._fault != "limited" or not writes or "X-RateLimit-Limit" not in headers:
            return headers
        now = self.clock()
        taken = self._window.free_at(now)
        return headers | {
            "X-RateLimit-Limit": (
                f"{faults.LIMIT}, {faults.LIMIT};window={faults.WINDOW_SECONDS:.0f}"
            ),
            "X-RateLimit-Remaining": str(self._window.left(now)),
            "X-RateLimit-Used": str(len(taken)),
            "X-RateLimit-Reset": str(math.ceil(max(taken, default=now))),
        }

    async def _linger(self, seconds: float) -> None:
        """Hold an answer back for that time, or until the stand-in stops."""
        if seconds:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()

    def _record(self, request: Request, status: int, ms: float, note: str) -> None:
        url, note = request.url, f"{status or ''} {note}".strip()
        self.requests.append(
            Arrived(time.time(), request.method, url.path, url.query, status, ms, note)
        )
        del self.requests[:-REMEMBERED]
        self._changed()

    def _newest_requests(self) -> Iterator[Arrived]:
        """Yield the newest requests.

        Reads and writes are counted separately: a bot reads whole lists, which would push its
        writes off the page.
        """
        seen: Counter[bool] = Counter()
        for arrived in reversed(self.requests):
            reads = arrived.method == "GET"
            seen[reads] += 1
            if seen[reads] <= SHOWN:
                yield arrived

    def _described_limit(self) -> dict[str, Any] | None:
        """Return {"of": writes in so many "seconds", "free_at": when each used place is free}.

        Times are in epoch seconds. Return None without a limit.
        """
        if self._fault != "limited":
            return None
        return {
            "of": faults.LIMIT,
            "seconds": faults.WINDOW_SECONDS,
            "free_at": self._window.free_at(self.clock()),
        }

    def _described(self, shown: DisplayedObject) -> dict[str, Any]:
        return {
            "kind": shown.kind,
            "reference": shown.reference,
            "title": shown.title,
            "url": self.url + shown.path,
            "at": shown.at,
            "detail": dict(shown.detail),
            "from_slack": shown.from_slack,
            "sent": shown.sent,
        }

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()


def _unavailable() -> Response:
    """Return a 503 in HTML, as from a proxy before the vendor's own servers."""
    return HTMLResponse("<html><body><h1>503 Service Unavailable</h1></body></html>", 503)


async def json_body(request: Request) -> Any:
    """Return the parsed JSON body.

    Return None if it is not JSON or contains half a surrogate pair, which is not valid text.
    """
    with contextlib.suppress(ValueError, RecursionError):
        parsed = json.loads(await request.body())
        json.dumps(parsed, ensure_ascii=False).encode()
        return parsed
    return None


def media_type(request: Request) -> str:
    """Return the Content-Type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def iso(at: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime | None:
    """Return an ISO 8601 date or date-time, or None for other text. UTC is the default zone."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
