"""Running the bot: over HTTP, or in Socket Mode. Both end cleanly on SIGTERM and SIGINT."""

import asyncio
import contextlib
import io
import logging
import signal
import socket as sockets
import sys
from collections.abc import Callable, Iterator
from typing import TextIO, cast

import structlog
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.app import create_app
from bot.errors import SettingError
from bot.settings import Settings
from bot.slack_errors import NOT_DONE, said


async def serve(settings: Settings) -> int:
    """Answer Slack over HTTP until told to stop. Raises `SettingError`."""
    settings.demand("SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN")
    set_up_logging()
    async with create_app(settings) as bot:
        listening = _listen(settings.host, settings.port)
        config = uvicorn.Config(bot.web, log_config=None, access_log=False, server_header=False, lifespan="off")
        structlog.get_logger().info("serving", host=settings.host, port=listening.getsockname()[1])
        await _Server(config).serve([listening])
    return 0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: once it has stopped it raises the signal again, which ends the process before
    what is being sent is finished and the database is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        _on_signals(lambda number: self.handle_exit(number, None))
        yield


async def socket(settings: Settings) -> int:
    """Answer Slack over its WebSocket until told to stop. Raises `SettingError`."""
    app_token, _ = settings.demand("SLACK_APP_TOKEN", "SLACK_BOT_TOKEN")
    set_up_logging()
    async with create_app(settings) as bot:
        handler = AsyncSocketModeHandler(bot.app, app_token)
        try:
            await _connect(handler)
            structlog.get_logger().info("connected")
            await _told_to_stop()
        finally:
            await handler.client.close()
    return 0


async def _connect(handler: AsyncSocketModeHandler) -> None:
    """Connect. Raises `SettingError`: the address is asked for first, for `connect` tries a wrong token for ever."""
    try:
        handler.client.wss_uri = await handler.client.issue_new_wss_url()
    except NOT_DONE as error:
        raise SettingError(
            "SLACK_APP_TOKEN", f"Slack did not open a connection with it ({said(error)}); it needs connections:write."
        ) from None
    await handler.client.connect()


class _Stderr(io.TextIOBase):
    """Standard error, without errors of its own: a log that cannot be written (its disk is full) must not stop the work
    that it is about, and there is nowhere left to say so."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up_logging() -> None:
    """One line an event, on standard error. Libraries say only what went wrong: their detail can hold bodies."""
    logging.raiseExceptions = False  # for the same reason as `_Stderr`
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )


def _listen(host: str, port: int) -> sockets.socket:
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    # The protocol is named, for asyncio sets TCP_NODELAY only then; without it each answer waits some 40 ms.
    listening = sockets.socket(family, sockets.SOCK_STREAM, sockets.IPPROTO_TCP)
    listening.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingError(
            "RELAY_PORT", f"{host}:{port} cannot be listened on ({error.strerror}); choose another port or host."
        ) from error
    return listening


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    _on_signals(lambda number: stop.set())
    await stop.wait()


def _on_signals(act: Callable[[int], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, act, number)
