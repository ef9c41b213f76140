"""Who may use what, in words and as a form: whatever groups are called."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bot import messages
from bot.playground.slack.limits import check_ack, check_view
from tests.messages.parts import said

NAMES = st.one_of(
    st.text(min_size=1, max_size=40),
    st.sampled_from(
        ["<!channel>", "<@U1>", "<https://x.example.com|click>", "*_~`", "&lt;!here&gt;"]
    ),
    st.integers(1, 400).map(lambda n: "x" * n),
)
MARKUP = re.compile(r"<[^>]*>?")


def rules(words: list[str]) -> list[messages.Rule]:
    return [
        messages.Rule(f"rootly.{number}", f"Rootly: {number}", "S1", it)
        for number, it in enumerate(words)
    ]


@given(words=st.lists(NAMES, min_size=1, max_size=10))
def test_the_form_and_its_answer_are_views_that_slack_takes(words: list[str]) -> None:
    """Nothing in a group's name acts, and nothing is too long."""
    form, answer = messages.who_may_form(rules(words), "{}"), messages.who_may_now(rules(words))
    assert check_view(form) == []
    assert check_ack({"response_action": "update", "view": answer}, form) == []
    assert [found for text in said(answer) for found in MARKUP.findall(text)] == []


@given(name=NAMES, handle=NAMES)
def test_a_no_names_a_group_without_calling_it(name: str, handle: str) -> None:
    """A sentence that mentions a group must not notify its people."""
    for sentence in (messages.only_group(name, handle), messages.group_gone(name)):
        assert MARKUP.findall(sentence) == []
        assert check_view(messages.refusal(sentence)) == []


def test_what_is_set_is_told_line_by_line() -> None:
    """With the operation first, as in the form."""
    [text] = said(messages.who_may_now(rules(["Everyone", "On-call (@oncall)"])))
    assert text.splitlines() == [
        ":white_check_mark: *Saved.* Besides admins and owners, these people can now use it:",
        "• *Rootly: 0*: Everyone",
        "• *Rootly: 1*: On-call (@oncall)",
    ]
