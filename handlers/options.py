"""A picker asks what to offer: answered from memory, whatever the vendor is doing."""

from typing import Any

from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.adapters.base import Entry
from bot.catalogs import Answer
from bot.forms.fields import Lookup
from bot.forms.parse import NOTICE
from bot.forms.shape import places
from bot.forms.text import cut
from bot.relay import Relay
from handlers.modal import Foreign, state_of

LONGEST_TEXT = 75


async def suggest(
    ack: AsyncAck, payload: dict[str, Any], body: dict[str, Any], context: AsyncBoltContext, relay: Relay
) -> None:
    """The options for what was typed so far."""
    try:
        state = state_of(body.get("view") or {}, context)
        adapter, _ = relay.find(state.operation)
    except (Foreign, KeyError):
        await ack(options=[])
        return
    block_id = payload.get("block_id")
    form = await relay.form(state.workspace, state.operation, state.answer)
    lookup = next((it.field.marker(Lookup) for it in places(form, state.operation) if it.block_id == block_id), None)
    if lookup is None:
        await ack(options=[])
        return
    query = str(payload.get("value") or "")
    answer = await relay.catalogs.search(state.workspace, adapter.vendor, lookup.catalog, query)
    await ack(**_offered(answer))


def _offered(answer: Answer) -> dict[str, Any]:
    """Options; under a heading when there is something to say about them; a lone notice when there is nothing else."""
    options = [_option(entry) for entry in answer.entries]
    if not options and answer.notice:
        words = cut(answer.notice, LONGEST_TEXT)  # what does not fit goes on in the smaller line below
        rest = answer.notice[len(words) - 1 :].strip() if words != answer.notice else ""
        return {"options": [_option(Entry(id=NOTICE, label=words, detail=rest))]}
    if options and answer.notice:
        return {"option_groups": [{"label": _plain(answer.notice), "options": options}]}
    return {"options": options}


def _option(entry: Entry) -> dict[str, Any]:
    option = {"text": _plain(entry.label), "value": entry.id}
    return {**option, "description": _plain(entry.detail)} if entry.detail else option


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": cut(text, LONGEST_TEXT)}
