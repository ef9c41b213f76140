"""Saying something to one person alone, after what they pressed."""

import asyncio
from typing import Any

import structlog
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack_errors import NOT_DONE, said

log = structlog.get_logger(__name__)

TELLING_SECONDS = 1.5
"""The ack waits for it, and Slack for the ack."""


async def tell(respond: AsyncRespond | None, client: AsyncWebClient, user: str, text: str) -> None:
    """Where the message is, to this person alone; without a message, or where that fails, in a direct message."""
    if not user:
        return
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            if respond and respond.response_url:
                answer = await respond(text=text, response_type="ephemeral", replace_original=False)
                if answer.status_code == 200:
                    return
            await client.chat_postMessage(channel=user, text=text, unfurl_links=False, unfurl_media=False)
    except NOT_DONE as error:
        log.warning("telling.not_done", error=said(error))


async def show(client: AsyncWebClient, trigger_id: str, view: dict[str, Any], *, on_top: bool) -> bool:
    """Open this modal, `on_top` of the one that was pressed in; whether Slack did."""
    try:
        async with asyncio.timeout(TELLING_SECONDS):
            if on_top:
                await client.views_push(trigger_id=trigger_id, view=view)
            else:
                await client.views_open(trigger_id=trigger_id, view=view)
    except NOT_DONE as error:
        log.warning("telling.not_shown", error=said(error))
        return False
    return True
