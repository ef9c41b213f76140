"""`kill -9` at the worst moments: what was submitted is neither lost nor created twice."""

import asyncio
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from bot.playground.sandbox import Sandbox
from bot.playground.slack.world import Message
from bot.playground.vendors import Rootly
from bot.playground.vendors.base import VendorStandIn
from bot.settings import Settings
from tests.world.bot import eventually
from tests.world.processes import healthy, started

PATIENCE_SECONDS = 30.0


class Shop:
    """One person in one channel of the stage, and the bot as a process."""

    def __init__(self, sandbox: Sandbox, settings: Settings) -> None:
        self.sandbox = sandbox
        self.settings = settings
        self.person = next(
            it.id for it in sandbox.slack.people.values() if it.is_admin and it.playable
        )
        self.channel = next(it for it in sandbox.slack.channels.values() if it.name == "incidents")

    @property
    def rootly(self) -> VendorStandIn:
        return self.sandbox.vendors["rootly"]

    @property
    def cards(self) -> list[Message]:
        """The bot's messages in the channel."""
        return [it for it in self.channel.messages if it.get("bot_id")]

    @asynccontextmanager
    async def bot(self, module: str = "bot") -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot's process; killed, with no chance to tidy up, when the block ends."""
        environment = self.sandbox.environment(self.settings.database)
        async with started("serve", environment=environment, program=("-m", module)) as process:
            self.sandbox.slack.bot_url = await healthy(process)
            yield process

    async def declare(self, **more: str) -> None:
        """Fill in the form and submit it: the summary, and `more` by the fields' labels, once the
        form has them."""
        await eventually(lambda: self._opens_with(more), PATIENCE_SECONDS)
        form = self.sandbox.slack.views(self.person)[-1]
        texts = {
            _block(form, label): text
            for label, text in {"Summary": "Nobody can pay.", **more}.items()
        }
        answers = {
            block: {"value": {"type": "plain_text_input", "value": text}}
            for block, text in texts.items()
        }
        await self.sandbox.slack.submit(self.person, form["id"], answers)

    async def _opens_with(self, labels: Collection[str]) -> bool:
        """Open the form; it is closed again where it does not have all of these fields yet."""
        slack = self.sandbox.slack
        assert (await slack.command(self.person, self.channel.id, "/incident Checkout is down")).ok
        form = slack.views(self.person)[-1]
        if all(_block(form, label) for label in labels):
            return True
        await slack.close(self.person, form["id"])
        return False

    async def press(self, action_id: str) -> None:
        """Press that button of the card."""
        [card] = self.cards
        outcome = await self.sandbox.slack.act(
            self.person,
            channel_id=self.channel.id,
            ts=card["ts"],
            block_id="delivery",
            action_id=action_id,
            action={"type": "button"},
        )
        assert outcome.ok, outcome

    async def modal_says(self, words: str) -> None:
        """Wait for it: what took longer than the modal's answer is drawn into it later."""
        await eventually(
            lambda: words in str(self.sandbox.slack.views(self.person)[-1]["blocks"]),
            PATIENCE_SECONDS,
        )

    async def card(self, words: str) -> None:
        """Wait until there is one card, and it says so."""
        await eventually(
            lambda: len(self.cards) == 1 and words in self.cards[0]["text"], PATIENCE_SECONDS
        )


@pytest.fixture
async def shop(sandbox: Sandbox, settings: Settings) -> Shop:
    await sandbox.connect_vendors(settings)
    return Shop(sandbox, settings)


async def test_goes_on_with_what_was_queued(shop: Shop) -> None:
    """What waited for a vendor that was down arrives once after kill -9, a new start and the
    vendor's return."""
    async with shop.bot():
        await shop.rootly.set_fault("down")
        await shop.declare()
        await shop.modal_says("Saved, not yet in Rootly")
        await shop.card("Saved, not yet in Rootly")
        await eventually(
            lambda: _noted_its_card(shop.settings)
        )  # killed before, it would post another
    async with shop.bot():
        await shop.rootly.set_fault("fine")
        await shop.card("Created in Rootly")
        await asyncio.sleep(1)
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == [
        "Checkout is down"
    ]
    await shop.card("Created in Rootly")


async def test_looks_up_what_may_have_arrived(shop: Shop) -> None:
    """Killed while the vendor had the request and had not answered: the next start finds it there
    and sends nothing."""
    shop.rootly.hold = asyncio.Event()
    async with shop.bot():
        declaring = asyncio.create_task(shop.declare())
        await eventually(lambda: shop.rootly.created)
    await declaring
    assert shop.cards == []
    _let_the_lease_run_out(shop.settings)
    async with shop.bot():
        await shop.card("Created in Rootly")
    assert [it.body["data"]["attributes"]["title"] for it in shop.rootly.created] == [
        "Checkout is down"
    ]
    assert sum(it.method == "POST" for it in shop.rootly.requests) == 1


async def test_shows_a_refusal_that_no_modal_showed(shop: Shop) -> None:
    """Killed between the vendor's "no" and the modal's answer: the form stays as it was filled in,
    a card says what the vendor said, and its button leads back to all that was entered."""
    shop.rootly.answer_next(422, {"error": "unprocessable_entity", "message": "Not on a Friday"})
    async with shop.bot("tests.delivery.dies_answering") as process:
        await shop.declare()
        assert await process.wait() == -signal.SIGKILL
    form = shop.sandbox.slack.views(shop.person)[-1]
    async with shop.bot():
        await shop.card("Rootly didn't accept this incident")
        await asyncio.sleep(1)
        assert shop.sandbox.slack.views(shop.person) == [form]
        await shop.sandbox.slack.close(shop.person, form["id"])
        await shop.press("edit")
        await shop.modal_says("Not on a Friday")
        await shop.modal_says("Nobody can pay.")
    assert "Not on a Friday" in shop.cards[0]["blocks"][0]["text"]["text"]
    assert shop.rootly.created == []


async def test_sets_what_remains_of_what_it_created(shop: Shop) -> None:
    """Killed between the incident and its custom field: the next start sets the field, and creates
    nothing."""
    rootly = shop.rootly
    assert isinstance(rootly, Rootly)
    rootly.fields.hold = asyncio.Event()
    async with shop.bot():
        await shop.declare(**{"Customer impact": "Nobody can pay."})
        await shop.modal_says("We're still setting *Customer impact*")
    assert len(rootly.created) == 1
    assert rootly.data.selections == {}
    rootly.fields.hold = None
    with closing(sqlite3.connect(shop.settings.database)) as database, database:
        assert (
            database.execute(
                "UPDATE deliveries SET next_step_at = 1 WHERE next_step_at > 0"
            ).rowcount
            == 1
        )
    async with shop.bot():
        await eventually(lambda: rootly.data.selections, PATIENCE_SECONDS)
        await shop.card("Created in Rootly")
        await eventually(
            lambda: "We're still setting" not in str(shop.cards[0]["blocks"]), PATIENCE_SECONDS
        )
    (made,) = rootly.created
    assert rootly.fields.detail(made.id) == {"Customer impact": "Nobody can pay."}


async def test_finishes_what_it_is_sending_before_it_ends(shop: Shop) -> None:
    """Told to stop in the middle of a call, the bot waits for the vendor's answer and writes it
    down; code 0."""
    shop.rootly.hold = asyncio.Event()
    async with shop.bot() as process:
        await shop.declare()
        await shop.modal_says("hasn't answered yet")
        process.terminate()
        await eventually(
            lambda: not _takes_calls(shop.sandbox.slack.bot_url)
        )  # it has begun to stop
        shop.rootly.hold.set()
        assert await process.wait() == 0
    with closing(sqlite3.connect(shop.settings.database)) as database:
        assert database.execute("SELECT state FROM deliveries").fetchall() == [("delivered",)]


def _block(form: dict[str, Any], label: str) -> str:
    """The block id of the field with that label, empty where the form has none."""
    return next(
        (it["block_id"] for it in form["blocks"] if it.get("label", {}).get("text") == label), ""
    )


def _takes_calls(url: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", urlsplit(url).port or 0)) == 0


def _noted_its_card(settings: Settings) -> bool:
    """Whether the bot has written down which message is the delivery's card."""
    with closing(sqlite3.connect(settings.database)) as database:
        return bool(database.execute("SELECT card_ts FROM deliveries").fetchall()[0][0])


def _let_the_lease_run_out(settings: Settings) -> None:
    """The time that passes before anybody else may say what became of a request: here it passes at
    once."""
    with closing(sqlite3.connect(settings.database)) as database, database:
        changed = database.execute(
            "UPDATE deliveries SET lease_until = 0 WHERE state = 'sending'"
        ).rowcount
    assert changed == 1
