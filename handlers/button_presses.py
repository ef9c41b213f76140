"""A pressed button: what Slack says of it, and how it is carried out, in time for Slack or after it
had its answer."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.errors import NoLongerThereError
from bot.services import Services
from handlers.errors import where
from handlers.replies import show, tell

log = structlog.get_logger(__name__)

PRESS_SECONDS = 2.5
"""So long the ack waits for it, and Slack for the ack. What takes longer goes on afterwards."""
LATE_SECONDS = 30.0
"""All of it. Slack takes answers to a press for half an hour."""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button: on what it names (None for what no button of ours carries), by whom, and
    where: in a message (channel, ts), or in a view (a modal or Home). `team_name` is Slack's, empty
    where it names none."""

    services: Services
    client: AsyncWebClient
    context: AsyncBoltContext
    handle: messages.Handle | None
    user: str
    trigger_id: str
    channel: str
    ts: str
    view: Mapping[str, Any]
    team_name: str

    @property
    def view_id(self) -> str:
        return str(self.view.get("id") or "")

    @property
    def in_modal(self) -> bool:
        return self.view.get("type") == "modal"

    @property
    def at_home(self) -> bool:
        return self.view.get("type") == "home"

    async def say(self, text: str) -> None:
        """Tell this person alone; `text` is mrkdwn."""
        if self.view and await self.show(messages.told(text)):
            return
        await tell(None if self.view else self.context.respond, self.client, self.user, text)

    async def show(self, view: messages.View) -> bool:
        """Open this modal, on top of the one that was pressed in; whether Slack did."""
        return await show(self.client, self.trigger_id, view, on_top=self.in_modal)


class NotDoneError(Exception):
    """Nothing was changed; the message says why, in mrkdwn."""


Act = Callable[[Press], Awaitable[None]]
Listener = Callable[..., Awaitable[None]]


def pressed(
    body: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, services: Services
) -> Press:
    """The button that was pressed. `handlers.payload_schema` has seen to what is text and what is
    not."""
    actions = body.get("actions") or [
        {}
    ]  # a dialog's payload has none, and Bolt takes it for a press too
    container, team = body.get("container") or {}, body.get("team") or {}
    is_message = container.get("type") == "message"
    return Press(
        services=services,
        client=client,
        context=context,
        handle=messages.read_handle(actions[0].get("value") or ""),
        user=str(context.user_id or ""),
        trigger_id=body.get("trigger_id") or "",
        channel=container.get("channel_id") or "" if is_message else "",
        ts=container.get("message_ts") or "" if is_message else "",
        view=body.get("view") or {},
        team_name=(team.get("name") or team.get("domain") or "")[:100],
    )


def listener(act: Act) -> Listener:
    """The listener of a button that does this. What keeps it from being done, and whenever, the
    person is told."""

    async def listen(
        ack: AsyncAck,
        body: dict[str, Any],
        client: AsyncWebClient,
        context: AsyncBoltContext,
        services: Services,
    ) -> None:
        task = services.slack.background.start(
            _carry_out(act, pressed(body, client, context, services))
        )
        if task not in (await asyncio.wait({task}, timeout=PRESS_SECONDS))[0]:
            log.info("button.slowed_down")
        await ack()

    return listen


async def _carry_out(act: Act, press: Press) -> None:
    """Never raises."""
    try:
        if problem := await _problem(act, press):
            await press.say(problem)
    except Exception as error:
        log.error("button.reply_failed", error=type(error).__name__, where=where(error))


async def _problem(act: Act, press: Press) -> str:
    """Do it; why it was not done, in mrkdwn, empty when it was."""
    try:
        async with asyncio.timeout(LATE_SECONDS):
            await act(press)
    except NotDoneError as reason:
        return str(reason)
    except NoLongerThereError:
        return messages.REMOVED
    except sqlite3.Error as error:
        log.error("button.not_saved", error=type(error).__name__)
        return messages.CLICK_FAILED
    except TimeoutError:
        log.warning("button.timed_out")
        return messages.LATE_CLICK
    except Exception as error:
        log.error("button.failed", error=type(error).__name__, where=where(error))
        return messages.CLICK_TROUBLE
    return ""
