"""uvicorn's HTTP protocol with limits for clients that keep the bot waiting."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
WAITING = (h11.IDLE, h11.SEND_BODY)
"""States of a client that has not sent its whole request."""


class ImpatientProtocol(H11Protocol):
    """Closes a connection if no complete request head arrives within `head_seconds`.

    A head that arrives slowly, byte by byte, does not extend the limit. uvicorn's own limit is only
    for silent connections after an answer. Bodies have their own limit (`bot.web.bodies`); a
    connection is closed if the answer was sent before the body arrived.

    If there are too many connections, the one that has kept the bot waiting longest is closed: one
    without a request head if there is any, else one without a whole body. uvicorn alone would
    refuse the new connection.
    """

    head_seconds = HEAD_SECONDS
    _waiting_since: float
    _head_late: asyncio.TimerHandle

    # The type of `transport` is the one that uvicorn gives it.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_late.cancel()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete:
            self.transport.close()
        elif self.conn.their_state is h11.IDLE:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_late.cancel()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        self._waiting_since = self.loop.time()
        self._head_late = self.loop.call_later(self.head_seconds, self.transport.close)

    def _make_room(self) -> None:
        """Close the connection that has kept the bot waiting longest, if there are too many."""
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        waiting = [
            each
            for each in self.connections
            if isinstance(each, ImpatientProtocol) and each.conn.their_state in WAITING
        ]
        waiting.remove(self)
        if waiting:
            longest = min(waiting, key=ImpatientProtocol._patience)
            longest.transport.close()
            self.connections.discard(longest)  # uvicorn counts it until it is closed

    def _patience(self) -> tuple[bool, float]:
        return self.conn.their_state is h11.SEND_BODY, self._waiting_since
