"""Slack's word that the app was removed: in any form, late, repeatedly, and in shapes that it never
has."""

import asyncio
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest

from bot.slack.installations import Installation
from bot.workspace import Workspace
from tests.world.bot import World
from tests.world.uninstall import APP_UNINSTALLED, TOKENS_REVOKED, stored, tell

GRID, OTHER = "E0ACME0001", "E0OTHER001"


async def fill(world: World, *workspaces: Workspace) -> None:
    for it in workspaces:
        await world.bot.services.connections.store.save(
            it, "rootly", account="a", account_name="A", secret={"api_key": "k"}
        )


async def install(world: World, workspace: Workspace, at: float) -> None:
    await world.bot.stores.installations.save(
        Installation(
            workspace, "Acme", "A1", "U1", "B1", ("chat:write",), "U2", at, f"xoxb-{workspace.team}"
        )
    )


@pytest.mark.parametrize(
    "events", [(APP_UNINSTALLED, TOKENS_REVOKED), (TOKENS_REVOKED, APP_UNINSTALLED)]
)
async def test_everything_goes_whichever_event_comes_first(
    bare_world: World, events: tuple[Any, Any]
) -> None:
    """The first one removes it; the second one, and both again, find nothing and are answered
    alike."""
    here, elsewhere = bare_world.sandbox.workspace, Workspace("", "T0ELSEWHERE")
    await fill(bare_world, here, elsewhere)
    assert (await tell(bare_world, events[0])).status == 200
    assert await stored(bare_world) == {}
    for event in (*events, *events):
        assert (await tell(bare_world, event)).status == 200
    assert await stored(bare_world, elsewhere) == {"catalogs": 1, "connections": 1}


async def test_both_events_at_once(bare_world: World) -> None:
    """They get in nobody's way."""
    await fill(bare_world, bare_world.sandbox.workspace)
    answers = await asyncio.gather(
        *(tell(bare_world, it) for it in (APP_UNINSTALLED, TOKENS_REVOKED) * 3)
    )
    assert [it.status for it in answers] == [200] * 6
    assert await stored(bare_world) == {}


@pytest.mark.parametrize(
    "tokens", [{"oauth": ["U1"], "bot": []}, {"oauth": ["U1"]}, {}, None, "bot", ["bot"]], ids=repr
)
async def test_a_persons_revoked_token_removes_nothing(bare_world: World, tokens: Any) -> None:
    """The bot keeps its own tokens only."""
    await fill(bare_world, bare_world.sandbox.workspace)
    assert (await tell(bare_world, {"type": "tokens_revoked", "tokens": tokens})).status == 200
    assert await stored(bare_world) == {"catalogs": 1, "connections": 1}


async def test_an_event_from_before_the_installation_is_late(bare_world: World) -> None:
    """Somebody has installed it again meanwhile: what was stored since stays."""
    here, now = bare_world.sandbox.workspace, time.time()
    await fill(bare_world, here)
    await install(bare_world, here, at=now)
    for event in (APP_UNINSTALLED, TOKENS_REVOKED):
        assert (await tell(bare_world, event, event_time=int(now) - 1)).status == 200
    assert await stored(bare_world) == {"catalogs": 1, "connections": 1, "installations": 1}
    await tell(bare_world, APP_UNINSTALLED, event_time=int(now) + 1)
    assert await stored(bare_world) == {}


async def test_an_organisation_goes_with_its_teams(bare_world: World) -> None:
    """Even when its event names one of them; a team that installed it itself stays, and so does its
    namesake elsewhere."""
    whole, team, own = Workspace(GRID, ""), Workspace(GRID, "T0TEAM"), Workspace(GRID, "T0OWN")
    namesake = Workspace(OTHER, "T0TEAM")
    await install(bare_world, whole, at=1.0)
    await install(bare_world, own, at=2.0)
    await fill(bare_world, team, own, namesake)
    install_of = {
        "enterprise_id": GRID,
        "team_id": "T0TEAM",
        "user_id": "U1",
        "is_bot": True,
        "is_enterprise_install": True,
    }
    await tell(bare_world, APP_UNINSTALLED, whole, team_id="T0TEAM", authorizations=[install_of])
    assert [await stored(bare_world, it) for it in (whole, team)] == [{}, {}]
    assert await stored(bare_world, own) == {"catalogs": 1, "connections": 1, "installations": 1}
    assert await stored(bare_world, namesake) == {"catalogs": 1, "connections": 1}


async def test_teams_that_were_taken_out_of_an_organisation_go(bare_world: World) -> None:
    """Those that the event names, and nobody else; not from before the organisation's installation."""
    whole, teams = Workspace(GRID, ""), [Workspace(GRID, f"T0TEAM{n}") for n in range(3)]
    namesake, now = Workspace(OTHER, "T0TEAM0"), int(time.time())
    await install(bare_world, whole, at=now)
    await fill(bare_world, *teams, namesake)
    event = {"type": "team_access_revoked", "team_ids": ["T0TEAM0", "T0TEAM1", "T0NEVER"]}
    await tell(bare_world, event, whole, event_time=now - 1)
    assert [await stored(bare_world, it) for it in teams] == [{"catalogs": 1, "connections": 1}] * 3
    await tell(bare_world, event, whole, event_time=now)
    assert [await stored(bare_world, it) for it in teams] == [
        {},
        {},
        {"catalogs": 1, "connections": 1},
    ]
    assert [await stored(bare_world, it) for it in (whole, namesake)] == [
        {"installations": 1},
        {"catalogs": 1, "connections": 1},
    ]


@pytest.mark.parametrize("ids", [None, "T0TEAM", [], [None, 7, ""], {"T0TEAM": 1}], ids=repr)
async def test_a_list_of_teams_that_is_none_removes_nothing(bare_world: World, ids: Any) -> None:
    """Slack never sends it."""
    team = Workspace(GRID, "T0TEAM")
    await fill(bare_world, team)
    assert (
        await tell(
            bare_world, {"type": "team_access_revoked", "team_ids": ids}, Workspace(GRID, "")
        )
    ).status == 200
    assert await stored(bare_world, team) == {"catalogs": 1, "connections": 1}


async def test_an_event_of_nobody_removes_nothing(bare_world: World) -> None:
    """Without any id it would be everybody's."""
    await fill(bare_world, bare_world.sandbox.workspace)
    answer = await tell(
        bare_world, APP_UNINSTALLED, team_id=None, enterprise_id=None, authorizations=[]
    )
    assert answer.status == 200
    assert await stored(bare_world) == {"catalogs": 1, "connections": 1}


async def test_slack_is_asked_to_say_it_again_while_the_file_is_busy(bare_world: World) -> None:
    """The event is not acknowledged before everything is removed."""
    await fill(bare_world, bare_world.sandbox.workspace)
    with closing(sqlite3.connect(bare_world.settings.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await tell(bare_world, APP_UNINSTALLED)).status == 503
        other.execute("ROLLBACK")
    assert (await tell(bare_world, APP_UNINSTALLED)).status == 200
    assert await stored(bare_world) == {}
