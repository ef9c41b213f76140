"""Differences between a form as it was drawn and as it is now.

The workspace's custom fields come and go while somebody types.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot import messages
from bot.adapters.base import Operation
from bot.forms.custom_fields import BLOCK
from bot.forms.fields import Form
from bot.forms.parse import chosen, element_of
from bot.forms.render import CHOOSER_TITLE, Block
from bot.forms.shape import places
from bot.language import _
from handlers.modal import ModalState, branch_field
from handlers.view_state import Screen, screen_of


def since_drawn(form: type[Form], state: ModalState, view: Mapping[str, Any]) -> Block | None:
    """Return the line that tells how `form` differs from the submitted view, or None.

    A required field may be new, so the screen has no input for it. A field with an answer may be
    gone, so its answer would be lost.
    """
    screen = screen_of(view)
    demanded = [
        place.field.title
        for place in places(form, state.operation)
        if place.path[0] == BLOCK
        and place.field.form is None
        and place.field.required
        and place.block_id not in screen
    ]
    dropped = list(_dropped(form, state, view, screen))
    return (
        messages.changed(demanded=demanded, dropped=dropped, sent=True)
        if demanded or dropped
        else None
    )


def dropped_by(form: type[Form], state: ModalState, view: Mapping[str, Any]) -> Block | None:
    """Return the line that lists the answers lost by a redraw of the same operation, or None."""
    found = list(_dropped(form, state, view, screen_of(view)))
    return messages.changed(dropped=found, sent=False) if found else None


def another_form(operation: Operation, drawn: ModalState, asked_for: ModalState) -> Block:
    """Return the line that explains why another form than the submitted one is drawn."""
    title = (
        branch_field(operation).title
        if drawn.operation == asked_for.operation and operation.branches is not None
        else _(CHOOSER_TITLE)
    )
    return messages.changed(chosen_in=title, sent=True)


def _dropped(
    form: type[Form], state: ModalState, view: Mapping[str, Any], screen: Screen
) -> Iterator[messages.Dropped]:
    """Yield the custom fields that have an answer in the view but are gone from the form."""
    known = {place.block_id for place in places(form, state.operation)}
    for block in view.get("blocks") or []:
        name, label = str(block.get("block_id")), block.get("label")
        element = element_of(screen, name)
        answers = [value for member, value in element.items() if member != "type"]
        is_gone = name.startswith(f"{state.operation}.{BLOCK}.") and name not in known
        if is_gone and any(value not in (None, "", []) for value in answers):
            title = label.get("text") if isinstance(label, dict) else ""
            yield messages.Dropped(str(title or name), _in_words(screen, name, element))


def _in_words(screen: Screen, name: str, element: Mapping[str, Any]) -> str:
    """Return the answer as text.

    People and channels give an empty string: the view holds only their ids.
    """
    if words := chosen(screen, name):
        return ", ".join(words.values())
    if isinstance(seconds := element.get("selected_date_time"), int) and 0 < seconds < 10**10:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    answer = element.get("value") or element.get("selected_date")
    return answer if isinstance(answer, str) else ""
