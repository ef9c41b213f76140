"""The last resort: a listener raised. The person still gets an answer in words; the log gets no body."""

import json
import traceback
from typing import Any

import structlog
from slack_bolt.response import BoltResponse

from bot import messages

log = structlog.get_logger(__name__)

KINDS = (
    None,
    "view_submission",
    "block_suggestion",
    "block_actions",
    "shortcut",
    "message_action",
    "view_closed",
    "event_callback",
)
"""What Slack sends this bot (a command has no type). Another type is a stranger's text, which the log does not repeat."""


async def answer(error: Exception, body: dict[str, Any]) -> BoltResponse:
    """What Slack shows instead of "dispatch_failed"."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = [f"{frame.name}:{frame.lineno}" for frame in last]
    kind = body.get("type") if body.get("type") in KINDS else "other"
    log.error("listener.failed", error=type(error).__name__, where=where, type=kind)
    match body.get("type"):
        case "view_submission":
            return _json({"response_action": "push", "view": messages.trouble()})
        case "block_suggestion":
            return _json({"options": []})
        case None if "command" in body:
            return BoltResponse(status=200, body=messages.TROUBLE)
    return BoltResponse(status=200, body="")


def _json(answer: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(answer), headers={"content-type": ["application/json"]})
