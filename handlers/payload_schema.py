"""The schema of Slack's payloads: the members that Bolt and the listeners read, with their types.

A signed payload of any other shape does not come from Slack. It is turned away here, so that
listeners need no type checks of their own. Answers in a form are the exception: `bot.forms.parse`
checks them.
"""

from typing import Annotated, Any, NotRequired

from annotated_types import MaxLen, MinLen
from pydantic import TypeAdapter, ValidationError

# pydantic demands this TypedDict before Python 3.12.
from typing_extensions import TypedDict

LONGEST_ID = 255
"""Longest id. Slack's own ids have about ten characters; ids made by an app have at most 255."""

Text = str | None
Id = Annotated[str, MaxLen(LONGEST_ID)] | None


class _Somebody(TypedDict, total=False):
    """A person, team, organisation or channel."""

    id: Id
    team_id: Id
    enterprise_id: Id
    name: Text
    domain: Text


class _State(TypedDict, total=False):
    values: dict[str, Any] | None


class _View(TypedDict, total=False):
    id: Id
    type: Text
    callback_id: Id
    private_metadata: Text
    team_id: Id
    app_installed_team_id: Id
    state: _State | None
    blocks: list[dict[str, Any]] | None


class _Action(TypedDict):
    action_id: Annotated[str, MaxLen(LONGEST_ID)]
    block_id: NotRequired[Id]
    value: NotRequired[Text]


class _Container(TypedDict, total=False):
    type: Text
    channel_id: Id
    message_ts: Id


class _Message(TypedDict, total=False):
    ts: Id
    thread_ts: Id
    text: Text
    user: Id
    username: Text
    bot_id: Id
    bot_profile: _Somebody | None
    attachments: list[Any] | None
    blocks: list[Any] | None


class _Event(TypedDict, total=False):
    type: Text
    user: Id
    tab: Text


class _Payload(TypedDict, total=False):
    type: Text
    command: Text
    text: Text
    callback_id: Id
    trigger_id: Id
    response_url: Text
    block_id: Id
    action_id: Id
    value: Text
    message_ts: Id
    user_id: Id
    channel_id: Id
    team_id: Id
    enterprise_id: Id
    user: _Somebody | None
    team: _Somebody | None
    enterprise: _Somebody | None
    channel: _Somebody | None
    authorizations: list[_Somebody] | None
    view: _View
    actions: Annotated[list[_Action], MinLen(1)]
    container: _Container | None
    message: _Message | None
    event: _Event


_PAYLOAD = TypeAdapter(_Payload)


def is_slacks(payload: dict[str, Any]) -> bool:
    """Return whether the payload has the shape of a payload from Slack."""
    try:
        _PAYLOAD.validate_python(payload)
    except ValidationError:
        return False
    return True
