"""Which entries match what was typed into a picker: best first."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from bot.adapters.base import Entry


def folded(entry: Entry) -> str:
    """What a search looks in: the label and the detail, each on a line."""
    return f"{' '.join(entry.label.split())}\n{entry.detail}".casefold()


def best(entries: Sequence[Entry], texts: Sequence[str], query: str, limit: int) -> list[Entry]:
    """Exact matches, then labels that begin with it, that have a word which begins with it, that
    hold it; then the same of the smaller line; then what has words that begin with each of them.
    `texts` are the entries, `folded`."""
    words = query.casefold().split()
    wanted = " ".join(words)
    if not wanted:
        return list(entries[:limit])
    ranked: tuple[list[int], ...] = ([], [], [], [], [], [])
    for index, text in enumerate(texts):
        if wanted in text:
            ranked[_rank(text, wanted)].append(index)
        elif len(words) > 1 and len(ranked[5]) < limit and _begin_words(words, text):
            ranked[5].append(index)
    return [entries[index] for index in islice(chain(*ranked), limit)]


def _begin_words(words: Iterable[str], text: str) -> bool:
    padded = f" {text}".replace("\n", " ")
    return all(f" {word}" in padded for word in words)


def _rank(text: str, wanted: str) -> int:
    """How well it matches: 0 best. `text` is a label and a detail, each on a line."""
    if text.startswith(wanted):
        return 0 if text.startswith(f"{wanted}\n") else 1
    label, _, _ = text.partition("\n")
    if wanted in label:
        return 2 if f" {wanted}" in label else 3
    return 4
