"""Links to the page where a vendor is connected: for whom, how long, and how often."""

import asyncio
from pathlib import Path

import pytest

from bot.connections.setup_links import LINK_SECONDS, SetupLink, SetupLinks, digest_of
from bot.connections.store import Connections
from bot.storage.database import Database
from bot.workspace import Workspace
from tests.world.notes import ELSEWHERE, HERE, SECRET, Clock


@pytest.fixture
def links(database: Database, clock: Clock) -> SetupLinks:
    return SetupLinks(database, clock)


async def made(
    links: SetupLinks, workspace: Workspace = HERE, vendor: str = "notes", actor: str = "U0ANN00001"
) -> str:
    return await links.make(workspace, vendor, actor=actor, actor_name="Ann", workspace_name="Here")


async def found(links: SetupLinks, token: str) -> SetupLink:
    link = await links.find(token)
    assert link is not None
    return link


async def saved(
    connections: Connections, link: SetupLink, workspace: Workspace = HERE, vendor: str = "notes"
) -> bool:
    return await connections.save(
        workspace, vendor, account="a", account_name="A", secret=SECRET, link=link
    )


async def test_a_link_says_what_it_is_for(links: SetupLinks, clock: Clock) -> None:
    """However often it is looked at; nothing else leads to it."""
    token = await made(links)
    expected = SetupLink(
        digest_of(token), HERE, "notes", "U0ANN00001", "Ann", "Here", clock.now + LINK_SECONDS
    )
    assert [await links.find(token) for _ in range(2)] == [expected] * 2
    assert await links.find(digest_of(token)) is None
    assert len(token) == 43


async def test_the_file_holds_no_token(links: SetupLinks, path: Path) -> None:
    """Who reads the file, or a backup of it, gets no link out of it."""
    token = await made(links)
    written = b"".join(it.read_bytes() for it in path.parent.iterdir())
    assert (digest_of(token).encode() in written, token.encode() in written) == (True, False)


async def test_a_link_is_good_for_ten_minutes(
    links: SetupLinks, connections: Connections, clock: Clock
) -> None:
    """A page that was opened in time cannot be used after that either."""
    token = await made(links)
    clock.advance(LINK_SECONDS - 1)
    link = await found(links, token)
    clock.advance(1)
    assert await links.find(token) is None
    assert not await saved(connections, link)
    assert await connections.of(HERE) == []
    assert (await links.remove_expired(), await links.remove_expired()) == (1, 0)


async def test_a_link_is_used_once(links: SetupLinks, connections: Connections) -> None:
    """Of two that come at the same moment, one saves; to disconnect is a use as well."""
    link = await found(links, await made(links))
    assert sorted(await asyncio.gather(saved(connections, link), saved(connections, link))) == [
        False,
        True,
    ]
    link = await found(links, await made(links))
    assert [await connections.remove(HERE, "notes", link) for _ in range(2)] == [True, False]


async def test_a_used_link_disconnects_nothing(links: SetupLinks, connections: Connections) -> None:
    """What was saved with it stays."""
    link = await found(links, await made(links))
    await saved(connections, link)
    assert not await connections.remove(HERE, "notes", link)
    assert len(await connections.of(HERE)) == 1


async def test_a_link_fits_its_own_workspace_and_vendor(
    links: SetupLinks, connections: Connections
) -> None:
    """Nothing else can be saved with it, and the attempt leaves it as it is."""
    token = await made(links)
    link = await found(links, token)
    assert not await saved(connections, link, ELSEWHERE)
    assert not await saved(connections, link, HERE, "other")
    assert await connections.of(ELSEWHERE) == await connections.of(HERE) == []
    assert await links.find(token) == link


async def test_a_newer_link_takes_the_place_of_the_older(links: SetupLinks) -> None:
    """For the same person, vendor and workspace; others keep theirs."""
    older = await made(links)
    others = [
        await made(links, ELSEWHERE),
        await made(links, vendor="other"),
        await made(links, actor="U0BOB00001"),
    ]
    newer = await made(links)
    assert [await links.find(it) is None for it in (older, newer, *others)] == [
        True,
        False,
        False,
        False,
        False,
    ]


async def test_expired_links_go_when_a_new_one_is_made(
    links: SetupLinks, database: Database, clock: Clock
) -> None:
    """Names are kept no longer than the links."""
    await made(links, ELSEWHERE)
    clock.advance(LINK_SECONDS)
    await made(links)
    rows = await database.read(lambda db: db.execute("SELECT team FROM setup_links").fetchall())
    assert [row[0] for row in rows] == [HERE.team]
