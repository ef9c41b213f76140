"""The form's modal: opening it, drawing it, and what it remembers between events."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import BaseModel, ValidationError
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Adapter, Kind, Operation
from bot.forms.fields import Lookup
from bot.forms.parse import chosen, read
from bot.forms.render import Block, Labels, chooser, has_more, modal, more_block, render
from bot.forms.shape import places
from bot.forms.text import ELLIPSIS
from bot.people import objection
from bot.relay import Relay
from bot.slack_errors import NOT_DONE, said
from bot.storage import Workspace
from bot.storage.rows import Delivery

log = structlog.get_logger(__name__)

Choices = list[tuple[Adapter, Operation]]
Screen = Mapping[str, Any]


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
    """The state that the view carries. Raises `Foreign` when it is not this workspace's or not ours.

    Where the app is installed for a whole organisation, a view's events name the organisation in the team's place.
    """
    try:
        state = ModalState.model_validate_json(view.get("private_metadata") or "")
    except ValidationError:
        raise Foreign from None
    if not belongs(state.workspace, context):
        raise Foreign
    return state


def belongs(workspace: Workspace, context: AsyncBoltContext) -> bool:
    """Whether an event is that workspace's own."""
    here = workspace_of(context)
    whole_organisation = bool(here.enterprise) and here.team in ("", here.enterprise)
    return workspace == here or (whole_organisation and workspace.enterprise == here.enterprise)


def screen_of(view: Mapping[str, Any]) -> Screen:
    """`view.state.values`: what stands in the modal's inputs, by block and action id."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    return values if isinstance(values, dict) else {}


def is_current(operation: Operation, state: ModalState, screen: Screen) -> bool:
    """Whether no answer on the screen asks for another form than the one that is drawn, as is nearly always so."""
    if next(iter(chosen(screen, "choice")), state.operation) != state.operation:
        return False
    if operation.branches is None:
        return True
    answer = next(iter(chosen(screen, f"{state.operation}.{operation.branches.field}")), None)
    return answer == state.answer


async def follow(relay: Relay, state: ModalState, screen: Screen) -> tuple[ModalState, dict[str, Any]]:
    """The state that the answers on the screen ask for, and what to fill into its form. Raises KeyError.

    The two can differ from what is drawn: of two quick choices, Slack may show the second beside the first one's form.
    """
    _, old = relay.find(state.operation)
    typed = read(await relay.form(state.workspace, state.operation, state.answer), state.operation, screen)
    choice = next(iter(chosen(screen, "choice")), state.operation)
    if choice != state.operation:
        _, new = relay.find(choice)
        if new.kind != state.kind:  # who may do it was asked for this kind
            raise KeyError(choice)
        moved = {"operation": choice, "answer": None, "more": False}
        return state.model_copy(update=moved), carried(new, *texts(old, typed))
    if old.branches is not None:
        answer = next(iter(chosen(screen, f"{state.operation}.{old.branches.field}")), "")
        return await _answered(relay, state, answer if answer in old.branches.forms else None, typed)
    return state, typed


async def _answered(
    relay: Relay, state: ModalState, answer: str | None, typed: dict[str, Any]
) -> tuple[ModalState, dict[str, Any]]:
    """The state after the answer on which the form depends; a new answer may fill its form in."""
    adapter, operation = relay.find(state.operation)
    if operation.branches is None or operation.branches.prefill is None or answer == state.answer:
        return state.model_copy(update={"answer": answer}), typed
    asks = next(it.field for it in places(operation.form, state.operation) if it.field.name == operation.branches.field)
    lookup, entry = asks.marker(Lookup), None
    if lookup is not None and answer is not None:
        entry = await relay.catalogs.entry(state.workspace, adapter.vendor, lookup.catalog, answer)
    filled = operation.branches.prefill(answer, typed, entry)
    return state.model_copy(update={"answer": answer, "more": state.more or filled.more}), dict(filled.values)


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
    about: Delivery | None = None,
) -> str:
    """Open the kind's form with these words already in it; why it could not be opened, empty when it is.

    `about` is an earlier delivery, whose card the person started from: the form starts on its vendor, with what was
    created chosen where the form has a field for it, else with its title.
    """
    workspace = workspace_of(context)
    choices = await relay.choices(workspace, kind)
    if not choices:
        return await relay.nothing_connected(workspace, kind)
    person = await relay.people.person(client, workspace, context.user_id or "")
    if no := objection(kind, person):
        return no
    state = ModalState(
        key=f"ir{secrets.token_hex(6)}",
        enterprise=workspace.enterprise,
        team=workspace.team,
        channel=channel,
        kind=kind,
        operation=await _starting_point(relay, workspace, channel, kind, choices, about),
    )
    _, operation = relay.find(state.operation)
    values, words = carried(operation, headline, details), dict[str, str]()
    if about is not None:
        if field := _field_for(relay, about, operation, state):
            values = {field: about.created["id"]}
            words = {about.created["id"]: f"{about.created['reference']} {about.title}".strip()}
        else:
            values = carried(operation, about.title, "")
    view = await draw(relay, state, values, by_id(words))
    try:
        await client.views_open(trigger_id=trigger_id, view=view)
    except NOT_DONE as error:
        log.warning("modal.not_opened", error=said(error))
        return "Slack did not open the form in time. Please try again."
    await want_lists(relay, state)
    return ""


def _field_for(relay: Relay, about: Delivery, operation: Operation, state: ModalState) -> str:
    """The field of this form that picks what was created, empty if it has none or belongs to another vendor."""
    adapter, made_by = relay.find(f"{about.vendor}.{about.operation}")
    if not state.operation.startswith(f"{adapter.vendor}.") or made_by.feeds is None or "id" not in about.created:
        return ""
    for place in places(operation.form, state.operation):
        lookup = place.field.marker(Lookup)
        if lookup is not None and lookup.catalog == made_by.feeds and place.field.required:
            return place.field.name
    return ""


async def _starting_point(
    relay: Relay, workspace: Workspace, channel: str, kind: Kind, choices: Choices, about: Delivery | None
) -> str:
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    if about is not None and (same := [it for it in names if it.startswith(f"{about.vendor}.")]):
        return same[0]
    if len(names) > 1 and (last := await relay.habits.get(workspace, channel, kind)) in names:
        return str(last)
    return names[0]


async def want_lists(relay: Relay, state: ModalState) -> None:
    """Refresh, in the background, the lists that this form's pickers offer."""
    adapter, operation = relay.find(state.operation)
    form = await relay.form(state.workspace, state.operation, state.answer)
    lookups = [it.field.marker(Lookup) for it in places(form, state.operation)]
    names = {it.catalog for it in lookups if it is not None} | ({operation.custom} if operation.custom else set())
    await relay.catalogs.want(state.workspace, adapter.vendor, names)


def words_on(screen: Screen) -> dict[str, str]:
    """What the pickers on the screen show for the values chosen in them."""
    return {value: text for block in screen for value, text in chosen(screen, block).items()}


async def labels(relay: Relay, state: ModalState, values: Mapping[str, Any], screen: Screen) -> Labels:
    """What pickers show for these values: as on the screen; what was filled in by an answer, as its list has it."""
    words, (adapter, _) = words_on(screen), relay.find(state.operation)
    form = await relay.form(state.workspace, state.operation, state.answer)
    for it in places(form, state.operation):
        lookup, value = it.field.marker(Lookup), _at(values, it.path)
        if lookup is None or not isinstance(value, str) or value in words:
            continue
        if (entry := await relay.catalogs.entry(state.workspace, adapter.vendor, lookup.catalog, value)) is not None:
            words[value] = entry.label
    return by_id(words)


def _at(values: Any, path: Sequence[str]) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def by_id(words: Mapping[str, str]) -> Labels:
    """What pickers show, where only one entry has that id."""
    return lambda _, entry: words.get(entry)


def kept_above(view: Mapping[str, Any]) -> list[Block]:
    """The vendor's words on top of a form that is being corrected: they stay while it is drawn anew."""
    blocks = view.get("blocks")
    found = blocks if isinstance(blocks, list) else []
    return [it for it in found if isinstance(it, dict) and it.get("block_id") == messages.REFUSAL_BLOCK]


async def draw(
    relay: Relay, state: ModalState, values: Mapping[str, Any], labels: Labels, above: Sequence[Block] = ()
) -> dict[str, Any]:
    """The whole modal for this state, with `values` (by field name) filled in; `labels` say what pickers show for them,
    `above` stands on top."""
    choices = await relay.choices(state.workspace, state.kind)
    _, operation = relay.find(state.operation)
    form = await relay.form(state.workspace, state.operation, state.answer)
    blocks = render(form, state.operation, values=values, labels=labels, more=state.more)
    if len(choices) > 1:
        options = [(f"{adapter.vendor}.{it.name}", f"{adapter.label}: {it.label}") for adapter, it in choices]
        blocks.insert(0, chooser(options, state.operation))
    if has_more(form) and not state.more:
        blocks.append(more_block(state.operation))
    return modal(
        callback_id=f"form:{state.operation}",
        title=messages.title(operation),
        submit=messages.SUBMIT[state.kind],
        blocks=[*above, *blocks],
        private_metadata=state.model_dump_json(exclude_defaults=True),
    )


async def redraw(
    relay: Relay, client: AsyncWebClient, view: Mapping[str, Any], state: ModalState, values: Mapping[str, Any]
) -> None:
    """Replace the open modal.

    The hash is not sent: of two quick choices the later event's drawing has to win, and the hash would make it the
    conflict. A drawing that arrives out of order is set right when the form is submitted.
    """
    try:
        drawn = await draw(relay, state, values, await labels(relay, state, values, screen_of(view)), kept_above(view))
        await client.views_update(view_id=str(view.get("id") or ""), view=drawn)
    except NOT_DONE as error:
        if said(error) != "not_found":  # closed meanwhile
            log.warning("modal.not_redrawn", error=said(error))


def carried(operation: Operation, headline: str, details: str) -> dict[str, Any]:
    """The two texts that every form knows, in the fields where this form has them."""
    form = operation.form
    values: dict[str, Any] = {}
    if form.headline is not None:
        repeated = bool(headline) and details.startswith(headline.removesuffix(ELLIPSIS))
        both = details if repeated else "\n\n".join(filter(None, (headline, details)))
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
