"""The form's modal: how it is opened and drawn, and the state that it keeps between events."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from pydantic import BaseModel, ConfigDict, Field

from bot import messages
from bot.access.policy import Choices
from bot.adapters.base import Adapter, Entry, Kind, Operation
from bot.delivery.model import Delivery
from bot.forms.elements import Labels
from bot.forms.fields import Lookup
from bot.forms.fitting import fitted
from bot.forms.parse import chosen, read
from bot.forms.render import Block, chooser, focus, modal, more_block, render
from bot.forms.shape import Field as FormField
from bot.forms.shape import places, shape
from bot.forms.text import ELLIPSIS
from bot.language import _
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from handlers import uploads
from handlers.interaction import Interaction
from handlers.replies import has_files, without_files
from handlers.view_state import AGAIN, ForeignError, RefusedError, Screen, State, screen_of

log = structlog.get_logger(__name__)


class Origin(BaseModel):
    """The message from which a form was opened: its thread and its link, and Slack's address for
    an answer. All are empty for a form that was opened otherwise."""

    model_config = ConfigDict(frozen=True)

    thread_ts: str = ""
    link: str = ""
    response_url: str = Field("", repr=False)


class ModalState(State):
    """The state of a form.

    `key` is the delivery's, made when the modal opens. `operation` is "acme.incident". `branch` is
    the answer that selected the form's branch. `more` shows the rarely used fields. `again` counts
    the answers that were turned down (see `AGAIN`). `origin` is the message that it is about.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    key: str = Field(pattern=r"^[a-zA-Z0-9_:-]{1,64}$")  # it becomes a header
    channel: str
    kind: Kind
    operation: str
    branch: str | None = Field(None, alias="answer")  # the name in forms that are open
    more: bool = False
    again: int = 0
    origin: Origin = Origin()


class Followed(NamedTuple):
    """The state that the answers on the screen ask for, and the values for its form.

    `reason` is set when an answer was turned down because typed text would be lost.
    """

    state: ModalState
    values: Mapping[str, Any]
    reason: str = ""


def form_state(interaction: Interaction) -> ModalState:
    """Return the state of the form. Raises `ForeignError`."""
    state = interaction.state(ModalState)
    _find(interaction.services, state)
    return state


def _find(services: Services, state: ModalState) -> tuple[Adapter, Operation]:
    """Return the state's adapter and operation.

    Raises `ForeignError` for an operation that does not exist or is of another kind. Permission was
    checked for the state's kind.
    """
    try:
        adapter, operation = services.operations.find(state.operation)
    except KeyError:
        raise ForeignError from None
    if operation.kind != state.kind:
        raise ForeignError
    return adapter, operation


async def follow(services: Services, state: ModalState, screen: Screen) -> Followed:
    """Return the state and values that the answers on the screen ask for.

    They can differ from the drawn state: after two quick choices, Slack may show the second choice
    beside the first choice's form. Raises `ForeignError` for an operation that is not ours.
    """
    adapter, operation = _find(services, state)
    form = await services.operations.form(state.workspace, state.operation, state.branch)
    typed = read(form, state.operation, screen)
    choice = next(iter(chosen(screen, "choice")), state.operation)
    if choice != state.operation:
        moved = state.model_copy(update={"operation": choice, "branch": None, "more": False})
        _, new = _find(services, moved)
        return Followed(moved, carried(new, *texts(operation, typed)))
    branches = operation.branches
    if branches is None:
        return Followed(state, typed)
    answer = next(iter(chosen(screen, f"{state.operation}.{branches.field}")), "")
    branch = answer if answer in branches.forms else None
    if branches.prefill is None or branch == state.branch:
        return Followed(state.model_copy(update={"branch": branch}), typed)
    lookup = branch_field(operation).marker(Lookup)

    async def entry(selected: str | None) -> Entry | None:
        if lookup is None or selected is None:
            return None
        return await services.catalogs.entry(
            state.workspace, adapter.vendor, lookup.catalog, selected
        )

    filled = branches.prefill(branch, typed, await entry(branch), await entry(state.branch))
    if filled.reason:
        values = {**filled.values, branches.field: state.branch}
        return Followed(state.model_copy(update={"again": state.again + 1}), values, filled.reason)
    moved = state.model_copy(update={"branch": branch, "more": state.more or filled.more})
    return Followed(moved, filled.values)


def branch_field(operation: Operation) -> FormField:
    """Return the field whose answer selects the form's branch."""
    name = operation.branches.field if operation.branches else ""
    return next(field for field in shape(operation.form) if field.name == name)


async def open_form(
    kind: Kind,
    interaction: Interaction,
    *,
    channel: str,
    headline: str = "",
    details: str = "",
    about: Delivery | None = None,
    origin: Origin = Origin(),  # noqa: B008  it is frozen
) -> str:
    """Open the kind's form. Return why it could not be opened, or an empty string.

    `headline` and `details` are filled in. `origin` is the message that the form was opened from.

    `about` is an earlier delivery, from whose card, thread or channel the person started. The form
    then starts with that delivery's vendor. If the form has a field for the created object, the
    object is selected there, without its title for a person who may not see it. Otherwise, from a
    card, the delivery's title is the headline, if none is given.
    """
    services, workspace = interaction.services, interaction.workspace
    choices = await services.operations.choices(workspace, kind)
    if not choices:
        return await services.operations.nothing_connected(workspace, kind)
    allowed = await services.access.allowed(
        interaction.client, workspace, interaction.user, choices
    )
    if allowed.denial_reason:
        return allowed.denial_reason
    state = ModalState(
        key=f"ir{secrets.token_hex(6)}",
        enterprise=workspace.enterprise,
        team=workspace.team,
        channel=channel,
        kind=kind,
        operation=await _starting_point(interaction, kind, allowed.choices, about),
        origin=origin,
    )
    operation = services.operations.find(state.operation)[1]
    values, words = carried(operation, headline, details), dict[str, str]()
    if about is not None:
        if field := _field_for(services, about, operation, state):
            seen = about.visible_to(interaction.user)
            label = about.entry.label if seen else _("This channel's incident")
            values[field], words = about.entry.id, {about.entry.id: label}
        elif not headline and origin.link:
            values = carried(operation, about.title, "")
    try:
        view = await draw(interaction, state, allowed.choices, values, by_id(words))
        view["blocks"] = focus(view["blocks"])
        await interaction.client.views_open(trigger_id=interaction.trigger_id, view=view)
    except RefusedError as reason:
        return str(reason)
    except NOT_DONE as error:
        log.warning("modal.not_opened", error=said(error))
        return messages.Notice.FORM_NOT_OPENED.text
    await want_lists(services, state)
    return ""


def _field_for(services: Services, about: Delivery, operation: Operation, state: ModalState) -> str:
    """Return the field of this form that can hold the created object.

    Return an empty string if there is none or the object belongs to another vendor.
    """
    _, made_by = services.operations.find(about.operation_name)
    if not state.operation.startswith(f"{about.vendor}.") or "id" not in about.vendor_object:
        return ""
    lookups = (
        (field.name, field.marker(Lookup)) for field in shape(operation.form) if field.required
    )
    fitting = (name for name, lookup in lookups if lookup and lookup.catalog == made_by.feeds)
    return next(fitting, "")


async def _starting_point(
    interaction: Interaction, kind: Kind, choices: Choices, about: Delivery | None
) -> str:
    """Return the operation of the form: the earlier delivery's vendor, else the person's last
    choice of a tool. Nothing else of a person's last form is ever filled in."""
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    same = [name for name in names if about and name.startswith(f"{about.vendor}.")]
    if same or len(names) == 1:
        return (same or names)[0]
    operations = interaction.services.operations
    last = await operations.last_used(interaction.workspace, interaction.user, kind)
    return last if last is not None and last in names else names[0]


async def want_lists(services: Services, state: ModalState) -> None:
    """Refresh the lists behind this form's pickers, in the background."""
    adapter, operation = services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.branch)
    lookups = [place.field.marker(Lookup) for place in places(form, state.operation)]
    names = {operation.custom, *(lookup.catalog for lookup in lookups if lookup)}
    await services.catalogs.want(state.workspace, adapter.vendor, filter(None, names))


async def labels(
    services: Services, state: ModalState, values: Mapping[str, Any], screen: Screen
) -> Labels:
    """Return the picker labels for these values.

    The labels come from the screen. A value that was filled in because of an answer has its label
    from its catalog.
    """
    words = {value: text for block in screen for value, text in chosen(screen, block).items()}
    adapter, _ = services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.branch)
    for place in places(form, state.operation):
        lookup, value = place.field.marker(Lookup), place.value(values)
        if lookup is None or not isinstance(value, str) or value in words:
            continue
        entry = await services.catalogs.entry(
            state.workspace, adapter.vendor, lookup.catalog, value
        )
        if entry is not None:
            words[value] = entry.label
    return by_id(words)


def by_id(words: Mapping[str, str]) -> Labels:
    """Return labels by entry id alone, for forms where no two catalogs share an id."""
    return lambda _, entry: words.get(entry)


async def draw(
    interaction: Interaction,
    state: ModalState,
    choices: Choices,
    values: Mapping[str, Any],
    labels: Labels,
    above: Sequence[Block] = (),
) -> dict[str, Any]:
    """Build the whole modal for this state.

    - `choices` are the operations that the person may select instead.
    - `values` are filled in, by field name.
    - `labels` give the text of a picker's value.
    - `above` are blocks on top of the form.

    Raises `RefusedError` if the required fields do not fit into a modal.
    """
    services = interaction.services
    adapter, operation = services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.branch)
    top = [*above, *_chooser(state, choices)]
    first = await services.operations.first_screen(state.workspace, state.operation)
    rendered = render(
        form, state.operation, values=values, labels=labels, more=state.more, first=first
    )
    inputs = sum(place.field.form is None for place in places(form, state.operation))
    end = [more_block(state.operation)] if len(rendered) < inputs else []
    blocks, left_out = fitted(form, state.operation, rendered, [*top, *end])
    if any(place.field.required for place in left_out):
        raise RefusedError(messages.no_room(adapter))
    if state.again and operation.branches is not None:
        asks = f"{state.operation}.{operation.branches.field}"
        again = {"block_id": f"{asks}{AGAIN}{state.again}"}
        blocks = [block | again if block["block_id"] == asks else block for block in blocks]
    if has_files(blocks) and not await uploads.are_accepted(
        services, interaction.client, interaction.context, state.workspace
    ):
        blocks = without_files(blocks)
    if left_out:
        blocks.append(messages.left_out([place.field.title for place in left_out], adapter))
    return modal(
        callback_id=f"form:{state.operation}",
        title=messages.title(operation),
        submit=_(messages.SUBMIT[state.kind]),
        blocks=[*top, *blocks, *end],
        private_metadata=state.model_dump_json(exclude_defaults=True),
    )


def _chooser(state: ModalState, choices: Choices) -> list[Block]:
    """Return the operation's select, if there is more than one operation. The vendor alone names an
    operation where each has one."""
    vendors = [adapter.vendor for adapter, _ in choices]
    one_each = len(set(vendors)) == len(vendors)
    options = [
        (
            f"{adapter.vendor}.{operation.name}",
            adapter.label if one_each else f"{adapter.label}: {operation.label}",
        )
        for adapter, operation in choices
    ]
    return [chooser(options, state.operation)] if len(options) > 1 else []


async def draw_again(
    interaction: Interaction, state: ModalState, values: Mapping[str, Any], why: Block | None
) -> dict[str, Any]:
    """Build the modal that replaces the open one. `why` is shown on top.

    The vendor's refusal on top of a form that is being corrected stays. Raises `RefusedError`, also
    if the person may not use the operation any more.
    """
    allowed = await interaction.allowed(state.workspace, state.kind)
    if no := allowed.no.get(state.operation):
        raise RefusedError(no)
    view = interaction.view
    shown = await labels(interaction.services, state, values, screen_of(view))
    refusal = [
        block
        for block in view.get("blocks") or []
        if block.get("block_id") == messages.REFUSAL_BLOCK
    ]
    above = [*([why] if why else []), *refusal]
    return await draw(interaction, state, allowed.choices, values, shown, above)


def carried(operation: Operation, headline: str, details: str) -> dict[str, Any]:
    """Return the two texts that every form has, by the names of this form's fields for them."""
    form = operation.form
    repeated = bool(headline) and details.startswith(headline.removesuffix(ELLIPSIS))
    both = details if repeated else "\n\n".join(filter(None, (headline, details)))
    values = {form.headline: headline if form.details else both, form.details: details}
    return {name: text for name, text in values.items() if name and text}


def texts(operation: Operation, values: Mapping[str, Any]) -> tuple[str, str]:
    """Return headline and details from the typed values: the reverse of `carried`."""
    form = operation.form
    headline = str(values.get(form.headline or "") or "")
    if form.details is not None:
        return headline, str(values.get(form.details) or "")
    first, _, rest = headline.partition("\n")
    return first.strip(), rest.strip()
