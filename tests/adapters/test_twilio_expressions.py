"""TaskRouter's expressions: which ones can be read, and the places of errors in the others."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.adapters.twilio.configuration import TARGET_NAMES
from bot.adapters.twilio.expressions import complaint
from tests.contract import twilio
from tests.contract.twilio import expressions

COMPARISON = "put ==, !=, >, >=, <, <=, CONTAINS, HAS, IN or NOT IN here."
VALUE = "put a name, a number or a text in quotes here."


@pytest.mark.parametrize(
    "expression",
    [
        "1==1",
        "customer_value == 'Gold' AND type == 'ticket'",
        "(language == \"en\" OR language == 'fr') AND skill_rating >= 5.1",
        'language IN ["en", "es"]',
        "activity in ['Away', 'Lunch break'] or object.array[2] != -1",
        "(skills HAS 'support') AND (langs NOT IN [])",
        "note CONTAINS '(a - b) == “c”'",
        "a == 'ends in a \\'",
        "gone == NULL\nAND vip == true",
    ],
)
def test_readable(expression: str) -> None:
    """Every form that Twilio documents can be read."""
    assert complaint(expression) is None


UNREADABLE = [
    (
        "",
        "Type a condition, such as type == 'ticket'.",
    ),
    ("type = 'x'", "At character 6, “= 'x'”: write == to compare."),
    ("type 'x'", f"At character 6, “'x'”: {COMPARISON}"),
    ("type", f"At the end: {COMPARISON}"),
    ("type ==", f"At the end: {VALUE}"),
    ("a == AND", f"At character 6, “AND”: {VALUE}"),
    ("first-name == 'x'", "At character 6, “-name == 'x'”: remove the hyphen from the name."),
    ("ext-1 == 2", "At character 4, “-1 == 2”: remove the hyphen from the name."),
    ("a.b-c == 1", "At character 4, “-c == 1”: remove the hyphen from the name."),
    ("a == 1 && b == 2", "At character 8, “&& b == 2”: write AND."),
    ("a == 1 || b == 2", "At character 8, “|| b == 2”: write OR."),
    ("!a", "At character 1, “!a”: write != or NOT IN."),
    ("a == “x”", "At character 6, ““x””: use straight quotes."),
    ("a == 'x", "At character 6, “'x”: close the quotes of this text."),
    ("(a == 1", "At the end: put ) here."),
    ("a == 1)", "At character 7, “)”: put AND or OR here, or end the expression."),
    ("a == 1 b == 2", "At character 8, “b == 2”: put AND or OR here, or end the expression."),
    ("a '==' b", f"At character 3, “'==' b”: {COMPARISON}"),
    ("a NOT 'x'", "At character 7, “'x'”: put IN here."),
    ("a IN ['b',]", f"At character 11, “]”: {VALUE}"),
    ("a IN ['b'", "At the end: put ] here."),
    ("a == 1.2.3", "At character 6, “1.2.3”: remove this."),
    ("a == {b}", "At character 6, “{b}”: remove this."),
    ("(" * 60, "At character 51, “((((((((((”: use fewer levels of brackets."),
    ("a IN " + "[" * 60, "At character 56, “[[[[[[[[[[”: use fewer levels of brackets."),
]


@pytest.mark.parametrize(("expression", "sentence"), UNREADABLE)
def test_unreadable(expression: str, sentence: str) -> None:
    """An error has its place, and the expected word there."""
    assert complaint(expression) == sentence


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("task.lang IN worker.langs AND worker.level >= 3", None),
        ("1 == 1", None),
        (
            "task.a == 1 OR lang == 'x'",
            "At character 16, “lang == 'x'”: begin this name with “task.” or “worker.”.",
        ),
        (
            "tasks.a == 1",
            "At character 1, “tasks.a == 1”: begin this name with “task.” or “worker.”.",
        ),
        ("task == 1", "At character 1, “task == 1”: begin this name with “task.” or “worker.”."),
        (
            "task[0] == 1",
            "At character 1, “task[0] == 1”: begin this name with “task.” or “worker.”.",
        ),
    ],
)
def test_names_of_targets(expression: str, sentence: str | None) -> None:
    """In a target, every name begins with its owner: task or worker."""
    assert complaint(expression, TARGET_NAMES) == sentence


@given(expressions())
def test_every_documented_expression_can_be_read(expression: str) -> None:
    """Every expression of the grammar can be read."""
    assert complaint(expression) is None


@given(expressions(twilio.TARGET_NAMES))
def test_every_target_can_be_read(expression: str) -> None:
    """Every expression of the grammar can be read with the names of targets, too."""
    assert complaint(expression, TARGET_NAMES) is None


FRAGMENTS = st.sampled_from(
    [
        "a",
        "worker.b",
        "'",
        '"',
        "==",
        "=",
        " IN ",
        "NOT",
        "(",
        ")",
        "[",
        "]",
        "-",
        "1",
        "AND",
        "\\",
        ".",
    ]
)


@given(st.text(max_size=40) | st.lists(FRAGMENTS, max_size=12).map("".join), st.booleans())
@example("\x1c", False)
@example("a==\ud800", False)
def test_any_text(expression: str, roots: bool) -> None:
    """Any text can be read or gets one sentence; no other error is raised."""
    said = complaint(expression, TARGET_NAMES if roots else ())
    assert said is None or (said[0].isupper() and said.endswith(".") and len(said) < 200)
