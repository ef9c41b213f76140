"""The form for several action items at once, made from a message with a list.

The fields without which no item exists, such as the incident, are chosen once. Each item has one
input for its text, and inputs for its assignee and due date where the message names them or behind
"More fields". A block id is "<vendor>.<operation>.<field>:<n>". An item's number is its place among
the keys in the state; its delivery has that key.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from pydantic import Field
from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.access.policy import Choices
from bot.adapters.base import USERS, Adapter, Kind, Operation
from bot.forms.fields import Lookup
from bot.forms.parse import chosen, read
from bot.forms.render import LABEL, Block, chooser, focus, modal, more_block, render
from bot.forms.shape import Field as FormField
from bot.forms.shape import shape
from bot.forms.text import cut, plain_text
from bot.language import _
from bot.services import Services
from bot.slack.errors import NOT_DONE, said
from bot.slack.list_items import day_of, due_date, list_items, mentioned, without_mentions
from bot.slack.message_text import read_message
from bot.slack.people import Person
from handlers.interaction import Interaction
from handlers.modal import ModalState, by_id, form_state, want_lists
from handlers.replies import give
from handlers.shortcuts import origin_of
from handlers.view_state import ITEM, RefusedError, Screen, item_block, screen_of

log = structlog.get_logger(__name__)

MOST_ITEMS = 20
LONGEST_ITEM = 300
KIND: Kind = "action_item"


class ItemsState(ModalState):
    """The state of the form. `keys` are the items' deliveries; `left_out` counts the message's
    items for which there is no room."""

    keys: tuple[str, ...] = Field(max_length=MOST_ITEMS, min_length=1)
    left_out: int = 0


class ItemFields(NamedTuple):
    """The fields of an operation's form that a form for several items has.

    `shared` are chosen once for all items. `assignee` and `due` are None where the form has none.
    """

    shared: Sequence[FormField]
    text: FormField
    assignee: FormField | None
    due: FormField | None

    @property
    def each(self) -> Sequence[FormField]:
        """The fields of each item."""
        return [field for field in (self.text, self.assignee, self.due) if field is not None]


def item_fields(operation: Operation) -> ItemFields | None:
    """Return the fields for several items, or None where the operation's form has too few of them:
    a headline, and required pickers only besides."""
    fields = shape(operation.form)
    text = next((field for field in fields if field.name == operation.form.headline), None)
    shared = [field for field in fields if field.required and field is not text]
    if text is None or not shared or any(_catalog(field) in ("", USERS) for field in shared):
        return None
    optional = [field for field in fields if not field.required]
    return ItemFields(
        shared,
        text,
        next((each for each in optional if _catalog(each) == USERS and not each.many), None),
        next((each for each in optional if each.kind == "date"), None),
    )


def _catalog(field: FormField) -> str:
    lookup = field.marker(Lookup)
    return lookup.catalog if lookup else ""


def fields_of(operation: Operation) -> ItemFields:
    """Return the fields for several items. Raises `RefusedError` where there are none."""
    if (found := item_fields(operation)) is None:
        raise RefusedError(messages.Notice.FOREIGN.text)
    return found


async def open_form(ack: AsyncAck, shortcut: dict[str, Any], interaction: Interaction) -> None:
    """Open the form for the items of a message."""
    if problem := await _opened(shortcut, interaction):
        await interaction.say(problem)
    await ack()


async def _opened(shortcut: dict[str, Any], interaction: Interaction) -> str:
    """Open the form. Return why it could not be opened, or an empty string."""
    services, workspace = interaction.services, interaction.workspace
    offered = await services.operations.choices(workspace, KIND)
    choices = [choice for choice in offered if item_fields(choice[1]) is not None]
    if not choices:
        return await services.operations.nothing_connected(workspace, KIND)
    allowed = await services.access.allowed(
        interaction.client, workspace, interaction.user, choices
    )
    if allowed.denial_reason:
        return allowed.denial_reason
    message = shortcut.get("message") or {}
    found = list_items(read_message(message).details)
    if not found:
        return _("This message has no list. Use “Add action item” for the whole message.")
    channel = str((shortcut.get("channel") or {}).get("id") or "")
    keys = tuple(f"ir{secrets.token_hex(6)}" for _item in found[:MOST_ITEMS])
    state = ItemsState(
        key=keys[0],
        keys=keys,
        left_out=len(found) - len(keys),
        enterprise=workspace.enterprise,
        team=workspace.team,
        channel=channel,
        kind=KIND,
        operation=await _starting_point(services, interaction, channel, allowed.choices),
        origin=origin_of(shortcut, channel),
    )
    try:
        values, words = await _recognised(interaction, state, found, str(message.get("ts") or ""))
        view = draw(services, state, allowed.choices, {}, values, words)
        view["blocks"] = focus(view["blocks"])
        await interaction.client.views_open(trigger_id=interaction.trigger_id, view=view)
    except RefusedError as reason:
        return str(reason)
    except NOT_DONE as error:
        log.warning("modal.not_opened", error=said(error))
        return messages.Notice.FORM_NOT_OPENED.text
    await want_lists(services, state)
    return ""


async def _starting_point(
    services: Services, interaction: Interaction, channel: str, choices: Choices
) -> str:
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    last = await services.operations.last_used(interaction.workspace, channel, KIND)
    return last if last is not None and last in names else names[0]


async def _recognised(
    interaction: Interaction, state: ItemsState, found: Sequence[str], ts: str
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the values of each item's fields, and the labels of the people in them.

    All people are looked up at once. The person who asks is known by now, with their time zone.
    """
    services, items = interaction.services, found[:MOST_ITEMS]
    adapter, operation = services.operations.find(state.operation)
    fields = fields_of(operation)
    ids = list(dict.fromkeys(filter(None, map(mentioned, items))))
    directory, workspace = services.slack.people, state.workspace
    asker, *people = await asyncio.gather(
        *(directory.person(interaction.client, workspace, one) for one in (interaction.user, *ids))
    )
    users = await asyncio.gather(*(_user(services, state, adapter, one) for one in people))
    known = dict(zip(ids, users, strict=True))
    names = {one.slack_id: one.name for one in people}
    written = day_of(ts, asker.tz)
    values = []
    for item in items:
        user = known.get(mentioned(item)) if fields.assignee else None
        text = without_mentions(item, names, mentioned(item) if user else "")
        value: dict[str, Any] = {fields.text.name: cut(text, LONGEST_ITEM)}
        if fields.assignee and user:
            value[fields.assignee.name] = user[0]
        if fields.due and (day := due_date(item, written)):
            value[fields.due.name] = day
        values.append(value)
    return values, dict(user for user in users if user)


async def _user(
    services: Services, state: ItemsState, adapter: Adapter, person: Person
) -> tuple[str, str] | None:
    """Return id and label of the vendor's user that this person is, if the vendor has one."""
    user = await services.operations.user(state.workspace, adapter, person)
    return (user.id, user.label) if user else None


def draw(
    services: Services,
    state: ItemsState,
    choices: Choices,
    shared: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
) -> dict[str, Any]:
    """Build the modal. `shared` and `items` are values by field name, and `words` are labels of
    entries by id."""
    _adapter, operation = services.operations.find(state.operation)
    fields = fields_of(operation)
    blocks = [*_chooser(state, choices), *_inputs(operation, state, fields.shared, shared, words)]
    blocks.append(messages.items_help())
    is_whole = True
    for number, values in enumerate(items):
        wanted = [
            field
            for field in fields.each
            if field is fields.text or state.more or values.get(field.name)
        ]
        is_whole = is_whole and len(wanted) == len(fields.each)
        drawn = _inputs(operation, state, wanted, values, words)
        blocks += [_of_item(block, number) for block in drawn]
    if state.left_out:
        blocks.append(messages.too_many_items(MOST_ITEMS, state.left_out))
    if not is_whole:
        more = more_block(state.operation)
        more["elements"] = [{**more["elements"][0], "action_id": "items_more"}]
        blocks.append(more)
    return modal(
        callback_id=f"many:{state.operation}",
        title=_("Add action items"),
        submit=_(messages.SUBMIT[KIND]),
        blocks=blocks,
        private_metadata=state.model_dump_json(exclude_defaults=True),
    )


def _inputs(
    operation: Operation,
    state: ItemsState,
    fields: Sequence[FormField],
    values: Mapping[str, Any],
    words: Mapping[str, str],
) -> list[Block]:
    """Return the inputs of these fields, in their order."""
    rendered = {
        block["block_id"]: block
        for block in render(
            operation.form, state.operation, values=values, labels=by_id(words), more=True
        )
    }
    return [rendered[f"{state.operation}.{field.name}"] for field in fields]


def _of_item(block: Block, number: int) -> Block:
    """Return the input as that of an item. Texts have one line, and no input is required: an item
    without a text is left out."""
    element = dict(block["element"])
    if element["type"] == "plain_text_input":
        element |= {"multiline": False}
    title = f"{number + 1}. {block['label']['text']}"
    return {
        "type": "input",
        "block_id": f"{block['block_id']}{ITEM}{number}",
        "label": plain_text(cut(title, LABEL)),
        "optional": True,
        "element": element,
    }


def _chooser(state: ItemsState, choices: Choices) -> list[Block]:
    """Return the operation's select, if there is more than one operation."""
    options = [
        (f"{adapter.vendor}.{operation.name}", f"{adapter.label}: {operation.label}")
        for adapter, operation in choices
    ]
    if len(options) < 2:
        return []
    block = chooser(options, state.operation)
    return [{**block, "element": {**block["element"], "action_id": "items_tool"}}]


async def redraw(ack: AsyncAck, action: dict[str, Any], interaction: Interaction) -> None:
    """Redraw the form after "More fields", or for another tool with the items' texts kept."""
    try:
        await _redrawn(action, interaction)
    except RefusedError as error:
        await interaction.show(messages.refusal(str(error)))
    except NOT_DONE as error:
        if said(error) != "not_found":  # closed meanwhile
            log.warning("modal.not_redrawn", error=said(error))
    await ack()


async def _redrawn(action: Mapping[str, Any], interaction: Interaction) -> None:
    services, state = interaction.services, items_state(interaction)
    screen = screen_of(interaction.view)
    _adapter, before = services.operations.find(state.operation)
    shared, items = typed(before, state, screen)
    words = {value: text for block in screen for value, text in chosen(screen, block).items()}
    selected = str((action.get("selected_option") or {}).get("value") or state.operation)
    offered = await services.operations.choices(state.workspace, KIND)
    choices = [choice for choice in offered if item_fields(choice[1]) is not None]
    names = [f"{adapter.vendor}.{operation.name}" for adapter, operation in choices]
    if selected not in names:
        raise RefusedError(messages.Notice.FOREIGN.text)
    if selected != state.operation:
        old, new = fields_of(before), fields_of(services.operations.find(selected)[1])
        shared, items = {}, [{new.text.name: item.get(old.text.name)} for item in items]
        state = state.model_copy(update={"operation": selected})
    if action.get("action_id") == "items_more":
        state = state.model_copy(update={"more": True})
    allowed = await services.access.allowed(
        interaction.client, state.workspace, interaction.user, choices
    )
    if no := allowed.no.get(state.operation):
        raise RefusedError(no)
    view = draw(services, state, allowed.choices, shared, items, words)
    await give(interaction.client.views_update, view, view_id=interaction.view_id)
    await want_lists(services, state)


def items_state(interaction: Interaction) -> ItemsState:
    """Return the state of the form. Raises `ForeignError`."""
    form_state(interaction)
    return interaction.state(ItemsState)


def item_screen(screen: Screen, number: int) -> dict[str, Any]:
    """Return the inputs of one item under their fields' block ids, without the shared ones."""
    found = ((item_block(block_id), value) for block_id, value in screen.items())
    return {name: value for (name, which), value in found if which == str(number)}


def shared_screen(screen: Screen) -> dict[str, Any]:
    """Return the inputs that all items share."""
    return {block_id: value for block_id, value in screen.items() if not item_block(block_id)[1]}


def typed(
    operation: Operation, state: ItemsState, screen: Screen
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the values on the screen: the shared ones, and those of each item."""
    shared = read(operation.form, state.operation, shared_screen(screen))
    each = [
        read(operation.form, state.operation, item_screen(screen, number))
        for number in range(len(state.keys))
    ]
    return shared, each
