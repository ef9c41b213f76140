"""Five things to try. The test is alone in its module: it needs a playground in which nothing has
happened yet."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk
from tests.browser.conftest import Playground

pytestmark = pytest.mark.browser

SETTLED_MS = 60_000


def test_five_things_tick_themselves_off(desk: Desk, playground: Playground) -> None:
    """Declare, lose an answer, kill the bot, take a tool away, decide: each is ticked as it happens,
    what comes next is explained, and a reload remembers it."""
    guide = desk.page.get_by_test_id("guide")
    now = guide.locator('[aria-current="step"]')

    def done(step: str) -> None:
        expect(desk.page.get_by_test_id(f"step-{step}")).to_have_attribute(
            "data-done", "true", timeout=SETTLED_MS
        )

    expect(guide).to_contain_text("0 of 5")
    expect(now).to_contain_text("/incident Checkout is down")
    desk.open("/inc", "Checkout is down").submit().receipt("Rootly", "Checkout is down").done()
    done("declare")

    expect(now).to_contain_text("Set Rootly to Answer lost")
    desk.fault("rootly", "lost").open("/inc", "Lost and killed").submit()
    done("lose")
    expect(now).to_contain_text("Kill the bot")
    desk.page.get_by_test_id("kill-bot").click()
    desk.page.reload()
    expect(guide).to_contain_text("2 of 5")
    desk.fault("rootly", "fine")
    done("kill")
    expect(desk.objects("rootly", "Lost and killed")).to_have_count(1)
    desk.page.keyboard.press("Escape")

    expect(now).to_contain_text("Set incident.io to Down")
    desk.fault("incident_io", "down").open("/inc", "Taken away")
    desk.choose("choice", "incident.io", brings="incident_io.incident.name")
    desk.pick(severity_id="SEV2").submit()
    expect(desk.queued("Taken away")).to_contain_text("queued")
    desk.page.keyboard.press("Escape")
    desk.fault("incident_io", "fine")
    done("away")

    expect(now).to_contain_text("Set Rootly to Lost, hidden")
    desk.fault("rootly", "hidden").open("/inc", "Hidden away")
    desk.choose("choice", "Rootly", brings="rootly.incident.title").submit()
    expect(desk.queued("Hidden away")).to_contain_text("decide", timeout=SETTLED_MS)
    desk.page.keyboard.press("Escape")
    card = desk.messages.filter(has_text="Hidden away")
    card.get_by_role("button", name=re.compile("there", re.IGNORECASE)).click()
    answer_whatever_is_asked(desk)
    done("decide")
    expect(guide).to_contain_text("All done")
    expect(desk.objects("rootly", "Hidden away")).to_have_count(1)


def answer_whatever_is_asked(desk: Desk) -> None:
    """Agree to the question before a button's press, and send the form that it may open as it is."""
    asked = desk.page.get_by_role("alertdialog").or_(desk.modal)
    done = desk.page.locator('[data-testid="step-decide"][data-done="true"]')
    expect(asked.or_(done).first).to_be_visible()
    if asked.first.is_visible():
        asked.first.get_by_role("button").last.click()
