"""What a view of ours carries between events, and whose it is."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from slack_bolt.context.async_context import AsyncBoltContext

from bot.workspace import Workspace

Screen = Mapping[str, Any]

AGAIN = "+"
"""Between a block's id and a number. Slack keeps what is chosen in a block whose id stays: where an
answer was turned down, its block is drawn under another id, so that it shows the answer which
holds."""


class State(BaseModel):
    """What travels in private_metadata: at least, for which workspace the view was opened."""

    enterprise: str
    team: str

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.enterprise, self.team)


StateT = TypeVar("StateT", bound=State)


class ForeignError(Exception):
    """The event does not belong to the workspace that the view was opened for, or carries no state
    of ours."""


def workspace_of(context: AsyncBoltContext) -> Workspace:
    """Where the event belongs."""
    return Workspace(context.enterprise_id or "", context.team_id or "")


def belongs(workspace: Workspace, context: AsyncBoltContext) -> bool:
    """Whether an event is that workspace's own."""
    here = workspace_of(context)
    whole_organisation = bool(here.enterprise) and here.team in ("", here.enterprise)
    return workspace == here or (whole_organisation and workspace.enterprise == here.enterprise)


def state_in(view: Mapping[str, Any], kind: type[StateT], context: AsyncBoltContext) -> StateT:
    """The state that the view carries. Raises `ForeignError` when it is not this workspace's or not
    ours.

    Where the app is installed for a whole organisation, a view's events name the organisation in
    the team's place.
    """
    try:
        state = kind.model_validate_json(view.get("private_metadata") or "")
    except ValidationError:
        raise ForeignError from None
    if not belongs(state.workspace, context):
        raise ForeignError
    return state


def block_of(block_id: str) -> str:
    """The id of the block, whichever it was drawn under."""
    return block_id.partition(AGAIN)[0]


def screen_of(view: Mapping[str, Any]) -> Screen:
    """`view.state.values`: what stands in the modal's inputs, by block and action id."""
    return {block_of(name): value for name, value in _values(view).items()}


def as_drawn(view: Mapping[str, Any], errors: Mapping[str, str]) -> dict[str, str]:
    """The errors by the ids that their blocks have in this view: Slack takes no others."""
    drawn = {block_of(name): name for name in _values(view)}
    return {drawn.get(name, name): text for name, text in errors.items()}


def _values(view: Mapping[str, Any]) -> Mapping[str, Any]:
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    return values if isinstance(values, dict) else {}
