"""The mechanical rules of the bot's voice, and every text that they hold for."""

import re
from collections.abc import Iterator

from bot.language.update import found

MOST_WORDS = 20
_SENTENCE = re.compile(r"(?<=[.!?])[\"”*)]*\s+|\n")
_QUOTED = re.compile(r"`[^`]*`|“[^”]*”")
FORBIDDEN = (
    "whoever",
    "by itself",
    "does no harm",
    "nothing for you to do",
    "please",
    "any more",
    "cannot",
    "can not",
    "could not",
    "does not",
    "do not",
    "did not",
    "is not",
    "are not",
    "was not",
    "has not",
    "have not",
    "will not",
)
"""Phrases that have a shorter, plainer form: contractions, "your bot admin", the button's name."""


def texts() -> Iterator[tuple[str, str]]:
    """Yield every text that the source marks for people, each with the file that it stands in."""
    for message in found():
        forms = [message.id] if isinstance(message.id, str) else list(message.id)
        for form in filter(None, forms):
            yield message.locations[0][0], form


def broken_rules(text: str) -> list[str]:
    """Return the rules that a text in English breaks."""
    broken = [
        f"{len(words)} words: {sentence}"
        for sentence in _SENTENCE.split(text)
        if len(words := sentence.split()) > MOST_WORDS
    ]
    own = _QUOTED.sub("", text)
    broken += [
        f"forbidden: {phrase}" for phrase in FORBIDDEN if re.search(rf"\b{phrase}\b", own.lower())
    ]
    if ";" in own:
        broken.append("a semicolon")
    if re.search(r"\bI\b", own) and text != "I did it by hand":  # a button: the person says it
        broken.append("the bot says I")
    if "!" in own.replace("!=", ""):
        broken.append("an exclamation mark")
    return broken
