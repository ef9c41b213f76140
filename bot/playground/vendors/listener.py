"""One port of 127.0.0.1 that can be closed and opened again."""

import asyncio
import socket

import uvicorn
from starlette.datastructures import Address
from starlette.types import ASGIApp


class Listener:
    """Serves an ASGI app on one port of 127.0.0.1; while closed, the port stays ours but refuses
    connections.

    The parts of `uvicorn.Server` are used one by one instead of `serve()`, which installs signal
    handlers and takes up to 100 ms to notice that it should end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self.port = 0

    def reserve(self, port: int = 0) -> None:
        """Bind without listening: the system refuses connections, and gives the port to nobody
        else. 0: any free port.

        SO_REUSEADDR, or connections dropped a moment ago would keep the port from us. Raises
        OSError if it is taken.
        """
        # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits
        # 40 ms for an ACK
        reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", port))
        except OSError:
            reserved.close()
            raise
        self._socket, self.port = reserved, reserved.getsockname()[1]

    async def open(self) -> None:
        """Listen on the reserved port; nothing to do if it listens already."""
        if self._server is not None or self._socket is None:
            return
        config = uvicorn.Config(
            self._app, lifespan="off", log_config=None, access_log=False, ws="none"
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup(sockets=[self._socket])

    async def close(self) -> None:
        """Refuse connections from now on and drop those that are open, kept alive or in the middle
        of a request."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for listening in server.servers:
            listening.close()
        self.reserve(self.port)
        await asyncio.sleep(
            0
        )  # a connection accepted just now has its protocol only after the next turn of the loop
        for connection in list(server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    async def drop(self, client: Address | None) -> None:
        """Drop the connection from that address, unanswered; nothing to do if it has gone already."""
        for connection in list(self._server.server_state.connections if self._server else ()):
            here = getattr(connection, "client", None)  # uvicorn's newest protocols do not say
            if client is not None and here == tuple(client) and connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(
            0
        )  # the protocol hears of it with the next turn of the loop, and then sends nothing

    def release(self) -> None:
        """Give the port back."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
