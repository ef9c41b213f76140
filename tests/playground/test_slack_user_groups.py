"""The stand-in's user groups, as Slack tells of them and refuses to."""

from dataclasses import replace

import pytest

from bot.playground.vendors.data import USER_GROUPS
from tests.playground.fake_bot import Workspace

ON_CALL, COMMANDERS = USER_GROUPS


@pytest.fixture
def reader(workspace: Workspace) -> Workspace:
    """The workspace, where the bot has the scope."""
    workspace.slack.app.scopes.append("usergroups:read")
    return workspace


@pytest.mark.parametrize("method", ["usergroups.list", "usergroups.users.list"])
async def test_wants_the_scope(workspace: Workspace, method: str) -> None:
    """Both methods, before anything else is looked at."""
    reply = await workspace.api(method)
    assert (reply["error"], reply["needed"]) == ("missing_scope", "usergroups:read")


async def test_lists_groups(reader: Workspace) -> None:
    """Those that are switched off, people and their number only when asked for."""
    reader.slack.user_groups[COMMANDERS.id] = replace(COMMANDERS, disabled=True)
    [group] = (await reader.api("usergroups.list"))["usergroups"]
    assert (group["id"], group["name"], group["handle"], group["date_delete"]) == (
        ON_CALL.id,
        "On-call engineers",
        "oncall",
        0,
    )
    assert not group.keys() & {"users", "user_count"}
    reply = await reader.api(
        "usergroups.list", include_disabled="1", include_users="true", include_count="1"
    )
    groups = {it["id"]: it for it in reply["usergroups"]}
    assert groups[COMMANDERS.id]["date_delete"] > 0
    assert groups[ON_CALL.id]["users"] == list(ON_CALL.members)
    assert groups[ON_CALL.id]["user_count"] == 3


async def test_lists_people(reader: Workspace) -> None:
    """Of a group that there is."""
    assert (await reader.api("usergroups.users.list", usergroup=ON_CALL.id))["users"] == list(
        ON_CALL.members
    )
    reader.slack.user_groups[COMMANDERS.id] = replace(COMMANDERS, disabled=True)
    errors = [
        (await reader.api("usergroups.users.list", usergroup=it))["error"]
        for it in (COMMANDERS.id, "S0", "")
    ]
    assert errors == ["no_such_subteam", "no_such_subteam", "invalid_arguments"]
    reply = await reader.api(
        "usergroups.users.list", usergroup=COMMANDERS.id, include_disabled="true"
    )
    assert reply["users"] == list(COMMANDERS.members)
