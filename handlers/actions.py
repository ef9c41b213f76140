"""Listeners of buttons and answers that redraw an open modal, and of link buttons."""

from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.services import Services
from handlers import uploads
from handlers.form_diff import dropped_by
from handlers.modal import ModalState, NoRoomError, follow, redraw, want_lists
from handlers.replies import show
from handlers.view_state import ForeignError, screen_of, state_in

Body = dict[str, Any]


async def answer(
    ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext, services: Services
) -> None:
    """Redraw the form after an answer on which its fields depend (the operation, the task's type).

    The two texts that every form has are carried over.
    """
    await _redraw(body, client, context, services)
    await ack()


async def more(
    ack: AsyncAck, body: Body, client: AsyncWebClient, context: AsyncBoltContext, services: Services
) -> None:
    """Redraw the form with its rarely used fields, after "More fields" was pressed."""
    await _redraw(body, client, context, services, more=True)
    await ack()


async def follow_link(ack: AsyncAck) -> None:
    """Acknowledge a link button: Slack sends an event for it although the link needs no answer."""
    await ack()


async def _redraw(
    body: Body,
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
    *,
    more: bool = False,
) -> None:
    view = body.get("view") or {}
    try:
        drawn = state_in(view, ModalState, context)
        state, values, reason = await follow(services, drawn, screen_of(view))
    except (ForeignError, KeyError):
        await show(
            client,
            str(body.get("trigger_id") or ""),
            messages.refusal(messages.FOREIGN),
            on_top=True,
        )
        return
    if more:
        state = state.model_copy(update={"more": True})
    if state == drawn:
        return
    choices = await services.operations.choices(state.workspace, state.kind)
    allowed = await services.access.allowed(client, state.workspace, context.user_id or "", choices)
    if no := allowed.no.get(state.operation):  # decided since the form was drawn
        await show(client, str(body.get("trigger_id") or ""), messages.refusal(no), on_top=True)
        return
    why = messages.turned_down(reason) if reason else None
    if why is None and state.operation == drawn.operation:
        why = dropped_by(
            await services.operations.form(state.workspace, state.operation, state.answer),
            state,
            view,
        )
    try:
        files = uploads.permission(services, client, context, state.workspace)
        await redraw(services, client, view, state, allowed.choices, values, why, files=files)
    except NoRoomError as error:
        await show(
            client, str(body.get("trigger_id") or ""), messages.refusal(str(error)), on_top=True
        )
        return
    await want_lists(services, state)
