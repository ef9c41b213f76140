"""The submitted values of a delivery, as text to copy and for correction after a refusal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.base import Adapter, Operation
from bot.delivery.model import Delivery
from bot.delivery.problems import Words
from bot.forms.elements import TEXT_INPUT
from bot.forms.fields import USER_GROUPS, Choice, Lookup
from bot.forms.render import Block, modal
from bot.forms.shape import Field, Kind, Place, places
from bot.forms.text import cut, escape, humanise, plain_text
from bot.language import Sentence, _
from bot.messages.blocks import View, section
from bot.messages.text import escaped, full_stop
from bot.messages.words import says, sentence

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


def answers(
    row: Delivery, adapter: Adapter, operation: Operation, names: Sequence[str]
) -> dict[str, str]:
    """Return the values of these fields of the form, as people read them, by the field's title."""
    found = {
        place.field.title: _in_words(place.field, place.value(row.payload), row)
        for place in _leaves(row, adapter, operation)
        if ".".join(place.path) in names
    }
    return {title: value for title, value in found.items() if value}


def copied(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """Return a modal with the text, ready to be selected.

    A text too long for a modal is cut off, with a note. The submit button only closes the modal:
    Slack demands one in a view with inputs.
    """
    text = contents(row, adapter, operation) or row.title or _("(Nothing was filled in)")
    most = MOST_PARTS * TEXT_INPUT
    note = _(
        ":scissors: These are the first {most} of {count} characters. Your bot admin can print the "
        "rest with `{command}`."
    ).format(
        most=format(most, ","),
        count=format(len(text), ","),
        command=f"python -m bot deliveries {row.key}",
    )
    starts = range(0, min(len(text), most), TEXT_INPUT)
    parts = [text[start : start + TEXT_INPUT] for start in starts]
    inputs = [
        {
            "type": "input",
            "block_id": f"part.{number}",
            "optional": True,
            "label": plain_text(
                _("Text")
                if len(parts) == 1
                else _("Text, part {number} of {count}").format(number=number, count=len(parts))
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
        title=_("Copy as text"),
        submit=_("Done"),
        close=_("Close"),
        blocks=[*([section(note, "beginning")] if len(text) > most else []), *inputs],
        private_metadata="",
    )


def refused(row: Delivery, adapter: Adapter, operation: Operation) -> Block:
    """Return the section with the refusal, by field. A form to correct has it on top."""
    if row.reason == "not_asked":
        headline = _("This needs a change:")
    else:
        headline = _("{vendor} didn't accept this:").format(vendor=adapter.label)
    lines = [f":no_entry: *{escape(headline)}*", *complaints(row, adapter, operation)]
    return section("\n".join(lines), REFUSAL_BLOCK)


def complaints(row: Delivery, adapter: Adapter, operation: Operation) -> list[str]:
    """Return why the row was refused, a line for each reason, in mrkdwn: the vendor's words after
    its name, and ours without."""
    vendor = adapter.label
    lines = list(filter(None, [escape(why_refused(row, vendor))]))
    titles = _titles(row, adapter, operation, row.field_errors)
    for name, words in row.field_errors.items():
        heading = escaped(titles[name], _LONGEST_TITLE)
        lines.append(f"• *{heading}*: {escape(complaint(words, vendor, row.reason))}")
    if not lines and not row.erased_at and row.reason != "not_asked":
        lines.append(escape(says(vendor, "")))
    return lines


def why_refused(row: Delivery, vendor: str) -> str:
    """Return what is said of no field in particular, in plain text; empty if nothing is."""
    if row.reason != "not_asked" and row.error_details.get("code") == "said":
        return says(vendor, row.error_details["words"])
    return sentence(row.error_details, vendor)


def complaint(words: Words, vendor: str, reason: str) -> str:
    """Return what is said of one field, in plain text. The vendor's words get its name."""
    if isinstance(words, Sentence) or reason == "not_asked":
        return full_stop(cut(str(words), _LONGEST_PROBLEM))
    return says(vendor, words)


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
    unset = _("{field} isn't set. {reason}")
    lines = [
        unset.format(field=names[name], reason=escape(sentence(why, adapter.label)))
        for name, why in row.follow_up_steps.items()
        if why
    ]
    if waiting := [names[name] for name, why in row.follow_up_steps.items() if not why]:
        lines.append(_("We're still setting {fields}.").format(fields=", ".join(waiting)))
    return cut("\n".join(lines), _LONGEST_REMAINING)


def _titles(
    row: Delivery, adapter: Adapter, operation: Operation, names: Iterable[str]
) -> dict[str, str]:
    """Return the titles of these fields of the row's form, which are given by dotted name."""
    known = {".".join(place.path): place.field.title for place in _leaves(row, adapter, operation)}
    return {name: known.get(name) or humanise(name.rpartition(".")[2]) or _("It") for name in names}


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
    return _("yes") if value is True else str(value)
