"""Tests leave private attributes of other objects alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
OF_NAMED_TUPLES = ("_replace", "_asdict", "_fields", "_make")


def touched(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Each private attribute of something else than `self` or `cls`, with its line."""
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and node.attr not in OF_NAMED_TUPLES
            and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
        ):
            yield node.lineno, node.attr


def own_module(test: Path) -> str:
    """The text of the module that a test is named after: `bot/slack/files.py` for
    `tests/slack/test_files.py`, and `bot/slack/cards.py` for `tests/slack/test_cards_paced.py`."""
    words = test.stem.removeprefix("test_").split("_")
    folder = ROOT / "bot" / test.relative_to(TESTS).parent
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count])
        for path in (folder / f"{name}.py", folder / name / "__init__.py"):
            if path.exists():
                return path.read_text()
    return ""


def defined_in(text: str) -> set[str]:
    """The private methods and attributes of that module's classes."""
    nodes = list(ast.walk(ast.parse(text)))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {it.name for it in nodes if isinstance(it, functions)} | {
        it.attr for it in nodes if isinstance(it, ast.Attribute) and isinstance(it.ctx, ast.Store)
    }


def test_no_test_touches_what_is_private() -> None:
    """A module's own test may: what it looks at, and what it wakes, has no public name."""
    found = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted(TESTS.rglob("*.py"))
        for own in [defined_in(own_module(path))]
        for line, name in touched(ast.parse(path.read_text()))
        if name not in own
    ]
    assert found == []


def test_a_private_attribute_is_seen() -> None:
    """On whatever it is looked up; a class's own and a named tuple's method are none."""
    text = "self._a\ncls._b\nit._replace()\nit.__class__\nit._c\nself.it._d\nf()._e = 1\n"
    assert list(touched(ast.parse(text))) == [(5, "_c"), (6, "_d"), (7, "_e")]
    assert defined_in("class A:\n    def _f(self): self._g = self._h\n") == {"_f", "_g"}
