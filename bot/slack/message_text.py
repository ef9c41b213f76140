"""The words of a Slack message as a person sees them: its title, and everything below it.

People's messages have `text` and the same words as rich text. Alert bots leave `text` empty, or put
a fallback there, and write into blocks and attachments. Nothing is asked of Slack: a shortcut's
payload carries all of it.

Source: Slack's "Formatting message text", "Rich text block" and "Secondary message attachments".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bot.adapters.base import storable
from bot.forms.text import plain

LONGEST = 12_000
"""Characters of a message that are read: more than Slack shows of one message at once."""
MOST_PARTS = 500
"""Blocks, attachments or elements of one list that are read. Slack allows 100 at most."""
_NOTHING = ("[no preview available]", "This content can't be displayed.")
"""Slack writes these where it has no text to show. They are nobody's words."""
_MARKS = re.compile(
    r"(?<![\w*])\*([^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_([^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~([^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
)
_NOT_WORDS = re.compile(r":(?=[0-9_+'-]*[a-z])[a-z0-9_+'-]+:|[<@#!][\w.-]*>?")
Json = Mapping[str, Any]


class MessageText(NamedTuple):
    """A message in plain text. `title` is its first line that says something; both may be empty."""

    title: str
    details: str


def read_message(message: Json) -> MessageText:
    """Return the message's words. What has another shape than Slack documents is left out."""
    seen = storable("\n".join(line.rstrip() for line in _seen(message).splitlines()))
    details = seen.strip()[:LONGEST]
    title = next((line for line in details.splitlines() if _says_something(line)), "")
    return MessageText(title.strip("•☐☑> "), details)


def _says_something(line: str) -> bool:
    """Return whether a line holds more than signs, emoji and mentions."""
    return any(map(str.isalnum, _NOT_WORDS.sub("", line)))


def _seen(message: Json) -> str:
    text, blocks = _mrkdwn(message.get("text")), _blocks(message.get("blocks"))
    parts = [blocks or text]
    parts += map(_attachment, _objects(message.get("attachments")))
    parts += map(_file, _objects(message.get("files")))
    return "\n".join(filter(None, parts))


def _attachment(attachment: Json) -> str:
    """Return an attachment's words; its fallback only where there are no others."""
    quoted = [
        _blocks(part.get("message", {}).get("blocks"))
        for part in _objects(attachment.get("message_blocks"))
        if isinstance(part.get("message"), dict)
    ]
    fields = [
        ": ".join(filter(None, (_mrkdwn(field.get("title")), _mrkdwn(field.get("value")))))
        for field in _objects(attachment.get("fields"))
    ]
    texts = [_mrkdwn(attachment.get(name)) for name in ("pretext", "author_name", "title", "text")]
    words = "\n".join(filter(None, [*texts, *fields, _blocks(attachment.get("blocks")), *quoted]))
    return words or _mrkdwn(attachment.get("fallback"))


def _file(file: Json) -> str:
    """Return a file's name and address. An e-mail, which Slack keeps as a file, is read instead."""
    if file.get("filetype") == "email" or file.get("mode") == "email":
        senders = [_text(sender.get("original")) for sender in _objects(file.get("from"))]
        body = _text(file.get("plain_text")) or _text(file.get("preview_plain_text"))
        subject = _text(file.get("subject")) or _text(file.get("title"))
        sender = f"From: {', '.join(filter(None, senders))}" if any(senders) else ""
        return "\n".join(filter(None, (subject, sender, body)))
    name = _text(file.get("title")) or _text(file.get("name"))
    if not name:
        return "a file"
    return " ".join(filter(None, (name, _text(file.get("permalink")))))


def _blocks(value: Any) -> str:
    return "\n".join(filter(None, map(_block, _objects(value))))


def _block(block: Json) -> str:
    """Return the words of a block. Buttons and pickers have none that belong to the message."""
    match block.get("type"):
        case "rich_text":
            return _rich(block.get("elements"))
        case "context":
            return " ".join(filter(None, map(_element, _objects(block.get("elements")))))
        case "table" | "data_table":
            rows = block.get("rows")
            return "\n".join(map(_row, rows[:MOST_PARTS])) if isinstance(rows, list) else ""
        case "actions" | "divider" | "input":
            return ""
        case _:  # header, section, markdown, image, video, and what Slack adds later
            words = [_element(block), *map(_object, _objects(block.get("fields")))]
            return "\n".join(filter(None, words))


def _element(element: Json) -> str:
    return (
        _object(element.get("text"))
        or _object(element.get("title"))
        or _text(element.get("alt_text"))
    )


def _object(value: Any) -> str:
    """Return the words of a text object, or of a bare text, which is mrkdwn."""
    if isinstance(value, dict):
        text = value.get("text")
        return _text(text) if value.get("type") == "plain_text" else _mrkdwn(text)
    return _mrkdwn(value)


def _row(row: Any) -> str:
    cells = [
        _rich(cell.get("elements")) or _text(cell.get("text")) or _text(cell.get("value"))
        for cell in _objects(row)
    ]
    return " | ".join(" ".join(cell.split()) for cell in cells)


def _rich(elements: Any, indent: int = 0) -> str:
    """Return the lines of a rich text block's elements."""
    return "\n".join(
        line for element in _objects(elements) for line in _rich_lines(element, indent)
    )


def _rich_lines(element: Json, indent: int) -> Iterator[str]:
    if element.get("type") != "rich_text_list":
        yield "".join(map(_inline, _objects(element.get("elements")))).rstrip("\n")
        return
    level = element.get("indent")
    space = "    " * (level if isinstance(level, int) and 0 <= level <= 8 else indent)
    offset = element.get("offset")
    first = 1 + (offset if isinstance(offset, int) else 0)
    for number, item in enumerate(_objects(element.get("elements")), first):
        sign = f"{number}." if element.get("style") == "ordered" else "•"
        yield f"{space}{sign} {''.join(map(_inline, _objects(item.get('elements'))))}".rstrip()


def _inline(element: Json) -> str:
    """Return the words of one piece of a line of rich text."""
    match element.get("type"):
        case "link":
            text, url = _text(element.get("text")), _text(element.get("url"))
            return plain(f"<{url}|{text}>") if text and url else text or url
        case "user":
            return f"@{_text(element.get('user_id'))}"
        case "usergroup":
            return f"@{_text(element.get('usergroup_id'))}"
        case "channel":
            return f"#{_text(element.get('channel_id'))}"
        case "broadcast":
            return f"@{_text(element.get('range'))}"
        case "emoji":
            return _emoji(element)
        case "date":
            return _text(element.get("fallback"))
        case _:
            return _text(element.get("text"))


def _emoji(element: Json) -> str:
    """Return the character of an emoji, or its name between colons where it is the workspace's."""
    try:
        return "".join(chr(int(code, 16)) for code in _text(element["unicode"]).split("-"))
    except (KeyError, ValueError, OverflowError):
        return f":{_text(element.get('name'))}:"


def _mrkdwn(value: Any) -> str:
    """Return a text in Slack's markup as people see it. Code stays as it was written."""
    pieces = plain(_text(value)).split("```")
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            spans = piece.split("`")
            spans[::2] = map(_unmarked, spans[::2])
            pieces[place] = "".join(spans)
    return "".join(pieces).strip()


def _unmarked(text: str) -> str:
    for _ in range(3):  # bold, italic and struck through may stand in one another
        text = _MARKS.sub(lambda match: match[1] or match[2] or match[3], text)
    return "\n".join(line.removeprefix("> ") for line in text.split("\n"))


def _text(value: Any) -> str:
    return value[:LONGEST] if isinstance(value, str) and value not in _NOTHING else ""


def _objects(value: Any) -> Sequence[Json]:
    """Return the objects of a list, as many as are read."""
    found = value if isinstance(value, list) else []
    return [part for part in found[:MOST_PARTS] if isinstance(part, dict)]
