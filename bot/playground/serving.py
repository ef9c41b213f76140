"""A web server in the running event loop: the page's, and any stand-in's."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE_SECONDS = 1
"""How long requests that are under way may take when the server stops."""


class Server:
    """Serves one ASGI application on `host`. Port 0 takes a free one, which it keeps over stop and
    start.

    `async with Server(app) as server` starts and stops it. Raises OSError if the port is taken.
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
        """Listen. Returns when connections are taken; does nothing if they already are."""
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
                date_header=False,  # its value is renewed by the loop that ours replaces
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
        """Take no more connections, and end those that are open."""
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
    """uvicorn that leaves the process's signals alone, says when it takes connections, and ends as
    soon as it is told.

    Its own main loop looks ten times a second whether it should end; ours waits for just that.
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
    # The protocol is named, for asyncio sets TCP_NODELAY only then; without it each answer waits
    # some 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
