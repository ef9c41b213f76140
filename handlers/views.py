"""A form was submitted: check it, commit it, wait a moment for the vendor, answer once with all there is to say."""

import asyncio
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
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
from bot.forms.parse import chosen, conversations, parse, place
from bot.forms.shape import places
from bot.people import Person, objection
from bot.relay import Relay
from bot.storage.deliveries import Delivery, Draft
from handlers.modal import Foreign, ModalState, Screen, draw, follow, screen_of, state_of, texts, words_on

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
"""After the request arrived. Slack gives up after 3; what happens later goes onto the card."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in, checked, and by whom."""

    state: ModalState
    adapter: Adapter
    operation: Operation
    form: Form
    values: Screen
    person: Person


class NotAllowed(Exception):
    """This person may not do it; the message says whom to ask."""


class Outdated(Exception):
    """The form that is drawn is not the one that its answers ask for; this state and these values are."""

    def __init__(self, state: ModalState, values: Mapping[str, Any]) -> None:
        super().__init__()
        self.state = state
        self.values = values


class NotConnected(Exception):
    """There is no connection to send it through; the message says what to do."""


async def submit(
    ack: AsyncAck, view: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay, arrived: float
) -> None:
    """One modal is one delivery: a second submission of the same modal finds the same row and gets the same answer."""
    await ack(**await _answer(view, client, context, relay, arrived))


async def _answer(
    view: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay, arrived: float
) -> Answer:
    try:
        filled = await _read(view, client, context, relay)
        row = await _commit(relay, filled, client)
    except FormError as error:
        return {"response_action": "errors", "errors": error.errors}
    except Outdated as error:
        return {
            "response_action": "update",
            "view": await draw(relay, error.state, error.values, words_on(screen_of(view))),
        }
    except Foreign:
        return _note(messages.refusal(messages.FOREIGN))
    except (NotAllowed, NotConnected) as error:
        return _note(messages.refusal(str(error)))
    except sqlite3.Error as error:
        log.error("submission.not_saved", error=type(error).__name__)
        return _note(messages.saved_nowhere())
    return _shown(relay, filled, await _await_outcome(relay, row, arrived))


def _shown(relay: Relay, filled: Filled, row: Delivery) -> Answer:
    """What became of the row. The row may hold an earlier submission of this modal: then that one is shown."""
    operation = f"{row.vendor}.{row.operation}"
    if row.state == "rejected" and operation == filled.state.operation:
        errors = place(type(filled.form), operation, filled.values, row.fields, row.sentence)
        return {"response_action": "errors", "errors": errors}
    return {"response_action": "update", "view": messages.receipt(row, *relay.find(operation))}


def _note(view: messages.View) -> Answer:
    """A note on top of the form, which stays underneath as it was filled in."""
    return {"response_action": "push", "view": view}


async def _read(view: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> Filled:
    """Raises `Foreign`, `NotAllowed`, `Outdated`, or `FormError`."""
    state, screen = state_of(view, context), screen_of(view)
    try:
        adapter, operation = relay.find(state.operation)
        asked_for, values = follow(relay, state, screen)
    except KeyError:
        raise Foreign from None
    person = await relay.people.person(client, state.workspace, context.user_id or "")
    if no := objection(state.kind, person):
        raise NotAllowed(no)
    if asked_for != state:
        raise Outdated(asked_for, values)
    form = parse(operation.form_for(state.answer), state.operation, screen)
    return Filled(state, adapter, operation, form, screen, person)


async def _commit(relay: Relay, filled: Filled, client: AsyncWebClient) -> Delivery:
    """Write the delivery and start it. Raises `NotConnected`, or `sqlite3.Error` when nothing could be written."""
    state, adapter, form = filled.state, filled.adapter, filled.form
    try:
        connection = await relay.connections.get(state.workspace, adapter.vendor)
    except SecretError:
        raise NotConnected(messages.unreadable_connection(adapter)) from None
    if connection is None:
        raise NotConnected(messages.disconnected(adapter))
    payload = form.model_dump(mode="json")
    title, _ = texts(filled.operation, payload)
    draft = Draft(
        workspace=state.workspace,
        key=state.key,
        kind=state.kind,
        vendor=adapter.vendor,
        operation=filled.operation.name,
        answer=state.answer or "",
        account=connection.account,
        actor=filled.person.slack_id,
        actor_name=filled.person.name,
        channel=state.channel,
        private=form.confidential,
        title=title or filled.operation.label,
        payload=payload,
        chosen=await _chosen(relay, filled, client),
    )
    row = await relay.courier.submit(draft, card_after=time.time() + MODAL_SECONDS)
    relay.cards.hold(row)
    return row


async def _await_outcome(relay: Relay, row: Delivery, arrived: float) -> Delivery:
    """The row when it is settled or the time is up. A "no" that the modal shows gets no card.

    The row is committed: whatever goes wrong from here on, the answer is that it is saved.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_SECONDS - (time.monotonic() - arrived)
    try:
        row = await relay.courier.outcome(row, until)
        if row.state == "rejected":
            await relay.deliveries.shown(row)
    except Exception as error:
        log.error("submission.outcome_not_read", delivery=row.key, error=type(error).__name__)
    finally:
        relay.cards.release(row)
    return row


async def _chosen(relay: Relay, filled: Filled, client: AsyncWebClient) -> dict[str, Entry]:
    """What the pickers showed, by "services/<id>" or "conversations/<id>", for vendors that want names beside ids."""
    picked: dict[str, Entry] = {}
    for it in places(type(filled.form), filled.state.operation):
        if lookup := it.field.marker(Lookup):
            for value, words in chosen(filled.values, it.block_id).items():
                known = await relay.catalogs.entry(filled.state.workspace, filled.adapter.vendor, lookup.catalog, value)
                picked[f"{lookup.catalog}/{value}"] = known or Entry(id=value, label=words)
        elif it.field.marker(Conversation):
            ids = conversations(filled.values, it.block_id)
            names = await asyncio.gather(*[relay.people.channel_name(client, channel) for channel in ids])
            picked |= {f"conversations/{id_}": Entry(id=id_, label=name) for id_, name in zip(ids, names, strict=True)}
    return picked
