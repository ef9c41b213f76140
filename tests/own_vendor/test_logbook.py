"""A vendor of one module, used whole: the bot knows nothing of it but its name in the mapping."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.__main__ import Vendors, main
from bot.adapters.registry import base_urls
from bot.app import create_app
from bot.playground.sandbox import Sandbox, set_up
from bot.playground.serving import Server
from bot.settings import Settings
from tests.own_vendor.logbook import Logbook
from tests.own_vendor.registered import PROGRAM, WITH_STAND_IN, WITHOUT_STAND_IN
from tests.own_vendor.stand_in import LogbookStandIn
from tests.world.bot import World, eventually
from tests.world.browser import Visitor, link, stored, visitor
from tests.world.processes import free_port, started

ALONE = {Logbook.vendor: Logbook}
TITLE = "Checkout is down"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """Slack, and Logbook as the only vendor there is."""
    async with set_up(adapters=ALONE, stand_ins=WITH_STAND_IN.stand_ins) as sandbox:
        yield sandbox
        assert sandbox.slack.violations == []


@pytest.fixture
async def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    """With web pages, on which an admin connects Logbook."""
    return Settings.model_validate(sandbox.environment(tmp_path / "relay.db", free_port()))


@asynccontextmanager
async def serving(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    async with create_app(settings, ALONE) as bot, Server(bot.web, port=settings.port) as server:
        sandbox.slack.bot_url = server.url
        yield World(sandbox, settings, bot)


@pytest.fixture
async def bare_world(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    """The bot with nothing connected."""
    async with serving(sandbox, settings) as world:
        yield world


@pytest.fixture
async def world(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    """The bot with Logbook connected."""
    await sandbox.connect_vendors(settings)
    async with serving(sandbox, settings) as world:
        yield world


def logbook(world: World) -> LogbookStandIn:
    stand_in = world.sandbox.vendors["logbook"]
    assert isinstance(stand_in, LogbookStandIn)
    return stand_in


async def submit(world: World) -> Any:
    """Declare an incident in the first book; what Slack was answered."""
    await world.lists_loaded()
    form = await world.open(f"/incident {TITLE}")
    await form.fill(book_id="Night", text="Nobody can pay.")
    return await form.submit()


class Terminal:
    """The command line in this process, with Logbook registered."""

    def __init__(
        self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str], vendors: Vendors
    ) -> None:
        self._patch = patch
        self._captured = captured
        self._vendors = vendors

    def run(self, *arguments: str, given: str = "", **environment: str) -> tuple[int, str, str]:
        """(exit code, standard output, standard error)"""
        with self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr("sys.stdin", io.StringIO(given))
            code = main(arguments, self._vendors)
        return (code, *self._captured.readouterr())


@pytest.fixture
def terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(monkeypatch, capsys, WITH_STAND_IN)


def test_its_address_is_its_own_or_the_operators() -> None:
    """The variable that it names replaces its default."""
    assert base_urls(Settings(), ALONE) == {"logbook": "https://api.logbook.example/"}
    ours = Settings.model_validate({"LOGBOOK_API_URL": "http://10.0.0.7:8080"})
    assert base_urls(ours, ALONE) == {"logbook": "http://10.0.0.7:8080/"}


def test_a_wrong_address_ends_the_start(terminal: Terminal, tmp_path: Path) -> None:
    """One sentence that names the variable, exit code 2, and nothing was made."""
    slack = {"SLACK_SIGNING_SECRET": "0123456789abcdef" * 2, "SLACK_BOT_TOKEN": "xoxb-1"}
    wrong = "http://logbook.example.com"
    assert terminal.run("serve", "--quiet", LOGBOOK_API_URL=wrong, **slack) == (
        2,
        "",
        "LOGBOOK_API_URL: should begin with https://, unless it is localhost or a private IP "
        "address.\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_connect_offers_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the command's help, and where another name was typed."""
    with pytest.raises(SystemExit):
        main(["connect", "--help"], WITH_STAND_IN)
    names = ", ".join(WITH_STAND_IN.adapters)
    assert f"VENDOR is one of {names}." in " ".join(capsys.readouterr().out.split())
    assert names.endswith(", logbook")
    assert main(["connect", "T012AB3CD", "wiki"], WITH_STAND_IN) == 2
    assert capsys.readouterr().err == f"VENDOR: should be one of {names}.\n"


async def test_an_operator_connects_it_and_asks_the_doctor(
    bare_world: World, terminal: Terminal
) -> None:
    """By command line, beside the running bot; the doctor tries the key."""
    settings, here = bare_world.settings, bare_world.sandbox.workspace
    environment = bare_world.sandbox.environment(settings.database)
    given = json.dumps(logbook(bare_world).credentials)

    def operate() -> tuple[tuple[int, str, str], tuple[int, str, str]]:
        connected = terminal.run("connect", here.team, "logbook", given=given, **environment)
        return connected, terminal.run("doctor", **environment)

    connected, (_, report, _) = await asyncio.to_thread(operate)
    assert connected == (0, f"{here.team} is connected to Logbook as Brambleway.\n", "")
    about = f"Logbook in {here.team}: Works for Brambleway, acting as Maya Chen."
    assert f"ok       {about}" in report.splitlines()


async def test_an_admin_connects_it_on_its_page(bare_world: World) -> None:
    """The page shows its label and the key's description; the receipt as whom the key acts."""
    async with visitor() as ann:
        page, receipt = await connected_by(ann, bare_world)
    assert page[0] == "Connect Logbook"
    assert "In Logbook: Settings, Keys. It has to read books and entries, and add entries." in page
    assert receipt[:2] == [
        "Logbook is connected",
        "Logbook accepts the key, and is connected as Brambleway.",
    ]
    connection = await stored(bare_world, "logbook")
    assert connection is not None
    assert connection.secret == logbook(bare_world).credentials


async def connected_by(ann: Visitor, world: World) -> tuple[list[str], list[str]]:
    """The lines of the page, and of the receipt."""
    page = await ann.open(await link(world, "logbook"))
    receipt = await ann.press(page, "Check and connect", **logbook(world).credentials)
    return page.text.splitlines(), receipt.text.splitlines()


async def test_an_entry_is_created_and_shown(world: World) -> None:
    """Its form opens at /incident; the vendor gets the fields with the marker; the receipt, the
    card and App Home have the reference."""
    assert (await submit(world)).ok
    (made,) = logbook(world).created
    assert (made.path, made.body["title"], made.body["book_id"]) == ("/v1/entries", TITLE, "b1")
    assert made.body["text"].startswith("Nobody can pay.\n\nAdded from Slack by ")
    assert "Created in Logbook" in world.top().text
    assert f"LOG-1  {TITLE}" in world.top().text
    await eventually(lambda: world.cards("incidents"))
    assert world.cards("incidents")[0]["text"].startswith(f"Created in Logbook: LOG-1 {TITLE}")
    assert (await world.sandbox.slack.open_home(world.admin)).ok
    home = json.dumps(world.sandbox.slack.home(world.admin))
    assert ("Created in Logbook" in home, "Logbook entry" in home) == (True, True)


async def test_a_lost_answer_is_found_again_by_the_marker(world: World) -> None:
    """The bot does not know whether it was created, looks, and sends it no second time."""
    await logbook(world).set_fault("lost")
    assert (await submit(world)).ok
    await eventually(
        lambda: (
            [it["text"][:25] for it in world.cards("incidents")] == ["Created in Logbook: LOG-1"]
        )
    )
    assert len(logbook(world).created) == 1


async def test_a_refusal_stands_beside_its_field(world: World) -> None:
    """In the vendor's words, and the form stays open."""
    await logbook(world).set_fault("refusing")
    outcome = await submit(world)
    assert outcome.errors == {"logbook.entry.title": "Logbook says: The title is reserved."}
    assert logbook(world).created == []


async def page_of(process: asyncio.subprocess.Process) -> tuple[list[str], str]:
    """(what the playground printed before its address, the address)"""
    assert process.stdout
    lines: list[str] = []
    async with asyncio.timeout(90):
        while line := (await process.stdout.readline()).decode().strip():
            if line.startswith("The playground is at "):
                return lines, line.removeprefix("The playground is at ")
            lines.append(line)
    raise AssertionError(f"The playground ended without an address: {lines}")


@asynccontextmanager
async def playing(module: str) -> AsyncIterator[tuple[list[str], httpx.AsyncClient]]:
    """The playground of that program: what it printed, and its page's API."""
    async with started(
        "playground", "--no-browser", environment={}, program=("-m", module)
    ) as process:
        printed, url = await page_of(process)
        async with httpx.AsyncClient(base_url=url, trust_env=False) as page:
            yield printed, page
        process.terminate()
        await process.wait()


async def offered(page: httpx.AsyncClient) -> list[str]:
    """What `/incident` can declare in the playground, by its words."""
    state = (await page.get("/api/state")).json()
    maya = next(person["id"] for person in state["people"] if person["is_admin"])
    channel = next(it["id"] for it in state["channels"] if it.get("name") == "incidents")
    typed = {"user": maya, "channel": channel, "text": "/incident"}
    assert (await page.post("/api/command", json=typed)).json() == {"ok": True}
    (form,) = (await page.get("/api/state")).json()["views"][maya]
    choice = next(it for it in form["blocks"] if it.get("block_id", "").startswith("choice"))
    return [option["text"]["text"] for option in choice["element"]["options"]]


async def test_the_playground_has_it() -> None:
    """The page gets it with its colour, and the bot there forwards to it."""
    async with playing(PROGRAM) as (printed, page):
        vendors = {it["name"]: it for it in (await page.get("/api/state")).json()["vendors"]}
        assert (printed, vendors["logbook"]["color"]) == ([], "#0b7a75")
        assert "Logbook: entry" in await offered(page)


async def test_the_playground_leaves_it_out_without_a_stand_in() -> None:
    """A line says so; the others are there."""
    async with playing(f"{PROGRAM}.without_stand_in") as (printed, page):
        names = [it["name"] for it in (await page.get("/api/state")).json()["vendors"]]
        assert printed == ["Logbook has no stand-in, so the playground leaves it out."]
        assert names == [name for name in WITHOUT_STAND_IN.adapters if name != "logbook"]
        assert "Logbook: entry" not in await offered(page)
