"""The form's modal: opening it, drawing it, and what it remembers between events."""

import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter, Kind, Operation
from bot.forms.fields import Lookup
from bot.forms.render import chooser, has_more, modal, more_block, render
from bot.forms.shape import places
from bot.people import objection
from bot.relay import Relay
from bot.slack_errors import NOT_DONE, said
from bot.storage import Workspace

log = structlog.get_logger(__name__)

Choices = list[tuple[Adapter, Operation]]


class ModalState(BaseModel):
    """What travels in private_metadata. `key` is the delivery's, made when the modal opens; `operation` is
    "rootly.incident"; `answer` chose the form's branch; `more` shows the rarely used fields."""

    key: str
    enterprise: str
    team: str
    channel: str
    kind: Kind
    operation: str
    answer: str | None = None
    more: bool = False

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.enterprise, self.team)


class Foreign(Exception):
    """The event does not belong to the workspace that the modal was opened for, or carries no state of ours."""


def workspace_of(context: AsyncBoltContext) -> Workspace:
    """Where the event belongs."""
    return Workspace(context.enterprise_id or "", context.team_id or "")


def state_of(view: Mapping[str, Any], context: AsyncBoltContext) -> ModalState:
    """The state that the view carries. Raises `Foreign` when it is not this workspace's or not ours."""
    try:
        state = ModalState.model_validate_json(view.get("private_metadata") or "")
    except ValidationError:
        raise Foreign from None
    if state.workspace != workspace_of(context):
        raise Foreign
    return state


async def open_form(
    kind: Kind,
    *,
    relay: Relay,
    context: AsyncBoltContext,
    client: AsyncWebClient,
    trigger_id: str,
    channel: str,
    headline: str = "",
    details: str = "",
) -> str:
    """Open the kind's form with these words already in it. Returns why it could not, empty when it is open."""
    workspace = workspace_of(context)
    choices = await relay.choices(workspace, kind)
    if not choices:
        connected = [relay.adapters[it].label for it in sorted(await relay.connections.vendors(workspace))]
        return messages.nothing_connected(kind, connected)
    person = await relay.people.person(client, workspace, context.user_id or "")
    if no := objection(kind, person):
        return no
    state = ModalState(
        key=f"ir{secrets.token_hex(6)}",
        enterprise=workspace.enterprise,
        team=workspace.team,
        channel=channel,
        kind=kind,
        operation=await _starting_point(relay, workspace, channel, kind, choices),
    )
    _, operation = relay.find(state.operation)
    view = draw(relay, state, choices, carried(operation, headline, details))
    try:
        await client.views_open(trigger_id=trigger_id, view=view)
    except NOT_DONE as error:
        log.warning("modal.not_opened", error=said(error))
        return "Slack did not open the form in time. Please try again."
    await want_lists(relay, state)
    return ""


async def _starting_point(relay: Relay, workspace: Workspace, channel: str, kind: Kind, choices: Choices) -> str:
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    if len(names) > 1 and (last := await relay.habits.get(workspace, channel, kind)) in names:
        return str(last)
    return names[0]


async def want_lists(relay: Relay, state: ModalState) -> None:
    """Refresh, in the background, the lists that this form's pickers offer."""
    adapter, operation = relay.find(state.operation)
    lookups = [it.field.marker(Lookup) for it in places(operation.form_for(state.answer), state.operation)]
    await relay.catalogs.want(state.workspace, adapter.vendor, {it.catalog for it in lookups if it is not None})


def draw(relay: Relay, state: ModalState, choices: Choices, values: Mapping[str, Any]) -> dict[str, Any]:
    """The whole modal for this state, with `values` (by field name) filled in."""
    _, operation = relay.find(state.operation)
    form = operation.form_for(state.answer)
    blocks = render(form, state.operation, values=values, more=state.more)
    if len(choices) > 1:
        options = [(f"{adapter.vendor}.{it.name}", f"{adapter.label}: {it.label}") for adapter, it in choices]
        blocks.insert(0, chooser(options, state.operation))
    if has_more(form) and not state.more:
        blocks.append(more_block(state.operation))
    return modal(
        callback_id=f"form:{state.operation}",
        title=messages.TITLES[state.kind],
        submit=messages.SUBMIT[state.kind],
        blocks=blocks,
        private_metadata=state.model_dump_json(exclude_defaults=True),
    )


async def redraw(
    relay: Relay, client: AsyncWebClient, view: Mapping[str, Any], state: ModalState, values: Mapping[str, Any]
) -> None:
    """Replace the open modal. A view that changed or closed meanwhile is left as it is: the newer event wins."""
    choices = await relay.choices(state.workspace, state.kind)
    try:
        await client.views_update(view_id=view["id"], hash=view["hash"], view=draw(relay, state, choices, values))
    except NOT_DONE as error:
        if said(error) not in ("hash_conflict", "not_found"):
            log.warning("modal.not_redrawn", error=said(error))


def carried(operation: Operation, headline: str, details: str) -> dict[str, Any]:
    """The two texts that every form knows, in the fields where this form has them."""
    form = operation.form
    values: dict[str, Any] = {}
    if form.headline is not None:
        both = "\n\n".join(filter(None, (headline, details)))
        values[form.headline] = headline if form.details else both
    if form.details is not None:
        values[form.details] = details
    return {name: text for name, text in values.items() if text}


def texts(operation: Operation, values: Mapping[str, Any]) -> tuple[str, str]:
    """The reverse of `carried`: headline and details out of what was typed."""
    form = operation.form
    headline = str(values.get(form.headline or "") or "")
    if form.details is not None:
        return headline, str(values.get(form.details) or "")
    first, _, rest = headline.partition("\n")
    return first.strip(), rest.strip()
