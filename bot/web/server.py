"""The web server: its limits, its socket, and the signals that stop it."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette

from bot.errors import SettingError
from bot.web.slow_clients import ImpatientProtocol

MOST_CONNECTIONS = 500
"""Largest number of connections at a time; another one gets a 503.

The limit leaves file handles for the process (1024 by default). Slack, or a proxy in front of the
bot, opens far fewer.
"""

BACKLOG = 400
"""Largest number of connections that are accepted at a time. They need file handles too."""
RECEIVE_BYTES = 64 * 1024
"""Largest number of bytes that the system keeps of a connection until they are read.

asyncio reads all of it at a time, before anything can say that it is too much.
"""


class Server(uvicorn.Server):
    """uvicorn without its own signal handling.

    uvicorn raises a signal again once it has stopped. That would end the process before running
    requests are finished and the database is closed. `should_exit` stops the server.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server_config(
    web: Starlette, protocol: type[asyncio.Protocol] = ImpatientProtocol
) -> uvicorn.Config:
    """Return uvicorn's settings for the web application."""
    return uvicorn.Config(
        web,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
        backlog=BACKLOG,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket, on which connections wait until they are accepted.

    Raises `SettingError` if the address is taken or cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is named. Without it each answer waits about 40
    # ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingError(
            "RELAY_PORT",
            f"{host}:{port} cannot be listened on ({error.strerror}); choose another port or host.",
        ) from error
    return listening


def on_signals(act: Callable[[int], None]) -> None:
    """Call `act` with the number of each SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no such handlers: Ctrl+C raises KeyboardInterrupt there.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, act, number)
