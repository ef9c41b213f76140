"""What Rootly says when it does not create something: four shapes of body, one mapping to our fields.

1. `{"errors": [{"title", "status", "detail"?}]}`: every documented operation; the titles are Rails' full messages
   ("Severity must exist"), which name an attribute in words and point to none.
2. `{"error", "message", "details": {"severity_id": ["can't be blank"]}}`: Rootly's guide to creating incidents.
3. `{"severity_id": ["can't be blank"]}`: some other operations.
4. `{"error": "..."}`: rate limits.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.adapters.http import dig, items, text
from bot.forms.fields import Form


def complaints(body: Any, form: Form) -> tuple[dict[str, str], str]:
    """(what is said about a field of `form`, by the field's name; what is said about nothing in particular)."""
    fields: dict[str, list[str]] = {}
    rest: list[str] = []
    names = _names(form)
    for attribute, words in _said(body):
        field, words = _field(attribute, words, names)
        into = rest if field is None else fields.setdefault(field, [])
        if words not in into:
            into.append(words)
    return {name: "; ".join(words) for name, words in fields.items()}, "; ".join(rest)


def _said(body: Any) -> Iterable[tuple[str, str]]:
    """Each complaint as (attribute or "", words); first shape that fits wins."""
    if errors := items(body, "errors"):
        return [("", _title(error)) for error in errors if _title(error)]
    if isinstance(details := dig(body, "details"), dict) and details:
        return _by_attribute(details)
    if words := text(body, "message") or text(body, "error"):
        return [("", words)]
    return _by_attribute(body) if isinstance(body, dict) else []


def _title(error: Any) -> str:
    title, detail = text(error, "title") or text(error), text(error, "detail")
    return f"{title}: {detail}" if title and detail and detail != title else title or detail


def _by_attribute(said: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (attribute, text(words))
        for attribute, given in said.items()
        for words in (given if isinstance(given, list) else [given])
        if text(words)
    ]


def _names(form: Form, prefix: str = "") -> dict[str, str]:
    """What Rootly may call a field of the form, in lower case, and the field. In a nested form: `task_params.to`."""
    names: dict[str, str] = {}
    for name in type(form).model_fields:
        value = getattr(form, name)
        if isinstance(value, Form):
            names |= _names(value, f"{name}.")
        for said in _spoken(name.rstrip("_")):
            names[f"{prefix.replace('_', ' ').replace('.', ' ')}{said}".strip()] = prefix + name
        names[prefix + name.rstrip("_")] = prefix + name
    return names


def _spoken(attribute: str) -> set[str]:
    """The attribute as Rails humanises it, without `_id` or `_ids`, singular and plural: "incident type(s)"."""
    words = attribute.replace("_", " ")
    stem = words.removesuffix(" ids").removesuffix(" id")
    spoken = {words, stem}
    if words.endswith(" ids"):
        spoken.add(f"{stem[:-1]}ies" if stem.endswith("y") else f"{stem}s")
    return spoken


def _field(attribute: str, words: str, names: Mapping[str, str]) -> tuple[str | None, str]:
    if attribute:
        found = names.get(attribute) or names.get(f"task_params.{attribute}")
        return found, words if found else f"{attribute}: {words}"
    lowered = words.lower()
    for name in sorted(names, key=len, reverse=True):
        # "Summary raw can't be blank" says "Summary can't be blank" again, about the text behind the attribute.
        for said in (f"{name} raw ", f"{name} "):
            if lowered.startswith(said):
                return names[name], words[: len(name)] + " " + words[len(said) :]
    return None, words
