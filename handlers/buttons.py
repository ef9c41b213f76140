"""The buttons below a delivery: on its card, in its receipt, on a person's App Home.

Every press reads the delivery's row anew, so a second press, an old card and a restart do no harm.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog

from bot import messages
from bot.adapters.base import Created, Kind
from bot.delivery.model import Delivery
from bot.delivery.states import DECISIONS, Decision, offered
from bot.slack.errors import NOT_DONE, said
from handlers import home
from handlers.button_presses import Listener, on_press
from handlers.interaction import Interaction
from handlers.modal import ModalState, Origin, draw, want_lists
from handlers.replies import give, tell
from handlers.view_state import RefusedError

log = structlog.get_logger(__name__)

OUTCOME_SECONDS = 0.8
"""Seconds that a modal or App Home waits for the outcome of a press before it is drawn again."""


def on_row(act: Callable[[Interaction, Delivery], Awaitable[None]]) -> Listener:
    """Return a listener that runs `act` with the row whose button is pressed."""

    async def act_on_row(interaction: Interaction) -> None:
        await act(interaction, await row_of(interaction, interaction.pressed()))

    return on_press(act_on_row)


async def row_of(interaction: Interaction, handle: messages.Handle) -> Delivery:
    """Return the row that the handle names, if this person may act on it.

    Raises `RefusedError` if not, or `sqlite3.Error`.
    """
    services = interaction.services
    row = await services.delivery.deliveries.find(*handle)
    try:
        if row is None:
            raise RefusedError(messages.Notice.GONE.text)
        services.operations.find(row.operation_name)
    except KeyError:
        # This version of the bot does not have the row's operation any more.
        raise RefusedError(messages.Notice.GONE.text) from None
    _check_visible(interaction, row)
    checked = await services.access.check(
        interaction.client,
        row.workspace,
        interaction.user,
        {row.operation_name: _kind(row)},
        acting=True,
    )
    if no := checked.no.get(row.operation_name):
        raise RefusedError(no)
    # The card may have been posted by a process that ended before it could record the card.
    container = interaction.body.get("container") or {}
    if container.get("type") == "message" and container.get("message_ts"):
        channel, ts = str(container.get("channel_id") or ""), str(container["message_ts"])
        await services.delivery.card_outbox.adopt(row, channel, ts)
    return row


def _check_visible(interaction: Interaction, row: Delivery) -> None:
    """Raise `RefusedError` if the row is private to somebody else."""
    if not row.visible_to(interaction.user):
        raise RefusedError(messages.Notice.SOMEBODY_ELSES.text)


def _kind(row: Delivery) -> Kind:
    return cast("Kind", row.kind)


def decide(decision: Decision) -> Listener:
    """Return the listener of the button that carries out this decision.

    If the row's state does not allow the decision any more, the person is told the state. If two
    people press at the same time, only one of them decides.
    """

    async def act(interaction: Interaction, row: Delivery) -> None:
        await carry_out(decision, interaction, row)

    return on_row(act)


async def carry_out(decision: Decision, interaction: Interaction, row: Delivery) -> None:
    """Carry out the decision, and draw the view with its button again."""
    services = interaction.services
    changed = await make(decision, interaction, row)
    if changed is None:
        row = await services.delivery.deliveries.get(row)
        services.delivery.cards.changed(row)  # an old card, perhaps
        _check_visible(interaction, row)
        if not _is_answered(row, interaction, decision):
            await interaction.say(
                messages.meanwhile(row, *services.operations.find(row.operation_name))
            )
    await _draw_again(interaction, changed or row)


def _tell_owner(interaction: Interaction, row: Delivery) -> None:
    """Tell the owner that somebody else called the delivery off."""
    if row.state == "cancelled" and interaction.user != row.actor:
        services = interaction.services
        text = messages.called_off_by_another(row, *services.operations.find(row.operation_name))
        services.slack.background.start(tell(None, interaction.client, row.actor, text))


def _is_answered(now: Delivery, interaction: Interaction, decision: Decision) -> bool:
    """Return whether the redrawn view is answer enough, so that no message is needed.

    This is so after a double click, and after another try at the remaining steps.
    """
    if decision == "finish":
        return now.state == "delivered" and not now.erased_at
    return (now.changed_by, now.reason) == (interaction.user, DECISIONS[decision].reason)


async def make(
    decision: Decision, interaction: Interaction, row: Delivery, created: Created | None = None
) -> Delivery | None:
    """Make the decision. Return the changed row, or None if its state does not allow it any more.

    `created` is the object that the person found, or made by hand.
    """
    if decision not in offered(row):
        return None
    # The decision is published even if the action is cancelled because it takes too long.
    changed = await asyncio.shield(_make(decision, interaction, row, created))
    if changed is not None:
        _tell_owner(interaction, changed)
    return changed


async def _make(
    decision: Decision, interaction: Interaction, row: Delivery, created: Created | None
) -> Delivery | None:
    delivery = interaction.services.delivery
    changed = await delivery.decisions.make(
        row.workspace, row.key, decision, interaction.user, created
    )
    if changed is not None:
        await delivery.dispatcher.publish(changed)
    return changed


async def _draw_again(interaction: Interaction, row: Delivery) -> None:
    """Redraw the view with the button.

    App Home never follows a row by itself. A modal follows the row from this redraw on.
    """
    services = interaction.services
    if not interaction.view:
        return
    try:
        row = await services.delivery.dispatcher.outcome(
            row, asyncio.get_running_loop().time() + OUTCOME_SECONDS
        )
        if interaction.view.get("type") == "home":
            await home.publish(services, interaction.client, row.workspace, interaction.user)
            return
        shown = await _replace(
            interaction, messages.receipt(row, *services.operations.find(row.operation_name))
        )
        await services.delivery.card_outbox.follow(row, interaction.view_id, shown=shown)
    except sqlite3.Error as error:
        # The decision is written down all the same.
        log.error("button.not_redrawn", delivery=row.key, error=type(error).__name__)
    services.delivery.cards.changed(row)


@on_row
async def edit(interaction: Interaction, row: Delivery) -> None:
    """Open the form as it was filled in, under the same key, with the vendor's refusal on top."""
    services = interaction.services
    adapter, operation = services.operations.find(row.operation_name)
    if "edit" not in offered(row):
        services.delivery.cards.changed(row)
        raise RefusedError(messages.meanwhile(row, adapter, operation))
    state = ModalState(
        key=row.key,
        enterprise=row.workspace.enterprise,
        team=row.workspace.team,
        channel=row.channel,
        kind=_kind(row),
        operation=row.operation_name,
        branch=row.branch or None,
        more=messages.needs_more(row, adapter, operation),
        origin=Origin(
            thread_ts=row.thread_ts, link=row.message_link, response_url=row.response_url
        ),
    )
    words = {name: entry.label for name, entry in row.selected.items()}
    view = await draw(
        interaction,
        state,
        (await interaction.allowed(row.workspace, state.kind)).choices,
        row.payload,
        lambda catalog, entry: words.get(f"{catalog}/{entry}"),
        [messages.refused(row, adapter, operation)],
    )
    if interaction.in_modal:
        if row.view_id == interaction.view_id:
            # No receipt replaces the form any more.
            await services.delivery.card_outbox.forget_view(row)
        services.delivery.cards.is_form(interaction.view_id)
        opened = await _replace(interaction, view)
    else:
        opened = await interaction.show(view)
    if not opened:
        raise RefusedError(messages.Notice.FORM_NOT_OPENED.text)
    await want_lists(services, state)


@on_row
async def copy(interaction: Interaction, row: Delivery) -> None:
    """Open a window with the filled-in values as text."""
    if row.erased_at:
        raise RefusedError(messages.Notice.ERASED.text)
    maker = interaction.services.operations.find(row.operation_name)
    if not await interaction.show(messages.copied(row, *maker)):
        raise RefusedError(messages.Notice.TEXT_NOT_OPENED.text)


async def _replace(interaction: Interaction, view: dict[str, Any]) -> bool:
    """Replace the modal with the button by another view.

    Return True if Slack accepted the view or the modal is closed already.
    """
    try:
        await give(interaction.client.views_update, view, view_id=interaction.view_id)
    except NOT_DONE as error:
        # The person has closed the modal meanwhile.
        if said(error) != "not_found":
            log.warning("button.not_redrawn", error=said(error))
            return False
    return True
