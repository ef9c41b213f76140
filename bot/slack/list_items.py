"""The items of a list in a message: its lines, and the people and days that they name.

Days are read in English and German, the languages of `bot.language`, whoever reads the message.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.forms.text import is_blank

_SIGN = re.compile(
    r"\s*(?:>\s*)*(?:(?:[•◦▪‣●○·*+\u2013\u2014-]|\(?\d{1,3}[.)]|[a-z][.)])\s+)?"
    r"(?P<box>\[[ xX]?\]|☐|☑|☒|✅|✔️?|⬜|◻️?)?\s*"
)
_DONE = ("[x]", "[X]", "☑", "☒", "✅", "✔", "✔️")
_MENTION = re.compile(r"@([UW][A-Z0-9]{5,})\b")
_AT_AN_END = re.compile(
    r"^[\s,;:\u2013\u2014-]*(?P<first>@[UW][A-Z0-9]{5,})\b|(?P<last>@[UW][A-Z0-9]{5,})$"
)
_ISO = re.compile(r"(?<![\d-])(\d{4}-\d{2}-\d{2})(?![\d-])")
_WEEKDAYS = {
    name: number
    for names in (
        "monday tuesday wednesday thursday friday saturday sunday",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    )
    for number, name in enumerate(names.split())
}
_DAYS = {"today": 0, "heute": 0, "tomorrow": 1, "morgen": 1}
_NAMED_DAY = re.compile(rf"\b({'|'.join((*_WEEKDAYS, *_DAYS))})\b", re.IGNORECASE)
_EDGES = " \t,;:\u2013\u2014-"


def list_items(text: str) -> list[str]:
    """Return the items of a message's plain text, without their signs.

    They are the lines of its lists, or all its lines where it has no list. A heading is no item,
    and neither is a ticked line beside one that is not.
    """
    lines = [(line, match) for line in text.splitlines() if (match := _SIGN.match(line))]
    listed = [(line, match) for line, match in lines if match[0].strip(" \t>")]
    items = [
        (line[match.end() :].strip(), match["box"] in _DONE)
        for line, match in listed or lines
        if not _is_heading(line[match.end() :])
    ]
    to_do = [item for item, is_done in items if not is_done]
    return to_do or [item for item, _ in items]


def _is_heading(line: str) -> bool:
    words = line.strip()
    return is_blank(words) or words.endswith(":") or not any(map(str.isalnum, words))


def mentioned(item: str) -> str:
    """Return the Slack user id of the first person whom the item mentions, or an empty text."""
    match = _MENTION.search(item)
    return match[1] if match else ""


def without_mentions(item: str, names: Mapping[str, str], assignee: str = "") -> str:
    """Return the item with the names of people, by Slack user id, in place of their mentions.

    The mention of `assignee`, who has a field of their own, goes if it begins or ends the item.
    """
    words = item.strip(_EDGES)
    edge = _AT_AN_END.search(words) if assignee else None
    mention = (edge["first"] or edge["last"]) if edge else ""
    if edge and mention == f"@{assignee}":
        words = (words[: edge.start()] + words[edge.end() :]).strip(_EDGES)
    return _MENTION.sub(lambda match: f"@{names.get(match[1]) or match[1]}", words) or item


def due_date(item: str, written: date) -> date | None:
    """Return the first day that the item names, of an item written on the day `written`.

    A weekday is the next one after that day.
    """
    found: list[tuple[int, Callable[[], date]]] = []
    if iso := _ISO.search(item):
        found.append((iso.start(), lambda: date.fromisoformat(iso[1])))
    if named := _NAMED_DAY.search(item):
        found.append((named.start(), lambda: written + timedelta(_days(named[1], written))))
    for _, day in sorted(found, key=lambda each: each[0]):
        try:
            return day()
        except ValueError:  # 2026-02-30
            continue
    return None


def _days(name: str, written: date) -> int:
    name = name.lower()
    if name in _DAYS:
        return _DAYS[name]
    return (_WEEKDAYS[name] - written.weekday() - 1) % 7 + 1


def day_of(ts: str, zone: str) -> date:
    """Return the day of a message by its `ts`, in that time zone ("Europe/Berlin"), or in UTC if
    the zone is unknown. A `ts` that is no time is now."""
    try:
        tz = ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        tz = ZoneInfo("UTC")
    try:
        return datetime.fromtimestamp(float(ts), tz).date()
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC).astimezone(tz).date()
