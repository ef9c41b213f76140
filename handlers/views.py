"""A form was submitted: check it, commit it, wait a moment for the vendor, answer once with all there is to say."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter, Entry, Operation
from bot.cards import MODAL_SECONDS
from bot.errors import FormError, SecretError
from bot.forms.fields import Conversation, Form, Lookup
from bot.forms.parse import parse, place
from bot.forms.shape import places
from bot.people import Person, objection
from bot.relay import Relay
from bot.storage.deliveries import Delivery, Draft
from handlers.modal import Foreign, ModalState, state_of, texts

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
"""After the request arrived. Slack gives up after 3; what happens later goes onto the card."""


async def submit(
    ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay, arrived: float
) -> None:
    """One modal is one delivery: a second submission of the same modal finds the same row and gets the same answer."""
    try:
        state = state_of(view, context)
        adapter, operation = relay.find(state.operation)
    except (Foreign, KeyError):
        await ack(response_action="push", view=messages.refusal(messages.FOREIGN))
        return
    person = await relay.people.person(client, state.workspace, context.user_id or "")
    if no := objection(state.kind, person):
        await ack(response_action="push", view=messages.refusal(no))
        return
    values = view["state"]["values"]
    try:
        form = parse(operation.form_for(state.answer), state.operation, values)
    except FormError as error:
        await ack(response_action="errors", errors=error.errors)
        return
    try:
        row = await _commit(relay, state, adapter, operation, form, values, person, client)
    except NotConnected as error:
        await ack(response_action="push", view=messages.refusal(str(error)))
        return
    except sqlite3.Error as error:
        log.error("submission.not_saved", error=type(error).__name__)
        await ack(response_action="push", view=messages.saved_nowhere())
        return
    row = await _await_outcome(relay, row, arrived)
    if row.state == "rejected":
        errors = place(operation.form_for(state.answer), state.operation, values, row.fields, row.sentence)
        await ack(response_action="errors", errors=errors)
        return
    await ack(response_action="update", view=messages.receipt(row, adapter, operation, state.kind))


class NotConnected(Exception):
    """There is no connection to send it through; the message says what to do."""


async def _commit(
    relay: Relay,
    state: ModalState,
    adapter: Adapter,
    operation: Operation,
    form: Form,
    values: Mapping[str, Any],
    person: Person,
    client: AsyncWebClient,
) -> Delivery:
    """Write the delivery and start it. Raises `NotConnected`, or `sqlite3.Error` when nothing could be written."""
    try:
        connection = await relay.connections.get(state.workspace, adapter.vendor)
    except SecretError:
        raise NotConnected(messages.unreadable_connection(adapter)) from None
    if connection is None:
        raise NotConnected(messages.disconnected(adapter))
    payload = form.model_dump(mode="json")
    title, _ = texts(operation, payload)
    draft = Draft(
        workspace=state.workspace,
        key=state.key,
        kind=state.kind,
        vendor=adapter.vendor,
        operation=operation.name,
        answer=state.answer or "",
        account=connection.account,
        actor=person.slack_id,
        actor_name=person.name,
        channel=state.channel,
        private=form.confidential,
        title=title or operation.label,
        payload=payload,
        chosen=await _chosen(relay, state, adapter, form, values, client),
    )
    row = await relay.courier.submit(draft, card_after=time.time() + MODAL_SECONDS)
    relay.cards.hold(row)
    return row


async def _await_outcome(relay: Relay, row: Delivery, arrived: float) -> Delivery:
    """The row when it is settled or the time is up. A "no" that the modal shows gets no card."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_SECONDS - (time.monotonic() - arrived)
    try:
        row = await relay.courier.outcome(row, until)
        if row.state == "rejected":
            await relay.deliveries.shown(row)
        return row
    finally:
        relay.cards.release(row)


async def _chosen(
    relay: Relay, state: ModalState, adapter: Adapter, form: Form, values: Mapping[str, Any], client: AsyncWebClient
) -> dict[str, Entry]:
    """ "services/<id>" -> what the picker showed for it, for vendors that want names beside ids."""
    chosen: dict[str, Entry] = {}
    for it in places(type(form), state.operation):
        element = values.get(it.block_id, {}).get("value", {})
        if lookup := it.field.marker(Lookup):
            for option in filter(None, element.get("selected_options") or [element.get("selected_option")]):
                known = await relay.catalogs.entry(state.workspace, adapter.vendor, lookup.catalog, option["value"])
                seen = known or Entry(id=option["value"], label=option["text"]["text"])
                chosen[f"{lookup.catalog}/{seen.id}"] = seen
        elif it.field.marker(Conversation):
            ids = list(filter(None, element.get("selected_conversations") or [element.get("selected_conversation")]))
            names = await asyncio.gather(*[relay.people.channel_name(client, channel) for channel in ids])
            chosen |= {f"conversations/{id_}": Entry(id=id_, label=name) for id_, name in zip(ids, names, strict=True)}
    return chosen
