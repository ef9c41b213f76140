"""Secrets, and what people write, are planted everywhere, the real bot has a bad day, and
everything it wrote is searched."""

import asyncio
import json
import secrets
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from bot.adapters.base import Adapter, Operation
from bot.adapters.credentials import typed_unseen
from bot.app import Bot
from bot.forms.shape import shape
from bot.playground.sandbox import Sandbox
from bot.playground.slack.transport import signature
from bot.playground.vendors.base import VendorStandIn
from bot.settings import Settings
from tests.canaries import Recorder, files, leaks
from tests.world.bot import World, eventually
from tests.world.browser import link, visitor
from tests.world.modal import Modal
from tests.world.processes import ROOT, answering, free_port, started, stopped, surroundings
from tests.world.proxy import served
from tests.world.workspaces import ACME, BOLT, TEAMS, many

COMMANDS = {
    "incident": "/incident",
    "action_item": "/action-item",
    "workflow_task": "/workflow-task",
}
QUOTED = (422, 500, 403, 401)
HANGS_SECONDS = 90.0
"""No command takes so long, even on a busy machine."""


def simplest(stand_in: VendorStandIn) -> Operation:
    """The vendor's operation whose form takes the least: two texts, and a few pickers."""
    operations = stand_in.adapter.operations
    plain = [it for it in operations if it.form.details and it.branches is None]
    return min(plain, key=lambda it: len(pickers(stand_in, it)))


def pickers(stand_in: VendorStandIn, operation: Operation) -> list[str]:
    """The fields that its sample chooses from the vendor's lists."""
    filled = stand_in.sample_form(operation.name)
    fields = [it.name for it in shape(operation.form) if it.kind == "lookup"]
    return [name for name in fields if getattr(filled, name)]


def secret_field(adapter: type[Adapter]) -> str:
    """The part of the credentials that nobody may see."""
    fields = adapter.credentials.model_fields
    return next(name for name, field in fields.items() if typed_unseen(field))


@dataclass
class Day:
    """One bot on its stage, with somebody listening between it and Slack; `seen` is what was
    written, said or shown."""

    world: World
    folder: Path
    port: int
    at_slack: Recorder
    at_bot: Recorder
    keys: list[str]
    words: Mapping[str, str]
    seen: dict[str, bytes] = field(default_factory=dict)

    @property
    def sandbox(self) -> Sandbox:
        return self.world.sandbox

    @property
    def environment(self) -> dict[str, str]:
        """The bot's settings: everything secret is in it, and nothing else tells it."""
        return self.sandbox.environment(self.folder / "data" / "relay.db", self.port) | {
            "RELAY_ENCRYPTION_KEYS": ",".join(self.keys),
            "SLACK_API_URL": f"{self.at_slack.url}/slack/api/",
            "RELAY_PUBLIC_URL": self.at_bot.url,
            "TMPDIR": str(self.folder / "tmp"),
        }

    @property
    def planted(self) -> dict[str, str]:
        """Every secret by its name. A TaskRouter workspace's SID is none: it is what the connection
        is called."""
        given = {
            f"{name} {part}": value
            for name, vendor in self.sandbox.vendors.items()
            for part, value in vendor.credentials.items()
            if part != "workspace_sid"
        }
        verification = {"verification token": self.sandbox.slack.app.token}
        return {
            **self.sandbox.secrets,
            **given,
            **verification,
            **{f"key {n}": it for n, it in enumerate(self.keys)},
        }

    async def command(self, *arguments: str, given: str = "") -> str:
        """Run a command to its end, and keep what it printed and what the process list showed of
        it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            cwd=ROOT,
            env=surroundings() | self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        name = f"{len(self.seen)} {' '.join(arguments[:2])}"
        self.keep_process(name, process)
        async with asyncio.timeout(HANGS_SECONDS):
            out, err = await process.communicate(given.encode())
        self.seen[f"output of {name}"] = out + err
        return out.decode()

    def keep_process(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.seen[f"process {name}"] = Path(f"/proc/{process.pid}/cmdline").read_bytes()

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """The bot, killed at the end if it is still there; what it printed and had written by then
        is kept."""
        name = f"{len(self.seen)} serve"
        async with started(
            "serve", environment=self.environment, log=self.folder / "bot.log"
        ) as process:
            await answering(f"http://127.0.0.1:{self.port}")
            self.keep_process(name, process)
            yield process
            self.seen |= files(self.folder, f"{name}, running")
            if process.returncode is None:
                process.kill()
            assert process.stdout
            self.seen[f"output of {name}"] = await process.stdout.read()

    async def submit(self, vendor: str, person: str | None = None) -> None:
        """Fill in that vendor's form with telltale words and submit it, whatever comes of it."""
        operation = simplest(self.sandbox.vendors[vendor])
        name = f"{vendor}.{operation.name}"
        modal = await self.world.open(f"{COMMANDS[operation.kind]} {self.words['title']}", person)
        if modal.view["callback_id"] != f"form:{name}":
            await modal.choose("choice", name)
        await modal.fill(**{str(operation.form.details): self.words["summary"]})
        for picker in pickers(self.sandbox.vendors[vendor], operation):
            await eventually(partial(self._offers, modal, picker))
            await modal.fill(**{picker: ""})
        await modal.submit()

    async def _offers(self, modal: Modal, picker: str) -> bool:
        return any("oading" not in it and it != "-" for it in await modal.offered(picker))

    async def reconnect(self, vendor: str) -> None:
        """At the command line."""
        given = json.dumps(self.sandbox.vendors[vendor].credentials)
        assert "is connected to" in await self.command(
            "connect", self.sandbox.workspace.team, vendor, given=given
        )


@pytest.fixture
async def day(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Day]:
    port = free_port()
    (tmp_path / "data").mkdir()
    (tmp_path / "tmp").mkdir()
    at_slack, at_bot = Recorder(sandbox.url), Recorder(f"http://127.0.0.1:{port}")
    async with served(at_slack), served(at_bot):
        sandbox.slack.bot_url = at_bot.url
        world = World(
            sandbox, Settings.model_validate({}), cast("Bot", None)
        )  # the bot is a process of its own
        words = {
            name: f"{name}-{secrets.token_hex(16)}" for name in ("title", "summary", "request")
        }
        yield Day(world, tmp_path, port, at_slack, at_bot, [Fernet.generate_key().decode()], words)


@pytest.mark.timeout(180)
async def test_a_bad_day_shows_no_secret_anywhere(day: Day) -> None:
    """Connecting, submitting, being refused, lost and slow vendors, errors that quote the token,
    strangers' requests, a crash, every command of the operator's, another key: no secret, nor half
    of one, in any output, file, answer or message, and nothing that people wrote in a log or the
    process list."""
    await connect_everything(day)
    async with day.bot() as process:
        await submit_in_all_weathers(day)
        await strangers(day)
        await slack_quotes_the_token(day)
        await crash_while_sending(day, process)
    day.keys.insert(0, Fernet.generate_key().decode())
    async with day.bot() as process:
        await operator(day)
        assert await stopped(process, 30) == 0
    day.seen |= files(day.folder, "afterwards")
    assert quoted(day) == set(day.sandbox.vendors), "what vendors quoted never came as far as a row"
    assert leaks(day.planted, day.seen | shown(day)) == []
    unread = {
        place: held
        for place, held in day.seen.items()
        if "relay.db" not in place and "deliveries" not in place
    }
    assert leaks(day.words, unread) == []
    assert leaks({"title": day.words["title"]}, shown(day)) != []  # where they belong


async def connect_everything(day: Day) -> None:
    """At the command line, each with a key that is refused first; one vendor on the web page."""
    (page_vendor, stand_in), *others = day.sandbox.vendors.items()
    wrong = {name: secrets.token_hex(32) for name in day.sandbox.vendors}
    async with day.bot(), visitor() as admin:
        for name, other in others:
            given = {**other.credentials, secret_field(other.adapter): wrong[name]}
            team = day.sandbox.workspace.team
            await day.command("connect", team, name, given=json.dumps(given))
            await day.reconnect(name)
        address = await link(day.world, page_vendor)
        page = await admin.open(address)
        mistyped = {secret_field(stand_in.adapter): wrong[page_vendor]}
        refused = await admin.press(page, "Check and connect", **stand_in.credentials | mistyped)
        accepted = await admin.press(page, "Check and connect", **stand_in.credentials)
    assert (refused.status, accepted.status) == (422, 200)
    assert leaks(wrong, day.seen | shown(day)) == []
    assert leaks({"link": address.rpartition("/")[2]}, day.seen) == []


async def submit_in_all_weathers(day: Day) -> None:
    """Each vendor creates, quotes the token in every kind of error, refuses, loses its answer, is
    down."""

    async def submit_all(person: str, vendor: str, stand_in: VendorStandIn) -> None:
        for status in QUOTED:
            stand_in.answer_next(status, quoting(stand_in))
            await day.submit(vendor, person)
            if status in (401, 403):
                await day.reconnect(vendor)
        for fault in ("refusing", "lost", "down", "fine"):
            await stand_in.set_fault(fault)
            await day.submit(vendor, person)

    people = [
        it.id for it in day.sandbox.slack.people.values() if not (it.is_bot or it.is_restricted)
    ]
    await asyncio.gather(
        *[
            submit_all(it, *vendor)
            for it, vendor in zip(people, day.sandbox.vendors.items(), strict=False)
        ]
    )


def quoting(stand_in: VendorStandIn) -> dict[str, Any]:
    """An error in every vendor's shape at once, with all the credentials in it."""
    text = f"{' '.join(stand_in.credentials.values())} may not do this"
    error = {
        "title": text,
        "detail": text,
        "message": text,
        "code": "invalid",
        "source": {"field": "nothing"},
    }
    return {
        "errors": [error],
        "type": "validation_error",
        "message": text,
        "detail": text,
        "code": 20001,
    }


def quoted(day: Day) -> set[str]:
    """The vendors of whose errors something was hidden."""
    with closing(sqlite3.connect(day.environment["RELAY_DATABASE"])) as db:
        said = db.execute("SELECT vendor, error_details || field_errors FROM deliveries").fetchall()
    return {vendor for vendor, words in said if "[hidden]" in words}


async def strangers(day: Day) -> None:
    """Requests that no Slack sends, with secrets and words everywhere: none comes through, and none
    is quoted."""
    held = f"{day.words['request']} {' '.join(day.planted.values())}"
    signing = day.sandbox.secrets["SLACK_SIGNING_SECRET"].encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies = [
        f"payload={quote(held)}",
        f"payload={{{held}",
        f"token={quote(held)}&command=%2Fincident",
        held,
    ]
    async with httpx.AsyncClient(base_url=day.at_bot.url, trust_env=False) as client:
        for body in bodies:
            right = signature(signing, body.encode(), int(time.time()))
            for signed in (
                right,
                right | {"X-Slack-Signature": f"v0={'0' * 64}"},
                {"X-Slack-Signature": held},
                {},
            ):
                await client.post("/slack/events", content=body, headers=form | signed)
        for path in ("/", "/connect/", "/slack/", "/healthz/", "/slack/oauth_redirect?code="):
            for method in ("GET", "POST"):
                await client.request(
                    method, f"{path}{quote(held)}", headers={"Authorization": held}, content=held
                )
        assert (await client.get("/healthz")).status_code == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", day.port)
    writer.write(f"{held}\r\n\r\n".encode())
    day.at_bot.answers.append(await reader.read())
    writer.close()
    assert (
        leaks({"what they sent": day.words["request"]}, {"answers": b"".join(day.at_bot.answers)})
        == []
    )


async def slack_quotes_the_token(day: Day) -> None:
    """Slack's errors, and those of what stands before it, hold the token that they were asked with."""
    day.at_slack.echoes = 9
    for text in ("/vendors", f"/incident {day.words['title']}", "/incident help"):
        await day.world.command(text)
    await day.sandbox.slack.open_home(day.world.admin)
    await day.command("doctor")
    day.at_slack.echoes = 3
    for _ in range(3):
        await day.command("socket")


async def crash_while_sending(day: Day, process: asyncio.subprocess.Process) -> None:
    """`kill -9` with a request under way; the journal lies beside the database then."""
    rootly = day.sandbox.vendors["rootly"]
    before = len(rootly.created)
    rootly.hold = asyncio.Event()
    submitting = asyncio.create_task(day.submit("rootly"))
    await eventually(lambda: len(rootly.created) > before)
    process.kill()
    await submitting
    rootly.hold.set()
    rootly.hold = None


async def operator(day: Day) -> None:
    """Every command, beside the running bot; then the old key is gone."""
    for arguments in (["deliveries"], ["doctor"], ["doctor", "--json"]):
        await day.command(*arguments)
    told = await day.command("rotate-keys")
    count = len(day.sandbox.vendors)
    anew = f"Encrypted anew with the first key of RELAY_ENCRYPTION_KEYS: {count} connections."
    assert anew in told
    [key, *_] = [it["key"] for it in json.loads(await day.command("deliveries", "--json"))]
    await day.command("deliveries", key)
    await day.submit("rootly")


def shown(day: Day) -> dict[str, bytes]:
    """What the bot answered to whom, what Slack got from it, and what the vendors did."""
    slack = day.sandbox.slack
    everybody = list(slack.people)
    places = {
        "the bot's answers": day.at_bot.answers,
        "calls to Slack": slack.calls,
        "messages": [it.messages for it in slack.channels.values()],
        "ephemeral messages": slack.ephemerals,
        "modals": [slack.views(it) for it in everybody],
        "App Homes": [slack.home(it) for it in everybody],
        "vendors": [(it.created, it.requests) for it in day.sandbox.vendors.values()],
    }
    return {name: repr(held).encode() for name, held in places.items()}


async def test_an_installation_shows_no_secret_anywhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """From OAuth to uninstalling: the client's secret, the code, the state, the bots' and people's
    tokens are in no page, file, output or message; the key is in its own file alone."""
    with capture_logs() as logs:
        async with many(tmp_path) as world:
            pages = [await world.install(team) for team in TEAMS]
            for team in (ACME, BOLT):
                await world.connect(team)
                await (await world.open(team, "/incident Checkout is down")).send()
            running = files(tmp_path, "running")
            planted = {f"token of {team.name}": world.slack(team).bot_token for team in TEAMS}
            key = running["running: relay.db.key"].decode().strip()
            planted |= dict(world.secret_values) | {"key": key}
            planted |= {
                f"Rootly's {name}": value for name, value in world.rootly.credentials.items()
            }
            calls = [world.slack(team).calls for team in TEAMS]
    out, err = capfd.readouterr()
    said = {
        "pages": "".join(it.text + repr(it.headers) for it in pages),
        "logs": repr(logs),
        "output": out + err,
    }
    places = {name: held.encode() for name, held in (said | {"calls": repr(calls)}).items()}
    everything = places | running | files(tmp_path, "afterwards")
    assert (
        leaks(
            planted, {name: held for name, held in everything.items() if not name.endswith(".key")}
        )
        == []
    )


async def test_a_key_file_is_the_only_place_of_its_key(sandbox: Sandbox, tmp_path: Path) -> None:
    """Made by the bot itself, and changed by an operator."""
    environment = sandbox.environment(tmp_path / "relay.db") | {"TMPDIR": str(tmp_path)}
    await sandbox.connect_vendors(Settings.model_validate(environment))
    file = tmp_path / "relay.db.key"
    old, new = file.read_text().strip(), Fernet.generate_key().decode()
    file.write_text(f"{new}\n{old}\n")
    async with started("rotate-keys", environment=environment) as process:
        out, err = await process.communicate()
    places = files(tmp_path, "files") | {"output": out + err}
    assert leaks({"old": old, "new": new}, places) == [
        "old in files: relay.db.key",
        "new in files: relay.db.key",
    ]
