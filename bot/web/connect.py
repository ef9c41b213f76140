"""The page on which an admin connects a vendor: /connect/{token}.

The page is plain HTML with one form and without a script. The token in the address gives access: 32
random bytes, for one workspace, vendor and person, for ten minutes and one change. In addition, a
posted form must come from the page itself. The browser must say so (Sec-Fetch-Site, or Origin if
that is missing), and the form must contain a key that fits a cookie. Wrong tokens are not counted,
because no token can be guessed.

Every change is answered with a redirect to the same page. The page then shows the new state, or the
receipt if the link is used up. A reload, a second click or the back button therefore repeats
nothing.

No address, token or credential is logged, quoted in an error, or kept after the answer.
"""

import asyncio
import hashlib
import hmac
import re
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit
from weakref import WeakValueDictionary

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bot.adapters.http import rejected_token
from bot.connections.setup_links import SetupLink
from bot.connections.store import Connection
from bot.connections.verify import check_again, check_and_save
from bot.errors import FormError, RelayError, UnauthorizedError
from bot.language import _, command, speaking
from bot.services import Services
from bot.web import connect_pages as pages
from bot.web.bodies import Bodies
from bot.web.connect_form import ACTION, FORM_KEY, given_in, typed_in
from bot.web.connect_pages import Visit
from bot.web.pages import HEADERS, browser_locale, page, paragraphs
from bot.web.receipts import Receipts
from bot.workspace import Workspace

log = structlog.get_logger(__name__)

LARGEST_BODY = 16 * 1024
_COOKIE = re.compile(r"[A-Za-z0-9_-]{22}")

ClientFor = Callable[[Workspace], Awaitable[AsyncWebClient]]
"""Returns a Slack client for a workspace. Raises `NotInstalledError` or `SecretError`."""


class Connecting:
    """The page's endpoint. `changed` is called with the workspace and the person after a change."""

    def __init__(
        self,
        services: Services,
        receipts: Receipts,
        client_for: ClientFor,
        changed: Callable[[Workspace, str], Awaitable[None]],
        *,
        bodies: Bodies | None = None,
    ) -> None:
        self._services = services
        self._receipts = receipts
        self._client_for = client_for
        self._changed = changed
        self._bodies = bodies or Bodies()
        self._https = services.connections.public_url.startswith("https://")
        self._cookie = "__Host-connect" if self._https else "connect"
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def routes(self) -> list[BaseRoute]:
        """Return the page's route.

        Without a public address there is none, since nobody gets a link then.
        """
        route = Route("/connect/{token}", self.answer, methods=["GET", "POST"])
        return [route] if self._services.connections.public_url else []

    async def answer(self, request: Request) -> Response:
        """Return the page for any request. Never raises."""
        browser = self._browser(request)
        with speaking(browser_locale(request)):
            response = await self._answered(request, browser)
        if browser != request.cookies.get(self._cookie):
            response.set_cookie(
                self._cookie, browser, secure=self._https, httponly=True, samesite="lax"
            )
        return response

    async def _answered(self, request: Request, browser: str) -> Response:
        """Return the page, in the language of the person who asked for the link."""
        carry_out = self._act if request.method == "POST" else self._look
        links = self._services.connections.setup_links
        try:
            if (link := await links.find(request.path_params["token"])) is None:
                return await carry_out(request, browser)
            readers = self._services.slack.readers
            locale = link.locale or browser_locale(request)
            with await readers.speaking(link.workspace), speaking(locale):
                return await carry_out(request, browser)
        except sqlite3.Error as error:
            log.error("connection.not_saved", error=type(error).__name__)
            return self._notice(
                503, _("Not saved"), _("We couldn't save this, so nothing was changed. Try again.")
            )
        except Exception as error:
            log.error("connection.page_failed", error=type(error).__name__)
            return self._notice(
                500,
                _("Not done"),
                _("Something went wrong on our side. Start again from Slack."),
            )

    async def _look(self, request: Request, browser: str) -> Response:
        token = request.path_params["token"]
        if (link := await self._services.connections.setup_links.find(token)) is None:
            return self._over(token, browser)
        visit = await self._visit(link, token, browser)
        if request.query_params.get(pages.ASKED_FIRST) and visit.connection is not None:
            return pages.disconnecting(visit)
        return pages.form(visit)

    async def _act(self, request: Request, browser: str) -> Response:
        if not self._from_here(request):
            return self._notice(
                403, _("Not sent from this page"), _("Nothing was changed."), _again()
            )
        posted = await self._bodies.read_form(request, LARGEST_BODY)
        if isinstance(posted, Response):
            return posted
        token = request.path_params["token"]
        async with self._locks.setdefault(token, asyncio.Lock()):
            # A second click waits for the first, and finds that the link is used up.
            if (link := await self._services.connections.setup_links.find(token)) is None:
                return self._see(token)
            visit = await self._visit(link, token, browser)
            typed = typed_in(visit.adapter.credentials, posted)
            if not hmac.compare_digest(posted.get(FORM_KEY, "").encode(), visit.form_key.encode()):
                problem = _(
                    "Nothing was changed, because your browser didn't send our cookie. Allow "
                    "cookies for this page and press the button again."
                )
                return pages.form(visit, typed, problem=problem, status=403)
            if problem := await self._objection(link):
                return pages.form(visit, typed, problem=problem, status=403)
            return await self._carry_out(visit, posted) or self._see(token)

    async def _carry_out(self, visit: Visit, posted: Mapping[str, str]) -> Response | None:
        """Carry out the posted action.

        Return the form with its errors, or None if a redirect to the page shows the result.
        """
        match posted.get(ACTION):
            case "save":
                return await self._save(visit, posted)
            case "test" if visit.connection is not None:
                return await self._test(visit, visit.connection)
            case "disconnect":
                await self._disconnect(visit)
        # The button is unknown here, or the vendor was disconnected meanwhile.
        return None

    async def _save(self, visit: Visit, posted: Mapping[str, str]) -> Response | None:
        link = visit.link
        try:
            given = given_in(visit.adapter.credentials, posted)
            account = await check_and_save(
                visit.adapter,
                self._services.connections.store,
                link.workspace,
                given,
                by=link.actor,
                link=link,
            )
        except FormError as error:
            return pages.form(
                visit, typed_in(visit.adapter.credentials, posted, errors=error.errors), status=422
            )
        except RelayError as error:
            log.info("connection.rejected", vendor=link.vendor, error=type(error).__name__)
            problem = " ".join([_("Nothing was saved."), str(error)])
            return pages.form(
                visit, typed_in(visit.adapter.credentials, posted, problem), status=422
            )
        if account is not None:
            log.info(
                "connection.saved", team=link.workspace.team, vendor=link.vendor, by=link.actor
            )
            await self._services.slack.readers.suggest(link.workspace, link.locale)
            await self._done(visit, pages.connected(visit, account))
        return None

    async def _test(self, visit: Visit, connection: Connection) -> Response | None:
        """Check the stored credentials again. The link stays valid."""
        link = visit.link
        # The credentials were encrypted with a lost key, and the page says so.
        if not connection.secret:
            return None
        try:
            await check_again(visit.adapter, self._services.connections.store, connection)
        except FormError:
            problem = _("This version of the bot can't use the stored key. Paste it again below.")
            return pages.form(visit, problem=problem, status=422)
        except UnauthorizedError as error:
            if error.status != 401:
                return pages.form(
                    visit, problem=pages.asked_just_now(visit, str(error)), status=422
                )
            sentence = str(rejected_token(visit.adapter.label, 401))
            await self._services.connections.store.mark(link.workspace, link.vendor, sentence)
            await self._wake(link)
            refused = replace(visit, connection=replace(connection, broken=sentence))
            return pages.form(refused, problem=pages.still_refused(visit, connection), status=422)
        except RelayError as error:
            return pages.form(visit, problem=pages.asked_just_now(visit, str(error)), status=422)
        await self._wake(link)
        return None

    async def _disconnect(self, visit: Visit) -> None:
        link = visit.link
        if await self._services.connections.store.remove(link.workspace, link.vendor, link):
            log.info(
                "connection.removed",
                team=link.workspace.team,
                vendor=link.vendor,
                by=link.actor,
            )
            await self._done(visit, pages.disconnected(visit))

    async def _done(self, visit: Visit, answer: Response) -> None:
        """Keep the receipt of the used link for this browser, and announce the change."""
        self._receipts.keep(visit.link.workspace, visit.form_key, answer)
        await self._wake(visit.link)

    async def _wake(self, link: SetupLink) -> None:
        """Let everything that waited for the connection go on, and announce the change."""
        self._services.catalogs.wake()
        self._services.delivery.dispatcher.wake()
        self._services.slack.background.start(self._tell(link))

    async def _tell(self, link: SetupLink) -> None:
        try:
            await self._changed(link.workspace, link.actor)
        except Exception as error:
            log.warning("connection.person_not_told", error=type(error).__name__)

    async def _objection(self, link: SetupLink) -> str:
        """Return why this person may not change anything, or an empty string.

        Slack is asked anew, even if it answered some minutes ago. Without Slack's answer the person
        may not, unless the operator of a single workspace named the person (`RELAY_ADMINS`).
        """
        unknown = _(
            "Nothing was changed, because we couldn't check that you're an admin of the workspace."
        )
        try:
            client = await self._client_for(link.workspace)
        except RelayError as error:
            return f"{unknown} {error}".strip()
        person = await self._services.slack.people.person(
            client, link.workspace, link.actor, fresh=True
        )
        if person.role == "unknown":
            return f"{unknown} {person.problem}"
        if person.role != "admin":
            return _(
                "Nothing was changed. Only workspace admins and owners can do this. Ask one "
                "of them."
            )
        return ""

    async def _visit(self, link: SetupLink, token: str, browser: str) -> Visit:
        connections = await self._services.connections.store.of(link.workspace)
        waiting = await self._services.delivery.deliveries.waiting(link.workspace)
        return Visit(
            link=link,
            adapter=self._services.operations.adapters[link.vendor],
            connection=next((each for each in connections if each.vendor == link.vendor), None),
            waiting={
                account: backlog.number
                for (vendor, account), backlog in waiting.items()
                if vendor == link.vendor
            },
            now=time.time(),
            https=self._https,
            form_key=_form_key(browser, token),
        )

    def _over(self, token: str, browser: str) -> Response:
        """Return the page for an invalid link.

        The browser that used the link gets the receipt, any other a notice.
        """
        return self._receipts.of(_form_key(browser, token)) or self._notice(
            410,
            _("This link has expired"),
            _(
                "A link works for ten minutes and for one change. A newer link replaces an "
                "older one."
            ),
            _again(),
        )

    def _see(self, token: str) -> Response:
        """Redirect to the page itself.

        The address is relative, because the operator decides the part before it.
        """
        return Response(status_code=303, headers={**HEADERS, "Location": quote(token, safe="")})

    def _notice(self, status: int, title: str, *sentences: str) -> HTMLResponse:
        return page(title, paragraphs(sentences), status=status, https=self._https)

    def _browser(self, request: Request) -> str:
        """Return the value that identifies this browser: its cookie, or a new one."""
        cookie = request.cookies.get(self._cookie, "")
        return cookie if _COOKIE.fullmatch(cookie) else secrets.token_urlsafe(16)

    def _from_here(self, request: Request) -> bool:
        """Return whether the browser says that the page itself sent the request.

        Sec-Fetch-Site decides: under `no-referrer` the Origin header is "null" even for the page
        itself. A browser too old for Sec-Fetch-Site has to name the origin.
        """
        address = urlsplit(self._services.connections.public_url)
        by_origin = request.headers.get("origin") == f"{address.scheme}://{address.netloc}"
        site = request.headers.get("sec-fetch-site")
        return site == "same-origin" if site else by_origin


def _again() -> str:
    return _("To get a new link, type {vendors} in Slack and press the button.").format(
        vendors=command("vendors")
    )


def _form_key(browser: str, token: str) -> str:
    return hmac.new(browser.encode(), token.encode(errors="replace"), hashlib.sha256).hexdigest()
