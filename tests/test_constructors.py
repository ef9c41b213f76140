"""No constructor takes more than six arguments: where one would, a part is missing."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import bot

ROOT = Path(bot.__file__).parent.parent
MOST = 6
MORE: Mapping[str, str] = {
    "Filled": "a form as it was filled in: a value, made in one place and read in one module",
    "SlackStandIn": "a test names what it wants to differ; five have a default",
    "State": "what the Slack stand-in was given, handed on by it alone",
    "Stores": "one store a table's owner; it is made in one place, and who gets it takes one out",
    "Visit": "what a page shows: a value, made in one place",
    "Channel": "a channel of the Slack stand-in, as data",
    "View": "an open view of the Slack stand-in, as data",
}
"""The classes that take more, with the reason."""


def classes(*, playground: bool) -> Iterator[ast.ClassDef]:
    """Those of the playground, or all others."""
    for folder in ("bot", "handlers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ("playground" in path.relative_to(ROOT).parts) == playground:
                yield from (
                    node
                    for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.ClassDef)
                )


def dataclass_of(node: ast.ClassDef) -> str:
    """The decorator that makes it a dataclass; empty where none does."""
    return next(
        (text for it in node.decorator_list if "dataclass" in (text := ast.unparse(it))), ""
    )


def constructor(node: ast.ClassDef) -> ast.arguments | None:
    for it in node.body:
        if isinstance(it, ast.FunctionDef) and it.name == "__init__":
            return it.args
    return None


def fields(node: ast.ClassDef) -> list[ast.expr]:
    """The types of a dataclass's fields."""
    return [
        it.annotation
        for it in node.body
        if isinstance(it, ast.AnnAssign) and "ClassVar" not in ast.unparse(it.annotation)
    ]


def names_in(types: list[ast.expr]) -> set[str]:
    return {it.id for type_ in types for it in ast.walk(type_) if isinstance(it, ast.Name)}


def parts(found: list[ast.ClassDef]) -> set[str]:
    """The names of the classes that do something: those with a constructor of their own, those that
    inherit from one, and the dataclasses that hold one. The others are data."""
    known = {it.name for it in found if constructor(it) and not it.name.endswith("Error")}
    while True:
        more = {
            it.name
            for it in found
            if names_in(it.bases) & known or (dataclass_of(it) and names_in(fields(it)) & known)
        }
        if more <= known:
            return known
        known |= more


def counts(found: list[ast.ClassDef]) -> dict[str, int]:
    """How many arguments each constructor takes: those that are written, and those of dataclasses
    that hold parts or can be changed. A frozen row of data has as many fields as it needs."""
    known = parts(found)
    counted: dict[str, int] = {}
    for node in found:
        args, made = constructor(node), dataclass_of(node)
        holds_parts = bool(names_in(fields(node)) & known)
        if args is not None:
            counted[node.name] = len([*args.posonlyargs, *args.args, *args.kwonlyargs]) - 1
        elif made and ("frozen=True" not in made or holds_parts):
            counted[node.name] = max(len(fields(node)), counted.get(node.name, 0))
    return counted


def test_constructors_take_at_most_six_arguments() -> None:
    """A facade counts as well; whoever takes more says why."""
    found = counts(list(classes(playground=False))) | counts(list(classes(playground=True)))
    assert len(found) > 50
    assert {name for name, count in found.items() if count > MOST} == set(MORE)
