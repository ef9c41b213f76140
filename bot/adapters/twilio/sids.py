"""Twilio's identifiers: two letters for the kind of object, and 32 hexadecimal digits."""

import re

from pydantic import AfterValidator

from bot.language import _

_DIGITS = re.compile(r"[0-9a-fA-F]{32}")


def is_sid(value: str, *kinds: str) -> bool:
    """Return whether the value is the SID of an object of one of these kinds ("WQ")."""
    return value[:2] in kinds and _DIGITS.fullmatch(value, 2) is not None


def sid(sentence: str, *kinds: str) -> AfterValidator:
    """Return a check for a field. Its error has this sentence, which is marked with `N_`."""

    def check(value: str) -> str:
        if not is_sid(value, *kinds):
            raise ValueError(_(sentence))
        return value

    return AfterValidator(check)
