"""The search in a picker: matching entries, best first."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from bot.adapters.base import Entry


def folded(entry: Entry) -> str:
    """Return the text to search in: the label and the detail, each on a line."""
    return f"{' '.join(entry.label.split())}\n{entry.detail}".casefold()


def best(entries: Sequence[Entry], texts: Sequence[str], query: str, limit: int) -> list[Entry]:
    """Return the matching entries, best first. `texts` are the entries, `folded`.

    The order is: labels equal to the query, labels that begin with it, labels with a word that
    begins with it, labels that contain it, details that contain it, and entries in which each word
    of the query begins a word.
    """
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
    """Return the rank of a match, 0 for the best.

    `text` has a label and a detail, each on a line.
    """
    if text.startswith(wanted):
        return 0 if text.startswith(f"{wanted}\n") else 1
    label, _, _ = text.partition("\n")
    if wanted in label:
        return 2 if f" {wanted}" in label else 3
    return 4
