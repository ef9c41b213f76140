"""Failed calls to Slack: which exceptions they raise and what the exceptions tell."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Mapping

import aiohttp
from slack_sdk.errors import SlackApiError

NOT_DONE = (SlackApiError, aiohttp.ClientError, TimeoutError, OSError)
"""The exceptions of a slack_sdk call that failed in Slack or on the way there."""
_WORD = re.compile(r"[a-z0-9_]{1,80}")
UNNAMED_WAIT = 10.0
LONGEST_WAIT = 3600.0
NOT_NOW = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable"}
)
"""Slack's errors for a call that may succeed later without a change."""
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
_WORDS: Mapping[type[BaseException], str] = {
    socket.gaierror: "its name cannot be resolved",
    ssl.SSLError: "no secure connection came about; its certificate may not be trusted here",
    ConnectionRefusedError: "the connection was refused",
}


def named(error: BaseException) -> str:
    """Return Slack's error code ("channel_not_found"), or an empty string if there is none.

    A proxy's page or a missing answer has none. Text that is no error code is not repeated, because
    it may quote the request and with it the token. `SlackApiError.response` is a response whose
    `data` may be text. For broken JSON it is aiohttp's own response.
    """
    answer = getattr(getattr(error, "response", None), "data", None)
    word = answer.get("error") if isinstance(answer, dict) else None
    return word if isinstance(word, str) and _WORD.fullmatch(word) else ""


def said(error: BaseException) -> str:
    """Return Slack's error code, or the exception's name if there is none."""
    return named(error) or type(error).__name__


def is_out_of_reach(error: BaseException) -> bool:
    """Return whether Slack did not answer, or only that it cannot now."""
    return not named(error) or said(error) in NOT_NOW


def asked_to_wait(error: BaseException) -> float | None:
    """Return for how many seconds Slack accepts no calls, or None for another error.

    Slack says so with a 429 and the header Retry-After.
    """
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    if status != 429 and said(error) not in ("ratelimited", "rate_limited"):
        return None
    named = str((getattr(response, "headers", None) or {}).get("Retry-After", ""))
    return min(float(named), LONGEST_WAIT) if re.fullmatch(r"[0-9]{1,9}", named) else UNNAMED_WAIT


def unreached(error: BaseException) -> str:
    """Return the reason why a call did not arrive, such as "its name cannot be resolved".

    The error's own text is never used, because it may quote the request. Libraries wrap the
    system's errors, so the wrapped errors are searched too.
    """
    causes = list(_causes(error))
    for kind, words in _WORDS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return words
    if any(isinstance(cause, OSError) and cause.errno in _NO_WAY for cause in causes):
        return "there is no way to it from this network"
    if any(
        isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes
    ):
        return "it did not answer in time"
    return f"the connection broke ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and every error that led to it."""
    known: list[BaseException] = [error]
    for cause in known:
        grouped = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        for earlier in (cause.__cause__, cause.__context__, *grouped):
            if earlier is not None and earlier not in known:
                known.append(earlier)
        yield cause
