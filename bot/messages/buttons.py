"""The buttons below a delivery.

A button's value names the delivery and nothing more. Permission is checked when the button is
pressed.
"""

from typing import Any, NamedTuple

from bot.adapters.base import Adapter, Created, Operation
from bot.delivery import states
from bot.delivery.model import Delivery
from bot.delivery.states import Action
from bot.forms.render import Block
from bot.forms.text import cut, plain_text
from bot.messages.words import everything
from bot.workspace import Workspace

Button = dict[str, Any]

LONGEST_URL = 3000
MOST_LINKS = 5
_LONGEST_LABEL = 75


class Handle(NamedTuple):
    """The delivery that a button is about."""

    workspace: Workspace
    key: str

    @property
    def text(self) -> str:
        """The handle in a button's value and a receipt's metadata: "E1/T1/ir000000000001"."""
        return "/".join((*self.workspace, self.key))


def handle_of(row: Delivery) -> Handle:
    """Return the row's handle."""
    return Handle(row.workspace, row.key)


def read_handle(text: str) -> Handle | None:
    """Return the handle in `text`: the reverse of `Handle.text`. Return None for other text."""
    parts = text.split("/")
    return Handle(Workspace(parts[0], parts[1]), parts[2]) if len(parts) == 3 and parts[2] else None


def possible(row: Delivery) -> tuple[Action, ...]:
    """Return the action ids that a person may use on the row in its present state."""
    return states.offered(row)


def buttons(
    row: Delivery, adapter: Adapter, operation: Operation, by_hand: str = ""
) -> list[Button]:
    """Return the buttons for the row's possible actions.

    `by_hand` is the address of the vendor's own page, empty if unknown.
    """
    made = []
    for name in possible(row):
        if name == "by_hand" and row.state == "failed" and not _is_link(by_hand):
            # A missing address cannot be opened, and "Copy as text" is offered too.
            continue
        button: Button = {"type": "button", "action_id": name, "value": handle_of(row).text}
        button["text"] = plain_text(_label(name, row, operation))
        if name == "by_hand" and _is_link(by_hand):
            button["url"] = by_hand
        if confirm := _confirm(name, adapter):
            button["confirm"] = confirm
        made.append(button)
    return made


def links(row: Delivery, adapter: Adapter) -> list[Button]:
    """Return a link button for each created object that has a web address."""
    made = [created for created in everything(row) if _is_link(created.url)][:MOST_LINKS]
    return [
        {
            "type": "button",
            "action_id": f"open_{index}" if index else "open",
            "text": plain_text(_link_label(row, adapter, created, index)),
            "url": created.url,
        }
        for index, created in enumerate(made)
    ]


def row_of(elements: list[Button], block_id: str = "") -> list[Block]:
    """Return an actions block with these buttons, or no block without buttons."""
    if not elements:
        return []
    return [
        {"type": "actions", **({"block_id": block_id} if block_id else {}), "elements": elements}
    ]


def _link_label(row: Delivery, adapter: Adapter, created: Created, index: int) -> str:
    reference = " ".join(created.reference.split()) or f"no. {index + 1}"
    return cut(f"Open {reference if row.duplicates else f'in {adapter.label}'}", _LONGEST_LABEL)


def _label(name: str, row: Delivery, operation: Operation) -> str:
    called_off = row.state == "cancelled"
    return {
        "by_hand": "Declare it by hand" if operation.kind == "incident" else "Do it by hand",
        "cancel": "Cancel",
        "edit": "Edit and resend",
        "send_again": "Send again",
        "is_there": "It is there",
        "try_again": "Send it after all" if called_off else "Try again",
        "copy": "Copy as text",
        "finish": "Try again",
    }[name]


def _confirm(name: str, adapter: Adapter) -> Block | None:
    if name == "cancel":
        title, text = (
            "Cancel it?",
            f"It will not be sent to {adapter.label}. You can still send it after all.",
        )
        return _dialog(title, text, "Cancel it", "Keep it")
    if name == "send_again":
        title, text = (
            "Send it again?",
            f"If it is in {adapter.label} already, it will be there twice. Look there first.",
        )
        return _dialog(title, text, "Send again", "Back")
    return None


def _dialog(title: str, text: str, confirm: str, deny: str) -> Block:
    return {
        "title": plain_text(title),
        "text": plain_text(text),
        "confirm": plain_text(confirm),
        "deny": plain_text(deny),
    }


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= LONGEST_URL
