"""Each state in words: what happened, what happens next, and until when."""

import re
from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.delivery.problems import problem
from bot.messages.text import clock, escaped, full_stop
from tests.messages.cases import cases
from tests.messages.parts import NOTES, NOW, ROW
from tests.world.notes import MADE

DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")
EXPECTED = {
    "sending": "Saved, sending to Notes | Notes hasn't answered yet. We'll show the result on the card.",
    "waiting, rate_limited": "Saved, not yet in Notes | Notes's rate limit is reached. Sending at 08:04 UTC.",
    "waiting, rate_limited, keyed": "Saved, not yet in Notes | Notes's rate limit is reached. Sending at 08:04 UTC.",
    "waiting, turn": "Saved, not yet in Notes | Notes's rate limit is reached. Sending at 08:04 UTC.",
    "waiting, turn, keyed": "Saved, not yet in Notes | Notes's rate limit is reached. Sending at 08:04 UTC.",
    "waiting, unreachable": (
        "Saved, not yet in Notes | Can't reach Notes. Last try: 07:55 UTC, 2027-01-15. "
        "We'll retry until 08:00 UTC, 2027-01-16."
    ),
    "waiting, unreachable, keyed": (
        "Saved, not yet in Notes | Can't reach Notes. Last try: 07:55 UTC, 2027-01-15. "
        "We'll retry until 08:00 UTC, 2027-01-16."
    ),
    "waiting, internal": (
        "Saved, not yet in Notes | Something went wrong on our side before we sent this. "
        "We'll retry until 08:00 UTC, 2027-01-16."
    ),
    "waiting, internal, keyed": (
        "Saved, not yet in Notes | Something went wrong on our side before we sent this. "
        "We'll retry until 08:00 UTC, 2027-01-16."
    ),
    "waiting, reconnected": "Saved, not yet in Notes | Notes is connected again. Sending at 08:04 UTC.",
    "waiting, reconnected, keyed": "Saved, not yet in Notes | Notes is connected again. Sending at 08:04 UTC.",
    "waiting, queued": "Saved, not yet in Notes | This waits for its turn. Sending at 08:04 UTC.",
    "waiting, queued, keyed": "Saved, not yet in Notes | This waits for its turn. Sending at 08:04 UTC.",
    "waiting, sent before, rate_limited": (
        "Waiting for Notes to confirm | Notes's rate limit is reached. We'll retry at "
        "08:04 UTC.\nIt may already be there. Look first."
    ),
    "waiting, sent before, rate_limited, keyed": (
        "Waiting for Notes to confirm | Notes's rate limit is reached. We'll retry at "
        "08:04 UTC. This can't create a duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, turn": (
        "Waiting for Notes to confirm | Notes's rate limit is reached. We'll retry at "
        "08:04 UTC.\nIt may already be there. Look first."
    ),
    "waiting, sent before, turn, keyed": (
        "Waiting for Notes to confirm | Notes's rate limit is reached. We'll retry at "
        "08:04 UTC. This can't create a duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, unreachable": (
        "Waiting for Notes to confirm | Notes didn't confirm, and now we can't reach it. "
        "Last try: 07:55 UTC, 2027-01-15. We'll retry until 08:00 UTC, 2027-01-16.\nIt may"
        " already be there. Look first."
    ),
    "waiting, sent before, unreachable, keyed": (
        "Waiting for Notes to confirm | Notes didn't confirm, and now we can't reach it. "
        "Last try: 07:55 UTC, 2027-01-15. We'll retry until 08:00 UTC, 2027-01-16. This "
        "can't create a duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, internal": (
        "Waiting for Notes to confirm | Something went wrong on our side. Last try: 07:55"
        " UTC, 2027-01-15. We'll retry until 08:00 UTC, 2027-01-16.\nIt may already be "
        "there. Look first."
    ),
    "waiting, sent before, internal, keyed": (
        "Waiting for Notes to confirm | Something went wrong on our side. Last try: 07:55"
        " UTC, 2027-01-15. We'll retry until 08:00 UTC, 2027-01-16. This can't create a "
        "duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, absent": (
        "Waiting for Notes to confirm | Notes didn't confirm, and we didn't find it "
        "there. Last try: 07:55 UTC, 2027-01-15. We're sending it again.\nIt may already "
        "be there. Look first."
    ),
    "waiting, sent before, absent, keyed": (
        "Waiting for Notes to confirm | Notes didn't confirm, and we didn't find it "
        "there. Last try: 07:55 UTC, 2027-01-15. We're sending it again. This can't "
        "create a duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, sent_again": (
        "Waiting for Notes to confirm | We're sending it again. Last try: 07:55 UTC, "
        "2027-01-15. We'll retry until 08:00 UTC, 2027-01-16.\nIt may already be there. "
        "Look first."
    ),
    "waiting, sent before, sent_again, keyed": (
        "Waiting for Notes to confirm | We're sending it again. Last try: 07:55 UTC, "
        "2027-01-15. We'll retry until 08:00 UTC, 2027-01-16. This can't create a "
        "duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, reconnected": (
        "Waiting for Notes to confirm | Notes is connected again. We'll retry at 08:04 "
        "UTC.\nIt may already be there. Look first."
    ),
    "waiting, sent before, reconnected, keyed": (
        "Waiting for Notes to confirm | Notes is connected again. We'll retry at 08:04 "
        "UTC. This can't create a duplicate.\nIt may already be there. Look first."
    ),
    "waiting, sent before, keyed": (
        "Waiting for Notes to confirm | Notes didn't confirm. Last try: 07:55 UTC, "
        "2027-01-15. We'll retry until 08:00 UTC, 2027-01-16.\nIt may already be there. "
        "Look first."
    ),
    "waiting, sent before, keyed, keyed": (
        "Waiting for Notes to confirm | Notes didn't confirm. Last try: 07:55 UTC, "
        "2027-01-15. We'll retry until 08:00 UTC, 2027-01-16. This can't create a "
        "duplicate.\nIt may already be there. Look first."
    ),
    "created": "Created in Notes | ",
    "created, without a reference": "Created in Notes | ",
    "created, with a note of the vendor's adapter": "Created in Notes | Check the queue.",
    "created, private": "Created in Notes | ",
    "created, erased": "Created in Notes | ",
    "created, found": "Created in Notes | Notes didn't confirm at first. We looked there and found it.",
    "created, confirmed": "Created in Notes | Notes didn't confirm. Somebody looked there and found it.",
    "created twice": "Created twice in Notes | N-1 and N-2 are the same note. Close one.",
    "created three times": "Created 3 times in Notes | N-1, N-2 and N-3 are the same note. Close all but one.",
    "created twice, without references": "Created twice in Notes | Notes didn't confirm at first, so we sent it again. Close one.",
    "created, a field refused": "Created in Notes, with something missing | ",
    "created, a field not taken": "Created in Notes, with something missing | ",
    "created, fields waiting": "Created in Notes | ",
    "refused": "Notes didn't accept this note | Nothing was created.",
    "refused, by field": "Notes didn't accept this note | Nothing was created.",
    "refused, without a reason": "Notes didn't accept this note | Nothing was created.",
    "refused, in our words": "Notes didn't accept this note | Nothing was created.",
    "refused, erased": "Notes didn't accept this note | Nothing was created.",
    "refused, after a second send": "Notes didn't accept this note | Nothing was created.",
    "not asked": "This note needs a change | Nothing was created.",
    "being checked": (
        "Waiting for Notes to confirm | Notes didn't answer in time. We're checking Notes"
        " for it. Last try: 07:55 UTC, 2027-01-15. We'll check until 08:00 UTC, "
        "2027-01-16."
    ),
    "being checked, keyed": (
        "Waiting for Notes to confirm | Notes didn't answer in time. We're retrying. This"
        " can't create a duplicate. Last try: 07:55 UTC, 2027-01-15."
    ),
    "being checked, without a reason": (
        "Waiting for Notes to confirm | Notes didn't confirm. We're checking Notes for "
        "it. Last try: 07:55 UTC, 2027-01-15. We'll check until 08:00 UTC, 2027-01-16."
    ),
    "being checked, without a reason, keyed": (
        "Waiting for Notes to confirm | Notes didn't confirm. We're retrying. This can't "
        "create a duplicate. Last try: 07:55 UTC, 2027-01-15."
    ),
    "being checked, in our words": (
        "Waiting for Notes to confirm | Notes didn't answer. We're checking Notes for it."
        " Last try: 07:55 UTC, 2027-01-15. We'll check until 08:00 UTC, 2027-01-16."
    ),
    "being checked, in our words, keyed": (
        "Waiting for Notes to confirm | Notes didn't answer. We're retrying. This can't "
        "create a duplicate. Last try: 07:55 UTC, 2027-01-15."
    ),
    "being checked, unreadable": (
        "Waiting for Notes to confirm | We couldn't read Notes's answer. We're checking "
        "Notes for it. Last try: 07:55 UTC, 2027-01-15. We'll check until 08:00 UTC, "
        "2027-01-16."
    ),
    "being checked, unreadable, keyed": (
        "Waiting for Notes to confirm | We couldn't read Notes's answer. We're retrying. "
        "This can't create a duplicate. Last try: 07:55 UTC, 2027-01-15."
    ),
    "being checked, lease": (
        "Waiting for Notes to confirm | We restarted while we were sending this. We're "
        "checking Notes for it. Last try: 07:55 UTC, 2027-01-15. We'll check until 08:00 "
        "UTC, 2027-01-16."
    ),
    "being checked, lease, keyed": (
        "Waiting for Notes to confirm | We restarted while we were sending this. We're "
        "retrying. This can't create a duplicate. Last try: 07:55 UTC, 2027-01-15."
    ),
    "being checked, unauthorized": (
        "Waiting for Notes to confirm | Notes rejected our API key. It may already be in "
        "Notes. We'll ask again at 08:01 UTC, and until 08:00 UTC, 2027-01-16."
    ),
    "being checked, unauthorized, keyed": (
        "Waiting for Notes to confirm | Notes rejected our API key. It may already be in "
        "Notes. We'll ask again at 08:01 UTC, and until 08:00 UTC, 2027-01-16."
    ),
    "being checked, forbidden": (
        "Waiting for Notes to confirm | Notes doesn't let our API key do this. It may "
        "already be in Notes. We'll ask again at 08:01 UTC, and until 08:00 UTC, "
        "2027-01-16."
    ),
    "being checked, forbidden, keyed": (
        "Waiting for Notes to confirm | Notes doesn't let our API key do this. It may "
        "already be in Notes. We'll ask again at 08:01 UTC, and until 08:00 UTC, "
        "2027-01-16."
    ),
    "unanswered": (
        "Did Notes create this note? | Notes isn't answering.\nCheck Notes for *Checkout "
        "is down* with the mark `ir000000000001`, then choose. We sent it at 07:50 UTC, "
        "2027-01-15.\nWe keep asking Notes until 08:00 UTC, 2027-01-16."
    ),
    "unanswered, keyed": (
        "Did Notes create this note? | Notes isn't answering.\nCheck Notes for *Checkout "
        "is down*, then choose. We sent it at 07:50 UTC, 2027-01-15.\nWe keep asking Notes"
        " until 08:00 UTC, 2027-01-16."
    ),
    "undecided, silent": (
        "Did Notes create this note? | Notes isn't answering.\nCheck Notes for *Checkout "
        "is down* with the mark `ir000000000001`, then choose. We sent it at 07:50 UTC, "
        "2027-01-15."
    ),
    "undecided, silent, keyed": (
        "Did Notes create this note? | Notes isn't answering.\nCheck Notes for *Checkout "
        "is down*, then choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_confirmed_in_time": (
        "Did Notes create this note? | Notes didn't confirm it within 24 hours.\nCheck "
        "Notes for *Checkout is down* with the mark `ir000000000001`, then choose. We "
        "sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_confirmed_in_time, keyed": (
        "Did Notes create this note? | Notes didn't confirm it within 24 hours.\nCheck "
        "Notes for *Checkout is down*, then choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_answered_in_time": (
        "Did Notes create this note? | Notes didn't answer within 24 hours.\nCheck Notes "
        "for *Checkout is down* with the mark `ir000000000001`, then choose. We sent it "
        "at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_answered_in_time, keyed": (
        "Did Notes create this note? | Notes didn't answer within 24 hours.\nCheck Notes "
        "for *Checkout is down*, then choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_listed": (
        "Did Notes create this note? | Notes didn't answer when we sent it, and doesn't "
        "list it.\nCheck Notes for *Checkout is down* with the mark `ir000000000001`, then"
        " choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, not_listed, keyed": (
        "Did Notes create this note? | Notes didn't answer when we sent it, and doesn't "
        "list it.\nCheck Notes for *Checkout is down*, then choose. We sent it at 07:50 "
        "UTC, 2027-01-15."
    ),
    "undecided, not_connected": (
        "Did Notes create this note? | Notes isn't connected to this account anymore. An "
        "admin can connect it again in `/vendors`.\nCheck Notes for *Checkout is down* "
        "with the mark `ir000000000001`, then choose. We sent it at 07:50 UTC, "
        "2027-01-15."
    ),
    "undecided, not_connected, keyed": (
        "Did Notes create this note? | Notes isn't connected to this account anymore. An "
        "admin can connect it again in `/vendors`.\nCheck Notes for *Checkout is down*, "
        "then choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, does_not_fit": (
        "Did Notes create this note? | The form has changed, so this can't be sent.\nCheck"
        " Notes for *Checkout is down* with the mark `ir000000000001`, then choose. We "
        "sent it at 07:50 UTC, 2027-01-15."
    ),
    "undecided, does_not_fit, keyed": (
        "Did Notes create this note? | The form has changed, so this can't be sent.\nCheck"
        " Notes for *Checkout is down*, then choose. We sent it at 07:50 UTC, 2027-01-15."
    ),
    "unauthorized": (
        "Saved, waiting for a new key for Notes | Notes rejected our API key. We'll send "
        "this when they do, until 08:00 UTC, 2027-01-16."
    ),
    "unauthorized, sent before": (
        "Did Notes create this note? | Notes rejected our API key. We'll send this when "
        "they do, until 08:00 UTC, 2027-01-16.\nIt may already be there. Look first."
    ),
    "forbidden": (
        "Saved, waiting for more rights in Notes | Notes doesn't let our API key do this."
        " We'll send this when they do, until 08:00 UTC, 2027-01-16."
    ),
    "forbidden, sent before": (
        "Did Notes create this note? | Notes doesn't let our API key do this. We'll send "
        "this when they do, until 08:00 UTC, 2027-01-16.\nIt may already be there. Look "
        "first."
    ),
    "disconnected": (
        "Saved, waiting for Notes to be connected again | Notes isn't connected to this "
        "account anymore. An admin can connect it again in `/vendors`. We'll send this "
        "when they do, until 08:00 UTC, 2027-01-16."
    ),
    "disconnected, sent before": (
        "Did Notes create this note? | Notes isn't connected to this account anymore. An "
        "admin can connect it again in `/vendors`. We'll send this when they do, until "
        "08:00 UTC, 2027-01-16.\nIt may already be there. Look first."
    ),
    "gave up": (
        "Not created in Notes | We tried to send this until 08:00 UTC, 2027-01-16. It's "
        "still saved. Press “Try again”, or “Copy as text” and create it in Notes."
    ),
    "gave up, erased": "Not created in Notes | We deleted the text after some days. It can't be sent again.",
    "not sendable": "Not created in Notes | The form has changed, so this can't be sent. Fill it in again.",
    "cancelled": "Cancelled, not created in Notes | ",
    "cancelled, sent before": "Cancelled. It may already be in Notes | We stopped sending it. Look in Notes first.",
    "by_hand": "Taken over by hand | Nothing was created from here.",
    "by_hand, sent before": (
        "Taken over by hand. It may already be in Notes | We stopped sending it. Look in "
        "Notes first."
    ),
    "by_hand, with a reference": "Done by hand in Notes | ",
}


def test_each_state_says_what_happened_and_what_happens_next() -> None:
    """In words that people use themselves, with what they have to do, if anything. Dates are shown
    as clients show them that know no zone."""
    said = {}
    for name, (row, adapter, operation) in cases():
        _, headline, body = messages.words(row, adapter, operation, NOW)
        said[name] = DATE.sub(r"\1", f"{headline} | {body}")
    assert said == EXPECTED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "delivered", "vendor_object": MADE.model_dump()}, "N-1 is in Notes now."),
        ({"state": "delivered", "reason": "confirmed"}, "Checkout is down is in Notes now."),
    ],
)
def test_who_comes_after_the_creation_is_told_so(changes: dict[str, Any], expected: str) -> None:
    """Somebody else, or the vendor, was quicker."""
    assert messages.meanwhile(replace(ROW, **changes), *NOTES) == f"Too late: {expected}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "sending"}, "Too late. This is being sent: watch the card for the result."),
        (
            {"state": "cancelled", "reason": "cancelled"},
            "That's no longer possible.\n*Cancelled, not created in Notes*",
        ),
        (
            {"state": "cancelled", "reason": "cancelled", "resend_count": 1},
            "That's no longer possible.\n*Cancelled. It may already be in Notes*\n"
            "We stopped sending it. Look in Notes first.",
        ),
    ],
)
def test_who_comes_too_late_is_told_what_is_happening(
    changes: dict[str, Any], expected: str
) -> None:
    """The sentence says nothing that may be wrong."""
    assert messages.meanwhile(replace(ROW, **changes), *NOTES) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (240, "<!date^1800000240^{time}|08:04 UTC>"),
        (86400, "<!date^1800086400^{time} {date_short_pretty}|08:00 UTC, 2027-01-16>"),
        (-60, "<!date^1799999940^{time} {date_short_pretty}|07:59 UTC, 2027-01-15>"),
    ],
)
def test_a_clock_time_has_its_date_where_it_may_be_another_day(
    seconds: float, expected: str
) -> None:
    """Slack shows it in the reader's zone, and other clients in UTC."""
    assert clock(NOW + seconds, NOW) == expected


def test_sentences_of_others_end_and_are_cut() -> None:
    """A full stop follows where there is none, and an endless sentence ends."""
    assert [full_stop(words) for words in ("", "No", "No.", "Why?", "No” ")] == [
        *("", "No.", "No.", "Why?", "No”")
    ]
    long = messages.sentence(problem("step_rejected", words="x" * 5000), "Notes")
    assert long == f"Notes says: {'x' * 299}…"
    assert escaped("<" * 100, 40) == f"{'&lt;' * 9}…"
