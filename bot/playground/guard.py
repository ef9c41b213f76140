"""A guard that serves only this machine's own browser.

Pages of other sites, and other host names that resolve to this machine, are refused.
"""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HERE = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
SAFE = frozenset({"GET", "HEAD"})

HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Middleware that checks the origin of each request and adds `HEADERS` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 421 for a host that is not this machine, 403 for another site's change."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        headers = Headers(scope=scope)
        if not is_here(headers.get("host", "")):
            refusal = JSONResponse(
                {"ok": False, "error": "This is not the host you are looking for."}, 421
            )
            await refusal(scope, receive, send_with_headers)
        elif scope["method"] not in SAFE and not is_own(headers):
            refusal = JSONResponse(
                {"ok": False, "error": "Another site's page may not do this."}, 403
            )
            await refusal(scope, receive, send_with_headers)
        else:
            await self._app(scope, receive, send_with_headers)


def is_here(host: str) -> bool:
    """Return whether a Host header names this machine itself.

    Another name that resolves to this machine is an attack (DNS rebinding).
    """
    return HERE.fullmatch(host) is not None


def is_own(headers: Headers) -> bool:
    """Return whether a change comes from the page itself, or from a program.

    Programs send no Origin header.
    """
    origin = headers.get("origin")
    return origin is None or origin == f"http://{headers['host']}"
