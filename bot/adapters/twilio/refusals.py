"""Put the words of Twilio's refusals beside the fields that they are about.

Twilio has two shapes of body:

- A: {"code", "message", "more_info", "status"}. The message may name a parameter, a place in the
  configuration, or a SID.
- B: {"title", "code", "detail", "errors": [{"pointer", "detail"}]} (RFC 9457).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.adapters.http import items, reason, text
from bot.adapters.http_adapter import by_field
from bot.adapters.twilio.bodies import PARAMETERS
from bot.adapters.twilio.forms import Task, Workflow
from bot.adapters.twilio.rules import filters_given
from bot.adapters.twilio.rules_forms import FromFields, FromJson
from bot.forms.fields import Form

_SID = re.compile(r"W[A-Z][0-9a-fA-F]{32}")
_FILTER = re.compile(r"filters?[\[/.](\d{1,3})\b", re.IGNORECASE)
_DEFAULT = re.compile(r"default_?filter", re.IGNORECASE)
_ROUTING = re.compile(r"task_routing|targets?[\[/.]\d", re.IGNORECASE)
_MEMBERS = (
    ("timeout", re.compile(r"timeout", re.IGNORECASE)),
    ("priority", re.compile(r"priority", re.IGNORECASE)),
    ("queue", re.compile(r"queue|WQ[0-9a-f]", re.IGNORECASE)),
    ("name", re.compile(r"friendly_?name", re.IGNORECASE)),
)
"""Members of a filter by the words that name them.

The first match counts; without one, the words are about the filter's expression.
"""


def complaints(body: Any, form: Form | None) -> tuple[dict[str, str], list[str]]:
    """Return (words by our field, words about no field).

    `body` is the parsed answer. `form` is the form that was sent, or None.
    """
    found: list[tuple[str | None, str]] = []
    for place, words in _errors(body):
        names = list(_fields(place, words, form)) if form is not None else []
        found += [(name, words) for name in names or (None,)]
    return by_field(found)


def _errors(body: Any) -> Iterator[tuple[str, str]]:
    """Yield (pointer, words): each error of shape B, or else the one message."""
    pairs = [(text(error, "pointer"), text(error, "detail")) for error in items(body, "errors")]
    errors = [(pointer, words) for pointer, words in pairs if words]
    yield from errors
    if not errors and (message := reason(body)):
        yield "", message


def _fields(place: str, words: str, form: Form) -> Iterator[str]:
    """Yield the names of the fields that these words are about."""
    rules = getattr(form, "rules", None)
    if isinstance(rules, FromFields) and (name := _field_at(f"{place} {words}", rules)):
        yield name
    elif found := [name for name, sid in _sids(form.model_dump()) if sid in words]:
        yield from found
    elif parameter := _parameter(place, words, form):
        if isinstance(rules, FromJson) and parameter == "rules.configuration":
            yield _document(rules)
        elif parameter != "rules.configuration":
            yield parameter
        elif isinstance(rules, FromFields) and not filters_given(rules.model_dump()):
            yield "rules.default_queue"
    elif isinstance(rules, FromJson) and (
        _ROUTING.search(place + words) or any(sid in rules.document for sid in _SID.findall(words))
    ):
        yield _document(rules)


def _document(rules: FromJson) -> str:
    """Return the field that the configuration came from."""
    return "rules.configuration" if rules.configuration else "rules.configuration_file"


def _field_at(words: str, rules: FromFields) -> str:
    """Return the field at a place in the configuration, empty if there is none.

    Such a place is `filters[1].targets[0].queue` or `/filters/1/expression`.
    """
    if match := _FILTER.search(words):
        sent = filters_given(rules.model_dump())
        if int(match[1]) < len(sent):
            after = words[match.end() :]
            # A queue may be named before the filter, too.
            usual = "queue" if _MEMBERS[2][1].search(words) else "expression"
            member = next((name for name, pattern in _MEMBERS if pattern.search(after)), usual)
            return f"rules.{sent[int(match[1])]}.{member}"
    return "rules.default_queue" if _DEFAULT.search(words) else ""


def _sids(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (field, SID) for every SID in the values of a form."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _sids(value, f"{path}{name}.")
        elif isinstance(value, str) and _SID.fullmatch(value):
            yield f"{path}{name}", value


def _parameter(place: str, words: str, form: Form) -> str:
    """Return the field whose parameter is in the pointer, or else in the words.

    Empty if there is none.
    """
    known = (
        PARAMETERS["task" if isinstance(form, Task) else "workflow"]
        if isinstance(form, Task | Workflow)
        else {}
    )
    steps = [step.replace("_", "").lower() for step in re.split(r"[/.#]", place)]
    for name, parameter in known.items():
        if parameter.lower() in steps:
            return name
    if place:
        return ""
    found = (
        name
        for name, parameter in known.items()
        if re.search(rf"\b{parameter}\b", words, re.IGNORECASE)
    )
    return next(found, "")
