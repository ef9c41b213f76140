"""The reason why a delivery is not delivered: a code and values, kept in `error_details`.

`bot.messages.words` makes the sentence, so that it can follow the language of its reader. Our own
sentences (`bot.language.Sentence`) are kept with their key and values. The words of a vendor, and
sentences that an older version stored, are kept as they are.
"""

from collections.abc import Mapping
from typing import Any, Literal

from bot.language import Sentence

Code = Literal[
    "said",
    "sentence",
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
Details = Mapping[str, Any]
"""The code as "code", and its values; empty where there is nothing to say."""
Words = str | Sentence
"""A sentence about a problem: the words of a vendor as they are, or a sentence of our own."""


def problem(code: Code, **values: Any) -> Details:
    """Return the details of a problem with this code."""
    return {"code": code, **values}


def said(words: Words) -> Details:
    """Return a sentence as details: our own with its key and values, others as they are."""
    if isinstance(words, Sentence):
        return problem("sentence", **as_json(words))
    return problem("said", words=words) if words else {}


def spoken(details: Details) -> str:
    """Return the sentence that the details hold: a vendor's, or our own; empty if only a code."""
    if details.get("code") == "sentence":
        return str(from_json(details))
    return str(details.get("words", ""))


def as_json(sentence: Sentence) -> dict[str, Any]:
    """Return the sentence as JSON can hold it."""
    return {"key": sentence.key, "values": dict(sentence.values)}


def from_json(stored: Any) -> Words:
    """Return words as they were stored: the reverse of `as_json`. A text stays as it is."""
    return stored if isinstance(stored, str) else Sentence(stored["key"], stored["values"])
