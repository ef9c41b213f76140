"""A web server in the running event loop, for the page and for every stand-in."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 1
"""Seconds that running requests may take when the server stops."""


class Server:
    """Serves one ASGI application on `host`.

    Port 0 takes a free port, which stays the same after stop and start. `async with Server(app) as
    server` starts and stops the server. Raises OSError if the port is taken.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: _Uvicorn | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The port; 0 before the first start if none was asked for."""
        return self._port

    @property
    def url(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    async def start(self) -> None:
        """Listen. Returns when connections are accepted. Does nothing if the server is running."""
        if self.running:
            return
        listener = _listener(self._host, self._port)
        self._port = listener.getsockname()[1]
        server = _Uvicorn(
            uvicorn.Config(
                self._app,
                log_config=None,
                log_level="error",
                access_log=False,
                lifespan="off",
                # uvicorn's main loop renews this header's value, but ours replaces that loop.
                date_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        task = asyncio.create_task(server.serve(sockets=[listener]), name=f"server on {self._port}")
        self._server, self._task = server, task
        ready = asyncio.create_task(server.ready.wait())
        try:
            await asyncio.wait({ready, task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if task.done():
            listener.close()
            await task

    async def stop(self) -> None:
        """Accept no more connections, and close the open ones."""
        if self._server is None or self._task is None:
            return
        self._server.ending.set()
        await self._task
        self._server = self._task = None

    async def __aenter__(self) -> "Server":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


class _Uvicorn(uvicorn.Server):
    """uvicorn that ignores the process's signals, reports when it is ready, and ends at once.

    uvicorn's own main loop checks ten times a second whether it should end. This one waits for an
    event.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ending.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _listener(host: str, port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only if the protocol is named. Without it each answer waits about 40
    # ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
