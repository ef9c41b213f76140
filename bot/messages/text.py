"""Pieces of mrkdwn: a clock time in the reader's zone, and words of others at a safe length."""

from datetime import UTC, datetime

from bot.forms.text import cut, escape

_SAME_DAY_SECONDS = 12 * 3600.0
"""A time this far ahead needs no date: it comes only once before the card is read again."""
_ENDS = (".", "!", "?", "…", ":", "”", '"', ")")


def clock(at: float, now: float) -> str:
    """Return a time in mrkdwn, which Slack shows in the reader's zone: "4:15 PM tomorrow".

    Clients that cannot show it get the time in UTC. A past time has its date, since the message
    may be read on another day.
    """
    stamp = datetime.fromtimestamp(at, UTC)
    if now <= at < now + _SAME_DAY_SECONDS:
        return f"<!date^{int(at)}^{{time}}|{stamp:%H:%M} UTC>"
    return f"<!date^{int(at)}^{{time}} {{date_short_pretty}}|{stamp:%H:%M} UTC, {stamp:%Y-%m-%d}>"


def escaped(text: str, most: int) -> str:
    """Return text of a person or a vendor for mrkdwn, cut to `most` characters after escaping."""
    text = cut(text, most)
    while (excess := len(escape(text)) - most) > 0:
        text = cut(text, len(text) - max(excess // 5, 1))
    return escape(text)


def full_stop(text: str) -> str:
    """Return a sentence of a library or a vendor with a full stop where it lacks one."""
    text = text.rstrip()
    return text if not text or text.endswith(_ENDS) else f"{text}."
