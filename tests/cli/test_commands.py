"""The command line as an operator meets it: what it prints, how it ends, and that no credential is
ever in it."""

import asyncio
import io
import json
import os
import shlex
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
import yaml

from bot.__main__ import main
from bot.adapters.registry import ADAPTERS
from bot.cli import manifest
from bot.delivery.model import Outcome
from bot.delivery.store.queue import Deliveries
from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from bot.storage.database import Database
from bot.stores import load_secret_box, open_stores
from bot.workspace import Workspace
from tests.world.bot import eventually
from tests.world.notes import draft
from tests.world.processes import (
    ROOT,
    answering,
    free_port,
    healthy,
    said,
    started,
    stopped,
    surroundings,
)

SECRET = "do-not-print-4d81"
COMPLETE = {
    "SLACK_SIGNING_SECRET": SECRET,
    "SLACK_BOT_TOKEN": f"xoxb-{SECRET}",
    "SLACK_APP_TOKEN": f"xapp-{SECRET}",
}


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    err: str


async def run(*arguments: str, given: str = "", **environment: str) -> Ended:
    """`python -m bot ARGUMENTS` as a process, with `given` on its standard input, to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *arguments),
        cwd=ROOT,
        env=surroundings() | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate(given.encode())
    return Ended(process.returncode, out.decode(), err.decode())


class Here:
    """The same inside this process, for tables of many cases."""

    def __init__(
        self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str], folder: Path
    ) -> None:
        self._patch = patch
        self._captured = captured
        for name in os.environ.keys() - surroundings().keys():
            patch.delenv(name)
        patch.chdir(folder)

    def run(self, *arguments: str, given: str = "", **environment: str) -> Ended:
        with self._patch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(given))
            code = main(arguments)
        return Ended(code, *self._captured.readouterr())


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Here:
    return Here(monkeypatch, capsys, tmp_path)


def test_prints_the_link_that_creates_the_app(here: Here) -> None:
    """`manifest --link` is one line: Slack's page with the same manifest in it, renamed commands
    included."""
    ended = here.run("manifest", "--socket", "--link", "--prefix", "acme")
    assert ended == (0, f"{manifest.link(manifest.filled(None, 'acme'))}\n", "")


NO_PREFIX = (
    "--prefix: should be at most 17 letters, digits, hyphens and underscores, such as acme.\n"
)


@pytest.mark.parametrize("prefix", ["a" * 18, "acme incident", "äcme", "-", "/"])
def test_wants_a_prefix_that_slack_takes(here: Here, prefix: str) -> None:
    """Slack's commands have at most 32 characters, and no spaces."""
    assert here.run("manifest", "--socket", f"--prefix={prefix}") == (2, "", NO_PREFIX)


@pytest.mark.parametrize(
    ("command", "option", "wrong", "sentence"),
    [
        ("playground", "--port", "http", "--port: should be a number from 0 to 65535.\n"),
        ("playground", "--port", "65536", "--port: should be a number from 0 to 65535.\n"),
        ("playground", "--port", "-1", "--port: should be a number from 0 to 65535.\n"),
        ("deliveries", "--limit", "all", "--limit: should be a number from 1 to 1000000.\n"),
        ("audit", "--limit", "1.5", "--limit: should be a number from 1 to 1000000.\n"),
    ],
)
def test_a_bad_number_is_one_sentence(
    here: Here, command: str, option: str, wrong: str, sentence: str
) -> None:
    """It names the option and what it takes, without lines about the usage."""
    assert here.run(command, f"{option}={wrong}") == (2, "", sentence)


def test_a_port_that_is_taken_is_one_sentence(here: Here) -> None:
    """The playground says which, and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = here.run("playground", "--no-browser", "--port", str(port))
    sentence = f"--port: can't use {port} (Address already in use). Choose another one.\n"
    assert ended == (2, "", sentence)


async def test_help_names_every_command() -> None:
    """`--help` lists the commands."""
    ended = await run("--help")
    assert (ended.code, ended.err) == (0, "")
    listed = [
        line.split()[0]
        for line in ended.out.splitlines()
        if line[:4] == " " * 4 and line[4:5] != " "
    ]
    assert listed == [
        "serve",
        "socket",
        "connect",
        "deliveries",
        "audit",
        "doctor",
        "rotate-keys",
        "manifest",
        "playground",
    ]


NO_URL = "should be a whole web address, such as https://relay.example.com."
WRONG_SETTINGS = [
    (
        {"SLACK_SIGNING_SECRET": ""},
        "isn't set. Copy it from your Slack app's page, Basic Information, Signing Secret.",
    ),
    (
        {"SLACK_BOT_TOKEN": ""},
        "isn't set. Copy it from your Slack app's page, OAuth & Permissions. It begins with "
        "xoxb-. For many workspaces, set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET in place of "
        "it.",
    ),
    ({"SLACK_BOT_TOKEN": SECRET}, "should begin with xoxb-."),
    ({"SLACK_APP_TOKEN": f"xoxb-{SECRET}"}, "should begin with xapp-."),
    ({"SLACK_API_URL": SECRET}, NO_URL),
    ({"RELAY_PORT": SECRET}, "should be a whole number."),
    ({"RELAY_PORT": "65536"}, "should be 65535 or less."),
    ({"RELAY_PUBLIC_URL": SECRET}, NO_URL),
    ({"RELAY_KEEP_DAYS": SECRET}, "should be a whole number."),
    (
        {"RELAY_ADMINS": SECRET},
        "should be Slack user IDs such as U012AB3CD, separated by commas.",
    ),
    ({"ROOTLY_API_URL": SECRET}, NO_URL),
    (
        {"INCIDENT_IO_API_URL": "https://"},
        "should be a whole web address, such as https://relay.example.com.",
    ),
    ({"TWILIO_TASKROUTER_URL": SECRET}, NO_URL),
]


def test_names_the_setting_that_is_wrong(here: Here, tmp_path: Path) -> None:
    """A missing or wrong setting is one sentence that names it and not its value, exit code 2, and
    nothing was made."""
    ended = [here.run("serve", **COMPLETE | wrong) for wrong, _ in WRONG_SETTINGS]
    assert ended == [
        Ended(2, "", f"{name}: {sentence}\n")
        for wrong, sentence in WRONG_SETTINGS
        for name in wrong
    ]
    assert list(tmp_path.iterdir()) == []


def test_names_everything_that_is_missing_at_once(here: Here) -> None:
    """A line each, over HTTP, in Socket Mode, and for many workspaces."""
    cases: list[tuple[str, dict[str, str]]] = [
        ("serve", {}),
        ("socket", {}),
        ("serve", {"SLACK_CLIENT_ID": "1.2"}),
    ]
    ended = [here.run(command, **given) for command, given in cases]
    assert [
        [line.partition(": isn't set.")[0] for line in it.err.splitlines()] for it in ended
    ] == [
        ["SLACK_SIGNING_SECRET", "SLACK_BOT_TOKEN"],
        ["SLACK_APP_TOKEN", "SLACK_BOT_TOKEN"],
        ["SLACK_SIGNING_SECRET", "SLACK_CLIENT_SECRET", "RELAY_PUBLIC_URL"],
    ]


async def test_says_the_next_step_once_it_serves(tmp_path: Path) -> None:
    """Where Slack is to send, and what to type; before that, that the signing secret looks odd.
    `--quiet` says less."""
    environment = COMPLETE | {"RELAY_DATABASE": str(tmp_path / "relay.db"), "RELAY_PORT": "0"}
    async with started("serve", environment=environment) as process:
        assert "signing_secret.suspected" in await said(process, "event=")
        line = await said(process, "event=")
        assert await stopped(process) == 0
    step = "let Slack send to https://YOUR-ADDRESS/slack/events, then type /vendors in Slack"
    assert ("event='serving'" in line, f"next='{step}'" in line) == (True, True)
    port = str(free_port())
    async with started(
        "serve", "--quiet", environment=environment | {"RELAY_PORT": port}
    ) as process:
        await answering(f"http://127.0.0.1:{port}")
        assert await stopped(process) == 0
        _, err = await process.communicate()
    assert err == b""


def test_socket_mode_needs_its_own_token(here: Here) -> None:
    """`socket` asks for the app token, and not for the signing secret."""
    ended = here.run("socket", SLACK_BOT_TOKEN=f"xoxb-{SECRET}")
    assert (ended.code, ended.err.partition(":")[0]) == (2, "SLACK_APP_TOKEN")


async def test_says_what_cannot_be_opened(tmp_path: Path) -> None:
    """A database, key or port that cannot be used is one sentence too, from the real process."""
    junk = tmp_path / "junk.db"
    junk.write_text("no database " * 100)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = [
            {"RELAY_DATABASE": str(junk)},
            {"RELAY_DATABASE": str(tmp_path)},
            {"RELAY_DATABASE": str(tmp_path / "relay.db"), "RELAY_ENCRYPTION_KEYS": SECRET},
            {"RELAY_DATABASE": str(tmp_path / "relay.db"), "RELAY_PORT": port},
        ]
        ended = [await run("serve", **COMPLETE | case) for case in cases]
    choose = "Choose a file that the bot may write."
    assert ended == [
        (
            2,
            "",
            f"RELAY_DATABASE: {junk} can't be opened as a database (file is not a database). "
            f"{choose}\n",
        ),
        (
            2,
            "",
            f"RELAY_DATABASE: {tmp_path} can't be opened as a database (unable to open database "
            f"file). {choose}\n",
        ),
        (
            2,
            "",
            f"RELAY_ENCRYPTION_KEYS: holds something that isn't a key. Make one with {MAKE_KEY}.\n",
        ),
        (
            2,
            "",
            f"RELAY_PORT: 127.0.0.1:{port} cannot be listened on (Address already in use); "
            "choose another port or host.\n",
        ),
    ]


MAKE_KEY = f'`{shlex.quote(sys.executable)} -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"`'


async def test_serves_until_told_to_stop(tmp_path: Path) -> None:
    """`serve` starts, answers /healthz, says where it listens, and ends with 0 within seconds of
    SIGTERM."""
    environment = COMPLETE | {"RELAY_DATABASE": str(tmp_path / "relay.db"), "RELAY_PORT": "0"}
    async with started("serve", environment=environment) as process:
        url = await healthy(process)
        async with httpx.AsyncClient(
            trust_env=False, base_url=url
        ) as client:  # stays open: it must not hold the end up
            assert (await client.get("/healthz")).json() == {"status": "ok"}
            assert await stopped(process) == 0
        out, err = await process.communicate()
    assert (out, err) == (b"", b"")
    assert (tmp_path / "relay.db.key").stat().st_mode & 0o777 == 0o600


async def started_before(sandbox: Sandbox, settings: Settings) -> dict[str, str]:
    """The environment of a command beside a bot that has made its database."""
    await (await Database.open(settings.database)).close()
    return sandbox.environment(settings.database)


async def connected(
    settings: Settings, workspace: Workspace, vendor: str
) -> tuple[str, Mapping[str, str]] | None:
    """The stored connection's account name and credentials."""
    database = await Database.open(settings.database)
    try:
        secret_box = load_secret_box(settings.encryption_keys, settings.database)
        found = await open_stores(database, secret_box).connections.get(workspace, vendor)
        return None if found is None else (found.account_name, found.secret)
    finally:
        await database.close()


async def test_connects_a_workspace(sandbox: Sandbox, settings: Settings) -> None:
    """`connect` reads the credentials as JSON, asks the vendor, stores them, and prints none of
    them."""
    environment = await started_before(sandbox, settings)
    for name, vendor in sandbox.vendors.items():
        ended = await run(
            "connect", "T012AB3CD", name, given=json.dumps(vendor.credentials), **environment
        )
        stored = await connected(settings, Workspace("", "T012AB3CD"), name)
        assert stored is not None
        assert stored[1] == vendor.credentials
        told = f"T012AB3CD is connected to {vendor.label} as {stored[0]}.\n"
        assert ended == Ended(0, told, "")
        assert not any(secret in ended.out for secret in vendor.credentials.values())
    stored_bytes = settings.database.read_bytes()
    secrets = [
        it.credentials.get(name)
        for it in sandbox.vendors.values()
        for name in ("api_key", "key_secret")
    ]
    assert [it for it in secrets if it and it.encode() in stored_bytes] == []


async def test_does_not_connect_with_credentials_that_the_vendor_refuses(
    sandbox: Sandbox, settings: Settings
) -> None:
    """Credentials that do not work are the vendor's "no" in a sentence, exit code 1, and nothing
    stored."""
    environment = await started_before(sandbox, settings)
    ended = await run(
        "connect", "T012AB3CD", "rootly", given=json.dumps({"api_key": SECRET}), **environment
    )
    assert ended == (1, "", "Rootly rejected this API key. Copy it again.\n")
    assert await connected(settings, Workspace("", "T012AB3CD"), "rootly") is None


async def test_connects_an_organisation_unasked(sandbox: Sandbox, settings: Settings) -> None:
    """`--no-verify` stores without asking, and says so; `--enterprise` names the organisation."""
    environment = await started_before(sandbox, settings)
    arguments = ("connect", "T012AB3CD", "rootly", "--enterprise", "E012AB3CD", "--no-verify")
    ended = await run(*arguments, given=json.dumps({"api_key": SECRET}), **environment)
    assert ended == (0, "T012AB3CD is connected to Rootly. We didn't check the credentials.\n", "")
    assert sandbox.vendors["rootly"].requests == []
    stored = await connected(settings, Workspace("E012AB3CD", "T012AB3CD"), "rootly")
    assert stored == ("an account that was not checked", {"api_key": SECRET})


NO_JSON = 'Write {"api_key": "..."} to it.'
WRONG_CREDENTIALS = [
    ("rootly", "", f"standard input: isn't JSON. {NO_JSON}"),
    ("rootly", SECRET, f"standard input: isn't JSON. {NO_JSON}"),
    ("incident_io", f'["{SECRET}"]', f"standard input: isn't a JSON object. {NO_JSON}"),
    ("rootly", "{}", "api_key: Paste this too."),
    (
        "twilio",
        json.dumps({"key_sid": f"SK{'0' * 32}", "key_secret": SECRET}),
        "workspace_sid: Paste this too.",
    ),
    (
        "rootly",
        f'{{"api_key": "{SECRET}", "more": "{SECRET}"}}',
        "more: This field isn't known here. Remove it.",
    ),
    ("rootly", '{"api_key": 7}', "api_key: Paste the key."),
    (
        "rootly",
        f'{{"api_key": "{SECRET} {SECRET}"}}',
        "api_key: The key has a space or a strange character in it. Copy it again.",
    ),
    (
        "twilio",
        json.dumps({"key_sid": SECRET, "key_secret": SECRET, "workspace_sid": SECRET}),
        "key_sid: Paste the SID of an API key (SK…) or of the account (AC…).",
    ),
]


def test_says_what_is_wrong_with_the_credentials(here: Here, tmp_path: Path) -> None:
    """What cannot be credentials is one sentence that does not repeat them, before anyone is asked."""
    (tmp_path / "relay.db").touch()
    ended = [
        here.run("connect", "T012AB3CD", vendor, given=given)
        for vendor, given, _ in WRONG_CREDENTIALS
    ]
    assert ended == [Ended(2, "", f"{sentence}\n") for _, _, sentence in WRONG_CREDENTIALS]
    assert [(it.name, it.stat().st_size) for it in tmp_path.iterdir()] == [("relay.db", 0)]


def test_connects_nothing_in_a_folder_where_the_bot_does_not_run(
    here: Here, tmp_path: Path
) -> None:
    """Neither a database nor a key is made there."""
    ended = here.run("connect", "T012AB3CD", "rootly", given=json.dumps({"api_key": SECRET}))
    sentence = "relay.db isn't there. Name the file that the bot uses, or start the bot first."
    assert ended == (2, "", f"RELAY_DATABASE: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


def test_says_when_the_vendor_cannot_be_reached(here: Here, tmp_path: Path) -> None:
    """A vendor that is not there is no fault of the credentials; it says what became of them."""
    (tmp_path / "relay.db").touch()
    given = json.dumps({"api_key": SECRET})
    ended = here.run(
        "connect", "T012AB3CD", "rootly", given=given, ROOTLY_API_URL="http://127.0.0.1:1"
    )
    assert ended == (
        1,
        "",
        "We can't reach Rootly. Nothing was stored. Try again, or store it unchecked with "
        "--no-verify.\n",
    )


def test_knows_its_vendors_and_ids(here: Here) -> None:
    """A vendor that there is none of, or an id that is none, ends with code 2 and says what would
    do."""
    assert here.run("connect", "T012AB3CD", "pagerduty") == (
        2,
        "",
        f"VENDOR: should be one of {', '.join(ADAPTERS)}.\n",
    )
    assert here.run("connect", "incidents", "rootly") == (
        2,
        "",
        "TEAM: should be a Slack workspace ID such as T012AB3CD. `/vendors` in Slack shows it.\n",
    )
    assert here.run("connect", "T012AB3CD", "rootly", "--enterprise", "acme") == (
        2,
        "",
        "--enterprise: should be a Slack organisation ID such as E012AB3CD.\n",
    )


async def test_lists_and_retries_while_the_bot_runs(sandbox: Sandbox, settings: Settings) -> None:
    """`deliveries` shares the file with the bot, which notices a retry within seconds and carries
    it out."""
    await sandbox.connect_vendors(settings)
    environment = sandbox.environment(settings.database)
    await _given_up(sandbox, settings)

    async def delivered() -> bool:
        return [
            it["state"] for it in json.loads((await run("deliveries", "--json", **environment)).out)
        ] == ["delivered"]

    async with started("serve", environment=environment) as process:
        await healthy(process)
        told = [
            await run("deliveries", *arguments, **environment)
            for arguments in (["--json"], ["ir1", "--retry"])
        ]
        assert [(it.code, it.err) for it in told] == [(0, "")] * 2
        assert [row["state"] for row in json.loads(told[0].out)] == ["failed"]
        await eventually(delivered)
    assert [it.body["data"]["attributes"]["title"] for it in sandbox.vendors["rootly"].created] == [
        "Checkout is down"
    ]
    again = await run("deliveries", "ir1", "--cancel", **environment)
    assert again == (1, "", "ir1 was already created. Close or delete it at the vendor.\n")


async def _given_up(sandbox: Sandbox, settings: Settings) -> None:
    """An incident that was given up."""
    database = await Database.open(settings.database)
    try:
        secret_box = load_secret_box(settings.encryption_keys, settings.database)
        connections = open_stores(database, secret_box).connections
        [account] = [
            it.account for it in await connections.of(sandbox.workspace) if it.vendor == "rootly"
        ]
        made = draft(
            "ir1",
            workspace=sandbox.workspace,
            vendor="rootly",
            operation="incident",
            account=account,
            payload={"title": "Checkout is down"},
        )
        deliveries = Deliveries(database)
        row, _ = await deliveries.enqueue(made, lease=45, card_not_before=0.0)
        await deliveries.settle(row, Outcome("failed", "gave_up"))
    finally:
        await database.close()


async def test_stops_quietly_when_nobody_reads_on(sandbox: Sandbox, settings: Settings) -> None:
    """`deliveries | head -1` prints no traceback."""
    await sandbox.connect_vendors(settings)
    await _given_up(sandbox, settings)
    assert await unread("deliveries ir1", sandbox.environment(settings.database)) == (b"", b"")


async def test_prints_a_manifest_that_nobody_reads_on() -> None:
    """`manifest | head -1` prints no traceback either."""
    assert await unread("manifest --socket", {}) == (b"", b"")


async def unread(command: str, environment: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Return what a command prints whose output goes to a program that does not read it."""
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m bot {command} | true",
        cwd=ROOT,
        env={**surroundings(), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await process.communicate()


def test_says_which_argument_of_deliveries_is_wrong(here: Here, tmp_path: Path) -> None:
    """A sentence and code 2; the same where there is no database."""
    (tmp_path / "relay.db").touch()
    states = "queued, sending, delivered, rejected, unconfirmed, failed, cancelled"
    assert here.run("deliveries", "--state", "lost") == (
        2,
        "",
        f"--state: should be one of {states}.\n",
    )
    assert here.run("deliveries") == (0, "There are no deliveries yet.\n", "")
    assert here.run("deliveries", RELAY_DATABASE="gone.db") == (
        2,
        "",
        "RELAY_DATABASE: gone.db isn't there. Name the file that the bot uses, or start the bot "
        "first.\n",
    )


async def test_a_mistake_is_told_without_its_words(tmp_path: Path) -> None:
    """Where it happened and of what kind it is, with what led to it; what a library quotes in it
    may be anything."""
    program = f"""
import sys
from bot import __main__
from bot.cli import deliveries

def breaks(*_):
    try:
        raise ValueError("{SECRET}")
    except ValueError as error:
        raise KeyError("{SECRET}") from error

deliveries.main = breaks
sys.exit(__main__.main(["deliveries"]))
"""
    script = tmp_path / "broken.py"
    script.write_text(program.replace(f'"{SECRET}"', "sys.argv[1]"))
    async with started(
        environment={"PYTHONPATH": str(ROOT)}, program=(str(script), SECRET)
    ) as process:
        out, err = await process.communicate()
    lines = err.decode().splitlines()
    assert (process.returncode, out, SECRET in err.decode()) == (1, b"", False)
    assert [it for it in lines if not it.startswith(" ")] == [
        "ValueError",
        "which led to",
        "KeyError",
        "This is a mistake in the bot. Please report it with these lines.",
    ]


async def test_prints_the_manifest() -> None:
    """`manifest --url` is the manifest with that address in it."""
    ended = await run("manifest", "--url", "https://relay.example.org/")
    assert (ended.code, ended.err) == (0, "")
    assert yaml.safe_load(ended.out) == manifest.filled("https://relay.example.org")


def test_prints_the_manifest_for_socket_mode(here: Here) -> None:
    """`manifest --socket` has no address; `RELAY_PUBLIC_URL` stands in for `--url`."""
    assert yaml.safe_load(here.run("manifest", "--socket").out) == manifest.filled(None)
    at_home = here.run("manifest", RELAY_PUBLIC_URL="https://relay.example.org/")
    assert yaml.safe_load(at_home.out) == manifest.filled("https://relay.example.org")


def test_wants_an_address_that_slack_can_call(here: Here) -> None:
    """Only a whole https address will do for the manifest."""
    no = (2, "", "--url: should be the bot's address and begin with https://, or give --socket.\n")
    wrong = [
        "http://relay.example.org",
        "relay.example.org",
        "https://",
        "https://a b",
        "https://x.org?a",
        "https:///x",
    ]
    assert [here.run("manifest", "--url", url) for url in wrong] == [no] * len(wrong)
    assert here.run("manifest") == no
