"""`kill -9` at the worst moments: what was submitted is neither lost nor created twice."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import pytest

from bot.playground.slack.world import Message
from bot.playground.stage import Stage
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

    async def declare(self) -> str:
        """Fill in the form and submit it; what the modal says then."""
        slack = self.stage.slack
        assert (await slack.command(self.person, self.channel.id, "/incident Checkout is down")).ok
        form = slack.views(self.person)[-1]
        summary = {"type": "plain_text_input", "value": "Nobody can pay."}
        await slack.submit(self.person, form["id"], {"rootly.incident.summary": {"value": summary}})
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
    async with shop.bot():
        await shop.rootly.set_fault("fine")
        await eventually(lambda: shop.card_says("Created in Rootly"))
        await asyncio.sleep(1)
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == ["Checkout is down"]
    assert shop.card_says("Created in Rootly")


async def test_does_not_send_again_what_may_have_arrived(shop: Shop) -> None:
    """Killed while the vendor had the request and had not answered: the card asks a person, and nothing is sent again."""
    shop.rootly.hold = asyncio.Event()
    async with shop.bot():
        declaring = asyncio.create_task(shop.declare())
        await eventually(lambda: shop.rootly.created)
    await declaring
    assert shop.cards == []
    _let_the_lease_run_out(shop.settings)
    async with shop.bot():
        await eventually(lambda: shop.card_says("It is not known whether Rootly created this incident"))
        await asyncio.sleep(1)
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == ["Checkout is down"]


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


def _let_the_lease_run_out(settings: Settings) -> None:
    """The time that passes before anybody else may say what became of a request: here it passes at once."""
    with closing(sqlite3.connect(settings.database)) as database, database:
        changed = database.execute("UPDATE deliveries SET lease_until = 0 WHERE state = 'sending'").rowcount
    assert changed == 1
