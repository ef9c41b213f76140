"""The windows in which a person says that an object is there, or was made by hand.

A reference is optional. What is stored of it is what the vendor returns to the connection's key.
"""

import asyncio
import sqlite3
import time
from typing import Any, cast

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import Created
from bot.delivery.attempt import NotConnectedError
from bot.delivery.model import Delivery
from bot.delivery.states import NAMING, Decision, may_exist, offered
from bot.delivery.vendor_pages import find_named, page_of
from bot.errors import FormError, SecretError, VendorError
from handlers import buttons
from handlers.button_presses import Listener
from handlers.interaction import Interaction
from handlers.replies import note
from handlers.view_state import RefusedError, belongs, screen_of

log = structlog.get_logger(__name__)

LOOKED_UP_SECONDS = 2.0
"""Seconds after the request within which the vendor has to answer. Slack waits three."""

Answer = dict[str, Any]


def decide(decision: Decision) -> Listener:
    """Return the listener of a button that asks for the object first, where there may be one."""

    async def act(interaction: Interaction, row: Delivery) -> None:
        maker = interaction.services.operations.find(row.operation_name)
        if decision not in offered(row) or not may_exist(row):
            await buttons.carry_out(decision, interaction, row)
            if decision == "by_hand" and decision in offered(row):
                await _lead_to_page(interaction, row)
        elif not await interaction.show(messages.finding(row, *maker, decision)):
            raise RefusedError(messages.Notice.FORM_NOT_OPENED.text)

    return buttons.on_row(act)


async def _lead_to_page(interaction: Interaction, row: Delivery) -> None:
    """Open a window with the vendor's page for a person who took the row over."""
    operations = interaction.services.operations
    row = await interaction.services.delivery.deliveries.get(row)
    if (row.reason, row.changed_by) != ("by_hand", interaction.user):
        return
    adapter, _ = operations.find(row.operation_name)
    try:
        page = await page_of(row, adapter, operations.connections)
    except (SecretError, ValueError) as error:
        log.warning("finding.page_unknown", delivery=row.key, error=type(error).__name__)
        return
    await interaction.show(messages.taken_over(adapter, page))


async def submit(ack: AsyncAck, interaction: Interaction) -> None:
    """Carry out the decision, with the object that the reference names."""
    await ack(**await _submit(interaction))


async def _submit(interaction: Interaction) -> Answer:
    handle = messages.read_handle(str(interaction.view.get("private_metadata") or ""))
    decision = cast("Decision", str(interaction.view.get("callback_id")).partition(":")[2])
    try:
        if (
            decision not in NAMING
            or handle is None
            or not belongs(handle.workspace, interaction.context)
        ):
            raise RefusedError(messages.Notice.FOREIGN.text)
        row = await buttons.row_of(interaction, handle)
        if decision not in offered(row):
            raise RefusedError(await _meanwhile(interaction, row))
        changed = await buttons.make(decision, interaction, row, await _named(interaction, row))
        if changed is None:
            raise RefusedError(await _meanwhile(interaction, row))
        if below := str(interaction.view.get("previous_view_id") or ""):
            await interaction.services.delivery.card_outbox.follow(changed, below, shown=False)
            interaction.services.delivery.cards.changed(changed)
    except FormError as error:
        return {"response_action": "errors", "errors": error.errors}
    except RefusedError as error:
        return note(messages.refusal(str(error)))
    except sqlite3.Error as error:
        log.error("finding.not_saved", error=type(error).__name__)
        return note(messages.refusal(messages.Notice.CLICK_FAILED.text))
    return {}


async def _meanwhile(interaction: Interaction, row: Delivery) -> str:
    """Return what happened to the row before the person decided."""
    row = await interaction.services.delivery.deliveries.get(row)
    return messages.meanwhile(row, *interaction.services.operations.find(row.operation_name))


async def _named(interaction: Interaction, row: Delivery) -> Created | None:
    """Return the object that the person names; None if the field is empty.

    Raises `FormError` if the vendor does not return it.
    """
    operations = interaction.services.operations
    adapter, operation = operations.find(row.operation_name)
    field = screen_of(interaction.view).get(messages.REFERENCE_BLOCK) or {}
    typed = str((field.get(messages.REFERENCE_ACTION) or {}).get("value") or "").strip()
    if not typed:
        return None
    try:
        until = LOOKED_UP_SECONDS - (time.monotonic() - interaction.arrived)
        async with asyncio.timeout(until):
            found = await find_named(row, typed, adapter, operations.connections)
        problem = messages.not_found(adapter)
    except ValueError:
        found, problem = None, messages.names_nothing(adapter, operation)
    except (VendorError, NotConnectedError, SecretError, TimeoutError) as error:
        log.info("finding.not_asked", delivery=row.key, error=type(error).__name__)
        found, problem = None, messages.not_asked(adapter)
    if found is None:
        raise FormError({messages.REFERENCE_BLOCK: problem})
    return found
