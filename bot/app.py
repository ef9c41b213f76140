"""Where the parts are put together. This page is the whole machine.

Slack -> web (or a socket) -> Bolt -> handlers -> courier -> adapter -> vendor
                                         |           |
                                      catalogs     cards -> Slack
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import BaseRoute

import handlers
from bot.access.policy import AccessPolicy
from bot.adapters.http import make_client
from bot.adapters.rate_limit import RateLimiters
from bot.adapters.registry import make_adapters
from bot.catalogs.service import Catalogs
from bot.delivery.attempt import VendorAccess
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.follow_up import FollowUps
from bot.delivery.model import Delivery
from bot.delivery.reconciler import Reconciler
from bot.delivery.retention import Retention
from bot.runtime.background import BackgroundTasks
from bot.services import Services
from bot.settings import Settings
from bot.slack import manifest
from bot.slack.app import make_bolt
from bot.slack.cards import Cards
from bot.slack.clients import slack_client, with_token
from bot.slack.files import Uploads
from bot.slack.people import UserDirectory
from bot.slack.scopes import Scopes
from bot.slack.tokens import SlackTokens
from bot.slack.user_groups import UserGroups
from bot.storage import key_check
from bot.storage.database import Database
from bot.storage.encryption import SecretBox, load_secret_box
from bot.stores import Stores, make_stores
from bot.uninstall import Uninstaller
from bot.web.app import make_web
from bot.web.connect import Connecting, Receipts
from bot.web.oauth import OAuth
from bot.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: Bolt's app, the web application around it, and the parts behind both."""

    app: AsyncApp
    web: Starlette
    services: Services


@dataclass(frozen=True, slots=True)
class _Opened:
    """What has to be closed again. What a person waits for is given up soon (`quick`); the
    background has more time, and keeps to Slack's limits itself (`patient`)."""

    secret_box: SecretBox
    database: Database
    vendors: httpx.AsyncClient
    quick: AsyncWebClient
    patient: AsyncWebClient


@asynccontextmanager
async def create_app(settings: Settings) -> AsyncIterator[Bot]:
    """Open everything, run the background, and close it in order. Raises `SettingError`."""
    async with AsyncExitStack() as stack:
        opened = await _open(settings, stack)
        adapters = make_adapters(opened.vendors, settings.vendor_urls)
        rate_limiters = RateLimiters(
            {vendor: adapter.limits for vendor, adapter in adapters.items()}
        )
        stored = make_stores(opened.database, opened.secret_box, on_gone=rate_limiters.renew)
        connections, tokens = (
            stored.connections,
            SlackTokens(stored.installations, settings.fixed_token),
        )

        catalogs = Catalogs(
            stored.lists,
            connections,
            adapters,
            rate_limiters,
            on_recovered=lambda: dispatcher.wake(),
        )
        access = VendorAccess(connections, adapters, rate_limiters)
        dispatcher = Dispatcher(
            stored.deliveries,
            access,
            on_change=lambda row: changed(row),
            on_created=catalogs.created,
            on_mended=catalogs.wake,
        )
        reconciler = Reconciler(stored.reconcile, access, dispatcher)
        follow_ups = FollowUps(stored.steps, access, dispatcher)
        cards = Cards(stored.card_outbox, connections, adapters, opened.patient, tokens)
        retention = Retention(stored.history, stored.links, settings.keep_days)

        def changed(row: Delivery) -> None:
            for part in (cards, reconciler, follow_ups):
                part.changed(row)

        people, groups, scopes = UserDirectory(settings.admin_ids), UserGroups(), Scopes()
        uploads, receipts = Uploads(background := BackgroundTasks()), Receipts()
        holders = (stored.installations, opened.secret_box)  # of Slack's tokens
        remembering = (
            *(dispatcher, reconciler, follow_ups, cards, catalogs, rate_limiters),
            *(people, groups, scopes, uploads, receipts, *holders),
        )
        services = Services(
            adapters=adapters,
            connections=connections,
            deliveries=stored.deliveries,
            decisions=stored.decisions,
            history=stored.history,
            card_outbox=stored.card_outbox,
            catalogs=catalogs,
            dispatcher=dispatcher,
            cards=cards,
            installations=stored.installations,
            preferences=stored.preferences,
            people=people,
            groups=groups,
            access=AccessPolicy(stored.permissions, people, groups),
            uninstaller=Uninstaller(stored.purge, remembering, holders),
            links=stored.links,
            public_url=str(settings.public_url or "").rstrip("/"),
            background=background,
            uploads=uploads,
            scopes=scopes,
        )

        app = make_bolt(opened.quick, tokens)
        handlers.register(app, services)
        pages = [
            *_connecting(services, receipts, tokens, opened.quick),
            *_installing(settings, opened.patient, stored),
        ]
        web = make_web(app, settings.slack_signing_secret, opened.database, pages=pages)

        for part in (dispatcher, reconciler, follow_ups, catalogs, cards, retention):
            stack.push_async_callback(
                _end, asyncio.create_task(part.run(), name=type(part).__name__)
            )
        stack.push_async_callback(dispatcher.stop)
        stack.push_async_callback(background.stop)
        yield Bot(app, web, services)


async def _open(settings: Settings, stack: AsyncExitStack) -> _Opened:
    """Raises `SettingError`."""
    secret_box = load_secret_box(settings.encryption_keys, settings.database)
    database = await Database.open(settings.database)
    stack.push_async_callback(database.close)
    await key_check.check(database, secret_box)
    return _Opened(
        secret_box=secret_box,
        database=database,
        vendors=await stack.enter_async_context(make_client()),
        quick=await stack.enter_async_context(slack_client(settings, 2)),
        patient=await stack.enter_async_context(slack_client(settings, 15)),
    )


def _connecting(
    services: Services, receipts: Receipts, tokens: SlackTokens, client: AsyncWebClient
) -> Sequence[BaseRoute]:
    """The pages on which vendors are connected."""

    async def client_for(workspace: Workspace) -> AsyncWebClient:
        return with_token(client, await tokens.token(workspace))

    async def redraw_home(workspace: Workspace, user: str) -> None:
        await handlers.home.publish(services, await client_for(workspace), workspace, user)

    return Connecting(services, receipts, client_for, redraw_home).routes()


def _installing(settings: Settings, client: AsyncWebClient, stored: Stores) -> Sequence[BaseRoute]:
    """The way to Slack and back, where the bot may be installed in many workspaces. Raises
    `SettingError`."""
    if (app := settings.slack_app) is None:
        return []
    scopes, url = manifest.load()["oauth_config"]["scopes"]["bot"], settings.slack_authorize_url
    return OAuth(
        app, client, stored.installations, stored.states, authorize_url=url, scopes=scopes
    ).routes()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
