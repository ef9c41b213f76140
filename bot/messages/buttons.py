"""The buttons below a delivery.

A button's value names the delivery and nothing more. Permission is checked when the button is
pressed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from bot.adapters.base import Adapter, Created, Operation
from bot.delivery.model import Delivery
from bot.delivery.states import Action, may_exist, offered
from bot.forms.render import Block
from bot.forms.text import plain_text
from bot.language import N_, _
from bot.messages.blocks import button
from bot.messages.words import everything
from bot.workspace import Workspace

LONGEST_URL = 3000
MOST_LINKS = 5
LOOK = "open_vendor"
"""The link to the place where people look whether the object exists."""
_LABELS: Mapping[Action, str] = {
    "by_hand": N_("Do it by hand"),
    "cancel": N_("Cancel"),
    "edit": N_("Edit and resend"),
    "send_again": N_("Send again"),
    "is_there": N_("It's there"),
    "try_again": N_("Try again"),
    "copy": N_("Copy as text"),
    "finish": N_("Try again"),
}
_CANCEL = (
    N_("Cancel it?"),
    N_("We won't send it to {vendor}. You can still send it later."),
    N_("Cancel it"),
    N_("Keep it"),
)
_STOP = (
    N_("Stop sending it?"),
    N_("We'll stop sending it. It may already be in {vendor}, and cancelling doesn't remove it."),
    N_("Stop sending"),
    N_("Keep it"),
)
_SEND_AGAIN = (
    N_("Send it again?"),
    N_("If it's already in {vendor}, this creates a second one. Look there first."),
    N_("Send again"),
    N_("Back"),
)
"""The question before an action: title, text, and the labels of yes and no."""


class Handle(NamedTuple):
    """The delivery that a button is about."""

    workspace: Workspace
    key: str

    @property
    def text(self) -> str:
        """The handle in a button's value and a receipt's metadata: "E1/T1/ir000000000001"."""
        return "/".join((*self.workspace, self.key))


def read_handle(text: str) -> Handle | None:
    """Return the handle in `text`: the reverse of `Handle.text`. Return None for other text."""
    parts = text.split("/")
    return Handle(Workspace(parts[0], parts[1]), parts[2]) if len(parts) == 3 and parts[2] else None


def buttons(row: Delivery, adapter: Adapter, operation: Operation, page: str = "") -> list[Block]:
    """Return the buttons for the row's possible actions.

    `page` is the address of the vendor's own page, empty if unknown. It is a link where people have
    to look whether the object exists.
    """
    value = Handle(row.workspace, row.key).text
    made = []
    if wants_look(row) and is_link(page):
        made.append(button(LOOK, _("Open {vendor}").format(vendor=adapter.label), url=page))
    made += [
        button(
            action,
            _label(action, row, operation),
            value=value,
            **_confirm(action, row, adapter),
        )
        for action in offered(row)
    ]
    return made


def wants_look(row: Delivery) -> bool:
    """Return whether people may have to look at the vendor whether the object exists."""
    return may_exist(row) and bool(offered(row)) and not row.vendor_object.get("id")


def links(row: Delivery, adapter: Adapter) -> list[Block]:
    """Return a link button for each created object that has a web address."""
    linked = [created for created in everything(row) if is_link(created.url)][:MOST_LINKS]
    return [
        button(
            f"open_{index}" if index else "open",
            _link_label(row, adapter, created, index),
            url=created.url,
        )
        for index, created in enumerate(linked)
    ]


def _link_label(row: Delivery, adapter: Adapter, created: Created, index: int) -> str:
    if not row.duplicates:
        return _("Open in {vendor}").format(vendor=adapter.label)
    reference = " ".join(created.reference.split()) or _("number {count}").format(count=index + 1)
    return _("Open {reference}").format(reference=reference)


def _label(action: Action, row: Delivery, operation: Operation) -> str:
    if action == "by_hand" and may_exist(row):
        return _("I did it by hand")
    if action == "by_hand" and operation.kind == "incident":
        return _("Declare it by hand")
    if action == "try_again" and row.state == "cancelled":
        return _("Send anyway")
    return _(_LABELS[action])


def _confirm(action: Action, row: Delivery, adapter: Adapter) -> Block:
    if action == "cancel":
        question = _STOP if may_exist(row) else _CANCEL
    elif action == "send_again" or (action == "try_again" and may_exist(row)):
        question = _SEND_AGAIN
    else:
        return {}
    texts = (plain_text(_(text).format(vendor=adapter.label)) for text in question)
    return {"confirm": dict(zip(("title", "text", "confirm", "deny"), texts, strict=True))}


def is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL
