"""uvicorn's HTTP protocol with a time limit for the head of a request."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0


class ImpatientProtocol(H11Protocol):
    """Closes a connection if no complete request head arrives within `head_seconds`.

    A head that arrives slowly, byte by byte, does not extend the limit. uvicorn's own limit is only
    for silent connections after an answer: the first byte of the next head ends it, and before the
    first head there is none. Bodies have their own limit (`bot.web.app.read_body`).
    """

    head_seconds = HEAD_SECONDS

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_late: asyncio.TimerHandle | None = None

    # The type of `transport` is the one that uvicorn gives it.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # The received bytes are no complete head.
        if self.conn.their_state is h11.IDLE:
            self._wait_for_head()
        else:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        if self._head_late is None:
            self._head_late = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._head_late is not None:
            self._head_late.cancel()
            self._head_late = None
