"""`python -m bot connect` as somebody types it, and what it says of a key with few rights."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.registry import ADAPTERS
from bot.cli.connect import connect
from bot.playground.sandbox import Sandbox
from bot.playground.vendors import Rootly
from bot.settings import Settings
from bot.storage.database import Database
from bot.web.connect_form import Typed
from tests.cli.test_commands import connected
from tests.world.terminal import CTRL_C, typed


@pytest.fixture
async def settings(settings: Settings) -> Settings:
    """The bot was started before."""
    await (await Database.open(settings.database)).close()
    return settings


async def test_asks_for_each_part_of_a_key(sandbox: Sandbox, settings: Settings) -> None:
    """Secrets are not shown, identifiers are; what has a usual value is taken with Enter."""
    given = sandbox.vendors["twilio"].credentials
    answers = {f"{name.replace('_', ' ')}: ": value for name, value in given.items()} | {
        "region (us1, ie1) [us1]: ": ""
    }
    environment = sandbox.environment(settings.database)
    shown = (
        await asyncio.to_thread(typed, ["connect", "T012AB3CD", "twilio"], environment, answers)
    ).text
    assert (
        shown.splitlines()[-1] == "T012AB3CD is connected to Twilio TaskRouter as Brambleway Care."
    )
    assert {name for name, value in given.items() if value in shown} == {"key_sid", "workspace_sid"}
    stored = await connected(settings, sandbox.workspace._replace(team="T012AB3CD"), "twilio")
    assert stored == ("Brambleway Care", given)


async def test_a_sid_that_is_none_is_asked_for_again_at_once(
    sandbox: Sandbox, settings: Settings
) -> None:
    """Not after everything else was typed; nor is an empty secret taken."""
    given = sandbox.vendors["twilio"].credentials
    answers = {
        "Twilio TaskRouter key sid: ": "MG0123",
        "\nTwilio TaskRouter key sid: ": given["key_sid"],
        "key secret: ": "",
        "\nTwilio TaskRouter key secret: ": given["key_secret"],
        "workspace sid: ": given["workspace_sid"],
        "region (us1, ie1) [us1]: ": "",
    }
    environment = sandbox.environment(settings.database)
    shown = await asyncio.to_thread(typed, ["connect", "T012AB3CD", "twilio"], environment, answers)
    assert [line for line in shown.text.splitlines() if line.endswith(".")] == [
        "  Paste the SID of an API key (SK…) or of the account (AC…).",
        "  Paste the key.",
        "T012AB3CD is connected to Twilio TaskRouter as Brambleway Care.",
    ]


@pytest.fixture
def sigint_ignored() -> Iterator[None]:
    """Ignore SIGINT in this process, as under `nohup`: the terminal's child must not inherit it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint_ignored")
@pytest.mark.parametrize(("vendor", "prompt"), [("rootly", "api key: "), ("twilio", "key sid: ")])
async def test_the_first_ctrl_c_ends_it(
    sandbox: Sandbox, settings: Settings, vendor: str, prompt: str
) -> None:
    """At a prompt that shows what is typed and at one that does not; nothing is stored, no
    traceback shown."""
    environment = sandbox.environment(settings.database)
    shown = await asyncio.to_thread(
        typed, ["connect", "T012AB3CD", vendor], environment, {prompt: CTRL_C}
    )
    assert (shown.code, "Traceback" in shown.text) == (130, False)
    assert await connected(settings, sandbox.workspace._replace(team="T012AB3CD"), vendor) is None


async def test_says_what_the_key_may_not_do(
    sandbox: Sandbox, settings: Settings, tmp_path: Path
) -> None:
    """It is connected all the same: the rest works."""
    rootly = sandbox.vendors["rootly"]
    assert isinstance(rootly, Rootly)
    told = await connect(
        settings, sandbox.workspace, "rootly", rootly.key_without("workflows:read")
    )
    first, second = told.splitlines()
    assert first == f"{sandbox.workspace.team} is connected to Rootly as Brambleway."
    assert second.startswith("But: This key can't read workflows")


@pytest.mark.parametrize("vendor", ADAPTERS)
async def test_what_may_be_seen_is_in_no_repr_either(sandbox: Sandbox, vendor: str) -> None:
    """An identifier is shown to who types it, and to nobody who reads a log."""
    given = sandbox.vendors[vendor].credentials
    held = repr([ADAPTERS[vendor].credentials.model_validate(given), Typed(given)])
    assert [it for it in given.values() if it in held] == []
