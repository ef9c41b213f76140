"""What a person wrote, given back: as text to copy, and beside the vendor's words when it is to be
corrected."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.forms.fields import USER_GROUPS, Choice, Conversation, Lookup, UserGroup
from bot.forms.render import TEXT_INPUT, Block, modal
from bot.forms.shape import Field, Place, key, places
from bot.forms.text import cut, escape, humanise
from bot.messages.problems import sentence

View = dict[str, Any]

REFUSAL_BLOCK = "refusal"
"""The section with the vendor's words, which a form keeps while it is redrawn."""
MOST_PARTS = 6
"""A view may weigh 250 KB."""
_LONGEST_REFUSAL = 3000
_LONGEST_TITLE = 100
_LONGEST_PROBLEM = 300
_LONGEST_REMAINING = 2000


def contents(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """The filled-in fields, one a line: "Severity: SEV1". What pickers showed stands in place of
    ids."""
    answers = [
        (it.field, _in_words(it.field, _value(row.payload, it.path), row))
        for it in _leaves(row, adapter, operation)
    ]
    lines = [
        f"{it.title}:\n{text}\n" if "\n" in text else f"{it.title}: {text}"
        for it, text in answers
        if text
    ]
    return "\n".join(lines).strip()


def copied(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """A modal with the text in it, ready to be selected, and a line where a modal cannot hold all
    of it. Slack wants a submit button below inputs: it only closes."""
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
    """The line above a text of which not all is shown."""
    text = (
        f":scissors: This is the beginning: {MOST_PARTS * TEXT_INPUT:,} of {length:,} characters, "
        "all that Slack has room for. "
        f"Whoever runs this bot can print the rest: `python -m bot deliveries {row.key}`."
    )
    return {"type": "section", "block_id": "beginning", "text": {"type": "mrkdwn", "text": text}}


def refused(row: Delivery, adapter: Adapter, operation: Operation) -> Block:
    """The vendor's words, by field, on top of the form that is to be corrected."""
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
    """A vendor's refusal beside a field, in plain text, with who says so."""
    named = words.startswith(
        adapter.label.partition(" ")[0]
    )  # "Acme has no ...": nobody is named twice
    return words if named else f"{adapter.label} says: {words}"


def remaining(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """What of it is not set at the vendor although it exists, field by field, in mrkdwn; empty when
    everything is."""
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
    """What people call the fields of the row's form, by their dotted names."""
    return {".".join(it.path): it.field.title for it in _leaves(row, adapter, operation)}


def needs_more(row: Delivery, adapter: Adapter, operation: Operation) -> bool:
    """Whether a field that only "More fields" shows was filled in, or refused."""
    return any(
        ".".join(it.path) in row.field_errors or _filled(it.field, _value(row.payload, it.path))
        for it in _leaves(row, adapter, operation)
        if it.field.advanced
    )


def _leaves(row: Delivery, adapter: Adapter, operation: Operation) -> Iterator[Place]:
    """Every field of the row's form that holds a value of its own."""
    form = operation.form_for(row.branch or None, row.custom)
    return (
        it for it in places(form, f"{adapter.vendor}.{operation.name}") if it.field.form is None
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
