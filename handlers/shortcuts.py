"""The global shortcuts (in the lightning menu) and the shortcuts in a message's menu."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.base import Kind
from bot.forms.text import cut, plain
from bot.services import Services
from handlers.modal import open_form
from handlers.replies import tell
from handlers.view_state import workspace_of

Shortcut = dict[str, Any]
LONGEST_HEADLINE = 150
LONGEST_DETAILS = 2900


def form(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the global shortcut that opens this kind's form."""

    async def listener(
        ack: AsyncAck,
        shortcut: Shortcut,
        client: AsyncWebClient,
        context: AsyncBoltContext,
        services: Services,
    ) -> None:
        trigger_id = str(shortcut.get("trigger_id") or "")
        problem = await open_form(
            kind,
            services=services,
            context=context,
            client=client,
            trigger_id=trigger_id,
            channel="",
        )
        if problem:
            await tell(context.respond, client, str(context.user_id or ""), problem)
        await ack()

    return listener


def form_from_message(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the message shortcut that opens this kind's form.

    The form starts with the message's text, author and link.
    """

    async def listener(
        ack: AsyncAck,
        shortcut: Shortcut,
        client: AsyncWebClient,
        context: AsyncBoltContext,
        services: Services,
    ) -> None:
        channel = str((shortcut.get("channel") or {}).get("id") or "")
        problem = await open_form(
            kind,
            services=services,
            context=context,
            client=client,
            trigger_id=str(shortcut.get("trigger_id") or ""),
            channel=channel,
            **await _taken_along(shortcut, kind, channel, client, context, services),
        )
        if problem:
            await tell(context.respond, client, str(context.user_id or ""), problem)
        await ack()

    return listener


async def _taken_along(
    shortcut: Shortcut,
    kind: Kind,
    channel: str,
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
) -> dict[str, Any]:
    """Return headline and details from the message, as arguments of `open_form`.

    For the bot's own card, return the card's delivery: the card's text adds nothing to it.
    """
    workspace, message = workspace_of(context), shortcut.get("message") or {}
    about = await services.delivery.card_outbox.by_card(
        workspace, channel, str(message.get("ts") or "")
    )
    if about and about.visible_to(str(context.user_id or "")):
        return {"about": about}
    choices = await services.operations.choices(workspace, kind)
    author, _ = await asyncio.gather(
        _author(services, client, context, message),
        services.access.allowed(
            client, workspace, str(context.user_id or ""), choices
        ),  # the form asks for it next
    )
    text = plain(_text(message)).strip()
    link = _link(shortcut, channel, message)
    source = " ".join(
        filter(None, ("From a message", f"by {author}" if author else "", f"in Slack: {link}"))
    )
    first = next(filter(None, (line.strip() for line in text.splitlines())), "")
    details = f"{cut(text, LONGEST_DETAILS - len(source))}\n\n{source}".strip()
    return {"headline": cut(first, LONGEST_HEADLINE), "details": details}


def _text(message: Shortcut) -> str:
    """Return the message's text. Bots often leave it empty and use attachments or blocks."""
    if message.get("text"):
        return str(message["text"])
    for attachment in message.get("attachments") or []:
        for name in ("text", "fallback", "pretext", "title"):
            if isinstance(attachment, dict) and attachment.get(name):
                return str(attachment[name])
    for block in message.get("blocks") or []:
        text = block.get("text") if isinstance(block, dict) else None
        if isinstance(text, dict) and text.get("text"):
            return str(text["text"])
    return ""


async def _author(
    services: Services, client: AsyncWebClient, context: AsyncBoltContext, message: Shortcut
) -> str:
    if message.get("user") and not message.get("bot_id"):
        person = await services.slack.people.person(
            client, workspace_of(context), str(message["user"])
        )
        return "" if person.name == person.slack_id else person.name
    profile = message.get("bot_profile") or {}
    return str(message.get("username") or profile.get("name") or "")


def _link(shortcut: Shortcut, channel: str, message: Shortcut) -> str:
    """Return the message's permalink.

    It is built here because the modal must not wait for another call.
    """
    domain = (shortcut.get("team") or {}).get("domain") or "app"
    ts = str(message.get("ts") or shortcut.get("message_ts") or "")
    link = f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    thread = str(message.get("thread_ts") or "")
    return f"{link}?thread_ts={thread}&cid={channel}" if thread and thread != ts else link
