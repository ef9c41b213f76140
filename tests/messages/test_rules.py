"""Every text that people read keeps to the mechanical rules of the bot's voice."""

import ast
from collections.abc import Iterator
from enum import Enum

import pytest

from bot.language import speaking
from bot.language.update import ROOT
from bot.messages.notices import Notice, to_try
from bot.messages.permissions import PermissionNotice
from bot.messages.vendors import VendorsNotice
from tests.messages.rules import broken_rules, texts

NOTICES: list[Enum] = [*Notice, *PermissionNotice, *VendorsNotice]


def test_every_text_keeps_to_the_rules() -> None:
    """At most 20 words a sentence, no semicolon, never "I", none of the old phrases."""
    wrong = {text: (where, rules) for where, text in texts() if (rules := broken_rules(text))}
    assert wrong == {}


def test_every_text_that_is_translated_is_found() -> None:
    """Babel finds no text inside an f-string, so none stands there."""
    known = {text for _, text in texts()}
    missed = [
        f"{path.name}:{call.lineno}"
        for folder in ("bot", "handlers")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if not {"playground", "._"} & set(path.parts) and not path.name.startswith("._")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ("_", "N_", "Sentence", "ngettext")
        and isinstance(call.args[0], ast.Constant)
        and call.args[0].value not in known
    ]
    assert missed == []


@pytest.mark.parametrize("text", ["I lost it.", "It broke; sorry.", "Please wait!", "a " * 21])
def test_the_rules_notice_what_they_forbid(text: str) -> None:
    assert broken_rules(text)


def test_a_notice_is_read_with_the_name_that_a_command_has_here() -> None:
    with speaking("en", "acme"):
        notices = {notice.name: str(getattr(notice, "text")) for notice in NOTICES}  # noqa: B009
        commands = list(to_try())
    assert [name for name, text in notices.items() if "/vendors" in text or "{" in text] == []
    assert notices["ASK_AN_ADMIN"] == (
        "To connect a tool, ask a workspace admin or owner to type `/acme-vendors`."
    )
    assert commands == [
        "/acme-incident Checkout is down",
        "/acme-action-item Roll back 4.2",
        "/acme-vendors",
    ]


OPERATORS = ("bot/cli", "bot/storage", "bot/connections", "bot/slack")
SAYING = ("SettingError", "RelayError", "SecretError", "problem", "warning", "ok")
ON_THE_COMMAND_LINE = ("_flag", "_option", "_Command")


def said_to_operators() -> Iterator[tuple[str, str]]:
    """Yield each text that an operator reads in a finding, an error or the help, with its place."""
    files = [file for name in OPERATORS for file in sorted((ROOT / name).rglob("*.py"))]
    for path in [*files, ROOT / "bot" / "settings.py", ROOT / "bot" / "__main__.py"]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id in (*SAYING, *ON_THE_COMMAND_LINE):
                given = [*call.args, *(keyword.value for keyword in call.keywords)]
                yield from ((f"{path.name}:{call.lineno}", words(value)) for value in given)


def words(value: ast.expr) -> str:
    """Return a text of the source; each value in it counts as one word."""
    if isinstance(value, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "X" for part in value.values
        )
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def test_what_operators_read_keeps_to_the_rules() -> None:
    """`doctor`, errors that end the program, and the help of the command line."""
    told = list(said_to_operators())
    wrong = {place: rules for place, text in told if (rules := broken_rules(text))}
    assert wrong == {}
    assert len([text for _, text in told if text]) > 200
