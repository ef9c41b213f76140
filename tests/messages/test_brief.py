"""The brief card says nothing that people wrote, whatever became of the delivery."""

import json
from dataclasses import replace

import pytest

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.delivery.problems import said
from bot.delivery.states import DECISIONS, STATES, State
from bot.forms.text import plain_text
from bot.playground.slack import limits
from tests.messages.parts import NOTES, OPERATIONS, ROW

CANARY = "Checkout<canary>"
MADE = {"id": "1", "reference": "INC-7", "title": CANARY, "url": "https://v.example.com/7"}
REASONS = (
    *(
        "",
        "refused",
        "unclear",
        "unreachable",
        "rate_limited",
        "turn",
        "internal",
        "keyed",
        "found",
    ),
    *("absent", "unanswered", "undecided", "unauthorized", "disconnected", "gave_up", "lease"),
    *(effect.reason for effect in DECISIONS.values() if effect.reason),
)


@pytest.mark.parametrize("state", STATES)
def test_it_has_no_words_of_people_or_vendors(state: State) -> None:
    """In every state and for every reason, also of what was created twice."""
    for reason in REASONS:
        row = replace(
            ROW,
            state=state,
            reason=reason,
            title=CANARY,
            payload={"text": CANARY},
            vendor_object=MADE if state == "delivered" else {},
            error_details=said(CANARY),
            field_errors={"text": CANARY},
            follow_up_steps={"colour": said(CANARY)} if state == "delivered" else {},
            actor_name=CANARY,
        )
        card = messages.brief_card(row, *NOTES)
        assert "canary" not in json.dumps(card)
        assert ("INC-7" in json.dumps(card)) == (state == "delivered")
        assert card["text"]
        assert limits.check_message(card) == []


@pytest.mark.parametrize(("adapter", "operation"), OPERATIONS)
def test_the_whole_brief_card(adapter: Adapter, operation: Operation) -> None:
    """State, reference, link, and who has the rest."""
    row = replace(ROW, state="delivered", vendor_object=MADE)
    assert messages.brief_card(row, adapter, operation) == {
        "text": f"Created in {adapter.label}: INC-7",
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": f":white_check_mark: *Created in {adapter.label}*\nINC-7",
                },
            },
            {
                "type": "actions",
                "block_id": "brief",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "open",
                        "text": plain_text(f"Open in {adapter.label}"),
                        "url": MADE["url"],
                    }
                ],
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": f"We sent the details to <@{row.actor}> directly.",
                    }
                ],
            },
        ],
    }
