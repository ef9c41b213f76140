"""Looking for secrets where none may be: plain, in halves, and as they are commonly encoded."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
from starlette.requests import Request
from starlette.responses import Response

from tests.world.proxy import Proxy

SHORTEST = 12
"""Characters of a half that is looked for; a shorter one may stand somewhere by chance."""


def traces(secret: str) -> Iterator[bytes]:
    """Each half of it, plain, percent-encoded, as hexadecimal digits, and in base64 at every place
    that it can have there."""
    half = len(secret) // 2
    for piece in (secret[:half], secret[half:]):
        if len(piece) < SHORTEST:
            raise ValueError("The canary is too short to be looked for.")
        yield piece.encode()
        yield quote(piece, safe="").encode()
        yield piece.encode().hex().encode()
        for before in range(3):
            packed = base64.b64encode(b"\0" * before + piece.encode())
            inside = packed[(0, 2, 3)[before] : -4]  # what the neighbours have no part in
            yield inside
            yield inside.translate(bytes.maketrans(b"+/", b"-_"))


def leaks(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Which of the secrets, by name, stand in which places."""
    looked_for = {name: set(traces(secret)) for name, secret in secrets.items()}
    return [
        f"{name} in {place}"
        for place, held in places.items()
        for name, pieces in looked_for.items()
        if any(piece in held for piece in pieces)
    ]


def files(folder: Path, called: str) -> dict[str, bytes]:
    """Everything below that folder, by name."""
    return {
        f"{called}: {it.relative_to(folder)}": it.read_bytes()
        for it in folder.rglob("*")
        if it.is_file()
    }


@dataclass
class Recorder(Proxy):
    """Keeps what was answered. The next `echoes` requests are not passed on, but quoted, with all
    that is secret in them, in an error."""

    echoes: int = 0
    answers: list[bytes] = field(default_factory=list)

    async def __call__(self, request: Request) -> Response:
        if self.echoes > 0:
            self.echoes -= 1
            return self._quoting(request)
        try:
            return await super().__call__(request)
        except httpx.TransportError:  # it was killed
            return Response(status_code=502)

    def answer(self, request: Request, said: httpx.Response) -> Response:
        self.answers.append(repr(said.headers.raw).encode() + said.content)
        return super().answer(request, said)

    def _quoting(self, request: Request) -> Response:
        """As Slack's "no" at first, then as a proxy's pages."""
        quoted = request.headers.get("authorization", "")
        if self.echoes % 3 == 0:
            return Response(f"<html>{quoted}</html>", 502, media_type="text/html")
        if self.echoes % 3 == 1:
            return Response(
                f'{{"ok": false, "error": "{quoted}', 200, media_type="application/json"
            )
        text = f'{{"ok": false, "error": "invalid_auth {quoted}", "needed": "{quoted}", "detail": "{quoted}"}}'
        return Response(text, 200, media_type="application/json")
