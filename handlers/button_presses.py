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
    """A pressed button, as Slack describes it in `body`. `handlers.payload_schema` has checked what
    in it is text."""

    services: Services
    client: AsyncWebClient
    context: AsyncBoltContext
    body: Mapping[str, Any]

    @property
    def handle(self) -> messages.Handle | None:
        """What the button is about; None for a button that is none of ours."""
        # A dialog's payload has no actions, and Bolt takes it for a press too.
        actions = self.body.get("actions") or [{}]
        return messages.read_handle(actions[0].get("value") or "")

    @property
    def user(self) -> str:
        return str(self.context.user_id or "")

    @property
    def channel(self) -> str:
        """The channel of the message with the button; empty where it is in a view."""
        return str(self._message.get("channel_id") or "")

    @property
    def ts(self) -> str:
        """The timestamp of the message with the button; empty where it is in a view."""
        return str(self._message.get("message_ts") or "")

    @property
    def view(self) -> Mapping[str, Any]:
        """The view with the button, a modal or a Home; empty where it is in a message."""
        return self.body.get("view") or {}

    @property
    def team_name(self) -> str:
        """The team's name as Slack gives it; empty where it gives none."""
        team = self.body.get("team") or {}
        return str(team.get("name") or team.get("domain") or "")[:100]

    @property
    def _message(self) -> Mapping[str, Any]:
        container = self.body.get("container") or {}
        return container if container.get("type") == "message" else {}

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
        trigger_id = str(self.body.get("trigger_id") or "")
        return await show(self.client, trigger_id, view, on_top=self.in_modal)


class NotDoneError(Exception):
    """The action changed nothing; the message gives the reason, in mrkdwn."""


Act = Callable[[Press], Awaitable[None]]
Listener = Callable[..., Awaitable[None]]


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
        task = services.slack.background.start(
            _carry_out(act, Press(services, client, context, body))
        )
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
