"""Which token works in which workspace."""

import asyncio
from typing import Any

import pytest

from bot.errors import NotInstalledError, SlackUnreachableError, WorkspaceNotAllowedError
from bot.slack.installations import Installation, Installations
from bot.slack.tokens import FixedToken, SlackTokens
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.workspace import AllowedWorkspaces, Workspace
from tests.world.notes import ELSEWHERE, HERE, KEY
from tests.world.slack import TROUBLES, refused, slack_wire

TEAM = {"ok": True, "team_id": HERE.team}
GRID_TEAM = TEAM | {"enterprise_id": "E1", "is_enterprise_install": False}
WHOLE = {"ok": True, "team_id": "E1", "enterprise_id": "E1", "is_enterprise_install": True}
IN_GRID = Workspace("E1", HERE.team)


@pytest.fixture
def installations(database: Database) -> Installations:
    return Installations(database, SecretBox([KEY]))


@pytest.mark.parametrize(
    ("answer", "served", "not_served"),
    [
        (TEAM, [HERE], [ELSEWHERE, Workspace("", ""), Workspace("E1", "")]),
        (GRID_TEAM, [IN_GRID, HERE], [Workspace("E1", "T2"), Workspace("E1", "E1"), ELSEWHERE]),
        (WHOLE, [IN_GRID, Workspace("E1", "T2"), Workspace("E1", "E1")], [HERE, ELSEWHERE]),
    ],
)
async def test_a_fixed_token_serves_its_own_workspace_only(
    installations: Installations,
    answer: dict[str, Any],
    served: list[Workspace],
    not_served: list[Workspace],
) -> None:
    """Slack says once whose it is. No other workspace's event and no other row gets it."""
    async with slack_wire() as (wire, client):
        wire.answer = lambda args: answer
        tokens = SlackTokens(installations, FixedToken(client))
        found = await asyncio.gather(*map(tokens.token, served))
        assert found == ["xoxb-1"] * len(served)
        for workspace in not_served:
            with pytest.raises(NotInstalledError):
                await tokens.token(workspace)
            with pytest.raises(NotInstalledError):
                await tokens.authorize(*workspace)
        assert wire.methods == ["auth.test"]


@pytest.mark.parametrize("trouble", list(TROUBLES))
async def test_while_slack_does_not_say_whose_it_is_nobody_gets_it(
    installations: Installations, trouble: str
) -> None:
    """The next one asks again."""
    async with slack_wire() as (wire, client):
        tokens = SlackTokens(installations, FixedToken(client))
        wire.answer = TROUBLES[trouble]
        with pytest.raises(SlackUnreachableError, match="Try again"):
            await tokens.authorize(*HERE)
        wire.answer = lambda args: TEAM
        assert (await tokens.authorize(*HERE)).bot_token == "xoxb-1"


async def test_a_token_that_slack_does_not_take_is_nobodys(installations: Installations) -> None:
    """It was revoked: the app is installed nowhere with it."""
    async with slack_wire() as (wire, client):
        wire.answer = refused("token_revoked")
        with pytest.raises(NotInstalledError):
            await SlackTokens(installations, FixedToken(client)).token(HERE)


@pytest.mark.parametrize(
    ("ids", "is_allowed"),
    [("", True), (HERE.team, True), ("E1", False), (f"T2 {HERE.team}", True), ("T2", False)],
)
async def test_only_allowed_workspaces_get_a_token(
    installations: Installations, ids: str, is_allowed: bool
) -> None:
    """Though the app is installed there."""
    tokens = SlackTokens(installations, None, AllowedWorkspaces(frozenset(ids.split())))
    await installations.save(
        Installation(HERE, "Here", "A1", "U1", "B1", ("commands",), "U2", 1e9, "xoxb-2")
    )
    if is_allowed:
        assert await tokens.token(HERE) == "xoxb-2"
    else:
        with pytest.raises(WorkspaceNotAllowedError):
            await tokens.token(HERE)


def test_an_organisation_stands_for_its_teams() -> None:
    """And an organisation-wide installation for nobody's team alone."""
    allowed = AllowedWorkspaces(frozenset(["E1", "T2"]))
    asked = [IN_GRID, Workspace("E1", ""), Workspace("E2", "T2"), Workspace("E2", ""), HERE]
    assert [it in allowed for it in asked] == [True, True, True, False, False]
    assert all(it in AllowedWorkspaces() for it in asked)
