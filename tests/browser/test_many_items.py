"""A list in a message becomes action items, all at once."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk

pytestmark = pytest.mark.browser

LIST = "Next steps\n• @jonas Roll back checkout by 2027-01-15\n• Page the DBA\n• Tell support"


def test_the_list_after_an_incident_becomes_its_action_items(desk: Desk) -> None:
    """One form: the incident once, the named person and day filled in, one line cleared; one card
    with a line each."""
    desk.say(LIST)
    expect(desk.last()).to_contain_text("Tell support")
    desk.message_menu(desk.last(), "Add action items")
    expect(desk.input("summary:0")).to_have_value("Roll back checkout by 2027-01-15")
    expect(desk.input("assigned_to_user_id:0")).to_have_value("Jonas Lindqvist")
    expect(desk.field("due_date:0")).to_be_visible()
    expect(desk.field("due_date:1")).to_have_count(0)
    desk.pick(incident_id="INC-142").fill(
        **{"summary:1": "Page the database team", "summary:2": ""}
    )
    desk.submit()
    expect(desk.modal).to_contain_text("2 action items created in Rootly")
    desk.done()
    card = desk.messages.filter(has_text="2 action items created in Rootly").last
    expect(card).to_contain_text("Roll back checkout by 2027-01-15")
    expect(card).to_contain_text("Page the database team")
    expect(card.get_by_role("link", name=re.compile("Open in Rootly"))).to_have_count(2)
