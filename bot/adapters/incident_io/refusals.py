"""Put incident.io's complaints beside the fields that they are about.

The body is `{"type", "request_id", "errors": [{"code", "message", "source": {"field":
"severity_id"}?}]}`. `field` is a path into the body of the request: `severity_id`, `labels[0]`,
`custom_field_entries[0].values[1].value_option_id`.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.http import dig, items, reason, text
from bot.adapters.http_adapter import by_field
from bot.adapters.incident_io.custom_fields import CUSTOM, ROLES, TIMES, Member, read_id
from bot.forms.fields import Form


def complaints(body: Any, form: Form | None, sent: Any = None) -> tuple[dict[str, str], list[str]]:
    """Return the vendor's words by our field, and the words about no field.

    `body` is the answer, `form` the form that was sent, `sent` the body of the request.
    """
    names = {} if form is None else _names(form)
    found = by_field(
        (
            field_of(text(error, "source", "field"), names, sent),
            reason(error) or text(error, "code"),
        )
        for error in items(body, "errors")
    )
    return found if any(found) else by_field([(None, reason(body))])


def field_of(path: str, names: Mapping[str, str], sent: Any) -> str | None:
    """Return the dotted name of the field that the path leads to or into, or None.

    `names` has the dotted name of a field by each name that incident.io may use. If the path leads
    into the organisation's own fields, the id is read from the body that was sent.
    """
    steps = [step for step in re.split(r"[.\[\]]+", path) if step]
    for member in (ROLES, CUSTOM, TIMES):
        if steps[:1] == [member.name]:
            return names.get(f"{member.name}.{_own_id(member, steps[1:2], sent)}")
    whole = [".".join(steps[:end]) for end in range(len(steps), 0, -1)]
    return next((names[name] for name in whole if name in names), None)


def _own_id(member: Member, place: list[str], sent: Any) -> str:
    """Return the id at that place of the list, or the id that the place names.

    Without a place, the whole list is meant: the id of its only item, or an empty text.
    """
    entries = items(sent, member.name)
    if not place and len(entries) == 1:
        place = ["0"]
    if not place:
        return ""
    return text(dig(entries, int(place[0])), member.id_name) if place[0].isdecimal() else place[0]


def _names(form: Form, prefix: str = "") -> dict[str, str]:
    """Return the dotted names of the form's fields by the names that incident.io may use.

    Such a name is the dotted name itself. For one of the organisation's own fields, it is also the
    list that the field goes into, with the field's id there.
    """
    names: dict[str, str] = {}
    for name in type(form).model_fields:
        names[prefix + name] = prefix + name
        if own := read_id(name):
            names[f"{own[0].name}.{own[1]}"] = prefix + name
        if isinstance(value := getattr(form, name), Form):
            names |= _names(value, f"{prefix}{name}.")
    return names
