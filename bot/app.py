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
from bot import keys, manifest
from bot.adapters import make_adapters
from bot.adapters.http import make_client
from bot.adapters.pace import Paces
from bot.cards import Cards
from bot.catalogs import Catalogs
from bot.courier import Courier
from bot.errands import Errands
from bot.finisher import Finisher
from bot.groups import UserGroups
from bot.housekeeping import Housekeeping
from bot.people import Directory
from bot.permissions import WhoMay
from bot.reconciler import Reconciler
from bot.relay import Relay
from bot.scopes import Scopes
from bot.settings import Settings
from bot.slack import make_bolt, slack_client, with_token
from bot.slack.tokens import SlackTokens
from bot.storage import Workspace
from bot.storage.database import Database
from bot.storage.rows import Delivery
from bot.storage.secrets import Vault, load_vault
from bot.storage.stores import Stores, make_stores
from bot.uninstall import Uninstaller
from bot.uploads import Uploads
from bot.web import make_web
from bot.web.connecting import Connecting, Receipts
from bot.web.oauth import OAuth


@dataclass(frozen=True, slots=True)
class Bot:
    """The running bot: Bolt's app, the web application around it, and the parts behind both."""

    app: AsyncApp
    web: Starlette
    relay: Relay


@dataclass(frozen=True, slots=True)
class _Opened:
    """What has to be closed again. What a person waits for is given up soon (`quick`); the background has more time, and
    keeps to Slack's limits itself (`patient`)."""

    vault: Vault
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
        paces = Paces({vendor: adapter.limits for vendor, adapter in adapters.items()})
        stored = make_stores(opened.database, opened.vault, on_gone=paces.renew)
        connections, tokens = stored.connections, SlackTokens(stored.installations, settings.fixed_token)

        catalogs = Catalogs(stored.lists, connections, adapters, paces, on_recovered=lambda: courier.wake())
        courier = Courier(
            stored.deliveries,
            connections,
            adapters,
            paces,
            on_change=lambda row: changed(row),
            on_created=catalogs.created,
            on_mended=catalogs.wake,
        )
        reconciler = Reconciler(stored.doubts, connections, adapters, paces, courier)
        finisher = Finisher(stored.steps, connections, adapters, paces, courier)
        cards = Cards(stored.showing, connections, adapters, opened.patient, tokens)
        housekeeping = Housekeeping(stored.archive, stored.links, settings.keep_days)

        def changed(row: Delivery) -> None:
            for part in (cards, reconciler, finisher):
                part.changed(row)

        people, groups, scopes = Directory(settings.admin_ids), UserGroups(), Scopes()
        uploads, receipts = Uploads(errands := Errands()), Receipts()
        holders = (stored.installations, opened.vault)  # of Slack's tokens
        remembering = (
            *(courier, reconciler, finisher, cards, catalogs, paces),
            *(people, groups, scopes, uploads, receipts, *holders),
        )
        relay = Relay(
            adapters=adapters,
            connections=connections,
            deliveries=stored.deliveries,
            decisions=stored.decisions,
            archive=stored.archive,
            showing=stored.showing,
            catalogs=catalogs,
            courier=courier,
            cards=cards,
            installations=stored.installations,
            habits=stored.habits,
            people=people,
            groups=groups,
            who_may=WhoMay(stored.permissions, people, groups),
            uninstaller=Uninstaller(stored.purge, remembering, holders),
            links=stored.links,
            public_url=str(settings.public_url or "").rstrip("/"),
            errands=errands,
            uploads=uploads,
            scopes=scopes,
        )

        app = make_bolt(opened.quick, tokens)
        handlers.register(app, relay)
        pages = [*_connecting(relay, receipts, tokens, opened.quick), *_installing(settings, opened.patient, stored)]
        web = make_web(app, settings.slack_signing_secret, opened.database, pages=pages)

        for part in (courier, reconciler, finisher, catalogs, cards, housekeeping):
            stack.push_async_callback(_end, asyncio.create_task(part.run(), name=type(part).__name__))
        stack.push_async_callback(courier.stop)
        stack.push_async_callback(errands.stop)
        yield Bot(app, web, relay)


async def _open(settings: Settings, stack: AsyncExitStack) -> _Opened:
    """Raises `SettingError`."""
    vault = load_vault(settings.encryption_keys, settings.database)
    database = await Database.open(settings.database)
    stack.push_async_callback(database.close)
    await keys.check(database, vault)
    return _Opened(
        vault=vault,
        database=database,
        vendors=await stack.enter_async_context(make_client()),
        quick=await stack.enter_async_context(slack_client(settings, 2)),
        patient=await stack.enter_async_context(slack_client(settings, 15)),
    )


def _connecting(relay: Relay, receipts: Receipts, tokens: SlackTokens, client: AsyncWebClient) -> Sequence[BaseRoute]:
    """The pages on which vendors are connected."""

    async def client_for(workspace: Workspace) -> AsyncWebClient:
        return with_token(client, await tokens.token(workspace))

    async def redraw_home(workspace: Workspace, user: str) -> None:
        await handlers.home.publish(relay, await client_for(workspace), workspace, user)

    return Connecting(relay, receipts, client_for, redraw_home).routes()


def _installing(settings: Settings, client: AsyncWebClient, stored: Stores) -> Sequence[BaseRoute]:
    """The way to Slack and back, where the bot may be installed in many workspaces. Raises `SettingError`."""
    if (app := settings.slack_app) is None:
        return []
    scopes, url = manifest.load()["oauth_config"]["scopes"]["bot"], settings.slack_authorize_url
    return OAuth(app, client, stored.installations, stored.states, authorize_url=url, scopes=scopes).routes()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
