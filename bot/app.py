"""Put the parts together. This page is the whole machine.

Slack -> web (or a socket) -> Bolt -> handlers -> dispatcher -> adapter -> vendor
                                         |            |
                                      catalogs      cards -> Slack
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import BaseRoute

import handlers
from bot.access.policy import AccessPolicy
from bot.adapters.base import Adapter
from bot.adapters.http import make_client
from bot.adapters.rate_limit import RateLimiters
from bot.adapters.registry import ADAPTERS, Adapters, base_urls, make_adapters
from bot.catalogs.service import Catalogs
from bot.delivery.attempt import VendorAccess
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.follow_up import FollowUps
from bot.delivery.model import Delivery
from bot.delivery.reconciler import Reconciler
from bot.delivery.retention import Retention
from bot.runtime.background import BackgroundTasks
from bot.runtime.hooks import Hook
from bot.services import (
    ConnectionServices,
    DeliveryServices,
    Operations,
    Services,
    SlackServices,
)
from bot.settings import Settings
from bot.slack.admin_notices import AdminNotices
from bot.slack.card_posts import CardPosts
from bot.slack.cards import Cards
from bot.slack.channels import Channels
from bot.slack.clients import make_bolt, slack_client, with_token
from bot.slack.files import Uploads
from bot.slack.homes import Homes
from bot.slack.people import UserDirectory
from bot.slack.readers import Readers
from bot.slack.scopes import Scopes
from bot.slack.tokens import FixedToken, SlackTokens
from bot.slack.user_groups import UserGroups
from bot.storage import key_check
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import Stores, load_secret_box, open_secrets, open_stores
from bot.uninstall import Purge, Uninstaller
from bot.web.app import make_web
from bot.web.connect import Connecting
from bot.web.oauth import OAuth
from bot.web.receipts import Receipts
from bot.workspace import Workspace, WorkspaceMemory


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: Bolt's app, the web application around it, the parts behind both, and
    the database."""

    app: AsyncApp
    web: Starlette
    services: Services
    stores: Stores
    database: Database


@dataclass(frozen=True, slots=True)
class _Opened:
    """The parts that have to be closed. The client `quick` gives up soon, since a person waits. The
    client `patient` is for the background, which has more time and keeps to Slack's limits
    itself."""

    secret_box: SecretBox
    database: Database
    vendors: httpx.AsyncClient
    quick: AsyncWebClient
    patient: AsyncWebClient


@dataclass(frozen=True, slots=True)
class _Loops:
    """The parts that run for as long as the bot does."""

    dispatcher: Dispatcher
    reconciler: Reconciler
    follow_ups: FollowUps
    catalogs: Catalogs
    cards: Cards
    homes: Homes


@asynccontextmanager
async def create_app(settings: Settings, known: Adapters = ADAPTERS) -> AsyncIterator[Bot]:
    """Open everything, run the background, and close it in order. `known` are the vendors that
    it can forward to. Raises `SettingError`."""
    urls = base_urls(settings, known)
    async with AsyncExitStack() as stack:
        memory = WorkspaceMemory()
        opened = await _open(settings, stack)
        with memory.collecting():
            adapters = make_adapters(opened.vendors, urls, known)
            limits = {vendor: adapter.limits for vendor, adapter in adapters.items()}
            rate_limiters = RateLimiters(limits)
            stores = open_stores(opened.database, opened.secret_box, on_gone=rate_limiters.renew)
            tokens = _make_tokens(settings, opened.quick, stores)
            people = UserDirectory(settings.admin_ids)
            readers = Readers(people, stores.preferences, settings.command_prefix)
            vendors = VendorAccess(stores.connections, adapters, rate_limiters)
            loops = _make_loops(opened, stores, tokens, vendors, readers)
            uninstaller = Uninstaller(Purge(opened.database), memory)
            services = _make_services(settings, stores, loops, adapters, readers, uninstaller)
            notices = AdminNotices(
                stores.audit, readers, opened.patient, tokens, adapters, loops.homes.tools_changed
            )
            receipts = Receipts()

        _draw_homes(services, tokens, opened.patient)
        app = make_bolt(opened.quick, tokens)
        handlers.register(app, services)
        pages = [
            *_connecting(services, receipts, tokens, opened.quick),
            *_installing(settings, opened.patient, stores),
        ]
        web = make_web(app, settings.slack_signing_secret, opened.database, pages=pages)

        retention = Retention(stores.delivery.history, stores.setup_links, settings.keep_days)
        _run(loops, retention, notices, stack)
        stack.push_async_callback(services.slack.background.stop)
        yield Bot(app, web, services, stores, opened.database)


async def _open(settings: Settings, stack: AsyncExitStack) -> _Opened:
    """Open the database, and the ways to the vendors and to Slack. Raises `SettingError`."""
    secret_box = load_secret_box(settings.encryption_keys, settings.database)
    database = await stack.enter_async_context(await Database.open(settings.database))
    database.erase_soon()  # a process that was killed may have left something
    await key_check.check(open_secrets(database), secret_box, settings.database)
    return _Opened(
        secret_box=secret_box,
        database=database,
        vendors=await stack.enter_async_context(make_client()),
        quick=await stack.enter_async_context(slack_client(settings, 2)),
        patient=await stack.enter_async_context(slack_client(settings, 15)),
    )


def _make_tokens(settings: Settings, client: AsyncWebClient, stores: Stores) -> SlackTokens:
    token = settings.fixed_token
    fixed = FixedToken(with_token(client, token)) if token else None
    return SlackTokens(stores.installations, fixed, settings.allowed_workspaces)


def _make_loops(
    opened: _Opened,
    stores: Stores,
    tokens: SlackTokens,
    vendors: VendorAccess,
    readers: Readers,
) -> _Loops:
    """Make the background's parts, and connect each with the others."""
    row_changed, connection_recovered = Hook[[Delivery]](), Hook[[]]()
    homes = Homes()
    catalogs = Catalogs(
        stores.catalogs,
        vendors,
        on_recovered=connection_recovered,
        on_change=homes.tools_changed,
    )
    dispatcher = Dispatcher(
        stores.delivery.deliveries,
        vendors,
        on_change=row_changed,
        on_created=catalogs.created,
        on_mended=catalogs.wake,
    )
    reconciler = Reconciler(stores.delivery.reconcile, vendors, dispatcher)
    follow_ups = FollowUps(stores.delivery.steps, vendors, dispatcher)
    posts = CardPosts(opened.patient, Channels(opened.patient, stores.workspace_settings))
    cards = Cards(stores.delivery.card_outbox, vendors, posts, tokens, readers)
    connection_recovered.add(dispatcher.wake)
    row_changed.add(cards.changed, reconciler.changed, follow_ups.changed, homes.changed)
    return _Loops(dispatcher, reconciler, follow_ups, catalogs, cards, homes)


def _make_services(
    settings: Settings,
    stores: Stores,
    loops: _Loops,
    adapters: Mapping[str, Adapter],
    readers: Readers,
    uninstaller: Uninstaller,
) -> Services:
    """Make the facades for the listeners."""
    user_groups = UserGroups()
    background = BackgroundTasks()
    return Services(
        operations=Operations(
            adapters,
            stores.connections,
            loops.catalogs,
            stores.preferences,
            stores.workspace_settings,
        ),
        catalogs=loops.catalogs,
        access=AccessPolicy(stores.access, readers.people, user_groups),
        delivery=DeliveryServices(
            dispatcher=loops.dispatcher,
            deliveries=stores.delivery.deliveries,
            decisions=stores.delivery.decisions,
            history=stores.delivery.history,
            card_outbox=stores.delivery.card_outbox,
            cards=loops.cards,
        ),
        connections=ConnectionServices(
            store=stores.connections,
            setup_links=stores.setup_links,
            audit=stores.audit,
            settings=stores.workspace_settings,
            public_url=str(settings.public_url or "").rstrip("/"),
            uninstaller=uninstaller,
        ),
        slack=SlackServices(
            readers=readers,
            user_groups=user_groups,
            scopes=Scopes(),
            files=Uploads(background),
            homes=loops.homes,
            background=background,
        ),
    )


def _draw_homes(services: Services, tokens: SlackTokens, client: AsyncWebClient) -> None:
    """Say how App Homes are drawn again in the background."""

    async def draw(workspace: Workspace, user: str) -> None:
        client_there = with_token(client, await tokens.token(workspace))
        await handlers.home.draw(services, client_there, workspace, user, if_changed=True)

    services.slack.homes.draw_with(draw)


def _connecting(
    services: Services, receipts: Receipts, tokens: SlackTokens, client: AsyncWebClient
) -> Sequence[BaseRoute]:
    """Return the pages on which vendors are connected."""

    async def client_for(workspace: Workspace) -> AsyncWebClient:
        return with_token(client, await tokens.token(workspace))

    async def redraw_home(workspace: Workspace, user: str) -> None:
        await handlers.home.publish(services, await client_for(workspace), workspace, user)

    return Connecting(services, receipts, client_for, redraw_home).routes()


def _installing(settings: Settings, client: AsyncWebClient, stores: Stores) -> Sequence[BaseRoute]:
    """Return the pages that install the bot in a workspace; none if it has one fixed token. Raises
    `SettingError`."""
    if (app := settings.slack_app) is None:
        return []
    return OAuth(app, client, stores.installations, settings.slack_authorize_url).routes()


def _run(loops: _Loops, retention: Retention, notices: AdminNotices, stack: AsyncExitStack) -> None:
    """Run the loops until the stack is left. The dispatcher finishes its calls first."""
    for loop in (
        loops.dispatcher,
        loops.reconciler,
        loops.follow_ups,
        loops.catalogs,
        loops.cards,
        loops.homes,
        retention,
        notices,
    ):
        task = asyncio.create_task(loop.run(), name=type(loop).__name__)
        stack.push_async_callback(_end, task)
    stack.push_async_callback(loops.dispatcher.stop)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
