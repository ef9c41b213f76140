"""A delivery as people see it: on a card, in a modal's receipt, on App Home."""

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.render import Block, modal
from bot.forms.text import cut, escape
from bot.language import _
from bot.messages.blocks import View, context, header, row_of, section
from bot.messages.buttons import Handle, buttons, links
from bot.messages.contents import answers, complaints, remaining
from bot.messages.text import clock, escaped
from bot.messages.words import Words, doer, title, words

ACTIONS_BLOCK = "delivery"
"""The block with the buttons of a card or a receipt."""
ON_HOME = 20
"""Number of deliveries on a person's App Home."""
_LONGEST_TITLE = 300
_LONGEST_REFUSAL = 1200
_LONGEST_SUMMARY = 300
_LONGEST_FACT = 75
_SUMMARY_LINES = 3
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,}")


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
        close=_("Done"),
        blocks=[section(text), *row_of(pressing, ACTIONS_BLOCK)],
        private_metadata=Handle(row.workspace, row.key).text,
    )


def card(row: Delivery, adapter: Adapter, operation: Operation, page: str = "") -> dict[str, Any]:
    """Return the message in the channel: {"text", "blocks"}.

    `page` is the vendor's page where people look whether the object exists, empty if unknown.
    """
    said = words(row, adapter, operation)
    reference = row.vendor_object.get("reference", "")
    name = f"{reference} {row.title}".strip()
    text = f"{said.headline}: {name}" if name else said.headline
    beside, below = _split(links(row, adapter))
    blocks = [
        section(_text(row, adapter, operation, said), accessory=beside),
        *row_of([*below, *buttons(row, adapter, operation, page)], ACTIONS_BLOCK),
        who_and_where(row, adapter, operation),
    ]
    return {"text": escape(cut(text, _LONGEST_TITLE)), "blocks": blocks}


def withdrawn() -> str:
    """Return what a card says after its object became private."""
    return _("This is private now. We told the result to the person who sent it.")


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
    blocks = [header(_("Tools of this workspace")), *tools] if tools else []
    blocks.append(header(_("What you sent from Slack")))
    if not deliveries:
        hints = "\n".join(f"• `{command}`: {what}" for command, what in commands.items())
        nothing = _("Nothing yet. Type one of these in any channel:")
        blocks.append(section(f"{nothing}\n{hints}"))
    for delivery in deliveries[:ON_HOME]:
        blocks += _at_home(delivery, time.time() if now is None else now)
    return {"type": "home", "blocks": blocks}


def _at_home(shown: RenderedDelivery, now: float) -> list[Block]:
    row, adapter, operation = shown
    said = words(row, adapter, operation, now)
    when = _("Sent {time}").format(time=clock(row.created_at, now))
    beside, below = _split(links(row, adapter))
    return [
        {"type": "divider"},
        section(_text(row, adapter, operation, said), accessory=beside),
        _origin(row, adapter, operation, when),
        *row_of([*below, *_in_modal(row, adapter, operation)], f"{ACTIONS_BLOCK}.{row.key}"),
    ]


def _in_modal(row: Delivery, adapter: Adapter, operation: Operation) -> list[Block]:
    """Return the buttons without "by hand".

    That belongs to the card, where everyone sees who took the delivery over.
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
    unnamed = _("(We deleted the text after some days)") if row.erased_at else _("(No title)")
    name = escaped(row.vendor_object.get("title") or row.title or unnamed, _LONGEST_TITLE)
    reference = escaped(row.vendor_object.get("reference", ""), _LONGEST_TITLE)
    refusal = complaints(row, adapter, operation) if row.state == "rejected" else []
    lines = [
        f":{said.symbol}: *{escape(said.headline)}*",
        f"{reference}  {name}" if reference else name,
        *_announcement(row, adapter, operation),
        said.body if row.state != "rejected" else "",
        cut("\n".join(refusal), _LONGEST_REFUSAL),
        said.body if row.state == "rejected" else "",
        remaining(row, adapter, operation),
        _(":lock: Private. Only you can see this in Slack.") if row.private else "",
    ]
    return "\n".join(filter(None, lines))


def _announcement(row: Delivery, adapter: Adapter, operation: Operation) -> list[str]:
    """Return what people want to know of a created object: how bad it is, its status, the first
    lines of its text, and its own channel."""
    if row.state != "delivered" or row.erased_at:
        return []
    facts = answers(row, adapter, operation, operation.announced)
    if status := row.vendor_object.get("status", ""):
        facts[_("Status")] = status
    lines = [
        " · ".join(
            f"*{escaped(name, _LONGEST_FACT)}*: {escaped(value, _LONGEST_FACT)}"
            for name, value in facts.items()
        )
    ]
    form = operation.form_for(row.branch or None, row.custom)
    text = row.payload.get(form.details or "")
    if isinstance(text, str):
        first = [line.strip() for line in text.splitlines() if line.strip()][:_SUMMARY_LINES]
        lines += [f"> {line}" for line in escaped("\n".join(first), _LONGEST_SUMMARY).splitlines()]
    if _CHANNEL.fullmatch(channel := row.vendor_object.get("channel", "")):
        lines.append(_("Incident channel: {channel}").format(channel=f"<#{channel}>"))
    return lines


def who_and_where(row: Delivery, adapter: Adapter, operation: Operation) -> Block:
    """Return the line with vendor, operation, owner of the object, and who submitted it."""
    return _origin(row, adapter, operation, _who(row, operation))


def _who(row: Delivery, operation: Operation) -> str:
    """Return who submitted it, in mrkdwn."""
    person = f"<@{row.actor}>"
    if row.state == "delivered" and operation.kind == "incident":
        return _("Declared by {person}").format(person=person)
    return _("From {person}").format(person=person)


def _origin(row: Delivery, adapter: Adapter, operation: Operation, more: str) -> Block:
    """Return the line with vendor, operation, owner of the object, `more`, and who acted last."""
    owners = (
        entry.label
        for name, entry in row.selected.items()
        if name.startswith(("incidents/", "workflows/"))
    )
    owner = next(owners, "")
    what = f"{adapter.label} {operation.label}"
    if owner:
        what = _("{what} in {owner}").format(what=what, owner=escaped(owner, 100))
    by = f"<@{row.changed_by}>" if _SLACK_ID.fullmatch(row.changed_by) else _("your bot admin")
    return context(" · ".join(filter(None, (what, more, doer(row, by)))))
