"""Slack's text and ours: message text to plain text, plain text into mrkdwn, and what is too long.

Source: Slack's "Formatting text for app surfaces"; `&`, `<` and `>` are the only characters that
Slack escapes.
"""

import re

ELLIPSIS = "…"

_MARKUP = re.compile(r"<([^<>]+)>")
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str) -> str:
    """The text of a Slack message as a person reads it: names for mentions, addresses for links, no
    entities.

    `<@U1|ann>`: "@ann"; `<https://x|docs>`: "docs (https://x)"; `&lt;`: "<". For what Slack itself
    sends; text that was typed into a modal's input comes without markup and must not pass through
    here.
    """
    return _ENTITY.sub(
        lambda match: _ENTITIES[match[1]], _MARKUP.sub(lambda match: _shown(match[1]), text)
    )


def escape(text: str) -> str:
    """Text from a person or a vendor, fit to stand in mrkdwn: no mention, link or `<!channel>` can
    come out of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cut(text: str, limit: int) -> str:
    """At most `limit` characters of the text; what was cut off is shown by an ellipsis, which
    counts."""
    if len(text) <= limit:
        return text
    return text[: limit - 1].rstrip() + ELLIPSIS if limit > 0 else ""


def duration(seconds: float) -> str:
    """A span of time as people say it: "40 seconds", "3 minutes", "5 hours", "2 days"."""
    for unit, length, most in (("second", 1, 90), ("minute", 60, 90), ("hour", 3600, 48)):
        if seconds / length < most:
            count = max(round(seconds / length), 1)
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return f"{round(seconds / 86400)} days"


def humanise(name: str) -> str:
    """A name from code as words for a person: "in_progress" is "In progress"."""
    words = " ".join(name.replace("_", " ").split())
    return words[:1].upper() + words[1:]


def _shown(markup: str) -> str:
    target, _, label = markup.partition("|")
    kind, name = target[:1], target[1:]
    if kind in ("@", "#"):
        return kind + (label or name).removeprefix(kind)
    if kind == "!":
        return _special(name, label)
    return _link(target, label)


def _special(name: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@team>`, `<!date^1700000000^{date}|14 Nov 2023>`."""
    command, _, argument = name.partition("^")
    if command == "date":
        return label or argument.partition("^")[0]
    return "@" + (label or argument or command).removeprefix("@")


def _link(target: str, label: str) -> str:
    address = target.removeprefix("mailto:").removeprefix("tel:")
    said_already = not label or label in (target, address) or _bare(label) == _bare(address)
    return address if said_already else f"{label} ({address})"


def _bare(address: str) -> str:
    return re.sub(r"^https?://", "", address).rstrip("/")


def plain_text(text: str) -> dict[str, str]:
    """Return Slack's text object for words without any formatting."""
    return {"type": "plain_text", "text": text}
