"""`/vendors`: what everyone may read there, what admins can press, and what comes of pressing."""

import asyncio
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import messages
from bot.adapters.http import rejected_token
from bot.adapters.registry import ADAPTERS
from bot.catalogs.store import Due
from bot.delivery.problems import said
from bot.playground.sandbox import Sandbox
from handlers.button_presses import PRESS_SECONDS
from tests.world.bot import World, eventually
from tests.world.browser import ask_for_link, link, public
from tests.world.rows import standing

NOTHING = "No tool is connected yet."
LABELS = [adapter.label for adapter in ADAPTERS.values()]


@pytest.fixture
async def open_world(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    """The bot with web pages, and nothing connected."""
    async with public(sandbox, tmp_path) as world:
        yield world


def below(world: World, user: str) -> list[str]:
    """What the buttons below the last answer say."""
    message = next(it for _, who, it in reversed(world.sandbox.slack.ephemerals) if who == user)
    return [
        it["text"]["text"]
        for block in message.get("blocks", [])
        for it in block.get("elements", [])
    ]


async def press(world: World, user: str, status: int = 200, **action: Any) -> None:
    """What Slack sends for a button "Connect Rootly" on any message of ours; its team, or the
    action's members, changed."""
    slack = world.sandbox.slack
    channel = slack.channels[world.channel("incidents")]
    message = {
        "type": "message",
        "ts": "1700000000.000100",
        "bot_id": "B1",
        "text": "vendors",
        "blocks": [],
    }
    team = action.pop("team", slack.team.id)
    made = {
        "type": "button",
        "block_id": "vendors",
        "action_id": "vendor_rootly",
        "value": f"/{slack.team.id}/rootly",
    }
    payload = slack.payloads.message_action(
        slack.people[user], channel, message, {**made, **action}, {}
    )
    answer = await slack.transport.send(
        "interactive", {**payload, "team": {**payload["team"], "id": team}}
    )
    assert answer.status == status


async def links(world: World) -> int:
    database = world.bot.database
    return int(
        await database.read(lambda db: db.execute("SELECT count(*) FROM setup_links").fetchone()[0])
    )


async def test_everyone_may_read_how_the_tools_are(open_world: World) -> None:
    """And whom to ask for a change, by the name that the command has here; without buttons."""
    for user in (open_world.member, open_world.guest):
        await open_world.command("/vendors", user)
        assert open_world.told(user).splitlines() == [
            NOTHING,
            *[f"*{label}*: not connected" for label in LABELS],
            "To connect a tool, ask a workspace admin or owner to type `/vendors`.",
        ]
        assert below(open_world, user) == []


async def test_help_says_what_it_is_for(open_world: World) -> None:
    """To everyone the same."""
    for user in (open_world.admin, open_world.guest):
        await open_world.command("/vendors Help", user)
        assert open_world.told(user) == (
            "`/vendors` shows which tools are connected, and whether they work. Workspace admins and "
            "owners connect and change tools there, and set permissions."
        )


async def test_admins_get_a_button_for_each_tool(open_world: World) -> None:
    """Another one as soon as it is connected, and with it the button for who may use what."""
    await open_world.command("/vendors")
    assert below(open_world, open_world.admin) == [f"Connect {label}" for label in LABELS]
    await open_world.sandbox.connect_vendors(open_world.settings)
    await open_world.command("/vendors")
    assert sorted(below(open_world, open_world.admin)) == sorted(
        ["Permissions", "Settings", *[f"Manage {label}" for label in LABELS]]
    )


async def test_without_pages_of_its_own_the_command_line_does(world: World) -> None:
    """Admins are told the same as everyone, and can still say who may use what."""
    await world.command("/vendors")
    first = min(world.sandbox.vendors)
    assert f"`python -m bot connect {world.sandbox.slack.team.id} {first}`" in world.told()
    assert below(world, world.admin) == ["Permissions", "Settings"]
    await press(world, world.admin)
    assert world.top().text.startswith("This bot's web page was switched off")


async def test_a_button_hands_out_a_link(open_world: World) -> None:
    """In a window that says what it is for and how long it works; each press makes another."""
    first, second = await link(open_world), await link(open_world)
    window = open_world.top()
    assert window.view["title"]["text"] == "Connect Rootly"
    assert window.text.splitlines()[-1] == (
        "The link is for you alone. It works for *10 minutes* and *one change*. Don't share it."
    )
    for address in (first, second):
        assert address.startswith(f"{open_world.bot.services.connections.public_url}/connect/")
    assert first != second
    assert await links(open_world) == 1


def line_about(world: World, label: str) -> str:
    """What the last answer to the member says of that tool."""
    return next(it for it in world.told(world.member).splitlines() if it.startswith(f"*{label}*"))


async def test_a_key_that_is_taken_again_is_no_trouble_any_more(world: World) -> None:
    """As soon as what waited for it is tried again and created; the lists that were refused with it
    say nothing else."""
    await world.lists_loaded()
    await world.sandbox.vendors["rootly"].set_fault("revoked")
    modal = await (await world.open("/incident Disk full", world.member)).send()
    await eventually(lambda: not world.bot.services.delivery.dispatcher.under_way)
    await world.bot.stores.catalogs.refused(
        Due((world.sandbox.workspace, "rootly"), [], 0.0),
        "severities",
        "Rootly rejected our API key. An admin can replace it in `/vendors`.",
        tries=0,
    )
    await world.command("/vendors", world.member)
    assert "Our API key was rejected. Replace it." in line_about(world, "Rootly")
    await world.sandbox.vendors["rootly"].set_fault("fine")
    assert (await modal.press("delivery", "try_again")).ok
    await eventually(lambda: "Created in Rootly" in modal.text)
    await eventually(lambda: not world.bot.services.delivery.dispatcher.under_way)
    await world.command("/vendors", world.member)
    assert line_about(world, "Rootly").startswith(
        "*Rootly* as Brambleway: :white_check_mark: working (lists are "
    )


async def test_what_the_key_may_not_do_says_where_it_is_mended(world: World) -> None:
    """In the answer itself, and so it does not send people to the command that they have just
    typed."""
    sentence = str(rejected_token("Rootly", 403, "Not allowed"))
    await standing(
        world, "failed", "forbidden", error_details=said(sentence), expires_at=time.time() + 3600
    )
    await world.command("/vendors", world.member)
    assert line_about(world, "Rootly").startswith(
        "*Rootly* as Brambleway: :warning: Rootly doesn't let our API key do this. Rootly says: "
        "“Not allowed”. An admin can give it more rights in Rootly, or replace it in `/vendors`. ("
    )


async def test_what_needs_a_person_is_counted(world: World) -> None:
    """Deliveries of which nobody knows whether they are there."""
    await standing(world, "unconfirmed", "undecided")
    await world.command("/vendors", world.member)
    assert line_about(world, "Rootly").endswith(", 1 waiting for a decision)")


async def test_admins_see_the_latest_changes(open_world: World) -> None:
    """The newest three, each with its time; nobody else sees them."""
    access, here = open_world.bot.services.access, open_world.sandbox.workspace
    for who in ("everyone", "members", "admins", "everyone"):
        await access.decide(here, {"rootly.incident": who}, open_world.member)
    await open_world.command("/vendors")
    *_, title, newest, second, third = open_world.told().splitlines()
    by = f"<@{open_world.member}> changed who can use *Rootly: incident*:"
    assert title == "*Latest changes*"
    assert [line.partition(": ")[2] for line in (newest, second, third)] == [
        f"{by} Everyone.",
        f"{by} Admins and owners.",
        f"{by} Full members.",
    ]
    at = re.fullmatch(
        r"<!date\^(\d+)\^\{date_short_pretty\} \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>",
        newest.partition(": ")[0],
    )
    assert at is not None
    assert abs(int(at[1]) - time.time()) < 60
    await open_world.command("/vendors", open_world.member)
    assert "Latest changes" not in open_world.told(open_world.member)


@pytest.mark.parametrize("who", ["member", "guest"])
async def test_nobody_else_gets_a_link(open_world: World, who: str) -> None:
    """Even where somebody's button was copied; it says whom to ask."""
    user = getattr(open_world, who)
    await press(open_world, user)
    assert open_world.top(user).text == (
        "Only workspace admins and owners can connect or change tools. Ask one of them."
    )
    assert await links(open_world) == 0


async def test_an_admin_of_yesterday_gets_none(open_world: World) -> None:
    """The button below an answer is still there. Slack is asked again, though it answered a moment
    ago."""
    admin, people = open_world.admin, open_world.sandbox.slack.people
    await open_world.command("/vendors", admin)
    people[admin] = replace(people[admin], is_admin=False, is_owner=False)
    await press(open_world, admin)
    assert open_world.top(admin).text.startswith("Only workspace admins")


@pytest.mark.parametrize(
    "value",
    [
        "/T0ELSEWHERE/rootly",
        "E1/T06QJ0B7N2W/rootly",
        "rootly",
        "",
        "/{team}/nothing",
        "/{team}/",
        None,
    ],
)
async def test_a_button_of_another_workspace_does_nothing(
    open_world: World, value: str | None
) -> None:
    """Nor one that is none of ours."""
    team = open_world.sandbox.slack.team.id
    await press(open_world, open_world.admin, value=value.format(team=team) if value else value)
    assert open_world.top().text.startswith("This is from another workspace")
    assert await links(open_world) == 0


@pytest.mark.parametrize("value", [7, ["x"], {"vendor": "rootly"}])
async def test_a_button_whose_value_is_no_text_is_turned_away(
    open_world: World, value: Any
) -> None:
    """Slack sends none: nobody is there to be told."""
    await press(open_world, open_world.admin, status=400, value=value)
    assert open_world.sandbox.slack.views(open_world.admin) == []
    assert await links(open_world) == 0


async def test_a_link_that_takes_long_is_told(open_world: World) -> None:
    """Slack is answered in time; by the time that there is a link it opens no window any more, and
    the person hears it."""
    database = open_world.bot.database
    slow = asyncio.create_task(database.write(lambda _: time.sleep(PRESS_SECONDS + 1)))
    await asyncio.sleep(0)
    await press(open_world, open_world.admin)
    assert open_world.sandbox.slack.ephemerals == []
    await eventually(lambda: open_world.sandbox.slack.ephemerals)
    assert open_world.told() == messages.Notice.WINDOW_NOT_OPENED.text
    await slow


async def test_slack_that_opens_no_window_is_said(
    open_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the button was pressed, to that person alone."""
    ages = itertools.count(step=5)
    monkeypatch.setattr(open_world.sandbox.slack.state.triggers, "clock", lambda: float(next(ages)))
    assert (await ask_for_link(open_world)).ok
    assert open_world.told() == "Slack didn't open the window in time. Press the button again."


async def test_home_has_the_same_for_admins_alone(open_world: World) -> None:
    """Its buttons open the same window."""
    slack, admin = open_world.sandbox.slack, open_world.admin
    await slack.open_home(open_world.member)
    assert "Tools of this workspace" not in json.dumps(slack.home(open_world.member))
    await slack.open_home(admin)
    home = slack.home(admin)
    assert home is not None
    assert [it["type"] for it in home["blocks"]][:3] == ["header", "section", "actions"]
    assert home["blocks"][1]["text"]["text"].startswith(NOTHING)
    outcome = await slack.act(
        admin,
        view_id=home["id"],
        block_id="vendors",
        action_id="vendor_twilio",
        action={"type": "button"},
    )
    assert outcome.ok
    assert open_world.top(admin).view["title"]["text"] == "Twilio TaskRouter"
