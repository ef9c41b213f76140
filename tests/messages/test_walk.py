"""Every text that a delivery can show keeps the rules of the bot's voice, and Slack's limits."""

import re
from typing import Any, get_args

import pytest

from bot.delivery.problems import Code
from bot.delivery.states import DECISIONS, FOR_AN_ADMIN, STATES
from bot.messages.words import RETRYING, WAITING
from bot.playground.slack.limits import check_message, check_view
from tests.messages.cases import cases
from tests.messages.parts import said
from tests.messages.rules import broken_rules
from tests.messages.walk import WALKS, texts_of

_DATE = re.compile(r"<!date\^[^|]*\|[^>]*>")


def broken(text: str) -> list[str]:
    """Return the rules that a text breaks. A clock time counts as one word, and a button's name
    may say "I"."""
    return broken_rules(_DATE.sub("4:15", text).replace("I did it by hand", ""))


WALK = [pytest.param(view, id=name) for walk in WALKS for name, view in walk()]


@pytest.mark.parametrize("view", WALK)
def test_every_text_keeps_the_rules(view: dict[str, Any]) -> None:
    """At most 20 words a sentence, no semicolon, never "I", none of the old phrases, a fallback
    text, and within Slack's limits."""
    assert {text: rules for text in texts_of(view) if (rules := broken(text))} == {}
    if "type" in view:
        assert check_view(view) == []
    else:
        assert view["text"].strip()
        assert check_message(view) == []


def test_the_walk_passes_every_state_reason_and_code() -> None:
    """A new one is not left out."""
    rows = [shown.row for _, shown in cases()]
    details = [row.error_details for row in rows]
    details += [each for row in rows for each in row.follow_up_steps.values()]
    assert {row.state for row in rows} == set(STATES)
    assert {each["code"] for each in details if each} == set(get_args(Code))
    decided = {effect.reason for effect in DECISIONS.values() if effect.reason}
    expected = {*WAITING, *RETRYING, *FOR_AN_ADMIN, *decided} - {"tried_again"}
    assert expected <= {row.reason for row in rows}


def test_nothing_is_denied_that_may_exist() -> None:
    """What was sent without a clear answer is never called "not" anything at the vendor."""
    wrong = re.compile(
        r"not (yet )?(in|sent to|created in) Notes|Nothing was created", re.IGNORECASE
    )
    doubtful = {
        name: wrong.findall(" ".join(texts))
        for walk in WALKS
        for name, view in walk()
        if (name.startswith(("being checked", "undecided", "unanswered")) or "sent before" in name)
        and (texts := [*said(view), *texts_of(view)])
    }
    assert {name: found for name, found in doubtful.items() if found} == {}
    assert len(doubtful) > 100


@pytest.mark.parametrize("text", ["I lost it.", "It broke; sorry.", "Please wait", "a " * 21])
def test_the_rules_notice_what_they_forbid(text: str) -> None:
    """A rule that never fails guards nothing."""
    assert broken(text)
