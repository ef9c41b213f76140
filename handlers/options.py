"""Options for a picker, answered from memory whatever state the vendor is in."""

from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient

from bot import messages
from bot.adapters.base import Entry
from bot.catalogs.service import Answer
from bot.forms.fields import Lookup, UserGroup
from bot.forms.parse import NOTICE
from bot.forms.shape import places
from bot.forms.text import cut, plain_text
from bot.services import Services
from bot.slack import user_groups
from bot.workspace import Workspace
from handlers.modal import ModalState
from handlers.view_state import ForeignError, block_of, state_in

LONGEST_TEXT = 75


async def suggest(
    ack: AsyncAck,
    payload: dict[str, Any],
    body: dict[str, Any],
    client: AsyncWebClient,
    context: AsyncBoltContext,
    services: Services,
) -> None:
    """Answer with the options for the typed text."""
    try:
        state = state_in(body.get("view") or {}, ModalState, context)
        adapter, _ = services.operations.find(state.operation)
    except (ForeignError, KeyError):
        await ack(options=[notice(messages.FOREIGN_LIST)])
        return
    block_id, query = block_of(str(payload.get("block_id"))), str(payload.get("value") or "")
    form = await services.operations.form(state.workspace, state.operation, state.answer)
    field = next(
        (it.field for it in places(form, state.operation) if it.block_id == block_id), None
    )
    answer = Answer([])
    if field is not None and (lookup := field.marker(Lookup)):
        own = await services.delivery.own(
            state.workspace, adapter, lookup.catalog, context.user_id or ""
        )
        answer = await services.catalogs.search(
            state.workspace, adapter.vendor, lookup.catalog, query, own
        )
    elif field is not None and field.marker(UserGroup):
        answer = await _user_groups(services, client, state.workspace, query)
    await ack(**_offered(answer))


async def _user_groups(
    services: Services, client: AsyncWebClient, workspace: Workspace, query: str
) -> Answer:
    """Search Slack's user groups. While Slack does not list them, a typed id is accepted."""
    answer = await services.slack.user_groups.search(client, workspace, query)
    typed = user_groups.by_id(query) if answer.notice and not answer.entries else None
    return Answer([typed], answer.notice) if typed else answer


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
    return {"label": _short(heading), "options": options}


def notice(sentence: str) -> dict[str, Any]:
    """Return a sentence as an option.

    Text that does not fit is continued in the smaller line below.
    """
    words = cut(sentence, LONGEST_TEXT)
    rest = sentence[len(words) - 1 :].strip() if words != sentence else ""
    return option(Entry(id=NOTICE, label=words, detail=rest))


def option(entry: Entry) -> dict[str, Any]:
    """Return an entry in Slack's form of an option."""
    made = {"text": _short(entry.label), "value": entry.id}
    return {**made, "description": _short(entry.detail)} if entry.detail else made


def _short(text: str) -> dict[str, Any]:
    return plain_text(cut(text, LONGEST_TEXT))
