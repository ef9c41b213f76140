"""What the stand-in sends has every member that Slack sends, and no other."""

from typing import Any
from unittest.mock import ANY

from tests.playground.fake_bot import (
    JONAS,
    MAYA,
    PRIVATE_WITHOUT_BOT,
    PUBLIC,
    Workspace,
    modal,
    option,
    plain,
    shown,
    text_input,
    typed,
)

TEAM = "T06QJ0B7N2W"
USER = {"id": MAYA, "username": "maya", "name": "maya", "team_id": TEAM}


def common(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "team": {"id": TEAM, "domain": "brambleway"},
        "user": USER,
        "api_app_id": "A06RELAY001",
        "token": ANY,
        "is_enterprise_install": False,
        "enterprise": None,
    }


def whole_view(
    view_id: str, blocks: list[dict[str, Any]], values: dict[str, Any], **more: Any
) -> dict[str, Any]:
    view = {
        "id": view_id,
        "team_id": TEAM,
        "type": "modal",
        "blocks": blocks,
        "private_metadata": "",
        "callback_id": "",
        "state": {"values": values},
        "hash": ANY,
        "title": shown("A form"),
        "clear_on_close": False,
        "notify_on_close": False,
        "close": None,
        "submit": shown("Send"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": "A06RELAY001",
        "external_id": "",
        "app_installed_team_id": TEAM,
        "bot_id": "B06RELAY001",
    }
    return {**view, **more}


def shown_input(block_id: str) -> dict[str, Any]:
    return {**text_input(block_id), "label": shown(block_id)}


async def test_command(workspace: Workspace) -> None:
    """A slash command is a signed web form with what was typed, who, where, and how to answer."""
    outcome = await workspace.slack.command(MAYA, PUBLIC, "/incident  Checkout is down ")

    assert (outcome.ok, outcome.status, outcome.error) == (True, 200, "")
    assert workspace.bot.content_types == ["application/x-www-form-urlencoded"]
    assert workspace.bot.received == [
        {
            "token": ANY,
            "team_id": TEAM,
            "team_domain": "brambleway",
            "channel_id": PUBLIC,
            "channel_name": "incidents",
            "user_id": MAYA,
            "user_name": "maya",
            "command": "/incident",
            "text": "Checkout is down",
            "api_app_id": "A06RELAY001",
            "is_enterprise_install": "false",
            "response_url": ANY,
            "trigger_id": ANY,
        }
    ]
    assert workspace.bot.received[0]["response_url"].startswith(f"{workspace.url}/slack/response/")


async def test_command_escapes(workspace: Workspace) -> None:
    """People, channels and links arrive in angle brackets where the manifest asks for it; `& < >`
    are always escaped."""
    said = "@jonas. says #general & <b> at https://example.com/?a=1&b=2 @nobody"
    await workspace.slack.command(MAYA, PUBLIC, f"/incident {said}")
    await workspace.slack.command(MAYA, PUBLIC, f"/plain {said}")

    assert [payload["text"] for payload in workspace.bot.received] == [
        f"<@{JONAS}|jonas>. says <#C06QJ0BAGEN|general> &amp; &lt;b&gt; at "
        "<https://example.com/?a=1&amp;b=2> @nobody",
        "@jonas. says #general &amp; &lt;b&gt; at https://example.com/?a=1&amp;b=2 @nobody",
    ]


async def test_private_names(workspace: Workspace) -> None:
    """Of private channels and direct messages the bot is told no name."""
    await workspace.api("chat.postMessage", channel=MAYA, text="Hello")
    direct = workspace.slack.direct(MAYA)
    assert direct is not None
    await workspace.slack.command(MAYA, PRIVATE_WITHOUT_BOT, "/incident")
    await workspace.slack.command(MAYA, direct.id, "/incident")

    assert [payload["channel_name"] for payload in workspace.bot.received] == [
        "privategroup",
        "directmessage",
    ]


async def test_shortcut(workspace: Workspace) -> None:
    """A global shortcut says who used which, and nothing of a channel."""
    outcome = await workspace.slack.shortcut(MAYA, "new")

    expected = {**common("shortcut"), "action_ts": ANY, "callback_id": "new", "trigger_id": ANY}
    del expected["api_app_id"]
    assert outcome.ok
    assert workspace.bot.received == [expected]


async def test_message_shortcut(workspace: Workspace) -> None:
    """A message shortcut carries the message and a response URL."""
    message = await workspace.slack.post(JONAS, PUBLIC, "Payments fail for @maya, see #general")
    outcome = await workspace.slack.message_shortcut(MAYA, PUBLIC, message["ts"], "declare")

    expected = {
        **common("message_action"),
        "action_ts": ANY,
        "channel": {"id": PUBLIC, "name": "incidents"},
        "callback_id": "declare",
        "trigger_id": ANY,
        "response_url": ANY,
        "message_ts": message["ts"],
        "message": {
            "client_msg_id": ANY,
            "type": "message",
            "user": JONAS,
            "text": f"Payments fail for <@{MAYA}>, see <#C06QJ0BAGEN>",
            "ts": message["ts"],
            "team": TEAM,
        },
    }
    del expected["api_app_id"]
    assert outcome.ok
    assert workspace.bot.received == [expected]


async def test_view_submission(workspace: Workspace) -> None:
    """A submission carries the view with what was typed; untouched inputs are there with nothing in
    them."""
    view_id = await workspace.open(
        modal(text_input("title"), {**text_input("summary"), "optional": True})
    )
    outcome = await workspace.slack.submit(MAYA, view_id, typed("title", "Checkout is down"))

    blocks = [shown_input("title"), {**shown_input("summary"), "optional": True}]
    values = {
        **typed("title", "Checkout is down"),
        "summary": {"value": {"type": "plain_text_input", "value": None}},
    }
    assert outcome.ok
    assert workspace.bot.received[-1] == {
        **common("view_submission"),
        "trigger_id": ANY,
        "view": whole_view(view_id, blocks, values),
        "response_urls": [],
    }


async def test_view_closed(workspace: Workspace) -> None:
    """Closing is told to the bot only where the view asks for it."""
    quiet = await workspace.open(modal(text_input("title")))
    await workspace.slack.close(MAYA, quiet)
    told = await workspace.open(modal(text_input("title"), notify_on_close=True))
    await workspace.slack.close(MAYA, told)

    values = {"title": {"value": {"type": "plain_text_input", "value": None}}}
    assert [payload.get("type") for payload in workspace.bot.received] == [
        None,
        None,
        "view_closed",
    ]
    assert workspace.bot.received[-1] == {
        **common("view_closed"),
        "view": whole_view(told, [shown_input("title")], values, notify_on_close=True),
        "is_cleared": False,
    }
    assert workspace.slack.views(MAYA) == []


async def test_view_action(workspace: Workspace) -> None:
    """A choice in a view is in the action and in the state, beside what had been typed by then."""
    select = {"type": "static_select", "action_id": "value", "options": [option("a"), option("b")]}
    choice = {
        "type": "input",
        "block_id": "choice",
        "label": plain("Which"),
        "element": select,
        "dispatch_action": True,
    }
    view_id = await workspace.open(modal(text_input("title"), choice))
    outcome = await workspace.slack.act(
        MAYA,
        view_id=view_id,
        block_id="choice",
        action_id="value",
        action={"type": "static_select", "selected_option": option("b")},
        values=typed("title", "Half a ti"),
    )

    blocks = workspace.slack.views(MAYA)[0]["blocks"]
    values = {
        **typed("title", "Half a ti"),
        "choice": {"value": {"type": "static_select", "selected_option": option("b")}},
    }
    assert outcome.ok
    assert workspace.bot.received[-1] == {
        **common("block_actions"),
        "container": {"type": "view", "view_id": view_id},
        "trigger_id": ANY,
        "view": whole_view(view_id, blocks, values),
        "actions": [
            {
                "type": "static_select",
                "block_id": "choice",
                "action_id": "value",
                "selected_option": option("b"),
                "action_ts": ANY,
            }
        ],
    }


BUTTONS = {
    "type": "actions",
    "block_id": "decide",
    "elements": [
        {
            "type": "button",
            "action_id": "again",
            "text": plain("Send again"),
            "value": "ir1",
            "style": "primary",
        }
    ],
}
CLICK = {
    "type": "button",
    "block_id": "decide",
    "action_id": "again",
    "text": shown("Send again"),
    "value": "ir1",
    "style": "primary",
    "action_ts": ANY,
}


async def test_message_action(workspace: Workspace) -> None:
    """A click in a message carries the button's own value, the message, and a response URL."""
    posted = await workspace.api(
        "chat.postMessage", channel=PUBLIC, text="A card", blocks=[BUTTONS]
    )
    outcome = await workspace.slack.act(
        MAYA,
        channel_id=PUBLIC,
        ts=posted["ts"],
        block_id="decide",
        action_id="again",
        action={"type": "button"},
    )

    assert outcome.ok
    assert workspace.bot.received == [
        {
            **common("block_actions"),
            "container": {
                "type": "message",
                "message_ts": posted["ts"],
                "channel_id": PUBLIC,
                "is_ephemeral": False,
            },
            "trigger_id": ANY,
            "channel": {"id": PUBLIC, "name": "incidents"},
            "message": posted["message"],
            "state": {"values": {}},
            "response_url": ANY,
            "actions": [CLICK],
        }
    ]


async def test_ephemeral_action(workspace: Workspace) -> None:
    """A click in an ephemeral message does not carry the message, and nobody else can make it."""
    sent = await workspace.api(
        "chat.postEphemeral", channel=PUBLIC, user=MAYA, text="Only you", blocks=[BUTTONS]
    )
    await workspace.slack.act(
        MAYA,
        channel_id=PUBLIC,
        ts=sent["message_ts"],
        block_id="decide",
        action_id="again",
        action={},
    )

    [payload] = workspace.bot.received
    assert payload["container"]["is_ephemeral"] is True
    assert payload["actions"] == [CLICK]
    assert "message" not in payload


async def test_suggestion(workspace: Workspace) -> None:
    """A type-ahead sends what was typed, once there are as many letters as the element wants."""
    element = {"type": "external_select", "action_id": "value", "min_query_length": 2}
    block = {"type": "input", "block_id": "service", "label": plain("Service"), "element": element}
    view_id = await workspace.open(modal(block))
    assert await workspace.slack.options(MAYA, view_id, "service", "value", "c") == {"options": []}
    await workspace.slack.options(MAYA, view_id, "service", "value", "ch")

    values = {"service": {"value": {"type": "external_select", "selected_option": None}}}
    assert len(workspace.bot.received) == 2
    assert workspace.bot.received[-1] == {
        **common("block_suggestion"),
        "container": {"type": "view", "view_id": view_id},
        "block_id": "service",
        "action_id": "value",
        "value": "ch",
        "view": whole_view(view_id, [{**block, "label": shown("Service")}], values),
    }


async def test_home_opened(workspace: Workspace) -> None:
    """Opening the home tab is an event, as JSON, with the home that was published before."""
    await workspace.api(
        "views.publish", user_id=MAYA, view={"type": "home", "blocks": [{"type": "divider"}]}
    )
    outcome = await workspace.slack.open_home(MAYA)

    direct = workspace.slack.direct(MAYA)
    assert outcome.ok
    assert direct is not None
    assert workspace.bot.content_types == ["application/json"]
    assert workspace.bot.received == [
        {
            "token": ANY,
            "team_id": TEAM,
            "api_app_id": "A06RELAY001",
            "event": {
                "type": "app_home_opened",
                "user": MAYA,
                "channel": direct.id,
                "tab": "home",
                "view": workspace.slack.home(MAYA),
                "event_ts": ANY,
            },
            "type": "event_callback",
            "event_id": ANY,
            "event_time": 1_800_000_000,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM,
                    "user_id": "U06RELAY001",
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
    ]


async def test_action_in_a_home(workspace: Workspace) -> None:
    """A click in the home tab names the view, which is of type home, and no channel or message."""
    button = {
        "type": "button",
        "action_id": "again",
        "text": plain("Try again"),
        "value": "7",
        "style": "primary",
    }
    home = {
        "type": "home",
        "blocks": [{"type": "actions", "block_id": "row", "elements": [button]}],
    }
    home_id = (await workspace.api("views.publish", user_id=MAYA, view=home))["view"]["id"]
    await workspace.slack.act(
        MAYA,
        view_id=home_id,
        block_id="row",
        action_id="again",
        action={"type": "button", "value": "forged"},
    )
    [payload] = workspace.bot.received
    assert payload == {
        **common("block_actions"),
        "container": {"type": "view", "view_id": home_id},
        "trigger_id": ANY,
        "view": workspace.slack.home(MAYA),
        "actions": [
            {
                "type": "button",
                "block_id": "row",
                "action_id": "again",
                "text": shown("Try again"),
                "value": "7",
                "style": "primary",
                "action_ts": ANY,
            }
        ],
    }
    assert {
        name: payload["view"][name]
        for name in ("type", "submit", "close", "previous_view_id", "root_view_id")
    } == {
        "type": "home",
        "submit": None,
        "close": None,
        "previous_view_id": None,
        "root_view_id": home_id,
    }
