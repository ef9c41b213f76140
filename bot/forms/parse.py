"""Parse a person's input: return the form's model, or sentences about errors beside their fields.

`state_values` is `view["state"]["values"]` of a submission or a block action, as plain dicts: block
id -> {"value": element state}. Nothing in it is trusted: a payload of any shape gives a form or a
`FormError`, nothing else.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.errors import FormError
from bot.forms.fields import Form
from bot.forms.files import names_or_text, problem
from bot.forms.sentences import NOT_CHOSEN, complaint, early_complaint
from bot.forms.shape import Field, Place, nested_prefix, places, shape
from bot.forms.text import cut, humanise, is_blank

FormT = TypeVar("FormT", bound=Form)
Path = tuple[str, ...]
"""A field's dotted name in parts: ("task_params", "to")."""

NOTICE = "-"
"""The value of an option that is no entry, but a note why there are none."""
LONGEST_ERROR = 600
"""Characters of an error. The limit is ours.

Slack shows an error below its field, and a longer one would push the form off the screen.
"""


def read(form: type[Form], prefix: str, state_values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input so far by field name, unvalidated.

    Fields that are not on the screen are left out. A nested form is a dict. A text is as typed. A
    select gives its value, people and entries give ids, a date and time has a time zone. Text that
    should be a number and is none stays a text, and so does "ID, name". A file gives its text, or a
    list of the chosen names if no text is fetched. A blank field gives None, [] or False. `render`
    takes the result as its `values`.
    """
    typed: dict[str, Any] = {}
    for field in shape(form):
        if field.form is not None:
            if nested := read(field.form, nested_prefix(prefix, field), state_values):
                typed[field.name] = nested
        elif f"{prefix}.{field.name}" in _mapping(state_values):
            typed[field.name] = _typed(field, element_of(state_values, f"{prefix}.{field.name}"))
    return typed


def parse(form: type[FormT], prefix: str, state_values: Mapping[str, Any]) -> FormT:
    """Return the filled-in form. Raises `FormError` with a sentence for each block to correct.

    A blank field gets its default, unless its type has a blank value of its own (None, "", [],
    False).
    """
    found = ((each.path, _early(each, state_values)) for each in places(form, prefix))
    early = {path: sentence for path, sentence in found if sentence is not None}
    complaints = list(early.items())
    try:
        filled = form.model_validate(_given(form, read(form, prefix, state_values), early))
    except ValidationError as error:
        complaints += _complaints(form, prefix, error, early)
        raise FormError(_placed(form, prefix, state_values, complaints)) from error
    if complaints:
        raise FormError(_placed(form, prefix, state_values, complaints))
    return filled


def place(
    form: type[Form],
    prefix: str,
    state_values: Mapping[str, Any],
    fields: Mapping[str, str],
    sentence: str = "",
) -> dict[str, str]:
    """Return a vendor's complaints by block id, for an answer with errors.

    `fields` maps dotted field names to the vendor's words, `sentence` belongs to no field. A
    complaint about a field that is not on the screen, or not in the form, goes to the first input
    and begins with the field's title.
    """
    complaints = [
        (tuple(name.split(".")), text.strip() or "This was not accepted.")
        for name, text in fields.items()
    ]
    if sentence.strip():
        complaints.append(((), sentence.strip()))
    return _placed(form, prefix, state_values, complaints)


def _placed(
    form: type[Form],
    prefix: str,
    state_values: Mapping[str, Any],
    complaints: Iterable[tuple[Path, str]],
) -> dict[str, str]:
    """Return the complaints by the block in which a person can correct them, one a line."""
    known = {each.path: each for each in places(form, prefix)}
    screen = _mapping(state_values)
    blocks = (each.block_id for each in known.values() if each.field.form is None)
    first = _first_block(known.values(), screen) or next(
        (name for name in (*screen, *blocks) if isinstance(name, str)), prefix
    )
    found: dict[str, list[str]] = {}
    for path, text in complaints:
        block_id = _block_of(known, path, screen)
        title = "" if block_id or not path else _title(known, path)
        sentence = f"{title}: {text}" if title else text
        sentences = found.setdefault(block_id or first, [])
        if sentence not in sentences:
            sentences.append(sentence)
    return {
        block_id: cut("\n".join(sentences), LONGEST_ERROR) for block_id, sentences in found.items()
    }


def _block_of(known: Mapping[Path, Place], path: Path, screen: Mapping[str, Any]) -> str | None:
    """Return the block for a complaint about that name, or None if it is not on the screen."""
    nearest = _nearest(known, path)
    if nearest is None or (nearest.field.form is not None and nearest.path != path):
        return None
    return _first_block(
        (each for each in known.values() if each.path[: len(nearest.path)] == nearest.path), screen
    )


def _first_block(among: Iterable[Place], screen: Mapping[str, Any]) -> str | None:
    return next(
        (each.block_id for each in among if each.field.form is None and each.block_id in screen),
        None,
    )


def _nearest(known: Mapping[Path, Place], path: Path) -> Place | None:
    """Return the field of that name, or the field that the name is a part of (`emails.2`)."""
    return next((known[path[:end]] for end in range(len(path), 0, -1) if path[:end] in known), None)


def _title(known: Mapping[Path, Place], path: Path) -> str:
    nearest = _nearest(known, path)
    if nearest is None or (nearest.field.form is not None and nearest.path != path):
        return humanise(path[len(nearest.path) if nearest else 0])
    return nearest.field.title


def _complaints(
    form: type[Form], prefix: str, error: ValidationError, early: Collection[Path]
) -> Iterator[tuple[Path, str]]:
    """Yield pydantic's errors as sentences.

    Values that are known to be wrong were not validated. An error about one of them, or about the
    form as a whole, is therefore skipped.
    """
    known = {each.path: each for each in places(form, prefix)}
    for detail in error.errors(include_url=False):
        path = tuple(str(part) for part in detail["loc"])
        if early and (detail["type"] == "wrong_field" or _held_back(known, path, early)):
            continue
        if detail["type"] == "wrong_field":
            named = tuple(detail["ctx"]["field"].split("."))
            path = named if (*path, *named) not in known and named in known else (*path, *named)
        nearest = _nearest(known, path)
        yield path, complaint(nearest.field if nearest else None, detail)


def _held_back(known: Mapping[Path, Place], path: Path, early: Collection[Path]) -> bool:
    nearest = _nearest(known, path)
    return nearest is None or nearest.field.form is not None or nearest.path in early


def _given(
    form: type[Form], typed: Mapping[str, Any], early: Collection[Path], path: Path = ()
) -> dict[str, Any]:
    """Return the values to validate: without blank fields and without values known to be wrong."""
    given: dict[str, Any] = {}
    for field in shape(form):
        here = (*path, field.name)
        if field.form is not None:
            nested = typed.get(field.name, {})
            if field.required or _has_answer(nested):
                given[field.name] = _given(field.form, nested, early, here)
        elif field.name in typed and here not in early:
            given |= _answer(field, typed[field.name])
    return given


def _answer(field: Field, value: Any) -> dict[str, Any]:
    """Return {name: value} for the field.

    A blank field gives None or an empty value if its type and bounds allow that. Otherwise the
    result is empty, and the field gets its default.
    """
    if value not in (None, []) and not (isinstance(value, str) and is_blank(value)):
        return {field.name: value}
    if field.required:
        return {}
    if field.nullable:
        return {field.name: None}
    if field.bounds.min_length or not field.default():
        return {}
    if field.listed:
        return {field.name: []}
    return (
        {field.name: ""}
        if field.kind in ("text", "lookup", "person", "conversation", "user_group")
        else {}
    )


def _has_answer(typed: Any) -> bool:
    return (
        any(_has_answer(each) for each in typed.values())
        if isinstance(typed, dict)
        else bool(typed)
    )


def chosen(
    state_values: Mapping[str, Any], block_id: str, action_id: str = "value"
) -> dict[str, str]:
    """Return the chosen options of the select in that block: value -> label.

    Empty if there is none.
    """
    element = element_of(state_values, block_id, action_id)
    named = [
        (option.get("value"), _mapping(option.get("text")).get("text"))
        for option in _options(element)
    ]
    return {
        value: str(label or value)
        for value, label in named
        if isinstance(value, str) and value != NOTICE
    }


def conversations(
    state_values: Mapping[str, Any], block_id: str, action_id: str = "value"
) -> list[str]:
    """Return the ids of the conversations picked in that block."""
    return _picked(element_of(state_values, block_id, action_id), "conversation")


def people(state_values: Mapping[str, Any], block_id: str) -> list[str]:
    """Return the Slack ids of the people picked in that block."""
    return _picked(element_of(state_values, block_id), "user")


def _early(place: Place, state_values: Mapping[str, Any]) -> str | None:
    element = element_of(state_values, place.block_id)
    if place.field.kind in ("lookup", "user_group"):
        return NOT_CHOSEN if NOTICE in _selected(element) else None
    if place.field.kind == "file" and (sentence := problem(element)):
        return sentence
    typed = _typed(place.field, element)
    return early_complaint(place.field, typed) if isinstance(typed, str) and typed.strip() else None


def _typed(field: Field, element: Mapping[str, Any]) -> Any:
    match field.kind:
        case "text" | "json" | "url" | "email" | "named":
            return _string(element.get("value"))
        case "lines" | "named_lines":
            return _pieces(element.get("value"), r"\n")
        case "emails":
            return _pieces(element.get("value"), r"[\n,;]")
        case "int" | "float":
            return _number(element.get("value"), field.kind)
        case "select":
            return _one_or_all(
                field, [field.options.get(each, each) for each in _selected(element)]
            )
        case "lookup" | "user_group":
            return _one_or_all(field, [each for each in _selected(element) if each != NOTICE])
        case "person":
            return _one_or_all(field, _picked(element, "user"))
        case "conversation":
            return _one_or_all(field, _picked(element, "conversation"))
        case "date":
            return _date(element.get("selected_date"))
        case "datetime":
            return _point_in_time(element.get("selected_date_time"))
        case "check":
            return "yes" in _selected(element)
        case "tick":
            return True if "yes" in _selected(element) else None
        case "file":
            return names_or_text(element)
        case "form":
            return None


def _mapping(value: Any) -> Mapping[str, Any]:
    # JSON gives a dict. The check for a dict is much faster than the one for a Mapping.
    return value if isinstance(value, dict | Mapping) else {}


def element_of(
    state_values: Mapping[str, Any], block_id: str, action_id: str = "value"
) -> Mapping[str, Any]:
    """Return the state of the element in that block; empty if there is none."""
    return _mapping(_mapping(_mapping(state_values).get(block_id)).get(action_id))


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _strings(values: Any) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


def _pieces(value: Any, separator: str) -> list[str]:
    return [piece.strip() for piece in re.split(separator, _string(value) or "") if piece.strip()]


def _selected(element: Mapping[str, Any]) -> list[str]:
    return _strings([option.get("value") for option in _options(element)])


def _options(element: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the chosen options of an element for one or several."""
    several = element.get("selected_options")
    options = [element.get("selected_option"), *(several if isinstance(several, list) else [])]
    return [_mapping(option) for option in options]


def _picked(element: Mapping[str, Any], what: str) -> list[str]:
    return _strings([element.get(f"selected_{what}")]) + _strings(element.get(f"selected_{what}s"))


def _one_or_all(field: Field, values: list[Any]) -> Any:
    return values if field.many else values[0] if values else None


def _number(value: Any, kind: str) -> int | float | str | None:
    text = _string(value)
    if text is None or is_blank(text):
        return None
    try:
        number = int(text) if kind == "int" else float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _date(value: Any) -> date | str | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return _string(value)


def _point_in_time(value: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, tz=UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
