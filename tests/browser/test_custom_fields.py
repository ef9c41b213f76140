"""The workspace's own fields in Chromium: filled in, refused once the incident exists, and tried
again."""

import pytest
from playwright.sync_api import expect

from bot.playground.vendors.ids import uuid_id
from tests.browser.acting import Desk

pytestmark = pytest.mark.browser


def own(name: str) -> str:
    """The end of the block id of that custom field."""
    return f"custom.{uuid_id('rootly', 'form_fields', name)}"


def test_one_of_the_fields_is_refused_and_tried_again(desk: Desk) -> None:
    """The incident is there; the card names the field and Rootly's reason; the button sets it, and
    the page shows both."""
    desk.open("/inc", "Labels are printed twice")
    desk.pick(**{own("Region"): "Europe", own("Data centre"): "Lund"})
    desk.modal.get_by_label("Customer impact").fill("Parcels come back.")
    desk.submit().receipt("Rootly", "Labels are printed twice")
    expect(desk.modal).to_contain_text(
        "Data centre isn't set. Rootly says: Selected options is not set up yet."
    )
    desk.done()
    expect(desk.last()).to_contain_text("Created in Rootly, with something missing")
    expect(desk.last()).to_contain_text("Data centre isn't set")
    desk.last().get_by_role("button", name="Try again").click()
    expect(desk.last()).not_to_contain_text("isn't set")
    expect(desk.objects("rootly", "Labels are printed twice")).to_have_count(1)
    with desk.page.expect_popup() as opened:
        desk.last().get_by_role("link", name="Open in Rootly").click()
    for words in ("Europe", "Lund", "Parcels come back."):
        expect(opened.value.locator("body")).to_contain_text(words)


def test_a_private_incident_is_asked_about_first(desk: Desk) -> None:
    """It cannot be made public again: who says "Back" has not ticked the box."""
    desk.open("/inc", "Somebody is in our systems")
    box = desk.field("private").get_by_role("checkbox")
    box.click()
    dialog = desk.page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("Rootly can't make a private incident public again")
    dialog.get_by_role("button", name="Back").click()
    expect(box).not_to_be_checked()
    box.click()
    dialog.get_by_role("button", name="Make private").click()
    expect(box).to_be_checked()
    desk.submit().receipt("Rootly", "Somebody is in our systems")
