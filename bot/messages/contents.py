"""The submitted values of a delivery, as text to copy and for correction after a refusal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.elements import TEXT_INPUT
from bot.forms.fields import USER_GROUPS, Choice, Lookup
from bot.forms.render import Block, modal
from bot.forms.shape import Field, Kind, Place, places
from bot.forms.text import cut, escape, humanise, plain_text
from bot.messages.blocks import View, section
from bot.messages.words import sentence

REFUSAL_BLOCK = "refusal"
"""The section with the vendor's refusal. A form keeps the section while it is redrawn."""
MOST_PARTS = 6
"""Largest number of text parts in a view. Slack's limit for a view is 250 KB."""
_CATALOGS: Mapping[Kind, str] = {"conversation": "conversations", "user_group": USER_GROUPS}
"""The names of Slack's own lists in `Draft.selected`, by the kind of the field."""
_LONGEST_TITLE = 100
_LONGEST_PROBLEM = 300
_LONGEST_REMAINING = 2000


def contents(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the filled-in fields, one a line: "Severity: SEV1". Labels of pickers replace ids."""
    answers = [
        (place.field, _in_words(place.field, place.value(row.payload), row))
        for place in _leaves(row, adapter, operation)
    ]
    lines = [
        f"{field.title}:\n{text}\n" if "\n" in text else f"{field.title}: {text}"
        for field, text in answers
        if text
    ]
    return "\n".join(lines).strip()


def copied(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """Return a modal with the text, ready to be selected.

    A text too long for a modal is cut off, with a note. The submit button only closes the modal:
    Slack demands one in a view with inputs.
    """
    text = contents(row, adapter, operation) or row.title or "(nothing was filled in)"
    most = MOST_PARTS * TEXT_INPUT
    note = (
        f":scissors: This is the beginning: {most:,} of {len(text):,} characters, all that Slack "
        "has room for. Whoever runs this bot can print the rest: "
        f"`python -m bot deliveries {row.key}`."
    )
    starts = range(0, min(len(text), most), TEXT_INPUT)
    parts = [text[start : start + TEXT_INPUT] for start in starts]
    inputs = [
        {
            "type": "input",
            "block_id": f"part.{number}",
            "optional": True,
            "label": plain_text(
                "Text" if len(parts) == 1 else f"Text, part {number} of {len(parts)}"
            ),
            "element": {
                "type": "plain_text_input",
                "action_id": "text",
                "multiline": True,
                "initial_value": part,
            },
        }
        for number, part in enumerate(parts, start=1)
    ]
    return modal(
        callback_id="copied",
        title="Copy as text",
        submit="Done",
        close="Close",
        blocks=[*([section(note, "beginning")] if len(text) > most else []), *inputs],
        private_metadata="",
    )


def refused(row: Delivery, adapter: Adapter, operation: Operation) -> Block:
    """Return the section with the vendor's refusal, by field. A form to correct has it on top."""
    lines = [f":no_entry: *{escape(adapter.label)} did not accept this:*"]
    if row.error_details:
        lines.append(escape(sentence(row.error_details, adapter.label)))
    titles = _titles(row, adapter, operation, row.field_errors)
    lines += [
        f"• *{escape(titles[name])}*: {escape(said)}" for name, said in row.field_errors.items()
    ]
    if len(lines) == 1:
        lines.append("It gave no reason.")
    return section("\n".join(lines), REFUSAL_BLOCK)


def says(adapter: Adapter, words: str) -> str:
    """Return a vendor's refusal of one field, in plain text, with the vendor's name."""
    # "Acme has no ...": nobody is named twice.
    named = words.startswith(adapter.label.partition(" ")[0])
    return words if named else f"{adapter.label} says: {words}"


def remaining(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the fields that are not set yet although the object exists at the vendor, in mrkdwn.

    Return an empty string if every field is set.
    """
    if not row.follow_up_steps:
        return ""
    names = {
        name: f"*{escape(cut(title, _LONGEST_TITLE))}*"
        for name, title in _titles(row, adapter, operation, row.follow_up_steps).items()
    }
    lines = [
        f"{names[name]} is not set: {escape(cut(sentence(why, adapter.label), _LONGEST_PROBLEM))}"
        for name, why in row.follow_up_steps.items()
        if why
    ]
    if waiting := [names[name] for name, why in row.follow_up_steps.items() if not why]:
        lines.append(
            f"Still to be set: {', '.join(waiting)}. I am at it; there is nothing for you to do."
        )
    return cut("\n".join(lines), _LONGEST_REMAINING)


def _titles(
    row: Delivery, adapter: Adapter, operation: Operation, names: Iterable[str]
) -> dict[str, str]:
    """Return the titles of these fields of the row's form, which are given by dotted name."""
    known = {".".join(place.path): place.field.title for place in _leaves(row, adapter, operation)}
    return {name: known.get(name) or humanise(name.rpartition(".")[2]) or "It" for name in names}


def needs_more(row: Delivery, adapter: Adapter, operation: Operation) -> bool:
    """Return whether a field below "More fields" was refused. One that was filled in is on the
    first screen by itself."""
    return any(
        ".".join(place.path) in row.field_errors
        for place in _leaves(row, adapter, operation)
        if place.field.advanced
    )


def _leaves(row: Delivery, adapter: Adapter, operation: Operation) -> Iterator[Place]:
    """Return every field of the row's form that has a value of its own."""
    form = operation.form_for(row.branch or None, row.custom)
    return (
        place
        for place in places(form, f"{adapter.vendor}.{operation.name}")
        if place.field.form is None
    )


def _in_words(field: Field, value: Any, row: Delivery) -> str:
    if value in (None, "", [], False):
        return ""
    values = value if isinstance(value, list) else [value]
    return ("\n" if field.kind in ("lines", "emails") else ", ").join(
        _word(field, each, row) for each in values
    )


def _word(field: Field, value: Any, row: Delivery) -> str:
    lookup = field.marker(Lookup)
    if catalog := lookup.catalog if lookup else _CATALOGS.get(field.kind):
        entry = row.selected.get(f"{catalog}/{value}")
        sign = "#" if entry and field.kind == "conversation" else ""
        return f"{sign}{entry.label if entry else value}"
    if field.kind == "select":
        choice = field.marker(Choice)
        return (choice.labels.get(str(value)) if choice else None) or humanise(str(value))
    return "yes" if value is True else str(value)
