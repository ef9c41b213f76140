"""The rows of one modal with several items, as people see them: on one card, and in the receipt."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.forms.render import Block, modal
from bot.forms.text import cut, escape
from bot.language import _, ngettext
from bot.messages.blocks import View, context, row_of, section
from bot.messages.buttons import Handle, buttons, links
from bot.messages.contents import complaints
from bot.messages.shown import ACTIONS_BLOCK, RenderedDelivery, who_and_where
from bot.messages.text import escaped
from bot.messages.words import words

_LONGEST_TITLE = 150
_LONGEST_REFUSAL = 300
_LONGEST_BODY = 600


def batch_card(rows: Sequence[RenderedDelivery], pages: Mapping[str, str]) -> dict[str, Any]:
    """Return the card of a batch: {"text", "blocks"}. The first row owns the card.

    `pages` are the vendor's pages where people look whether an object exists, by the row's key.
    """
    owner = rows[0].row
    blocks = [section(f"*{escape(_headline(rows))}*")]
    for shown in rows:
        row = shown.row
        pressing = buttons(row, shown.adapter, shown.operation, pages.get(row.key, ""))
        blocks += _line(shown, owner.private)
        if not row.private or owner.private:
            blocks += row_of(pressing, f"{ACTIONS_BLOCK}.{row.key}")
    blocks.append(who_and_where(*rows[0]))
    return {"text": escape(_headline(rows)), "blocks": blocks}


def brief_batch_card(rows: Sequence[RenderedDelivery]) -> dict[str, Any]:
    """Return the card of a batch for channels that people of another organisation may read."""
    sent = context(
        _("We sent the details to <@{person}> directly.").format(person=rows[0].row.actor)
    )
    headline = _headline(rows)
    return {"text": escape(headline), "blocks": [section(f"*{escape(headline)}*"), sent]}


def batch_receipt(rows: Sequence[RenderedDelivery]) -> View:
    """Return the receipt, which replaces the form in the modal."""
    blocks: list[Block] = [section(f"*{escape(_headline(rows))}*")]
    for shown in rows:
        blocks += _line(shown, True)
    if not all(shown.row.settled for shown in rows):
        blocks.append(context(_("The card shows each result when it arrives.")))
    owner = rows[0].row
    return modal(
        callback_id="receipt",
        title=_("Action items"),
        submit=None,
        close=_("Done"),
        blocks=blocks,
        private_metadata=Handle(owner.workspace, owner.key).text,
    )


def _headline(rows: Sequence[RenderedDelivery]) -> str:
    count, label = len(rows), rows[0].adapter.label
    made = sum(shown.row.state == "delivered" for shown in rows)
    if made == count:
        return ngettext(
            "{count} action item created in {vendor}", "{count} action items created in {vendor}",
            count,
        ).format(count=count, vendor=label)  # fmt: skip
    return ngettext(
        "{made} of {count} action item created in {vendor}",
        "{made} of {count} action items created in {vendor}",
        count,
    ).format(made=made, count=count, vendor=label)


def _line(shown: RenderedDelivery, may_read: bool) -> list[Block]:
    """Return the line of an item: its state, its title, and what can be done about it."""
    row, adapter, operation = shown
    if row.private and not may_read:
        private = _("Private. Only the person who sent it can see it.")
        return [section(f":lock: {private}")]
    said = words(row, adapter, operation)
    unnamed = _("(We deleted the text after some days)") if row.erased_at else _("(No title)")
    title = escaped(row.vendor_object.get("title") or row.title or unnamed, _LONGEST_TITLE)
    reference = escaped(row.vendor_object.get("reference", ""), _LONGEST_TITLE)
    is_made = row.state == "delivered"
    refusal = complaints(row, adapter, operation) if row.state == "rejected" else []
    lines = [
        f":{said.symbol}: {title}  {reference}".rstrip(),
        "" if is_made else escape(said.headline),
        cut("\n".join(refusal), _LONGEST_REFUSAL),
        "" if is_made else cut(said.body, _LONGEST_BODY),
    ]
    link = next(iter(links(row, adapter)), None)
    return [section("\n".join(filter(None, lines)), accessory=link)]


def too_many_items(most: int, left_out: int) -> Block:
    """Return the line in the form that says how many items of the message are not in it."""
    text = ngettext(
        "A form holds {most} items. {count} more isn't included.",
        "A form holds {most} items. {count} more aren't included.",
        left_out,
    ).format(most=most, count=left_out)
    return section(f":information_source: {text}", "left_out")


def items_help() -> Block:
    """Return the line in the form that says how to leave an item out."""
    return context(_("Clear an item to leave it out. Each item gets the link to this message."))
