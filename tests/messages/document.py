"""`python -m tests.messages.document`: write `docs/messages.md`, all that the bot says in both of its
languages, from the walk that the tests take."""

import re
from collections.abc import Iterator

from bot.language import LANGUAGES, _, ngettext, speaking
from bot.language.update import ROOT, found
from bot.messages.words import words
from tests.messages.cases import cases
from tests.messages.parts import NOW

FILE = ROOT / "docs" / "messages.md"
_DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")
_HEAD = """# Messages

What does the bot say? This page has every text, in English and in German. It is made from the source with
`python -m tests.messages.document`, and a test compares both. The rules of its voice are
held by tests as well: at most 20 words a sentence, no semicolon, and never "I".
"""
Row = tuple[str, ...]


def document() -> str:
    """Return the page."""
    by_file: dict[str, list[Row]] = {}
    for message in found():
        if message.id:
            one = message.id if isinstance(message.id, str) else message.id[0]
            by_file.setdefault(message.locations[0][0], []).append(_translated(message.id, one))
    parts = [
        _HEAD,
        "## The states of a delivery",
        "For a note in a made-up tool called Notes. Clock times follow the reader's zone.\n",
        _table(("state", *LANGUAGES.values()), states()),
        "## All texts, by the module that has them",
    ]
    for file, rows in sorted(by_file.items()):
        parts += [f"### `{file}`", _table(tuple(LANGUAGES.values()), iter(sorted(rows)))]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def states() -> Iterator[Row]:
    """Yield each state by name, with its headline and body in each language."""
    for name, shown in cases():
        row = [name]
        for language in LANGUAGES:
            with speaking(language):
                said = words(shown.row, shown.adapter, shown.operation, NOW)
                row.append(_DATE.sub(r"\1", f"**{said.headline}** {said.body}".strip()))
        yield tuple(row)


def _translated(texts: str | tuple[str, ...] | list[str], one: str) -> Row:
    row = []
    for language in LANGUAGES:
        with speaking(language):
            if isinstance(texts, str):
                row.append(_(texts))
            else:
                row.append(" / ".join(ngettext(one, texts[1], count) for count in (1, 2)))
    return tuple(row)


def _table(head: Row, rows: Iterator[Row]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|").replace("<", "&lt;").replace("\n", "<br>")


if __name__ == "__main__":
    FILE.write_text(document(), encoding="utf-8")
