"""Three workspaces and one organisation, from "Add to Slack" to the uninstall of one of them: the
others notice nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.playground.vendors import data
from bot.workspace import Workspace
from tests.world.bot import eventually
from tests.world.uninstall import APP_UNINSTALLED, TOKENS_REVOKED, payload, remembered, stored
from tests.world.workspaces import (
    ACME,
    ADMIN,
    BOLT,
    CORE,
    DUCHY,
    TEAMS,
    Many,
    installed_as,
    many,
    workspace_of,
)

BUSY = {"connections": 1, "deliveries": 1, "preferences": 1}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Many]:
    """The app is installed everywhere, and every workspace has declared an incident of its own."""
    async with many(tmp_path) as world:
        for team in TEAMS:
            assert (await world.install(team)).status_code == 200
            await world.connect(team)
        await asyncio.gather(*(declare(world, team) for team in TEAMS))
        yield world


def secret_of(team: data.Team) -> bytes:
    """What its people write, and no list of the vendor's repeats: all four are connected to the
    same account there."""
    return f"only {team.name} knows".encode()


def files(folder: Path) -> bytes:
    """All that the bot has written."""
    return b"".join(it.read_bytes() for it in folder.iterdir())


async def declare(world: Many, team: data.Team) -> None:
    await world.bot.services.catalogs.want(workspace_of(team), "rootly", ["severities"])
    await eventually(lambda: _loaded(world, team))
    modal = await world.open(team, "/incident")
    await modal.fill(title="Checkout is down", summary=secret_of(team).decode(), severity_id="SEV1")
    await modal.send()
    await eventually(lambda: world.cards(team))


async def _loaded(world: Many, team: data.Team) -> bool:
    search = world.bot.services.catalogs.search
    return bool((await search(workspace_of(team), "rootly", "severities", "")).entries)


async def say(world: Many, workspace: Workspace, event: Mapping[str, Any]) -> None:
    answer = await world.slack(ACME).transport.send("events_api", payload(event, workspace))
    assert answer.status == 200


async def left(world: Many, team: data.Team) -> dict[str, int]:
    """What is stored of the workspace, and of its organisation's installation; but the lists, which
    come and go."""
    rows = await stored(world, workspace_of(team))
    rows |= await stored(world, installed_as(team))
    return {table: count for table, count in rows.items() if not table.startswith("catalog")}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "events", [(APP_UNINSTALLED, TOKENS_REVOKED), (TOKENS_REVOKED, APP_UNINSTALLED)]
)
@pytest.mark.parametrize("team", [BOLT, DUCHY], ids=lambda it: it.name)
async def test_one_leaves_and_the_others_stay(
    world: Many, team: data.Team, events: Any, tmp_path: Path
) -> None:
    """In either order of the events: no row and no byte is left of it, and each of the others
    declares another incident."""
    with capture_logs() as logs:
        assert {it.name: await left(world, it) for it in TEAMS} == {
            it.name: BUSY | {"installations": 1} for it in TEAMS
        }
        for event in events:
            world.slack(team).bot_token = ""
            await say(world, installed_as(team), event)
        others = [it for it in TEAMS if it is not team]
        await asyncio.gather(*(declare(world, it) for it in others))
        found = {it.name: await left(world, it) for it in TEAMS}
    assert found.pop(team.name) == {}
    assert found == {it.name: BUSY | {"deliveries": 2, "installations": 1} for it in others}
    assert remembered(world, workspace_of(team)) == set()
    assert [it for it in logs if it["log_level"] == "error"] == []
    assert [it.name for it in TEAMS if secret_of(it) in files(tmp_path)] == [
        it.name for it in others
    ]


@pytest.mark.timeout(60)
async def test_it_can_be_installed_again(world: Many) -> None:
    """From nothing; the events of the former installation, said once more, remove nothing of the
    new one."""
    events = [payload(it, workspace_of(CORE)) for it in (APP_UNINSTALLED, TOKENS_REVOKED)]
    transport = world.slack(ACME).transport
    world.slack(CORE).bot_token = ""
    for event in events:
        await transport.send("events_api", event | {"event_time": event["event_time"] + 1})
    outcome = await world.slack(CORE).command(ADMIN, data.CHANNELS[0].id, "/incident")
    assert "isn't installed" in str(world.slack(CORE).ephemerals[-1][2]["text"])
    assert outcome.ok
    await world.install(CORE)
    await world.connect(CORE)
    await declare(world, CORE)
    for event in events:
        await transport.send("events_api", event | {"event_time": event["event_time"] - 3600})
    assert await left(world, CORE) == BUSY | {"installations": 1}


@pytest.mark.timeout(60)
async def test_a_team_goes_on_with_its_organisations_installation(world: Many) -> None:
    """It had installed the app for itself too. Once that is removed, at once the organisation's
    token speaks there, and what its admins connected and decided holds as before."""
    installations, duchy = world.bot.stores.installations, workspace_of(DUCHY)
    whole = await installations.find(duchy)
    assert whole is not None
    await installations.save(
        replace(whole, workspace=duchy, token="xoxb-its-own", installed_at=1.0)
    )
    await world.bot.services.access.decide(duchy, {"rootly.incident": "admins"}, ADMIN)
    await installations.find(duchy)
    for event in (TOKENS_REVOKED, APP_UNINSTALLED):
        await say(world, duchy, event)
    assert await installations.find(duchy) == whole
    await declare(world, DUCHY)
    assert await left(world, DUCHY) == BUSY | {
        "deliveries": 2,
        "permissions": 1,
        "installations": 1,
    }
    assert await world.bot.services.access.rules(duchy, {"rootly.incident": "incident"}) == {
        "rootly.incident": "admins"
    }
