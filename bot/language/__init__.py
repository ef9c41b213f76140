"""The languages that the bot speaks: English, in which texts are written, and German.

Begin with `_`, which puts a text into the language of the reader, and `speaking`, which says who
that is. The translations are gettext catalogs beside this module; `python -m bot.language.update`
brings them up to date with the source. The package imports nothing of the bot.
"""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DOMAIN = "relay"
SOURCE = "en"
LANGUAGES: Mapping[str, str] = {SOURCE: "English", "de": "Deutsch"}
"""The languages by their ISO 639 code, with the names that their speakers give them."""
FOLDER = Path(__file__).parent
_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def _(text: str) -> str:
    """Return the text in the language of the current context; in English where it has no other."""
    return _translations(_language.get()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """Return the form of the text that fits `count`, in the language of the current context."""
    return _translations(_language.get()).ngettext(one, many, count)


def N_(text: str) -> str:  # noqa: N802 - what gettext calls it everywhere
    """Mark a text of a module's table for translation. `_` translates it where it is used."""
    return text


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Speak the language of this locale ("de-DE", "en_US") for the time of a block."""
    token = _language.set(language_of(locale))
    try:
        yield
    finally:
        _language.reset(token)


def language_of(locale: str) -> str:
    """Return the language for a locale; English for one that there are no translations for."""
    code = locale.replace("_", "-").partition("-")[0].lower()
    return code if code in LANGUAGES else SOURCE


def spoken() -> str:
    """Return the language of the current context."""
    return _language.get()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that waits for its reader: its English form, and the values of its placeholders.

    `str()` puts it into the language of the context in which it is read, so that a row can keep it.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.key).format_map(self.values)


@cache
def _translations(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language])
