"""A form with more fields than Slack takes in one view: which of them stand in it.

A workspace may have made itself any number of fields at its vendor. Slack refuses a view that has
too many, and then the person sees nothing at all. The numbers are from Slack's reference for views.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from bot.forms.custom_fields import BLOCK
from bot.forms.fields import Form
from bot.forms.render import Block
from bot.forms.shape import Place, places

BLOCKS = 100
VIEW_BYTES = 250_000
_AROUND_BYTES = 10_000
"""For what a view holds beside its blocks: the private metadata, the titles."""
_LINE_BYTES = 10_000
"""For the line that says what is left out."""


class Fitted(NamedTuple):
    """The blocks that stand in the view, in the form's order, and the fields that do not."""

    blocks: list[Block]
    left_out: list[Place]


def fitted(
    form: type[Form], prefix: str, blocks: Sequence[Block], others: Sequence[Block] = ()
) -> Fitted:
    """What of the form's rendered `blocks` fits into one view beside `others`; all, nearly always.

    First what has to be filled in, then what is filled in, then the form's own fields, then the
    workspace's own. Where something is left out there is room for a line more, which says so.
    """
    room, space = BLOCKS - len(others), VIEW_BYTES - _AROUND_BYTES - _size(others)
    if len(blocks) <= room and _size(blocks) <= space:
        return Fitted(list(blocks), [])
    known = {it.block_id: it for it in places(form, prefix)}
    ranks = [_rank(block, known[block["block_id"]]) for block in blocks]
    kept = _kept(blocks, ranks, room - 1, space - _LINE_BYTES)
    return Fitted(
        [block for index, block in enumerate(blocks) if index in kept],
        [known[block["block_id"]] for index, block in enumerate(blocks) if index not in kept],
    )


def _kept(blocks: Sequence[Block], ranks: Sequence[int], room: int, space: int) -> set[int]:
    """The indexes of the blocks that fit; where a large one does not, smaller ones after it may."""
    kept: set[int] = set()
    for index in sorted(range(len(blocks)), key=ranks.__getitem__):
        weight = _size(blocks[index]) + 2  # and what separates it from the next
        if len(kept) < room and weight <= space:
            kept.add(index)
            space -= weight
    return kept


def _rank(block: Block, place: Place) -> int:
    if place.field.required:
        return 0
    if any(name.startswith("initial_") for name in block["element"]):
        return 1
    return 3 if place.path[0] == BLOCK else 2


def _size(value: Any) -> int:
    """Its bytes as they go to Slack."""
    return len(json.dumps(value))
