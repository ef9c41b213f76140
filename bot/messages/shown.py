"""A delivery as people see it: on a card, in a modal's receipt, on App Home."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.render import Block, modal
from bot.forms.text import cut, duration, escape
from bot.messages.blocks import View, context, header, row_of, section
from bot.messages.buttons import Handle, buttons, links
from bot.messages.contents import remaining
from bot.messages.words import Words, doer, title, words

ACTIONS_BLOCK = "delivery"
"""The block with the buttons of a card or a receipt."""
ON_HOME = 20
"""Number of deliveries on a person's App Home."""
_LONGEST_TITLE = 300
_LONGEST_AT_HOME = 300


class RenderedDelivery(NamedTuple):
    """A delivery with the adapter and operation that made it."""

    row: Delivery
    adapter: Adapter
    operation: Operation


def receipt(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """Return the receipt, which replaces the form in the modal. It can be redrawn at any time."""
    pressing = [*links(row, adapter), *_in_modal(row, adapter, operation)]
    text = _text(row, adapter, operation, words(row, adapter, operation))
    return modal(
        callback_id="receipt",
        title=title(operation),
        submit=None,
        close="Done",
        blocks=[section(text), *row_of(pressing, ACTIONS_BLOCK)],
        private_metadata=Handle(row.workspace, row.key).text,
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
    beside, below = _split(links(row, adapter))
    blocks = [
        section(_text(row, adapter, operation, said), accessory=beside),
        *row_of([*below, *buttons(row, adapter, operation, by_hand)], ACTIONS_BLOCK),
        _origin(row, adapter, operation, f"by <@{row.actor}>"),
    ]
    return {"text": escape(cut(text, _LONGEST_TITLE)), "blocks": blocks}


PRIVATE = ":lock: Private. Only you can see this in Slack."
WITHDRAWN = "This has been made private: what became of it is told to who sent it."


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
    blocks = [header("Tools of this workspace"), *tools] if tools else []
    blocks.append(header("What you sent from Slack"))
    if not deliveries:
        hints = "\n".join(f"• `{command}`: {what}" for command, what in commands.items())
        blocks.append(section(f"Nothing yet. Type one of these in any channel:\n{hints}"))
    for delivery in deliveries[:ON_HOME]:
        blocks += _at_home(delivery, time.time() if now is None else now)
    return {"type": "home", "blocks": blocks}


def _at_home(shown: RenderedDelivery, now: float) -> list[Block]:
    row, adapter, operation = shown
    said = words(row, adapter, operation, now)
    short = said._replace(body=cut(said.body, _LONGEST_AT_HOME))
    age = f"{duration(max(now - row.created_at, 1))} ago"
    beside, below = _split(links(row, adapter))
    return [
        {"type": "divider"},
        section(_text(row, adapter, operation, short), accessory=beside),
        _origin(row, adapter, operation, age),
        *row_of([*below, *_in_modal(row, adapter, operation)], f"{ACTIONS_BLOCK}.{row.key}"),
    ]


def _in_modal(row: Delivery, adapter: Adapter, operation: Operation) -> list[Block]:
    """Return the buttons without "by hand".

    That link belongs to the card, where everyone sees who took the delivery over.
    """
    return [
        button for button in buttons(row, adapter, operation) if button["action_id"] != "by_hand"
    ]


def _split(links: Sequence[Block]) -> tuple[Block | None, Sequence[Block]]:
    """Return the link beside the text if there is only one, and the links below it if more."""
    return (links[0], ()) if len(links) == 1 else (None, links)


def _text(row: Delivery, adapter: Adapter, operation: Operation, said: Words) -> str:
    """Return the headline, the object, the next step, the remaining work, and who can see all this
    if not everyone can, in mrkdwn."""
    unnamed = "(the text was erased after some days)" if row.erased_at else "(no title)"
    name = escape(cut(row.vendor_object.get("title") or row.title or unnamed, _LONGEST_TITLE))
    reference = escape(cut(row.vendor_object.get("reference", ""), _LONGEST_TITLE))
    lines = [
        f":{said.symbol}: *{escape(said.headline)}*",
        f"{reference}  {name}" if reference else name,
        escape(said.body),
        remaining(row, adapter, operation),
        PRIVATE if row.private else "",
    ]
    return "\n".join(filter(None, lines))


def _origin(row: Delivery, adapter: Adapter, operation: Operation, more: str) -> Block:
    """Return the line with vendor, operation, owner of the object, `more`, and who acted last."""
    owners = (
        entry.label
        for name, entry in row.selected.items()
        if name.startswith(("incidents/", "workflows/"))
    )
    owner = next(owners, "")
    to = f" in {escape(cut(owner, 100))}" if owner else ""
    origin = f"{adapter.label} {operation.label}{to}, {more}"
    return context("; ".join(filter(None, (origin, doer(row)))))
