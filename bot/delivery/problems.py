"""The reason why a delivery is not delivered: a code and values, kept in `error_details`.

`bot.messages.words` makes the sentence, so that it can follow the language of its reader. The
words of a vendor, and sentences that an older version stored, are kept as they are.
"""

from collections.abc import Mapping
from typing import Literal

Code = Literal[
    "said",
    "stopped",
    "no_answer",
    "silent",
    "unreadable_answer",
    "not_connected",
    "does_not_fit",
    "not_sent_in_time",
    "not_confirmed_in_time",
    "not_answered_in_time",
    "not_listed",
    "step_rejected",
    "step_not_taken",
]
Details = Mapping[str, str]
"""The code as "code", and its values; empty where there is nothing to say."""


def problem(code: Code, **values: str) -> Details:
    """Return the details of a problem with this code."""
    return {"code": code, **values}


def said(words: str) -> Details:
    """Return words that are kept as they are, as details."""
    return problem("said", words=words) if words else {}
