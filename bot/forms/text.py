"""Convert between Slack's message text, plain text and mrkdwn, and shorten long texts.

Source: Slack's "Formatting text for app surfaces". Slack escapes only the characters `&`, `<` and
`>`.
"""

import re

ELLIPSIS = "…"

_MARKUP = re.compile(r"<([^<>]+)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_INVISIBLE = re.compile(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str) -> str:
    """Return the text of a Slack message as a person reads it.

    Mentions become names, links become addresses, entities become characters. `<@U1|ann>`: "@ann";
    `<https://x|docs>`: "docs (https://x)"; `&lt;`: "<". This is for text that Slack itself sends.
    Text that was typed into a modal's input has no markup and must not pass through here.
    """
    bare = _MARKUP.sub(_without_markup, text)
    return _ENTITY.sub(lambda match: _ENTITIES[match[1]], bare)


def escape(text: str) -> str:
    """Return text from a person or a vendor for use in mrkdwn.

    The result cannot hold a mention, a link or `<!channel>`.
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """Return at most `limit` characters of the text.

    An ellipsis, which counts, replaces the rest.
    """
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + ELLIPSIS if limit > 0 else ""


def is_blank(text: str) -> bool:
    """Return whether a person sees nothing of the text: it is empty, or of spaces and characters
    without width."""
    return not _INVISIBLE.sub("", text).strip()


def duration(seconds: float) -> str:
    """Return a span of time in words: "40 seconds", "3 minutes", "5 hours", "2 days"."""
    for unit, length, most in (("second", 1, 90), ("minute", 60, 90), ("hour", 3600, 48)):
        if seconds / length < most:
            count = max(round(seconds / length), 1)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{round(seconds / 86400)} days"


def humanise(name: str) -> str:
    """Return a name from code as words for a person: "in_progress" is "In progress"."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _without_markup(markup: re.Match[str]) -> str:
    target, _, label = markup[1].partition("|")
    kind, name = target[:1], target[1:]
    if kind in ("@", "#"):
        return kind + (label or name).removeprefix(kind)
    if kind == "!":
        return _special(name, label)
    return _link(target, label)


def _special(name: str, label: str) -> str:
    """Return the text of a special mention or a date.

    For example `<!here>`, `<!subteam^S1|@team>` or `<!date^1700000000^{date}|14 Nov 2023>`.
    """
    command, _, argument = name.partition("^")
    if command == "date":
        return label or argument.partition("^")[0]
    return "@" + (label or argument or command).removeprefix("@")


def _link(target: str, label: str) -> str:
    address = target.removeprefix("mailto:").removeprefix("tel:")
    is_repeated = not label or label in (target, address) or _bare(label) == _bare(address)
    return address if is_repeated else f"{label} ({address})"


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address).rstrip("/")


def plain_text(text: str) -> dict[str, str]:
    """Return Slack's text object for words without any formatting."""
    return {"type": "plain_text", "text": text}
