"""Installations: whose they are, what is stored of them, how soon a change is noticed."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from bot.errors import SecretError
from bot.slack.installations import (
    FRESH_SECONDS,
    Installation,
    Installations,
)
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import Workspace
from tests.world.notes import ELSEWHERE, HERE, KEY, Clock

ORGANISATION = Workspace("E0GRID0001", "")
OF_IT = Workspace("E0GRID0001", "T0GRID0001")
T = TypeVar("T")
TOKEN = "xoxb-that-nobody-may-see"


def installation(workspace: Workspace = HERE, token: str = TOKEN) -> Installation:
    return Installation(
        workspace=workspace,
        name="Here",
        app="A0APP00001",
        bot_user="U0BOT00001",
        bot="B0BOT00001",
        scopes=("chat:write", "commands"),
        installed_by="U0ANN00001",
        installed_at=1_800_000_000.0,
        token=token,
    )


@pytest.fixture
def installations(database: Database, clock: Clock) -> Installations:
    return Installations(database, SecretBox([KEY]), clock)


@pytest.fixture
def elsewhere(database: Database, clock: Clock) -> Installations:
    """Those of another process on the same file."""
    return Installations(database, SecretBox([KEY]), clock)


async def test_an_installation_comes_back_whole(
    installations: Installations, elsewhere: Installations
) -> None:
    """What was saved is found, in any process; where nothing was, there is nothing."""
    assert (await installations.any(), await installations.all()) == (False, [])
    await installations.save(installation())
    for it in (installations, elsewhere):
        assert await it.find(HERE) == installation()
        assert await it.find(ELSEWHERE) is None
        assert (await it.any(), await it.all()) == (True, [installation()])


async def test_no_repr_shows_the_token_and_no_file_holds_it(
    installations: Installations, path: Path
) -> None:
    """Neither the database nor its write-ahead log has it in plain."""
    await installations.save(installation())
    assert TOKEN not in repr(await installations.all())
    written = b"".join([it.read_bytes() for it in path.parent.iterdir()])
    assert b"A0APP00001" in written
    assert b"xoxb-" not in written


async def test_installing_again_replaces_the_row(installations: Installations) -> None:
    """One row a workspace, and the new token at once."""
    await installations.save(installation())
    assert await installations.find(HERE) == installation()
    again = replace(installation(), token="xoxb-2", installed_by="U0BEN00001", scopes=())
    await installations.save(again)
    assert (await installations.find(HERE), await installations.all()) == (again, [again])


async def test_a_teams_own_comes_before_its_organisations(installations: Installations) -> None:
    """The organisation's serves its other teams, and those whose events name the organisation in
    the team's place."""
    own, whole = installation(OF_IT, "xoxb-own"), installation(ORGANISATION, "xoxb-whole")
    await installations.save(whole)
    assert await installations.find(OF_IT) == whole
    await installations.save(own)
    assert await installations.find(OF_IT) == own
    for team in ("T0OTHER001", "E0GRID0001", ""):
        assert await installations.find(Workspace(ORGANISATION.enterprise, team)) == whole
    await installations.remove(ORGANISATION)
    assert await installations.find(ORGANISATION) is None
    assert await installations.find(OF_IT) == own


async def test_nobody_else_gets_it(installations: Installations) -> None:
    """Neither another workspace, nor the same id outside of the organisation, nor no id at all."""
    await installations.save(installation(OF_IT))
    await installations.save(installation(HERE))
    strangers = [
        ELSEWHERE,
        Workspace("", OF_IT.team),
        Workspace("E0GRID0001", HERE.team),
        Workspace("", ""),
    ]
    assert [await installations.find(it) for it in strangers] == [None] * 4


async def test_a_token_that_is_copied_to_another_row_does_not_open(
    installations: Installations, database: Database
) -> None:
    """It is bound to the workspace that it was stored for."""
    await installations.save(installation(HERE))
    await installations.save(installation(ELSEWHERE))
    sql = "UPDATE installations SET token = (SELECT token FROM installations WHERE team = ?) WHERE team = ?"
    await database.write(lambda db: db.execute(sql, (HERE.team, ELSEWHERE.team)))
    assert await installations.find(HERE) == installation(HERE)
    with pytest.raises(SecretError):
        await installations.find(ELSEWHERE)


async def test_removing_is_harmless_when_repeated(installations: Installations) -> None:
    """Only that row goes, and at once."""
    for workspace in (HERE, ELSEWHERE):
        await installations.save(installation(workspace))
        assert await installations.find(workspace) is not None
    for _ in range(2):
        await installations.remove(HERE)
    assert await installations.find(HERE) is None
    assert await installations.all() == [installation(ELSEWHERE)]


async def test_what_was_found_is_remembered_for_a_while(
    installations: Installations, elsewhere: Installations, clock: Clock
) -> None:
    """The file is not read again until then, or until it is told to forget; so another process's
    removal is noticed."""
    await installations.save(installation())
    assert await installations.find(HERE) == installation()
    await elsewhere.remove(HERE)
    clock.advance(FRESH_SECONDS - 1)
    assert await installations.find(HERE) == installation()
    clock.advance(1)
    assert await installations.find(HERE) is None
    await elsewhere.save(installation())
    assert await installations.find(HERE) == installation()
    await elsewhere.remove(HERE)
    installations.forget({HERE})
    assert await installations.find(HERE) is None


class Slow(Database):
    """Its next read is told only once the test says so."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.read_it, self.tell = asyncio.Event(), asyncio.Event()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        found = await super().read(work)
        self.read_it.set()
        await self.tell.wait()
        return found


async def test_what_changes_while_it_is_read_is_not_remembered(path: Path, clock: Clock) -> None:
    """The next look finds what was stored last."""
    database = await Slow.open(path)
    assert isinstance(database, Slow)
    installations = Installations(database, SecretBox([KEY]), clock)
    await installations.save(installation())
    looking = asyncio.create_task(installations.find(HERE))
    await database.read_it.wait()
    await installations.save(installation(token="xoxb-2"))
    database.tell.set()
    await looking
    assert await installations.find(HERE) == installation(token="xoxb-2")
    await database.close()
