"""The buttons below a delivery.

A button's value names the delivery and nothing more. Permission is checked when the button is
pressed.
"""

from collections.abc import Mapping
from typing import NamedTuple

from bot.adapters.base import Adapter, Created, Operation
from bot.delivery.model import Delivery
from bot.delivery.states import Action, offered
from bot.forms.render import Block
from bot.forms.text import plain_text
from bot.messages.blocks import button
from bot.messages.words import everything
from bot.workspace import Workspace

LONGEST_URL = 3000
MOST_LINKS = 5
_LABELS: Mapping[Action, str] = {
    "by_hand": "Do it by hand",
    "cancel": "Cancel",
    "edit": "Edit and resend",
    "send_again": "Send again",
    "is_there": "It is there",
    "try_again": "Try again",
    "copy": "Copy as text",
    "finish": "Try again",
}
_CONFIRM: Mapping[Action, tuple[str, str, str, str]] = {
    "cancel": (
        "Cancel it?",
        "It will not be sent to {vendor}. You can still send it after all.",
        "Cancel it",
        "Keep it",
    ),
    "send_again": (
        "Send it again?",
        "If it is in {vendor} already, it will be there twice. Look there first.",
        "Send again",
        "Back",
    ),
}
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


def buttons(
    row: Delivery, adapter: Adapter, operation: Operation, by_hand: str = ""
) -> list[Block]:
    """Return the buttons for the row's possible actions.

    `by_hand` is the address of the vendor's own page, empty if unknown.
    """
    value = Handle(row.workspace, row.key).text
    made = []
    for action in offered(row):
        has_page = action == "by_hand" and _is_link(by_hand)
        if action == "by_hand" and row.state == "failed" and not has_page:
            # A missing address cannot be opened, and "Copy as text" is offered too.
            continue
        members = {"url": by_hand} if has_page else _confirm(action, adapter)
        made.append(button(action, _label(action, row, operation), value=value, **members))
    return made


def links(row: Delivery, adapter: Adapter) -> list[Block]:
    """Return a link button for each created object that has a web address."""
    linked = [created for created in everything(row) if _is_link(created.url)][:MOST_LINKS]
    return [
        button(
            f"open_{index}" if index else "open",
            _link_label(row, adapter, created, index),
            url=created.url,
        )
        for index, created in enumerate(linked)
    ]


def _link_label(row: Delivery, adapter: Adapter, created: Created, index: int) -> str:
    reference = " ".join(created.reference.split()) or f"no. {index + 1}"
    return f"Open {reference if row.duplicates else f'in {adapter.label}'}"


def _label(action: Action, row: Delivery, operation: Operation) -> str:
    if action == "by_hand" and operation.kind == "incident":
        return "Declare it by hand"
    if action == "try_again" and row.state == "cancelled":
        return "Send it after all"
    return _LABELS[action]


def _confirm(action: Action, adapter: Adapter) -> Block:
    if action not in _CONFIRM:
        return {}
    texts = (plain_text(text.format(vendor=adapter.label)) for text in _CONFIRM[action])
    return {"confirm": dict(zip(("title", "text", "confirm", "deny"), texts, strict=True))}


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL
