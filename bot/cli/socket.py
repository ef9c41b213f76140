"""`python -m bot socket`: answer Slack in Socket Mode, until told to stop."""

import asyncio
import contextlib

import structlog
from starlette.applications import Starlette

from bot.adapters.registry import ADAPTERS, Adapters
from bot.app import create_app
from bot.runtime.error_logging import set_up_logging
from bot.runtime.open_files import allow_open_files
from bot.settings import Settings
from bot.slack.socket_mode import SlackSocket
from bot.web.server import Server, listen, on_signals, server_config


async def socket(settings: Settings, adapters: Adapters = ADAPTERS) -> int:
    """Answer Slack over its WebSocket until SIGTERM or SIGINT.

    With `RELAY_PUBLIC_URL`, serve the pages for people over HTTP too. Raises `SettingError`, and
    `RelayError` if Slack cannot be reached.
    """
    needed = settings.needed_for_tokens
    if needed == ("SLACK_BOT_TOKEN",) and settings.database.exists():
        # A stored token may be used instead. Whether there is one is known once the database is
        # open.
        needed = ()
    app_token, *_ = settings.demand("SLACK_APP_TOKEN", *needed)
    set_up_logging()
    allow_open_files()
    async with create_app(settings, adapters) as bot:
        if settings.slack_app is None and not await bot.stores.installations.any():
            settings.demand("SLACK_BOT_TOKEN")
        slack = SlackSocket(bot.app, app_token)
        await slack.open()
        structlog.get_logger().info("connected", next="type /vendors in Slack")
        keeping = asyncio.create_task(slack.run(), name="SlackSocket")
        try:
            await _until_signal(bot.web, settings)
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await slack.close()
    return 0


async def _until_signal(web: Starlette, settings: Settings) -> None:
    """Wait for SIGTERM or SIGINT. Serve the pages for people meanwhile, if they have an address.

    Raises `SettingError`.
    """
    if settings.public_url is None:
        stop = asyncio.Event()
        on_signals(lambda number: stop.set())
        await stop.wait()
        return
    listening = listen(settings.host, settings.port)
    server = Server(server_config(web))
    on_signals(lambda number: server.handle_exit(number, None))
    structlog.get_logger().info("serving", host=settings.host, port=listening.getsockname()[1])
    await server.serve([listening])
