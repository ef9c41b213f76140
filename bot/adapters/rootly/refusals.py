"""Put Rootly's complaints beside the fields that they are about.

The body has one of four shapes:

1. `{"errors": [{"title", "status", "detail"?}]}`: every documented operation. The titles are Rails'
   full messages ("Severity must exist"). They name an attribute in words, and do not point to it.
2. `{"error", "message", "details": {"severity_id": ["can't be blank"]}}`: Rootly's guide to
   creating incidents.
3. `{"severity_id": ["can't be blank"]}`: some other operations. The shape also occurs below
   "errors", and by task parameter.
4. `{"error": "..."}`: rate limits.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.adapters.http import dig, text
from bot.adapters.http_adapter import by_field
from bot.forms.custom_fields import BLOCK
from bot.forms.fields import Form

_RAILS = re.compile(
    r"(can(not)?|must|is|are|was|has|have|should|does|may|needs?|already|not|too)(n't|\b)"
)
"""The words that follow an attribute in a message of Rails.

"To add this task, ..." is about no attribute `to`.
"""


def complaints(body: Any, form: Form) -> tuple[dict[str, str], list[str]]:
    """Return (words by the name of a field of `form`, words about no field)."""
    names = _names(form)
    fields, rest = by_field(_field(attribute, words, names) for attribute, words in _errors(body))
    return fields, list(filter(None, ["; ".join(rest)]))


def _errors(body: Any) -> Iterable[tuple[str, str]]:
    """Return each complaint as (attribute or "", words). The first shape with words counts."""
    errors = dig(body, "errors")
    if isinstance(errors, list) and (
        titles := [("", _title(error)) for error in errors if _title(error)]
    ):
        return titles
    if found := _by_attribute(errors) or _by_attribute(dig(body, "details")):
        return found
    if words := text(body, "message") or text(body, "error"):
        return [("", words)]
    return _by_attribute(body)


def _title(error: Any) -> str:
    title, detail = text(error, "title") or text(error), text(error, "detail")
    return f"{title}: {detail}" if title and detail and detail != title else title or detail


def _by_attribute(members: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Return the complaints of a body such as `{"title": ["is bad"]}`, as (attribute, words).

    Task parameters are nested: `{"task_params": {"to": ["is odd"]}}`. Empty if the value has
    another shape.
    """
    found: list[tuple[str, str]] = []
    for attribute, given in members.items() if isinstance(members, dict) else ():
        if attribute == "task_params":
            found += _by_attribute(given, f"{prefix}{attribute}.")
        for words in given if isinstance(given, list) else [given]:
            if text(words):
                found.append((prefix + attribute, text(words)))
    return found


def _names(form: Form, prefix: str = "") -> dict[str, str]:
    """Return the form's fields by the names that Rootly may use, in lower case.

    A field of a nested form is `task_params.to`. It also has its short name, unless the outer form
    has a field of that name.
    """
    names: dict[str, str] = {}
    nested: dict[str, str] = {}
    for name, info in type(form).model_fields.items():
        value = getattr(form, name)
        if isinstance(value, Form):
            nested |= _names(value, f"{prefix}{name}.")
        wire = name.rstrip("_")
        for spoken in (wire, *_spoken_forms(wire)):
            for known in (spoken, re.sub("[_.]", " ", prefix) + spoken, prefix + spoken):
                names[known] = prefix + name
        # Rootly calls a workspace's own field by the title that the workspace gave it.
        if prefix == f"{BLOCK}." and info.title:
            names[info.title.lower()] = prefix + name
    return nested | names


def _spoken_forms(attribute: str) -> set[str]:
    """Return the names that Rails makes of an attribute, without `_id` or `_ids`.

    The result has singular and plural: "incident type" and "incident types".
    """
    words = attribute.replace("_", " ")
    stem = words.removesuffix(" ids").removesuffix(" id")
    spoken = {words, stem}
    if words.endswith(" ids"):
        spoken.add(f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s")
    # Rootly's API calls a team a group. Its messages to people call it a team.
    return spoken | {each.replace("group", "team") for each in spoken}


def _field(attribute: str, words: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    if attribute:
        found = names.get(attribute.lower())
        return found, words if found else f"{attribute}: {words}"
    lowered = words.lower()
    for name in sorted(names, key=len, reverse=True):
        # "Summary raw can't be blank" repeats "Summary can't be blank" for the attribute's raw
        # text.
        for start in (f"{name} raw ", f"{name} "):
            if lowered.startswith(start) and _RAILS.match(lowered, len(start)):
                return names[name], words[: len(name)] + " " + words[len(start) :]
    return None, words
