"""Listeners of buttons and answers that redraw an open modal, and of link buttons."""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.slack.errors import NOT_DONE, said
from handlers.form_diff import dropped_by
from handlers.interaction import Interaction
from handlers.modal import draw_again, follow, form_state, want_lists
from handlers.replies import give
from handlers.view_state import RefusedError, screen_of

log = structlog.get_logger(__name__)


async def redraw(ack: AsyncAck, action: dict[str, Any], interaction: Interaction) -> None:
    """Redraw the form after an answer on which its fields depend, or after "More fields".

    The operation and the task's type are such answers. The two texts that every form has are
    carried over.
    """
    await _redraw(interaction, more=action.get("action_id") == "more")
    await ack()


async def acknowledge(ack: AsyncAck) -> None:
    """Acknowledge what needs no answer: a link button, and the window with the copied text.

    Slack demands a submit button ("Done") in a view with an input.
    """
    await ack()


async def _redraw(interaction: Interaction, *, more: bool) -> None:
    """Replace the open modal by the form that the answers on the screen ask for.

    The view's hash is not sent: after two quick choices the later event's view must win, and with a
    hash Slack would refuse it. If the views arrive out of order, the submission of the form
    corrects that.
    """
    services, view = interaction.services, interaction.view
    try:
        drawn = form_state(interaction)
        state, values, reason = await follow(services, drawn, screen_of(view))
        state = state.model_copy(update={"more": state.more or more})
        if state == drawn:
            return
        why = messages.turned_down(reason) if reason else None
        if why is None and state.operation == drawn.operation:
            form = await services.operations.form(state.workspace, state.operation, state.branch)
            why = dropped_by(form, state, view)
        anew = await draw_again(interaction, state, values, why)
        await give(interaction.client.views_update, anew, view_id=interaction.view_id)
    except RefusedError as error:
        await interaction.show(messages.refusal(str(error)))
        return
    except NOT_DONE as error:
        if said(error) != "not_found":  # closed meanwhile
            log.warning("modal.not_redrawn", error=said(error))
    await want_lists(services, state)
