"""A port of 127.0.0.1 that can be closed and opened again."""

import asyncio
import socket

import uvicorn
from starlette.datastructures import Address
from starlette.types import ASGIApp


class Listener:
    """Serves an ASGI app on one port of 127.0.0.1.

    While closed, it keeps the port but refuses connections. The parts of `uvicorn.Server` are used
    one by one in place of `serve()`, which installs signal handlers and takes up to 100 ms to end.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self.port = 0

    def reserve(self, port: int = 0) -> None:
        """Bind the port without listening; 0 takes any free port.

        Raises OSError if the port is taken.

        The system then refuses connections and gives the port to no other process. SO_REUSEADDR is
        set, because connections closed a moment ago would otherwise block the port.
        """
        # asyncio sets TCP_NODELAY only if the protocol is named. Without it every answer waits 40
        # ms for an ACK.
        reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(("127.0.0.1", port))
        except OSError:
            reserved.close()
            raise
        self._socket, self.port = reserved, reserved.getsockname()[1]

    async def open(self) -> None:
        """Listen on the reserved port. Does nothing if it is open already."""
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
        """Refuse connections from now on, and close the open ones, even during a request."""
        if self._server is None:
            return
        server, self._server = self._server, None
        for listening in server.servers:
            listening.close()
        self.reserve(self.port)
        # A connection accepted just now gets its protocol only in the next turn of the loop.
        await asyncio.sleep(0)
        for connection in list(server.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    async def drop(self, client: Address | None) -> None:
        """Close the connection from that address without an answer.

        Does nothing if it is closed already.
        """
        for connection in list(self._server.server_state.connections if self._server else ()):
            # uvicorn's newest protocols have no `client`.
            here = getattr(connection, "client", None)
            if client is not None and here == tuple(client) and connection.transport is not None:
                connection.transport.abort()
        # The protocol is told in the next turn of the loop, and then sends nothing.
        await asyncio.sleep(0)

    def release(self) -> None:
        """Release the port."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
