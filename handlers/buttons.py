"""The buttons below a delivery: on its card, in its receipt, on a person's App Home.

Every press reads the delivery's row anew, so a second press, an old card and a restart do no harm.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import messages
from bot.adapters.base import Kind
from bot.delivery.model import Delivery
from bot.delivery.states import DECISIONS, Decision
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from handlers import home, uploads
from handlers.button_presses import Listener, NotDoneError, Press, listener
from handlers.modal import ModalState, NoRoomError, draw, want_lists
from handlers.replies import give
from handlers.view_state import belongs

log = structlog.get_logger(__name__)

OUTCOME_SECONDS = 0.8
"""Seconds that a modal or App Home waits for the outcome of a press before it is drawn again."""

Act = Callable[[Press, Delivery], Awaitable[None]]


def decide(decision: Decision) -> Listener:
    """Return the listener of the button that carries out this decision."""

    async def act(press: Press, row: Delivery) -> None:
        await _decide(press, row, decision)

    return _listener(act)


def edit() -> Listener:
    """Return the listener of "Edit and resend".

    The form opens as it was filled in, under the same key, with the vendor's refusal on top.
    """
    return _listener(_edit)


def copy() -> Listener:
    """Return the listener of "Copy as text"."""
    return _listener(_copy)


async def close_copy(ack: AsyncAck) -> None:
    """Close the window with the copied text.

    Slack demands a submit button ("Done") in a view with an input.
    """
    await ack()


def _listener(act: Act) -> Listener:
    async def on_row(press: Press) -> None:
        await act(press, await _row(press))

    return listener(on_row)


async def _row(press: Press) -> Delivery:
    """Return the row, if it belongs to this workspace and this person may act on it.

    Raises `NotDoneError` if not, or `sqlite3.Error`.
    """
    services, handle = press.services, press.handle
    if handle is None or not belongs(handle.workspace, press.context):
        raise NotDoneError(messages.GONE)
    row = await services.delivery.deliveries.find(*handle)
    if row is None or not _still_made(services, row):
        raise NotDoneError(messages.GONE)
    _check_visible(press, row)
    name = _name(row)
    checked = await services.access.check(
        press.client, row.workspace, press.user, {name: _kind(row)}
    )
    if no := checked.no.get(name):
        raise NotDoneError(no)
    if press.ts:
        await services.delivery.card_outbox.adopt(row, press.channel, press.ts)
    return row


def _check_visible(press: Press, row: Delivery) -> None:
    """Raise `NotDoneError` if the row is private to somebody else."""
    if not row.visible_to(press.user):
        raise NotDoneError(messages.SOMEBODY_ELSES)


def _kind(row: Delivery) -> Kind:
    return cast("Kind", row.kind)


def _still_made(services: Services, row: Delivery) -> bool:
    """Return whether this version of the bot still has the row's operation."""
    try:
        services.operations.find(_name(row))
    except KeyError:
        return False
    return True


def _name(row: Delivery) -> str:
    return f"{row.vendor}.{row.operation}"


async def _decide(press: Press, row: Delivery, decision: Decision) -> None:
    """Carry out the decision, or tell the person which state the row has now.

    If two people press at the same time, only one of them decides.
    """
    services = press.services
    changed = None
    if decision in messages.possible(row):
        # The decision is published even if the action is cancelled because it takes too long.
        changed = await asyncio.shield(_make(press, row, decision))
    if changed is not None:
        await _draw_again(press, changed)
        return
    now = await services.delivery.deliveries.get(row)
    services.delivery.cards.changed(now)  # an old card, perhaps
    _check_visible(press, now)
    if not _is_answered(now, press, decision):
        await press.say(messages.meanwhile(now, *services.operations.find(_name(now))))
    await _draw_again(press, now)


def _is_answered(now: Delivery, press: Press, decision: Decision) -> bool:
    """Return whether the redrawn view is answer enough, so that no message is needed.

    This is so after a double click, and after another try at the remaining steps.
    """
    if decision == "finish":
        return now.state == "delivered" and not now.erased_at
    return (now.changed_by, now.reason) == (press.user, DECISIONS[decision].reason)


async def _make(press: Press, row: Delivery, decision: Decision) -> Delivery | None:
    changed = await press.services.delivery.decisions.make(
        row.workspace, row.key, decision, press.user
    )
    if changed is not None:
        await press.services.delivery.dispatcher.publish(changed)
    return changed


async def _draw_again(press: Press, row: Delivery) -> None:
    """Redraw the view with the button.

    App Home never follows a row by itself. A modal follows the row from this redraw on.
    """
    services = press.services
    if not press.view:
        return
    try:
        row = await services.delivery.dispatcher.outcome(
            row, asyncio.get_running_loop().time() + OUTCOME_SECONDS
        )
        if press.at_home:
            await home.publish(services, press.client, row.workspace, press.user)
            return
        shown = await _replace(press, messages.receipt(row, *services.operations.find(_name(row))))
        await services.delivery.card_outbox.follow(row, press.view_id, shown=shown)
    except sqlite3.Error as error:  # what was decided is written down all the same
        log.error("button.not_redrawn", delivery=row.key, error=type(error).__name__)
    services.delivery.cards.changed(row)


async def _edit(press: Press, row: Delivery) -> None:
    services = press.services
    adapter, operation = services.operations.find(_name(row))
    if "edit" not in messages.possible(row):
        services.delivery.cards.changed(row)
        raise NotDoneError(messages.meanwhile(row, adapter, operation))
    state = ModalState(
        key=row.key,
        enterprise=row.workspace.enterprise,
        team=row.workspace.team,
        channel=row.channel,
        kind=_kind(row),
        operation=_name(row),
        answer=row.branch or None,
        more=messages.needs_more(row, adapter, operation),
    )
    words = {name: entry.label for name, entry in row.selected.items()}
    choices = await services.operations.choices(row.workspace, state.kind)
    try:
        view = await draw(
            services,
            state,
            (
                await services.access.allowed(press.client, row.workspace, press.user, choices)
            ).choices,
            row.payload,
            lambda catalog, entry: words.get(f"{catalog}/{entry}"),
            [messages.refused(row, adapter, operation)],
            files=uploads.permission(services, press.client, press.context, row.workspace),
        )
    except NoRoomError as reason:
        raise NotDoneError(str(reason)) from None
    if press.in_modal:
        if row.view_id == press.view_id:
            await services.delivery.card_outbox.forget_view(
                row
            )  # no receipt comes over the form any more
        services.delivery.cards.is_form(press.view_id)
        opened = await _replace(press, view)
    else:
        opened = await press.show(view)
    if not opened:
        raise NotDoneError("Slack did not open the form in time. Please try again.")
    await want_lists(services, state)


async def _copy(press: Press, row: Delivery) -> None:
    if row.erased_at:
        raise NotDoneError("What was written has been erased since.")
    view = messages.copied(row, *press.services.operations.find(_name(row)))
    if not await press.show(view):
        raise NotDoneError("Slack did not open the text in time. Please try again.")


async def _replace(press: Press, view: dict[str, Any]) -> bool:
    """Replace the modal with the button by another view.

    Return True if Slack accepted the view or the modal is closed already.
    """
    try:
        await give(lambda drawn: press.client.views_update(view_id=press.view_id, view=drawn), view)
    except NOT_DONE as error:
        # The person has closed the modal meanwhile.
        if said(error) != "not_found":
            log.warning("button.not_redrawn", error=said(error))
            return False
    return True
