"""Options for a picker, answered from memory whatever state the vendor is in."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import messages
from bot.adapters.base import Entry
from bot.catalogs.service import Answer
from bot.forms.fields import Lookup, UserGroup
from bot.forms.parse import NOTICE
from bot.forms.shape import places
from bot.forms.text import cut, plain_text
from bot.slack.user_groups import by_id
from handlers.interaction import Interaction
from handlers.modal import form_state
from handlers.view_state import ForeignError, block_of, item_block

LONGEST_TEXT = 75


async def suggest(ack: AsyncAck, payload: dict[str, Any], interaction: Interaction) -> None:
    """Answer with the options for the typed text."""
    try:
        state = form_state(interaction)
    except ForeignError:
        await ack(options=[notice(messages.Notice.FOREIGN_LIST.text)])
        return
    services, workspace = interaction.services, state.workspace
    block_id, _number = item_block(block_of(str(payload.get("block_id"))))
    query = str(payload.get("value") or "")
    form = await services.operations.form(workspace, state.operation, state.branch)
    fields = (place.field for place in places(form, state.operation) if place.block_id == block_id)
    field, answer = next(fields, None), Answer([])
    if field is not None and (lookup := field.marker(Lookup)):
        adapter, _ = services.operations.find(state.operation)
        own = await services.delivery.own(workspace, adapter, lookup.catalog, interaction.user)
        answer = await services.catalogs.search(
            workspace, adapter.vendor, lookup.catalog, query, own
        )
    elif field is not None and field.marker(UserGroup):
        answer = await services.slack.user_groups.search(interaction.client, workspace, query)
        # While Slack does not list its user groups, a typed id is accepted.
        typed = by_id(query) if answer.notice and not answer.entries else None
        answer = Answer([typed], answer.notice) if typed else answer
    await ack(**_offered(answer))


def _offered(answer: Answer) -> dict[str, Any]:
    """Return options, with the notice as their heading if there is one.

    Without options, return the notice alone.
    """
    options = [option(entry) for entry in answer.entries]
    if answer.notice and not options:
        return {"options": [notice(answer.notice)]}
    return (
        {"option_groups": [under(answer.notice, options)]}
        if answer.notice
        else {"options": options}
    )


def under(heading: str, options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a group of options with a heading. Slack demands at least one option."""
    return {"label": plain_text(cut(heading, LONGEST_TEXT)), "options": options}


def notice(sentence: str) -> dict[str, Any]:
    """Return a sentence as an option.

    Text that does not fit is continued in the smaller line below.
    """
    words = cut(sentence, LONGEST_TEXT)
    rest = sentence[len(words) - 1 :].strip() if words != sentence else ""
    return option(Entry(id=NOTICE, label=words, detail=rest))


def option(entry: Entry) -> dict[str, Any]:
    """Return an entry in Slack's form of an option."""
    made = {"text": plain_text(cut(entry.label, LONGEST_TEXT)), "value": entry.id}
    detail = {"description": plain_text(cut(entry.detail, LONGEST_TEXT))}
    return made | detail if entry.detail else made
