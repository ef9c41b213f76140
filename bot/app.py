"""Where the parts are put together. This page is the whole machine.

Slack -> web (or a socket) -> Bolt -> handlers -> courier -> adapter -> vendor
                                         |           |
                                      catalogs     cards -> Slack
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

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
from bot.settings import Settings, SlackApp
from bot.slack import make_bolt, slack_client, with_token
from bot.slack.tokens import SlackTokens
from bot.storage import Workspace
from bot.storage.database import Database
from bot.storage.rows import Delivery
from bot.storage.secrets import load_vault
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


@asynccontextmanager
async def create_app(settings: Settings) -> AsyncIterator[Bot]:
    """Open everything, run the background, and close it in order. Raises `SettingError`."""
    slack_app = settings.slack_app
    async with AsyncExitStack() as stack:
        vault = load_vault(settings.encryption_keys, settings.database)
        database = await Database.open(settings.database)
        stack.push_async_callback(database.close)
        await keys.check(database, vault)
        vendors_http = await stack.enter_async_context(make_client())
        # What a person waits for is given up soon; the background has more time, and keeps to Slack's limits itself.
        quick = await stack.enter_async_context(slack_client(settings, 2))
        patient = await stack.enter_async_context(slack_client(settings, 15))

        adapters = make_adapters(vendors_http, settings.vendor_urls)
        paces = Paces({vendor: adapter.limits for vendor, adapter in adapters.items()})
        stored = make_stores(database, vault, on_gone=paces.renew)
        connections, tokens = stored.connections, SlackTokens(stored.installations, settings.fixed_token)

        cards = Cards(stored.showing, connections, adapters, patient, tokens)
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
        housekeeping = Housekeeping(stored.archive, stored.links, settings.keep_days)

        def changed(row: Delivery) -> None:
            cards.changed(row)
            reconciler.changed(row)
            finisher.changed(row)

        people, groups, scopes = Directory(settings.admin_ids), UserGroups(), Scopes()
        uploads, receipts = Uploads(errands := Errands()), Receipts()
        holders = (stored.installations, vault)  # of Slack's tokens
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

        app = make_bolt(quick, tokens)
        handlers.register(app, relay)
        pages = _connecting(relay, receipts, tokens, quick).routes()
        if slack_app is not None:
            pages += _oauth(settings, slack_app, patient, stored).routes()
        web = make_web(app, settings.slack_signing_secret, database, pages=pages)

        for part in (courier, reconciler, finisher, catalogs, cards, housekeeping):
            task = asyncio.create_task(part.run(), name=type(part).__name__)
            stack.push_async_callback(_end, task)
        stack.push_async_callback(courier.stop)
        stack.push_async_callback(relay.errands.stop)
        yield Bot(app, web, relay)


def _connecting(relay: Relay, receipts: Receipts, tokens: SlackTokens, client: AsyncWebClient) -> Connecting:
    async def client_for(workspace: Workspace) -> AsyncWebClient:
        return with_token(client, await tokens.token(workspace))

    async def redraw_home(workspace: Workspace, user: str) -> None:
        await handlers.home.publish(relay, await client_for(workspace), workspace, user)

    return Connecting(relay, receipts, client_for, redraw_home)


def _oauth(settings: Settings, app: SlackApp, client: AsyncWebClient, stored: Stores) -> OAuth:
    scopes = manifest.load()["oauth_config"]["scopes"]["bot"]
    url = settings.slack_authorize_url
    return OAuth(app, client, stored.installations, stored.states, authorize_url=url, scopes=scopes)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
