"""The slash commands."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Kind
from bot.forms.text import plain
from bot.relay import Relay
from handlers.modal import open_form
from handlers.states import workspace_of

Command = dict[str, Any]


def form(kind: Kind) -> Callable[..., Awaitable[None]]:
    """The listener of the command that opens this kind's form; what is typed after the command is its headline."""

    async def listener(
        ack: AsyncAck, command: Command, client: AsyncWebClient, context: AsyncBoltContext, relay: Relay
    ) -> None:
        text = plain(str(command.get("text") or "")).strip()
        name = str(command.get("command") or messages.COMMANDS[kind])
        if text.casefold() == "help":
            await ack(await _help(kind, name, context, relay))
            return
        problem = await open_form(
            kind,
            relay=relay,
            context=context,
            client=client,
            trigger_id=str(command.get("trigger_id") or ""),
            channel=str(command.get("channel_id") or ""),
            headline=text,
            vendors=messages.vendors_beside(kind, name),
        )
        await (ack(messages.not_opened(problem, name, text)) if problem else ack())

    return listener


async def _help(kind: Kind, name: str, context: AsyncBoltContext, relay: Relay) -> str:
    workspace = workspace_of(context)
    choices = await relay.choices(workspace, kind)
    otherwise = await relay.nothing_connected(workspace, kind, messages.vendors_beside(kind, name))
    return messages.help_text(kind, name, choices, otherwise)
