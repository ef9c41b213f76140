"""Twilio's lists as catalogs, and the values that each way to begin a workflow fills in."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.base import Catalog, Entry, Prefill, storable
from bot.adapters.http import dig, link, text
from bot.adapters.twilio import rules
from bot.adapters.twilio.configuration import in_short, is_whole, problems
from bot.adapters.twilio.sids import is_sid
from bot.forms.sentences import json_complaint
from bot.language import N_, _

BEGINNINGS = "beginnings"
CATALOGS = (
    Catalog("task_queues", "task queues"),
    Catalog("workflows", "workflows"),
    Catalog("task_channels", "task channels"),
    Catalog(BEGINNINGS, "workflows"),
)
LISTS: Mapping[str, tuple[str, str]] = {
    "task_queues": ("TaskQueues", "task_queues"),
    "workflows": ("Workflows", "workflows"),
    "task_channels": ("TaskChannels", "channels"),
    BEGINNINGS: ("Workflows", "workflows"),
}
"""The last step of a list's path, and the member of the answer that holds its rows."""
WAYS = (
    Entry(id="fields", label="Fields: a default queue and filters"),
    Entry(id="json", label="JSON"),
)
_MARKER = re.compile(r" \[ir[0-9a-f]{12}\]$")
_URLS = ("assignment_callback_url", "fallback_assignment_callback_url")
RESERVATION = 120
"""Seconds: Twilio's default, which is left out of a form."""
_OTHERS = (*_URLS, "task_reservation_timeout")
"""The fields of a workflow's rules that are no part of its configuration."""
_LATER = (*rules.FILTERS[1:], *_OTHERS)
"""The fields that only "More fields" shows."""
TOO_LONG = N_(
    "As JSON, these rules are too long for a text field. Go on with the fields, or shorten them "
    "and choose JSON again."
)
TOO_LONG_TO_COPY = N_(
    "That workflow's rules are too long for a form. Save them from Twilio's console as a .json "
    "file. Then choose JSON here, and choose that file."
)
WOULD_REPLACE = N_(
    "That copy would replace the rules in this form. Remove them first, then choose the copy again."
)
IN_A_FILE = N_("You chose a file in this form, which takes JSON already. Go on here.")
NOT_LISTED = N_("That workflow is no longer in the list. Choose another way to begin.")
FILE_TO_FIELDS = N_(
    "The rules are in a file, which can't become fields. Remove the file, then choose Fields again."
)
_ROOM = N_("Fields hold at most three filters with one target each, and a default queue.")


def entries(catalog: str, rows: list[Any]) -> list[Entry]:
    """Return the catalog's entries in the order in which people see them.

    `rows` are Twilio's. Rows without a SID are left out, and so are rows that cannot be chosen.
    """
    made = {"task_channels": _channel, BEGINNINGS: _copy_of}.get(catalog, _entry)
    known = (made(row) for row in rows if text(row, "sid"))
    found = sorted(
        (entry for entry in known if entry is not None), key=lambda entry: entry.label.casefold()
    )
    return [*WAYS, *found] if catalog == BEGINNINGS else found


def _entry(row: Any) -> Entry:
    return Entry(id=text(row, "sid"), label=_name(row))


def _name(row: Any) -> str:
    return _MARKER.sub("", text(row, "friendly_name")) or text(row, "sid")


def _channel(row: Any) -> Entry | None:
    if not (unique := text(row, "unique_name")):
        return None
    label = text(row, "friendly_name") or unique
    return Entry(id=unique, label=label, detail=unique if unique != label else "")


def _copy_of(row: Any) -> Entry | None:
    """Return the entry that copies a workflow: as fields if they can hold its rules, else as JSON.

    If the document is too long for a text input, the entry's detail is a note about that. None if
    there is nothing to copy.
    """
    sid, document = text(row, "sid"), _document(row)
    if not is_sid(sid, "WW") or not document:
        return None
    label, others = f"Copy of {_name(row)}", _others(row)
    if (found := rules.fields(document)) is not None:
        return Entry(id=f"fields@{sid}", label=label, data=json.dumps({**found, **others}))
    if (written := _readable(document)) is None:
        return Entry(
            id=f"json@{sid}",
            label=label,
            detail=f"Too long for a form ({len(document):,} characters)",
        )
    return Entry(
        id=f"json@{sid}",
        label=label,
        detail="as JSON",
        data=json.dumps({"configuration": written, **others}),
    )


def _document(row: Any) -> str:
    """Return the configuration, empty if it cannot be read.

    Its `problems` do not matter, because a person can correct them.
    """
    try:
        parsed = json.loads(text(row, "configuration"))
        return storable(json.dumps(parsed, ensure_ascii=False)) if isinstance(parsed, dict) else ""
    except (ValueError, RecursionError):
        return ""


def _others(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = {name: link(row, name) for name in _URLS if link(row, name)}
    seconds = dig(row, "task_reservation_timeout")
    if is_whole(seconds, 1) and seconds != RESERVATION:
        found["task_reservation_timeout"] = seconds
    return found


def _readable(document: str) -> str | None:
    """Return the document with line breaks, or without any if it is long.

    None if the document is too long for a text input even then.
    """
    parsed = json.loads(document)
    for indent, separators in ((2, None), (None, (",", ":"))):
        written = json.dumps(parsed, ensure_ascii=False, indent=indent, separators=separators)
        if len(written) <= rules.LONGEST:
            return written
    return None


def prefill(
    answer: str | None, typed: Mapping[str, Any], entry: Entry | None, last: Entry | None = None
) -> Prefill:
    """Return the values for the chosen way to begin.

    A copy gives the workflow's rules. A change between fields and JSON converts the input, finished
    or not. The form stays as it was if the other form cannot hold everything, or if a copy would
    replace input of the person. Values that the `last` copy filled in may be replaced.
    """
    way, _at, copied = (answer or "fields").partition("@")
    if copied:
        return _copied(typed, entry, last)
    before = typed.get("rules") or {}
    kept = {name: before[name] for name in _OTHERS if name in before}
    if way == "json" and "default_queue" in before:
        if (written := _as_json(before)) is None:
            return Prefill(typed, reason=_(TOO_LONG))
        if written:
            kept["configuration"] = written
        return _filled(typed, kept)
    # A file is chosen in the form of a copy. The plain JSON form has other block ids, so Slack
    # would drop the file.
    if way == "json" and before.get("configuration_file"):
        return Prefill(typed, reason=_(IN_A_FILE))
    if way == "fields" and "configuration" in before:
        if why := _not_as_fields(before):
            return Prefill(typed, reason=why)
        document = before["configuration"] or ""
        found = (rules.unfinished(document) or {}) if document.strip() else {}
        return _filled(typed, {**kept, **found})
    return Prefill(typed)


def _copied(typed: Mapping[str, Any], entry: Entry | None, last: Entry | None) -> Prefill:
    if entry is None:
        return Prefill(typed, reason=_(NOT_LISTED))
    if not entry.data:
        return Prefill(typed, reason=_(TOO_LONG_TO_COPY))
    copied_before = json.loads(last.data) if last is not None and last.data else {}
    filled_in_now = _comparable(typed.get("rules"))
    if filled_in_now and filled_in_now != _comparable(copied_before):
        return Prefill(typed, reason=_(WOULD_REPLACE))
    return _filled(typed, json.loads(entry.data))


def _comparable(value: Any) -> Any:
    """Return the input without blank values and as text, for a comparison.

    A typed number then equals the number of a copy.
    """
    if isinstance(value, Mapping):
        members = {name: _comparable(each) for name, each in value.items()}
        return {name: member for name, member in members.items() if member}
    if isinstance(value, list | tuple):
        return [_comparable(each) for each in value]
    return "" if value is None else "\n".join(str(value).split("\r\n")).strip()


def _as_json(before: Mapping[str, Any]) -> str | None:
    """Return the fields as JSON, finished or not.

    Empty if nothing is filled in, None if the JSON is too long for a text input.
    """
    if not before.get("default_queue") and not rules.filters_given(before):
        return ""
    return _readable(rules.configuration(before))


def _not_as_fields(before: Mapping[str, Any]) -> str:
    """Return why this JSON cannot become fields, with what to do. Empty if it can."""
    if before.get("configuration_file"):
        return _(FILE_TO_FIELDS)
    document = before["configuration"] or ""
    if not document.strip():
        return ""
    if (why := json_complaint(document)) is None:
        if rules.unfinished(document) is not None:
            return ""
        found = problems(document)
        why = in_short(found) if found else _(_ROOM)
    return " ".join(
        [
            _("This JSON can't become fields yet."),
            why,
            _("Change or remove it, then choose Fields again."),
        ]
    )


def _filled(typed: Mapping[str, Any], found: Mapping[str, Any]) -> Prefill:
    return Prefill({**typed, "rules": found}, more=any(found.get(name) for name in _LATER))
