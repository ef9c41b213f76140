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
from handlers.modal import open_form, workspace_of

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
        )
        await (ack(messages.not_opened(problem, name, text)) if problem else ack())

    return listener


async def _help(kind: Kind, name: str, context: AsyncBoltContext, relay: Relay) -> str:
    workspace = workspace_of(context)
    choices = await relay.choices(workspace, kind)
    return messages.help_text(kind, name, choices, await relay.nothing_connected(workspace, kind))


async def vendors(ack: AsyncAck, context: AsyncBoltContext, relay: Relay) -> None:
    """`/vendors`: what the workspace is connected to, how it is doing, and how to connect more."""
    workspace = workspace_of(context)
    waiting = await relay.deliveries.waiting(workspace)
    health = []
    for it in await relay.connections.of(workspace):
        count, sentence = waiting.get(it.vendor, (0, ""))
        age, problem = await relay.catalogs.condition(workspace, it.vendor)
        health.append(messages.Health(it, relay.adapters[it.vendor], age, count, sentence or problem))
    have = {it.connection.vendor for it in health}
    unconnected = [adapter for adapter in relay.adapters.values() if adapter.vendor not in have]
    arguments = f"--enterprise {workspace.enterprise} {workspace.team}" if workspace.enterprise else workspace.team
    await ack(messages.vendors(health, unconnected, arguments))
