"""Buttons and answers inside a modal that redraw it, and link buttons."""

from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.relay import Relay
from handlers.modal import Foreign, follow, redraw, screen_of, state_of, want_lists

Body = dict[str, Any]


async def answer(ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> None:
    """An answer on which the form depends (another operation, the task's type): its form, with the texts carried over."""
    await _redraw(body, client, context, relay)
    await ack()


async def more(ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> None:
    """ "More fields": the same form with the rarely used ones."""
    await _redraw(body, client, context, relay, more=True)
    await ack()


async def follow_link(ack: AsyncAck) -> None:
    """A button that is a link still tells us that it was pressed."""
    await ack()


async def _redraw(
    body: Body, client: AsyncWebClient, context: AsyncBoltContext, relay: Relay, *, more: bool = False
) -> None:
    view = body.get("view") or {}
    try:
        drawn = state_of(view, context)
        state, values = await follow(relay, drawn, screen_of(view))
    except (Foreign, KeyError):
        return
    if more:
        state = state.model_copy(update={"more": True})
    if state != drawn:
        await redraw(relay, client, view, state, values)
        await want_lists(relay, state)
