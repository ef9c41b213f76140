"""The running bot and its installations: workspaces that it does not know, organisations, other
processes, restarts."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import messages
from bot.app import create_app
from bot.cli import socket
from bot.errors import RelayError, SettingError
from bot.playground.serving import Server
from bot.settings import Settings
from tests.world.bot import eventually
from tests.world.workspaces import (
    ACME,
    ADMIN,
    BOLT,
    CHANNEL,
    DUCHY,
    Many,
    installed_as,
    many,
    workspace_of,
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Many]:
    async with many(tmp_path) as world:
        yield world


async def send(world: Many, kind: Any, payload: dict[str, Any]) -> Any:
    """What the bot answers to a payload of Slack's: JSON, or text."""
    answer = await world.slack(ACME).transport.send(kind, payload)
    assert answer.status == 200
    return (
        json.loads(answer.body)
        if answer.content_type.startswith("application/json")
        else answer.body.decode()
    )


async def test_a_workspace_that_the_bot_does_not_know_gets_a_clear_answer(world: Many) -> None:
    """In the shape that each kind of request wants; nothing is asked of Slack, and it is no error
    of ours."""
    slack = world.slack(ACME)
    payloads, person, channel = slack.payloads, slack.people[ADMIN], slack.channels[CHANNEL]
    await world.install(ACME)
    await world.connect(ACME)
    form = await world.open(ACME, "/incident Checkout is down")
    view = slack.state.view(form.id, ADMIN)
    await form.send()
    await eventually(lambda: world.cards(ACME))
    await world.admins_told()
    card = next(it for it in slack.channels[CHANNEL].messages if it.get("bot_id"))
    await world.bot.stores.installations.remove(installed_as(ACME))
    before = len(slack.calls)
    refusal = {
        "response_action": "push",
        "view": messages.refusal(messages.Notice.NOT_INSTALLED.text),
    }
    with capture_logs() as logs:
        assert await send(
            world, "slash_commands", payloads.command(person, channel, "/incident", "")
        ) == (messages.Notice.NOT_INSTALLED.text)
        assert await send(world, "interactive", payloads.view_submission(person, view)) == refusal
        assert await send(
            world, "interactive", payloads.suggestion(person, view, "b", "value", "")
        ) == {"options": []}
        assert await send(world, "interactive", payloads.shortcut(person, "declare_incident")) == ""
        press = payloads.message_action(
            person, channel, card, {"type": "button", "action_id": "copy", "block_id": "x"}, {}
        )
        assert await send(world, "interactive", press) == ""
        assert (
            await send(
                world, "events_api", payloads.event({"type": "app_home_opened", "user": ADMIN})
            )
            == ""
        )
    assert {(it["event"], it["log_level"]) for it in logs} == {
        ("listener.not_installed", "warning")
    }
    assert len(logs) == 6
    assert len(slack.calls) == before
    assert slack.ephemerals[-1][2]["text"] == messages.Notice.NOT_INSTALLED.text


async def test_events_without_any_workspace_are_answered(world: Many) -> None:
    """Nobody is there to be told."""
    for team in (None, ""):
        payload = world.slack(ACME).payloads.event({"type": "app_home_opened", "user": ADMIN})
        payload |= {"team_id": team, "authorizations": []}
        with capture_logs() as logs:
            assert await send(world, "events_api", payload) == ""
        assert [it["event"] for it in logs] == ["listener.not_installed"]


async def test_an_organisations_people_work_in_their_workspace(world: Many) -> None:
    """Commands, pickers, submissions, buttons and App Home find the workspace's rows, whatever an
    event names as its team."""
    slack = world.slack(DUCHY)
    await world.install(DUCHY)
    await world.connect(DUCHY)
    form = await world.open(DUCHY, "/incident Carrier pigeons are late")
    await eventually(lambda: form.offered("severity_id"))
    receipt = await form.send()
    assert "Created in Rootly" in receipt.text
    await eventually(lambda: world.cards(DUCHY))
    await slack.open_home(ADMIN)
    assert "Carrier pigeons are late" in json.dumps(slack.home(ADMIN))
    [row] = await world.bot.services.delivery.history.of_person(workspace_of(DUCHY), ADMIN, 10)
    assert (row.workspace, row.state) == (workspace_of(DUCHY), "delivered")


async def test_what_another_process_installs_works_at_once(world: Many) -> None:
    """Nobody waits for a memory to fade that holds nothing."""
    help_ = (ADMIN, CHANNEL, "/incident help")
    await world.install(BOLT)
    acme = world.slack(ACME)
    acme.bot_token = "xoxb-acme"
    assert (await acme.command(*help_)).ok
    assert acme.ephemerals[-1][2]["text"] == messages.Notice.NOT_INSTALLED.text
    async with create_app(world.settings) as other:
        [bolt] = await other.stores.installations.all()
        await other.stores.installations.save(
            replace(bolt, workspace=installed_as(ACME), token=acme.bot_token)
        )
    assert (await acme.command(*help_)).ok
    assert acme.ephemerals[-1][2]["text"] != messages.Notice.NOT_INSTALLED.text


async def test_installations_serve_a_bot_without_the_apps_credentials(world: Many) -> None:
    """As in Socket Mode: it installs nowhere, and works where the app is installed already."""
    await world.install(ACME)
    settings = world.settings.model_copy(
        update={"slack_client_id": None, "slack_client_secret": None}
    )
    async with create_app(settings) as bot, Server(bot.web) as server:
        world.slack(ACME).bot_url = server.url
        await world.slack(ACME).open_home(ADMIN)
    assert ("views.publish", True) in [(it.method, it.ok) for it in world.slack(ACME).calls]


async def test_socket_mode_needs_a_token_or_an_installation(tmp_path: Path) -> None:
    """With neither there is nothing that it could answer; it says so before it connects."""
    settings = Settings.model_validate(
        {"SLACK_APP_TOKEN": "xapp-1", "RELAY_DATABASE": tmp_path / "relay.db"}
    )
    with pytest.raises(SettingError, match=r"^SLACK_BOT_TOKEN: isn't set"):
        await socket.socket(settings)


async def test_socket_mode_waits_for_somebody_to_install_the_app(tmp_path: Path) -> None:
    """With the app's credentials the bot has the page for that: it goes on to open the socket,
    which is refused here."""
    given = {
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_CLIENT_ID": "1.2",
        "SLACK_CLIENT_SECRET": "client-1",
        "SLACK_API_URL": "http://127.0.0.1:1/",
        "RELAY_PUBLIC_URL": "https://relay.example.com",
        "RELAY_DATABASE": tmp_path / "relay.db",
    }
    with pytest.raises(RelayError, match=r"^We can't reach Slack from this machine: "):
        await socket.socket(Settings.model_validate(given))
