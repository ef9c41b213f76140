"""Sentences for values that do not fit, in plain words, with what to do."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from bot.forms.fields import Json
from bot.forms.shape import Field
from bot.forms.text import cut

REQUIRED = "Please fill this in."
NOT_CHOSEN = "That was a note, not an entry. Take it out, and choose one from the list."

_NOT_A: Mapping[str, str] = {
    "int": "That is not a whole number.",
    "float": "That is not a number.",
    "date": "That is not a date.",
    "datetime": "That is not a date and time.",
}
_LIQUID = re.compile(r"\{\{[^{}\n]*\}\}")
_JSON_KINDS: Mapping[type, str] = {
    dict: "an object: {...}",
    list: "a list: [...]",
    str: 'a text in quotes: "..."',
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}
_LIMITS: Mapping[str, str] = {
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "multiple_of": "This must be a multiple of {multiple_of}.",
}


def early_complaint(field: Field, text: str) -> str | None:
    """Return what is wrong with a text before it is validated, or None.

    The text may be no number, or no JSON.
    """
    if field.kind in ("int", "float"):
        return _NOT_A[field.kind]
    marker = field.marker(Json)
    return None if marker is None else _liquid_or_json(text, marker)


def _liquid_or_json(text: str, marker: Json) -> str | None:
    """Check JSON that may hold Liquid.

    A value in Liquid is replaced by a number, which is valid inside a text and outside one. A text
    with tags ({% if ... %}), or of Liquid alone, cannot be checked yet.
    """
    if not marker.liquid or not ("{{" in text or "{%" in text):
        return json_complaint(text, marker.kind)
    if "{%" in text or _LIQUID.fullmatch(text.strip()):
        return None
    return json_complaint(_LIQUID.sub(lambda match: "0".ljust(len(match[0])), text), marker.kind)


def json_complaint(text: str, kind: type | None = None) -> str | None:
    """Return what is wrong with a text that must be JSON, with line and column, or None."""
    try:
        value = strict_json(text)
    except ValueError as error:
        return str(error)
    if kind is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return None
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return None
    return f"This must be {_JSON_KINDS.get(kind, kind.__name__)}"


def strict_json(text: str) -> Any:
    """Return the value of a JSON text. Raises `ValueError` with a sentence for a person.

    It is stricter than Python's parser: no NaN or Infinity, no name twice in one object, no number
    beyond the range of a float.
    """
    try:
        return json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            object_pairs_hook=_without_duplicates,
        )
    except json.JSONDecodeError as error:
        curly = (
            ' Use straight quotes (") instead of curly ones.' if set(text) & set("“”„‟″") else ""
        )
        place = f"Line {error.lineno}, column {error.colno}"
        raise ValueError(f"{place}: {_lower(error.msg)}.{curly}") from None
    except _RefusedError:
        raise
    except ValueError:  # Python refuses to read an integer of more than 4300 digits
        raise ValueError("A number in this is too long.") from None
    except RecursionError:
        raise ValueError("This is nested too deeply.") from None


def complaint(field: Field | None, detail: Mapping[str, Any]) -> str:
    """Return the sentence for one of pydantic's error details.

    `field` is None if the error concerns the form as a whole.
    """
    context: Mapping[str, Any] = detail.get("ctx", {})
    # One of the form's own validators raised this.
    if detail["type"] in ("value_error", "assertion_error") and "error" in context:
        return _sentence(str(context["error"]))
    if words := _LIMITS.get(detail["type"]):
        return words.format(**{name: _round(value) for name, value in context.items()})
    return (
        _by_type(detail["type"], detail["input"], context)
        or (field and _by_kind(field, detail))
        or _sentence(detail["msg"])
    )


def _by_kind(field: Field, detail: Mapping[str, Any]) -> str | None:
    """Return the sentence for an error of the field's type.

    These errors have many names (`date_from_datetime_parsing`, `url_scheme`), but one meaning.
    """
    value = _shortened(detail["input"])
    error: str = detail["type"]
    if field.kind in ("email", "emails") and error == "value_error":
        return f"That is not an e-mail address: {value}"
    if field.kind == "url" and error.startswith("url_"):
        return f"That is not a web address: {value}. It begins with https:// or http://."
    if field.kind in _NOT_A and error.startswith(
        ("int_", "float_", "finite_", "date_", "datetime_")
    ):
        return _NOT_A[field.kind]
    return None


def _by_type(error: str, value: Any, context: Mapping[str, Any]) -> str | None:
    match error:
        case "missing":
            return REQUIRED
        case "string_too_short":
            length = len(str(value).strip())
            return f"At least {_characters(context['min_length'])}; this has {length}."
        case "string_too_long" | "url_too_long":
            length = len(str(value).strip())
            return f"At most {_characters(context['max_length'])}; this has {length}."
        case "too_short":
            return f"At least {context['min_length']} are needed; this has {len(value)}."
        case "too_long":
            return f"At most {context['max_length']} are possible; this has {len(value)}."
        case "string_pattern_mismatch":
            return f"This has to match the pattern {context['pattern']}"
        case "literal_error" | "enum":
            return f"That is not one of the choices: {_shortened(value)}"
        case "wrong_field":
            return str(context["sentence"])
    return None


class _RefusedError(ValueError):
    """JSON that Python reads and other parsers refuse."""


def _no_constant(name: str) -> Any:
    raise _RefusedError(f"{name} is not a JSON value.")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _RefusedError(f"The number {_shortened(digits)} is too large.")
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RefusedError(f'"{_shortened(name)}" stands twice in the same object.')
        found[name] = value
    return found


def _round(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _shortened(value: Any) -> str:
    return cut(" ".join(str(value).split()), 60)


def _characters(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sentence(text: str) -> str:
    text = text.strip() or "This does not fit"
    first = text.partition(" ")[0]
    if first.isalpha():  # a name out of the value, such as task_routing.filters, keeps its case
        text = text[:1].upper() + text[1:]
    return text + ("" if text.endswith((".", "!", "?", "…")) else ".")
