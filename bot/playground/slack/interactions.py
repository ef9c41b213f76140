"""A person's actions in Slack, and their results."""

import uuid
from collections.abc import Mapping
from typing import Any

from bot.playground.slack import blocks, client_checks
from bot.playground.slack.answers import Answers, Outcome
from bot.playground.slack.payloads import Payloads
from bot.playground.slack.state import MissingError, State
from bot.playground.slack.transport import Transport
from bot.playground.slack.views import View
from bot.playground.slack.world import Message

__all__ = ["Interactions", "Outcome"]

QUERY_LENGTH = 3
"""Number of letters after which a type-ahead asks the bot, if the element sets no number."""


class Interactions:
    """A person's actions. Each sends what Slack would send, and returns what Slack would show.

    All raise `MissingError` if the person, channel, view or element does not exist, because a
    person cannot click on something that is not shown.
    """

    def __init__(self, state: State, transport: Transport) -> None:
        self.state = state
        self.transport = transport
        self.payloads = Payloads(state)
        self._answers = Answers(state)

    async def command(self, user_id: str, channel_id: str, text: str) -> Outcome:
        """Send a slash command: "/incident Checkout is down"."""
        person, channel = self.state.person(user_id), self.state.channel(channel_id)
        name, _, rest = text.strip().partition(" ")
        command = self.state.app.commands.get(name)
        if command is None:
            return Outcome(False, error=f"{name} is not a valid command.")
        escaped = self.state.world.escape(rest.strip(), mentions=bool(command.get("should_escape")))
        answer = await self.transport.send(
            "slash_commands", self.payloads.command(person, channel, name, escaped)
        )
        return self._answers.command(name, user_id, channel, answer)

    async def shortcut(self, user_id: str, callback_id: str) -> Outcome:
        """Use a global shortcut."""
        self._require_shortcut("global", callback_id)
        payload = self.payloads.shortcut(self.state.person(user_id), callback_id)
        return self._answers.plain(await self.transport.send("interactive", payload))

    async def message_shortcut(
        self, user_id: str, channel_id: str, ts: str, callback_id: str
    ) -> Outcome:
        """Use a shortcut from a message's menu."""
        self._require_shortcut("message", callback_id)
        channel, message = self.state.message(channel_id, ts, user_id)
        payload = self.payloads.message_shortcut(
            self.state.person(user_id), channel, message, callback_id
        )
        return self._answers.plain(await self.transport.send("interactive", payload))

    def _require_shortcut(self, kind: str, callback_id: str) -> None:
        if not any(
            one["type"] == kind and one["callback_id"] == callback_id
            for one in self.state.app.shortcuts
        ):
            raise MissingError(f"The app has no {kind} shortcut {callback_id}.")

    async def submit(
        self, user_id: str, view_id: str, values: Mapping[str, Any] | None = None
    ) -> Outcome:
        """Press a modal's submit button, after typing `values`.

        The shape of `values` is that of `view.state.values`. Errors found by Slack's client are
        returned with status 0, and nothing is sent.
        """
        person, view = self.state.person(user_id), self.state.view(view_id, user_id)
        if not view.body.get("submit"):
            raise MissingError(f"The view {view_id} has no submit button.")
        self.type_in(view, values)
        if errors := client_checks.check(view.blocks, view.values):
            return Outcome(False, errors=errors)
        answer = await self.transport.send(
            "interactive", self.payloads.view_submission(person, view)
        )
        return self._answers.submission(view, answer)

    def type_in(self, view: View, values: Mapping[str, Any] | None) -> None:
        """Put values into a view's inputs, without a submission."""
        if stray := view.type_in(self.state.with_files(view.user_id, values or {})):
            raise MissingError(f"The view has no such input {stray[1]} in {stray[0]}.")

    def upload(self, user_id: str, name: str, content: bytes) -> dict[str, Any]:
        """Choose a file for a form. Return the file object for the form's state.

        Raises ValueError if the file is too large.
        """
        file = self.state.files.add(self.state.person(user_id).id, name, content)
        return self.state.file_json(file.id)

    async def close(self, user_id: str, view_id: str, *, everything: bool = False) -> Outcome:
        """Close a modal with its close button; with `everything`, close the whole stack.

        The cross in a modal's corner closes the whole stack.
        """
        person, view = self.state.person(user_id), self.state.view(view_id, user_id)
        if view.body["type"] != "modal":
            raise MissingError(f"The view {view_id} is a home tab, which cannot be closed.")
        everything = everything or view.flag("clear_on_close")
        gone = self.state.views.stack_of(view) if everything else [view]
        notices = [
            self.payloads.view_closed(person, one, is_cleared=everything)
            for one in reversed(gone)
            if one.flag("notify_on_close")
        ]
        for one in reversed(gone):
            self.state.views.close(one)
        outcome = Outcome(True)
        for payload in notices:
            answer = await self.transport.send("interactive", payload)
            outcome = Outcome(True, answer.status, answer.error)
        return outcome

    async def act(
        self,
        user_id: str,
        *,
        view_id: str = "",
        channel_id: str = "",
        ts: str = "",
        block_id: str,
        action_id: str,
        action: Mapping[str, Any],
        values: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Click or choose something in a view, or in the message `ts` of a channel.

        `action` has the action's own members: {"type": "external_select", "selected_option":
        {...}}. A button's text and value are taken from the element. `values` are the other values
        typed so far.
        """
        if view_id:
            return await self._act_in_view(
                self.state.view(view_id, user_id), block_id, action_id, action, values
            )
        return await self._act_on_message(
            user_id, (channel_id, ts), block_id, action_id, action, values
        )

    async def _act_in_view(
        self,
        view: View,
        block_id: str,
        action_id: str,
        action: Mapping[str, Any],
        values: Mapping[str, Any] | None,
    ) -> Outcome:
        done = _action(view.blocks, block_id, action_id, action)
        self.type_in(view, values)
        self.type_in(view, _as_values(done))
        payload = self.payloads.view_action(self.state.person(view.user_id), view, done)
        return self._answers.in_view(await self.transport.send("interactive", payload))

    async def _act_on_message(
        self,
        user_id: str,
        where: tuple[str, str],
        block_id: str,
        action_id: str,
        action: Mapping[str, Any],
        values: Mapping[str, Any] | None,
    ) -> Outcome:
        channel, message = self.state.message(*where, user_id)
        content = message.get("blocks", [])
        done = _action(content, block_id, action_id, action)
        kept = self.state.message_values.get(where, {})
        typed = blocks.state_of(content, blocks.merged(kept, values or {}, _as_values(done)))
        self.state.message_values[where] = typed
        payload = self.payloads.message_action(
            self.state.person(user_id), channel, message, done, typed
        )
        return self._answers.plain(await self.transport.send("interactive", payload))

    async def options(
        self, user_id: str, view_id: str, block_id: str, action_id: str, query: str
    ) -> dict[str, Any]:
        """Type into a type-ahead.

        Return {"options": [...]} or {"option_groups": [...]}, and "error" if it failed.
        """
        person, view = self.state.person(user_id), self.state.view(view_id, user_id)
        found = blocks.find(view.blocks, block_id, action_id)
        if found is None or not found[1]["type"].endswith("external_select"):
            raise MissingError(f"The view has no type-ahead {action_id} in {block_id}.")
        if len(query) < found[1].get("min_query_length", QUERY_LENGTH):
            return {"options": []}
        payload = self.payloads.suggestion(person, view, block_id, action_id, query)
        return self._answers.options(await self.transport.send("interactive", payload))

    async def post(
        self,
        user_id: str,
        channel_id: str,
        text: str,
        at: float | None = None,
        thread_ts: str = "",
    ) -> Message:
        """Post a message in a channel, now or at the time `at` (epoch seconds).

        The message comes after all earlier messages. With `thread_ts` it is a reply.
        """
        person, channel = self.state.person(user_id), self.state.channel(channel_id)
        message: Message = {
            "client_msg_id": str(uuid.uuid4()),
            "type": "message",
            "user": person.id,
            "text": self.state.world.escape(text, mentions=True, labels=False),
            "ts": self.state.world.next_ts(at),
            "team": self.state.team.id,
            **({"thread_ts": thread_ts} if thread_ts else {}),
        }
        return self.state.world.say(channel, message)

    async def open_home(self, user_id: str) -> Outcome:
        """Open the app's home tab.

        The bot gets an event if its manifest asks for `app_home_opened`.
        """
        person = self.state.person(user_id)
        if not self.state.app.has_home:
            raise MissingError("The app has no home tab.")
        channel = self.state.world.open_direct(person.id)
        if "app_home_opened" not in self.state.app.events:
            return Outcome(True)
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": "home",
        }
        home = self.state.views.homes.get(person.id)
        if home is not None:
            event = {**event, "view": self.state.view_json(home)}
        answer = await self.transport.send("events_api", self.payloads.event(event))
        return self._answers.plain(answer)


def _action(
    content: list[dict[str, Any]], block_id: str, action_id: str, action: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the whole action for a payload.

    Raises `MissingError` for an element that does not exist or sends nothing.
    """
    found = blocks.find(content, block_id, action_id)
    if found is None or found[1]["type"] != action.get("type", found[1]["type"]):
        raise MissingError(f"There is no such element {action_id} in {block_id}.")
    block, element = found
    if block["type"] == "input" and not block.get("dispatch_action"):
        raise MissingError(
            f"The input {action_id} in {block_id} sends nothing before it is submitted."
        )
    own = ("text", "value", "style") if element["type"] == "button" else ("placeholder",)
    return {
        **action,
        **{name: element[name] for name in own if name in element},
        "type": element["type"],
        "block_id": block_id,
        "action_id": action_id,
    }


def _as_values(action: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the state after an action: the chosen value, if the element has a value."""
    key = blocks.VALUE_KEYS.get(action["type"])
    if key is None or key not in action:
        return {}
    return {action["block_id"]: {action["action_id"]: {"type": action["type"], key: action[key]}}}
