"""The web application: Slack's requests, checked before anything reads them, and `/healthz`.

Bolt's own check logs the whole body of a request with a wrong signature, fails on a timestamp that
is no number, and parses before it verifies. The check is therefore made here, and Bolt gets only
verified requests.
"""

import binascii
import json
import re
import sqlite3
import time
from collections.abc import Sequence
from urllib.parse import parse_qs

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.adapters.base import storable
from bot.storage.database import Database
from bot.web.bodies import Bodies, refusal

log = structlog.get_logger(__name__)


SIGNED_SECONDS = 300
"""Largest difference between the clock and a signature's time, in seconds. Slack's own limit."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer that does not set them itself: nothing may be cached, framed or run."""


NOT_SIGNED = "The signature is missing, wrong or too old."
_CLAIM = re.compile(r"([0-9]{1,12}) (v0=[0-9a-f]{64})")
_UNUSUAL = re.compile(r"[^\x20-\x7e]|[&=;]|%(?![0-9A-Fa-f]{2})")
"""Matches a web form's single value that no form encoder wrote."""


def make_web(
    app: AsyncApp,
    signing_secret: SecretStr | None,
    database: Database,
    *,
    pages: Sequence[BaseRoute] = (),
    bodies: Bodies | None = None,
) -> Starlette:
    """Make the web application: `/slack/events`, `/healthz`, and the `pages` for people.

    Without a signing secret (Socket Mode), every request to `/slack/events` is refused. A body is
    not read if its signature cannot be right.
    """
    verifier = SignatureVerifier(signing_secret.get_secret_value()) if signing_secret else None
    bodies = bodies or Bodies()

    async def slack_events(request: Request) -> Response:
        claim = _claim(request)
        if verifier is None or claim is None:
            return refusal(401, NOT_SIGNED)
        body = await bodies.read(request)
        if isinstance(body, Response):
            return body
        try:
            # The text is decoded before the signature check, because the verifier decodes too and
            # raises.
            text = body.decode()
            if not verifier.is_valid(body, *claim):
                return refusal(401, NOT_SIGNED)
            payload = _payload(request, text)
        except (ValueError, RecursionError):
            return refusal(400, "The body cannot be read.")
        try:
            bolt_request = AsyncBoltRequest(body=payload, headers=dict(request.headers))
            return to_starlette_response(await app.async_dispatch(bolt_request))
        except Exception as error:
            # The body is signed but has a shape that Slack never sends. Bolt raises some error
            # while reading the body, before a listener is selected and again on the way to the
            # error handler. An error raised by a listener never arrives here.
            log.warning("web.request_not_read", error=type(error).__name__)
            return refusal(400, "The body is none that Slack sends.")

    async def healthz(request: Request) -> Response:
        try:
            await database.read(
                lambda db: db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            )
        except sqlite3.Error as error:
            log.error("web.health_check_failed", error=type(error).__name__)
            return JSONResponse({"status": "the database cannot be read"}, 503)
        return JSONResponse({"status": "ok"})

    web = Starlette(
        routes=[
            Route("/slack/events", slack_events, methods=["POST"]),
            Route("/healthz", healthz, methods=["GET"]),
            *pages,
        ],
        middleware=[Middleware(_edge)],
        exception_handlers={Exception: _failed},
    )
    # A redirect would go to an address made from the request's Host header.
    web.router.redirect_slashes = False
    return web


def _edge(app: ASGIApp) -> ASGIApp:
    """Refuse requests of two lengths, and add `HEADERS` to every answer, also to a 404.

    Of Content-Length and Transfer-Encoding a proxy may obey the other one, and so see a different
    request (RFC 9112, 6.1). Headers that an answer sets itself stay unchanged.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        two = {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}
        answer = refusal(400, "The request has two lengths.") if two else app
        await answer(scope, receive, send_strictly)

    return guarded


async def _failed(request: Request, error: Exception) -> Response:
    """Answer an unforeseen error.

    Starlette sends this answer from outside every middleware, and raises the error again for the
    log.
    """
    return Response("Something went wrong on my side.\n", 500, HEADERS)


def _claim(request: Request) -> tuple[str, str] | None:
    """Return the time and the signature in the headers, or None if they cannot be right.

    A request with two signatures or timestamps is refused, because a proxy may have checked the
    other one.
    """
    timestamps = request.headers.getlist("X-Slack-Request-Timestamp")
    signatures = request.headers.getlist("X-Slack-Signature")
    match = _CLAIM.fullmatch(" ".join([*timestamps, *signatures]))
    if match is None or abs(time.time() - int(match[1])) > SIGNED_SECONDS:
        return None
    return match[1], match[2]


def _payload(request: Request, text: str) -> str:
    """Return the text for Bolt: a JSON object, the one in a web form's `payload`, or the web form.

    The form's JSON is taken out here because Bolt would decode the form again, which takes longer
    than the rest of its work. Raises ValueError for any other text.
    """
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        found = form_payload(text)
        if found is None:
            return text
        text = found
    parsed = json.loads(text)
    if "\\ud" in text.lower():
        # JSON can spell half a surrogate pair, which can be neither stored nor sent on. Slack sends
        # one where it cuts a text in the middle of an emoji.
        text = storable(json.dumps(parsed, ensure_ascii=False))
    if not isinstance(parsed, dict):
        raise ValueError("no JSON object")
    return text.strip()


def form_payload(text: str) -> str | None:
    """Return the one `payload` of a web form, or None. Raises ValueError for several.

    A modal's form has thousands of escapes. `parse_qs` takes a third of a millisecond for them, as
    much as all later reading. With "=" in place of "%" the escapes are quoted-printable, which is
    decoded in C.
    """
    value = text.removeprefix("payload=")
    if value == text or _UNUSUAL.search(value):
        payloads = parse_qs(text).get("payload")
        if payloads is None:
            return None
        (payload,) = payloads
        return payload
    return binascii.a2b_qp(value.replace("+", " ").replace("%", "=")).decode(errors="replace")
