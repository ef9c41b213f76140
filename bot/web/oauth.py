"""The installation of the app in a workspace or a whole organisation, by OAuth.

The browser goes to Slack and returns with a code, and the code is exchanged for the bot's token.
Bolt's own OAuth flow is not used: it does not tell one reason from another (a wrong client secret
looks like a used code), logs the code, makes a cookie that works over HTTPS only, and keeps
people's tokens. The two routes here therefore use slack_sdk directly.
"""

import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import structlog
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.settings import SlackApp
from bot.slack.clients import answered_at
from bot.slack.errors import NOT_DONE, said
from bot.slack.installations import STATE_SECONDS, Installation, Installations, OAuthStates
from bot.web import installing
from bot.web.installing import NotDoneError
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

INSTALL = "/slack/install"
CALLBACK = "/slack/oauth_redirect"


class AuthorizePage(NamedTuple):
    """Slack's page on which a person agrees to the installation, and the scopes that the app
    needs."""

    url: str
    scopes: Collection[str]


class OAuth:
    """The routes of an installation. `client` has time and no token."""

    def __init__(
        self,
        app: SlackApp,
        client: AsyncWebClient,
        installations: Installations,
        states: OAuthStates,
        authorize_page: AuthorizePage,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._client = client
        self._installations = installations
        self._states = states
        self._scopes = frozenset(authorize_page.scopes)
        self._clock = clock
        self._https = app.url.startswith("https://")
        self._cookie = "__Host-install" if self._https else "install"
        self._redirect_uri = f"{app.url}{CALLBACK}"
        self._slack = AuthorizeUrlGenerator(
            client_id=app.client_id,
            redirect_uri=self._redirect_uri,
            scopes=sorted(authorize_page.scopes),
            authorization_url=authorize_page.url,
        )

    def routes(self) -> list[Route]:
        return [
            Route(INSTALL, self.install, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
        ]

    async def install(self, request: Request) -> Response:
        """Redirect to Slack, with a state that only this browser can bring back."""
        browser = secrets.token_urlsafe(32)
        try:
            state = await self._states.issue(browser)
        except sqlite3.Error as error:
            log.error("oauth.state_not_saved", error=type(error).__name__)
            return self._page(installing.not_saved())
        if state is None:
            log.warning("oauth.states_limited")
            return self._page(installing.too_many())
        response = RedirectResponse(self._slack.generate(state), 302, {"Cache-Control": "no-store"})
        response.set_cookie(
            self._cookie,
            browser,
            max_age=int(STATE_SECONDS),
            httponly=True,
            samesite="lax",
            secure=self._https,
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Handle the return from Slack: exchange the code for the token and store it."""
        try:
            installation = await self._install(request)
        except NotDoneError as reason:
            return self._page(reason)
        log.info("oauth.installed", **installation.workspace._asdict())
        response = installing.installed(installation, https=self._https)
        response.delete_cookie(self._cookie, httponly=True, samesite="lax", secure=self._https)
        return response

    async def _install(self, request: Request) -> Installation:
        """Check the request and store the installation. Raises `NotDoneError`."""
        given = request.query_params
        try:
            ours = await self._states.use(
                given.get("state", ""), request.cookies.get(self._cookie, "")
            )
            if error := given.get("error"):
                raise (
                    installing.cancelled()
                    if error == "access_denied"
                    else installing.refused(_word(error))
                )
            if not ours or not given.get("code"):
                raise installing.not_this_state()
            installation = await self._exchange(given["code"])
            await self._installations.save(installation)
        except sqlite3.Error as error:
            log.error("oauth.not_saved", error=type(error).__name__)
            raise installing.not_saved() from None
        return installation

    async def _exchange(self, code: str) -> Installation:
        """Exchange the code for an installation. Raises `NotDoneError`."""
        app = self._app
        try:
            answer = await self._client.oauth_v2_access(
                client_id=app.client_id,
                client_secret=app.client_secret,
                code=code,
                redirect_uri=self._redirect_uri,
            )
            place, granted = self._granted(answer.data)
            # `auth.test` gives the facts that the first answer lacks, and shows that the token
            # works.
            about = await self._client.auth_test(token=granted["access_token"])
        except NOT_DONE as error:
            log.warning("oauth.token_missed", error=said(error))
            raise installing.no_token(said(error), self._redirect_uri) from None
        at = answered_at(answer.headers)
        return _read(
            place, granted, str(about.get("bot_id") or ""), self._clock() if at is None else at
        )

    def _granted(self, answer: Any) -> tuple[Workspace, dict[str, Any]]:
        """Return the workspace and Slack's answer, if the answer has all that the bot needs.

        Raises `NotDoneError`.
        """
        if not isinstance(answer, dict):
            raise installing.refused("no_bot_token")
        if answer.get("refresh_token") or answer.get("expires_in"):
            log.warning("oauth.token_rotation_found")
            raise installing.token_rotation()
        if not str(answer.get("access_token") or "").startswith("xoxb-"):
            raise installing.refused("no_bot_token")
        if missing := self._scopes - set(str(answer.get("scope") or "").split(",")):
            log.warning("oauth.scopes_missed", scopes=sorted(missing))
            raise installing.scopes_missing(sorted(missing))
        if (place := place_of(answer)) is None:
            raise installing.refused("no_workspace")
        if place not in self._app.workspaces:
            log.warning("oauth.workspace_not_allowed", **place._asdict())
            raise installing.not_allowed(place)
        return place, answer

    def _page(self, reason: NotDoneError) -> Response:
        return reason.page(self._app.url + INSTALL, https=self._https)


def place_of(answer: Mapping[str, Any]) -> Workspace | None:
    """Return the workspace in Slack's answer, or None if the answer names none.

    A whole organisation has no team.
    """
    enterprise, team = answer.get("enterprise") or {}, answer.get("team") or {}
    organisation, workspace = str(enterprise.get("id") or ""), str(team.get("id") or "")
    if answer.get("is_enterprise_install") is True:
        return Workspace(organisation, "") if organisation else None
    return Workspace(organisation, workspace) if workspace else None


def _read(place: Workspace, answer: Mapping[str, Any], bot: str, at: float) -> Installation:
    """Return the installation in Slack's answer. A person's token is never kept.

    `at` is Slack's time of the answer, in epoch seconds.
    """
    named = answer["team" if place.team else "enterprise"]
    return Installation(
        workspace=place,
        name=str(named.get("name") or ""),
        app=str(answer.get("app_id") or ""),
        bot_user=str(answer.get("bot_user_id") or ""),
        bot=bot,
        scopes=tuple(sorted(filter(None, str(answer.get("scope") or "").split(",")))),
        installed_by=str((answer.get("authed_user") or {}).get("id") or ""),
        installed_at=at,
        token=str(answer["access_token"]),
    )


def _word(error: str) -> str:
    """Return an error code of Slack.

    It comes from an address that anybody can write, so other text is replaced.
    """
    return error if re.fullmatch(r"[a-z_]{1,40}", error) else "unknown_error"
