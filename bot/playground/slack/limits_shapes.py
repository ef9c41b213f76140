"""Checks of JSON values, from which the tables of limits are built.

Each check takes a value and its path, and yields the errors.

- `text(1, 75)`: a text of 1 to 75 characters
- `members({"type": ...}, {"url": ...})`: an object with these members, the first ones required, and
  no others
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Check = Callable[[Any, str], Iterator[str]]


def text(least: int = 0, most: int | None = None) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{path}: must be a text"
        elif len(value) < least:
            yield f"{path}: empty, at least {least} characters"
        elif most is not None and len(value) > most:
            yield f"{path}: {len(value)} characters, at most {most}"

    return check


def matching(pattern: str, words: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"{path}: must be {words}"

    return check


def integer(least: int, most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{path}: must be an integer"
        elif not least <= value <= most:
            yield f"{path}: {value}, must be {least} to {most}"

    return check


def boolean(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{path}: must be true or false"


def one_of(*allowed: str) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if value not in allowed:
            yield f"{path}: must be one of {', '.join(allowed)}"

    return check


def items(check_item: Check, least: int, most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{path}: must be a list"
            return
        if not least <= len(value) <= most:
            yield f"{path}: {len(value)} items, must be {least} to {most}"
        for index, item in enumerate(value):
            yield from check_item(item, f"{path}[{index}]")

    return check


def members(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    known = {**required, **(optional or {})}

    def check(value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path}: must be an object"
            return
        for name in required:
            if name not in value:
                yield f"{path}.{name}: missing"
        for name, member in value.items():
            if name in known:
                yield from known[name](member, f"{path}.{name}")
            else:
                yield f"{path}.{name}: no such member"

    return check


def anything(value: Any, path: str) -> Iterator[str]:
    yield from ()


def both(*checks: Check) -> Check:
    def check(value: Any, path: str) -> Iterator[str]:
        for each in checks:
            yield from each(value, path)

    return check


def by_type(table: Mapping[str, Check], allowed: Iterable[str] | None = None) -> Check:
    """Return a check that selects another check by the object's `type`.

    `allowed` are the permitted types.
    """
    names = sorted(table if allowed is None else allowed)

    def check(value: Any, path: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in names:
            yield f"{path}.type: {kind!r} may not stand here, only {', '.join(names)}"
        else:
            yield from table[kind](value, path)

    return check


def plain(most: int, least: int = 1) -> Check:
    """Return the check of a plain_text object."""
    return members({"type": one_of("plain_text"), "text": text(least, most)}, {"emoji": boolean})


def marked(most: int) -> Check:
    """Return the check of a text object of either type."""
    mrkdwn = members({"type": one_of("mrkdwn"), "text": text(1, most)}, {"verbatim": boolean})
    return by_type({"plain_text": plain(most), "mrkdwn": mrkdwn})
