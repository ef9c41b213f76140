"""A task's attributes: from the text that a person types to the JSON text that Twilio takes.

A person types lines, or a JSON object (a text that begins with a brace):

    type = ticket                 text needs no quotes
    priority_customer = true      JSON's numbers, true, false, null, lists and objects keep
                                  their meaning
    phone = "0123"                a value in quotes is text, even if it looks like a number
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.base import storable
from bot.forms.sentences import json_complaint
from bot.forms.text import cut
from bot.language import _

LARGEST = 4096
"""Characters of the JSON text, at most. Source: Twilio's page on tasks."""
REFERENCE, REPORTER = "slack_ref", "slack_reporter"
"""Attributes that the bot adds: the marker, by which a task is found again, and the reporter."""
_ROOM_FOR_REPORTER = 80
"""Characters of the reporter's name as JSON. A longer name is cut."""
_DEEPEST = 50
_NAME = re.compile(r"[^\W\d]\w*")


def parse(text: str) -> dict[str, Any]:
    """Return the attributes in the text.

    Raises `ValueError` with a sentence that names the place.
    """
    if text.lstrip().startswith("{"):
        if complaint := json_complaint(text, dict):
            raise ValueError(complaint)
        found = json.loads(text)
    else:
        found = _lines(text)
    for name in (REFERENCE, REPORTER):
        if name in found:
            raise ValueError(_("We add “{name}”. Remove it here.").format(name=name))
    if _too_deep(found, _DEEPEST):
        raise ValueError(_("This is nested too deeply. Use fewer levels."))
    return dict(found)


def minified(attributes: Mapping[str, Any], marker: str, reporter: str, note: str = "") -> str:
    """Return the JSON text for Twilio: these attributes, the marker and the reporter.

    `note` is added to the description, if the description is text and there is room for it.
    """
    added = {REFERENCE: marker}
    if name := _shortened(reporter):
        added[REPORTER] = name
    description = attributes.get("description", "")
    if note and isinstance(description, str):
        noted = {**attributes, "description": "\n\n".join(filter(None, (description, note)))}
        longer = storable(_compact_json({**noted, **added}))
        if len(longer) <= LARGEST:
            return longer
    return storable(_compact_json({**attributes, **added}))


def excess(attributes: Mapping[str, Any]) -> int:
    """Return the number of characters that are too many, 0 or less if the attributes fit.

    They are measured with the longest possible marker and reporter.
    """
    longest = minified(attributes, "ir0123456789ab", "n" * _ROOM_FOR_REPORTER)
    return len(longest) - LARGEST


def _lines(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, separator, value = (part.strip() for part in line.partition("="))
        if not separator:
            raise ValueError(
                _("Line {line}, “{text}”: type name = value, or type JSON.").format(
                    line=number, text=cut(name, 30)
                )
            )
        if not _NAME.fullmatch(name):
            raise ValueError(
                _("Line {line}, “{text}”: use letters, digits and _ for the name.").format(
                    line=number, text=cut(name, 30)
                )
            )
        if name in found:
            raise ValueError(
                _("Line {line}: the name “{text}” is there twice. Remove one.").format(
                    line=number, text=cut(name, 30)
                )
            )
        found[name] = _value(value, number)
    return found


def _value(text: str, line: int) -> Any:
    if json_complaint(text) is None:
        return json.loads(text)
    if text.startswith(("[", "{")):
        raise ValueError(
            _("Line {line}: this isn't JSON. Put text in straight double quotes.").format(line=line)
        )
    return text


def _too_deep(value: Any, left: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return left < 0 or any(_too_deep(each, left - 1) for each in inside)


def _shortened(reporter: str) -> str:
    """Return the reporter's name, cut to the space that is reserved for it."""
    name = " ".join(storable(reporter).split())[:_ROOM_FOR_REPORTER]
    while len(_compact_json(name)) > _ROOM_FOR_REPORTER + 2:
        name = name[:-1]
    return name.rstrip()


def _compact_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
