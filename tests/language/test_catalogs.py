"""The translations are complete, fit the source, and are compiled."""

import re

import pytest
from babel.messages.catalog import Message

from bot.language import LANGUAGES, SOURCE
from bot.language.update import compiled, file_of, found, updated

OTHERS = [language for language in LANGUAGES if language != SOURCE]


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def wrong(message: Message) -> bool:
    """Whether a translation is missing, or has other placeholders than the text."""
    wanted = set().union(*map(placeholders, forms(message.id)))
    return any(not form or placeholders(form) - wanted for form in forms(message.string))


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_a_translation_with_its_placeholders(language: str) -> None:
    catalog = updated(language, found())
    assert [message.id for message in catalog if message.id and wrong(message)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_what_the_bot_reads_was_made_from_what_people_edit(language: str) -> None:
    """`python -m bot.language.update` makes it so."""
    current = updated(language, found())
    assert file_of(language).with_suffix(".mo").read_bytes() == compiled(current)
