"""Check TaskRouter's expressions: find the first place that cannot be read.

    conditions = condition {("AND" | "OR") condition}
    condition  = "(" conditions ")" | value comparison value
    comparison = "==" | "!=" | ">" | ">=" | "<" | "<=" | CONTAINS | HAS | IN | NOT IN
    value      = 'text' | "text" | number | TRUE | FALSE | NULL | "[" [value {"," value}] "]" | name
    name       = word {"." word | "[" digits "]"}

Source: Twilio's page on expression syntax. Its page on activities also has the words in small
letters.
"""

import re
from collections.abc import Collection
from typing import NoReturn

from bot.forms.text import cut
from bot.language import N_, _

DEEPEST = 50
"""Levels of parentheses and lists inside each other. Nobody needs more."""

_TOKEN = re.compile(
    r"""
      (?P<text>   "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | "[^"]*" | '[^']*' )
    | (?P<number> -?\d+(?:\.\d+)?(?![\w.]) )
    | (?P<name>   [^\W\d]\w*(?:\.\w+|\[\d+\])* )
    | (?P<sign>   [=!<>]= | [<>()\[\],] )
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = re.compile(r"\s*")
_COMPARISONS = ("==", "!=", ">", ">=", "<", "<=", "CONTAINS", "HAS", "IN")
_CONSTANTS = ("TRUE", "FALSE", "NULL")
_WORDS = {"AND", "OR", "NOT", "CONTAINS", "HAS", "IN", *_CONSTANTS}
_HINTS = (
    (re.compile(r"=(?!=)"), N_("write == to compare")),
    (re.compile(r"&"), N_("write AND")),
    (re.compile(r"\|"), N_("write OR")),
    (re.compile(r"!"), N_("write != or NOT IN")),
    (re.compile(r"[-‐‑–]"), N_("remove the hyphen from the name")),  # noqa: RUF001 people paste them
    (re.compile(r"[“”„‘’]"), N_("use straight quotes")),  # noqa: RUF001
    (re.compile(r"[\"']"), N_("close the quotes of this text")),
)
_A_VALUE = N_("put a name, a number or a text in quotes here")
_A_COMPARISON = N_("put ==, !=, >, >=, <, <=, CONTAINS, HAS, IN or NOT IN here")
_NO_MEANING = N_("remove this")


class _UnreadableError(Exception):
    """The expression cannot be read. The message is a sentence with the place."""


def complaint(expression: str, roots: Collection[str] = ()) -> str | None:
    """Return a sentence about the first error and its place, or None if there is none.

    If `roots` are given, a name must begin with one of them and a dot.
    """
    try:
        _Parser(expression, roots).whole()
    except _UnreadableError as error:
        return str(error)
    return None


class _Parser:
    """A parser that reads from `self._at` on.

    `self._kind` and `self._word` are the token at that place, both empty at the end. A text has no
    word, so that text in quotes is never taken for an operator.
    """

    def __init__(self, expression: str, roots: Collection[str]) -> None:
        self._text = expression
        self._roots = roots
        self._depth = 0
        self._end = 0
        self._kind = self._word = ""
        self._next()

    def whole(self) -> None:
        if not self._kind:
            raise _UnreadableError(_("Type a condition, such as type == 'ticket'."))
        self._conditions()
        if self._kind:
            self._expected(N_("put AND or OR here, or end the expression"))

    def _next(self) -> None:
        # The pattern matches an empty text too.
        self._at = _SPACE.match(self._text, self._end).end()  # type: ignore[union-attr]
        if self._at == len(self._text):
            self._kind, self._word = "", ""
            return
        if (match := _TOKEN.match(self._text, self._at)) is None:
            self._kind = ""
            self._stop(self._hint() or _NO_MEANING)
        self._kind, self._end = str(match.lastgroup), match.end()
        self._word = "" if self._kind == "text" else match[0]
        if self._kind == "name" and self._word.upper() in _WORDS:
            self._kind, self._word = "word", self._word.upper()

    def _conditions(self) -> None:
        self._condition()
        while self._word in ("AND", "OR"):
            self._next()
            self._condition()

    def _condition(self) -> None:
        if self._word == "(":
            self._deeper()
            self._conditions()
            self._take(")")
            self._depth -= 1
            return
        self._value()
        if self._word == "NOT":
            self._next()
            self._take("IN")
        elif self._word in _COMPARISONS:
            self._next()
        else:
            self._expected(_A_COMPARISON)
        self._value()

    def _value(self) -> None:
        if self._word == "[":
            self._list()
        elif self._kind == "name":
            root, dot, _ = self._word.partition(".")
            if self._roots and not (dot and root in self._roots):
                self._stop(N_("begin this name with {names}"), names=_roots(self._roots))
            self._next()
        elif self._kind in ("text", "number") or self._word in _CONSTANTS:
            self._next()
        else:
            self._expected(_A_VALUE)

    def _list(self) -> None:
        self._deeper()
        if self._word != "]":
            self._value()
            while self._word == ",":
                self._next()
                self._value()
        self._take("]")
        self._depth -= 1

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._stop(N_("use fewer levels of brackets"))
        self._next()

    def _take(self, word: str) -> None:
        if self._word != word:
            self._expected(N_("put {word} here"), word=word)
        self._next()

    def _expected(self, what: str, **values: str) -> NoReturn:
        self._stop(self._hint() or what, **values)

    def _hint(self) -> str:
        """Return the advice for a character that TaskRouter does not know, or an empty text."""
        if self._kind == "text":
            return ""
        return next((words for pattern, words in _HINTS if pattern.match(self._text, self._at)), "")

    def _stop(self, why: str, **values: str) -> NoReturn:
        advice = _(why).format(**values)
        rest = cut(" ".join(self._text[self._at :].split()), 20)
        if rest:
            sentence = _("At character {place}, “{rest}”: {advice}.")
        else:
            sentence = _("At the end: {advice}.")
        raise _UnreadableError(sentence.format(place=self._at + 1, rest=rest, advice=advice))


def _roots(roots: Collection[str]) -> str:
    first, *others = [f"“{root}.”" for root in roots]
    return _("{others} or {last}").format(others=first, last=others[0]) if others else first
