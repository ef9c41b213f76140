"""A form that is longer than Slack's modals."""

from collections.abc import Sequence

from bot.adapters.base import Adapter
from bot.forms.render import Block
from bot.forms.text import cut, escape

LEFT_OUT_BLOCK = "left_out"
"""The section that names the fields for which there was no room."""
_MOST_NAMED = 10
_LONGEST_TITLE = 40


def left_out(titles: Sequence[str], adapter: Adapter) -> Block:
    """The line at the end of a form in which the fields with these titles found no room."""
    names = [f"*{escape(cut(' '.join(it.split()), _LONGEST_TITLE))}*" for it in titles[:_MOST_NAMED]]
    more = f" and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
    them = "it" if len(titles) == 1 else "them"
    text = (
        f":information_source: Slack has no room for more fields in one form. Left out: {', '.join(names)}{more}. You can set "
        f"{them} in {escape(adapter.label)} afterwards."
    )
    return {"type": "section", "block_id": LEFT_OUT_BLOCK, "text": {"type": "mrkdwn", "text": text}}


def no_room(adapter: Adapter) -> str:
    """Why there is no form at all, in mrkdwn: what has to be filled in is too much already."""
    return (
        f"{escape(adapter.label)} demands more fields here than Slack takes in one form, so I cannot show it, and nothing was "
        f"sent. Please do it in {escape(adapter.label)}; an admin there can make some of its own fields optional."
    )
