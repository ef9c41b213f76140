"""incident.io's complaints: which field of a form each is about.

`{"type", "request_id", "errors": [{"code", "message", "source": {"field": "severity_id"}?}]}`.
`field` is a path into the body that was sent: `severity_id`, `labels[0]`,
`custom_field_entries[0].values[1].value_option_id`.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.http import dig, items, reason, text
from bot.adapters.incident_io.custom_fields import CUSTOM, ROLES, TIMES, Member, read_id
from bot.forms.fields import Form


def complaints(body: Any, form: Form | None, sent: Any = None) -> tuple[dict[str, str], list[str]]:
    """The vendor's words by our field, and those about no field of ours. `sent` is the body that
    they are about."""
    names = _names(form) if form is not None else {}
    fields: dict[str, str] = {}
    rest: list[str] = []
    for error in items(body, "errors"):
        words = reason(error) or text(error, "code")
        name = field_of(text(error, "source", "field"), names, sent)
        if name is not None and words:
            fields[name] = f"{fields[name]}; {words}" if name in fields else words
        elif words:
            rest.append(words)
    return fields, rest if fields or rest else list(filter(None, [reason(body)]))


def field_of(path: str, names: Mapping[str, str], sent: Any) -> str | None:
    """The field that the path leads to or into, by its dotted name; None when it is about none of
    them.

    `names` has what a field may be called, and its dotted name. Where the path leads into the
    organisation's own fields, the body says which one stands at that place.
    """
    steps = [step for step in re.split(r"[.\[\]]+", path) if step]
    for member in (ROLES, CUSTOM, TIMES):
        if steps[:1] == [member.name]:
            return names.get(f"{member.name}.{_own_id(member, steps[1:2], sent)}")
    whole = [".".join(steps[:end]) for end in range(len(steps), 0, -1)]
    return next((names[name] for name in whole if name in names), None)


def _own_id(member: Member, place: list[str], sent: Any) -> str:
    """The id of what stands at that place of the list, or is named there; of the only one, when the
    whole list is meant."""
    entries = items(sent, member.name)
    if not place and len(entries) == 1:
        place = ["0"]
    if not place:
        return ""
    return text(dig(entries, int(place[0])), member.id_name) if place[0].isdecimal() else place[0]


def _names(form: Form, prefix: str = "") -> dict[str, str]:
    """What a field may be called, and its dotted name: that itself, and for one of the
    organisation's own the list that it goes into, with its id there."""
    names: dict[str, str] = {}
    for name in type(form).model_fields:
        names[prefix + name] = prefix + name
        if own := read_id(name):
            names[f"{own[0].name}.{own[1]}"] = prefix + name
        if isinstance(value := getattr(form, name), Form):
            names |= _names(value, f"{prefix}{name}.")
    return names
