"""Why a delivery, or a step of it, is not done: the sentence for each code that a row stores."""

from typing import get_args

from bot import messages
from bot.delivery.problems import Code, Details, problem, said
from bot.language import Sentence

SENTENCES: list[tuple[Details, str]] = [
    ({}, ""),
    (said(""), ""),
    (said("No <such> severity"), "No <such> severity."),
    (said(Sentence("{vendor} didn't answer.", {"vendor": "Notes"})), "Notes didn't answer."),
    (problem("stopped"), "We restarted while we were sending this."),
    (problem("no_answer"), "Notes didn't answer in time."),
    (problem("silent"), "Notes isn't answering."),
    (problem("unreadable_answer"), "We couldn't read Notes's answer."),
    (
        problem("not_connected"),
        "Notes isn't connected to this account anymore. An admin can connect it again in "
        "`/vendors`.",
    ),
    (problem("does_not_fit"), "The form has changed, so this can't be sent."),
    (
        problem("does_not_fit", again="yes"),
        "The form has changed, so this can't be sent. Fill it in again.",
    ),
    (problem("not_sent_in_time"), "We couldn't send it to Notes in time."),
    (problem("not_confirmed_in_time"), "Notes didn't confirm it within 24 hours."),
    (problem("not_answered_in_time"), "Notes didn't answer within 24 hours."),
    (
        problem("not_listed", requests="4"),
        "Notes didn't answer when we sent it, and doesn't list it.",
    ),
    (problem("step_rejected", words="Not that"), "Notes says: Not that."),
    (problem("step_rejected", words="Notes has no such thing"), "Notes has no such thing."),
    (problem("step_not_taken"), "Notes didn't accept it within 24 hours."),
]


def test_each_code_has_its_sentence() -> None:
    """None is left out, and nothing to say is an empty text."""
    assert [messages.sentence(details, "Notes") for details, _ in SENTENCES] == [
        text for _, text in SENTENCES
    ]
    assert {details["code"] for details, _ in SENTENCES if details} == set(get_args(Code))
