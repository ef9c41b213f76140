"""Why a delivery, or a step of it, is not done: the sentence for each code that a row stores."""

from typing import get_args

from bot import messages
from bot.delivery.problems import Code, Details, problem, said

SENTENCES: list[tuple[Details, str]] = [
    ({}, ""),
    (said(""), ""),
    (said("No <such> severity."), "No <such> severity."),
    (problem("stopped"), "The bot stopped while it was being sent."),
    (problem("no_answer"), "Notes did not answer in time."),
    (problem("silent"), "Notes does not answer."),
    (problem("unreadable_answer"), "The answer of Notes could not be read."),
    (
        problem("not_connected"),
        "Notes is no longer connected to the account it was meant for; an admin can connect that "
        "one again with `/vendors`.",
    ),
    (problem("does_not_fit"), "It does not fit the form any more."),
    (
        problem("does_not_fit", again="yes"),
        "It does not fit the form any more; please fill it in again.",
    ),
    (problem("not_sent_in_time"), "It could not be sent to Notes in time."),
    (problem("not_confirmed_in_time"), "Notes has not confirmed it for 24 hours."),
    (problem("not_answered_in_time"), "Notes has not answered for 24 hours."),
    (
        problem("not_listed", requests="4"),
        "Notes has not answered 4 requests, and does not list it.",
    ),
    (problem("step_rejected", words="Not that"), "Notes says “Not that”."),
    (problem("step_not_taken"), "Notes did not take it within 24 hours."),
]


def test_each_code_has_its_sentence() -> None:
    """None is left out, and nothing to say is an empty text."""
    assert [messages.sentence(details, "Notes") for details, _ in SENTENCES] == [
        text for _, text in SENTENCES
    ]
    assert {details["code"] for details, _ in SENTENCES if details} == set(get_args(Code))
