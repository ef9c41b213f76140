"""A delivery as people see it: on a card, in a modal's receipt, on App Home."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.render import Block, modal
from bot.forms.text import cut, duration, escape
from bot.messages.buttons import buttons, handle_of, links, row_of
from bot.messages.contents import remaining
from bot.messages.words import Words, doer, title, words

View = dict[str, Any]

ACTIONS_BLOCK = "delivery"
"""The block with the buttons of a card or a receipt."""
ON_HOME = 20
"""Number of deliveries on a person's App Home."""
_LONGEST_SECTION = 3000
_LONGEST_TITLE = 300
_LONGEST_AT_HOME = 300


class RenderedDelivery(NamedTuple):
    """A delivery with the adapter and operation that made it."""

    row: Delivery
    adapter: Adapter
    operation: Operation


def receipt(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """Return the receipt, which replaces the form in the modal. It can be redrawn at any time."""
    said, left = words(row, adapter, operation), _left(row, adapter, operation)
    blocks = [_section(_lines(said, _object(row), left))]
    blocks += row_of([*links(row, adapter), *_in_modal(row, adapter, operation)], ACTIONS_BLOCK)
    return modal(
        callback_id="receipt",
        title=title(operation),
        submit=None,
        close="Done",
        blocks=blocks,
        private_metadata=handle_of(row).text,
    )


def card(
    row: Delivery, adapter: Adapter, operation: Operation, by_hand: str = ""
) -> dict[str, Any]:
    """Return the message in the channel: {"text", "blocks"}.

    `by_hand` is the vendor's page for doing it by hand, empty if unknown.
    """
    said = words(row, adapter, operation)
    reference = row.vendor_object.get("reference", "")
    text = f"{said.headline}: {f'{reference} ' if reference else ''}{row.title}"
    opening, pressing = links(row, adapter), buttons(row, adapter, operation, by_hand)
    blocks = [_section(_lines(said, _object(row), _left(row, adapter, operation)), opening)]
    blocks += row_of([*(opening if len(opening) > 1 else []), *pressing], ACTIONS_BLOCK)
    origin = [_origin(row, adapter, operation, f"by <@{row.actor}>"), doer(row)]
    blocks.append(_context("; ".join(filter(None, origin))))
    return {"text": escape(cut(text, _LONGEST_TITLE)), "blocks": blocks}


PRIVATE = ":lock: Private. Only you can see this in Slack."
WITHDRAWN = "This has been made private: what became of it is told to who sent it."


def withdrawn() -> list[Block]:
    """Return the rest of a card in a channel that may no longer show the delivery."""
    return [_context(f":lock: {WITHDRAWN}")]


def home(
    deliveries: Sequence[RenderedDelivery],
    commands: Mapping[str, str],
    now: float | None = None,
    tools: Sequence[Block] = (),
) -> View:
    """Return a person's App Home: their latest deliveries, newest first.

    - `commands` (command to explanation) are suggested to a person without deliveries.
    - `tools`, for admins, are the connected tools and the buttons that change them.
    """
    blocks = [_header("Tools of this workspace"), *tools] if tools else []
    blocks.append(_header("What you sent from Slack"))
    if not deliveries:
        hints = "\n".join(f"• `{command}`: {what}" for command, what in commands.items())
        blocks.append(_section(f"Nothing yet. Type one of these in any channel:\n{hints}"))
    for delivery in deliveries[:ON_HOME]:
        blocks += _at_home(delivery, time.time() if now is None else now)
    return {"type": "home", "blocks": blocks}


def _at_home(shown: RenderedDelivery, now: float) -> list[Block]:
    row, adapter, operation = shown
    said = words(row, adapter, operation, now)
    short = said._replace(body=cut(said.body, _LONGEST_AT_HOME))
    age = f"{duration(max(now - row.created_at, 1))} ago"
    opening = links(row, adapter)
    pressing = [*(opening if len(opening) > 1 else []), *_in_modal(row, adapter, operation)]
    return [
        {"type": "divider"},
        _section(_lines(short, _object(row), _left(row, adapter, operation)), opening),
        _context("; ".join(filter(None, (_origin(row, adapter, operation, age), doer(row))))),
        *row_of(pressing, f"{ACTIONS_BLOCK}.{row.key}"),
    ]


def _in_modal(row: Delivery, adapter: Adapter, operation: Operation) -> list[dict[str, Any]]:
    """Return the buttons without "by hand".

    That link belongs to the card, where everyone sees who took the delivery over.
    """
    return [
        button for button in buttons(row, adapter, operation) if button["action_id"] != "by_hand"
    ]


def _lines(said: Words, thing: str, left: str) -> str:
    """Return the headline, the object, the next step and the remaining work, in mrkdwn."""
    lines = [f":{said.symbol}: *{escape(said.headline)}*", thing, escape(said.body), left]
    return "\n".join(filter(None, lines))


def _left(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the remaining work, and who can see all this if not everyone can."""
    lines = [remaining(row, adapter, operation), PRIVATE if row.private else ""]
    return "\n".join(filter(None, lines))


def _object(row: Delivery) -> str:
    unnamed = "(the text was erased after some days)" if row.erased_at else "(no title)"
    name = escape(cut(row.vendor_object.get("title") or row.title or unnamed, _LONGEST_TITLE))
    reference = escape(cut(row.vendor_object.get("reference", ""), _LONGEST_TITLE))
    return f"{reference}  {name}" if reference else name


def _origin(row: Delivery, adapter: Adapter, operation: Operation, more: str) -> str:
    """Return the line with vendor, operation, owner of the object, and more."""
    owner = next(
        (
            it.label
            for name, it in row.selected.items()
            if name.startswith(("incidents/", "workflows/"))
        ),
        "",
    )
    to = f" in {escape(cut(owner, 100))}" if owner else ""
    return f"{adapter.label} {operation.label}{to}, {more}"


def _section(text: str, accessory: Sequence[Block] = ()) -> Block:
    """Return a section. A single button is placed beside the text."""
    block: Block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": cut(text, _LONGEST_SECTION)},
    }
    return {**block, "accessory": accessory[0]} if len(accessory) == 1 else block


def _header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}
