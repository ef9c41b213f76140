"""No regular expression of the bot takes time that grows faster than its input.

The expressions are found in the source. Each is tried on inputs made of its own parts: a part of an
example that it matches, repeated, and an end at which it fails.
"""

import ast
import importlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, combinations, groupby, islice, product
from pathlib import Path
from re import _compiler as compiler  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

import bot

ROOT = Path(bot.__file__).parent.parent
FUNCTIONS = {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
LOCALS: Mapping[str, Any] = {
    "name": "incident",
    "parameter": "FriendlyName",
    "separator": r"[\n,;]",
    "pattern": r"[A-Z]+",
}
"""An example for each name in an expression that is made at run time."""
SHORT, LONG = 10_000, 100_000
"""Characters of the two inputs. Linear time is ten times as long for the longer one, quadratic time
a hundred times."""
MOST_TIMES = 40
NOISE_SECONDS = 0.02
ENDS = ("", " ", "\0", "@", "{", "a")
CHARACTERS = "a1A-. ,;:/@<>{}[]()\"'=_#&%|\\\n"


@dataclass(frozen=True)
class Regex:
    """An expression, and the function of `re` that the source calls with it."""

    place: str
    pattern: "re.Pattern[str]"
    function: str

    def seconds(self, text: str) -> float:
        """Return the CPU time of the call, the shortest of three."""
        call = getattr(self.pattern, self.function)
        best = float("inf")
        for _ in range(3):
            began = time.thread_time()
            result = call("", text) if self.function == "sub" else call(text)
            if self.function == "finditer":
                list(result)
            best = min(best, time.thread_time() - began)
            if best > NOISE_SECONDS:
                break
        return best


def regexes() -> Iterator[Regex]:
    """Yield every expression of the source with each function that is called with it."""
    sources = sorted([*ROOT.glob("bot/**/*.py"), *ROOT.glob("handlers/**/*.py")])
    trees = {path: ast.parse(path.read_text()) for path in sources}
    called = {
        (path if node.func.value.id.startswith("_") else None, node.func.value.id, node.func.attr)
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.attr in FUNCTIONS
    }
    for path, tree in trees.items():
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        names = {
            node.value: node.targets[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (found := expression(node)) is not None:
                function, written = found
                pattern = compiled(written, module)
                own = {
                    call
                    for where, name, call in called
                    if name == names.get(node) and where in (path, None)
                }
                functions = own or ({"match", "search"} if function == "compile" else {function})
                for each in sorted(functions):
                    yield Regex(f"{module}:{node.lineno} {each}", pattern, each)


def expression(call: ast.Call) -> tuple[str, list[ast.expr]] | None:
    """Return the function of `re` and its pattern and flags, or None for another call."""
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=function), args=[first, *_]):
            if function in FUNCTIONS:
                flags = [each for each in call.args[1:] if "re." in ast.unparse(each)]
                return function, [first, *flags]
            return (function, call.args) if function == "compile" else None
        case ast.Call(func=ast.Name(id="matching"), args=[first, *_]):
            return "fullmatch", [first]
        case ast.Call(func=ast.Name(id="Field")):
            patterns = [each.value for each in call.keywords if each.arg == "pattern"]
            return ("search", patterns) if patterns else None
    return None


def compiled(written: list[ast.expr], module: str) -> "re.Pattern[str]":
    names = {**LOCALS, **vars(importlib.import_module(module))}
    values = [eval(ast.unparse(each), names) for each in written]  # noqa: S307 our own source
    return re.compile(*values)


def attacks(pattern: str, flags: int, size: int) -> Iterator[str]:
    """Yield texts of about `size` characters that begin as the pattern does and do not match."""
    for pieces in examples(list(parser.parse(pattern, flags))):
        for start, end in combinations(range(len(pieces) + 1), 2):
            repeated = "".join(pieces[start:end])
            if not repeated:
                continue
            for last in ENDS:
                yield "".join(pieces[:start]) + repeated * (size // len(repeated)) + last


def examples(parts: list[Any], most: int = 12) -> list[list[str]]:
    """Return some texts that the parts of a parsed pattern match, each in pieces."""
    chosen = []
    for are_literal, run in groupby(parts, key=lambda part: str(part[0]) == "LITERAL"):
        if are_literal:
            chosen.append([["".join(chr(value) for _, value in run)]])
        else:
            chosen += [examples_of(*part)[:4] for part in run]
    return [list(chain(*each)) for each in islice(product(*chosen), most)] or [[]]


def examples_of(kind: Any, value: Any) -> list[list[str]]:
    match str(kind):
        case "ANY":
            return [["a"]]
        case "NOT_LITERAL":
            return [[next(each for each in CHARACTERS if ord(each) != value)]]
        case "IN":
            accepted = [each for each in CHARACTERS if accepts(value, each)]
            other = [chr(one) for kind, one in value if str(kind) == "LITERAL"]
            return [[each] for each in (accepted or other)[:3]]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return examples(list(value[2]))
        case "SUBPATTERN":
            return examples(list(value[3]))
        case "ATOMIC_GROUP":
            return examples(list(value))
        case "BRANCH":
            return [each for branch in value[1] for each in examples(list(branch), 3)]
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return [[]]
    raise AssertionError(f"no example for {kind}")


def accepts(members: list[Any], character: str) -> bool:
    """Return whether a set of characters of a parsed pattern has this one."""
    state = parser.State()
    state.str = ""
    wanted = parser.SubPattern(state, [(parser.IN, members)])
    return compiler.compile(wanted).fullmatch(character) is not None


REGEXES = list(regexes())


@pytest.mark.parametrize("regex", REGEXES, ids=lambda regex: regex.place)
def test_takes_time_in_proportion_to_the_input(regex: Regex) -> None:
    texts = attacks(regex.pattern.pattern, regex.pattern.flags, SHORT)
    short = [(regex.seconds(text), number) for number, text in enumerate(texts)]
    longest = sorted(short, reverse=True)[:3]
    assert not longest or longest[0][0] < NOISE_SECONDS
    numbers = {number: seconds for seconds, number in longest}
    texts = attacks(regex.pattern.pattern, regex.pattern.flags, LONG)
    for number, text in enumerate(texts):
        if number in numbers:
            seconds = regex.seconds(text)
            assert seconds < max(NOISE_SECONDS, MOST_TIMES * numbers[number]), text[:60]


def test_finds_the_expressions() -> None:
    """A search that finds nothing would test nothing."""
    packages = {re.split("[.:]", regex.place)[-2] for regex in REGEXES}
    assert {"base", "fields", "errors", "oauth", "settings", "handlers", "rate_limit"} <= packages


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        (r"x*y", SHORT),
        (r"(?:\{\{.*?\}\}|[^,])*!", SHORT // 25),  # its time grows with the cube of the length
        (r"//\S+/n/(\d+)(?:/\S*)?!", SHORT),
    ],
)
def test_notices_an_expression_that_is_too_slow(pattern: str, size: int) -> None:
    regex = Regex("", re.compile(pattern), "search")
    texts = attacks(pattern, regex.pattern.flags, size)
    assert any(regex.seconds(text) > NOISE_SECONDS for text in texts)
