"""The keys for what is stored: a wrong one is noticed at start, and `rotate-keys` changes them
under a running bot."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest
from cryptography.fernet import Fernet
from structlog.testing import capture_logs

from bot.cli import rotate_keys
from bot.errors import SecretError, SettingError
from bot.playground.sandbox import Sandbox
from bot.settings import Settings
from bot.storage import encrypted_secrets
from bot.storage.database import Database
from bot.storage.encryption import SLACK, SecretBox
from bot.storage.key_check import check
from bot.stores import SECRETS, open_secrets, open_stores
from bot.workspace import Workspace
from tests.cli.test_commands import run
from tests.world.bot import running
from tests.world.notes import ELSEWHERE, HERE, SECRET
from tests.world.processes import healthy, started, stopped
from tests.world.terminal import typed
from tests.world.workspaces import ACME, many

T = TypeVar("T")
OLD, NEW, OTHER = (Fernet.generate_key() for _ in range(3))
TOKEN = {"token": "xoxb-that-nobody-may-see"}
VARIABLE_USED = "The keys were taken from RELAY_ENCRYPTION_KEYS as it is set here. The bot may have others, or a key file."
FILE_USED = (
    "The keys were taken from the key file relay.db.key, for RELAY_ENCRYPTION_KEYS is not set "
    "here. Where the bot runs it may "
    "be."
)
LOST = (
    "none of the stored credentials opens. {} Give the bot the keys that it had before. If they "
    "are lost, run `python -m bot rotate-keys --remove-lost`. It removes what can't be read. Then "
    "connect everything again."
)


async def save(database: Database, secret_box: SecretBox, *places: tuple[Workspace, str]) -> None:
    """Connections, and installations where the vendor is SLACK."""
    for workspace, vendor in places:
        if vendor == SLACK:
            await install(database, workspace, secret_box.seal((*workspace, SLACK), TOKEN))
        else:
            await open_stores(database, secret_box).connections.save(
                workspace, vendor, account="a", account_name="A", secret=SECRET
            )


async def install(database: Database, workspace: Workspace, token: str) -> None:
    """An installation with this ciphertext."""
    sql = (
        "INSERT INTO installations (enterprise, team, name, app, bot_user, bot, scopes, token, "
        "installed_by, installed_at)"
        " VALUES (?, ?, 'Acme', 'A1', 'U1', 'B1', 'commands', ?, 'U2', 1.0)"
    )
    await database.write(lambda db: db.execute(sql, (*workspace, token)))


EVERYTHING = [
    (HERE, "rootly"),
    (HERE, "twilio"),
    (ELSEWHERE, "rootly"),
    (HERE, SLACK),
    (Workspace("E1", ""), SLACK),
]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "relay.db")
    yield database
    await database.close()


def environment(path: Path, *given: bytes) -> dict[str, str]:
    """The settings of a command on that database."""
    found = {"RELAY_DATABASE": str(path)}
    return found | {"RELAY_ENCRYPTION_KEYS": b",".join(given).decode()} if given else found


async def opening(database: Database, *given: bytes) -> list[tuple[str, ...]]:
    """The owners of everything that these keys open."""
    secret_box = SecretBox(given)
    return [
        it.owner
        async for chunk in open_secrets(database).everything(lambda it: it.problem(secret_box))
        for it, no in chunk
        if not no
    ]


async def test_a_start_tries_some_secrets_however_many_there_are(database: Database) -> None:
    """So that it takes no longer with each workspace."""
    many = encrypted_secrets.AT_ONCE + 5
    owners = [(Workspace("", f"T{number:09}"), "rootly") for number in range(many)]
    secret_box = SecretBox([OLD])
    await save(database, secret_box, *owners)
    secrets = open_secrets(database)
    tried = await secrets.try_some(secret_box), await secrets.try_all(secret_box)
    assert [each.count for each in tried] == [encrypted_secrets.AT_ONCE, many]


async def test_a_token_copied_to_another_row_column_or_table_does_not_open(
    database: Database,
) -> None:
    """Whoever can write the file cannot lend a secret: not to another workspace, vendor, or table,
    nor from one of them."""
    secret_box = SecretBox([OLD])
    await save(database, secret_box, *EVERYTHING)
    found = [
        it
        async for chunk in open_secrets(database).everything(lambda it: it.ciphertext)
        for it, _ in chunk
    ]
    assert sorted(it.owner for it in found) == sorted(
        (*workspace, vendor) for workspace, vendor in EVERYTHING
    )
    assert {
        (a.owner, b.owner) for a in found for b in found if opens(secret_box, a.owner, b.ciphertext)
    } == {(it.owner, it.owner) for it in found}


def opens(secret_box: SecretBox, owner: tuple[str, ...], ciphertext: str) -> bool:
    try:
        return bool(secret_box.open(owner, ciphertext))
    except SecretError:
        return False


async def test_rotates_everything(database: Database, tmp_path: Path) -> None:
    """Both tables, more than a chunk of them: afterwards the new key alone opens all, and the old
    one nothing."""
    many = [
        (Workspace("", f"T{number:07}"), "rootly")
        for number in range(encrypted_secrets.AT_ONCE + 5)
    ]
    await save(database, SecretBox([OLD]), *EVERYTHING, *many)
    await save(database, SecretBox([NEW]), (ELSEWHERE, "twilio"))
    ended = await run("rotate-keys", **environment(database.path, NEW, OLD))
    assert ended == (
        0,
        "Encrypted anew with the first key of RELAY_ENCRYPTION_KEYS: 108 connections, 2 "
        "installations.\n"
        "Encrypted with it already: 1 connection.\n"
        "The other keys may be removed from RELAY_ENCRYPTION_KEYS.\n",
        "",
    )
    assert len(await opening(database, NEW)) == 111
    assert await opening(database, OLD) == []
    found = await open_stores(database, SecretBox([NEW])).connections.get(HERE, "twilio")
    assert found is not None
    assert found.secret == SECRET


async def test_knows_every_column_that_holds_ciphertexts(tmp_path: Path) -> None:
    """After installing, connecting and submitting, what begins as Fernet's do stands where the keys
    are changed."""
    async with many(tmp_path) as world:
        await world.install(ACME)
        await world.connect(ACME)
        await (await world.open(ACME, "/incident Checkout is down")).send()
    with closing(sqlite3.connect(tmp_path / "relay.db")) as db:
        tables = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        columns = [
            (table, row[1]) for table in tables for row in db.execute(f"PRAGMA table_info({table})")
        ]
        sql = "SELECT count(*) FROM {} WHERE trim(CAST({} AS TEXT)) LIKE 'gAAAAA%'"
        found = {it for it in columns if db.execute(sql.format(*it)).fetchone()[0]}
    named = {("connections", "secret"), ("installations", "token")}
    assert found == named
    assert {it.kind for it in SECRETS} == {"connection", "installation"}


async def test_leaves_nothing_that_the_old_key_opens_in_any_file(database: Database) -> None:
    """Not in the table, and not in the journal beside it."""
    await save(database, SecretBox([OLD]), *EVERYTHING)
    before = [
        it
        async for chunk in open_secrets(database).everything(lambda it: it.ciphertext)
        for _, it in chunk
    ]
    await run("rotate-keys", **environment(database.path, NEW, OLD))
    files = b"".join(it.read_bytes() for it in database.path.parent.iterdir())
    assert [it for it in before if it.encode() in files] == []


async def test_says_what_cannot_be_read_and_does_the_rest(database: Database) -> None:
    """A row of a lost key, and one that was copied: each is named with the reason, code 1, and the
    old keys are to stay."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"), (ELSEWHERE, "rootly"))
    await save(database, SecretBox([OTHER]), (HERE, "twilio"))
    await install(database, HERE, SecretBox([OLD]).seal((*ELSEWHERE, SLACK), TOKEN))
    ended = await run("rotate-keys", **environment(database.path, NEW, OLD))
    assert ended == (
        1,
        "Encrypted anew with the first key of RELAY_ENCRYPTION_KEYS: 2 connections.\n",
        f"Cannot be read: connection of {HERE.team} to twilio. A stored secret doesn't open with "
        "the keys in "
        "RELAY_ENCRYPTION_KEYS.\n"
        f"Cannot be read: installation in {HERE.team}. A stored secret belongs to another "
        "workspace or vendor. Connect the "
        "vendor again.\n"
        "Keep the old keys until everything is encrypted anew.\n",
    )
    assert await opening(database, NEW) == [(*ELSEWHERE, "rootly"), (*HERE, "rootly")]


async def test_removes_what_is_lost_when_asked(database: Database) -> None:
    """`--remove-lost` removes just that, and says what it was and what to do next; `--yes` answers
    before it is asked."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    await save(database, SecretBox([OTHER]), (HERE, "twilio"), (Workspace("E1", ""), SLACK))
    ended = await run(
        "rotate-keys", "--remove-lost", "--yes", **environment(database.path, NEW, OLD)
    )
    assert ended == (
        0,
        f"{VARIABLE_USED}\n"
        "This does not open:\n"
        f"  connection of {HERE.team} to twilio\n"
        "  installation in E1\n"
        f"Removed: connection of {HERE.team} to twilio.\n"
        "Removed: installation in E1.\n"
        "Encrypted anew with the first key of RELAY_ENCRYPTION_KEYS: 1 connection.\n"
        "Connect the vendors again with `/vendors` in Slack or `python -m bot connect`.\n"
        "Install the app in its workspaces again.\n"
        "The other keys may be removed from RELAY_ENCRYPTION_KEYS.\n",
        "",
    )
    assert await opening(database, NEW) == [(*HERE, "rootly")]


async def test_removes_nothing_that_nobody_agreed_to(database: Database) -> None:
    """Without the variable in this shell nothing opens: that is said first, and all of it stays, as
    does the missing file."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    file = database.path.with_name("relay.db.key")
    listed = f"This does not open:\n  connection of {HERE.team} to rootly\n"
    none = "There is no key file relay.db.key, and RELAY_ENCRYPTION_KEYS is not set here. Where the bot runs it may be.\n"
    missing = "--yes: is missing, and nobody can be asked here: give it to remove these. Nothing was removed.\n"
    ended = await run("rotate-keys", "--remove-lost", **environment(database.path))
    assert (ended, file.exists()) == ((2, none + listed, missing), False)
    file.write_bytes(OTHER)
    ended = await run("rotate-keys", "--remove-lost", **environment(database.path))
    assert ended == (2, f"{FILE_USED}\n{listed}", missing)
    assert await opening(database, OLD) == [(*HERE, "rootly")]


@pytest.mark.parametrize(("answer", "left"), [("", 1), ("n", 1), ("y", 0)])
async def test_asks_at_the_terminal_before_it_removes_anything(
    database: Database, answer: str, left: int
) -> None:
    """Enter alone is a no."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    command = ["rotate-keys", "--remove-lost"]
    shown = await asyncio.to_thread(
        typed, command, environment(database.path, NEW), {"[y/N] ": answer}
    )
    last = shown.code, shown.text.splitlines()[-1]
    again = "Connect the vendors again with `/vendors` in Slack or `python -m bot connect`."
    assert last == ((1, "Nothing was removed.") if left else (0, again))
    assert len(await opening(database, OLD)) == left


class Crossed(Database):
    """A database in which somebody types another key once the rotation has begun, just before it
    writes for the first time."""

    saves: Callable[[], Awaitable[object]] | None = None

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        saves, self.saves = self.saves, None
        if saves is not None:
            await saves()
        return await super().write(work)


async def test_never_overwrites_what_changed_meanwhile(tmp_path: Path) -> None:
    """A connection that an admin replaces while the keys are rotated keeps the new credentials,
    under the new key."""
    database = await Crossed.open(tmp_path / "relay.db")
    assert isinstance(database, Crossed)
    try:
        await save(database, SecretBox([OLD]), *EVERYTHING)
        typed, before = (
            {"api_key": "typed in the meantime"},
            open_stores(database, SecretBox([OLD])).connections,
        )
        database.saves = lambda: before.save(
            HERE, "rootly", account="a", account_name="A", secret=typed
        )
        rotated = await open_secrets(database).rotate(SecretBox([NEW, OLD]))
        assert rotated.done == {"connection": 3, "installation": 2}
        found = await open_stores(database, SecretBox([NEW])).connections.get(HERE, "rootly")
        assert found is not None
        assert found.secret == typed
    finally:
        await database.close()


async def test_rotates_under_a_running_bot(sandbox: Sandbox, settings: Settings) -> None:
    """Rotated, the bot goes on with both keys, and after a new start with the new one alone."""
    old = environment(settings.database, OLD)
    await sandbox.connect_vendors(
        Settings.model_validate(sandbox.environment(settings.database) | old)
    )
    both = sandbox.environment(settings.database) | environment(settings.database, NEW, OLD)
    new = sandbox.environment(settings.database) | environment(settings.database, NEW)
    for given in (both, new):
        async with running(sandbox, Settings.model_validate(given)) as world:
            if given is both:
                assert (await run("rotate-keys", **given)).code == 0
            modal = await world.open("/incident Checkout is down")
            assert "Created in Rootly" in (await modal.send()).text
    assert len(sandbox.vendors["rootly"].created) == 2


async def test_says_how_to_change_the_key(database: Database, tmp_path: Path) -> None:
    """With one key there is nothing to do but to put a new one in front of it, in the file or the
    variable."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    told = "Encrypted with it already: 1 connection.\nMake a new key, put it in front of the old one in {0}, "
    told = (
        "Encrypted anew with the first key of {0}: nothing.\n"
        + told
        + "start the bot again, and run this once more.\n"
    )
    assert await run("rotate-keys", **environment(database.path, OLD)) == (
        0,
        told.format("RELAY_ENCRYPTION_KEYS"),
        "",
    )
    file = tmp_path / "relay.db.key"
    file.write_bytes(OLD)
    assert await run("rotate-keys", **environment(database.path)) == (
        0,
        told.format("the key file relay.db.key"),
        "",
    )
    file.write_bytes(NEW + b"\n" + OLD + b"\n")
    assert await run("rotate-keys", **environment(database.path)) == (
        0,
        "Encrypted anew with the first key of the key file relay.db.key: 1 connection.\n"
        "The other keys may be removed from the key file relay.db.key.\n",
        "",
    )
    assert await opening(database, NEW) == [(*HERE, "rootly")]


COMMANDS: Sequence[tuple[str, ...]] = (
    ("serve",),
    ("socket",),
    ("connect", "T012AB3CD", "rootly", "--no-verify"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda it: it[0])
async def test_a_wrong_or_lost_key_ends_every_command_that_needs_it(
    sandbox: Sandbox, database: Database, command: Sequence[str]
) -> None:
    """One sentence and code 2: another key in the variable, another in the file, and no file where
    there was one."""
    await save(database, SecretBox([OLD]), *EVERYTHING)
    file, given = database.path.with_name("relay.db.key"), '{"api_key": "rootly_1"}'
    settings = sandbox.environment(database.path)
    assert await run(*command, given=given, **settings | environment(database.path, OTHER)) == (
        2,
        "",
        f"RELAY_ENCRYPTION_KEYS: {LOST.format(VARIABLE_USED)}\n",
    )
    file.write_bytes(OTHER)
    assert await run(*command, given=given, **settings) == (
        2,
        "",
        f"relay.db.key: {LOST.format(FILE_USED)}\n",
    )
    file.unlink()
    gone = await run(*command, given=given, **settings)
    assert (gone.code, gone.out, gone.err.partition(",")[0]) == (
        2,
        "",
        "relay.db.key: the key file is gone",
    )
    assert not file.exists()


async def test_begins_anew_once_the_key_is_lost_for_good(
    sandbox: Sandbox, database: Database
) -> None:
    """`--remove-lost` makes a new key file, and the bot starts with nothing connected."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    ended = await run("rotate-keys", "--remove-lost", "--yes", **environment(database.path))
    assert (
        ended.code,
        f"Removed: connection of {HERE.team} to rootly." in ended.out.splitlines(),
    ) == (0, True)
    async with started("serve", environment=sandbox.environment(database.path)) as process:
        await healthy(process)
        assert await stopped(process) == 0


async def test_starts_when_only_some_do_not_open(database: Database) -> None:
    """One warning says how many of which kind, and not which secret."""
    await save(database, SecretBox([OLD]), (HERE, "rootly"))
    await save(database, SecretBox([OTHER]), (HERE, "twilio"), (ELSEWHERE, "twilio"), (HERE, SLACK))
    with capture_logs() as logs:
        await check(open_secrets(database), SecretBox([OLD]), database.path)
    assert logs == [
        {
            "event": "keys.secrets_not_opened",
            "log_level": "warning",
            "keys": "RELAY_ENCRYPTION_KEYS",
            "connections": 2,
            "installations": 1,
        }
    ]


async def test_an_empty_database_goes_with_any_key(database: Database) -> None:
    """Nothing is stored, so nothing can be wrong."""
    with capture_logs() as logs:
        await check(open_secrets(database), SecretBox([OTHER]), database.path)
    assert logs == []


async def test_warns_of_a_key_file_that_others_can_read(database: Database) -> None:
    """Its name and mode; nothing when the keys come from the variable, or the file is private."""
    file = database.path.with_name("relay.db.key")
    file.write_bytes(OLD)
    told = []
    for mode, source in (
        (0o644, "relay.db.key"),
        (0o600, "relay.db.key"),
        (0o644, "RELAY_ENCRYPTION_KEYS"),
    ):
        file.chmod(mode)
        with capture_logs() as logs:
            await check(open_secrets(database), SecretBox([OLD], source), database.path)
        told.append(logs)
    warning = {"event": "keys.file_exposed", "log_level": "warning", "file": "relay.db.key"}
    assert told == [[warning | {"mode": "0644", "better": "0600"}], [], []]


def test_a_database_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """`rotate-keys` makes none."""
    with pytest.raises(SettingError) as caught:
        rotate_keys.main(Settings.model_validate({"RELAY_DATABASE": str(tmp_path / "gone.db")}))
    assert str(caught.value).endswith("gone.db isn't there. Name the file that the bot uses.")
    assert list(tmp_path.iterdir()) == []
