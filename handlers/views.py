"""The submission of a form: check it, commit it, wait a moment for the vendor, and answer once."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import REPORTER, Adapter, Entry, Operation, is_private
from bot.connections.store import Connection
from bot.delivery.model import Delivery, Draft
from bot.delivery.store.cards import MODAL_SECONDS
from bot.errors import FormError, NoLongerThereError, NotOwnerError, QuotaError, SecretError
from bot.forms.custom_fields import CustomField
from bot.forms.fields import USER_GROUPS, Form, Lookup
from bot.forms.parse import chosen, conversations, parse, people, place
from bot.forms.render import Block
from bot.forms.shape import places
from bot.language import _
from bot.runtime.threads import characters, run_in_thread
from bot.services import Services
from bot.slack.people import Person
from bot.workspace import Workspace
from handlers import form_diff, uploads
from handlers.interaction import Interaction
from handlers.modal import ModalState, draw_again, follow, form_state, texts
from handlers.replies import note, tell
from handlers.view_state import RefusedError, Screen, as_drawn, screen_of

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 2.0
"""Seconds after the request's arrival until the answer.

Slack gives up after 3 seconds. A later outcome goes onto the card.
"""
LATE_SECONDS = 2.5
"""An answer that leaves so long after the request's arrival may come too late for Slack."""
CHECKED_SECONDS = 2.6
"""Seconds after the request's arrival until which a long file may wait for its check."""

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filled:
    """A checked form with its values and its person."""

    state: ModalState
    adapter: Adapter
    operation: Operation
    form: Form
    values: Screen
    person: Person
    custom: Sequence[CustomField]


@dataclass(eq=False)
class OutdatedError(Exception):
    """The answers on the screen ask for another form than the drawn one.

    `state` and `values` belong to the right form, and `why` explains the change.
    """

    state: ModalState
    values: Mapping[str, Any]
    why: Block


async def submit(ack: AsyncAck, interaction: Interaction) -> None:
    """Answer a submitted form.

    One modal is one delivery: a second submission of the same modal finds the same row and gets the
    same answer.
    """
    await ack(**await answer_to(interaction, _submitted))


async def answer_to(
    interaction: Interaction, submitted: Callable[[Interaction], Awaitable[Answer]]
) -> Answer:
    """Return the answer of `submitted`, or why it failed."""
    try:
        return await submitted(interaction)
    except FormError as error:
        return _beside(interaction.view, error.errors)
    except (RefusedError, QuotaError) as error:
        return note(messages.refusal(str(error)))
    except NotOwnerError:
        return note(messages.refusal(messages.Notice.ONLY_THE_OWNER.text))
    except NoLongerThereError:
        return note(messages.refusal(messages.Notice.REMOVED.text))
    except sqlite3.Error as error:
        log.error("submission.not_saved", error=type(error).__name__)
        return note(messages.not_saved(messages.Notice.SAVED_NOWHERE.text))


async def _submitted(interaction: Interaction) -> Answer:
    """Write and start the delivery, or draw the form anew if the answers ask for another one."""
    try:
        filled = await _read(interaction)
    except OutdatedError as error:
        anew = await draw_again(interaction, error.state, error.values, error.why)
        return {"response_action": "update", "view": anew}
    return await _answer_about(await _commit(interaction, filled), interaction, filled)


async def _answer_about(row: Delivery, interaction: Interaction, filled: Filled) -> Answer:
    """Wait until the row is settled or the time is up. Return the answer.

    The row's card is held back until the request is over, that is when the answer has left. Only an
    answer that left in time counts: a refusal that the person may not have seen gets a card.
    """
    cards = interaction.services.delivery.cards
    cards.hold(row)
    try:
        row = await await_outcome(interaction.services, row, interaction.arrived)
        if not row.visible_to(interaction.user):
            raise RefusedError(messages.Notice.SOMEBODY_ELSES.text)
        answer = _shown(interaction, filled, row)
    except BaseException:
        cards.release(row)
        raise

    def release(request: asyncio.Task[Any]) -> None:
        if request.cancelled() or time.monotonic() - interaction.arrived > LATE_SECONDS:
            cards.release(row)
        elif answer["response_action"] == "errors":
            cards.release(row, "errors")
        else:
            cards.shows_receipt(interaction.view_id)
            cards.release(row, "receipt")

    request = asyncio.current_task()
    assert request is not None  # noqa: S101  a coroutine runs in a task
    request.add_done_callback(release)
    return answer


def _shown(interaction: Interaction, filled: Filled, row: Delivery) -> Answer:
    """Return the view for the row's state.

    If the row holds an earlier submission of this modal, the answer is about that submission.
    """
    operation = row.operation_name
    services = interaction.services
    is_receipt = services.delivery.cards.is_receipt(interaction.view_id)
    if row.state == "rejected" and operation == filled.state.operation and not is_receipt:
        vendor = filled.adapter.label
        fields = {
            name: messages.complaint(words, vendor, row.reason)
            for name, words in row.field_errors.items()
        }
        sentence = messages.why_refused(row, vendor)
        errors = place(type(filled.form), operation, filled.values, fields, sentence)
        return _beside(interaction.view, errors)
    return {
        "response_action": "update",
        "view": messages.receipt(row, *services.operations.find(operation)),
    }


def _beside(view: Mapping[str, Any], errors: Mapping[str, str]) -> Answer:
    """Answer with errors beside the inputs. The form stays as it was filled in."""
    return {"response_action": "errors", "errors": as_drawn(view, errors)}


async def _read(interaction: Interaction) -> Filled:
    """Check the submission. Raises `RefusedError`, `OutdatedError` or `FormError`."""
    services, state = interaction.services, form_state(interaction)
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
    asked_for, values, reason = await follow(services, state, screen)
    if reason:
        raise OutdatedError(asked_for, values, messages.turned_down(reason))
    if asked_for != state:
        raise OutdatedError(asked_for, values, form_diff.another_form(operation, state, asked_for))
    custom = await services.operations.custom(state.workspace, state.operation)
    whole = operation.form_for(state.branch, custom)
    if changed := form_diff.since_drawn(whole, state, interaction.view):
        raise OutdatedError(state, values, changed)
    fetching = uploads.Fetching(
        services.slack.files, interaction.client, state.workspace, interaction.arrived
    )
    complete = await fetching.into(screen, whole, state.operation)
    size = 0 if complete is screen else characters(complete)
    check = partial(parse, whole, state.operation, complete)
    try:
        async with asyncio.timeout(CHECKED_SECONDS - (time.monotonic() - interaction.arrived)):
            form = await run_in_thread(size, check, state.workspace)
    except TimeoutError:
        files = [name for name in complete if complete[name] is not screen[name]]
        raise FormError(dict.fromkeys(files, _(uploads.NOT_CHECKED))) from None
    return Filled(state, adapter, operation, form, screen, checked.person, custom)


async def _commit(interaction: Interaction, filled: Filled) -> Delivery:
    """Write the delivery and start it.

    Raises `RefusedError` without a connection, `NoLongerThereError`, `QuotaError`, or
    `sqlite3.Error` if nothing could be written.
    """
    services = interaction.services
    connection = await connection_of(services, filled)
    row = await services.delivery.dispatcher.submit(
        await make_draft(interaction, filled, connection),
        card_not_before=time.time() + MODAL_SECONDS,
        connection=connection,
    )
    if row.actor != filled.person.slack_id:
        told = messages.resent_by_another(row, filled.operation)
        services.slack.background.start(tell(None, interaction.client, row.actor, told))
    return row


async def connection_of(services: Services, filled: Filled) -> Connection:
    """Return the connection through which a form is sent. Raises `RefusedError` without one."""
    try:
        connection = await services.connections.store.get(
            filled.state.workspace, filled.adapter.vendor
        )
    except SecretError:
        raise RefusedError(messages.unreadable_connection(filled.adapter)) from None
    if connection is None:
        raise RefusedError(messages.disconnected(filled.adapter))
    return connection


async def make_draft(interaction: Interaction, filled: Filled, connection: Connection) -> Draft:
    """Return the checked form as a draft."""
    state, adapter, form = filled.state, filled.adapter, filled.form
    payload = form.model_dump(mode="json")
    title, _ = texts(filled.operation, payload)
    picked = await _chosen(interaction, filled)
    return Draft(
        workspace=state.workspace,
        key=state.key,
        kind=state.kind,
        vendor=adapter.vendor,
        operation=filled.operation.name,
        branch=state.branch or "",
        account=connection.account,
        actor=filled.person.slack_id,
        actor_name=filled.person.name,
        channel=state.channel,
        private=is_private(form, picked),
        title=title or _answered(filled, picked) or filled.operation.label,
        payload=payload,
        selected=picked,
        custom=filled.custom,
        view_id=interaction.view_id,
        thread_ts=state.origin.thread_ts,
        message_link=state.origin.link,
        response_url=state.origin.response_url,
    )


def _answered(filled: Filled, picked: Mapping[str, Entry]) -> str:
    """Return the label of the answer that selected the form's branch ("Send a Slack message")."""
    return next(
        (
            entry.label
            for name, entry in picked.items()
            if name.partition("/")[2] == filled.state.branch
        ),
        "",
    )


async def await_outcome(services: Services, row: Delivery, arrived: float) -> Delivery:
    """Wait until the row is settled or the time is up. Return the row.

    The row is committed, so a failure from here on is answered with "saved". Only the row's removal
    raises `NoLongerThereError`.
    """
    until = asyncio.get_running_loop().time() + ANSWER_SECONDS - (time.monotonic() - arrived)
    try:
        row = await services.delivery.dispatcher.outcome(row, until)
    except NoLongerThereError:
        raise
    except Exception as error:
        log.error("submission.outcome_not_read", delivery=row.key, error=type(error).__name__)
    return row


async def _chosen(interaction: Interaction, filled: Filled) -> dict[str, Entry]:
    """Return the names behind the ids in the form, for vendors that want names beside ids.

    The keys are "services/<id>" (the catalog's name), "conversations/<id>", "user_groups/<id>" and
    "people/<Slack id>"; a person's detail is the e-mail address. `REPORTER` is the vendor's own
    user for this person, if there is one.
    """
    services, workspace = interaction.services, filled.state.workspace
    picked: dict[str, Entry] = {}
    asked: dict[str, Callable[[], Awaitable[Entry]]] = {}
    for found in places(type(filled.form), filled.state.operation):
        block_id = found.block_id
        if lookup := found.field.marker(Lookup):
            for value, words in chosen(filled.values, block_id).items():
                entry = await _entry(services, filled, lookup.catalog, value, words)
                picked[f"{lookup.catalog}/{value}"] = entry
        elif found.field.kind == "user_group":
            for value, words in chosen(filled.values, block_id).items():
                known = services.slack.user_groups.known(workspace, value)
                picked[f"{USER_GROUPS}/{value}"] = known or Entry(id=value, label=words)
        elif found.field.kind == "conversation":
            asked |= {
                f"conversations/{channel}": partial(_channel, interaction, channel)
                for channel in conversations(filled.values, block_id)
            }
        elif found.field.kind == "person":
            asked |= {
                f"people/{slack_id}": partial(_somebody, interaction, workspace, slack_id)
                for slack_id in people(filled.values, block_id)
            }
    # All questions go out at once, because nothing is written before Slack has answered the last
    # one. A person in two fields is asked for once.
    picked |= zip(asked, await asyncio.gather(*(ask() for ask in asked.values())), strict=True)
    if reporter := await services.operations.user(workspace, filled.adapter, filled.person):
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


async def _channel(interaction: Interaction, channel: str) -> Entry:
    directory = interaction.services.slack.people
    return Entry(id=channel, label=await directory.channel_name(interaction.client, channel))


async def _somebody(interaction: Interaction, workspace: Workspace, slack_id: str) -> Entry:
    person = await interaction.services.slack.people.person(interaction.client, workspace, slack_id)
    return Entry(id=slack_id, label=person.name, detail=person.email or "")
