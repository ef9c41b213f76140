"""The last resort for a listener that raised.

The person gets an answer in words. The log gets no request body.
"""

import sqlite3
import traceback
from collections.abc import Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.errors import NotInstalledError, SlackUnreachableError, WorkspaceNotAllowedError
from bot.messages import Notice
from handlers.options import notice
from handlers.payload_schema import is_slacks
from handlers.replies import note, tell

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
"""Every `type` that Slack sends to this bot (a command has none).

Any other type is a stranger's text, so the log does not repeat it.
"""


async def answer(
    error: Exception, body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
) -> BoltResponse:
    """Return the response that Slack shows in place of "dispatch_failed"."""
    # Bolt reads parts of the body before any listener runs, so the error may come from a body that
    # Slack did not send.
    if not is_slacks(body):
        return BoltResponse(status=400)
    kind = body.get("type") if body.get("type") in KINDS else "other"
    if isinstance(error, NotInstalledError | SlackUnreachableError):
        log.warning("listener.not_installed", type=kind, error=type(error).__name__)
        text = _why_not_served(error, str(context.team_id or context.enterprise_id))
        # Without a token, the response URL is the only way to the person.
        if body.get("response_url") and "command" not in body:
            await tell(context.respond, client, str(context.user_id or ""), text)
        return _answer_to(body, text, text)
    log.error("listener.failed", error=type(error).__name__, where=where(error), type=kind)
    if kind == "event_callback" and isinstance(error, sqlite3.Error):
        # Any answer other than "OK" makes Slack send the event again later.
        return BoltResponse(status=503)
    return _answer_to(body, Notice.TROUBLE.text, Notice.TROUBLE_IN_FORM.text)


def _why_not_served(error: Exception, workspace: str) -> str:
    match error:
        case WorkspaceNotAllowedError():
            return messages.workspace_not_allowed(workspace)
        case SlackUnreachableError():
            return Notice.SLACK_UNREACHABLE.text
    return Notice.NOT_INSTALLED.text


async def too_many(
    body: dict[str, Any], context: AsyncBoltContext, client: AsyncWebClient
) -> BoltResponse:
    """Return the response to a request that exceeds the workspace's quota."""
    kind = body.get("type")
    log.warning("request.quota_reached", type=kind if kind in KINDS else "other")
    if kind in ("block_actions", "shortcut", "message_action"):
        await tell(context.respond, client, str(context.user_id or ""), Notice.TOO_MANY.text)
    options = [notice(Notice.TOO_MANY_IN_LIST.text)]
    return _answer_to(body, Notice.TOO_MANY.text, Notice.TOO_MANY_IN_FORM.text, options)


def where(error: Exception) -> list[str]:
    """Return the function and line that raised the error, for the log."""
    return [
        f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-1:]
    ]


def _answer_to(
    body: dict[str, Any], text: str, in_view: str, options: Sequence[dict[str, Any]] = ()
) -> BoltResponse:
    """Return the answer: `text` to a command, `in_view` (mrkdwn) to a submitted form, and
    `options` to a picker."""
    answers: dict[str, Any] = {
        "view_submission": note(messages.refusal(in_view)),
        "block_suggestion": {"options": list(options)},
    }
    command = text if "command" in body else ""
    return BoltResponse(status=200, body=answers.get(str(body.get("type")), command))
