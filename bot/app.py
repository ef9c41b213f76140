"""Where the parts are put together. This page is the whole machine.

Slack -> web (or a socket) -> Bolt -> handlers -> courier -> adapter -> vendor
                                         |           |
                                      catalogs     cards -> Slack
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

import handlers
from bot.adapters import make_adapters
from bot.adapters.http import make_client
from bot.adapters.pace import Paces
from bot.cards import Cards
from bot.catalogs import Catalogs
from bot.courier import Courier
from bot.finisher import Finisher
from bot.housekeeping import Housekeeping
from bot.people import Directory
from bot.reconciler import Reconciler
from bot.relay import Relay
from bot.settings import Settings
from bot.storage.archive import Archive
from bot.storage.connections import Connections
from bot.storage.database import Database
from bot.storage.decisions import Decisions
from bot.storage.deliveries import Deliveries
from bot.storage.doubts import Doubts
from bot.storage.lists import Habits, Lists
from bot.storage.rows import Delivery
from bot.storage.secrets import load_vault
from bot.storage.showing import Showing
from bot.storage.steps import Steps
from bot.web import make_web


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: Bolt's app, the web application around it, and the parts behind both."""

    app: AsyncApp
    web: Starlette
    relay: Relay


@asynccontextmanager
async def create_app(settings: Settings) -> AsyncIterator[Bot]:
    """Open everything, run the background, and close it in order. Raises `SettingError`."""
    async with AsyncExitStack() as stack:
        vault = load_vault(settings.encryption_keys, settings.database)
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        vendors_http = await stack.enter_async_context(make_client())
        # What a person waits for is given up soon; the background has more time, and keeps to Slack's limits itself.
        quick = await stack.enter_async_context(slack_client(settings, 2))
        patient = await stack.enter_async_context(slack_client(settings, 15))

        adapters = make_adapters(vendors_http, settings.vendor_urls)
        paces = Paces({vendor: adapter.limits for vendor, adapter in adapters.items()})
        connections, deliveries = Connections(database, vault), Deliveries(database)
        showing, archive = Showing(database), Archive(database)
        cards = Cards(showing, connections, adapters, patient)
        catalogs = Catalogs(Lists(database), connections, adapters, paces, on_recovered=lambda: courier.wake())
        courier = Courier(
            deliveries, connections, adapters, paces, on_change=lambda row: changed(row), on_created=catalogs.created
        )
        reconciler = Reconciler(Doubts(database), connections, adapters, paces, courier)
        finisher = Finisher(Steps(database), connections, adapters, paces, courier)

        def changed(row: Delivery) -> None:
            cards.changed(row)
            reconciler.changed(row)
            finisher.changed(row)

        relay = Relay(
            adapters=adapters,
            connections=connections,
            deliveries=deliveries,
            decisions=Decisions(database),
            archive=archive,
            showing=showing,
            catalogs=catalogs,
            courier=courier,
            cards=cards,
            habits=Habits(database),
            people=Directory(settings.admin_ids),
        )
        housekeeping = Housekeeping(archive, settings.keep_days)
        app = _bolt(settings, quick)
        handlers.register(app, relay)
        web = make_web(app, settings.slack_signing_secret, database)

        for part in (courier, reconciler, finisher, catalogs, cards, housekeeping):
            task = asyncio.create_task(part.run(), name=type(part).__name__)
            stack.push_async_callback(_end, task)
        stack.push_async_callback(courier.stop)
        yield Bot(app, web, relay)


def _bolt(settings: Settings, client: AsyncWebClient) -> AsyncApp:
    """Bolt with everything said explicitly: stray SLACK_* variables would switch on file stores and OAuth."""
    token = bot_token(settings)

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    logger = logging.getLogger("slack_bolt")
    logger.setLevel(logging.CRITICAL)  # its warnings quote requests; what matters of them, handlers.errors logs
    return AsyncApp(
        logger=logger,
        client=client,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.web does it, before the body is parsed or logged
        ignoring_self_events_enabled=False,
        ssl_check_enabled=True,
        url_verification_enabled=True,
        attaching_function_token_enabled=False,
    )


@asynccontextmanager
async def slack_client(settings: Settings, seconds: float) -> AsyncIterator[AsyncWebClient]:
    """A client that keeps its connections. The time-out is the session's: slack_sdk's own is not heeded beside one."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        yield AsyncWebClient(
            bot_token(settings), base_url=str(settings.slack_api_url), session=session, retry_handlers=[]
        )


def bot_token(settings: Settings) -> str:
    """The one workspace's token. Raises `SettingError` when there is none."""
    return settings.demand("SLACK_BOT_TOKEN")[0]


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
