"""The items of a message's list, the people and the days in them."""

from datetime import date

import pytest

from bot.slack.list_items import day_of, due_date, list_items, mentioned, without_mentions
from bot.slack.message_text import read_message

ADA, BEN = "U0ADA00001", "U0BEN00001"
WRITTEN = date(2026, 12, 1)
"""A Tuesday."""


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("• Roll back\n• Page the DBA", ["Roll back", "Page the DBA"]),
        ("- Roll back\n* Page the DBA\n\u2013 Tell support", ["Roll back", "Page the DBA", "Tell support"]),
        ("1. Roll back\n2) Page the DBA\n(3) Rest", ["Roll back", "Page the DBA", "Rest"]),
        ("☐ Roll back\n⬜ Page the DBA", ["Roll back", "Page the DBA"]),
        ("- [ ] Roll back\n- [x] Page the DBA", ["Roll back"]),
        ("☐ Roll back\n☑ Page the DBA\n✅ Rest", ["Roll back"]),
        ("✅ Roll back\n✅ Page the DBA", ["Roll back", "Page the DBA"]),
        ("> • Roll back\n    ◦ Page the DBA", ["Roll back", "Page the DBA"]),
        ("Next steps\n• Roll back\nThanks all", ["Roll back"]),
        ("• Today:\n    • Roll back\n• \n• ---", ["Roll back"]),
        ("Action items:\nRoll back\n\nPage the DBA", ["Roll back", "Page the DBA"]),
        ("Roll back", ["Roll back"]),
        ("3 nodes are down\n-5 degrees", ["3 nodes are down", "-5 degrees"]),
        ("Action items:\n\n***\n", []),
        ("", []),
    ],
)  # fmt: skip
def test_each_line_of_a_list_is_an_item(text: str, items: list[str]) -> None:
    """Without its sign; a heading is none, and what is ticked is done."""
    assert list_items(text) == items


def test_a_list_of_rich_text_is_read() -> None:
    """As Slack's composer sends it, with a mention and a numbered list below."""

    def line(*parts: dict[str, str]) -> dict[str, object]:
        return {"type": "rich_text_section", "elements": list(parts)}

    lists = [
        line({"type": "text", "text": "Next steps"}),
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [
                line({"type": "user", "user_id": ADA}, {"type": "text", "text": " roll back"}),
                line({"type": "text", "text": "Page the DBA"}),
            ],
        },
        {
            "type": "rich_text_list",
            "style": "ordered",
            "indent": 1,
            "elements": [line({"type": "text", "text": "Tell support"})],
        },
    ]
    message = {"text": "", "blocks": [{"type": "rich_text", "elements": lists}]}
    items = list_items(read_message(message).details)
    assert items == [f"@{ADA} roll back", "Page the DBA", "Tell support"]


@pytest.mark.parametrize(
    ("item", "assignee", "text"),
    [
        (f"@{ADA} roll back", ADA, "roll back"),
        (f"@{ADA}: roll back", ADA, "roll back"),
        (f"Roll back - @{ADA}", ADA, "Roll back"),
        (f"Ask @{ADA} to roll back", ADA, "Ask @Ada to roll back"),
        (f"@{ADA} roll back with @{BEN}", ADA, "roll back with @U0BEN00001"),
        (f"@{ADA} roll back", "", "@Ada roll back"),
        (f"@{ADA}", ADA, f"@{ADA}"),
        ("Roll back", "", "Roll back"),
    ],
)
def test_a_mention_gives_way_to_a_field_or_a_name(item: str, assignee: str, text: str) -> None:
    """The assignee's at an end of the line goes; all others become names."""
    assert mentioned(item) == (ADA if ADA in item else "")
    assert without_mentions(item, {ADA: "Ada"}, assignee) == text


@pytest.mark.parametrize(
    ("item", "day"),
    [
        ("Roll back by 2026-12-24", date(2026, 12, 24)),
        ("Roll back by Friday", date(2026, 12, 4)),
        ("Roll back on TUESDAY", date(2026, 12, 8)),
        ("Roll back today", date(2026, 12, 1)),
        ("Tomorrow: roll back", date(2026, 12, 2)),
        ("Bis Montag zurückrollen", date(2026, 12, 7)),
        ("Morgen zurückrollen", date(2026, 12, 2)),
        ("Roll back 2026-02-30 or Friday", date(2026, 12, 4)),
        ("Friday, not 2026-12-24", date(2026, 12, 4)),
        ("Fridays are bad, 12026-12-24 too", None),
        ("Roll back", None),
    ],
)
def test_a_named_day_is_the_due_date(item: str, day: date | None) -> None:
    """Counted from the day on which the message was written."""
    assert due_date(item, WRITTEN) == day


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Berlin", date(2026, 12, 2)),
        ("America/New_York", date(2026, 12, 1)),
        ("", date(2026, 12, 1)),
        ("Atlantis/Centre", date(2026, 12, 1)),
    ],
)
def test_a_message_was_written_on_a_day_of_the_persons_zone(zone: str, day: date) -> None:
    """At half past eleven in the evening UTC."""
    assert day_of("1796167800.000100", zone) == day
