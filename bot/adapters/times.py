"""Points in time as vendors write them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def epoch(written: str) -> float:
    """Epoch seconds of an ISO 8601 or RFC 2822 date; 0.0 when it is neither. Without an offset it
    is UTC."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(written)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return 0.0


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, by the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
