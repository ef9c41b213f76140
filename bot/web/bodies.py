"""Bodies of requests, with limits on their size, their time and their number of bytes in all."""

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

LARGEST_BODY = 2 * 1024 * 1024
"""Largest body in bytes.

Slack's largest payload is a view (250 KB) with its state, as JSON inside a web form.
"""
MOST_BYTES = 32 * 1024 * 1024
"""Largest number of bytes of all bodies that are arriving.

If there are more, the largest body is refused. As there are at most 500 connections, a body of less
than 64 KiB is never the largest one.
"""
BODY_SECONDS = 5.0
MOST_FIELDS = 20
FORM = "application/x-www-form-urlencoded"
NO_FORM = "This isn't a form of this page, so nothing was changed. Open the page again."


def refusal(status: int, sentence: str) -> Response:
    """Return an answer that ends the connection, since the body may still arrive on it."""
    return Response(f"{sentence}\n", status, {"Connection": "close"})


class Bodies:
    """Reads bodies. Each may take `seconds`, and all together may hold `most_bytes`."""

    def __init__(self, seconds: float = BODY_SECONDS, most_bytes: int = MOST_BYTES) -> None:
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._arriving: dict[asyncio.Timeout, bytearray] = {}

    async def read(self, request: Request, most: int = LARGEST_BODY) -> bytes | Response:
        """Return the body of at most `most` bytes, or the answer to one that cannot be read.

        The answer is 400, 408, 413 or 503. A body whose announced length is too large is not read.
        """
        too_large = refusal(413, "This is too large. Send less.")
        if int(request.headers.get("Content-Length", 0)) > most:
            return too_large
        limit = asyncio.timeout(self._seconds)
        body = self._arriving[limit] = bytearray()
        try:
            async with limit:
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        return too_large
                    self._refuse_largest()
        except TimeoutError:
            if limit in self._arriving:
                return refusal(408, "This took too long to arrive. Send it again.")
        except ClientDisconnect:
            return refusal(400, "The body ended too early.")
        finally:
            kept = self._arriving.pop(limit, None)
        if kept is None:
            return refusal(503, "Too much is arriving. Send it again in a minute.")
        return bytes(kept)

    async def read_form(self, request: Request, most: int) -> dict[str, str] | Response:
        """Return the fields of a web form by name, or the answer to a body that is none.

        A field that occurs twice could be read in two ways, and is refused.
        """
        body = await self.read(request, most)
        if isinstance(body, Response):
            return body
        try:
            text = body.decode("ascii")
            pairs = parse_qsl(text, True, True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            return refusal(400, NO_FORM)
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        fields = dict(pairs)
        return fields if kind == FORM and len(fields) == len(pairs) else refusal(400, NO_FORM)

    def _refuse_largest(self) -> None:
        """End the reading of the largest body if all together are too large."""
        if sum(map(len, self._arriving.values())) > self._most_bytes:
            largest = max(self._arriving, key=lambda limit: len(self._arriving[limit]))
            self._arriving.pop(largest).clear()
            if not largest.expired():
                largest.reschedule(asyncio.get_running_loop().time())
