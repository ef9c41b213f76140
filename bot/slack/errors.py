"""What became of a call to Slack that failed."""

import re

import aiohttp
from slack_sdk.errors import SlackApiError

NOT_DONE = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""Everything that a call of slack_sdk's raises when Slack, or the way there, does not do it."""
_WORD = re.compile(r"[a-z0-9_]{1,80}")
UNNAMED_WAIT = 10.0
LONGEST_WAIT = 3600.0
NOT_NOW = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"}
)
"""Slack's words for what may work later as it is."""


def named(error: BaseException) -> str:
    """Slack's own word ("channel_not_found"); empty where it gave none (a proxy's page, silence).
    What is no such word is not repeated: it may quote the request, and with it the token.

    `SlackApiError.response` is a response whose `data` may be text, or aiohttp's own response when
    the JSON was broken.
    """
    answer = getattr(getattr(error, "response", None), "data", None)
    word = answer.get("error") if isinstance(answer, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def said(error: BaseException) -> str:
    """Slack's own word; where it gave none, the exception's name."""
    return named(error) or type(error).__name__


def asked_to_wait(error: BaseException) -> float | None:
    """For how many seconds Slack wants to hear no more (429, Retry-After); None when that was not
    what it said."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    if status != 429 and said(error) not in ("ratelimited", "rate_limited"):
        return None
    named = str((getattr(response, "headers", None) or {}).get("Retry-After", ""))
    return min(float(named), LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,9}", named) else UNNAMED_WAIT
