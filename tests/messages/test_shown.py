"""Cards, receipts and App Home: what they say and what can be pressed."""

from dataclasses import replace
from typing import Any

import pytest

from bot import messages
from bot.adapters.base import Created, Entry
from bot.delivery.problems import problem
from tests.messages.parts import NOTES, NOW, ROW, VENDORS, said
from tests.world.notes import MADE


def test_the_card_of_what_was_created() -> None:
    """A headline, the object with its reference, who asked, and a button that leads there."""
    row = replace(ROW, state="delivered", vendor_object=MADE.model_dump())
    assert messages.card(row, *NOTES) == {
        "text": "Created in Notes: N-1 Checkout is down",
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": ":white_check_mark: *Created in Notes*\nN-1  A note",
                },
                "accessory": {
                    "type": "button",
                    "action_id": "open",
                    "text": {"type": "plain_text", "text": "Open in Notes"},
                    "url": "https://notes.example.com/1",
                },
            },
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": "Notes note · Declared by <@U0ANN00001>"}],
            },
        ],
    }


def test_the_receipt_of_what_was_created() -> None:
    """The modal becomes it: nothing to submit, a button that leads there, and "Done"."""
    row = replace(ROW, state="delivered", vendor_object=MADE.model_dump())
    assert messages.receipt(row, *NOTES) == {
        "type": "modal",
        "callback_id": "receipt",
        "private_metadata": "/T0HERE0001/ir000000000001",
        "notify_on_close": False,
        "title": {"type": "plain_text", "text": "Declare incident"},
        "close": {"type": "plain_text", "text": "Done"},
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": ":white_check_mark: *Created in Notes*\nN-1  A note",
                },
            },
            {
                "type": "actions",
                "block_id": "delivery",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "open",
                        "text": {"type": "plain_text", "text": "Open in Notes"},
                        "url": "https://notes.example.com/1",
                    }
                ],
            },
        ],
    }


PAGE = "https://notes.example.com/new"


def test_the_card_of_what_waits() -> None:
    """Why, until when, and what can be done: by hand, or not at all."""
    row = replace(ROW, state="queued", reason="unreachable")
    card = messages.card(row, *NOTES, page=PAGE)
    assert card["text"] == "Saved, not yet in Notes: Checkout is down"
    assert card["blocks"][1] == {
        "type": "actions",
        "block_id": "delivery",
        "elements": [
            {
                "type": "button",
                "action_id": "by_hand",
                "value": "/T0HERE0001/ir000000000001",
                "text": {"type": "plain_text", "text": "Declare it by hand"},
            },
            {
                "type": "button",
                "action_id": "cancel",
                "value": "/T0HERE0001/ir000000000001",
                "text": {"type": "plain_text", "text": "Cancel"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Cancel it?"},
                    "text": {
                        "type": "plain_text",
                        "text": "We won't send it to Notes. You can still send it later.",
                    },
                    "confirm": {"type": "plain_text", "text": "Cancel it"},
                    "deny": {"type": "plain_text", "text": "Keep it"},
                },
            },
        ],
    }


def labels(content: dict[str, Any]) -> list[str]:
    """What its buttons say."""
    return [
        it["text"]["text"]
        for block in content["blocks"]
        for it in block.get("elements", [])
        if "action_id" in it
    ]


@pytest.mark.parametrize(
    ("changes", "card", "elsewhere"),
    [
        ({"state": "queued"}, ["Declare it by hand", "Cancel"], ["Cancel"]),
        (
            {"state": "queued", "resend_count": 1},
            ["Open Notes", "I did it by hand", "Cancel"],
            ["Cancel"],
        ),
        ({"state": "sending"}, [], []),
        ({"state": "delivered"}, [], []),
        ({"state": "rejected"}, ["Edit and resend"], ["Edit and resend"]),
        ({"state": "rejected", "erased_at": NOW}, [], []),
        ({"state": "unconfirmed", "reason": "unclear", "reconcile_at": NOW}, [], []),
        (
            {"state": "unconfirmed", "reason": "unanswered", "reconcile_at": NOW},
            ["Open Notes", "Send again", "It's there"],
            ["Send again", "It's there"],
        ),
        (
            {"state": "unconfirmed", "reason": "undecided"},
            ["Open Notes", "Send again", "It's there"],
            ["Send again", "It's there"],
        ),
        (
            {"state": "failed", "reason": "gave_up"},
            ["Try again", "Copy as text"],
            ["Try again", "Copy as text"],
        ),
        *[
            (
                {"state": "failed", "reason": reason},
                ["Try again", "Declare it by hand", "Cancel", "Copy as text"],
                ["Try again", "Cancel", "Copy as text"],
            )
            for reason in ("unauthorized", "forbidden", "disconnected")
        ],
        ({"state": "failed", "reason": "unauthorized", "erased_at": NOW}, [], []),
        (
            {"state": "cancelled", "reason": "by_hand"},
            ["Send anyway", "Copy as text"],
            ["Send anyway", "Copy as text"],
        ),
        ({"state": "failed", "reason": "gave_up", "erased_at": NOW}, [], []),
    ],
)
def test_each_state_has_the_buttons_that_make_sense(
    changes: dict[str, Any], card: list[str], elsewhere: list[str]
) -> None:
    """On the card; in the receipt and at home the same, except that taking it over belongs where
    everyone sees it."""
    row = replace(ROW, **changes)
    assert labels(messages.card(row, *NOTES, page=PAGE)) == card
    assert labels(messages.receipt(row, *NOTES)) == elsewhere
    assert labels(messages.home([messages.RenderedDelivery(row, *NOTES)], {}, NOW)) == elsewhere


def test_what_was_sent_before_is_cancelled_with_the_truth() -> None:
    """Cancelling stops the sending, and removes nothing that may be there already."""
    card = messages.card(replace(ROW, state="queued", resend_count=1), *NOTES)
    [cancel] = [it for it in card["blocks"][1]["elements"] if it["action_id"] == "cancel"]
    assert cancel["confirm"]["text"]["text"] == (
        "We'll stop sending it. It may already be in Notes, and cancelling doesn't remove it."
    )


def test_a_created_object_is_announced() -> None:
    """With how bad it is, its status, the first lines of its text, who declared it, and its own
    channel."""
    rootly = VENDORS[0]
    row = replace(
        ROW,
        vendor="rootly",
        operation="incident",
        state="delivered",
        payload={
            "title": "Checkout is down",
            "severity_id": "s1",
            "summary": "Errors since nine.\n\nBoth regions.\nPaging.\nMore.",
        },
        selected={"severities/s1": Entry(id="s1", label="SEV1")},
        vendor_object={
            **MADE.model_dump(),
            "title": "Checkout is down",
            "status": "Started",
            "channel": "C0INC00001",
        },
    )
    card = messages.card(row, rootly, rootly.operation("incident"))
    assert said(card) == [
        "Created in Rootly: N-1 Checkout is down",
        ":white_check_mark: *Created in Rootly*\nN-1  Checkout is down\n"
        "*Severity*: SEV1 · *Status*: Started\n"
        "> Errors since nine.\n> Both regions.\n> Paging.\nIncident channel: <#C0INC00001>",
        "Rootly incident · Declared by <@U0ANN00001>",
    ]


def test_sending_again_is_asked_twice() -> None:
    """If it is there already it will be there twice: the button says so before it does anything."""
    card = messages.card(replace(ROW, state="unconfirmed", reason="undecided"), *NOTES)
    assert [
        it["confirm"]["text"]["text"] for it in card["blocks"][1]["elements"] if "confirm" in it
    ] == ["If it's already in Notes, this creates a second one. Look there first."]


def test_what_was_created_twice_has_a_link_to_each() -> None:
    """So that somebody can close one; in the card, in the receipt and at home."""
    twin = Created(id="n2", reference="N-2", url="https://notes.example.com/2")
    row = replace(
        ROW,
        state="delivered",
        reason="created_twice",
        vendor_object=MADE.model_dump(),
        duplicates=[twin],
    )
    for content in (
        messages.card(row, *NOTES),
        messages.receipt(row, *NOTES),
        messages.home([messages.RenderedDelivery(row, *NOTES)], {}, NOW),
    ):
        found = next(block["elements"] for block in content["blocks"] if block["type"] == "actions")
        assert [(it["action_id"], it["text"]["text"], it["url"]) for it in found] == [
            ("open", "Open N-1", "https://notes.example.com/1"),
            ("open_1", "Open N-2", "https://notes.example.com/2"),
        ]


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        (
            {"state": "cancelled", "reason": "by_hand", "changed_by": "U0BOB00001"},
            " · Taken over by <@U0BOB00001>",
        ),
        (
            {"state": "cancelled", "reason": "cancelled", "changed_by": "operator"},
            " · Cancelled by your bot admin",
        ),
        (
            {"state": "queued", "reason": "sent_again", "changed_by": "U0BOB00001"},
            " · Sent again by <@U0BOB00001>",
        ),
        (
            {"state": "queued", "reason": "tried_again", "changed_by": "U0BOB00001"},
            " · Sent again by <@U0BOB00001>",
        ),
        (
            {"state": "delivered", "reason": "confirmed", "changed_by": "U0BOB00001"},
            " · Confirmed by <@U0BOB00001>",
        ),
        ({"state": "queued", "changed_by": "U0ANN00001"}, ""),
    ],
)
def test_the_card_says_who_decided(changes: dict[str, Any], end: str) -> None:
    """Below everything else, beside who asked for it."""
    card = messages.card(replace(ROW, **changes), *NOTES)
    who = "Declared by" if changes["state"] == "delivered" else "From"
    assert card["blocks"][-1]["elements"][0]["text"] == f"Notes note · {who} <@U0ANN00001>{end}"


def test_a_home_with_nothing_says_what_to_try() -> None:
    """An empty page would be a dead end."""
    assert messages.home([], {"/incident It is down": "declares an incident"}) == {
        "type": "home",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "What you sent from Slack"}},
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "Nothing yet. Type one of these in any channel:\n"
                    "• `/incident It is down`: declares an incident",
                },
            },
        ],
    }


def test_a_home_says_how_each_delivery_stands() -> None:
    """State, title, what and where, age, and a link."""
    made = replace(ROW, state="delivered", vendor_object=MADE.model_dump(), created_at=NOW - 7200)
    erased = replace(ROW, state="rejected", title="", erased_at=NOW, created_at=NOW - 40 * 86400)
    home = messages.home(
        [messages.RenderedDelivery(made, *NOTES), messages.RenderedDelivery(erased, *NOTES)],
        {},
        NOW,
    )
    assert said(home) == [
        ":white_check_mark: *Created in Notes*\nN-1  A note",
        "Notes note · Sent <!date^1799992800^{time} {date_short_pretty}|06:00 UTC, 2027-01-15>",
        ":no_entry: *Notes didn't accept this note*\n(We deleted the text after some days)\n"
        "Nothing was created.",
        "Notes note · Sent <!date^1796544000^{time} {date_short_pretty}|08:00 UTC, 2026-12-06>",
    ]
    assert home["blocks"][2]["accessory"]["url"] == MADE.url


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "notes.example.com", "https://x/" + "y" * 3000]
)
def test_what_is_no_web_address_is_no_button(url: str) -> None:
    """A vendor's answer does not become just any link."""
    card = messages.card(
        replace(ROW, state="delivered", vendor_object={"id": "1", "url": url}), *NOTES
    )
    assert "accessory" not in card["blocks"][0]


def test_words_of_others_are_shown_as_they_are() -> None:
    """A title or a vendor's sentence that holds Slack's markup mentions nobody and links nowhere."""
    row = replace(
        ROW,
        state="rejected",
        title="<!channel> & <https://x|y>",
        error_details=problem("said", words="<@U1>"),
    )
    card = messages.card(row, *NOTES)
    assert (
        card["text"] == "Notes didn't accept this note: &lt;!channel&gt; &amp; &lt;https://x|y&gt;"
    )
    assert card["blocks"][0]["text"]["text"] == (
        ":no_entry: *Notes didn't accept this note*\n&lt;!channel&gt; &amp; &lt;https://x|y&gt;\n"
        "Notes says: &lt;@U1&gt;.\nNothing was created."
    )


def test_a_private_one_says_so_wherever_it_is_shown() -> None:
    """The person knows why the channel has no card."""
    row = replace(ROW, state="delivered", vendor_object=MADE.model_dump(), private=True)
    text = (
        ":white_check_mark: *Created in Notes*\nN-1  A note\n"
        ":lock: Private. Only you can see this in Slack."
    )
    shown = [
        messages.card(row, *NOTES)["blocks"][0],
        messages.receipt(row, *NOTES)["blocks"][0],
        messages.home([messages.RenderedDelivery(row, *NOTES)], {}, NOW)["blocks"][2],
    ]
    assert [block["text"]["text"] for block in shown] == [text] * 3
