"""The form's modal: how it is opened and drawn, and the state that it keeps between events."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from pydantic import Field
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.access.policy import Choices
from bot.adapters.base import Entry, Kind, Operation
from bot.delivery.model import Delivery
from bot.forms.fields import Lookup
from bot.forms.fitting import fitted
from bot.forms.parse import chosen, read
from bot.forms.render import Block, Labels, chooser, has_more, modal, more_block, render
from bot.forms.shape import places
from bot.forms.text import ELLIPSIS
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from bot.workspace import Workspace
from handlers import uploads
from handlers.replies import give, has_files, without_files
from handlers.view_state import AGAIN, Screen, State, screen_of, workspace_of

log = structlog.get_logger(__name__)


class ModalState(State):
    """What a form's view carries. `key` is the delivery's, made when the modal opens; `operation`
    is "acme.incident"; `answer` chose the form's branch; `more` shows the rarely used fields;
    `again` counts the answers that were turned down (see `AGAIN`)."""

    key: str = Field(pattern=r"^[a-zA-Z0-9_:-]{1,64}$")  # it becomes a header
    channel: str
    kind: Kind
    operation: str
    answer: str | None = None
    more: bool = False
    again: int = 0


class NoRoomError(Exception):
    """The required fields do not fit into a modal; the message gives advice, in mrkdwn."""


class Followed(NamedTuple):
    """The state that the answers on the screen ask for, and the values for its form.

    `reason` is set when an answer was turned down because typed text would be lost.
    """

    state: ModalState
    values: dict[str, Any]
    reason: str = ""


def is_current(operation: Operation, state: ModalState, screen: Screen) -> bool:
    """Return whether the drawn form is the one that the answers ask for.

    This is so in nearly every submission.
    """
    if next(iter(chosen(screen, "choice")), state.operation) != state.operation:
        return False
    if operation.branches is None:
        return True
    answer = next(iter(chosen(screen, f"{state.operation}.{operation.branches.field}")), None)
    return answer == state.answer


async def follow(services: Services, state: ModalState, screen: Screen) -> Followed:
    """Return the state and values that the answers on the screen ask for.

    They can differ from the drawn state: after two quick choices, Slack may show the second choice
    beside the first choice's form. Raises KeyError for an operation that does not exist or is of
    another kind.
    """
    _, old = services.operations.find(state.operation)
    typed = read(
        await services.operations.form(state.workspace, state.operation, state.answer),
        state.operation,
        screen,
    )
    choice = next(iter(chosen(screen, "choice")), state.operation)
    if choice != state.operation:
        _, new = services.operations.find(choice)
        if new.kind != state.kind:  # who may do it was asked for this kind
            raise KeyError(choice)
        moved = {"operation": choice, "answer": None, "more": False}
        return Followed(state.model_copy(update=moved), carried(new, *texts(old, typed)))
    if old.branches is not None:
        answer = next(iter(chosen(screen, f"{state.operation}.{old.branches.field}")), "")
        return await _answered(
            services, state, answer if answer in old.branches.forms else None, typed
        )
    return Followed(state, typed)


async def _answered(
    services: Services, state: ModalState, answer: str | None, typed: dict[str, Any]
) -> Followed:
    """Return the state for an answer that selects a branch.

    A new answer may fill in fields of its form.
    """
    adapter, operation = services.operations.find(state.operation)
    if operation.branches is None or operation.branches.prefill is None or answer == state.answer:
        return Followed(state.model_copy(update={"answer": answer}), typed)
    asks = next(
        it.field
        for it in places(operation.form, state.operation)
        if it.field.name == operation.branches.field
    )
    lookup = asks.marker(Lookup)

    async def entry(chosen: str | None) -> Entry | None:
        if lookup is None or chosen is None:
            return None
        return await services.catalogs.entry(
            state.workspace, adapter.vendor, lookup.catalog, chosen
        )

    filled = operation.branches.prefill(
        answer, typed, await entry(answer), await entry(state.answer)
    )
    if filled.reason:
        values = {**filled.values, operation.branches.field: state.answer}
        return Followed(state.model_copy(update={"again": state.again + 1}), values, filled.reason)
    return Followed(
        state.model_copy(update={"answer": answer, "more": state.more or filled.more}),
        dict(filled.values),
    )


async def open_form(
    kind: Kind,
    *,
    services: Services,
    context: AsyncBoltContext,
    client: AsyncWebClient,
    trigger_id: str,
    channel: str,
    headline: str = "",
    details: str = "",
    about: Delivery | None = None,
    vendors: str = messages.VENDORS,
) -> str:
    """Open the kind's form. Return why it could not be opened, or an empty string.

    `headline` and `details` are filled in. `vendors` is the name of the `/vendors` command in this
    workspace.

    `about` is an earlier delivery whose card the person started from. The form then starts with
    that delivery's vendor. If the form has a field for the created object, the object is selected
    there; otherwise the delivery's title is the headline.
    """
    workspace = workspace_of(context)
    choices = await services.operations.choices(workspace, kind)
    if not choices:
        return await services.operations.nothing_connected(workspace, kind, vendors)
    allowed = await services.access.allowed(client, workspace, context.user_id or "", choices)
    if allowed.denial_reason:
        return allowed.denial_reason
    state = ModalState(
        key=f"ir{secrets.token_hex(6)}",
        enterprise=workspace.enterprise,
        team=workspace.team,
        channel=channel,
        kind=kind,
        operation=await _starting_point(services, workspace, channel, kind, allowed.choices, about),
    )
    _, operation = services.operations.find(state.operation)
    values, words = carried(operation, headline, details), dict[str, str]()
    if about is not None:
        if field := _field_for(services, about, operation, state):
            values, words = {field: about.entry.id}, {about.entry.id: about.entry.label}
        else:
            values = carried(operation, about.title, "")
    try:
        files = uploads.permission(services, client, context, workspace)
        view = await draw(services, state, allowed.choices, values, by_id(words), files=files)
        await client.views_open(trigger_id=trigger_id, view=view)
    except NoRoomError as reason:
        return str(reason)
    except NOT_DONE as error:
        log.warning("modal.not_opened", error=said(error))
        return "Slack did not open the form in time. Please try again."
    await want_lists(services, state)
    return ""


def _field_for(services: Services, about: Delivery, operation: Operation, state: ModalState) -> str:
    """Return the field of this form that can hold the created object.

    Return an empty string if there is none or the object belongs to another vendor.
    """
    adapter, made_by = services.operations.find(f"{about.vendor}.{about.operation}")
    if (
        not state.operation.startswith(f"{adapter.vendor}.")
        or made_by.feeds is None
        or "id" not in about.vendor_object
    ):
        return ""
    for place in places(operation.form, state.operation):
        lookup = place.field.marker(Lookup)
        if lookup is not None and lookup.catalog == made_by.feeds and place.field.required:
            return place.field.name
    return ""


async def _starting_point(
    services: Services,
    workspace: Workspace,
    channel: str,
    kind: Kind,
    choices: Choices,
    about: Delivery | None,
) -> str:
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    if about is not None and (same := [it for it in names if it.startswith(f"{about.vendor}.")]):
        return same[0]
    if (
        len(names) > 1
        and (last := await services.operations.last_used(workspace, channel, kind)) in names
    ):
        return str(last)
    return names[0]


async def want_lists(services: Services, state: ModalState) -> None:
    """Refresh the lists behind this form's pickers, in the background."""
    adapter, operation = services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.answer)
    lookups = [it.field.marker(Lookup) for it in places(form, state.operation)]
    names = {it.catalog for it in lookups if it is not None} | (
        {operation.custom} if operation.custom else set()
    )
    await services.catalogs.want(state.workspace, adapter.vendor, names)


def words_on(screen: Screen) -> dict[str, str]:
    """Return the label that the screen's pickers show for each selected value."""
    return {value: text for block in screen for value, text in chosen(screen, block).items()}


async def labels(
    services: Services, state: ModalState, values: Mapping[str, Any], screen: Screen
) -> Labels:
    """Return the picker labels for these values.

    The labels come from the screen. A value that was filled in because of an answer has its label
    from its catalog.
    """
    words, (adapter, _) = words_on(screen), services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.answer)
    for it in places(form, state.operation):
        lookup, value = it.field.marker(Lookup), _at(values, it.path)
        if lookup is None or not isinstance(value, str) or value in words:
            continue
        if (
            entry := await services.catalogs.entry(
                state.workspace, adapter.vendor, lookup.catalog, value
            )
        ) is not None:
            words[value] = entry.label
    return by_id(words)


def _at(values: Any, path: Sequence[str]) -> Any:
    for name in path:
        values = values.get(name) if isinstance(values, Mapping) else None
    return values


def by_id(words: Mapping[str, str]) -> Labels:
    """Return labels by entry id alone, for forms where no two catalogs share an id."""
    return lambda _, entry: words.get(entry)


def kept_above(view: Mapping[str, Any]) -> list[Block]:
    """Return the block with the vendor's refusal on top of a form that is being corrected.

    A redraw has to keep the block.
    """
    blocks = view.get("blocks")
    found = blocks if isinstance(blocks, list) else []
    return [
        it for it in found if isinstance(it, dict) and it.get("block_id") == messages.REFUSAL_BLOCK
    ]


async def draw(
    services: Services,
    state: ModalState,
    choices: Choices,
    values: Mapping[str, Any],
    labels: Labels,
    above: Sequence[Block] = (),
    *,
    files: uploads.Permission,
) -> dict[str, Any]:
    """Build the whole modal for this state.

    - `choices` are the operations that the person may select instead.
    - `values` are filled in, by field name.
    - `labels` give the text of a picker's value.
    - `above` are blocks on top of the form.
    - `files` tells whether Slack accepts a file input; only a form with a file input asks it.

    Raises `NoRoomError`.
    """
    adapter, operation = services.operations.find(state.operation)
    form = await services.operations.form(state.workspace, state.operation, state.answer)
    top = [*above, *_chooser(state, choices)]
    end = [more_block(state.operation)] if has_more(form) and not state.more else []
    rendered = render(form, state.operation, values=values, labels=labels, more=state.more)
    blocks, left_out = fitted(form, state.operation, rendered, [*top, *end])
    if any(it.field.required for it in left_out):
        raise NoRoomError(messages.no_room(adapter))
    if state.again and operation.branches is not None:
        asks = f"{state.operation}.{operation.branches.field}"
        blocks = [
            it | ({"block_id": f"{asks}{AGAIN}{state.again}"} if it["block_id"] == asks else {})
            for it in blocks
        ]
    if has_files(blocks) and not await files():
        blocks = without_files(blocks)
    if left_out:
        blocks.append(messages.left_out([it.field.title for it in left_out], adapter))
    return modal(
        callback_id=f"form:{state.operation}",
        title=messages.title(operation),
        submit=messages.SUBMIT[state.kind],
        blocks=[*top, *blocks, *end],
        private_metadata=state.model_dump_json(exclude_defaults=True),
    )


def _chooser(state: ModalState, choices: Choices) -> list[Block]:
    """Return the operation's select, if there is more than one operation."""
    options = [
        (f"{adapter.vendor}.{it.name}", f"{adapter.label}: {it.label}") for adapter, it in choices
    ]
    return [chooser(options, state.operation)] if len(options) > 1 else []


async def redraw(
    services: Services,
    client: AsyncWebClient,
    view: Mapping[str, Any],
    state: ModalState,
    choices: Choices,
    values: Mapping[str, Any],
    why: Block | None = None,
    *,
    files: uploads.Permission,
) -> None:
    """Replace the open modal. `why` is shown on top; `files` is the same as in `draw`.

    The view's hash is not sent: after two quick choices the later event's view must win, and with a
    hash Slack would refuse it. If the views arrive out of order, the submission of the form
    corrects that. Raises `NoRoomError`.
    """
    try:
        shown = await labels(services, state, values, screen_of(view))
        above = [*([why] if why else []), *kept_above(view)]
        drawn = await draw(services, state, choices, values, shown, above, files=files)
        await give(
            lambda it: client.views_update(view_id=str(view.get("id") or ""), view=it), drawn
        )
    except NOT_DONE as error:
        if said(error) != "not_found":  # closed meanwhile
            log.warning("modal.not_redrawn", error=said(error))


def carried(operation: Operation, headline: str, details: str) -> dict[str, Any]:
    """Return the two texts that every form has, by the names of this form's fields for them."""
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
    """Return headline and details from the typed values: the reverse of `carried`."""
    form = operation.form
    headline = str(values.get(form.headline or "") or "")
    if form.details is not None:
        return headline, str(values.get(form.details) or "")
    first, _, rest = headline.partition("\n")
    return first.strip(), rest.strip()
