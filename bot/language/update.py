"""`python -m bot.language.update`: bring the translations up to date with the source.

It finds each text that the source marks, writes it into the catalog of every language (the `.po`
file, which people edit) and compiles that (the `.mo` file, which the bot reads). What has no
translation yet stays empty, and a test fails until somebody fills it in.
"""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from bot.language import DOMAIN, FOLDER, LANGUAGES, SOURCE

ROOT = FOLDER.parent.parent
_KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "Sentence": None, "ngettext": (1, 2)}
_NEVER = datetime(2026, 1, 1, tzinfo=UTC)
"""The date in a catalog's header. Nobody asks for it, and the same texts give the same bytes."""
_METHODS = [("playground/**.py", "ignore"), ("**.py", "python")]


def found(root: Path = ROOT) -> Catalog:
    """Return a catalog of the texts that the source under `root` marks."""
    catalog = Catalog(project="Incident Relay", creation_date=_NEVER)
    for package in ("bot", "handlers"):
        for file, _line, text, _comments, context in extract_from_dir(
            root / package, method_map=_METHODS, keywords=_KEYWORDS
        ):
            catalog.add(text, locations=[(f"{package}/{file}", 0)], context=context)
    return catalog


def file_of(language: str) -> Path:
    """Return the catalog that people edit."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def updated(language: str, texts: Catalog) -> Catalog:
    """Return the language's catalog with exactly these texts, its translations kept."""
    with file_of(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def compiled(catalog: Catalog) -> bytes:
    """Return the content of the file that the bot reads."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main() -> None:
    """Write the catalogs of every language."""
    texts = found()
    for language in LANGUAGES:
        if language != SOURCE:
            catalog = updated(language, texts)
            with file_of(language).open("wb") as file:
                write_po(file, catalog, sort_output=True, width=100, include_lineno=False)
            file_of(language).with_suffix(".mo").write_bytes(compiled(catalog))


if __name__ == "__main__":
    main()
