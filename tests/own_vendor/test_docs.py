"""`docs/adding-a-vendor.md` is Logbook's module, explained: its code is the module's."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.world.processes import ROOT

HERE = Path(__file__).parent
BLOCK = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def statements(source: str) -> list[str]:
    """What the source says, a line each; a class is its head and then its members."""
    return list(_said(ast.parse(source).body))


def _said(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield f"class {node.name}({', '.join(map(ast.unparse, node.bases))})"
            yield from _said(node.body)
        else:
            yield ast.unparse(node)


def module(path: Path) -> list[str]:
    """The same of a module, from its first class on."""
    found = statements(path.read_text(encoding="utf-8"))
    first = next(number for number, said in enumerate(found) if said.startswith("class "))
    return found[first:]


def test_the_page_shows_the_whole_vendor() -> None:
    """In the module's order, then the stand-in."""
    page = (ROOT / "docs" / "adding-a-vendor.md").read_text(encoding="utf-8")
    *parts, stand_in = map(statements, BLOCK.findall(page))
    assert [said for part in parts for said in part] == module(HERE / "logbook.py")
    assert stand_in == module(HERE / "stand_in.py")
