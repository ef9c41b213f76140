"""The submission of a form: check it, commit it, wait a moment for the vendor, and answer once."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import REPORTER, Adapter, Entry, Operation, is_private
from bot.delivery.model import Delivery, Draft
from bot.delivery.store.cards import MODAL_SECONDS
from bot.errors import FormError, NoLongerThereError, SecretError
from bot.forms import fields
from bot.forms.custom_fields import CustomField
from bot.forms.fields import Conversation, Form, Lookup
from bot.forms.parse import chosen, conversations, parse, people, place, read
from bot.forms.render import Block
from bot.forms.shape import places
from bot.services import Services
from bot.slack.people import Person
from handlers import form_diff, uploads
from handlers.modal import (
    ModalState,
    NoRoomError,
    draw,
    follow,
    is_current,
    kept_above,
    labels,
    texts,
)
from handlers.view_state import ForeignError, Screen, as_drawn, screen_of, state_in

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
"""Seconds after the request's arrival until the answer.

Slack gives up after 3 seconds. A later outcome goes onto the card.
"""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """A checked form with its values, its view and its person."""

    view_id: str
    state: ModalState
    adapter: Adapter
    operation: Operation
    form: Form
    values: Screen
    person: Person
    custom: Sequence[CustomField]


class NotAllowedError(Exception):
    """The person may not do this; the message says whom to ask."""


class OutdatedError(Exception):
    """The answers on the screen ask for another form than the drawn one.

    `state` and `values` belong to the right form, and `why` explains the change.
    """

    def __init__(self, state: ModalState, values: Mapping[str, Any], why: Block) -> None:
        super().__init__()
        self.state = state
        self.values = values
        self.why = why


class NotConnectedError(Exception):
    """The workspace has no connection to send with; the message gives advice."""


async def submit(
    ack: AsyncAck,
    view: dict[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
    arrived: float,
) -> None:
    """Answer a submitted form.

    One modal is one delivery: a second submission of the same modal finds the same row and gets the
    same answer.
    """
    await ack(**await _answer(view, client, context, services, arrived))


async def _answer(
    view: Mapping[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
    arrived: float,
) -> Answer:
    try:
        filled = await _read(view, client, context, services, arrived)
        row = await _await_outcome(services, await _commit(services, filled, client), arrived)
    except FormError as error:
        return _beside(view, error.errors)
    except OutdatedError as error:
        return await _drawn_anew(view, client, context, services, error)
    except ForeignError:
        return _note(messages.refusal(messages.FOREIGN))
    except (NotAllowedError, NotConnectedError) as error:
        return _note(messages.refusal(str(error)))
    except NoLongerThereError:
        return _note(messages.refusal(messages.REMOVED))
    except sqlite3.Error as error:
        log.error("submission.not_saved", error=type(error).__name__)
        return _note(messages.saved_nowhere())
    if not row.visible_to(filled.person.slack_id):
        return _note(messages.refusal(messages.SOMEBODY_ELSES))
    return _shown(services, view, filled, row)


async def _drawn_anew(
    view: Mapping[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
    outdated: OutdatedError,
) -> Answer:
    """Return the form that the answers ask for, or a refusal if this person may not use it."""
    state, values = outdated.state, outdated.values
    choices = await services.operations.choices(state.workspace, state.kind)
    allowed = await services.access.allowed(client, state.workspace, context.user_id or "", choices)
    if no := allowed.no.get(state.operation):
        return _note(messages.refusal(no))
    shown, above = (
        await labels(services, state, values, screen_of(view)),
        [outdated.why, *kept_above(view)],
    )
    files = uploads.permission(services, client, context, state.workspace)
    try:
        drawn = await draw(services, state, allowed.choices, values, shown, above, files=files)
    except NoRoomError as reason:
        return _note(messages.refusal(str(reason)))
    return {"response_action": "update", "view": drawn}


def _shown(services: Services, view: Mapping[str, Any], filled: Filled, row: Delivery) -> Answer:
    """Return the view for the row's state.

    If the row holds an earlier submission of this modal, the answer is about that submission.
    """
    operation = f"{row.vendor}.{row.operation}"
    is_form = operation == filled.state.operation and not services.delivery.cards.is_receipt(
        filled.view_id
    )
    if row.state == "rejected" and is_form:
        sentence = messages.sentence(row.error_details, filled.adapter.label)
        errors = place(type(filled.form), operation, filled.values, row.field_errors, sentence)
        if row.reason == "refused":  # by the vendor, and in its words
            errors = {
                block_id: messages.says(filled.adapter, words) for block_id, words in errors.items()
            }
        return _beside(view, errors)
    return {
        "response_action": "update",
        "view": messages.receipt(row, *services.operations.find(operation)),
    }


def _beside(view: Mapping[str, Any], errors: Mapping[str, str]) -> Answer:
    """Answer with errors beside the inputs. The form stays as it was filled in."""
    return {"response_action": "errors", "errors": as_drawn(view, errors)}


def _note(view: messages.View) -> Answer:
    """Answer with a note on top of the form, which stays open and filled in underneath."""
    return {"response_action": "push", "view": view}


async def _read(
    view: Mapping[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
    arrived: float,
) -> Filled:
    """Check the submission.

    Raises `ForeignError`, `NotAllowedError`, `OutdatedError` or `FormError`.
    """
    state, screen = state_in(view, ModalState, context), screen_of(view)
    try:
        adapter, operation = services.operations.find(state.operation)
    except KeyError:
        raise ForeignError from None
    checked = await services.access.check(
        client, state.workspace, context.user_id or "", {state.operation: operation.kind}
    )
    if no := checked.no.get(state.operation):
        raise NotAllowedError(no)
    if not is_current(operation, state, screen):
        await _check_current(services, operation, state, screen)
    custom = await services.operations.custom(state.workspace, state.operation)
    whole = operation.form_for(state.answer, custom)
    if why := form_diff.since_drawn(whole, state, view):
        raise OutdatedError(state, read(whole, state.operation, screen), why)
    fetching = uploads.Fetching(services.slack.files, client, state.workspace, arrived)
    if (complete := await fetching.into(screen, whole, state.operation)) is screen:
        form = parse(whole, state.operation, screen)
    else:
        # Parsing a long file takes a while, so it runs in a thread.
        form = await asyncio.to_thread(parse, whole, state.operation, complete)
    return Filled(
        str(view.get("id") or ""), state, adapter, operation, form, screen, checked.person, custom
    )


async def _check_current(
    services: Services, operation: Operation, state: ModalState, screen: Screen
) -> None:
    """Check that the drawn form is the one that the answers ask for.

    Raises `OutdatedError` if they ask for another form, and `ForeignError` if that form is not
    ours.
    """
    try:
        asked_for, values, reason = await follow(services, state, screen)
    except KeyError:
        raise ForeignError from None
    if asked_for != state:
        why = (
            messages.turned_down(reason)
            if reason
            else form_diff.another_form(operation, state, asked_for)
        )
        raise OutdatedError(asked_for, values, why)


async def _commit(services: Services, filled: Filled, client: AsyncWebClient) -> Delivery:
    """Write the delivery and start it.

    Raises `NotConnectedError`, `NoLongerThereError`, or `sqlite3.Error` if nothing could be
    written.
    """
    state, adapter, form = filled.state, filled.adapter, filled.form
    try:
        connection = await services.connections.store.get(state.workspace, adapter.vendor)
    except SecretError:
        raise NotConnectedError(messages.unreadable_connection(adapter)) from None
    if connection is None:
        raise NotConnectedError(messages.disconnected(adapter))
    payload = form.model_dump(mode="json")
    title, _ = texts(filled.operation, payload)
    picked = await _chosen(services, filled, client)
    draft = Draft(
        workspace=state.workspace,
        key=state.key,
        kind=state.kind,
        vendor=adapter.vendor,
        operation=filled.operation.name,
        branch=state.answer or "",
        account=connection.account,
        actor=filled.person.slack_id,
        actor_name=filled.person.name,
        channel=state.channel,
        private=is_private(form, picked),
        title=title or _answered(filled, picked) or filled.operation.label,
        payload=payload,
        selected=picked,
        custom=filled.custom,
        view_id=filled.view_id,
    )
    row = await services.delivery.dispatcher.submit(
        draft, card_not_before=time.time() + MODAL_SECONDS, connection=connection
    )
    services.delivery.cards.hold(row)
    return row


def _answered(filled: Filled, picked: Mapping[str, Entry]) -> str:
    """Return the label of the answer that selected the form's branch ("Send a Slack message")."""
    return next(
        (
            entry.label
            for name, entry in picked.items()
            if name.partition("/")[2] == filled.state.answer
        ),
        "",
    )


async def _await_outcome(services: Services, row: Delivery, arrived: float) -> Delivery:
    """Wait until the row is settled or the time is up. Return the row.

    The cards are told what the modal shows: a rejected delivery gets no card. The row is committed,
    so a failure from here on is answered with "saved". Only the row's removal raises
    `NoLongerThereError`.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + ANSWER_SECONDS - (time.monotonic() - arrived)
    try:
        row = await services.delivery.dispatcher.outcome(row, until)
    except NoLongerThereError:
        raise
    except Exception as error:
        log.error("submission.outcome_not_read", delivery=row.key, error=type(error).__name__)
    finally:
        services.delivery.cards.release(row)
    return row


async def _chosen(services: Services, filled: Filled, client: AsyncWebClient) -> dict[str, Entry]:
    """Return the names behind the ids in the form, for vendors that want names beside ids.

    The keys are "services/<id>" (the catalog's name), "conversations/<id>", "user_groups/<id>" and
    "people/<Slack id>"; a person's detail is the e-mail address. `REPORTER` is the vendor's own
    user for this person, if there is one.
    """
    picked: dict[str, Entry] = {}
    asked: dict[str, Callable[[], Awaitable[Entry]]] = {}
    for it in places(type(filled.form), filled.state.operation):
        if lookup := it.field.marker(Lookup):
            for value, words in chosen(filled.values, it.block_id).items():
                entry = await _entry(services, filled, lookup.catalog, value, words)
                picked[f"{lookup.catalog}/{value}"] = entry
        elif it.field.marker(Conversation):
            for channel in conversations(filled.values, it.block_id):
                asked[f"conversations/{channel}"] = partial(_channel, services, client, channel)
        elif it.field.marker(fields.UserGroup):
            for value, words in chosen(filled.values, it.block_id).items():
                known = services.slack.user_groups.known(filled.state.workspace, value)
                picked[f"{fields.USER_GROUPS}/{value}"] = known or Entry(id=value, label=words)
        elif it.field.marker(fields.Person):
            for slack_id in people(filled.values, it.block_id):
                asked[f"people/{slack_id}"] = partial(_somebody, services, filled, client, slack_id)
    # All questions go out at once, because nothing is written before Slack has answered the last
    # one. A person in two fields is asked for once.
    picked |= zip(asked, await asyncio.gather(*(ask() for ask in asked.values())), strict=True)
    if reporter := await services.operations.user(
        filled.state.workspace, filled.adapter, filled.person
    ):
        picked[REPORTER] = reporter
    return picked


async def _entry(services: Services, filled: Filled, catalog: str, value: str, words: str) -> Entry:
    """Return the selected entry. `words` is its label on the screen.

    An object that no list holds may be private: only the vendor can say.
    """
    workspace, adapter = filled.state.workspace, filled.adapter
    if known := await services.catalogs.entry(workspace, adapter.vendor, catalog, value):
        return known
    if adapter.catalog(catalog).by_reference is None:
        return Entry(id=value, label=words)
    own = await services.delivery.own(workspace, adapter, catalog, filled.person.slack_id)
    unknown = Entry(id=value, label=words, private=None)
    return next((entry for entry in own if entry.id == value), unknown)


async def _channel(services: Services, client: AsyncWebClient, channel: str) -> Entry:
    return Entry(id=channel, label=await services.slack.people.channel_name(client, channel))


async def _somebody(
    services: Services, filled: Filled, client: AsyncWebClient, slack_id: str
) -> Entry:
    person = await services.slack.people.person(client, filled.state.workspace, slack_id)
    return Entry(id=slack_id, label=person.name, detail=person.email or "")
