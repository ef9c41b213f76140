"""The installation of the app in a workspace or a whole organisation, by OAuth.

The browser goes to Slack and returns with a code, and the code is exchanged for the bot's token.
Bolt's own OAuth flow is not used: it does not tell one reason from another (a wrong client secret
looks like a used code), logs the code, makes a cookie that works over HTTPS only, and keeps
people's tokens. The two routes here therefore use slack_sdk directly.

Nothing is stored before the installation. The state that travels to Slack and back is the time with
a signature over the time and the browser's cookie. Slack takes each code once.
"""

import hashlib
import hmac
import re
import secrets
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_sdk.oauth import AuthorizeUrlGenerator
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.language import speaking
from bot.settings import SlackApp
from bot.slack import scopes
from bot.slack.clients import answered_at
from bot.slack.errors import NOT_DONE, said
from bot.slack.installations import Installation, Installations
from bot.web.installing import REASONS, NotDoneError, installed
from bot.web.pages import browser_locale
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

INSTALL = "/slack/install"
CALLBACK = "/slack/oauth_redirect"
STATE_SECONDS = 600


class OAuth:
    """The routes of an installation. `client` has time and no token.

    `authorize_url` is Slack's page on which a person agrees. Slack is asked for all scopes, and
    the person may decline the optional ones.
    """

    def __init__(
        self,
        app: SlackApp,
        client: AsyncWebClient,
        installations: Installations,
        authorize_url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._client = client
        self._installations = installations
        self._clock = clock
        self._https = app.url.startswith("https://")
        self._cookie = "__Host-install" if self._https else "install"
        self._redirect_uri = f"{app.url}{CALLBACK}"
        self._slack = AuthorizeUrlGenerator(
            client_id=app.client_id,
            redirect_uri=self._redirect_uri,
            scopes=sorted({*scopes.required(), *scopes.optional()}),
            authorization_url=authorize_url,
        )

    def routes(self) -> list[Route]:
        return [
            Route(INSTALL, self.install, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
        ]

    async def install(self, request: Request) -> Response:
        """Redirect to Slack, with a state that only this browser can bring back."""
        browser = secrets.token_urlsafe(32)
        url = self._slack.generate(self._state(browser, f"{self._clock():.0f}"))
        response = RedirectResponse(url, 302, {"Cache-Control": "no-store"})
        response.set_cookie(
            self._cookie,
            browser,
            max_age=STATE_SECONDS,
            httponly=True,
            samesite="lax",
            secure=self._https,
        )
        return response

    async def callback(self, request: Request) -> Response:
        """Handle the return from Slack: exchange the code for the token and store it."""
        with speaking(browser_locale(request)):
            return await self._returned(request)

    async def _returned(self, request: Request) -> Response:
        try:
            installation = await self._exchange(self._code(request))
            await self._installations.save(installation)
        except NotDoneError as error:
            return error.page(self._app.url + INSTALL, https=self._https)
        except sqlite3.Error as error:
            log.error("oauth.not_saved", error=type(error).__name__)
            return NotDoneError("not_saved").page(self._app.url + INSTALL, https=self._https)
        log.info("oauth.installed", **installation.workspace._asdict())
        response = installed(installation, https=self._https)
        response.delete_cookie(self._cookie, httponly=True, samesite="lax", secure=self._https)
        return response

    def _state(self, browser: str, at: str) -> str:
        """Return the state for the browser that keeps this secret. `at` is in epoch seconds."""
        key, text = self._app.client_secret.encode(), f"{at} {browser}"
        return f"{at}.{hmac.new(key, text.encode(errors='replace'), hashlib.sha256).hexdigest()}"

    def _code(self, request: Request) -> str:
        """Return the code that Slack sent along. Raises `NotDoneError`."""
        given = request.query_params
        if error := given.get("error"):
            # Anybody can write the address, so text that is no error code is not repeated.
            word = error if re.fullmatch(r"[a-z_]{1,40}", error) else "unknown_error"
            raise NotDoneError("cancelled" if word == "access_denied" else "refused", word)
        state, browser = given.get("state", ""), request.cookies.get(self._cookie, "")
        at = state.partition(".")[0]
        ours = self._state(browser, at).encode(errors="replace")
        if (
            not given.get("code")
            or not hmac.compare_digest(state.encode(errors="replace"), ours)
            or self._clock() - float(at) >= STATE_SECONDS
        ):
            raise NotDoneError("stale")
        return given["code"]

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
            word = said(error)
            log.warning("oauth.token_missed", error=word)
            if word in REASONS:
                raise NotDoneError(word, self._redirect_uri) from None
            raise NotDoneError("refused" if word.islower() else "unreachable", word) from None
        at = answered_at(answer.headers)
        named = granted["team" if place.team else "enterprise"]
        return Installation(
            workspace=place,
            name=str(named.get("name") or ""),
            app=str(granted.get("app_id") or ""),
            bot_user=str(granted.get("bot_user_id") or ""),
            bot=str(about.get("bot_id") or ""),
            scopes=tuple(sorted(_scopes(granted))),
            installed_by=str((granted.get("authed_user") or {}).get("id") or ""),
            installed_at=self._clock() if at is None else at,
            token=str(granted["access_token"]),
        )

    def _granted(self, answer: Any) -> tuple[Workspace, dict[str, Any]]:
        """Return the workspace and Slack's answer, if the answer has all that the bot needs.

        Raises `NotDoneError`.
        """
        if not isinstance(answer, dict):
            raise NotDoneError("refused", "no_bot_token")
        if answer.get("refresh_token") or answer.get("expires_in"):
            log.warning("oauth.token_rotation_found")
            raise NotDoneError("token_rotation")
        if not str(answer.get("access_token") or "").startswith("xoxb-"):
            raise NotDoneError("refused", "no_bot_token")
        if missing := set(scopes.required()) - _scopes(answer):
            log.warning("oauth.scopes_missed", scopes=sorted(missing))
            raise NotDoneError("scopes_missing", ", ".join(sorted(missing)))
        if (place := place_of(answer)) is None:
            raise NotDoneError("refused", "no_workspace")
        if place not in self._app.workspaces:
            log.warning("oauth.workspace_not_allowed", **place._asdict())
            raise NotDoneError("not_allowed", place.team or place.enterprise)
        return place, answer


def place_of(answer: Mapping[str, Any]) -> Workspace | None:
    """Return the workspace in Slack's answer, or None if the answer names none.

    A whole organisation has no team.
    """
    enterprise, team = answer.get("enterprise") or {}, answer.get("team") or {}
    organisation, workspace = str(enterprise.get("id") or ""), str(team.get("id") or "")
    if answer.get("is_enterprise_install") is True:
        return Workspace(organisation, "") if organisation else None
    return Workspace(organisation, workspace) if workspace else None


def _scopes(answer: Mapping[str, Any]) -> set[str]:
    return {scope for scope in str(answer.get("scope") or "").split(",") if scope}
