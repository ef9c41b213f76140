"""The schema of Slack's payloads: the members that Bolt and the listeners read, with their types.

A signed payload of any other shape does not come from Slack. It is turned away here, so that
listeners need no type checks of their own. Answers in a form are the exception: `bot.forms.parse`
checks them.
"""

from typing import Annotated, Any

from annotated_types import MaxLen, MinLen
from pydantic import BaseModel, ValidationError, create_model

LONGEST_ID = 255
"""Longest id. Slack's own ids have about ten characters; ids made by an app have at most 255."""
_Id = Annotated[str, MaxLen(LONGEST_ID)]


def _object(ids: str, texts: str = "", **others: Any) -> type[BaseModel]:
    """Return the type of an object. Each of its members may be missing.

    `ids` and `texts` are the names of members that hold an id or a text, or null.
    """
    members = dict.fromkeys(ids.split(), _Id | None) | dict.fromkeys(texts.split(), str | None)
    definitions: dict[str, Any] = {name: (kind, None) for name, kind in (members | others).items()}
    return create_model("Payload", **definitions)


_SOMEBODY = create_model(
    "Somebody",
    id=(_Id | None, None),
    team_id=(_Id | None, None),
    enterprise_id=(_Id | None, None),
    name=(str | None, None),
    domain=(str | None, None),
)
"""A person, team, organisation or channel."""
_VIEW = _object(
    ids="id callback_id team_id app_installed_team_id",
    texts="type private_metadata",
    state=_object(ids="", values=dict[str, Any] | None) | None,
    blocks=list[dict[str, Any]] | None,
)
_OPTION: Any = _object(ids="", texts="value")
_ACTION = create_model(
    "Action",
    action_id=_Id,
    block_id=(_Id | None, None),
    value=(str | None, None),
    selected_option=(_OPTION | None, None),
)
_MESSAGE = _object(
    ids="ts thread_ts user bot_id",
    texts="text username",
    bot_profile=_SOMEBODY | None,
    attachments=list[Any] | None,
    blocks=list[Any] | None,
)
_PAYLOAD = _object(
    ids="callback_id trigger_id block_id action_id message_ts user_id channel_id team_id "
    "enterprise_id",
    texts="type command text response_url value",
    **dict.fromkeys(("user", "team", "enterprise", "channel"), _SOMEBODY | None),
    authorizations=list[_SOMEBODY] | None,
    view=_VIEW,
    actions=Annotated[list[_ACTION], MinLen(1)],
    container=_object(ids="channel_id message_ts thread_ts", texts="type") | None,
    message=_MESSAGE | None,
    event=_object(ids="user", texts="type tab"),
)


def is_slacks(payload: dict[str, Any]) -> bool:
    """Return whether the payload has the shape of a payload from Slack."""
    try:
        _PAYLOAD.model_validate(payload)
    except ValidationError:
        return False
    return True
