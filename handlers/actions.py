"""Buttons and answers inside a modal that redraw it, and link buttons."""

from collections.abc import Mapping
from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot.forms.parse import read
from bot.relay import Relay
from handlers.modal import Foreign, ModalState, carried, redraw, state_of, texts, want_lists

Body = dict[str, Any]


async def choose(
    ack: AsyncAck, body: Body, action: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay
) -> None:
    """Another operation was chosen: its form, with headline and details carried over."""
    try:
        state = state_of(body.get("view") or {}, context)
        _, old = relay.find(state.operation)
        chosen = str((action.get("selected_option") or {}).get("value") or "")
        _, new = relay.find(chosen)
    except (Foreign, KeyError):
        await ack()
        return
    typed = _typed(relay, state, body)
    state = state.model_copy(update={"operation": chosen, "answer": None, "more": False})
    await redraw(relay, client, body["view"], state, carried(new, *texts(old, typed)))
    await want_lists(relay, state)
    await ack()


async def more(ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> None:
    """ "More fields": the same form with the rarely used ones."""
    try:
        state = state_of(body.get("view") or {}, context)
        relay.find(state.operation)
    except (Foreign, KeyError):
        await ack()
        return
    typed = _typed(relay, state, body)
    state = state.model_copy(update={"more": True})
    await redraw(relay, client, body["view"], state, typed)
    await ack()


async def answer(
    ack: AsyncAck, body: Body, action: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay
) -> None:
    """An answer on which the rest of the form depends (the task's type)."""
    try:
        state = state_of(body.get("view") or {}, context)
        _, operation = relay.find(state.operation)
    except (Foreign, KeyError):
        await ack()
        return
    branches = operation.branches
    if branches is not None and action.get("block_id") == f"{state.operation}.{branches.field}":
        typed = _typed(relay, state, body)
        chosen = str((action.get("selected_option") or {}).get("value") or "")
        state = state.model_copy(update={"answer": chosen if chosen in branches.forms else None})
        await redraw(relay, client, body["view"], state, typed)
        await want_lists(relay, state)
    await ack()


async def follow_link(ack: AsyncAck) -> None:
    """A button that is a link still tells us that it was pressed."""
    await ack()


def _typed(relay: Relay, state: ModalState, body: Body) -> Mapping[str, Any]:
    _, operation = relay.find(state.operation)
    return read(operation.form_for(state.answer), state.operation, body["view"]["state"]["values"])
