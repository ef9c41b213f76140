"""Nothing is lost, nothing is created twice, and all of it can be watched: in the queue, on cards,
in the Home tab."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk
from tests.browser.conftest import Playground

pytestmark = pytest.mark.browser

UNKNOWN_EMOJI = re.compile(r":[a-z_]+:")
RESTART_MS = 40_000
SETTLED_MS = 60_000
"""A vendor that was away is asked again after some seconds."""


def carded(desk: Desk, title: str) -> None:
    """Wait until the bot has written down which message is the card: killed before, it posts
    another."""
    expect(desk.queued(title)).to_have_attribute("data-card", re.compile(r"\d"))


def kill(desk: Desk) -> None:
    """Press the button, and see it said."""
    desk.page.get_by_test_id("kill-bot").click()
    expect(desk.page.locator("#banner")).to_have_text(
        "The bot was killed with -9. It starts again in a moment."
    )


def back(desk: Desk) -> None:
    """Wait until it runs again."""
    expect(desk.page.locator("#banner")).to_be_hidden(timeout=RESTART_MS)


def test_an_answer_is_lost_and_the_bot_is_killed(desk: Desk, playground: Playground) -> None:
    """The delivery stays in view, and ends as created exactly once, on its card."""
    title = "Vouchers are applied twice"
    desk.fault("rootly", "lost").open("/inc", title).submit()
    playground.created("rootly", title)
    desk.fault(
        "rootly", "down"
    )  # so that it is not looked up before the bot is killed, however long that takes here
    expect(desk.queued(title)).to_have_attribute("data-state", "unconfirmed")
    carded(desk, title)
    kill(desk)
    expect(desk.queued(title)).to_contain_text("not sure")
    desk.fault("rootly", "fine")
    back(desk)
    expect(desk.queued(title)).to_have_attribute("data-state", "delivered", timeout=SETTLED_MS)
    expect(desk.modal).not_to_contain_text(UNKNOWN_EMOJI)
    desk.modal.get_by_test_id("modal-close").click()
    card = desk.messages.filter(has_text=title)
    expect(card).to_contain_text("Created in Rootly", timeout=SETTLED_MS)
    expect(card).to_have_count(1)
    expect(card).not_to_contain_text(UNKNOWN_EMOJI)
    expect(desk.objects("rootly", title)).to_have_count(1)


def test_the_home_tab_lists_what_was_sent(desk: Desk) -> None:
    """A person finds what waits and what was created, each with its buttons, and sees it change."""
    desk.open("/inc", "Cards are declined").choose(
        "choice", "Rootly", brings="rootly.incident.title"
    )
    desk.submit().receipt("Rootly", "Cards are declined").done()
    desk.fault("rootly", "down").open("/inc", "Invoices are late")
    desk.choose("choice", "Rootly", brings="rootly.incident.title").submit()
    expect(desk.queued("Invoices are late")).to_contain_text("queued")
    desk.modal.get_by_test_id("modal-close").click()
    home = desk.home()
    expect(home).to_contain_text("Created in Rootly")
    expect(home).to_contain_text("Cards are declined")
    expect(home).to_contain_text("Invoices are late")
    expect(home).not_to_contain_text(UNKNOWN_EMOJI)
    home.get_by_role("button", name="Cancel").click()
    desk.page.get_by_role("alertdialog").get_by_role("button").last.click()
    expect(desk.queued("Invoices are late")).to_contain_text("cancelled")
    expect(home.get_by_role("button", name="Cancel")).to_have_count(0)


def test_what_waits_outlives_the_bot(desk: Desk) -> None:
    """A delivery to a vendor that is down waits through a kill, and arrives when the vendor is
    back."""
    title = "Refunds are stuck"
    desk.fault("incident_io", "down")
    desk.open("/inc", title).choose("choice", "incident.io", brings="incident_io.incident.name")
    desk.pick(severity_id="SEV2").submit()
    expect(desk.queued(title)).to_contain_text("queued")
    desk.done()
    carded(desk, title)
    kill(desk)
    expect(desk.queued(title)).to_contain_text("queued")
    desk.fault("incident_io", "fine")
    back(desk)
    expect(desk.messages.filter(has_text=title)).to_contain_text(
        "Created in incident.io", timeout=SETTLED_MS
    )
    expect(desk.queued(title)).to_contain_text("created")
    expect(desk.objects("incident_io", title)).to_have_count(1)


def test_a_dead_bot_cannot_be_talked_to(desk: Desk) -> None:
    """Slack says that the command failed; when the bot is back, it works."""
    desk.composer.fill("/incident Nobody home")
    kill(desk)
    desk.composer.press("Enter")
    expect(desk.last()).to_contain_text('/incident failed with the error "dispatch_failed"')
    back(desk)
    expect(desk.page.get_by_test_id("kill-bot")).to_be_enabled()
    desk.open("/inc", "Somebody home")
