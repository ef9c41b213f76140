"""`python -m bot doctor`: one line a check, what to do, an exit code; nothing is changed and
nothing secret is said."""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.cli import doctor
from bot.cli.doctor import slack as about_slack
from bot.cli.doctor.findings import Finding, limited
from bot.delivery.model import Outcome
from bot.delivery.store.queue import Deliveries
from bot.errors import UnauthorizedError
from bot.playground.sandbox import Sandbox
from bot.playground.serving import Server
from bot.settings import Settings
from bot.slack.installations import Installation, Installations
from bot.slack.scopes import WITHOUT, optional, required
from bot.storage import condition
from bot.storage.database import Database
from bot.stores import load_secret_box, open_stores
from bot.workspace import Workspace
from tests.cli.test_commands import run
from tests.world.bot import World, eventually
from tests.world.notes import draft
from tests.world.processes import healthy, started


async def found(settings: Settings, what: str = "") -> list[Finding]:
    """What the checks of that name say."""
    return [it for it in await doctor.examine(settings) if it.what.startswith(what)]


async def changed(settings: Settings, sql: str, *values: object) -> None:
    """Change the database as no bot does."""
    database = await Database.open(settings.database)
    await database.write(lambda db: db.execute(sql, values))
    await database.close()


async def test_everything_is_fine_beside_a_running_bot(
    sandbox: Sandbox, settings: Settings
) -> None:
    """Code 0 and one "ok" a line: settings, file, disk, keys, Slack, clock, tokens, address,
    connections, lists, queue."""
    labels = [sandbox.vendors[name].label for name in sorted(sandbox.vendors)]
    await sandbox.connect_vendors(settings)
    environment = sandbox.environment(settings.database)
    async with started("serve", environment=environment) as process:
        sandbox.slack.bot_url = await healthy(process)

        async def lists_are_fetched() -> bool:
            return "Never fetched" not in (await run("doctor", **environment)).out

        await eventually(lists_are_fetched, 20)
        ended = await run("doctor", **environment)
    assert (ended.code, ended.err, "warning" in ended.out, "problem" in ended.out) == (
        0,
        "",
        False,
        False,
    )
    lines = ended.out.splitlines()
    assert [it.split(": ")[0] for it in lines] == [
        "ok       settings",
        "ok       database",
        "ok       disk",
        "ok       keys",
        "ok       Slack",
        "ok       clock",
        "ok       SLACK_BOT_TOKEN",
        "ok       SLACK_APP_TOKEN",
        "ok       shortcuts",
        "ok       RELAY_PUBLIC_URL",
        *(f"ok       {it} in {sandbox.workspace.team}" for it in labels),
        *(f"ok       lists of {it} in {sandbox.workspace.team}" for it in labels),
        "ok       queue",
    ]
    secrets = [
        *sandbox.secrets.values(),
        *(it for vendor in sandbox.vendors.values() for it in vendor.credentials.values()),
    ]
    assert [it for it in secrets if it in ended.out and not it.startswith("WS")] == []


async def test_names_the_message_shortcuts_of_this_version() -> None:
    """An installed app has them only once its manifest is updated, and Slack doesn't say."""
    assert await doctor.local.shortcuts() == [
        Finding(
            "ok",
            "shortcuts",
            "A message's menu should have: Declare incident, Add action item, Add action items.",
            "If one is missing there, update the installed app's manifest (docs/install.md).",
        )
    ]


async def test_prints_json_for_scripts(sandbox: Sandbox, settings: Settings) -> None:
    """`--json` says the same in an array; the code is the same."""
    ended = await run("doctor", "--json", **sandbox.environment(settings.database))
    told = json.loads(ended.out)
    assert (ended.code, told[0]) == (
        2,
        {"sign": "ok", "what": "settings", "says": "Nothing is missing.", "do": ""},
    )
    assert told[1]["do"] == "Start the bot once, or name the file that it uses."


async def test_changes_nothing(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """Where there is no database it makes none, and no key file beside one that was never used."""
    assert (await run("doctor", **sandbox.environment(settings.database))).code == 2
    assert os.listdir(tmp_path) == []
    await changed(settings, "SELECT 1")
    assert (await run("doctor", **sandbox.environment(settings.database))).code == 0
    assert [it for it in os.listdir(tmp_path) if it.endswith(".key")] == []
    assert [it.says for it in await found(settings, "keys")] == [
        "Nothing is stored yet. relay.db.key is made when the bot starts."
    ]


async def test_names_a_setting_that_is_wrong_or_missing(tmp_path: Path) -> None:
    """Code 2, and the others are checked all the same; a value that is no value ends it at once."""
    ended = await run(
        "doctor", RELAY_DATABASE=str(tmp_path / "relay.db"), SLACK_API_URL="http://127.0.0.1:1/"
    )
    lines = ended.out.splitlines()
    assert (ended.code, ended.err) == (2, "")
    assert [it.partition(":")[0] for it in lines[:3]] == [
        "problem  SLACK_SIGNING_SECRET",
        "problem  SLACK_BOT_TOKEN",
        "problem  RELAY_DATABASE",
    ]
    assert (
        lines[3]
        == "problem  Slack: http://127.0.0.1:1/ can't be reached from this machine: the connection was refused. "
        "See whether this machine has a network, what a firewall lets through, and whether "
        "SLACK_API_URL is right."
    )
    assert await run("doctor", RELAY_PORT="many") == (
        2,
        "problem  RELAY_PORT: should be a whole number.\n",
        "",
    )


async def test_looks_at_the_signing_secrets_shape(settings: Settings) -> None:
    """One that was cut off, or is another secret, is a warning that does not repeat it."""
    wrong = Settings.model_validate(
        {"SLACK_SIGNING_SECRET": "0123456789abcdef0123456789abcde", "SLACK_BOT_TOKEN": "xoxb-1"}
    )
    assert await doctor.local.settings(wrong, installed=False) == [
        Finding(
            "warning",
            "SLACK_SIGNING_SECRET",
            "It doesn't look like one. Those have 32 digits and letters from a to f.",
            "Copy it again from your Slack app's page, Basic Information, Signing Secret.",
        )
    ]


def damage(path: Path) -> None:
    """Break a page in the middle."""
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 6] = b"\xa5" * 4096 * 3
    path.write_bytes(bytes(whole))


def age(path: Path) -> None:
    """The tables of an older bot."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "DELETE FROM _sqlite_migrations WHERE id = (SELECT max(id) FROM _sqlite_migrations)"
        )


def outgrow(path: Path) -> None:
    """A table of a newer bot."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "UPDATE _sqlite_migrations SET name = 'm999_later' WHERE name = "
            "'m001_create_connections'"
        )


def junk(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


@pytest.mark.parametrize(
    ("harm", "sign", "words"),
    [
        (damage, "problem", "is damaged ("),
        (age, "warning", "are those of an older version."),
        (outgrow, "problem", "was used by a newer version of the bot."),
        (junk, "problem", "can't be read as a database (file is not a database)."),
        (lambda path: path.chmod(0o644), "warning", "(mode 0644)."),
    ],
    ids=["damaged", "older", "newer", "no database", "open to others"],
)
async def test_looks_at_the_file(
    settings: Settings, harm: Callable[[Path], None], sign: str, words: str
) -> None:
    """What is wrong with it, and what to do; a file of another version is left as it is."""
    await changed(settings, "SELECT 1")
    harm(settings.database)
    before = settings.database.read_bytes()
    told, *_ = await found(settings, "database")
    assert (told.sign, words in told.says, bool(told.do)) == (sign, True, True)
    assert settings.database.read_bytes() == before


async def test_a_file_that_is_too_large_to_be_read_as_a_whole(settings: Settings) -> None:
    """It is looked at for a while only, and not called damaged."""
    await changed(
        settings,
        "INSERT INTO preferences WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i "
        "< 20000)"
        " SELECT '', 'T1', 'C' || i, 'incident', 'rootly.incident' FROM n",
    )
    assert condition.examine(settings.database, 0.0) == condition.File(None, 0, 0, "")
    assert condition.examine(settings.database, 10.0) == condition.File("", 0, 0, "")


async def test_a_file_that_another_process_holds(settings: Settings) -> None:
    """It cannot be written now; the check waits a second and not for ever."""
    await changed(settings, "SELECT 1")
    with closing(sqlite3.connect(settings.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        [told] = await found(settings, "database")
    assert (told.sign, told.says) == (
        "problem",
        f"{settings.database} can't be written (database is locked).",
    )


async def test_looks_at_the_keys(sandbox: Sandbox, settings: Settings) -> None:
    """A wrong key is a wrong setting; a row that does not open is named; an older key is a hint."""
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    await sandbox.connect_vendors(with_keys(settings, old))
    here, count = sandbox.workspace.team, len(sandbox.vendors)
    [older] = await found(with_keys(settings, f"{new},{old}"), "keys")
    assert (older.sign, older.says) == (
        "ok",
        f"All {count} stored secrets open, {count} of them only with an older key.",
    )
    [wrong] = await found(with_keys(settings, new), "RELAY_ENCRYPTION_KEYS")
    assert (wrong.sign, wrong.setting, wrong.says.partition(".")[0]) == (
        "problem",
        True,
        "none of the stored credentials opens",
    )
    await changed(settings, "UPDATE connections SET secret = 'no secret' WHERE vendor = 'rootly'")
    [broken] = await found(with_keys(settings, old), "connection of")
    assert (broken.sign, broken.what) == ("problem", f"connection of {here} to rootly")


@pytest.mark.parametrize(
    ("vendors", "new", "says"),
    [
        ((), False, "Nothing is stored yet."),
        (("rootly",), False, "The one stored secret opens with the first key."),
        (("rootly",), True, "The one stored secret opens, but only with an older key."),
        (("rootly", "twilio"), False, "All 2 stored secrets open with the first key."),
    ],
)
async def test_counts_secrets_in_words(
    settings: Settings, vendors: Sequence[str], new: bool, says: str
) -> None:
    """Neither "all 0" nor "all 1"."""
    key, newer = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    database = await Database.open(settings.database)
    secret_box = load_secret_box(SecretStr(key), settings.database)
    connections = open_stores(database, secret_box).connections
    for vendor in vendors:
        await connections.save(
            Workspace("", "T1"), vendor, account="a", account_name="A", secret={"api_key": "x"}
        )
    await database.close()
    assert [
        it.says for it in await found(with_keys(settings, f"{newer},{key}" if new else key), "keys")
    ] == [says]


async def test_says_each_missing_setting_once(settings: Settings) -> None:
    """Half of what many workspaces need, and no word of an app that is installed nowhere."""
    half = settings.model_copy(
        update={"slack_bot_token": None, "slack_client_id": "1.2", "public_url": None}
    )
    told = [
        it.line
        for it in await found(half)
        if "SLACK_CLIENT_SECRET" in it.line or "installed nowhere" in it.line
    ]
    assert len(told) == 1


def with_keys(settings: Settings, keys: str) -> Settings:
    return settings.model_copy(update={"encryption_keys": SecretStr(keys)})


async def told_of_slack(
    settings: Settings,
    answer: Callable[[str], Response],
    check: Callable[[Settings], Awaitable[Sequence[Finding]]],
) -> list[Finding]:
    """What a check says of a Slack that gives this answer to whoever asks with that token."""

    async def endpoint(request: Request) -> Response:
        return answer(request.headers.get("Authorization", "").removeprefix("Bearer "))

    async with Server(Starlette(routes=[Route("/{method}", endpoint, methods=["POST"])])) as server:
        url = Settings.model_validate({"SLACK_API_URL": f"{server.url}/"}).slack_api_url
        return list(await check(settings.model_copy(update={"slack_api_url": url})))


@pytest.mark.parametrize(
    ("ahead", "sign", "says"),
    [
        (0, "ok", "It agrees with Slack's."),
        (-100, "warning", "It is 100 s behind Slack's."),
        (400, "problem", "It is 400 s ahead of Slack's."),
    ],
)
async def test_compares_the_clock_with_slacks(
    settings: Settings, ahead: int, sign: str, says: str
) -> None:
    """Beyond five minutes every request of Slack's is refused as too old."""

    def answer(token: str) -> Response:
        return JSONResponse(
            {"ok": True}, headers={"Date": formatdate(time.time() - ahead, usegmt=True)}
        )

    _, clock = await told_of_slack(settings, answer, about_slack.reach)
    seconds = "".join(it for it in clock.says if it.isdigit())
    assert (clock.sign, abs(int(seconds or 0) - abs(ahead)) <= 2) == (sign, True)
    assert clock.says.replace(seconds, str(abs(ahead))) == says if seconds else clock.says == says


async def test_names_missing_scopes_and_what_stops_without_them(settings: Settings) -> None:
    """One problem a scope."""

    def answer(token: str) -> Response:
        given = ",".join(it for it in scopes if it != "users:read.email")
        return JSONResponse(
            {"ok": True, "team": "Acme", "team_id": "T1"}, headers={"X-OAuth-Scopes": given}
        )

    scopes = [*required(), *optional()]
    assert await told_of_slack(settings, answer, lambda it: about_slack.tokens(it, [])) == [
        Finding(
            "problem",
            "SLACK_BOT_TOKEN",
            "It lacks the scope users:read.email: people are not found among the vendor's users.",
            "Add it on your Slack app's page, OAuth & Permissions, and install the app again.",
        )
    ]


async def test_warns_of_missing_optional_scopes(settings: Settings) -> None:
    """An installation may lack them, so that is no problem."""

    def answer(token: str) -> Response:
        return JSONResponse(
            {"ok": True, "team": "Acme", "team_id": "T1"},
            headers={"X-OAuth-Scopes": ",".join(required())},
        )

    assert await told_of_slack(settings, answer, lambda it: about_slack.tokens(it, [])) == [
        Finding(
            "warning",
            "SLACK_BOT_TOKEN",
            f"It lacks the optional scope {scope}: {WITHOUT[scope]}.",
            "If you want that, install the app again and allow it.",
        )
        for scope in optional()
    ]


def test_knows_every_scope_of_the_manifest() -> None:
    """Of each it can say what stops without it."""
    assert {*required(), *optional()} == set(WITHOUT)
    assert set(required()) & set(optional()) == set()


async def test_checks_each_installations_own_token(settings: Settings) -> None:
    """A token that Slack does not know any more, one of another workspace, and one that is fine;
    none is shown."""
    fine, gone, moved = Workspace("", "T0FINE"), Workspace("E1", "T0GONE"), Workspace("", "T0MOVED")

    def answer(token: str) -> Response:
        if token == "xoxb-T0GONE":
            return JSONResponse({"ok": False, "error": "account_inactive"})
        return JSONResponse({"ok": True, "team": "Acme", "team_id": "T0FINE"})

    installed = [(it, f"xoxb-{it.team}") for it in (fine, gone, moved)]
    bare = settings.model_copy(update={"slack_bot_token": None})
    assert [
        it.line
        for it in await told_of_slack(bare, answer, lambda it: about_slack.tokens(it, installed))
    ] == [
        "ok       Slack token of T0FINE: Slack accepts it: Acme (T0FINE).",
        "problem  Slack token of E1/T0GONE: Slack does not accept it (account_inactive). Install "
        "the app there again.",
        "problem  Slack token of T0MOVED: It belongs to another workspace. Install the app there "
        "again.",
    ]


async def test_says_how_to_install_the_app(settings: Settings) -> None:
    """Where there is no token at all, and the bot has the page for it."""
    address = Settings.model_validate({"RELAY_PUBLIC_URL": "https://relay.example.com"}).public_url
    bare = settings.model_copy(update={"slack_bot_token": None, "public_url": address})
    many = bare.model_copy(
        update={"slack_client_id": "1.2", "slack_client_secret": SecretStr("client-1")}
    )
    assert [it.line for it in await about_slack.tokens(many, [])] == [
        "warning  Slack: The app is installed nowhere. Open "
        "https://relay.example.com/slack/install in a browser."
    ]
    assert await about_slack.tokens(bare, []) == []


async def test_socket_mode_without_any_workspaces_token_lacks_a_setting(settings: Settings) -> None:
    """The bot would not start with the socket's token alone; with an installation, or with the
    app's credentials, it does."""
    app_token = {
        "slack_signing_secret": None,
        "slack_bot_token": None,
        "slack_app_token": SecretStr("xapp-1"),
    }
    socket = settings.model_copy(update=app_token)
    [told] = await found(socket, "SLACK_BOT_TOKEN")
    assert (told.sign, told.setting, told.says.startswith("isn't set.")) == ("problem", True, True)
    assert [
        it
        for it in await found(socket)
        if "/slack/install" in it.line or "Nothing is missing" in it.line
    ] == []
    address = Settings.model_validate({"RELAY_PUBLIC_URL": "https://relay.example.com"}).public_url
    pair = {
        "slack_client_id": "1.2",
        "slack_client_secret": SecretStr("client-1"),
        "public_url": address,
    }
    fine = [Finding("ok", "settings", "Nothing is missing.")]
    assert await doctor.local.settings(socket, installed=True) == fine
    assert await doctor.local.settings(socket.model_copy(update=pair), installed=False) == fine


async def test_a_vendors_wrong_address_is_a_wrong_setting(settings: Settings) -> None:
    """It is named with or without a connection, and the connections are not tried."""
    here = settings.model_copy(update={"other_urls": {"ROOTLY_API_URL": "http://rootly.example"}})
    said = "should begin with https://, unless it is localhost or a private IP address."
    wrong = [Finding("problem", "ROOTLY_API_URL", said, setting=True)]
    assert [await found(here, what) for what in ("ROOTLY", "vendors")] == [wrong, []]


async def test_finds_the_installations_in_the_database(settings: Settings) -> None:
    """Each stored token is tried at Slack."""
    database = await Database.open(settings.database)
    secret_box = load_secret_box(None, settings.database)
    row = Installation(
        Workspace("", "T0ACME"), "Acme", "A1", "U1", "B1", ("commands",), "U2", 1.0, "xoxb-unknown"
    )
    await Installations(database, secret_box).save(row)
    await database.close()
    bare = settings.model_copy(update={"slack_bot_token": None})
    assert [it.line for it in await found(bare, "Slack token")] == [
        "problem  Slack token of T0ACME: Slack does not accept it (invalid_auth). Install the app "
        "there again."
    ]


async def test_an_error_of_slacks_that_quotes_the_token_is_not_repeated(settings: Settings) -> None:
    """Only Slack's own words are."""

    def answer(token: str) -> Response:
        return JSONResponse({"ok": False, "error": f"no {token or 'xoxb-1'}"})

    told: list[Finding] = []
    checks = (
        lambda it: about_slack.tokens(it, []),
        lambda it: limited("SLACK_APP_TOKEN", about_slack.app_token(it), about_slack.SECONDS),
        about_slack.reach,
    )
    for check in checks:
        told += await told_of_slack(settings, answer, check)
    assert [it.says.count("SlackApiError") for it in told] == [1, 1, 1]
    assert not any(it in str(told) for it in ("xoxb", "xapp"))


async def test_an_address_that_is_not_safe_or_silent(settings: Settings) -> None:
    """http is a problem; one that nobody answers at, or where something else answers, is a warning."""
    told: list[Finding] = []
    for url in ("http://10.1.2.3", "https://127.0.0.1:1"):
        address = Settings.model_validate({"RELAY_PUBLIC_URL": url}).public_url
        told += await about_slack.public_url(settings.model_copy(update={"public_url": address}))
    assert [(it.sign, it.says) for it in told] == [
        ("problem", "http://10.1.2.3 doesn't begin with https://."),
        (
            "warning",
            "https://127.0.0.1:1 can't be reached from this machine: the connection was refused.",
        ),
    ]


async def test_finds_the_bot_at_its_address(world: World) -> None:
    """/healthz answers."""
    url = Settings.model_validate({"RELAY_PUBLIC_URL": world.sandbox.slack.bot_url}).public_url
    [told] = await about_slack.public_url(world.settings.model_copy(update={"public_url": url}))
    assert (
        told.line == f"ok       RELAY_PUBLIC_URL: The bot answers at {world.sandbox.slack.bot_url}."
    )


async def test_tries_each_connection_at_its_vendor(sandbox: Sandbox, settings: Settings) -> None:
    """A refused key is a problem, a vendor that is down a warning, a key of another account a
    problem; others are fine."""
    await sandbox.connect_vendors(settings)
    await changed(
        settings, "UPDATE connections SET account = 'another' WHERE vendor = 'incident_io'"
    )
    await sandbox.vendors["rootly"].set_fault("revoked")
    await sandbox.vendors["twilio"].set_fault("down")
    here, again = (
        sandbox.workspace.team,
        "An admin connects it again with `/vendors`, or you with `python -m bot connect`.",
    )
    told = [
        it.line
        for vendor in ("incident.io", "Rootly", "Twilio")
        for it in await found(settings, f"{vendor}")
    ]
    assert told == [
        f"problem  incident.io in {here}: The key belongs to another account than when it was "
        f"connected. {again}",
        f"problem  Rootly in {here}: Rootly rejected this API key. Copy it again. {again}",
        f"warning  Twilio TaskRouter in {here}: We can't reach Twilio TaskRouter. Run this again "
        "later.",
    ]


async def test_counts_what_waits(sandbox: Sandbox, settings: Settings) -> None:
    """Overdue, in doubt, and waiting for an admin: how many, and what to do."""
    database = await Database.open(settings.database)
    deliveries = Deliveries(database)
    outcomes = {
        "ir1": Outcome("queued", "unreachable", next_attempt_at=1.0),
        "ir2": Outcome("unconfirmed", "unclear"),
        "ir3": Outcome("failed", "unauthorized"),
        "ir4": Outcome("delivered"),
    }
    for key, outcome in outcomes.items():
        row, _ = await deliveries.enqueue(
            draft(key, workspace=sandbox.workspace), lease=45, card_not_before=0.0
        )
        await deliveries.settle(row, outcome)
    await database.close()
    assert [it.line for it in await found(settings, "queue")] == [
        "problem  queue: 1 should have been sent more than 5 minutes ago. Start the bot. Where it "
        "runs, look at its log.",
        "warning  queue: 1 may have been created or not, and somebody has to decide. "
        "`python -m bot deliveries --state unconfirmed` lists them.",
        "warning  queue: 1 wait until an admin has connected the vendor again. An admin does that "
        "with `/vendors` in Slack.",
    ]


async def test_a_check_that_hangs_or_breaks_stops_no_other() -> None:
    """It is given up, or named by its error's kind alone."""

    async def hangs() -> list[Finding]:
        await asyncio.sleep(60)
        return []

    async def breaks() -> list[Finding]:
        raise ValueError("what nobody may read")

    async def refused() -> list[Finding]:
        raise UnauthorizedError("Rootly", "Rootly no longer accepts it.")

    told = [
        it.line for check in (hangs, breaks, refused) for it in await limited("it", check(), 0.05)
    ]
    assert told == [
        "warning  it: The check was given up after 0.05 s. Run it again.",
        "problem  it: The check itself failed (ValueError). Report this to the people who make the bot.",
        "problem  it: Rootly no longer accepts it.",
    ]
