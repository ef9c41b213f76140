"""The blocks that messages and views consist of, and the button that several of them have."""

from collections.abc import Sequence
from typing import Any

from bot.forms.render import SECTION, Block
from bot.forms.text import cut, plain_text

View = dict[str, Any]

_LONGEST_LABEL = 75


def section(text: str, block_id: str = "", accessory: Block | None = None) -> Block:
    """Return a section with this mrkdwn, cut to the length that Slack accepts."""
    return {
        "type": "section",
        **({"block_id": block_id} if block_id else {}),
        "text": {"type": "mrkdwn", "text": cut(text, SECTION)},
        **({"accessory": accessory} if accessory else {}),
    }


def header(text: str) -> Block:
    """Return a heading."""
    return {"type": "header", "text": plain_text(text)}


def context(text: str) -> Block:
    """Return a line of small text, in mrkdwn."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def button(action_id: str, label: str, **members: Any) -> Block:
    """Return a button. `members` are Slack's own, such as `value` and `url`."""
    return {
        "type": "button",
        "action_id": action_id,
        "text": plain_text(cut(label, _LONGEST_LABEL)),
        **members,
    }


def row_of(buttons: Sequence[Block], block_id: str) -> list[Block]:
    """Return a row of these buttons, or no block without buttons."""
    return [{"type": "actions", "block_id": block_id, "elements": list(buttons)}] if buttons else []
