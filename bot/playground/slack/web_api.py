"""The entry of the Web API: arguments, token, scopes, the method's call, and its record."""

import hmac
import json
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.playground.slack.grants import SlackError
from bot.playground.slack.methods import METHODS, Reply, invalid
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.state import Call, State

JSON_ARGUMENTS = frozenset({"view", "blocks", "attachments", "metadata"})


class WebApi:
    """The endpoint of every method.

    Every answer has status 200, with the outcome in `ok` and `error`.
    """

    def __init__(self, state: State, sockets: Sockets, app_token: str) -> None:
        self._state = state
        self._sockets = sockets
        self._app_token = app_token

    async def __call__(self, request: Request) -> JSONResponse:
        """Answer one call."""
        method = request.path_params["method"]
        args: dict[str, Any] = {}
        try:
            args = texts(await arguments(request))
            token = args.pop("token", "") or bearer(request)
            reply: Reply = {"ok": True, **self._run(method, args, token)}
        except SlackError as error:
            reply = {"ok": False, "error": error.error, **error.details}
        self._record(method, args, reply)
        headers = {
            "X-OAuth-Scopes": ",".join(self._state.app.scopes),
            "Date": formatdate(usegmt=True),
        }
        return JSONResponse(reply, headers=headers)

    def _run(self, name: str, args: Mapping[str, Any], token: str) -> Reply:
        if name == "api.test":
            return _api_test(args)
        app_level = name == "apps.connections.open"
        method = METHODS.get(name)
        if method is None and not app_level:
            raise SlackError("unknown_method", req_method=name)
        self._authorize(token, app_level)
        if method is None:
            return {
                "url": f"ws{self._state.url.removeprefix('http')}/socket/{self._sockets.ticket()}"
            }
        scopes = self._state.app.scopes
        if method.scopes and not set(method.scopes) & set(scopes):
            raise SlackError("missing_scope", needed=method.scopes[0], provided=",".join(scopes))
        if missing := [one for one in method.required if args.get(one) in (None, "")]:
            raise invalid(*(f"missing required field: {one}" for one in missing))
        return method.run(self._state, args)

    def may_read_files(self, token: str) -> bool:
        """Return whether the token is the bot's and has the scope for files."""
        try:
            self._authorize(token, app_level=False)
        except SlackError:
            return False
        return "files:read" in self._state.app.scopes

    def _authorize(self, token: str, app_level: bool) -> None:
        if not token:
            raise SlackError("not_authed")
        wanted, other = self._state.bot_token, self._app_token
        if app_level:
            wanted, other = other, wanted
        if wanted and hmac.compare_digest(token.encode(), wanted.encode()):
            return
        raise SlackError("not_allowed_token_type" if other and token == other else "invalid_auth")

    def _record(self, method: str, args: dict[str, Any], reply: Reply) -> None:
        error = str(reply.get("error", ""))
        self._state.calls.append(Call(method, args, bool(reply["ok"]), error))
        if error in ("invalid_blocks", "invalid_arguments"):
            messages = reply.get("response_metadata", {}).get("messages", [error])
            self._state.violations += [f"{method}: {message}" for message in messages]


def _api_test(args: Mapping[str, Any]) -> Reply:
    if args.get("error"):
        raise SlackError(str(args["error"]), args=dict(args))
    return {"args": dict(args)} if args else {}


def bearer(request: Request) -> str:
    """Return the token in a call's header, or an empty string."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def texts(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with numbers as text, as in a web form.

    Raises `SlackError` for lists and objects out of place.
    """
    if strays := [
        name
        for name, value in args.items()
        if isinstance(value, list | dict) and name not in JSON_ARGUMENTS
    ]:
        raise invalid(*(f"must be a string [json-pointer:/{name}]" for name in strays))
    return {
        name: str(value)
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for name, value in args.items()
    }


async def arguments(request: Request) -> dict[str, Any]:
    """Return the arguments of a call, from its query and its body (a web form or JSON)."""
    args: dict[str, Any] = dict(request.query_params)
    body = await request.body()
    if not body:
        return args
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return {**args, **_json_object(body)}
    if kind == "application/x-www-form-urlencoded":
        try:
            return {**args, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
        except UnicodeDecodeError:
            raise SlackError("invalid_form_data") from None
    raise SlackError("invalid_post_type")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        args = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(args, dict):
        raise SlackError("json_not_object")
    return args
