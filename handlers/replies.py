"""Messages and modals for one person alone, in answer to a press."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from slack_bolt.async_app import AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.language import _
from bot.slack.errors import NOT_DONE, said
from bot.slack.scopes import FILES, lacking

log = structlog.get_logger(__name__)

TELLING_SECONDS = 1.5
"""Seconds for a reply. The ack waits for the reply, and Slack for the ack."""

NO_SCOPE = ("missing_scope", "invalid_arguments")
"""Slack's possible errors for a file input from an app without the scope.

Slack does not document which one it sends.
"""


async def tell(
    respond: AsyncRespond | None, client: AsyncWebClient, user: str, text: str, thread_ts: str = ""
) -> None:
    """Send `text` to this person alone, where the pressed message is, in its thread if it has one.

    Without a message, or if that fails, `text` goes out as a direct message, provided that `client`
    has a token.
    """
    if not user:
        return
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            if respond and respond.response_url and await _answered(respond, text, thread_ts):
                return
            # The client has no token where the app is not installed.
            if client.token:
                await client.chat_postMessage(
                    channel=user, text=text, unfurl_links=False, unfurl_media=False
                )
    except NOT_DONE as error:
        log.warning("reply.failed", error=said(error))


async def _answered(respond: AsyncRespond, text: str, thread_ts: str) -> bool:
    try:
        answer = await respond(
            text=text,
            response_type="ephemeral",
            replace_original=False,
            thread_ts=thread_ts or None,
        )
        return answer.status_code == 200
    except NOT_DONE as error:
        log.warning("reply.not_sent", error=said(error))
        return False


async def show(
    client: AsyncWebClient, trigger_id: str, view: dict[str, Any], *, on_top: bool
) -> bool:
    """Open a modal, `on_top` of the modal with the button. Return whether Slack opened it."""
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            open_view = client.views_push if on_top else client.views_open
            await give(open_view, view, trigger_id=trigger_id)
    except NOT_DONE as error:
        log.warning("reply.not_shown", error=said(error))
        return False
    return True


async def give(
    put: Callable[..., Awaitable[object]], view: dict[str, Any], **arguments: str
) -> None:
    """Send a view to Slack with `put`, a method of the client, and its other arguments.

    If Slack refuses the view's file inputs (the app lacks their scope), the view is sent without
    them.
    """
    try:
        await put(view=view, **arguments)
    except SlackApiError as error:
        if said(error) not in NO_SCOPE or not has_files(view["blocks"]):
            raise
        log.warning("reply.files_left_out", error=said(error))
        await put(view={**view, "blocks": without_files(view["blocks"])}, **arguments)


def note(view: messages.View) -> dict[str, Any]:
    """Answer a submission with a note on top of the form, which stays open and filled in."""
    return {"response_action": "push", "view": view}


def has_files(blocks: Sequence[dict[str, Any]]) -> bool:
    """Return whether the blocks contain a file input."""
    return any(_is_for_files(block) for block in blocks)


def without_files(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks with each file input replaced by the reason why it is missing."""
    return [no_files() if _is_for_files(block) else block for block in blocks]


def no_files() -> dict[str, Any]:
    """Return the block that replaces a file input."""
    sorry = _("You can't choose a file here.")
    return messages.context(f"{sorry} {lacking(FILES)}")


def _is_for_files(block: dict[str, Any]) -> bool:
    return (block.get("element") or {}).get("type") == "file_input"
