"""The transport of payloads to the bot and of its answers.

Payloads are signed and sent over HTTP, or sent over a socket that the bot has opened.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import httpx

from bot.playground.slack.sockets import Sockets

Kind = Literal["slash_commands", "interactive", "events_api"]
"""The kind of a payload, in the terms of Socket Mode."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The bot's answer. Without one, `status` is 0 and `error` is Slack's code for the reason."""

    status: int
    body: bytes = b""
    content_type: str = ""
    error: Literal["", "operation_timeout", "dispatch_failed"] = ""

    @property
    def ok(self) -> bool:
        return self.status == 200

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError if it is no JSON."""
        return json.loads(self.body)


class Transport:
    """Sends payloads and waits at most `seconds` for each answer."""

    def __init__(self, bot_url: str, signing_secret: str, seconds: float) -> None:
        self.bot_url = bot_url
        self.sockets = Sockets()
        self._secret = signing_secret.encode()
        self.seconds = seconds
        self.client: httpx.AsyncClient | None = None

    async def send(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        """Send one payload, over a socket if the bot has opened one."""
        try:
            async with asyncio.timeout(self.seconds):
                if self.sockets.connected:
                    reply = await self.sockets.send(kind, payload)
                    body = b"" if reply is None else json.dumps(reply).encode()
                    return Answer(200, body, "application/json")
                return await self._post(kind, payload)
        except TimeoutError:
            return Answer(0, error="operation_timeout")
        except (httpx.HTTPError, ConnectionError):
            return Answer(0, error="dispatch_failed")

    async def _post(self, kind: Kind, payload: Mapping[str, Any]) -> Answer:
        content_type, body = encode(kind, payload)
        response = await self._http().post(
            self.bot_url.rstrip("/") + "/slack/events",
            content=body,
            headers={
                "Content-Type": content_type,
                **signature(self._secret, body, int(time.time())),
            },
        )
        return Answer(
            response.status_code,
            response.content,
            response.headers.get("content-type", ""),
            "" if response.status_code == 200 else "dispatch_failed",
        )

    def _http(self) -> httpx.AsyncClient:
        """Return the client.

        Connections are not kept, because one to a killed bot would fail the next click.
        """
        if self.client is None:
            self.client = httpx.AsyncClient(
                # `send` limits the whole call.
                timeout=None,  # noqa: S113
                trust_env=False,
                # Everything is plain HTTP on this machine, and making a TLS context takes 20 ms.
                verify=False,  # noqa: S501
                limits=httpx.Limits(max_keepalive_connections=0),
                headers={
                    "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                    "Accept": "application/json,*/*",
                },
            )
        return self.client

    async def aclose(self) -> None:
        """Close every connection."""
        await self.sockets.aclose()
        if self.client is not None:
            await self.client.aclose()
            self.client = None


def encode(kind: Kind, payload: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the content type and body in which Slack posts a payload of that kind."""
    if kind == "events_api":
        return "application/json", json.dumps(payload).encode()
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def signature(secret: bytes, body: bytes, timestamp: int) -> dict[str, str]:
    """Return Slack's two signature headers (version 0)."""
    digest = hmac.new(secret, f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
