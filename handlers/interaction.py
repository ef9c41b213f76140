"""The request that a listener gets: who did something in Slack, and the ways to answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access.policy import Allowed
from bot.adapters.base import Kind
from bot.services import Services
from bot.slack.people import Person
from bot.workspace import Workspace
from handlers.replies import show, tell
from handlers.view_state import RefusedError, StateT, belongs, state_in, workspace_of

LOCALE_SECONDS = 0.5
"""Seconds to wait for a person's language. Without it the bot speaks the workspace's."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """One request from Slack: a command, a shortcut, a press, a submission, an opened App Home.

    `handlers.payload_schema` has checked the types in `body`. `arrived` is the request's time by
    `time.monotonic()`.
    """

    services: Services
    client: AsyncWebClient
    context: AsyncBoltContext
    body: Mapping[str, Any]
    arrived: float

    @property
    def workspace(self) -> Workspace:
        return workspace_of(self.context)

    @property
    def user(self) -> str:
        return str(self.context.user_id or "")

    @property
    def trigger_id(self) -> str:
        return str(self.body.get("trigger_id") or "")

    @property
    def view(self) -> Mapping[str, Any]:
        """The view in which it happened, a modal or App Home; empty where it was in none."""
        return self.body.get("view") or {}

    @property
    def view_id(self) -> str:
        return str(self.view.get("id") or "")

    @property
    def thread_ts(self) -> str:
        """The thread of the reply on which it happened; empty outside of threads.

        A message with replies names its own thread, but people see it in the channel.
        """
        # The payload of an ephemeral message has no message.
        message, container = self.body.get("message") or {}, self.body.get("container") or {}
        thread = str(message.get("thread_ts") or container.get("thread_ts") or "")
        return "" if thread in (message.get("ts"), container.get("message_ts")) else thread

    @property
    def in_modal(self) -> bool:
        return self.view.get("type") == "modal"

    def state(self, kind: type[StateT]) -> StateT:
        """Return the state that the view carries. Raises `ForeignError`."""
        return state_in(self.view, kind, self.context)

    def pressed(self) -> messages.Handle:
        """Return what the pressed button is about.

        Raises `RefusedError` for a button that is not ours, or not this workspace's.
        """
        # A dialog's payload has no actions, and Bolt takes it for a press too.
        actions = self.body.get("actions") or [{}]
        chosen = actions[0].get("selected_option") or {}
        handle = messages.read_handle(actions[0].get("value") or chosen.get("value") or "")
        if handle is None or not belongs(handle.workspace, self.context):
            raise RefusedError(messages.Notice.GONE.text)
        return handle

    async def person(self, workspace: Workspace) -> Person:
        """Return the person who did it. Never raises."""
        return await self.services.slack.people.person(self.client, workspace, self.user)

    async def admin(self, workspace: Workspace, refusal: str) -> Person:
        """Return the person if it is an admin of the workspace, by what Slack says now. Raises
        `RefusedError` if not."""
        people = self.services.slack.people
        person = await people.person(self.client, workspace, self.user, fresh=True)
        if person.role == "unknown":
            refusal = messages.not_checked(person.problem)
        if person.role != "admin":
            raise RefusedError(refusal)
        return person

    async def allowed(self, workspace: Workspace, kind: Kind) -> Allowed:
        """Return which of the workspace's operations of this kind the person may use."""
        choices = await self.services.operations.choices(workspace, kind)
        return await self.services.access.allowed(self.client, workspace, self.user, choices)

    async def speak(self) -> None:
        """Speak to this person from now on in the current task, which is the request's.

        A person whom the bot does not know yet is looked up, which the check of permissions needs
        anyway. A list that is being searched does not wait for that.
        """
        slack = self.services.slack
        searching = self.body.get("type") in ("block_suggestion", "event_callback")
        is_known = slack.people.locale(self.workspace, self.user) is not None
        if self.user and self.client.token and not searching and not is_known:
            asking = slack.background.start(self.person(self.workspace))
            await asyncio.wait({asking}, timeout=LOCALE_SECONDS)
        command = str(self.body.get("command") or "")
        if command:
            slack.background.start(slack.readers.saw(self.workspace, command))
        await slack.readers.speak(self.workspace, self.user, command)

    async def say(self, text: str) -> None:
        """Send `text` (mrkdwn) to this person alone."""
        if self.view and await self.show(messages.told(text)):
            return
        respond = None if self.view else self.context.respond
        await tell(respond, self.client, self.user, text, self.thread_ts)

    async def show(self, view: messages.View) -> bool:
        """Open a modal, on top of the modal in which it happened if it was in one.

        Return whether Slack opened it.
        """
        return await show(self.client, self.trigger_id, view, on_top=self.in_modal)
