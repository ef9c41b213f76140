"""The walk through the texts: every state, reason and refusal that can occur, rendered.

`rendered` yields each text of a delivery by name. Others add their texts as a function that yields
(name, rendered): the tests and the documentation of messages walk through `WALKS`.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bot import messages
from bot.messages.finding import finding, taken_over
from tests.messages.cases import cases
from tests.messages.parts import NOTES, NOW, ROW

Rendered = dict[str, Any]
PAGE = "https://notes.example.com/"


def rendered() -> Iterator[tuple[str, Rendered]]:
    """Yield the card, the receipt and the Home of each state, and what is read in passing."""
    for name, shown in cases():
        yield f"{name}: card", messages.card(*shown, page=PAGE)
        yield f"{name}: receipt", messages.receipt(*shown)
        yield f"{name}: home", messages.home([shown], {}, NOW)
        yield f"{name}: too late", messages.told(messages.meanwhile(*shown))
        if shown.row.state == "rejected":
            block = messages.refused(*shown)
            yield f"{name}: form", messages.told("") | {"blocks": [block]}
    for decision in ("is_there", "by_hand"):
        yield f"naming: {decision}", finding(ROW, *NOTES, decision)
    yield "naming: taken over", taken_over(NOTES[0], PAGE)
    yield "copy as text", messages.copied(ROW, *NOTES)
    yield "home, empty", messages.home([], {"/incident": "declares an incident"}, NOW)


WALKS: Sequence[Callable[[], Iterator[tuple[str, Rendered]]]] = (rendered,)


def texts_of(value: Any) -> Iterator[str]:
    """Yield every text of a message or a view, at any depth."""
    if isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "text" and isinstance(each, str):
                yield each
            else:
                yield from texts_of(each)
