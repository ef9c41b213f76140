"""The submitted values of a delivery, as text to copy and for correction after a refusal."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.elements import TEXT_INPUT
from bot.forms.fields import USER_GROUPS, Choice, Conversation, Lookup, UserGroup
from bot.forms.render import Block, modal
from bot.forms.shape import Field, Place, key, places
from bot.forms.text import cut, escape, humanise
from bot.messages.problems import sentence

View = dict[str, Any]

REFUSAL_BLOCK = "refusal"
"""The section with the vendor's refusal. A form keeps the section while it is redrawn."""
MOST_PARTS = 6
"""Largest number of text parts in a view. Slack's limit for a view is 250 KB."""
_LONGEST_REFUSAL = 3000
_LONGEST_TITLE = 100
_LONGEST_PROBLEM = 300
_LONGEST_REMAINING = 2000


def contents(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the filled-in fields, one a line: "Severity: SEV1". Labels of pickers replace ids."""
    answers = [
        (place.field, _in_words(place.field, _value(row.payload, place.path), row))
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
    parts = [text[start : start + TEXT_INPUT] for start in range(0, len(text), TEXT_INPUT)]
    blocks: list[Block] = []
    if len(parts) > MOST_PARTS:
        parts = parts[:MOST_PARTS]
        blocks.append(_beginning(len(text), row))
    blocks += [
        {
            "type": "input",
            "block_id": f"part.{number}",
            "optional": True,
            "label": {
                "type": "plain_text",
                "text": "Text" if len(parts) == 1 else f"Text, part {number} of {len(parts)}",
            },
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
        blocks=blocks,
        private_metadata="",
    )


def _beginning(length: int, row: Delivery) -> Block:
    """Return the note above a text that is cut off."""
    text = (
        f":scissors: This is the beginning: {MOST_PARTS * TEXT_INPUT:,} of {length:,} characters, "
        "all that Slack has room for. "
        f"Whoever runs this bot can print the rest: `python -m bot deliveries {row.key}`."
    )
    return {"type": "section", "block_id": "beginning", "text": {"type": "mrkdwn", "text": text}}


def refused(row: Delivery, adapter: Adapter, operation: Operation) -> Block:
    """Return the section with the vendor's refusal, by field. A form to correct has it on top."""
    lines = [f":no_entry: *{escape(adapter.label)} did not accept this:*"]
    if row.error_details:
        lines.append(escape(sentence(row.error_details, adapter.label)))
    known = titles(row, adapter, operation)
    lines += [
        f"• *{escape(known.get(name) or _last(name))}*: {escape(said)}"
        for name, said in row.field_errors.items()
    ]
    if len(lines) == 1:
        lines.append("It gave no reason.")
    text = cut("\n".join(lines), _LONGEST_REFUSAL)
    return {"type": "section", "block_id": REFUSAL_BLOCK, "text": {"type": "mrkdwn", "text": text}}


def says(adapter: Adapter, words: str) -> str:
    """Return a vendor's refusal of one field, in plain text, with the vendor's name."""
    named = words.startswith(
        adapter.label.partition(" ")[0]
    )  # "Acme has no ...": nobody is named twice
    return words if named else f"{adapter.label} says: {words}"


def remaining(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return the fields that are not set yet although the object exists at the vendor, in mrkdwn.

    Return an empty string if every field is set.
    """
    if not row.follow_up_steps:
        return ""
    known = titles(row, adapter, operation)
    names = {
        name: f"*{escape(cut(known.get(name) or _last(name), _LONGEST_TITLE))}*"
        for name in row.follow_up_steps
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


def titles(row: Delivery, adapter: Adapter, operation: Operation) -> dict[str, str]:
    """Return the titles of the fields of the row's form, by dotted name."""
    return {".".join(place.path): place.field.title for place in _leaves(row, adapter, operation)}


def needs_more(row: Delivery, adapter: Adapter, operation: Operation) -> bool:
    """Return whether a field below "More fields" was filled in or refused."""
    return any(
        ".".join(it.path) in row.field_errors or _filled(it.field, _value(row.payload, it.path))
        for it in _leaves(row, adapter, operation)
        if it.field.advanced
    )


def _leaves(row: Delivery, adapter: Adapter, operation: Operation) -> Iterator[Place]:
    """Return every field of the row's form that has a value of its own."""
    form = operation.form_for(row.branch or None, row.custom)
    return (
        place
        for place in places(form, f"{adapter.vendor}.{operation.name}")
        if place.field.form is None
    )


def _value(payload: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = payload
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _filled(field: Field, value: Any) -> bool:
    if value in (None, "", [], False):
        return False
    default = field.default()
    return default is None or value not in (default, key(default))


def _in_words(field: Field, value: Any, row: Delivery) -> str:
    if value in (None, "", [], False):
        return ""
    values = value if isinstance(value, list) else [value]
    return ("\n" if field.kind in ("lines", "emails") else ", ").join(
        _word(field, each, row) for each in values
    )


def _word(field: Field, value: Any, row: Delivery) -> str:
    if lookup := field.marker(Lookup):
        entry = row.selected.get(f"{lookup.catalog}/{value}")
        return entry.label if entry else str(value)
    if field.marker(Conversation):
        entry = row.selected.get(f"conversations/{value}")
        return f"#{entry.label}" if entry else str(value)
    if field.marker(UserGroup):
        entry = row.selected.get(f"{USER_GROUPS}/{value}")
        return entry.label if entry else str(value)
    if field.kind == "select":
        choice = field.marker(Choice)
        return (choice.labels.get(str(value)) if choice else None) or humanise(str(value))
    return "yes" if value is True else str(value)


def _last(name: str) -> str:
    return humanise(name.rpartition(".")[2]) or "It"
