"""`docs/adding-a-vendor.md` is Logbook's module, explained: its code is the module's."""

import ast
import re
from pathlib import Path

from tests.processes import ROOT

HERE = Path(__file__).parent
BLOCK = re.compile(r"^```python\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    """The page's blocks of Python."""
    return BLOCK.findall((ROOT / "docs" / "adding-a-vendor.md").read_text(encoding="utf-8"))


def code(path: Path) -> str:
    """The module from its first class on, without empty lines."""
    source = path.read_text(encoding="utf-8")
    first = next(node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return written("\n".join(source.splitlines()[first.lineno - 1 :]))


def written(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if line.strip())


def test_the_page_shows_the_whole_vendor() -> None:
    """In the module's order, then the two lines that register, and the stand-in."""
    *module, adapters, stand_ins, stand_in = map(written, blocks())
    assert "\n".join(module) == code(HERE / "logbook.py")
    assert stand_in == code(HERE / "stand_in.py")
    assert adapters in (ROOT / "bot/adapters/registry.py").read_text(encoding="utf-8")
    assert stand_ins in (ROOT / "bot/playground/vendors/__init__.py").read_text(encoding="utf-8")
