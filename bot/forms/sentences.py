"""Sentences for values that do not fit, in plain words, with what to do."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from bot.forms.fields import Json
from bot.forms.shape import Field, Kind
from bot.forms.text import cut
from bot.language import N_, _, ngettext

NOT_CHOSEN = N_("Choose an item from the list.")
NOT_FITTING = N_("This value doesn't fit. Change it.")
"""The sentence for an error that concerns no field, and that none of our own sentences is about."""

WANTED: Mapping[Kind, str] = {
    "text": N_("Fill this in."),
    "lines": N_("Type one value a line."),
    "emails": N_("Type e-mail addresses such as ann@example.com, one a line."),
    "json": N_("Type JSON here."),
    "named": N_("Type the ID, then a comma and the name."),
    "named_lines": N_("Type an ID, a comma and a name on each line."),
    "select": N_("Choose one of the options."),
    "lookup": NOT_CHOSEN,
    "person": N_("Choose a person."),
    "conversation": N_("Choose a channel."),
    "user_group": N_("Choose a user group."),
    "date": N_("Choose a date."),
    "datetime": N_("Choose a date and a time."),
    "int": N_("Type a whole number, such as 5."),
    "float": N_("Type a number, such as 2.5."),
    "check": N_("Tick or clear this box."),
    "tick": N_("Tick this box."),
    "url": N_("Type a web address that begins with https:// or http://."),
    "email": N_("Type an e-mail address such as ann@example.com."),
    "file": N_("Choose a file."),
    "form": N_("Fill in this part of the form."),
}
"""The advice beside an empty field, by the field's kind."""

_LIQUID = re.compile(r"\{\{[^{}\n]*\}\}")
_JSON_KINDS: Mapping[type, str] = {
    dict: N_("This isn't a JSON object. Begin with a brace, and end with one."),
    list: N_("This isn't a JSON list. Begin with a square bracket, and end with one."),
    str: N_("This isn't JSON text. Put it in straight double quotes."),
    bool: N_("Type true or false."),
    int: N_("Type a whole number, such as 5."),
    float: N_("Type a number, such as 2.5."),
    type(None): N_("Type null."),
}
_JSON_MISTAKES: Mapping[str, str] = {
    "Expecting property name": N_(
        "Line {line}, column {column}: put a name in straight double quotes here."
    ),
    "Expecting ':'": N_("Line {line}, column {column}: put a colon after the name."),
    "Expecting ','": N_("Line {line}, column {column}: put a comma or the closing bracket here."),
    "Expecting value": N_("Line {line}, column {column}: put a value here."),
    "Extra data": N_("Line {line}, column {column}: the JSON ends before this. Remove the rest."),
    "Unterminated string": N_("Line {line}, column {column}: close the quotes of this text."),
    "Invalid control": N_("Line {line}, column {column}: write line breaks in a text as \\n."),
    "Invalid \\": N_("Line {line}, column {column}: write a backslash in a text as \\\\."),
    "Illegal trailing comma": N_("Line {line}, column {column}: remove the last comma."),
}
"""Our sentences by the beginning of the parser's."""
_NOT_JSON = N_("Line {line}, column {column}: this isn't JSON.")
_LIMITS: Mapping[str, str] = {
    "greater_than": N_("Type a number above {gt}."),
    "greater_than_equal": N_("Type {ge} or more."),
    "less_than": N_("Type a number below {lt}."),
    "less_than_equal": N_("Type {le} or less."),
    "multiple_of": N_("Type a multiple of {multiple_of}."),
}


def early_complaint(field: Field, text: str) -> str | None:
    """Return what is wrong with a text before it is validated, or None.

    The text may be no number, or no JSON.
    """
    if field.kind in ("int", "float"):
        return _(WANTED[field.kind])
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
    return _(_JSON_KINDS.get(kind, WANTED["json"]))


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
        raise ValueError(_mistake(text, error)) from None
    except _RefusedError:
        raise
    except ValueError:  # Python refuses to read an integer of more than 4300 digits
        raise ValueError(_("A number in this is too long. Shorten it.")) from None
    except RecursionError:
        raise ValueError(_("This is nested too deeply. Use fewer levels.")) from None


def _mistake(text: str, error: json.JSONDecodeError) -> str:
    """Return our sentence for the parser's, with the place of the mistake."""
    words = next(
        (ours for theirs, ours in _JSON_MISTAKES.items() if error.msg.startswith(theirs)), _NOT_JSON
    )
    sentence = _(words).format(line=error.lineno, column=error.colno)
    if set(text) & set("“”„‟″"):
        return " ".join([sentence, _("Use straight quotes in place of curly ones.")])
    return sentence


def complaint(field: Field | None, detail: Mapping[str, Any]) -> str:
    """Return the sentence for one of pydantic's error details. It is never pydantic's own.

    `field` is None if the error concerns the form as a whole.
    """
    context: Mapping[str, Any] = detail.get("ctx", {})
    error, value = detail["type"], detail["input"]
    # One of the form's own validators raised this, with our sentence. The check of an e-mail
    # address is pydantic's own, and raises the same type with another context.
    if error in ("value_error", "assertion_error") and "error" in context:
        return str(context["error"])
    if error == "wrong_field":
        return str(context["sentence"])
    if words := _LIMITS.get(error):
        return _(words).format(**{name: _round(number) for name, number in context.items()})
    if error != "missing" and field is not None and field.kind in ("email", "emails"):
        return _("“{value}” isn't an e-mail address. Type one such as ann@example.com.").format(
            value=_shortened(value)
        )
    return _by_length(error, value, context) or _(WANTED[field.kind] if field else NOT_FITTING)


def _by_length(error: str, value: Any, context: Mapping[str, Any]) -> str | None:
    match error:
        case "string_too_short":
            least, length = context["min_length"], len(str(value).strip())
            if not length:
                return None
            return ngettext(
                "Type at least {least} character. This has {length}.",
                "Type at least {least} characters. This has {length}.",
                least,
            ).format(least=least, length=length)
        case "string_too_long" | "url_too_long":
            most = context["max_length"]
            return ngettext(
                "Type at most {most} character. This has {length}.",
                "Type at most {most} characters. This has {length}.",
                most,
            ).format(most=most, length=len(str(value).strip()))
        case "too_short" if value:
            least = context["min_length"]
            return ngettext(
                "Give at least {least} value. This has {count}.",
                "Give at least {least} values. This has {count}.",
                least,
            ).format(least=least, count=len(value))
        case "too_long":
            most = context["max_length"]
            return ngettext(
                "Give at most {most} value. This has {count}.",
                "Give at most {most} values. This has {count}.",
                most,
            ).format(most=most, count=len(value))
    return None


class _RefusedError(ValueError):
    """JSON that Python reads and other parsers refuse."""


def _no_constant(name: str) -> Any:
    raise _RefusedError(_("{name} isn't JSON. Remove it.").format(name=name))


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _RefusedError(
            _("The number {number} is too large.").format(number=_shortened(digits))
        )
    return number


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RefusedError(
                _("The name “{name}” is there twice. Remove one.").format(name=_shortened(name))
            )
        found[name] = value
    return found


def _round(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _shortened(value: Any) -> str:
    return cut(" ".join(str(value).split()), 60)
