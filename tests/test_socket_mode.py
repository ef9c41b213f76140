"""The bot behind a firewall: everything over the WebSocket that it opens itself."""

import asyncio
from pathlib import Path
from typing import Any

from bot.playground.stage import Stage
from bot.settings import Settings
from tests.conftest import eventually
from tests.processes import said, started, stopped


def socket_settings(stage: Stage, database: Path) -> dict[str, str]:
    """Without a signing secret: there is nothing to verify."""
    environment = stage.environment(database)
    del environment["SLACK_SIGNING_SECRET"]
    return environment


async def test_works_over_a_socket(stage: Stage, settings: Settings, tmp_path: Path) -> None:
    """A command opens its form, a picker is answered, a submission arrives and shows its receipt; SIGTERM ends it."""
    await stage.connect_vendors(settings)
    slack, rootly = stage.slack, stage.vendors["rootly"]
    person = next(it.id for it in slack.people.values() if it.is_admin and it.playable)
    channel = next(it.id for it in slack.channels.values() if it.name == "incidents")
    async with started("socket", environment=socket_settings(stage, tmp_path / "relay.db")) as process:
        await said(process, "connected")
        assert (await slack.command(person, channel, "/incident Checkout is down")).ok
        form = slack.views(person)[-1]
        assert form["callback_id"] == "form:rootly.incident"

        offered: list[dict[str, Any]] = []

        async def severities() -> bool:
            block = "rootly.incident.severity_id"
            offered[:] = (await slack.options(person, form["id"], block, "value", "")).get("options", [])
            return len(offered) > 1

        await eventually(severities)
        filled = {
            "rootly.incident.severity_id": {"value": {"type": "external_select", "selected_option": offered[0]}},
            "rootly.incident.summary": {"value": {"type": "plain_text_input", "value": "Nobody can pay."}},
        }
        outcome = await slack.submit(person, form["id"], filled)
        assert outcome.errors == {}
        assert outcome.ok
        assert [it.body["data"]["attributes"]["title"] for it in rootly.created] == ["Checkout is down"]
        assert "Created in Rootly" in str(slack.views(person)[-1]["blocks"])

        help_ = await slack.command(person, channel, "/vendors")
        assert help_.ok
        assert "working" in slack.ephemerals[-1][2]["text"]
        assert await stopped(process) == 0


async def test_says_that_the_token_is_wrong(stage: Stage, tmp_path: Path) -> None:
    """An app token that Slack does not know ends it at once with a sentence, rather than trying for ever."""
    environment = socket_settings(stage, tmp_path / "relay.db") | {"SLACK_APP_TOKEN": "xapp-of-another-app"}
    async with started("socket", environment=environment) as process, asyncio.timeout(20):
        out, err = await process.communicate()
        assert (process.returncode, out, err.decode()) == (
            2,
            b"",
            "SLACK_APP_TOKEN: Slack did not open a connection with it (invalid_auth); it needs connections:write.\n",
        )
