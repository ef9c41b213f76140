"""Read the documentation: its links, headings, code and sections."""

import re
from functools import cache
from pathlib import Path

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def prose(document: Path) -> str:
    """Return the document without its blocks of code."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def blocks(document: Path, language: str) -> list[str]:
    """Return the document's blocks of code in that language."""
    found = _FENCE.findall(document.read_text(encoding="utf-8"))
    return [code for name, code in found if name == language]


def code(document: Path) -> list[str]:
    """Return what the document sets as code: each piece in a sentence as one line, and the lines of
    its shell blocks."""
    inline = [" ".join(found.split()) for found in _CODE.findall(prose(document))]
    return [*inline, *(line for block in blocks(document, "sh") for line in block.splitlines())]


@cache
def anchors(document: Path) -> frozenset[str]:
    """Return the anchors that GitHub gives the document's headings."""
    titles = (re.sub(r"[`*]", "", title) for title in _HEADING.findall(prose(document)))
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles)


def section(document: Path, title: str) -> str:
    """Return the text below a heading of the second level."""
    text = document.read_text(encoding="utf-8")
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def links(document: Path) -> list[str]:
    """Return the targets of the document's links and pictures."""
    return _LINK.findall(prose(document))
