"""The windows in which a person says that an object is there, or was made by hand."""

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.delivery.states import Decision
from bot.forms.render import modal
from bot.forms.text import escape, plain_text
from bot.language import _
from bot.messages.blocks import View, button, row_of, section
from bot.messages.buttons import LOOK, Handle, is_link

FINDING = "finding"
"""The prefix of the callback id. The decision follows: "finding:is_there"."""
REFERENCE_BLOCK = "reference"
REFERENCE_ACTION = "typed"
_LONGEST_REFERENCE = 500


def finding(row: Delivery, adapter: Adapter, operation: Operation, decision: Decision) -> View:
    """Return the window: what the decision does, and a field for the object's reference."""
    vendor = adapter.label
    if decision == "is_there":
        title, submit = _("It's there"), _("It's there")
        text = _("We'll mark this as created in {vendor}, and won't send it again.")
    else:
        title, submit = _("I did it by hand"), _("Stop sending")
        text = _("We'll stop sending this to {vendor}. It may already be there.")
    blocks = [section(escape(text.format(vendor=vendor)))]
    if example := adapter.example_of_reference(operation.name):
        hint = _("For example {example}. Leave it empty if you don't have one.")
        blocks.append(
            {
                "type": "input",
                "block_id": REFERENCE_BLOCK,
                "optional": True,
                "label": plain_text(_("Reference or link in {vendor}").format(vendor=vendor)),
                "hint": plain_text(hint.format(example=example)),
                "element": {
                    "type": "plain_text_input",
                    "action_id": REFERENCE_ACTION,
                    "max_length": _LONGEST_REFERENCE,
                },
            }
        )
    return modal(
        callback_id=f"{FINDING}:{decision}",
        title=title,
        submit=submit,
        close=_("Back"),
        blocks=blocks,
        private_metadata=Handle(row.workspace, row.key).text,
    )


def taken_over(adapter: Adapter, page: str) -> View:
    """Return the window after somebody took a delivery over, with the link to do it."""
    text = _("It's yours now. We won't send it to {vendor}.").format(vendor=adapter.label)
    link = [button(LOOK, _("Open {vendor}").format(vendor=adapter.label), url=page)]
    return modal(
        callback_id="taken_over",
        title=_("Do it by hand"),
        submit=None,
        close=_("Close"),
        blocks=[section(escape(text)), *row_of(link if is_link(page) else [], "page")],
        private_metadata="",
    )


def names_nothing(adapter: Adapter, operation: Operation) -> str:
    """Return the error for a text that is no reference and no link of the vendor."""
    return _("Type a reference such as {example}, or paste a link from {vendor}.").format(
        example=adapter.example_of_reference(operation.name), vendor=adapter.label
    )


def not_found(adapter: Adapter) -> str:
    """Return the error for a reference that the vendor does not have, or does not show."""
    return _("{vendor} doesn't show this to our API key. Check the reference.").format(
        vendor=adapter.label
    )


def not_asked(adapter: Adapter) -> str:
    """Return the error where the vendor cannot be asked for the reference."""
    return _("We can't ask {vendor} right now. Leave this empty, or try again.").format(
        vendor=adapter.label
    )
