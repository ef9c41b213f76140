"""The buttons below a delivery: on its card, in its receipt, on a person's App Home.

Everything is read from the row when a button is pressed, so a second press, an old card and a restart do no harm.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Kind
from bot.people import objection
from bot.relay import Relay
from bot.slack_errors import NOT_DONE, said
from bot.storage.decisions import Decision
from bot.storage.rows import Delivery
from handlers import home
from handlers.modal import ModalState, belongs, draw, want_lists
from handlers.telling import show, tell

log = structlog.get_logger(__name__)

PRESS_SECONDS = 2.5
"""All of it, before the ack."""
OUTCOME_SECONDS = 0.8
"""So long a modal or a Home waits for what comes of a press, before it is drawn again."""

_LEAVES: Mapping[Decision, str] = {
    "cancel": "cancelled",
    "by_hand": "by_hand",
    "try_again": "tried_again",
    "send_again": "sent_again",
    "is_there": "confirmed",
}
"""The reason that each decision leaves on the row; one about what remains leaves none."""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: on which delivery, by whom, and on what: the message (channel, ts), or the view (a modal or Home)."""

    relay: Relay
    client: AsyncWebClient
    context: AsyncBoltContext
    handle: messages.Handle | None
    user: str
    trigger_id: str
    channel: str
    ts: str
    view: Mapping[str, Any]

    @property
    def in_modal(self) -> bool:
        return self.view.get("type") == "modal"

    @property
    def at_home(self) -> bool:
        return self.view.get("type") == "home"

    async def say(self, text: str) -> None:
        """Tell this person alone; `text` is mrkdwn."""
        if self.view and await show(self.client, self.trigger_id, messages.told(text), on_top=self.in_modal):
            return
        await tell(None if self.view else self.context.respond, self.client, self.user, text)


class NotDone(Exception):
    """Nothing was changed; the message says why, in mrkdwn."""


Act = Callable[[Press, Delivery], Awaitable[None]]


def decide(decision: Decision) -> Callable[..., Awaitable[None]]:
    """The listener of the button that carries out this decision."""

    async def act(press: Press, row: Delivery) -> None:
        await _decide(press, row, decision)

    return _listener(act)


def edit() -> Callable[..., Awaitable[None]]:
    """The listener of "Edit and resend": the form as it was filled in, under the same key, with the vendor's words."""
    return _listener(_edit)


def copy() -> Callable[..., Awaitable[None]]:
    """The listener of "Copy as text"."""
    return _listener(_copy)


async def close_copy(ack: AsyncAck) -> None:
    """ "Done" below the text: Slack wants a submit button wherever there is an input."""
    await ack()


def _listener(act: Act) -> Callable[..., Awaitable[None]]:
    async def listener(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay
    ) -> None:
        await _carry_out(act, _press(body, client, context, relay))
        await ack()

    return listener


async def _carry_out(act: Act, press: Press) -> None:
    """Never raises for what a person, Slack or the database does: whatever it is, the person is told."""
    try:
        async with asyncio.timeout(PRESS_SECONDS):
            try:
                await act(press, await _row(press))
            except NotDone as reason:
                await press.say(str(reason))
            except sqlite3.Error as error:
                log.error("button.not_saved", error=type(error).__name__)
                await press.say(messages.CLICK_FAILED)
    except TimeoutError:
        log.warning("button.took_too_long")


def _press(body: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, relay: Relay) -> Press:
    action = _mapping(next(iter(body.get("actions") or []), None))
    container = _mapping(body.get("container"))
    is_message = container.get("type") == "message"
    return Press(
        relay=relay,
        client=client,
        context=context,
        handle=messages.read_handle(str(action.get("value") or "")),
        user=str(context.user_id or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        channel=str(container.get("channel_id") or "") if is_message else "",
        ts=str(container.get("message_ts") or "") if is_message else "",
        view=_mapping(body.get("view")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


async def _row(press: Press) -> Delivery:
    """The row, if it is this workspace's and this person may act on it. Raises `NotDone`, or `sqlite3.Error`."""
    relay, handle = press.relay, press.handle
    if handle is None or not belongs(handle.workspace, press.context):
        raise NotDone(messages.GONE)
    row = await relay.deliveries.find(*handle)
    if row is None or not _still_made(relay, row):
        raise NotDone(messages.GONE)
    if row.private and row.actor != press.user:
        raise NotDone(messages.SOMEBODY_ELSES)
    person = await relay.people.person(press.client, row.workspace, press.user)
    if no := objection(_kind(row), person):
        raise NotDone(no)
    if press.ts:
        await relay.showing.adopt(row, press.channel, press.ts)
    return row


def _kind(row: Delivery) -> Kind:
    return cast("Kind", row.kind)


def _still_made(relay: Relay, row: Delivery) -> bool:
    """Whether its operation is one that this version of the bot knows."""
    try:
        relay.find(_name(row))
    except KeyError:
        return False
    return True


def _name(row: Delivery) -> str:
    return f"{row.vendor}.{row.operation}"


async def _decide(press: Press, row: Delivery, decision: Decision) -> None:
    """Of two people who press at once, one decided; the other is told what it is now."""
    relay = press.relay
    changed = None
    if decision in messages.possible(row):
        changed = await asyncio.shield(_make(press, row, decision))  # what was decided is told, however late it is
    if changed is not None:
        await _draw_again(press, changed)
        return
    now = await relay.deliveries.get(row.id)
    relay.cards.changed(now)  # an old card, perhaps
    if not _is_answered(now, press, decision):
        await press.say(messages.meanwhile(now, *relay.find(_name(now))))
    await _draw_again(press, now)


def _is_answered(now: Delivery, press: Press, decision: Decision) -> bool:
    """Whether what is shown now is answer enough: after a double click, or to having the rest tried again."""
    if decision == "finish":
        return now.state == "delivered" and not now.erased_at
    return (now.changed_by, now.reason) == (press.user, _LEAVES[decision])


async def _make(press: Press, row: Delivery, decision: Decision) -> Delivery | None:
    changed = await press.relay.decisions.make(row.workspace, row.key, decision, press.user)
    if changed is not None:
        await press.relay.courier.tell(changed)
    return changed


async def _draw_again(press: Press, row: Delivery) -> None:
    """Where it was pressed: a Home, and a modal after a while, do not follow the row as its card does."""
    relay = press.relay
    if not press.view:
        return
    row = await relay.courier.outcome(row, asyncio.get_running_loop().time() + OUTCOME_SECONDS)
    if press.at_home:
        await home.publish(relay, press.client, row.workspace, press.user)
    else:
        await _replace(press, messages.receipt(row, *relay.find(_name(row))))


async def _edit(press: Press, row: Delivery) -> None:
    relay = press.relay
    adapter, operation = relay.find(_name(row))
    if "edit" not in messages.possible(row):
        relay.cards.changed(row)
        raise NotDone(messages.meanwhile(row, adapter, operation))
    state = ModalState(
        key=row.key,
        enterprise=row.workspace.enterprise,
        team=row.workspace.team,
        channel=row.channel,
        kind=_kind(row),
        operation=_name(row),
        answer=row.answer or None,
        more=messages.needs_more(row, adapter, operation),
    )
    words = {name: entry.label for name, entry in row.chosen.items()}
    view = await draw(
        relay,
        state,
        row.payload,
        lambda catalog, entry: words.get(f"{catalog}/{entry}"),
        [messages.refused(row, adapter, operation)],
    )
    if press.in_modal:
        await _replace(press, view)
    elif not await show(press.client, press.trigger_id, view, on_top=False):
        raise NotDone("Slack did not open the form in time. Please try again.")
    await want_lists(relay, state)


async def _copy(press: Press, row: Delivery) -> None:
    if row.erased_at:
        raise NotDone("What was written has been erased since.")
    view = messages.copied(row, *press.relay.find(_name(row)))
    if not await show(press.client, press.trigger_id, view, on_top=press.in_modal):
        raise NotDone("Slack did not open the text in time. Please try again.")


async def _replace(press: Press, view: dict[str, Any]) -> None:
    """Another view in the modal that was pressed in."""
    try:
        await press.client.views_update(view_id=str(press.view.get("id") or ""), view=view)
    except NOT_DONE as error:
        if said(error) != "not_found":  # closed meanwhile
            log.warning("button.not_redrawn", error=said(error))
