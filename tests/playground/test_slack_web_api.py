"""The stand-in's Web API takes and refuses what Slack's does."""

from typing import Any
from unittest.mock import ANY

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack.state import Call
from tests.playground.fake_bot import (
    APP_TOKEN,
    BOT_TOKEN,
    DANIEL,
    JONAS,
    MAYA,
    PRIVATE_WITHOUT_BOT,
    PUBLIC,
    PUBLIC_WITHOUT_BOT,
    Workspace,
    modal,
    plain,
    text_input,
)

PROVIDED = "commands,chat:write,users:read,im:write"


@pytest.mark.parametrize(
    ("token", "method", "error"),
    [
        ("", "auth.test", "not_authed"),
        ("xoxb-other", "auth.test", "invalid_auth"),
        (APP_TOKEN, "auth.test", "not_allowed_token_type"),
        (BOT_TOKEN, "apps.connections.open", "not_allowed_token_type"),
        (BOT_TOKEN, "chat.postMassage", "unknown_method"),
    ],
)
async def test_refuses_tokens(workspace: Workspace, token: str, method: str, error: str) -> None:
    """A missing, unknown or unsuitable token, or an unknown method, is refused by Slack's own name
    for it."""
    workspace.client.headers["Authorization"] = f"Bearer {token}".strip()
    reply = await workspace.api(method)
    assert (reply["ok"], reply["error"]) == (False, error)


@pytest.mark.parametrize(
    ("content_type", "body", "error"),
    [
        ("application/json", b"{", "invalid_json"),
        ("application/json; charset=utf-8", b"[]", "json_not_object"),
        ("application/x-www-form-urlencoded", b"\xff", "invalid_form_data"),
        ("text/html", b"channel=C1", "invalid_post_type"),
    ],
)
async def test_refuses_bodies(
    workspace: Workspace, content_type: str, body: bytes, error: str
) -> None:
    """A body that cannot be read is refused with status 200 and Slack's name for the trouble."""
    response = await workspace.client.post(
        "/slack/api/chat.postMessage", content=body, headers={"Content-Type": content_type}
    )
    assert (response.status_code, response.json()) == (200, {"ok": False, "error": error})


async def test_who_am_i(workspace: Workspace) -> None:
    """`auth.test` names workspace and bot; the scopes stand in a header; `api.test` needs no token."""
    response = await workspace.client.post("/slack/api/auth.test")
    assert response.headers["X-OAuth-Scopes"] == PROVIDED
    assert response.json() == {
        "ok": True,
        "url": "https://brambleway.slack.com/",
        "team": "Brambleway",
        "user": "incident_relay",
        "team_id": "T06QJ0B7N2W",
        "user_id": "U06RELAY001",
        "bot_id": "B06RELAY001",
        "is_enterprise_install": False,
    }
    del workspace.client.headers["Authorization"]
    assert await workspace.api("api.test", foo="bar") == {"ok": True, "args": {"foo": "bar"}}
    assert await workspace.api("api.test", error="no") == {
        "ok": False,
        "error": "no",
        "args": {"error": "no"},
    }


@pytest.mark.parametrize(
    ("method", "args", "needed"),
    [
        ("team.info", {}, "team:read"),
        ("users.lookupByEmail", {"email": "maya.okafor@example.com"}, "users:read.email"),
        ("conversations.info", {"channel": PUBLIC}, "channels:read"),
        ("conversations.open", {"users": f"{MAYA},{JONAS}"}, "mpim:write"),
    ],
)
async def test_scopes(workspace: Workspace, method: str, args: dict[str, Any], needed: str) -> None:
    """A method whose scope the manifest does not have is refused."""
    refused = {"ok": False, "error": "missing_scope", "needed": needed, "provided": PROVIDED}
    assert await workspace.api(method, **args) == refused


async def test_user(workspace: Workspace) -> None:
    """A person has Slack's shape, and no e-mail without the scope for it."""
    reply = await workspace.api("users.info", user=DANIEL)
    assert reply == {
        "ok": True,
        "user": {
            "id": DANIEL,
            "team_id": "T06QJ0B7N2W",
            "name": "daniel",
            "deleted": False,
            "color": "a2a5dc",
            "real_name": "Daniel Kim",
            "tz": "Europe/Berlin",
            "tz_label": "Central European Time",
            "tz_offset": 3600,
            "profile": {
                "real_name": "Daniel Kim",
                "real_name_normalized": "Daniel Kim",
                "display_name": "daniel",
                "display_name_normalized": "daniel",
                "title": "Contractor, Storefront",
                "team": "T06QJ0B7N2W",
            },
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": True,
            "is_ultra_restricted": False,
            "is_bot": False,
            "is_app_user": False,
        },
    }
    assert await workspace.api("users.info", user="U0") == {"ok": False, "error": "user_not_found"}


async def test_users(workspace: Workspace) -> None:
    """People come in pages, as `users.info` describes each."""
    whole = await workspace.api("users.list")
    pages: list[Any] = []
    cursor = ""
    while not pages or cursor:
        page = await workspace.api("users.list", limit=3, cursor=cursor)
        pages += page["members"]
        cursor = page["response_metadata"]["next_cursor"]
    assert pages == whole["members"]
    daniel = (await workspace.api("users.info", user=DANIEL))["user"]
    assert [it for it in pages if it["id"] == DANIEL] == [daniel]
    for wrong, error in ({"limit": 1001}, "invalid_limit"), ({"cursor": "x"}, "invalid_cursor"):
        assert await workspace.api("users.list", **wrong) == {"ok": False, "error": error}


async def test_email(workspace: Workspace) -> None:
    """With `users:read.email` a person has an e-mail, and is found by it."""
    workspace.slack.app.scopes.append("users:read.email")

    known = (await workspace.api("users.info", user=MAYA))["user"]
    assert known["profile"]["email"] == "maya.okafor@example.com"
    assert await workspace.api("users.lookupByEmail", email="Maya.Okafor@example.com") == {
        "ok": True,
        "user": known,
    }
    assert await workspace.api("users.lookupByEmail", email="no@example.com") == {
        "ok": False,
        "error": "users_not_found",
    }


async def test_missing_arguments(workspace: Workspace) -> None:
    """A required argument that is missing, or a list in the place of a text, is named."""
    assert await workspace.api("chat.update", channel=PUBLIC) == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] missing required field: ts"]},
    }
    assert await workspace.api("chat.update", channel=[PUBLIC], ts="1.0") == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] must be a string [json-pointer:/channel]"]},
    }


async def test_conversations(workspace: Workspace) -> None:
    """Direct messages are opened once; a channel's description says whether the bot is in it."""
    workspace.slack.app.scopes.append("channels:read")
    opened = await workspace.api("conversations.open", users=MAYA)
    assert opened == {"ok": True, "channel": {"id": ANY}}
    assert await workspace.api("conversations.open", users=MAYA) == {
        **opened,
        "no_op": True,
        "already_open": True,
    }
    assert await workspace.api("conversations.open", users="U0") == {
        "ok": False,
        "error": "user_not_found",
    }
    assert await workspace.api("conversations.open") == {"ok": False, "error": "not_enough_users"}

    info = await workspace.api("conversations.info", channel=PUBLIC_WITHOUT_BOT)
    assert info["channel"] == {
        "id": PUBLIC_WITHOUT_BOT,
        "is_im": False,
        "is_archived": False,
        "is_private": False,
        "name": "warehouse-floor",
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "is_member": False,
        "topic": {"value": "Scanners, pickers, printers", "creator": "", "last_set": 0},
    }
    workspace.slack.channels[PUBLIC_WITHOUT_BOT].is_ext_shared = True
    shared = (await workspace.api("conversations.info", channel=PUBLIC_WITHOUT_BOT))["channel"]
    assert (shared["is_shared"], shared["is_ext_shared"]) == (True, True)
    hidden = await workspace.api("conversations.info", channel=PRIVATE_WITHOUT_BOT)
    assert hidden == {"ok": False, "error": "channel_not_found"}


async def test_calls_are_recorded(workspace: Workspace) -> None:
    """Every call is written down with its arguments and what came of it, without the token."""
    await workspace.client.post("/slack/api/users.info", data={"token": BOT_TOKEN, "user": "U0"})
    await workspace.api("conversations.open", users=MAYA)
    assert workspace.slack.calls == [
        Call("users.info", {"user": "U0"}, ok=False, error="user_not_found"),
        Call("conversations.open", {"users": MAYA}, ok=True),
    ]


async def test_slack_sdk(workspace: Workspace) -> None:
    """slack_sdk's own client talks to the stand-in: modals, messages, people, and errors."""
    client = AsyncWebClient(BOT_TOKEN, base_url=f"{workspace.url}/slack/api/")
    view = await client.views_open(
        trigger_id=await workspace.trigger(), view=modal(text_input("title"))
    )
    assert view["view"]["blocks"][0]["block_id"] == "title"
    section = {"type": "section", "block_id": "said", "text": plain("Done")}
    posted = await client.chat_postMessage(
        channel=PUBLIC, text="Done", blocks=[section], unfurl_links=False
    )
    updated = await client.chat_update(channel=PUBLIC, ts=posted["ts"], text="Undone")
    assert "blocks" not in updated["message"]
    assert (await client.users_info(user=MAYA))["user"]["is_admin"] is True
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=PUBLIC_WITHOUT_BOT, text="Hello")
    assert raised.value.response["error"] == "not_in_channel"
