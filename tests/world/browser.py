"""The bot with web pages of its own, and a browser without scripts: it reads a page's forms, fills
them in, posts them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx

from bot.connections.store import Connection
from bot.playground.sandbox import Sandbox
from bot.playground.slack import Outcome
from bot.settings import Settings
from tests.world.bot import World, running
from tests.world.processes import free_port

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
"""What a browser adds to what a page posts to its own address under `no-referrer`."""


INLINE = ("b", "a")


@asynccontextmanager
async def public(sandbox: Sandbox, folder: Path) -> AsyncIterator[World]:
    """The bot with web pages, and nothing connected."""
    settings = Settings.model_validate(sandbox.environment(folder / "relay.db", free_port()))
    async with running(sandbox, settings) as world:
        yield world


@dataclass
class Form:
    """One form of a page: what it would send as it is, by name, and what its button says."""

    fields: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    button: str = ""


class Page(HTMLParser):
    """An answer, read. `text` is what a person reads, a line an element."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        self.answer = answer
        self.status = answer.status_code
        self.forms: list[Form] = []
        self._lines: list[str] = [""]
        self._inside = ""
        self._select = ""
        self.feed(answer.text)

    @property
    def text(self) -> str:
        return "\n".join(filter(None, self._lines))

    @property
    def buttons(self) -> list[str]:
        return [it.button for it in self.forms]

    def form(self, button: str) -> Form:
        """The form with that button."""
        return next(it for it in self.forms if it.button == button)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag not in INLINE:
            self._lines.append("")
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        match tag:
            case "form":
                self.forms.append(Form())
            case "input":
                self.forms[-1].fields[name] = given.get("value", "")
                self.forms[-1].kinds[name] = given["type"]
            case "select":
                self._select = name
                self.forms[-1].kinds[name] = "select"
            case "option" if "selected" in given or self._select not in self.forms[-1].fields:
                self.forms[-1].fields[self._select] = given["value"]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "button":
            self.forms[-1].button = data
        elif self._inside not in ("style", "title", "option"):
            self._lines[-1] += data


class Visitor:
    """Somebody with a browser."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, address: str) -> Page:
        """Follow a link."""
        return Page(await self.client.get(address))

    async def press(self, page: Page, button: str, **typed: str) -> Page:
        """Fill in the form with that button, and press it."""
        return await self.post(page, page.form(button).fields | typed)

    async def post(self, page: Page, fields: Mapping[str, str], **changes: Any) -> Page:
        """Post these fields to the page's own address."""
        sent: dict[str, Any] = {"data": fields, "headers": SAME_ORIGIN} | changes
        return Page(await self.client.post(page.answer.url, **sent))


@asynccontextmanager
async def visitor() -> AsyncIterator[Visitor]:
    """A browser that keeps cookies."""
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as client:
        yield Visitor(client)


async def ask_for_link(world: World, vendor: str = "rootly", user: str | None = None) -> Outcome:
    """Type `/vendors`, and press that vendor's button below the answer."""
    who = user or world.admin
    assert (await world.command("/vendors", who)).ok
    channel, _, message = next(
        it for it in reversed(world.sandbox.slack.ephemerals) if it[1] == who
    )
    return await world.sandbox.slack.act(
        who,
        channel_id=channel,
        ts=message["ts"],
        block_id="vendors",
        action_id=f"vendor_{vendor}",
        action={"type": "button"},
    )


async def link(world: World, vendor: str = "rootly") -> str:
    """The address that an admin gets for that vendor."""
    outcome = await ask_for_link(world, vendor)
    assert outcome.ok, outcome
    view = world.top().view
    return str(view["blocks"][-1]["elements"][0]["url"])


async def stored(world: World, vendor: str = "rootly") -> Connection | None:
    return await world.bot.services.connections.store.get(world.sandbox.workspace, vendor)


async def connect(
    world: World, ann: Visitor, vendor: str = "rootly", button: str = "Check and connect"
) -> Page:
    """The whole way from `/vendors` to the receipt."""
    page = await ann.open(await link(world, vendor))
    return await ann.press(page, button, **world.sandbox.vendors[vendor].credentials)
