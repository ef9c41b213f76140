"""Cards on a real database and a Slack that answers what a test says, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import JSONResponse

from bot import messages
from bot.adapters.credentials import ApiKey
from bot.adapters.rate_limit import RateLimiters
from bot.connections.store import Connections
from bot.delivery.attempt import VendorAccess
from bot.delivery.model import Delivery, Outcome
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.queue import Deliveries
from bot.slack.card_posts import CardPosts
from bot.slack.cards import Cards
from bot.slack.channels import Channels, Sharing
from bot.slack.installations import Installations
from bot.slack.people import UserDirectory
from bot.slack.readers import Readers
from bot.slack.tokens import FixedToken, SlackTokens
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.storage.preferences import Preferences
from bot.storage.workspace_settings import WorkspaceSettings
from bot.stores import open_stores
from bot.workspace import Workspace
from tests.world.bot import eventually
from tests.world.notes import HERE, KEY, MADE, SECRET, Clock, Notes, draft
from tests.world.slack import Answer, Wire, slack_wire

DELIVERED = Outcome("delivered", vendor_object=MADE.model_dump())
AWAY = Outcome("queued", "unreachable")
CHANNEL, PERSON, DIRECT = "C0GENERAL1", "U0ANN00001", "D0DIRECT01"


class Paper(Notes):
    """Notes that people can write by hand."""

    def by_hand(self, operation: str, credentials: ApiKey) -> str:
        assert credentials.api_key.get_secret_value() == SECRET["api_key"]
        return f"https://notes.example.com/{operation}/new"


class OwnChannels(Channels):
    """The workspace's own channels alone, about which Slack is not asked."""

    async def sharing(self, token: str, workspace: Workspace, channel: str) -> Sharing:
        return "own"


class SteppedCards(Cards):
    """Cards whose loop a test goes through, a round at a time."""

    async def work(self) -> float | None:
        """Show everything that may be shown now; how many seconds the pools would sleep then."""
        pools, quiet = (self.card_pool, self.modal_pool), 0
        while True:
            pauses = [await pool.one_round() for pool in pools]
            quiet = 0 if self.busy else quiet + 1
            if quiet > 1:
                return min((pause for pause in pauses if pause is not None), default=None)
            await eventually(lambda: not self.busy)

    @property
    def posts(self) -> CardPosts:
        return self._posts

    @property
    def posting(self) -> bool:
        return self.card_pool.busy

    @property
    def places_taken(self) -> int:
        return self._limiter.taken


@dataclass
class Board:
    """Cards on a real database, with a Slack that answers what a test says, and a clock that it
    sets."""

    database: Database
    deliveries: Deliveries
    card_outbox: CardOutbox
    connections: Connections
    installations: Installations
    cards: SteppedCards
    adapter: Notes
    slack: Wire
    clock: Clock

    async def submitted(self, key: str = "a", **changes: Any) -> Delivery:
        """A row that is being sent, whose modal is gone."""
        row, _ = await self.deliveries.enqueue(
            draft(key, **changes), lease=45, card_not_before=self.clock.now
        )
        return row

    async def settled(
        self, outcome: Outcome = DELIVERED, key: str = "a", **changes: Any
    ) -> Delivery:
        row = await self.deliveries.settle(await self.submitted(key, **changes), outcome)
        assert row is not None
        return row

    async def next_attempt(self, outcome: Outcome) -> Delivery:
        claimed = await self.deliveries.claim((HERE, "notes"), 45)
        assert claimed is not None
        row = await self.deliveries.settle(claimed, outcome)
        assert row is not None
        return row

    async def connect(self, account: str = "acme") -> None:
        await self.connections.save(
            HERE, "notes", account=account, account_name="Acme", secret=SECRET
        )

    async def work(self) -> float | None:
        return await self.cards.work()

    async def round(self) -> None:
        """The same a little later, when the channel's turn has come again."""
        self.clock.advance(1)
        await self.work()

    async def look(self, row: Delivery) -> Delivery:
        return await self.deliveries.get(row)

    def content(self, row: Delivery, by_hand: str = "") -> dict[str, Any]:
        return messages.card(row, self.adapter, self.adapter.operation("note"), by_hand)

    def receipt(self, row: Delivery) -> dict[str, Any]:
        return messages.receipt(row, self.adapter, self.adapter.operation("note"))


def slack_takes(args: dict[str, Any]) -> dict[str, Any]:
    """Slack's "yes": a person's id stands for the direct messages with that person."""
    if "view" in args:
        return {"ok": True, "view": {"id": args["view_id"]}}
    channel = DIRECT if args["channel"] == PERSON else args["channel"]
    return {"ok": True, "channel": channel, "ts": args.get("ts", "17.5")}


async def fixed_token(wire: Wire, client: AsyncWebClient) -> FixedToken:
    """The token of the workspace `HERE`, of which Slack has said so already."""
    wire.answer = lambda args: {"ok": True, "team_id": HERE.team}
    token = FixedToken(client)
    await token.token(HERE)
    wire.calls.clear()
    wire.tokens.clear()
    return token


@asynccontextmanager
async def board_on(path: Path, *, many: bool = False, ask: bool = False) -> AsyncIterator[Board]:
    """The cards of that database; with `many` each workspace has a token of its own, else there is
    one for all. Every channel is the workspace's own, unless Slack is asked (`ask`)."""
    clock, adapter = Clock(), Paper()
    database = await Database.open(path)
    card_outbox, connections = (
        CardOutbox(database, clock),
        open_stores(database, SecretBox([KEY]), clock).connections,
    )
    installations = Installations(database, SecretBox([KEY]))
    async with slack_wire() as (wire, client):
        tokens = SlackTokens(installations, None if many else await fixed_token(wire, client))
        wire.answer = slack_takes
        kind = Channels if ask else OwnChannels
        posts = CardPosts(client, kind(client, WorkspaceSettings(database), clock), clock)
        vendors = VendorAccess(connections, {"notes": adapter}, RateLimiters({}))
        readers = Readers(UserDirectory(frozenset()), Preferences(database))
        shown = SteppedCards(card_outbox, vendors, posts, tokens, readers, clock)
        deliveries = Deliveries(database, clock)
        yield Board(
            database,
            deliveries,
            card_outbox,
            connections,
            installations,
            shown,
            adapter,
            wire,
            clock,
        )
    await adapter.client.aclose()
    await database.close()


def limited(seconds: object) -> Answer:
    """Slack's 429."""
    return lambda args: JSONResponse(
        {"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(seconds)}
    )
