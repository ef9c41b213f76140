"""The slash commands."""

import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import Kind
from bot.delivery.model import Delivery
from bot.forms.text import plain
from bot.language import command as called
from handlers.interaction import Interaction
from handlers.modal import open_form

log = structlog.get_logger(__name__)


def form(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the command that opens this kind's form.

    Text after the command becomes the form's headline.
    """

    async def listener(ack: AsyncAck, command: dict[str, Any], interaction: Interaction) -> None:
        text = plain(str(command.get("text") or "")).strip()
        name = str(command.get("command") or called(messages.COMMANDS[kind]))
        if text.casefold() == "help":
            operations, workspace = interaction.services.operations, interaction.workspace
            choices = await operations.choices(workspace, kind)
            otherwise = await operations.nothing_connected(workspace, kind)
            await ack(messages.help_text(kind, name, choices, otherwise))
            return
        channel = str(command.get("channel_id") or "")
        about = await _incident_of(interaction, kind, channel)
        problem = await open_form(kind, interaction, channel=channel, headline=text, about=about)
        await (ack(messages.not_opened(problem, name, text)) if problem else ack())

    return listener


async def _incident_of(interaction: Interaction, kind: Kind, channel: str) -> Delivery | None:
    """Return the incident whose own channel this is: what is recorded there belongs to it."""
    if kind != "action_item" or not channel:
        return None
    history = interaction.services.delivery.history
    try:
        return await history.incident_of(interaction.workspace, channel)
    except sqlite3.Error as error:
        log.warning("incident.not_read", error=type(error).__name__)
        return None
