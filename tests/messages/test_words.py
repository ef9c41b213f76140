"""Each state in words: what happened, what happens next, and about when."""

from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.adapters.base import Created
from bot.delivery.problems import said
from tests.messages.parts import NOTES, NOW, ROW
from tests.world.notes import MADE


def headline(**changes: Any) -> str:
    _, headline, body = messages.words(replace(ROW, **changes), *NOTES, NOW)
    return f"{headline} {body}".strip()


TWIN, THIRD, NAMELESS = (
    Created(id="n2", reference="N-2"),
    Created(id="n3", reference="N-3"),
    Created(id="n2"),
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "delivered"}, "Created in Notes"),
        (
            {"state": "delivered", "reason": "found"},
            "Created in Notes The answer was lost on the way; I looked there and found it.",
        ),
        (
            {"state": "delivered", "reason": "confirmed"},
            "Created in Notes The answer was lost on the way; somebody looked there and found it.",
        ),
        (
            {
                "state": "delivered",
                "reason": "created_twice",
                "vendor_object": MADE.model_dump(),
                "duplicates": [TWIN],
            },
            "Created twice in Notes N-1 and N-2 are the same note: please close one.",
        ),
        (
            {
                "state": "delivered",
                "reason": "created_twice",
                "vendor_object": MADE.model_dump(),
                "duplicates": [TWIN, THIRD],
            },
            "Created 3 times in Notes N-1, N-2 and N-3 are the same note: please close all but "
            "one.",
        ),
        (
            {
                "state": "delivered",
                "reason": "created_twice",
                "vendor_object": MADE.model_dump(),
                "duplicates": [NAMELESS],
            },
            "Created twice in Notes It is there twice, because an answer was lost on the way: "
            "please close one.",
        ),
        (
            {
                "state": "rejected",
                "error_details": said("Too many."),
                "field_errors": {"text": "is too short"},
            },
            "Notes did not accept this note Too many. is too short Nothing was created.",
        ),
        (
            {"state": "rejected"},
            "Notes did not accept this note It gave no reason. Nothing was created.",
        ),
        (
            {"state": "rejected", "erased_at": NOW},
            "Notes did not accept this note Nothing was created.",
        ),
        (
            {
                "state": "unconfirmed",
                "reason": "unclear",
                "error_details": said("Notes didn't answer."),
                "reconcile_at": NOW + 40,
            },
            "Sent, not confirmed by Notes yet Notes didn't answer. I am checking whether it "
            "arrived, and will look in about 40 seconds; there is nothing for you to do.",
        ),
        (
            {
                "state": "unconfirmed",
                "reason": "lease",
                "error_details": said("The bot stopped while it was being sent."),
                "reconcile_at": NOW + 2,
            },
            "Sent, not confirmed by Notes yet The bot stopped while it was being sent. I am "
            "checking whether "
            "it arrived, and will look in a moment; there is nothing for you to do.",
        ),
        (
            {"state": "unconfirmed", "reason": "internal", "reconcile_at": NOW + 2},
            "Sent, not confirmed by Notes yet The answer of Notes was lost. I am checking whether "
            "it "
            "arrived, and will look in a moment; there is nothing for you to do.",
        ),
        *[
            (
                {
                    "state": "unconfirmed",
                    "reason": reason,
                    "error_details": said("An admin can reconnect it."),
                    "reconcile_at": NOW + 300,
                },
                "Sent, not confirmed by Notes yet An admin can reconnect it. It was sent before, "
                "and it is not known "
                "whether that arrived: I will ask Notes again in about 5 minutes, and go on once "
                "it lets me.",
            )
            for reason in ("unauthorized", "forbidden")
        ],
        (
            {
                "state": "unconfirmed",
                "reason": "unanswered",
                "error_details": said("Notes does not answer."),
                "reconcile_at": NOW + 60,
            },
            "It is not known whether Notes created this note Notes does not answer. I keep asking "
            "Notes and "
            "will say here what comes of it. Please look in Notes: press “It is there” if it is, "
            "or “Send "
            "again” if it is not.",
        ),
        (
            {
                "state": "unconfirmed",
                "reason": "undecided",
                "error_details": said("Notes has not answered for 24 hours."),
            },
            "It is not known whether Notes created this note Notes has not answered for 24 hours. "
            "Please "
            "look in Notes: press “It is there” if it is, or “Send again” if it is not.",
        ),
        *[
            (
                {"state": "failed", "reason": reason, "error_details": said("Reconnect it.")},
                f"Saved, waiting for {needs} Reconnect it. It is saved, and will be sent by itself "
                "if that happens "
                "within 24 hours.",
            )
            for reason, needs in {
                "unauthorized": "a new key for Notes",
                "forbidden": "the right to do it in Notes",
                "disconnected": "Notes to be connected again",
            }.items()
        ],
        *[
            (
                {
                    "state": "failed",
                    "reason": reason,
                    "error_details": said("Reconnect it."),
                    "expires_at": NOW - 1,
                },
                "Not created in Notes It could not be sent to Notes within 24 hours. It is still "
                "saved: press "
                "“Try again”, or “Copy as text” and create it there.",
            )
            for reason in ("unauthorized", "forbidden", "disconnected")
        ],
        (
            {"state": "failed", "reason": "gave_up", "error_details": said("Reconnect it.")},
            "Not created in Notes It could not be sent to Notes within 24 hours. It is still "
            "saved: press "
            "“Try again”, or “Copy as text” and create it there.",
        ),
        (
            {"state": "failed", "reason": "not_sendable", "error_details": said("Reconnect it.")},
            "Not created in Notes Reconnect it.",
        ),
        (
            {"state": "failed", "reason": "gave_up", "erased_at": NOW},
            "Not created in Notes What was written has been erased since, so it cannot be sent "
            "any more.",
        ),
        (
            {"state": "cancelled", "reason": "cancelled"},
            "Cancelled, not sent to Notes Nothing was created from here.",
        ),
        (
            {"state": "cancelled", "reason": "by_hand"},
            "Taken over by hand, not sent to Notes Nothing was created from here.",
        ),
        (
            {"state": "cancelled", "reason": "by_hand", "resend_count": 1},
            "Taken over by hand, not sent to Notes It had been sent before, without a clear "
            "answer: please "
            "look in Notes whether it is there.",
        ),
        (
            {"state": "sending"},
            "Saved, not yet in Notes Notes has not answered yet. The card in Slack will say what "
            "came of it.",
        ),
        (
            {"state": "queued", "reason": "rate_limited", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes Notes takes no more requests for the moment. It will be sent "
            "in about 4 "
            "minutes; there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "unreachable", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes Notes cannot be reached. It will be tried again in about 4 "
            "minutes; "
            "there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "internal", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes I had trouble on my side before it was sent. It will be tried "
            "again in "
            "about 4 minutes; there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "absent", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes I looked in Notes, and it did not arrive there. It will be "
            "sent again "
            "in about 4 minutes; there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "keyed", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes The answer of Notes was lost. It will be sent again in about "
            "4 minutes, "
            "under the same key, so that Notes does not create it twice; there is nothing for you "
            "to do.",
        ),
        (
            {"state": "queued", "reason": "sent_again", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes It will be sent again in about 4 minutes; there is nothing "
            "for you to do.",
        ),
        (
            {"state": "queued", "reason": "tried_again", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes It will be sent again in about 4 minutes; there is nothing "
            "for you to do.",
        ),
        (
            {"state": "queued", "reason": "reconnected", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes Notes is connected again. It will be sent in about 4 minutes; "
            "there is "
            "nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "", "next_attempt_at": NOW + 240},
            "Saved, not yet in Notes It will be sent in about 4 minutes; there is nothing for you "
            "to do.",
        ),
        (
            {"state": "queued", "reason": "turn", "expected_at": NOW + 240},
            "Saved, not yet in Notes Notes takes only so many requests a minute, and that limit is "
            "reached. It "
            "will be sent in about 4 minutes; there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "unreachable", "next_attempt_at": NOW - 5},
            "Saved, not yet in Notes Notes cannot be reached. It will be tried again in a moment; "
            "there is "
            "nothing for you to do.",
        ),
        (
            {"state": "queued"},
            "Saved, not yet in Notes It will be sent in a moment; there is nothing for you to do.",
        ),
    ],
)
def test_each_state_says_what_happened_and_what_happens_next(
    changes: dict[str, Any], expected: str
) -> None:
    """In words that people use themselves, with what they have to do, if anything."""
    assert headline(**changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"state": "delivered", "vendor_object": MADE.model_dump()},
            "It was created in the meantime: N-1.",
        ),
        (
            {"state": "delivered", "reason": "confirmed"},
            "It was created in the meantime: Checkout is down.",
        ),
        (
            {"state": "sending"},
            "It is being sent to Notes at this moment. Its card will say what came of it.",
        ),
        (
            {"state": "cancelled", "reason": "cancelled"},
            "This is not possible any more. Cancelled, not sent to Notes. Nothing was created "
            "from here.",
        ),
    ],
)
def test_who_came_too_late_is_told_what_it_is_now(changes: dict[str, Any], expected: str) -> None:
    """Somebody else, or the vendor, was quicker."""
    assert messages.meanwhile(replace(ROW, **changes), *NOTES) == expected
