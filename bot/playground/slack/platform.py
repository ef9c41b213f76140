"""Slack with several workspaces and organisations.

There is one Web API for all of them, and the page on which a person allows the app. Every workspace
is a stand-in of its own, with or without the app. A call belongs to the workspace whose token it
carries.
"""

import base64
import binascii
import html
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import BaseRoute, Mount, Route

from bot.playground.slack.grants import SlackError
from bot.playground.slack.standin import SlackStandIn
from bot.playground.slack.state import Call
from bot.playground.slack.web_api import arguments, bearer, texts
from bot.playground.vendors import data

PERSON = data.PEOPLE[0].slack_id
"""The person who allows the app, in every workspace."""


@dataclass(frozen=True, slots=True)
class Permission:
    """The permission behind a code: the workspace, the scopes, and the only address allowed."""

    slack: SlackStandIn
    scopes: str
    redirect_uri: str


class Platform:
    """The platform, with switches for tests.

    `redirect_uri` is the address that the app has registered.

    With `rotating`, token rotation is switched on. `withheld` is a scope that is not granted, as if
    the app's settings lacked it. `declined` are the optional scopes that the person unticks on the
    page; others cannot be unticked. With `down`, every answer is a 503.
    """

    def __init__(
        self, workspaces: Sequence[SlackStandIn], client_id: str, client_secret: str
    ) -> None:
        self.workspaces = {slack.team.id: slack for slack in workspaces}
        self.client_id = client_id
        self.client_secret = client_secret
        self.redirect_uri = ""
        self.rotating = False
        self.withheld = ""
        self.declined = frozenset[str]()
        self.down = False
        self.exchanges: list[Call] = []
        """The calls of oauth.v2.access, oldest first, without the code."""
        self.codes: dict[str, Permission] = {}
        """The codes that were not exchanged yet."""

    def routes(self) -> list[BaseRoute]:
        """Return the routes: `/oauth/v2/authorize`, the Web API, and each workspace's own.

        The routes of a workspace are below its team id.
        """
        return [
            Route("/oauth/v2/authorize", self.authorize, methods=["GET"]),
            Route("/api/{method}", self.api, methods=["GET", "POST"]),
            *(Mount(f"/{team}", routes=slack.routes()) for team, slack in self.workspaces.items()),
        ]

    def settle(self, url: str, bot_url: str) -> None:
        """Set the address at which the routes are mounted, and the bot's address."""
        self.redirect_uri = f"{bot_url}/slack/oauth_redirect"
        for team, slack in self.workspaces.items():
            slack.url, slack.bot_url = f"{url}/{team}", bot_url

    def calls(self, method: str) -> list[Call]:
        """Return the calls of that method in all workspaces."""
        return [
            call
            for slack in self.workspaces.values()
            for call in slack.calls
            if call.method == method
        ]

    async def authorize(self, request: Request) -> Response:
        """Answer the page on which a person allows the app.

        With `team`, the person allows it there. With `cancel`, the person refuses. Without either,
        the page asks.
        """
        given = request.query_params
        if (
            given.get("client_id") != self.client_id
            or given.get("redirect_uri") != self.redirect_uri
        ):
            return PlainTextResponse("Slack does not know this app or its redirect_uri.", 400)
        back = {"state": given.get("state", "")}
        if "cancel" in given:
            return self._redirect(back | {"error": "access_denied"})
        if slack := self.workspaces.get(given.get("team", "")):
            code = secrets.token_urlsafe(16)
            self.codes[code] = Permission(slack, given.get("scope", ""), self.redirect_uri)
            return self._redirect(back | {"code": code})
        choices = [
            ("cancel", "1", "Cancel"),
            *(
                ("team", workspace.team.id, workspace.team.name)
                for workspace in self.workspaces.values()
            ),
        ]
        links = [
            f'<li><a href="?{html.escape(urlencode(dict(given) | {name: value}))}">'
            f"{html.escape(words)}</a></li>"
            for name, value, words in choices
        ]
        return HTMLResponse(f"<!doctype html><title>Allow</title><ul>{''.join(links)}</ul>")

    def _redirect(self, query: dict[str, str]) -> RedirectResponse:
        return RedirectResponse(f"{self.redirect_uri}?{urlencode(query)}", 302)

    async def api(self, request: Request) -> Response:
        """Handle one call, in the workspace whose token it carries."""
        if self.down:
            return PlainTextResponse("upstream connect error", 503)
        if request.path_params["method"] == "oauth.v2.access":
            return await self._access(request)
        token = bearer(request)
        found = (
            workspace
            for workspace in self.workspaces.values()
            if workspace.bot_token and secrets.compare_digest(workspace.bot_token, token)
        )
        slack = next(found, next(iter(self.workspaces.values())))
        return await slack.web_api(request)

    async def _access(self, request: Request) -> Response:
        """Handle oauth.v2.access: exchange a code for a token, once."""
        args: dict[str, Any] = {}
        try:
            args = texts(await arguments(request))
            reply = {"ok": True, **self._token(request, args.pop("code", ""), args)}
        except SlackError as error:
            reply = {"ok": False, "error": error.error, **error.details}
        self.exchanges.append(
            Call("oauth.v2.access", args, bool(reply["ok"]), str(reply.get("error", "")))
        )
        return JSONResponse(reply)

    def _token(self, request: Request, code: str, args: dict[str, Any]) -> dict[str, Any]:
        client_id, client_secret = _credentials(request)
        if client_id != self.client_id:
            raise SlackError("invalid_client_id")
        if not secrets.compare_digest(client_secret, self.client_secret):
            raise SlackError("bad_client_secret")
        permission = self.codes.get(code)
        if permission is None:
            raise SlackError("invalid_code")
        if args.get("redirect_uri") != permission.redirect_uri:
            raise SlackError("bad_redirect_uri")
        del self.codes[code]
        missing = {self.withheld, *(self.declined & permission.slack.app.optional)}
        scopes = [scope for scope in permission.scopes.split(",") if scope not in missing]
        permission.slack.app.scopes[:] = scopes
        return self._granted(permission.slack, scopes)

    def _granted(self, slack: SlackStandIn, scopes: Sequence[str]) -> dict[str, Any]:
        """Return the answer with the bot's token.

        A person's token is always included, and the bot should ignore it.
        """
        slack.bot_token = slack.bot_token or f"xoxb-{secrets.token_hex(12)}"
        team, there = {"id": slack.team.id, "name": slack.team.name}, slack.organisation
        reply = {
            "access_token": slack.bot_token,
            "token_type": "bot",
            "scope": ",".join(scopes),
            "bot_user_id": slack.app.bot_user_id,
            "app_id": slack.app.id,
            "team": None if there and there.whole else team,
            "enterprise": {"id": there.id, "name": there.name} if there else None,
            "is_enterprise_install": bool(there and there.whole),
            "authed_user": {
                "id": PERSON,
                "access_token": f"xoxp-{secrets.token_hex(12)}",
                "token_type": "user",
            },
        }
        if self.rotating:
            rotated = {
                "access_token": f"xoxe.{slack.bot_token}",
                "refresh_token": "xoxe-1",
                "expires_in": 43_200,
            }
            return reply | rotated
        return reply

    async def aclose(self) -> None:
        """End every listener and connection."""
        for slack in self.workspaces.values():
            await slack.aclose()


def _credentials(request: Request) -> tuple[str, str]:
    """Return the client id and secret from the Authorization header."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        client_id, _, client_secret = (
            base64.b64decode(encoded, validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        client_id = client_secret = ""
    if scheme.lower() != "basic":
        raise SlackError("invalid_client_id")
    return client_id, client_secret
