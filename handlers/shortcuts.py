"""The global shortcuts (in the lightning menu) and the shortcuts in a message's menu."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.adapters.base import Kind
from bot.forms.text import cut
from bot.slack.message_text import read_message
from handlers.interaction import Interaction
from handlers.modal import Origin, open_form

Shortcut = dict[str, Any]
LONGEST_HEADLINE = 150
LONGEST_DETAILS = 2900


def form(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the global shortcut that opens this kind's form."""

    async def listener(ack: AsyncAck, interaction: Interaction) -> None:
        if problem := await open_form(kind, interaction, channel=""):
            await interaction.say(problem)
        await ack()

    return listener


def form_from_message(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the message shortcut that opens this kind's form.

    The form starts with the message's text, author and link.
    """

    async def listener(ack: AsyncAck, shortcut: Shortcut, interaction: Interaction) -> None:
        channel = str((shortcut.get("channel") or {}).get("id") or "")
        taken = await _taken_along(shortcut, kind, channel, interaction)
        origin = origin_of(shortcut, channel)
        if problem := await open_form(kind, interaction, channel=channel, origin=origin, **taken):
            await interaction.say(problem)
        await ack()

    return listener


def origin_of(shortcut: Shortcut, channel: str) -> Origin:
    """Return where the answer belongs: in the message's thread, or in a new one below it."""
    message = shortcut.get("message") or {}
    return Origin(
        thread_ts=str(message.get("thread_ts") or message.get("ts") or ""),
        link=_link(shortcut, channel, message),
        response_url=str(shortcut.get("response_url") or ""),
    )


async def _taken_along(
    shortcut: Shortcut, kind: Kind, channel: str, interaction: Interaction
) -> dict[str, Any]:
    """Return headline and details from the message, as arguments of `open_form`.

    For the bot's own card, return the card's delivery: the card's text adds nothing to it. For a
    reply in the card's thread, return the delivery beside the reply's own words.
    """
    workspace, message = interaction.workspace, shortcut.get("message") or {}
    ts, thread = str(message.get("ts") or ""), str(message.get("thread_ts") or "")
    by_card = interaction.services.delivery.card_outbox.by_card
    about = await by_card(workspace, channel, ts)
    if about and about.visible_to(interaction.user):
        return {"about": about}
    parent = await by_card(workspace, channel, thread) if thread not in ("", ts) else None
    # The form asks for the permission next, so Slack is asked for both at once.
    author, _ = await asyncio.gather(
        _author(interaction, message), interaction.allowed(workspace, kind)
    )
    title, text = read_message(message)
    by = f" by {author}" if author else ""
    source = f"From a message{by} in Slack: {_link(shortcut, channel, message)}"
    details = f"{cut(text, LONGEST_DETAILS - len(source))}\n\n{source}".strip()
    taken = {"headline": cut(title, LONGEST_HEADLINE), "details": details}
    if parent and kind != parent.kind and parent.visible_to(interaction.user):
        return {**taken, "about": parent}
    return taken


async def _author(interaction: Interaction, message: Shortcut) -> str:
    if message.get("user") and not message.get("bot_id"):
        person = await interaction.services.slack.people.person(
            interaction.client, interaction.workspace, str(message["user"])
        )
        return "" if person.name == person.slack_id else person.name
    return str(message.get("username") or (message.get("bot_profile") or {}).get("name") or "")


def _link(shortcut: Shortcut, channel: str, message: Shortcut) -> str:
    """Return the message's permalink.

    It is built here because the modal must not wait for another call.
    """
    domain = (shortcut.get("team") or {}).get("domain") or "app"
    ts = str(message.get("ts") or shortcut.get("message_ts") or "")
    link = f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}"
    thread = str(message.get("thread_ts") or "")
    return f"{link}?thread_ts={thread}&cid={channel}" if thread and thread != ts else link
