"""Convert between epoch seconds and the dates that vendors write."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def epoch(written: str) -> float:
    """Return the epoch seconds of an ISO 8601 or RFC 2822 date, or 0.0 if the text is neither.

    A date without an offset is read as UTC.
    """
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return 0.0


def iso(at: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
