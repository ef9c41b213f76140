"""The languages that the bot speaks: English, in which texts are written, and German.

Begin with `_`, which puts a text into the language of the reader, and `speaking`, which says who
that is. `command` gives a slash command's name, which an operator may have given a prefix. The
translations are gettext catalogs beside this module; `python -m bot.language.update` brings them up
to date with the source. The package imports nothing of the bot.
"""

import gettext
import re
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
LONGEST_PREFIX = 17
"""Characters of a command's prefix. Slack's commands have 32 at most, "/" included."""
PREFIX = re.compile(rf"[a-z0-9_-]{{1,{LONGEST_PREFIX}}}")
_language: ContextVar[str] = ContextVar("language", default=SOURCE)
_prefix: ContextVar[str] = ContextVar("prefix", default="")


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
def speaking(locale: str, prefix: str | None = None) -> Iterator[None]:
    """Speak the language of this locale ("de-DE", "en_US") for the time of a block.

    `prefix` stands before the names of slash commands there ("acme": `/acme-vendors`). None leaves
    it as it is.
    """
    language = _language.set(language_of(locale))
    before = _prefix.set(_prefix.get() if prefix is None else prefix)
    try:
        yield
    finally:
        _prefix.reset(before)
        _language.reset(language)


def speak(locale: str, prefix: str) -> None:
    """Speak the language of this locale, with this prefix, from now on in the current task."""
    _language.set(language_of(locale))
    _prefix.set(prefix)


def command(name: str) -> str:
    """Return what a slash command is called here: "/vendors", or with a prefix "/acme-vendors"."""
    prefix = _prefix.get()
    return f"/{prefix}-{name}" if prefix else f"/{name}"


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
    The placeholder `{vendors}` is the name of that command there.
    """

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.key).format_map({"vendors": command("vendors"), **self.values})


@cache
def _translations(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language])
