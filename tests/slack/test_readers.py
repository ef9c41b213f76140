"""The language in which the bot speaks, and the names of its commands there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.language import command, spoken
from bot.slack.people import UserDirectory
from bot.slack.readers import Readers, prefix_of
from bot.storage.database import Database
from bot.storage.preferences import Preferences, WorkspacePreferences
from tests.world.notes import ELSEWHERE, HERE
from tests.world.slack import slack_wire


@pytest.fixture
async def preferences(tmp_path: Path) -> AsyncIterator[Preferences]:
    async with await Database.open(tmp_path / "relay.db") as database:
        yield Preferences(database)


async def heard(readers: Readers, person: str = "", typed: str = "") -> tuple[str, str]:
    """The language that is spoken, and what `/vendors` is called."""
    if not typed:
        with await readers.speaking(HERE, person):
            return spoken(), command("vendors")

    async def answer() -> tuple[str, str]:
        await readers.speak(HERE, person, typed)
        return spoken(), command("vendors")

    return await asyncio.create_task(answer())


async def test_a_person_reads_the_language_of_their_slack(preferences: Preferences) -> None:
    """Slack gives it with the person, if it is asked for; others read the workspace's."""
    people = UserDirectory(frozenset())
    readers = Readers(people, preferences)
    async with slack_wire() as (wire, client):
        wire.answer = lambda args: {
            "ok": True,
            "user": {"id": args["user"]}
            | ({"locale": "de-DE"} if args.get("include_locale") else {}),
        }
        assert (await people.person(client, HERE, "U1")).locale == "de-DE"
    assert await heard(readers, "U1") == ("de", "/vendors")
    assert await heard(readers, "U2") == ("en", "/vendors")
    await readers.choose(HERE, "de")
    assert await heard(readers) == ("de", "/vendors")


async def test_the_first_language_of_a_workspace_is_that_of_who_connects(
    preferences: Preferences,
) -> None:
    """Later ones change nothing; an admin may."""
    readers = Readers(UserDirectory(frozenset()), preferences)
    for locale in ("de-DE", "en-US"):
        await readers.suggest(HERE, locale)
    assert await readers.language(HERE) == "de"
    assert await readers.language(ELSEWHERE) == "en"
    await readers.choose(HERE, "en")
    assert await readers.language(HERE) == "en"


async def test_commands_have_the_prefix_that_was_seen_last(preferences: Preferences) -> None:
    """Also in the answer to that very command; the operator's prefix stands above it."""
    readers = Readers(UserDirectory(frozenset()), preferences)
    assert await heard(readers, typed="/acme-incident") == ("en", "/acme-vendors")
    assert await heard(readers) == ("en", "/vendors")
    await readers.saw(HERE, "/acme-incident")
    assert await heard(readers) == ("en", "/acme-vendors")
    assert await preferences.of(HERE) == WorkspacePreferences("", "acme")
    assert await preferences.of(ELSEWHERE) == WorkspacePreferences()
    fixed = Readers(UserDirectory(frozenset()), preferences, "ours")
    assert await heard(fixed, typed="/acme-incident") == ("en", "/ours-vendors")


@pytest.mark.parametrize(
    ("typed", "prefix"),
    [
        ("/incident", ""),
        ("/acme-incident", "acme"),
        ("/acme-eu-action-item", "acme-eu"),
        ("/workflow-task", ""),
        (f"/{'x' * 17}-vendors", "x" * 17),
        (f"/{'x' * 18}-vendors", ""),
        ("/other", ""),
    ],
)
def test_a_prefix_stands_before_the_usual_name(typed: str, prefix: str) -> None:
    assert prefix_of(typed) == prefix
