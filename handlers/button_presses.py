"""A pressed button: what Slack sends about the press, and the frame in which its action runs.

An action that is not done in time for Slack's answer goes on after the answer.
"""

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
"""Seconds that the ack waits for the action.

Slack waits three seconds for the ack. A slower action goes on afterwards.
"""
LATE_SECONDS = 30.0
"""Longest duration of the whole action, in seconds.

Slack accepts messages about a press for 30 minutes.
"""


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button, the person who pressed it, and the place.

    The place is a message (`channel` and `ts`) or a view (a modal or App Home). `handle` names the
    delivery or vendor that the button is about; None if the button's value is not one of ours.
    `team_name` is Slack's name of the workspace, or empty.
    """

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
        """Send `text` (mrkdwn) to this person alone."""
        if self.view and await self.show(messages.told(text)):
            return
        await tell(None if self.view else self.context.respond, self.client, self.user, text)

    async def show(self, view: messages.View) -> bool:
        """Open a modal, on top of the modal with the button if there is one.

        Return whether Slack opened it.
        """
        return await show(self.client, self.trigger_id, view, on_top=self.in_modal)


class NotDoneError(Exception):
    """The action changed nothing; the message gives the reason, in mrkdwn."""


Act = Callable[[Press], Awaitable[None]]
Listener = Callable[..., Awaitable[None]]


def pressed(
    body: Mapping[str, Any], client: AsyncWebClient, context: AsyncBoltContext, services: Services
) -> Press:
    """Read a press out of a payload that `handlers.payload_schema` has checked."""
    # A dialog's payload has no actions, and Bolt takes it for a press too.
    actions = body.get("actions") or [{}]
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
    """Return a listener that runs `act` when its button is pressed.

    If `act` fails, at whatever time, the person is told why.
    """

    async def listen(
        ack: AsyncAck,
        body: dict[str, Any],
        client: AsyncWebClient,
        context: AsyncBoltContext,
        services: Services,
    ) -> None:
        task = services.background.start(_carry_out(act, pressed(body, client, context, services)))
        if task not in (await asyncio.wait({task}, timeout=PRESS_SECONDS))[0]:
            log.info("button.slowed_down")
        await ack()

    return listen


async def _carry_out(act: Act, press: Press) -> None:
    """Run the action and tell the person if it failed. Never raises."""
    try:
        if problem := await _problem(act, press):
            await press.say(problem)
    except Exception as error:
        log.error("button.reply_failed", error=type(error).__name__, where=where(error))


async def _problem(act: Act, press: Press) -> str:
    """Run the action. Return why it failed, in mrkdwn, or an empty string."""
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
