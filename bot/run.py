"""Running the bot: over HTTP, or in Socket Mode. Both end cleanly on SIGTERM and SIGINT."""

import asyncio
import contextlib
import io
import logging
import signal
import socket as sockets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TextIO, cast

import structlog
import uvicorn
from starlette.applications import Starlette

from bot import mistakes
from bot.app import create_app
from bot.errors import SettingError
from bot.settings import Settings
from bot.slack.sockets import SlackSocket
from bot.web.heads import ImpatientProtocol

MOST_CONNECTIONS = 500
"""So many at once; whoever comes then gets a 503. It leaves the process files to open (1024 by default), and is far more than
Slack opens, or a proxy in front of the bot."""


async def serve(settings: Settings, *, quiet: bool = False) -> int:
    """Answer Slack over HTTP until told to stop. Raises `SettingError`."""
    settings.demand("SLACK_SIGNING_SECRET", *settings.needed_for_tokens)
    set_up_logging(quiet=quiet)
    async with create_app(settings) as bot:
        listening = _listen(settings.host, settings.port)
        if settings.signing_secret_looks_odd:
            structlog.get_logger().warning("signing_secret.odd", usually="32 digits and letters from a to f")
        port = listening.getsockname()[1]
        said = {"host": settings.host, "port": port, "next": _next_step(settings)}
        await _Server(web_config(bot.web), lambda: structlog.get_logger().info("serving", **said)).serve([listening])
    return 0


def web_config(web: Starlette, protocol: type[asyncio.Protocol] = ImpatientProtocol) -> uvicorn.Config:
    """How the web application is served."""
    return uvicorn.Config(
        web,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=MOST_CONNECTIONS,
    )


@contextlib.asynccontextmanager
async def _web_pages(web: Starlette, settings: Settings) -> AsyncIterator[None]:
    """Serve the pages for people meanwhile, where they have a public address. Raises `SettingError`."""
    if settings.public_url is None:
        yield
        return
    listening = _listen(settings.host, settings.port)
    server = _Beside(web_config(web))
    serving = asyncio.create_task(server.serve([listening]), name="web pages")
    structlog.get_logger().info("serving", host=settings.host, port=listening.getsockname()[1])
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Beside(uvicorn.Server):
    """uvicorn beside something else, which says when it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: once it has stopped it raises the signal again, which ends the process before
    what is being sent is finished and the database is closed. `on_started`: it serves, and can be told to stop."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        _on_signals(lambda number: self.handle_exit(number, None))
        yield


def _next_step(settings: Settings) -> str:
    """What to do once the bot runs, for who starts it the first time."""
    if (app := settings.slack_app) is not None:
        return f"let Slack send to {app.url}/slack/events, then open {app.url}/slack/install"
    address = str(settings.public_url or "https://YOUR-ADDRESS").rstrip("/")
    return f"let Slack send to {address}/slack/events, then type /vendors in Slack"


async def socket(settings: Settings) -> int:
    """Answer Slack over its WebSocket until told to stop; with RELAY_PUBLIC_URL, people's browsers over HTTP as well.
    Raises `SettingError`, and `RelayError` when Slack cannot be reached."""
    needed = settings.needed_for_tokens
    if needed == ("SLACK_BOT_TOKEN",) and settings.database.exists():
        needed = ()  # a token that is stored may do instead, which is seen once the database is open
    app_token, *_ = settings.demand("SLACK_APP_TOKEN", *needed)
    set_up_logging()
    async with create_app(settings) as bot:
        if settings.slack_app is None and not await bot.relay.installations.any():
            settings.demand("SLACK_BOT_TOKEN")
        slack = SlackSocket(bot.app, app_token)
        await slack.open()
        structlog.get_logger().info("connected", next="type /vendors in Slack")
        keeping = asyncio.create_task(slack.run(), name="SlackSocket")
        try:
            async with _web_pages(bot.web, settings):
                await _told_to_stop()
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await slack.close()
    return 0


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


def set_up_logging(*, quiet: bool = False) -> None:
    """One line an event, on standard error; with `quiet`, only what went wrong. Libraries never say more: their detail can
    hold bodies."""
    logging.raiseExceptions = False  # for the same reason as `_Stderr`
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(mistakes.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    asyncio.get_running_loop().set_exception_handler(mistakes.unhandled)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.NOTSET),
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
