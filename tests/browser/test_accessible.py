"""axe-core finds nothing on the playground's page, light and dark, on a phone, a tablet and a
desk. Keyboard and window do what people expect."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk
from tests.browser.looking import objections

pytestmark = pytest.mark.browser

DRAWN_TWICE = (
    "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
)
TOP = """node => [...node.querySelectorAll(".message")]
    .find((each) => each.getBoundingClientRect().bottom > node.getBoundingClientRect().top).dataset.ts"""


def settle(desk: Desk) -> None:
    """Wait until the page has been drawn twice."""
    desk.page.evaluate(DRAWN_TWICE)


def test_axe_finds_nothing_among_messages_and_vendors(desk: Desk) -> None:
    """With a card, an answer for one person alone, a vendor with a fault, and both panes."""
    desk.open("/inc", "Seen by everybody").submit().receipt("Rootly", "Seen by everybody").done()
    desk.fault("incident_io", "limited").fault("twilio", "down")
    desk.command("/ven")
    expect(desk.last()).to_contain_text("Only visible to you")
    assert objections(desk.page) == {}
    desk.page.set_viewport_size({"width": 390, "height": 900})
    desk.page.get_by_role("button", name="Vendors", exact=True).click()
    desk.page.get_by_text("What was sent").first.click()
    assert objections(desk.page) == {}


def test_axe_finds_nothing_in_a_form(desk: Desk) -> None:
    """With errors beside fields, an open list, and then a dialog that asks first."""
    desk.open("/inc", "Nothing works").more().fill(title="").submit()
    expect(desk.error("title")).to_be_visible()
    desk.input("service_ids").press("ArrowDown")
    expect(desk.offered.first).to_be_visible()
    assert objections(desk.page) == {}


def test_axe_finds_nothing_on_home(desk: Desk) -> None:
    """With what waits, and the question before it is cancelled."""
    desk.fault("rootly", "down").open("/inc", "Waits for axe").submit()
    expect(desk.queued("Waits for axe")).to_contain_text("queued")
    desk.done()
    home = desk.home()
    expect(home).to_contain_text("Waits for axe")
    assert objections(desk.page) == {}
    home.get_by_role("button", name="Cancel").first.click()
    expect(desk.page.get_by_role("alertdialog")).to_be_visible()
    assert objections(desk.page) == {}
    desk.page.keyboard.press("Escape")


def test_a_resize_keeps_the_place(desk: Desk) -> None:
    """What somebody was reading stays at the top, and whoever was at the end is there again."""
    for number in range(24):
        desk.say(f"Number {number}: {'long enough to be broken into several lines ' * 6}")
    expect(desk.last()).to_contain_text("Number 23")
    scroller = desk.page.locator("#messages")
    desk.messages.nth(8).evaluate("node => node.scrollIntoView({block: 'start'})")
    scroller.evaluate("node => { node.scrollTop += 20; }")
    settle(desk)
    before = scroller.evaluate(TOP)
    for width in (900, 500, 1440):
        desk.page.set_viewport_size({"width": width, "height": 700})
        settle(desk)
        assert scroller.evaluate(TOP) == before, width
    scroller.evaluate("node => { node.scrollTop = node.scrollHeight; }")
    desk.page.set_viewport_size({"width": 600, "height": 700})
    expect(desk.last()).to_be_in_viewport()


def test_an_open_list_stays_at_its_field(desk: Desk) -> None:
    """Also when the resize takes the vendors' pane away, or brings it back."""
    desk.open("/inc", "Resized").input("severity_id").press("ArrowDown")
    expect(desk.offered.first).to_be_visible()
    for width in (1000, 1440, 480):
        desk.page.set_viewport_size({"width": width, "height": 900})
        settle(desk)
        field = desk.field("severity_id").locator(".combo").bounding_box()
        listed = desk.page.get_by_role("listbox").bounding_box()
        assert field is not None
        assert listed is not None
        assert listed["x"] == pytest.approx(field["x"], abs=1), width


@pytest.mark.parametrize("field", ["title", "summary", "severity_id", "service_ids", "started_at"])
def test_ctrl_enter_submits_from_every_field(desk: Desk, field: str) -> None:
    """From a line, a text, a list of one and of several, and a date, as in Slack."""
    title = f"Sent from {field}"
    desk.open("/inc", title).more()
    desk.input(field).focus()
    desk.page.keyboard.press("Control+Enter")
    desk.receipt("Rootly", title)
    expect(desk.objects("rootly", title)).to_have_count(1)


def test_ctrl_enter_closes_an_open_list_and_submits(desk: Desk) -> None:
    """What was chosen before is sent, and not the option that was only looked at."""
    desk.open("/inc", "Sent from a list").input("severity_id").press("ArrowDown")
    expect(desk.offered.first).to_be_visible()
    desk.page.keyboard.press("Control+Enter")
    desk.receipt("Rootly", "Sent from a list")
    expect(desk.objects("rootly", "Sent from a list")).not_to_contain_text(re.compile("SEV"))
