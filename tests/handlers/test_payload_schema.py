"""Payloads that are signed and have no shape of Slack's: each is turned away before anything reads
it, and breaks nothing."""

import json
import time
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot import messages
from bot.playground.slack.transport import Kind, encode, signature
from handlers.payload_schema import is_slacks
from tests.world.bot import World

ACTION = {"action_id": "value", "block_id": "choice"}
PRESSED: dict[str, Any] = {"type": "block_actions", "actions": [ACTION]}
NOT_SLACKS: dict[str, tuple[Kind, dict[str, Any]]] = {
    "a press without an action": ("interactive", PRESSED | {"actions": []}),
    "an action without an id": ("interactive", PRESSED | {"actions": [{"block_id": "choice"}]}),
    "an action's id that is a number": (
        "interactive",
        PRESSED | {"actions": [ACTION | {"action_id": 7}]},
    ),
    "actions that are one": ("interactive", PRESSED | {"actions": ACTION}),
    "a view that is text": (
        "interactive",
        {"type": "block_suggestion", "action_id": "value", "view": "V1"},
    ),
    "a view that is null": (
        "interactive",
        {"type": "shortcut", "callback_id": "nothing", "view": None},
    ),
    "a form's name that is a list": (
        "interactive",
        {"type": "view_submission", "view": {"callback_id": ["form:"]}},
    ),
    "metadata that is an object": (
        "interactive",
        {"type": "view_submission", "view": {"private_metadata": {}}},
    ),
    "a channel that is text": (
        "interactive",
        {"type": "message_action", "callback_id": "x", "channel": "C1"},
    ),
    "a channel's name of 256 characters": (
        "interactive",
        {"type": "message_action", "channel": {"id": "C" * 256}},
    ),
    "a message that is a list": ("interactive", {"type": "message_action", "message": []}),
    "an event that is a list": (
        "events_api",
        {"type": "event_callback", "event": ["app_uninstalled"]},
    ),
    "a team that is a number": ("events_api", {"type": "event_callback", "team_id": 7}),
    "a team that is a list": (
        "events_api",
        {"type": "event_callback", "team_id": ["T1"], "authorizations": []},
    ),
    "a command with a list for a text": ("events_api", {"command": "/incident", "text": []}),
}


async def send(world: World, kind: Kind, payload: dict[str, Any]) -> int:
    """The status of the answer to this payload, signed, from this workspace."""
    content_type, body = encode(kind, {"team": {"id": world.sandbox.workspace.team}, **payload})
    signed = signature(
        world.sandbox.secrets["SLACK_SIGNING_SECRET"].encode(), body, int(time.time())
    )
    async with httpx.AsyncClient(base_url=world.sandbox.slack.bot_url, trust_env=False) as client:
        headers = {"Content-Type": content_type, **signed}
        return (await client.post("/slack/events", content=body, headers=headers)).status_code


@pytest.mark.parametrize("what", NOT_SLACKS)
def test_is_no_shape_of_slacks(what: str) -> None:
    """By itself."""
    assert not is_slacks(NOT_SLACKS[what][1])


async def test_a_shape_that_is_not_slacks_is_turned_away(bare_world: World) -> None:
    """With a 400, and without a word in the log that a listener failed."""
    with capture_logs() as logs:
        found = {what: await send(bare_world, *payload) for what, payload in NOT_SLACKS.items()}
    assert found == dict.fromkeys(NOT_SLACKS, 400)
    assert [it for it in logs if it["log_level"] == "error"] == []


async def test_a_dialog_of_a_buttons_name_presses_nothing(bare_world: World) -> None:
    """Bolt takes it for the button; it names nothing."""
    admin = bare_world.admin
    with capture_logs() as logs:
        for name in ("cancel", "vendor_rootly", "who_may"):
            payload = {
                "type": "dialog_submission",
                "callback_id": name,
                "user": {"id": admin},
                "trigger_id": "1",
            }
            assert await send(bare_world, "interactive", payload) == 200
    assert [it for it in logs if it["log_level"] == "error"] == []
    assert [it["text"] for it in bare_world.letters(admin)] == [
        messages.Notice.GONE.text,
        messages.Notice.WINDOW_NOT_OPENED.text,
        messages.Notice.GONE.text,
    ]


async def test_a_home_without_a_person_is_nobodys(bare_world: World) -> None:
    """It is drawn for nobody."""
    event = {"type": "event_callback", "event": {"type": "app_home_opened", "tab": "home"}}
    assert await send(bare_world, "events_api", event) == 200
    assert [
        it.method for it in bare_world.sandbox.slack.calls if it.method == "views.publish"
    ] == []


def test_what_slack_adds_is_taken() -> None:
    """Members that the bot does not read may be anything."""
    assert is_slacks(
        {
            "type": "shortcut",
            "callback_id": "x",
            "enterprise": None,
            "new": [1],
            "user": {"id": "U1", "new": 1},
        }
    )


@pytest.mark.parametrize("key", ["", "k\u00e9y", "a key", "x" * 65, "key\n"])
async def test_a_key_that_no_header_can_carry_is_not_ours(world: World, key: str) -> None:
    """It goes to the vendor with the request; a modal of the bot's never has such a one, and
    nothing is sent for it."""
    modal = await world.open("/incident Checkout is down")
    view = next(
        it for it in world.sandbox.slack.state.views.stacks[world.admin] if it.id == modal.id
    )
    view.body["private_metadata"] = json.dumps(
        json.loads(view.body["private_metadata"]) | {"key": key}
    )
    shown = await modal.send()
    assert "Nothing was sent." in shown.text
    assert world.sandbox.vendors["rootly"].created == []
