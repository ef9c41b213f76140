"""`kill -9` at the worst moments: what was submitted is neither lost nor created twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from bot.playground.slack.world import Message
from bot.playground.stage import Stage
from bot.playground.vendors import Rootly
from bot.playground.vendors.base import VendorStandIn
from bot.settings import Settings
from tests.conftest import eventually
from tests.processes import healthy, started


class Shop:
    """One person in one channel of the stage, and the bot as a process."""

    def __init__(self, stage: Stage, settings: Settings) -> None:
        self.stage = stage
        self.settings = settings
        self.person = next(it.id for it in stage.slack.people.values() if it.is_admin and it.playable)
        self.channel = next(it for it in stage.slack.channels.values() if it.name == "incidents")

    @property
    def rootly(self) -> VendorStandIn:
        return self.stage.vendors["rootly"]

    @property
    def cards(self) -> list[Message]:
        """The bot's messages in the channel."""
        return [it for it in self.channel.messages if it.get("bot_id")]

    def card_says(self, words: str) -> bool:
        return len(self.cards) == 1 and words in self.cards[0]["text"]

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot's process; killed, with no chance to tidy up, when the block ends."""
        async with started("serve", environment=self.stage.environment(self.settings.database)) as process:
            self.stage.slack.bot_url = await healthy(process)
            yield process

    async def declare(self, impact: str = "") -> str:
        """Fill in the form and submit it; what the modal says then. `impact` is for a custom field, if it is there."""
        slack = self.stage.slack
        assert (await slack.command(self.person, self.channel.id, "/incident Checkout is down")).ok
        form = slack.views(self.person)[-1]
        answers = {"rootly.incident.summary": {"value": {"type": "plain_text_input", "value": "Nobody can pay."}}}
        if impact:
            (block,) = [it["block_id"] for it in form["blocks"] if it.get("label", {}).get("text") == "Customer impact"]
            answers[block] = {"value": {"type": "plain_text_input", "value": impact}}
        await slack.submit(self.person, form["id"], answers)
        return str(slack.views(self.person)[-1]["blocks"])


@pytest.fixture
async def shop(stage: Stage, settings: Settings) -> Shop:
    await stage.connect_vendors(settings)
    return Shop(stage, settings)


async def test_goes_on_with_what_was_queued(shop: Shop) -> None:
    """What waited for a vendor that was down arrives once after kill -9, a new start and the vendor's return."""
    async with shop.bot():
        await shop.rootly.set_fault("down")
        assert "Saved, not yet in Rootly" in await shop.declare()
        await eventually(lambda: shop.card_says("Saved, not yet in Rootly"))
        await eventually(lambda: _noted_its_card(shop.settings))  # killed before, it would post another
    async with shop.bot():
        await shop.rootly.set_fault("fine")
        await eventually(lambda: shop.card_says("Created in Rootly"), 30)
        await asyncio.sleep(1)
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == ["Checkout is down"]
    assert shop.card_says("Created in Rootly")


async def test_looks_up_what_may_have_arrived(shop: Shop) -> None:
    """Killed while the vendor had the request and had not answered: the next start finds it there and sends nothing."""
    shop.rootly.hold = asyncio.Event()
    async with shop.bot():
        declaring = asyncio.create_task(shop.declare())
        await eventually(lambda: shop.rootly.created)
    await declaring
    assert shop.cards == []
    _let_the_lease_run_out(shop.settings)
    async with shop.bot():
        await eventually(lambda: shop.card_says("Created in Rootly"))
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == ["Checkout is down"]
    assert sum(it.method == "POST" for it in shop.rootly.requests) == 1


async def test_sets_what_remains_of_what_it_created(shop: Shop) -> None:
    """Killed between the incident and its custom field: the next start sets the field, and creates nothing."""
    rootly = shop.rootly
    assert isinstance(rootly, Rootly)
    rootly.fields.hold = asyncio.Event()
    async with shop.bot():
        await eventually(lambda: any("/v1/form_fields" in it.path for it in rootly.requests))
        await asyncio.sleep(0.5)
        assert "Still to be set: *Customer impact*" in await shop.declare("Nobody can pay.")
    assert len(rootly.created) == 1
    assert rootly.data.selections == {}
    rootly.fields.hold = None
    with closing(sqlite3.connect(shop.settings.database)) as database, database:
        assert database.execute("UPDATE deliveries SET steps_at = 1 WHERE steps_at > 0").rowcount == 1
    async with shop.bot():
        await eventually(lambda: rootly.data.selections)
        await eventually(lambda: shop.card_says("Created in Rootly"))
        await eventually(lambda: "Still to be set" not in str(shop.cards[0]["blocks"]))
    (made,) = rootly.created
    assert rootly.fields.detail(made.id) == {"Customer impact": "Nobody can pay."}


async def test_finishes_what_it_is_sending_before_it_ends(shop: Shop) -> None:
    """Told to stop in the middle of a call, the bot waits for the vendor's answer and writes it down; code 0."""
    shop.rootly.hold = asyncio.Event()
    async with shop.bot() as process:
        assert "has not answered yet" in await shop.declare()
        process.terminate()
        await asyncio.sleep(0.3)
        shop.rootly.hold.set()
        assert await process.wait() == 0
    with closing(sqlite3.connect(shop.settings.database)) as database:
        assert database.execute("SELECT state FROM deliveries").fetchall() == [("delivered",)]


def _noted_its_card(settings: Settings) -> bool:
    """Whether the bot has written down which message is the delivery's card."""
    with closing(sqlite3.connect(settings.database)) as database:
        return database.execute("SELECT card_ts FROM deliveries").fetchall()[0][0] != ""


def _let_the_lease_run_out(settings: Settings) -> None:
    """The time that passes before anybody else may say what became of a request: here it passes at once."""
    with closing(sqlite3.connect(settings.database)) as database, database:
        changed = database.execute("UPDATE deliveries SET lease_until = 0 WHERE state = 'sending'").rowcount
    assert changed == 1
