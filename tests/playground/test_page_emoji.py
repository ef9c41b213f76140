"""The page has a picture of its own for every emoji that the bot writes."""

import ast
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from tests.world.processes import ROOT

PAGE = ROOT / "bot" / "playground" / "page"
WRITTEN = re.compile(r"(?<![\w:]):([a-z][a-z_]+):(?![\w:])")


def written() -> Iterator[str]:
    """Yield the names between colons in the bot's texts, and the symbols of its cards."""
    for folder in ("bot/messages", "bot/slack", "bot/web", "handlers"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Constant(value=str(text)):
                        yield from WRITTEN.findall(text)
                    case ast.Call(func=ast.Name(id="Words"), args=[ast.Constant(value=name), *_]):
                        yield str(name)


def drawn() -> set[str]:
    """Return the names that the page draws."""
    listed = (PAGE / "emoji.js").read_text(encoding="utf-8").partition("new Set([")[2]
    return set(re.findall(r'"(\w+)"', listed.partition("]")[0]))


def test_every_emoji_of_the_bot_is_drawn() -> None:
    """None depends on the fonts of a machine."""
    assert set(written()) - drawn() == set()
    assert {"white_check_mark", "warning"} <= set(written())


def test_every_drawn_emoji_has_its_picture() -> None:
    """Each is an SVG without anything from elsewhere, and no picture is left over."""
    pictures = {path.stem: path for path in (PAGE / "emoji").glob("*.svg")}
    assert pictures.keys() == drawn()
    for path in pictures.values():
        root = ElementTree.parse(path).getroot()  # noqa: S314  our own file
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "href" not in path.read_text(encoding="utf-8")
