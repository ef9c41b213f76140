"""Admins decide who may use what, in the page; what they decided is what others meet."""

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk

pytestmark = pytest.mark.browser


def opened(desk: Desk) -> Desk:
    """The form, from the button below `/vendors`."""
    desk.act_as("Maya").command("/ven")
    desk.last().get_by_role("button", name="Permissions").click()
    expect(desk.modal).to_contain_text("People from other companies can't.")
    return desk


def test_an_admin_gives_incidents_to_a_group(desk: Desk) -> None:
    """Roles and groups are searched in one list; the answer says what is set, and so does the next
    form."""
    opened(desk)
    expect(desk.input("rootly.incident")).to_have_value("Full members")
    desk.input("rootly.incident").click()
    expect(desk.offered).to_have_text(
        [
            "EveryoneGuests too",
            "Full membersNo guests",
            "Admins and ownersOf this workspace",
            "Incident commanders@commanders",
            "On-call engineers@oncall",
        ]
    )
    desk.page.keyboard.press("Escape")
    desk.pick(
        rootly__incident="Incident commanders", incident_io__incident="On-call engineers"
    ).submit()
    expect(desk.modal).to_contain_text("Saved.")
    expect(desk.modal).to_contain_text("Rootly: incident: Incident commanders (@commanders)")
    desk.done()
    opened(desk)
    expect(desk.input("rootly.incident")).to_have_value("Incident commanders (@commanders)")
    desk.modal.get_by_role("button", name="Cancel").click()
    expect(desk.modal).to_be_hidden()


def test_others_get_what_is_theirs(desk: Desk) -> None:
    """Whoever may use one tool is not asked which; whoever may use none is told whom to ask."""
    opened(desk).pick(
        rootly__incident="Incident commanders", incident_io__incident="On-call engineers"
    ).submit()
    desk.done().act_as("Jonas").open("/inc", "Disk full")
    expect(desk.field("incident_io.incident.name")).to_be_visible()
    expect(desk.field("choice")).to_have_count(0)
    desk.modal.get_by_role("button", name="Cancel").click()
    opened(desk).pick(incident_io__incident="Admins and owners").submit()
    desk.done().act_as("Jonas").command("/inc", "Disk full")
    expect(desk.last()).to_contain_text("the user group Incident commanders (@commanders)")
    expect(desk.last()).to_contain_text("You typed: /incident Disk full")
