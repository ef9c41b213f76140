"""Slack's message text, plain text and mrkdwn."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.forms.text import cut, escape, humanise, plain

NAMES = st.text(
    alphabet=st.characters(exclude_characters="<>&|", exclude_categories=["Cs"]),
    min_size=1,
    max_size=20,
)
MARKUP = st.one_of(
    st.from_regex(r"<[@#][UWC][A-Z0-9]{3,9}>", fullmatch=True),
    NAMES.map(lambda name: f"<@U123|{name}>"),
    NAMES.map(lambda name: f"<https://example.com/a?b=1&amp;c=2|{name}>"),
    st.sampled_from(
        [
            "<!here>",
            "<!channel>",
            "<!subteam^S1|@team>",
            "<!date^1700000000^{date}|14 Nov>",
            "&lt;",
            "&amp;",
        ]
    ),
    NAMES,
)


@pytest.mark.parametrize(
    ("slack", "person"),
    [
        ("a &amp; b &lt;c&gt; &amp;lt;", "a & b <c> &lt;"),
        ("<@U1|ann> and <@U1>", "@ann and @U1"),
        ("<#C1|ops>, <#C1> and <#C1|>", "#ops, #C1 and #C1"),
        ("<https://x.io/a?b=1&amp;c=2|docs>", "docs (https://x.io/a?b=1&c=2)"),
        (
            "<https://x.io|https://x.io> <https://x.io/|x.io> <https://x.io>",
            "https://x.io https://x.io/ https://x.io",
        ),
        ("<mailto:a@b.io|a@b.io> <mailto:a@b.io|Ann>", "a@b.io Ann (a@b.io)"),
        ("<tel:+4930|+4930>", "+4930"),
        ("<!here> <!channel> <!everyone|everyone>", "@here @channel @everyone"),
        ("<!subteam^S1|@team> <!subteam^S1>", "@team @S1"),
        ("<!date^1700000000^{date} at {time}^https://x.io|14 Nov 2023>", "14 Nov 2023"),
        ("2 < 3 and <>", "2 < 3 and <>"),
    ],
)
def test_plain_reads_as_a_person_reads_the_message(slack: str, person: str) -> None:
    """The markup of a message becomes the words that Slack shows."""
    assert plain(slack) == person


@given(st.text())
def test_plain_takes_any_text(text: str) -> None:
    """Any text becomes plain text."""
    assert isinstance(plain(text), str)


@given(st.text())
def test_escaped_text_comes_back(text: str) -> None:
    """An escaped text is read by a person as it was."""
    assert plain(escape(text)) == text


@given(st.lists(MARKUP))
def test_plain_leaves_no_markup(parts: list[str]) -> None:
    """Well-formed markup is removed, except an escaped `<`."""
    text = plain(" ".join(part for part in parts if part != "&lt;"))
    assert not re.search(r"[<>|]|&amp;", text)


def test_escape_touches_three_characters_only() -> None:
    """Only `& < >` are escaped, and no quote or emoji."""
    assert (
        escape("""<!channel> & "it's" :fire: *b*""")
        == """&lt;!channel&gt; &amp; "it's" :fire: *b*"""
    )


@given(st.text(), st.integers(0, 50))
def test_cut_is_never_longer(text: str, limit: int) -> None:
    """A text that is too long ends in an ellipsis within the limit; a shorter one is unchanged."""
    shown = cut(text, limit)
    assert len(shown) <= limit
    assert shown == text if len(text) <= limit else limit == 0 or shown.endswith("…")


@pytest.mark.parametrize(
    ("name", "words"), [("in_progress", "In progress"), ("SEV1", "SEV1"), ("__x", "X"), ("", "")]
)
def test_humanise_makes_words_of_a_name(name: str, words: str) -> None:
    """Only the first letter changes case."""
    assert humanise(name) == words
