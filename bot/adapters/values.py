"""Convert times and numbers between our values and those that vendors write."""

from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any


def epoch(written: str) -> float:
    """Return the epoch seconds of an ISO 8601 or RFC 2822 date, or 0.0 if the text is neither.

    A date without an offset is read as UTC.
    """
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return in_utc(read(written)).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return 0.0


def in_utc(moment: datetime) -> datetime:
    """Return the time with an offset: UTC, if it has none."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(at: float) -> str:
    """Return epoch seconds as ISO 8601 in UTC, in whole seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def decimal_text(number: Any) -> str:
    """Return the number without an exponent, and without a point if it is whole."""
    value = Decimal(str(number))
    whole = value.to_integral_value()
    return format(whole if value == whole else value, "f")


def sort_number(value: Any, missing: float = 0.0) -> float:
    """Return the number by which a vendor orders a list, or `missing` if there is none."""
    return value if isinstance(value, int | float) else missing
