"""Choose the fields that fit into one Slack view.

A workspace may have any number of custom fields at its vendor. Slack refuses a view with too many,
and then the person sees nothing at all. The numbers are from Slack's reference for views.
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
"""Bytes for the rest of a view: the private metadata, the titles."""
_LINE_BYTES = 10_000
"""Bytes for the line about the fields that are left out."""


class Fitted(NamedTuple):
    """The blocks that stand in the view, in the form's order, and the fields that do not fit."""

    blocks: list[Block]
    left_out: list[Place]


def fitted(
    form: type[Form], prefix: str, blocks: Sequence[Block], others: Sequence[Block] = ()
) -> Fitted:
    """Return the rendered `blocks` that fit into one view beside `others`: nearly always all.

    Required fields come first, then filled-in ones, then the form's own, then the workspace's own.
    If a field is left out, room is kept for a line about that.
    """
    room, space = BLOCKS - len(others), VIEW_BYTES - _AROUND_BYTES - _size(others)
    if len(blocks) <= room and _size(blocks) <= space:
        return Fitted(list(blocks), [])
    known = {place.block_id: place for place in places(form, prefix)}
    ranks = [_rank(block, known[block["block_id"]]) for block in blocks]
    kept = _kept(blocks, ranks, room - 1, space - _LINE_BYTES)
    return Fitted(
        [block for index, block in enumerate(blocks) if index in kept],
        [known[block["block_id"]] for index, block in enumerate(blocks) if index not in kept],
    )


def _kept(blocks: Sequence[Block], ranks: Sequence[int], room: int, space: int) -> set[int]:
    """Return the indexes of the blocks that fit.

    A large block may be skipped for smaller ones after it.
    """
    kept: set[int] = set()
    for index in sorted(range(len(blocks)), key=ranks.__getitem__):
        weight = _size(blocks[index]) + 2  # 2 bytes for the separator
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
    """Return the bytes of the value as JSON for Slack."""
    return len(json.dumps(value))
