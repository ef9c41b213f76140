"""The slash commands."""

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Kind
from bot.forms.text import plain
from bot.services import Services
from handlers.modal import open_form
from handlers.view_state import workspace_of

Command = dict[str, Any]


def form(kind: Kind) -> Callable[..., Awaitable[None]]:
    """Return the listener of the command that opens this kind's form.

    Text after the command becomes the form's headline.
    """

    async def listener(
        ack: AsyncAck,
        command: Command,
        client: AsyncWebClient,
        context: AsyncBoltContext,
        services: Services,
    ) -> None:
        text = plain(str(command.get("text") or "")).strip()
        name = str(command.get("command") or messages.COMMANDS[kind])
        if text.casefold() == "help":
            await ack(await _help(kind, name, context, services))
            return
        problem = await open_form(
            kind,
            services=services,
            context=context,
            client=client,
            trigger_id=str(command.get("trigger_id") or ""),
            channel=str(command.get("channel_id") or ""),
            headline=text,
            vendors=messages.vendors_beside(kind, name),
        )
        await (ack(messages.not_opened(problem, name, text)) if problem else ack())

    return listener


async def _help(kind: Kind, name: str, context: AsyncBoltContext, services: Services) -> str:
    workspace = workspace_of(context)
    choices = await services.operations.choices(workspace, kind)
    otherwise = await services.operations.nothing_connected(
        workspace, kind, messages.vendors_beside(kind, name)
    )
    return messages.help_text(kind, name, choices, otherwise)
