"""The server of the playground's page, with the Slack stand-in behind it.

- `/`: the page
- `/static/...`: the page's files
- `/api/...`: the page's calls, in JSON
- `/slack/...`: the bot's calls
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.playground.control_api import ControlApi
from bot.playground.guard import Guard
from bot.playground.slack import MissingError, Outcome, SlackStandIn
from bot.playground.slack.world import Person
from bot.playground.vendors.faults import Fault

PAGE = Path(__file__).parent / "page"
KEEP_OPEN_SECONDS = 15.0
LARGEST_BODY = 1024 * 1024
LARGEST_FILE = 16 * LARGEST_BODY
"""Largest upload, in bytes. It is above Slack's limit, so that Slack's own error is shown."""

CONTENT_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
"""Content types by suffix. A machine's own table may give scripts a type that browsers refuse."""


class VendorStandIn(Protocol):
    """The part of a vendor's stand-in that the page needs."""

    on_change: Callable[[], None] | None

    async def set_fault(self, name: str) -> None:
        """Switch to that fault; "fine" means none."""

    def set_version(self, name: str) -> None:
        """Switch to that version of the vendor's API. Raises ValueError for an unknown version."""

    def describe(self) -> dict[str, Any]:
        """Return the vendor's entry for the page."""


class _Body(BaseModel):
    """A body posted by the page. Unknown members are errors."""

    model_config = ConfigDict(extra="forbid")


Given = TypeVar("Given", bound=_Body)


class CommandBody(_Body):
    user: str
    channel: str
    text: str


class ShortcutBody(_Body):
    user: str
    callback_id: str
    channel: str = ""
    ts: str = ""


class ViewBody(_Body):
    user: str
    view_id: str


class SubmitBody(ViewBody):
    values: dict[str, dict[str, dict[str, Any]]]


class ActBody(_Body):
    user: str
    view_id: str = ""
    channel: str = ""
    ts: str = ""
    block_id: str
    action_id: str
    action: dict[str, Any]
    values: dict[str, dict[str, dict[str, Any]]] | None = None


class OptionsBody(ViewBody):
    block_id: str
    action_id: str
    query: str


class FileQuery(_Body):
    user: str
    name: str


class HomeBody(_Body):
    user: str


class FaultBody(_Body):
    fault: Fault


class VersionBody(_Body):
    version: str


class KillBody(_Body):
    pass


def page_app(
    slack: SlackStandIn,
    vendors: Mapping[str, VendorStandIn],
    control_api: ControlApi,
    page: Path = PAGE,
) -> Starlette:
    """Return the whole application. The code that runs the bot reports to `control_api`."""
    api = PageApi(slack, vendors, control_api)
    for vendor in vendors.values():
        vendor.on_change = _teller(slack, vendor)

    async def index(request: Request) -> Response:
        return FileResponse(page / "index.html", media_type=CONTENT_TYPES[".html"])

    return Starlette(
        routes=[
            Route("/", index),
            Mount("/static", PageFiles(directory=page, check_dir=False)),
            Mount("/api", routes=api.routes()),
            Mount("/slack", routes=slack.routes()),
        ],
        middleware=[Middleware(Guard)],
        max_body_size=LARGEST_BODY,
    )


def _teller(slack: SlackStandIn, vendor: VendorStandIn) -> Callable[[], None]:
    return lambda: slack.hub.publish({"type": "vendor", "vendor": vendor.describe()})


class PageFiles(StaticFiles):
    """The page's files, with content types that do not depend on the machine."""

    def file_response(self, full_path: Any, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(full_path, *args, **kwargs)
        if (
            kind := CONTENT_TYPES.get(Path(full_path).suffix)
        ) and "content-type" in response.headers:
            response.headers["content-type"] = kind
        return response


class PageApi:
    """The endpoints below `/api`."""

    def __init__(
        self, slack: SlackStandIn, vendors: Mapping[str, VendorStandIn], control_api: ControlApi
    ) -> None:
        self._slack = slack
        self._vendors = vendors
        self._control_api = control_api

    def routes(self) -> list[Route]:
        """Return the routes. Each posted body is checked against its model first."""
        return [
            Route("/state", self._state),
            Route("/events", self._events),
            _post("/command", CommandBody, self._command),
            _post("/message", CommandBody, self._message),
            _post("/shortcut", ShortcutBody, self._shortcut),
            _post("/submit", SubmitBody, self._submit),
            _post("/act", ActBody, self._act),
            _post("/close", ViewBody, self._close),
            _post("/options", OptionsBody, self._options),
            _post("/home", HomeBody, self._home),
            _post("/bot/kill", KillBody, self._kill),
            Route("/vendors/{name}/fault", self._fault, methods=["POST"]),
            Route("/vendors/{name}/version", self._version, methods=["POST"]),
            Route("/files", self._file, methods=["POST"], max_body_size=LARGEST_FILE),
        ]

    async def _state(self, request: Request) -> Response:
        slack = self._slack
        people = [person.id for person in slack.people.values() if not person.is_bot]
        stacks = {user_id: slack.views(user_id) for user_id in people}
        homes = {user_id: slack.home(user_id) for user_id in people}
        return JSONResponse(
            {
                "team": {"id": slack.team.id, "name": slack.team.name, "domain": slack.team.domain},
                "app": {
                    "name": slack.app.name,
                    "bot_user_id": slack.app.bot_user_id,
                    "has_home": slack.app.has_home,
                },
                "bot": self._control_api.state,
                **self._control_api.described_queue(),
                "people": [_person(person) for person in slack.people.values()],
                "channels": [slack.channel_json(channel) for channel in slack.channels.values()],
                "messages": {channel.id: channel.messages for channel in slack.channels.values()},
                "ephemerals": [
                    {"channel": channel, "user": user, "message": message}
                    for channel, user, message in slack.ephemerals
                ],
                "commands": [
                    {
                        name: command.get(name, "")
                        for name in ("command", "description", "usage_hint")
                    }
                    for command in slack.app.commands.values()
                ],
                "shortcuts": [
                    {
                        name: shortcut.get(name, "")
                        for name in ("name", "type", "callback_id", "description")
                    }
                    for shortcut in slack.app.shortcuts
                ],
                "views": {user_id: stack for user_id, stack in stacks.items() if stack},
                "home": {user_id: home for user_id, home in homes.items() if home},
                "vendors": [vendor.describe() for vendor in self._vendors.values()],
            }
        )

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(
            self._stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
        )

    async def _stream(self) -> AsyncIterator[str]:
        """Yield the events as they happen, and a comment after a while without one."""
        with self._slack.subscribe() as events:
            yield ": listening\n\n"
            while True:
                try:
                    async with asyncio.timeout(KEEP_OPEN_SECONDS):
                        event = await anext(events)
                except TimeoutError:
                    yield ": still here\n\n"
                except StopAsyncIteration:
                    return
                else:
                    yield f"data: {json.dumps(event)}\n\n"

    async def _command(self, body: CommandBody) -> dict[str, Any]:
        return _shown(await self._slack.command(body.user, body.channel, body.text))

    async def _message(self, body: CommandBody) -> dict[str, Any]:
        await self._slack.post(body.user, body.channel, body.text)
        return {"ok": True}

    async def _shortcut(self, body: ShortcutBody) -> dict[str, Any]:
        if body.ts:
            return _shown(
                await self._slack.message_shortcut(
                    body.user, body.channel, body.ts, body.callback_id
                )
            )
        return _shown(await self._slack.shortcut(body.user, body.callback_id))

    async def _submit(self, body: SubmitBody) -> dict[str, Any]:
        return _shown(await self._slack.submit(body.user, body.view_id, body.values))

    async def _act(self, body: ActBody) -> dict[str, Any]:
        outcome = await self._slack.act(
            body.user,
            view_id=body.view_id,
            channel_id=body.channel,
            ts=body.ts,
            block_id=body.block_id,
            action_id=body.action_id,
            action=body.action,
            values=body.values,
        )
        return _shown(outcome)

    async def _close(self, body: ViewBody) -> dict[str, Any]:
        return _shown(await self._slack.close(body.user, body.view_id))

    async def _options(self, body: OptionsBody) -> dict[str, Any]:
        return await self._slack.options(
            body.user, body.view_id, body.block_id, body.action_id, body.query
        )

    async def _home(self, body: HomeBody) -> dict[str, Any]:
        return _shown(await self._slack.open_home(body.user))

    async def _kill(self, body: KillBody) -> dict[str, Any]:
        if self._control_api.kill is None:
            return {"ok": False, "error": "Nobody would start the bot again here."}
        if not self._control_api.kill():
            return {"ok": False, "error": "The bot is not running at the moment."}
        return {"ok": True}

    async def _file(self, request: Request) -> Response:
        """Take a file that was chosen in a form.

        It is the body, with `user` and `name` in the query.
        """
        try:
            given = FileQuery.model_validate(dict(request.query_params))
            file = self._slack.upload(given.user, given.name, await request.body())
        except ValidationError as error:
            return _bad_body(error)
        except MissingError as error:
            return JSONResponse({"ok": False, "error": str(error)}, 404)
        except ValueError as error:
            return JSONResponse({"ok": False, "error": str(error)})
        return JSONResponse({"ok": True, "file": file})

    async def _fault(self, request: Request) -> Response:
        vendor = self._vendors.get(request.path_params["name"])
        if vendor is None:
            return _no_such_vendor()
        try:
            body = FaultBody.model_validate_json(await request.body())
        except ValidationError as error:
            return _bad_body(error)
        await vendor.set_fault(body.fault)
        return JSONResponse({"ok": True})

    async def _version(self, request: Request) -> Response:
        vendor = self._vendors.get(request.path_params["name"])
        if vendor is None:
            return _no_such_vendor()
        try:
            vendor.set_version(VersionBody.model_validate_json(await request.body()).version)
        except ValidationError as error:
            return _bad_body(error)
        except ValueError as error:
            return JSONResponse({"ok": False, "error": str(error)}, 400)
        return JSONResponse({"ok": True})


def _post(
    path: str, model: type[Given], act: Callable[[Given], Awaitable[dict[str, Any]]]
) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            return JSONResponse(await act(model.model_validate_json(await request.body())))
        except ValidationError as error:
            return _bad_body(error)
        except MissingError as error:
            return JSONResponse({"ok": False, "error": str(error)}, 404)

    return Route(path, endpoint, methods=["POST"])


def _no_such_vendor() -> Response:
    return JSONResponse({"ok": False, "error": "There is no such vendor."}, 404)


def _bad_body(error: ValidationError) -> Response:
    where = ", ".join(".".join(map(str, one["loc"])) or "the body" for one in error.errors())
    return JSONResponse({"ok": False, "error": f"Not as expected: {where}."}, 400)


def _shown(outcome: Outcome) -> dict[str, Any]:
    shown: dict[str, Any] = {"ok": outcome.ok}
    if outcome.error:
        shown["error"] = outcome.error
    if outcome.errors:
        shown["errors"] = outcome.errors
    return shown


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "real_name": person.real_name,
        "title": person.title,
        "is_admin": person.is_admin,
        "color": person.color,
        "initials": person.initials,
        "is_bot": person.is_bot,
        "is_guest": person.is_restricted or person.is_ultra_restricted,
        "playable": person.playable,
    }
