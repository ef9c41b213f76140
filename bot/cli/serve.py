"""`python -m bot serve`: answer Slack over HTTP, until told to stop."""

import structlog

from bot.adapters.registry import ADAPTERS, Adapters
from bot.app import create_app
from bot.runtime.error_logging import set_up_logging
from bot.runtime.open_files import allow_open_files
from bot.settings import Settings
from bot.web.server import Server, listen, on_signals, server_config


async def serve(settings: Settings, adapters: Adapters = ADAPTERS, *, quiet: bool = False) -> int:
    """Answer Slack over HTTP until SIGTERM or SIGINT. Raises `SettingError`."""
    settings.demand("SLACK_SIGNING_SECRET", *settings.needed_for_tokens)
    set_up_logging(quiet=quiet)
    allow_open_files()
    async with create_app(settings, adapters) as bot:
        listening = listen(settings.host, settings.port)
        log = structlog.get_logger()
        if settings.signing_secret_looks_odd:
            log.warning("signing_secret.suspected", usually="32 digits and letters from a to f")
        server = Server(server_config(bot.web))
        on_signals(lambda number: server.handle_exit(number, None))
        address = {"host": settings.host, "port": listening.getsockname()[1]}
        log.info("serving", **address, next=_next_step(settings))
        await server.serve([listening])
    return 0


def _next_step(settings: Settings) -> str:
    """Return the next step for a person who starts the bot for the first time."""
    if (app := settings.slack_app) is not None:
        return f"let Slack send to {app.url}/slack/events, then open {app.url}/slack/install"
    address = str(settings.public_url or "https://YOUR-ADDRESS").rstrip("/")
    return f"let Slack send to {address}/slack/events, then type /vendors in Slack"
