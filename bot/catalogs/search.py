"""The search in a picker: matching entries, best first.

Case, accents, punctuation and the order of words do not count. What is spelled wrong is found after
what is spelled right.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain, islice

from rapidfuzz import fuzz, process

from bot.adapters.base import Entry

LONGEST_QUERY, MOST_WORDS = 100, 8
"""A longer query is cut. Nobody types so much to find an entry."""
FEW = 5
"""With fewer matches than this, misspelled words are looked for too."""
SHORTEST_MISSPELLED = 4
"""The number of characters from which a word may be misspelled. A word with a digit may not."""
SIMILAR = 75.0
"""The similarity, of 100, from which a part of a line is taken for the word misspelled."""
CHUNK = 1000
"""The number of lines in one call of the library, which stops all other threads meanwhile."""

_MARKS = re.compile("[\u0300-\u036f]+")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "\u0131": "i"}
)


def folded(text: str) -> str:
    """Return the words of a text as they are compared: "Zoë's API_key" becomes "zoe s api key"."""
    text = text.casefold()
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(_LETTERS)
    return _BETWEEN_WORDS.sub(" ", text).strip()


def search_text(entry: Entry) -> str:
    """Return the line to search in: the label; after a tab the detail, the id and the other
    names."""
    return f"{folded(entry.label)}\t{folded(f'{entry.detail} {entry.id} {entry.names}')}"


def matches(entries: Sequence[Entry], query: str, limit: int) -> list[Entry]:
    """Return the entries that match the query, best first, at most `limit`. For short lists."""
    texts = [search_text(entry) for entry in entries]
    return [entries[index] for index in best(texts, query, limit)]


def best(texts: Sequence[str], query: str, limit: int) -> list[int]:
    """Return the indexes of the matching lines of `search_text`, best first, at most `limit`.

    The order is: labels equal to the query, labels that begin with it, labels with a word that
    begins with it, labels that contain it, other names that contain it, lines in which each
    of its words begins a word, and labels with something like each of its words.
    """
    words = list(filter(None, map(folded, query[:LONGEST_QUERY].split()[:MOST_WORDS])))
    wanted = " ".join(words)
    if not wanted:
        return list(range(min(limit, len(texts))))
    ranked: tuple[list[int], ...] = ([], [], [], [], [], [])
    for index, text in enumerate(texts):
        if wanted in text:
            ranked[_rank(text, wanted)].append(index)
        elif len(words) > 1 and _begin_words(words, text):
            ranked[5].append(index)
    found = list(islice(chain(*ranked), limit))
    return found if len(found) >= FEW else [*found, *_misspelled(texts, words, found)][:limit]


def _begin_words(words: Sequence[str], text: str) -> bool:
    if not all(word in text for word in words):
        return False
    padded = f" {text}".replace("\t", " ")
    return all(f" {word}" in padded for word in words)


def _rank(text: str, wanted: str) -> int:
    """Return the rank of a match, 0 for the best."""
    if text.startswith(wanted):
        return 0 if text.startswith(f"{wanted}\t") else 1
    label, _, _ = text.partition("\t")
    if wanted in label:
        return 2 if f" {wanted}" in label else 3
    return 4


def _misspelled(texts: Sequence[str], words: Sequence[str], found: Iterable[int]) -> list[int]:
    """Return the indexes of other lines whose label has something like each of the words, the most
    similar first, then the shortest."""
    labels = [text[: text.index("\t")] for text in texts]
    scores = dict.fromkeys(set(range(len(texts))).difference(found), 0.0)
    for word in sorted(words, key=len, reverse=True):
        if len(word) < SHORTEST_MISSPELLED or any(map(str.isdigit, word)):
            scores = {index: score for index, score in scores.items() if word in labels[index]}
            continue
        indexes = list(scores)
        scores = {
            indexes[start + place]: scores[indexes[start + place]] + score
            for start in range(0, len(indexes), CHUNK)
            for _, score, place in process.extract(
                word,
                [labels[index] for index in indexes[start : start + CHUNK]],
                scorer=fuzz.partial_ratio,
                score_cutoff=SIMILAR,
                limit=None,
            )
        }
    return sorted(scores, key=lambda index: (-scores[index], len(labels[index])))
