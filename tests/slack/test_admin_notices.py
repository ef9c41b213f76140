"""What a workspace's admins are told about changes of credentials, permissions and
installations."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.registry import ADAPTERS
from bot.cli.connect import connect
from bot.messages.audit import MOST_LINES
from bot.playground.sandbox import Sandbox
from bot.slack.admin_notices import MOST_ADMINS
from bot.slack.people import UserDirectory
from bot.workspace import Workspace
from tests.world.bot import World, eventually
from tests.world.browser import Visitor, link, public, visitor
from tests.world.browser import connect as connect_in_browser
from tests.world.slack import refused, slack_wire
from tests.world.workspaces import ACME, ADMIN, many

CHECK = "If you didn't expect this, check `/vendors`."


@pytest.fixture
async def world(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    async with public(sandbox, tmp_path) as world:
        yield world


@pytest.fixture
async def ann() -> AsyncIterator[Visitor]:
    async with visitor() as somebody:
        yield somebody


def another_admin(world: World) -> str:
    """A member who is an admin from now on."""
    people = world.sandbox.slack.people
    people[world.member] = replace(people[world.member], is_admin=True)
    return next(it.id for it in people.values() if it.is_admin and it.id != world.admin)


def told(world: World, user: str) -> list[str]:
    return [it["text"] for it in world.letters(user)]


async def test_admins_hear_of_credentials_and_permissions(world: World, ann: Visitor) -> None:
    """Whoever changed them, and the workspace's other admins. Nobody else hears of it."""
    others = [
        it.id
        for it in world.sandbox.slack.people.values()
        if it.id != world.admin and not it.is_bot and not it.is_admin
    ]
    admins = [it.id for it in world.sandbox.slack.people.values() if it.is_admin]
    assert len(admins) > 1
    account = "Brambleway"
    expected = [f"<@{world.admin}> connected *Rootly* as {account}.\n{CHECK}"]
    await connect_in_browser(world, ann)
    await eventually(lambda: [told(world, it) for it in admins] == [expected] * len(admins))
    page = await ann.open(f"{await link(world)}?ask=disconnect")
    await ann.press(page, "Disconnect Rootly")
    expected.append(f"<@{world.admin}> disconnected *Rootly*.\n{CHECK}")
    await eventually(lambda: [told(world, it) for it in admins] == [expected] * len(admins))
    rules = {"rootly.incident": "everyone", "rootly.action_item": "S0GROUP"}
    await world.bot.services.access.decide(world.sandbox.workspace, rules, world.admin)
    expected.append(
        f"<@{world.admin}> changed who can use *Rootly: incident*: Everyone.\n<@{world.admin}> "
        f"changed who can use *Rootly: action item*: the user group S0GROUP.\n{CHECK}"
    )
    await eventually(lambda: [told(world, it) for it in admins] == [expected] * len(admins))
    assert [told(world, it) for it in others] == [[]] * len(others)


async def test_admins_hear_of_what_an_operator_did_in_another_process(world: World) -> None:
    """The command line has no token of Slack's; the bot tells of it."""
    rootly = world.sandbox.vendors["rootly"]
    for _ in range(2):
        await connect(world.settings, world.sandbox.workspace, "rootly", dict(rootly.credentials))
    await eventually(
        lambda: (
            "\n".join(told(world, world.admin)).replace(f"\n{CHECK}", "").splitlines()
            == [
                "Your bot admin connected *Rootly* as Brambleway.",
                "Your bot admin replaced the API key for *Rootly*. It's connected as Brambleway.",
            ]
        )
    )


async def test_admins_hear_of_an_installation(tmp_path: Path) -> None:
    """By the bot's new token."""
    async with many(tmp_path) as world:
        await world.install(ACME)
        slack = world.slack(ACME)

        def letters() -> list[str]:
            ims = [it for it in slack.channels.values() if it.is_im and it.user_id == ADMIN]
            return [it["text"] for im in ims for it in im.messages]

        await eventually(letters)
        [text] = letters()
        assert text.endswith(f" installed *Incident Relay*.\n{CHECK}")


async def test_many_changes_at_once_are_one_message(world: World) -> None:
    """It has no more lines than people read."""
    rules = {
        f"{vendor}.{operation.name}{number}": "everyone"
        for vendor, adapter in ADAPTERS.items()
        for operation in adapter.operations
        for number in range(4)
    }
    await world.bot.services.access.decide(world.sandbox.workspace, rules, world.admin)
    await eventually(lambda: told(world, world.admin))
    [text] = told(world, world.admin)
    lines = text.splitlines()
    assert len(lines) == MOST_LINES + 2
    assert lines[MOST_LINES] == f"And {len(rules) - MOST_LINES} more changes."


async def test_a_change_stands_though_slack_fails(world: World) -> None:
    """The trail has it, and the bot goes on."""
    world.sandbox.slack.app.scopes.remove("chat:write")
    access, here = world.bot.services.access, world.sandbox.workspace
    await access.decide(here, {"rootly.incident": "everyone"}, world.admin)

    async def claimed() -> bool:
        return not await world.bot.database.read(
            lambda tx: tx.execute("SELECT 1 FROM audit_events WHERE told = 0").fetchall()
        )

    await eventually(claimed)
    world.sandbox.slack.app.scopes.append("chat:write")
    await access.decide(here, {"rootly.incident": "admins"}, world.admin)
    await eventually(lambda: told(world, world.admin))
    assert [it.details["after"] for it in await world.bot.stores.audit.of(here, 9)] == [
        "admins",
        "everyone",
    ]
    assert len(told(world, world.admin)) == 1


async def test_a_large_workspace_is_read_for_a_while() -> None:
    """At most ten pages, until there are enough admins; without an answer, those so far."""
    directory, team = UserDirectory(frozenset()), Workspace("", "T1")
    async with slack_wire() as (wire, client):
        wire.answer = lambda args: {
            "ok": True,
            "members": [
                {"id": f"U{args['cursor']}", "team_id": "T1", "is_admin": True},
                {"id": "U8", "team_id": "T1"},
                {"id": "U9", "team_id": "T1", "is_admin": True, "deleted": True},
            ],
            "response_metadata": {"next_cursor": f"{args['cursor']}1"},
        }
        pages = [f"U{'1' * number}" for number in range(10)]
        assert await directory.admins(client, team, MOST_ADMINS) == pages
        assert await directory.admins(client, team, 3) == pages[:3]
        assert len(wire.calls) == 13
        wire.answer = refused("missing_scope")
        assert await directory.admins(client, team, MOST_ADMINS) == []
        assert await directory.admins(client, Workspace("E1", ""), MOST_ADMINS) == []
        assert len(wire.calls) == 14
