"""Forms: from a pydantic model to a Slack modal, and from the person's input back to the model.

Begin with `fields`, which shows how a form is declared.
"""

from bot.forms.parse import parse, place, read
from bot.forms.render import Block, Labels, chooser, has_more, modal, more_block, notice, render
from bot.forms.text import cut, escape, plain

__all__ = [
    "Block",
    "Labels",
    "chooser",
    "cut",
    "escape",
    "has_more",
    "modal",
    "more_block",
    "notice",
    "parse",
    "place",
    "plain",
    "read",
    "render",
]
