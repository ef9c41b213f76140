"""The state that the bot's views carry between events, and the check of its workspace."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from slack_bolt.async_app import AsyncBoltContext

from bot import messages
from bot.workspace import Workspace

Screen = Mapping[str, Any]

AGAIN = "+"
"""Separator between a block's id and a number.

Slack keeps the selected value of a block whose id stays the same. When an answer was turned down,
the block is drawn with a new id, so that it shows the valid answer.
"""

ITEM = ":"
"""Separator between a field's block id and the number of the item, in a form with several."""


class State(BaseModel):
    """The state in `private_metadata`: at least the workspace that the view was opened for."""

    enterprise: str
    team: str

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.enterprise, self.team)


StateT = TypeVar("StateT", bound=State)


class RefusedError(Exception):
    """Nothing was done; the message tells the person why, and what to do, in mrkdwn."""


class ForeignError(RefusedError):
    """The event does not belong to the view's workspace, or the view carries no state of ours."""

    def __init__(self) -> None:
        super().__init__(messages.Notice.FOREIGN.text)


def workspace_of(context: AsyncBoltContext) -> Workspace:
    """Return the workspace of the event."""
    return Workspace(context.enterprise_id or "", context.team_id or "")


def belongs(workspace: Workspace, context: AsyncBoltContext) -> bool:
    """Return whether an event belongs to the workspace."""
    here = workspace_of(context)
    whole_organisation = bool(here.enterprise) and here.team in ("", here.enterprise)
    return workspace == here or (whole_organisation and workspace.enterprise == here.enterprise)


def state_in(view: Mapping[str, Any], kind: type[StateT], context: AsyncBoltContext) -> StateT:
    """Return the view's state. Raises `ForeignError` if it is not this workspace's or not ours.

    Where the app is installed for a whole organisation, a view's events give the organisation's id
    as the team.
    """
    try:
        state = kind.model_validate_json(view.get("private_metadata") or "")
    except ValidationError:
        raise ForeignError from None
    if not belongs(state.workspace, context):
        raise ForeignError
    return state


def block_of(block_id: str) -> str:
    """Return the block's id without the number that may follow `AGAIN`."""
    return block_id.partition(AGAIN)[0]


def item_block(block_id: str) -> tuple[str, str]:
    """Return the block's id and the item's number that may follow `ITEM`, else an empty text."""
    name, _, number = block_id.partition(ITEM)
    return name, number


def screen_of(view: Mapping[str, Any]) -> Screen:
    """Return `view.state.values`, the values of the modal's inputs, by block id and action id."""
    return {block_of(name): value for name, value in _values(view).items()}


def as_drawn(view: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    """Return the errors by the block ids of this view. Slack accepts no other ids."""
    drawn = {block_of(name): name for name in _values(view)}
    return {drawn.get(name, name): text for name, text in errors.items()}


def _values(view: Mapping[str, Any]) -> Mapping[str, Any]:
    return (view.get("state") or {}).get("values") or {}
