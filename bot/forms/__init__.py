"""Forms: a pydantic model in, a Slack modal out, and what was filled in back as the model."""

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
