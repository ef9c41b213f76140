"""Socket Mode: the bot opens a WebSocket, and payloads are sent over it as envelopes.

Answers are matched by envelope id.
"""

import asyncio
import json
import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

WAYS = {"slash_commands": True, "interactive": True, "events_api": False}
"""True for the types of envelope that may be answered with a payload."""


class Sockets:
    """The bot's open sockets.

    Slack picks any of them for an envelope; the stand-in picks the newest.
    """

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self.open: list[WebSocket] = []
        """The newest is the last."""
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    @property
    def connected(self) -> bool:
        return bool(self.open)

    def ticket(self) -> str:
        """Return the last part of a socket's address, valid for one connection."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def send(self, kind: str, payload: Mapping[str, Any]) -> Any:
        """Send one envelope. Return its answer's payload, or None. The caller limits the time."""
        envelope_id = str(uuid.uuid4())
        answer = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": WAYS[kind],
        }
        try:
            await self.open[-1].send_text(json.dumps(envelope))
            return await answer
        except (WebSocketDisconnect, RuntimeError) as error:
            raise ConnectionError("the bot's socket is gone") from error
        finally:
            self._waiting.pop(envelope_id, None)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one connection, from its greeting to its end."""
        ticket = websocket.path_params["ticket"]
        if ticket not in self._tickets:
            await websocket.close(1008)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        await websocket.send_json(
            {
                "type": "hello",
                "num_connections": len(self.open) + 1,
                "debug_info": {"approximate_connection_time": 18060},
            }
        )
        self.open.append(websocket)
        try:
            while True:
                self._take(await websocket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            if websocket in self.open:
                self.open.remove(websocket)

    def _take(self, text: str) -> None:
        reply = json.loads(text)
        answer = self._waiting.get(reply.get("envelope_id", ""))
        if answer is not None and not answer.done():
            answer.set_result(reply.get("payload"))

    async def aclose(self) -> None:
        """Close every socket."""
        for websocket in self.open[:]:
            await websocket.close(1001)
