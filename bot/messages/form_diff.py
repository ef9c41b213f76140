"""The line on top of a redrawn form: what is different, or why nothing is."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.forms.render import Block
from bot.forms.text import cut, escape
from bot.messages.blocks import section

CHANGE_BLOCK = "change"
"""The section with that line. It stays until the form is drawn again."""
_LONGEST_TITLE = 100
_LONGEST_ANSWER = 300
_MOST_DROPPED = 8


class Dropped(NamedTuple):
    """A field that the form no longer has: its title, and its answer if that is text."""

    title: str
    answer: str


def changed(
    *,
    demanded: Sequence[str] = (),
    dropped: Sequence[Dropped] = (),
    chosen_in: str = "",
    sent: bool,
) -> Block:
    """Return the section that lists the differences.

    - `demanded` are the titles of fields that are required now.
    - `dropped` are the fields that are gone.
    - `chosen_in` is the title of the field whose new answer asked for another form.
    - `sent` is set if the person had submitted the form and has to do so again.
    """
    lines = (
        [f"It is now the one for what you chose in *{escape(cut(chosen_in, _LONGEST_TITLE))}*."]
        if chosen_in
        else []
    )
    if demanded:
        names = ", ".join(f"*{escape(cut(title, _LONGEST_TITLE))}*" for title in demanded)
        lines.append(f"{names} {'has' if len(demanded) == 1 else 'have'} to be filled in now.")
    lines += [_gone(field) for field in dropped[:_MOST_DROPPED]]
    if len(dropped) > _MOST_DROPPED:
        lines.append(f"So are {len(dropped) - _MOST_DROPPED} more fields.")
    if sent:
        lines.append("Nothing was sent. Please look at it and submit it again.")
    text = "\n".join([":information_source: *The form has changed.*", *lines])
    return section(text, CHANGE_BLOCK)


def turned_down(reason: str) -> Block:
    """Return the section that explains why the newly selected form is not shown."""
    text = f":warning: *The form stays as it was, so that nothing is lost.*\n{escape(reason)}"
    return section(text, CHANGE_BLOCK)


def _gone(field: Dropped) -> str:
    answer = escape(cut(" ".join(field.answer.split()), _LONGEST_ANSWER))
    stood = f" You had answered: {answer}" if answer else " What stood there is left out."
    return (
        f"*{escape(cut(field.title, _LONGEST_TITLE))}* is gone: there is no "
        f"such field any more.{stood}"
    )
