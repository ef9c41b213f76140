"""The submission of a form with several items: one delivery an item, and one answer."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.delivery.store.cards import MODAL_SECONDS
from bot.errors import FormError
from bot.forms.parse import parse, place
from bot.forms.text import is_blank
from bot.language import _
from handlers.interaction import Interaction
from handlers.many_items import (
    ItemsState,
    fields_of,
    item_screen,
    items_state,
    shared_screen,
    typed,
)
from handlers.view_state import ITEM, RefusedError, Screen, screen_of
from handlers.views import (
    LATE_SECONDS,
    Answer,
    Filled,
    answer_to,
    await_outcome,
    connection_of,
    make_draft,
)


@dataclass(frozen=True, slots=True)
class Items:
    """A checked form: the filled-in form of each item that is not left out, by its number."""

    state: ItemsState
    adapter: Adapter
    operation: Operation
    screen: Screen
    filled: Mapping[int, Filled]

    def number(self, row: Delivery) -> int:
        """Return the item's number of a row."""
        return self.state.keys.index(row.key)


async def submit(ack: AsyncAck, interaction: Interaction) -> None:
    """Answer a submitted form.

    Each item is one delivery under its own key, so a second submission of the same modal finds the
    same rows. What was refused can be corrected in the form; what was not stays as it is.
    """
    await ack(**await answer_to(interaction, _submitted))


async def _submitted(interaction: Interaction) -> Answer:
    items = await _read(interaction)
    filled = list(items.filled.values())
    connection = await connection_of(interaction.services, filled[0])
    drafts = [await make_draft(interaction, each, connection) for each in filled]
    rows = await interaction.services.delivery.dispatcher.submit_batch(
        drafts, card_not_before=time.time() + MODAL_SECONDS
    )
    return await _answer_about(rows, interaction, items)


async def _read(interaction: Interaction) -> Items:
    """Check the submission. Raises `RefusedError` or `FormError`."""
    services, state = interaction.services, items_state(interaction)
    screen = screen_of(interaction.view)
    adapter, operation = services.operations.find(state.operation)
    checked = await services.access.check(
        interaction.client,
        state.workspace,
        interaction.user,
        {state.operation: state.kind},
        acting=True,
    )
    if no := checked.no.get(state.operation):
        raise RefusedError(no)
    fields = fields_of(operation)
    text = f"{state.operation}.{fields.text.name}"
    _shared, values = typed(operation, state, screen)
    numbers = [
        number
        for number, value in enumerate(values)
        if not is_blank(str(value.get(fields.text.name) or ""))
    ]
    if not numbers:
        raise FormError({f"{text}{ITEM}0": _("Type at least one item.")})
    filled, errors = {}, dict[str, str]()
    for number in numbers:
        try:
            form = parse(
                operation.form,
                state.operation,
                {**_with_link(operation, state), **_whole(screen, number)},
            )
        except FormError as error:
            errors |= _of_item(error.errors, screen, number, text)
            continue
        one = state.model_copy(update={"key": state.keys[number]})
        filled[number] = Filled(
            one, adapter, operation, form, _whole(screen, number), checked.person, ()
        )
    if errors:
        raise FormError(errors)
    return Items(state, adapter, operation, screen, filled)


def _whole(screen: Screen, number: int) -> dict[str, Any]:
    return {**shared_screen(screen), **item_screen(screen, number)}


def _with_link(operation: Operation, state: ItemsState) -> dict[str, Any]:
    """Return an input with the link to the message, where the form has a field for details."""
    if not operation.form.details or not state.origin.link:
        return {}
    link = _("From a message in Slack: {link}").format(link=state.origin.link)
    block_id = f"{state.operation}.{operation.form.details}"
    return {block_id: {"value": {"type": "plain_text_input", "value": link}}}


def _of_item(errors: Mapping[str, str], screen: Screen, number: int, text: str) -> dict[str, str]:
    """Return errors by the block ids of this view: those of the item, or of the shared fields. What
    has no input here stands at the item's text."""
    found: dict[str, str] = {}
    for block_id, words in errors.items():
        own = f"{block_id}{ITEM}{number}"
        where = next((name for name in (own, block_id) if name in screen), f"{text}{ITEM}{number}")
        found[where] = "\n".join(filter(None, (found.get(where), words)))
    return found


async def _answer_about(rows: Sequence[Delivery], interaction: Interaction, items: Items) -> Answer:
    """Wait until the rows are settled or the time is up. Return the answer.

    The batch's card is held back until the answer has left. It tells of everything that was not
    refused, and of a refusal that the person may not have seen in the form.
    """
    services = interaction.services
    cards = services.delivery.cards
    owner = rows[0] if rows[0].batch == rows[0].key else await _owner(interaction, rows[0])
    cards.hold(owner)
    try:
        waiting = (await_outcome(services, row, interaction.arrived) for row in rows)
        rows = await asyncio.gather(*waiting)
        if not all(row.visible_to(interaction.user) for row in rows):
            raise RefusedError(messages.Notice.SOMEBODY_ELSES.text)
        owner = await services.delivery.deliveries.get(owner)
        answer = await _shown(interaction, items, rows)
    except BaseException:
        cards.release(owner)
        raise
    is_refusal = answer["response_action"] == "errors"
    all_refused = all(row.state == "rejected" for row in rows)

    def release(request: asyncio.Task[Any]) -> None:
        in_time = time.monotonic() - interaction.arrived <= LATE_SECONDS
        if request.cancelled() or not in_time or (is_refusal and not all_refused):
            cards.release(owner)
        elif is_refusal:
            cards.release(owner, "errors")
        else:
            cards.shows_receipt(interaction.view_id)
            cards.release(owner, "receipt")

    request = asyncio.current_task()
    assert request is not None  # noqa: S101  a coroutine runs in a task
    request.add_done_callback(release)
    return answer


async def _owner(interaction: Interaction, row: Delivery) -> Delivery:
    return (await interaction.services.delivery.card_outbox.batch(row))[0]


async def _shown(interaction: Interaction, items: Items, rows: Sequence[Delivery]) -> Answer:
    """Return the errors beside the refused items, or the receipt."""
    services = interaction.services
    refused = [row for row in rows if row.state == "rejected"]
    is_receipt = services.delivery.cards.is_receipt(interaction.view_id)
    is_same = all(row.operation_name == items.state.operation for row in rows)
    if refused and is_same and not is_receipt:
        errors: dict[str, str] = {}
        for row in refused:
            for block_id, words in _refusal(items, row).items():
                errors.setdefault(block_id, words)
        if len(refused) < len(rows):
            first = next(iter(errors))
            errors[first] = "\n".join([errors[first], _("We saved the other items.")])
        return {"response_action": "errors", "errors": errors}
    batch = await services.delivery.card_outbox.batch(rows[0])
    shown = [
        messages.RenderedDelivery(row, *services.operations.find(row.operation_name))
        for row in batch
    ]
    return {"response_action": "update", "view": messages.batch_receipt(shown)}


def _refusal(items: Items, row: Delivery) -> dict[str, str]:
    """Return what the vendor said about an item, by the block ids of this view."""
    number, operation = items.number(row), items.state.operation
    vendor = items.adapter.label
    fields = {
        name: messages.complaint(words, vendor, row.reason)
        for name, words in row.field_errors.items()
    }
    screen = item_screen(items.screen, number)
    text = f"{operation}.{fields_of(items.operation).text.name}"
    sentence = messages.why_refused(row, vendor)
    placed = place(items.operation.form, operation, screen, fields, sentence)
    return _of_item(placed, items.screen, number, text)
