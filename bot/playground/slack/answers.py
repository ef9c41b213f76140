"""The effects of the bot's answers, and Slack's reaction to answers that break its rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack import blocks, limits
from bot.playground.slack.state import State
from bot.playground.slack.transport import Answer
from bot.playground.slack.views import STACK, View
from bot.playground.slack.world import Channel, Message

TROUBLE = "We had some trouble connecting. Try again?"
NO_RESULT = "No result"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an action, as a person sees it.

    `status` is the HTTP status of the bot's answer, 0 without one. `error` is Slack's sentence,
    empty if there is none. `errors` are the errors beside the inputs, by block id.
    """

    ok: bool
    status: int = 0
    error: str = ""
    errors: dict[str, str] = field(default_factory=dict)


class BrokenAnswerError(Exception):
    """The bot's answer breaks rules of Slack; each argument names one."""


class Answers:
    """Reads the bot's answers and carries them out."""

    def __init__(self, state: State) -> None:
        self._state = state

    def plain(self, answer: Answer) -> Outcome:
        """Handle the answer to a shortcut or a message's click. Slack reads only its status."""
        return Outcome(answer.ok, answer.status, answer.error)

    def in_view(self, answer: Answer) -> Outcome:
        """Handle the answer to a click in a view."""
        return Outcome(answer.ok, answer.status, "" if answer.ok else TROUBLE)

    def command(self, command: str, user_id: str, channel: Channel, answer: Answer) -> Outcome:
        """Handle the answer to a slash command. Its text is shown at once."""
        if answer.error:
            return Outcome(
                False, answer.status, f'{command} failed with the error "{answer.error}"'
            )
        try:
            content = _content(answer)
            if content:
                self.show(channel, user_id, checked(content))
        except BrokenAnswerError as broken:
            self._violated(command, broken)
            return Outcome(
                False, answer.status, f'{command} failed with the error "invalid_command_response"'
            )
        return Outcome(True, answer.status)

    def show(self, channel: Channel, user_id: str, content: Mapping[str, Any]) -> Message:
        """Show a checked message from an answer: to the person, or to all if it is `in_channel`.

        An ephemeral message is seen in a thread only if the thread has replies already.
        """
        parent = channel.find(str(content.get("thread_ts") or ""))
        if content.get("thread_ts") and parent is None:
            raise BrokenAnswerError("thread_ts: there is no such message")
        if content.get("response_type") == "in_channel":
            return self._state.world.say(channel, self._state.bot_message(content))
        message = self._state.bot_message(content, is_ephemeral=True)
        if parent is not None and not parent.get("reply_count"):
            return message
        return self._state.world.say_to(channel, user_id, message)

    def submission(self, view: View, answer: Answer) -> Outcome:
        """Handle the answer to a modal's submission. An invalid answer leaves the modal open."""
        if answer.error:
            return Outcome(False, answer.status, TROUBLE)
        try:
            return self._follow(view, answer)
        except BrokenAnswerError as broken:
            self._violated(view.body.get("callback_id", ""), broken)
            return Outcome(False, answer.status, TROUBLE)

    def _follow(self, view: View, answer: Answer) -> Outcome:
        still_open = self._state.views.find(view.id) is view
        ack = _object(answer) if answer.body else {}
        if problems := limits.check_ack(ack, view.body):
            raise BrokenAnswerError(*problems)
        if ack.get("response_action") == "errors":
            return Outcome(False, answer.status, errors=dict(ack["errors"]))
        if still_open:
            self._move(view, ack)
        return Outcome(True, answer.status)

    def _move(self, view: View, ack: Mapping[str, Any]) -> None:
        views = self._state.views
        if (
            "view" in ack
            and blocks.has_files(ack["view"])
            and "files:read" not in self._state.app.scopes
        ):
            raise BrokenAnswerError("file_input: the scope files:read is missing")
        match ack.get("response_action"):
            case "update":
                views.update(view, ack["view"])
            case "push" if len(views.stack_of(view)) >= STACK:
                raise BrokenAnswerError(f"push: {STACK} views are open already")
            case "push":
                views.open(view.user_id, ack["view"], onto=view)
            case "clear":
                views.clear(view)
            case _:
                views.close(view)

    def options(self, answer: Answer) -> dict[str, Any]:
        """Handle the answer to a type-ahead: return its options or groups, or an error."""
        if answer.error:
            return {"options": [], "error": NO_RESULT}
        try:
            found = _object(answer)
            if problems := limits.check_options(found):
                raise BrokenAnswerError(*problems)
        except BrokenAnswerError as broken:
            self._violated("options", broken)
            return {"options": [], "error": NO_RESULT}
        return {
            name: blocks.spelled_out(found[name])
            for name in ("options", "option_groups")
            if name in found
        }

    def _violated(self, where: str, broken: BrokenAnswerError) -> None:
        self._state.violations += [f"{where}: {problem}" for problem in broken.args]


def checked(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message's content as Slack accepts it, with block ids.

    Raises `BrokenAnswerError` for content that breaks a limit.
    """
    if problems := limits.check_message(content):
        raise BrokenAnswerError(*problems)
    return (
        {**content, "blocks": blocks.accepted(content["blocks"])}
        if content.get("blocks")
        else dict(content)
    )


def _content(answer: Answer) -> dict[str, Any]:
    """Return a command's answer: JSON if its content type says so, otherwise plain text."""
    if not answer.body.strip():
        return {}
    if answer.content_type.startswith("application/json"):
        return _object(answer)
    return {"text": answer.body.decode(errors="replace")}


def _object(answer: Answer) -> dict[str, Any]:
    try:
        parsed = answer.json()
    except ValueError as error:
        raise BrokenAnswerError("the answer is no JSON") from error
    if not isinstance(parsed, dict):
        raise BrokenAnswerError("the answer is no JSON object")
    return parsed
