"""Messages in the stand-in go where the bot may write, and change as Slack's do."""

from typing import Any
from unittest.mock import ANY

import pytest

from tests.playground.fake_bot import (
    JONAS,
    MAYA,
    PRIVATE_WITHOUT_BOT,
    PUBLIC,
    PUBLIC_WITHOUT_BOT,
    Workspace,
    plain,
    shown,
)

SECTION = {"type": "section", "block_id": "said", "text": plain("Done")}
SHOWN_SECTION = {"type": "section", "block_id": "said", "text": shown("Done")}


def written(**more: Any) -> dict[str, Any]:
    return {
        "type": "message",
        "user": "U06RELAY001",
        "bot_id": "B06RELAY001",
        "app_id": "A06RELAY001",
        "team": "T06QJ0B7N2W",
        "ts": ANY,
        **more,
    }


async def test_post(workspace: Workspace) -> None:
    """A posted message is in the channel, as the answer says, and timestamps grow."""
    metadata = {"event_type": "delivery", "event_payload": {"key": "k1"}}
    first = await workspace.api(
        "chat.postMessage", channel=PUBLIC, text="Done", blocks=[SECTION], metadata=metadata
    )
    second = await workspace.api(
        "chat.postMessage", channel=PUBLIC, text="Again", thread_ts=first["ts"]
    )

    message = written(text="Done", blocks=[SHOWN_SECTION], metadata=metadata)
    reply = written(text="Again", thread_ts=first["ts"])
    assert first == {"ok": True, "channel": PUBLIC, "ts": ANY, "message": message}
    thread = {"thread_ts": first["ts"], "reply_count": 1, "latest_reply": second["ts"]}
    assert workspace.slack.channels[PUBLIC].messages == [message | thread, reply]
    assert first["ts"] < second["ts"]


async def test_a_reply_is_shown_in_the_channel_once(workspace: Workspace) -> None:
    """When it is posted or later; only a reply can be, and only to a message that is none."""

    async def post(**more: Any) -> dict[str, Any]:
        return await workspace.api("chat.postMessage", channel=PUBLIC, text="Done", **more)

    async def broadcast(ts: str) -> dict[str, Any]:
        return await workspace.api(
            "chat.update", channel=PUBLIC, ts=ts, text="Done", reply_broadcast=True
        )

    first = (await post())["ts"]
    at_once = await post(thread_ts=first, reply_broadcast=True)
    assert at_once["message"]["subtype"] == "thread_broadcast"
    later = await post(thread_ts=first)
    assert "subtype" not in later["message"]
    assert (await broadcast(later["ts"]))["message"]["subtype"] == "thread_broadcast"
    refused = {"ok": False, "error": "cant_broadcast_message"}
    assert [await broadcast(ts) for ts in (at_once["ts"], later["ts"], first)] == [refused] * 3
    assert (await post(thread_ts=later["ts"]))["error"] == "cannot_reply_to_message"
    assert (await post(thread_ts="1.5"))["error"] == "thread_not_found"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (PUBLIC_WITHOUT_BOT, "not_in_channel"),
        (PRIVATE_WITHOUT_BOT, "channel_not_found"),
        ("C0", "channel_not_found"),
    ],
)
async def test_where_the_bot_is_not(workspace: Workspace, channel: str, error: str) -> None:
    """The bot cannot write where it is not, and is not told that a private channel is there."""
    assert await workspace.api("chat.postMessage", channel=channel, text="Hello") == {
        "ok": False,
        "error": error,
    }
    reply = await workspace.api("chat.postEphemeral", channel=channel, user=MAYA, text="Hello")
    assert reply == {"ok": False, "error": error}


async def test_direct_message(workspace: Workspace) -> None:
    """A message to a person's id goes to their direct messages with the bot, opened by then."""
    reply = await workspace.api("chat.postMessage", channel=MAYA, text="Hello")
    direct = workspace.slack.direct(MAYA)
    assert direct is not None
    assert reply == {"ok": True, "channel": direct.id, "ts": ANY, "message": written(text="Hello")}


async def test_broken_messages(workspace: Workspace) -> None:
    """A message that breaks a limit or has nothing in it is refused, and what broke is kept for the
    tests."""
    header = {"type": "header", "text": plain("x" * 151)}
    reply = await workspace.api("chat.postMessage", channel=PUBLIC, text="Hello", blocks=[header])
    assert (reply["ok"], reply["error"]) == (False, "invalid_blocks")
    assert [
        "[ERROR] message.blocks[0].text.text" in text
        for text in reply["response_metadata"]["messages"]
    ] == [True]
    assert [text.partition(": ")[0] for text in workspace.slack.violations] == ["chat.postMessage"]

    async def error(**args: Any) -> str:
        return str((await workspace.api("chat.postMessage", channel=PUBLIC, **args))["error"])

    assert await error() == "no_text"
    assert await error(text="x" * 40_001) == "msg_too_long"
    assert await error(text="x", blocks="[{") == "invalid_blocks_format"
    assert await error(text="x", blocks={}) == "invalid_blocks_format"
    assert await error(text="x", metadata="no") == "invalid_metadata_format"
    assert workspace.slack.channels[PUBLIC].messages == []


async def test_update(workspace: Workspace) -> None:
    """New blocks replace the old ones unmarked; text alone takes the blocks away and is marked as
    edited."""
    ts = (await workspace.api("chat.postMessage", channel=PUBLIC, text="Sending"))["ts"]
    with_blocks = await workspace.api(
        "chat.update", channel=PUBLIC, ts=ts, text="Done", blocks=[SECTION]
    )
    assert with_blocks == {
        "ok": True,
        "channel": PUBLIC,
        "ts": ts,
        "text": "Done",
        "message": written(text="Done", blocks=[SHOWN_SECTION]),
    }
    await workspace.api("chat.update", channel=PUBLIC, ts=ts, text="Undone")
    edited = {"user": "U06RELAY001", "ts": ANY}
    assert workspace.slack.channels[PUBLIC].messages == [written(text="Undone", edited=edited)]


async def test_only_own_messages(workspace: Workspace) -> None:
    """The bot changes and deletes what it wrote, not what people did or what is not there."""
    theirs = (await workspace.slack.post(JONAS, PUBLIC, "Mine"))["ts"]
    own = (await workspace.api("chat.postMessage", channel=PUBLIC, text="Hello"))["ts"]

    async def errors(ts: str) -> list[str]:
        update = await workspace.api("chat.update", channel=PUBLIC, ts=ts, text="Changed")
        return [
            update.get("error", ""),
            (await workspace.api("chat.delete", channel=PUBLIC, ts=ts)).get("error", ""),
        ]

    assert await errors(theirs) == ["cant_update_message", "cant_delete_message"]
    assert await errors("1.000000") == ["message_not_found", "message_not_found"]
    assert await errors(own) == ["", ""]
    assert [message["text"] for message in workspace.slack.channels[PUBLIC].messages] == ["Mine"]


async def test_ephemeral(workspace: Workspace) -> None:
    """An ephemeral message is seen by one member of the channel, and cannot be updated."""
    reply = await workspace.api("chat.postEphemeral", channel=PUBLIC, user=MAYA, text="Only you")
    assert reply == {"ok": True, "message_ts": ANY}
    assert workspace.slack.ephemerals == [
        (PUBLIC, MAYA, written(text="Only you", is_ephemeral=True))
    ]
    assert workspace.slack.channels[PUBLIC].messages == []

    stranger = await workspace.api("chat.postEphemeral", channel=PUBLIC, user="U0", text="Only you")
    assert stranger == {"ok": False, "error": "user_not_in_channel"}
    update = await workspace.api(
        "chat.update", channel=PUBLIC, ts=reply["message_ts"], text="Changed"
    )
    assert update == {"ok": False, "error": "message_not_found"}


async def test_permalink(workspace: Workspace) -> None:
    """A message's link is made of team, channel and timestamp."""
    ts = (await workspace.slack.post(JONAS, PUBLIC, "Look"))["ts"]
    link = await workspace.api("chat.getPermalink", channel=PUBLIC, message_ts=ts)
    address = f"https://brambleway.slack.com/archives/{PUBLIC}/p{ts.replace('.', '')}"
    assert link == {"ok": True, "channel": PUBLIC, "permalink": address}
    missing = await workspace.api("chat.getPermalink", channel=PUBLIC, message_ts="1.0")
    assert missing == {"ok": False, "error": "message_not_found"}
