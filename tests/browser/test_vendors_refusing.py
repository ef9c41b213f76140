"""What a person sees when a vendor refuses, is away, or no longer knows the bot."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk
from tests.world.modal import a_queue

pytestmark = pytest.mark.browser


def test_what_rootly_refuses_is_corrected_and_resent(desk: Desk) -> None:
    """Its sentence stands beside the field it names; the corrected form creates one incident."""
    desk.open("/inc", "Nothing works").choose("choice", "Rootly", brings="rootly.incident.title")
    desk.pick(severity_id="SEV0").submit()
    expect(desk.error("summary")).to_have_text("Rootly says: Summary can't be blank.")
    expect(desk.input("title")).to_have_value("Nothing works")
    desk.fill(summary="No page loads at all")
    expect(desk.error("summary")).to_have_count(0)
    desk.submit().receipt("Rootly", "Nothing works").done()
    expect(desk.objects("rootly", "Nothing works")).to_have_count(1)
    expect(desk.messages.filter(has_text="did not accept")).to_have_count(0)


def test_a_mistake_in_the_json_is_shown_with_its_place(desk: Desk) -> None:
    """Line and column stand beside the field; the corrected configuration creates one workflow."""
    desk.open("/wor", "By skill").choose("choice", "Twilio TaskRouter", brings="routing")
    desk.choose("routing", "JSON", brings="json.configuration")
    desk.fill(configuration='{"task_routing": {\n  "filters": [,]\n}}').submit()
    expect(desk.error("configuration")).to_have_text("Line 2, column 15: put a value here.")
    desk.fill(configuration=json.dumps({"task_routing": {"default_filter": {"queue": a_queue()}}}))
    desk.submit().receipt("Twilio TaskRouter", "By skill").done()
    expect(desk.objects("twilio", "By skill")).to_have_count(1)


def test_what_a_vendor_that_is_down_misses_arrives_later(desk: Desk) -> None:
    """The modal says that it is saved; the card waits, and is the same card when the vendor has it."""
    desk.fault("incident_io", "down")
    desk.open("/inc", "Refunds are stuck").choose(
        "choice", "incident.io", brings="incident_io.incident.name"
    )
    desk.pick(severity_id="SEV2").submit()
    expect(desk.modal).to_contain_text("Saved, not yet in incident.io")
    expect(desk.modal).to_contain_text("Can't reach incident.io.")
    desk.done()
    cards = desk.messages.filter(has_text="Refunds are stuck")
    expect(cards).to_contain_text("Saved, not yet in incident.io")
    expect(desk.objects("incident_io", "Refunds are stuck")).to_have_count(0)
    place = cards.get_attribute("data-ts")
    desk.fault("incident_io", "fine")
    expect(cards).to_contain_text("Created in incident.io", timeout=30_000)
    assert cards.get_attribute("data-ts") == place
    expect(desk.objects("incident_io", "Refunds are stuck")).to_have_count(1)


def test_a_revoked_token_is_a_matter_for_an_admin(desk: Desk) -> None:
    """Modal, card and `/vendors` say so; when the vendor accepts it again, the bot works as before."""
    desk.fault("rootly", "revoked")
    desk.open("/inc", "Who are you").choose(
        "choice", "Rootly", brings="rootly.incident.title"
    ).submit()
    said = "Rootly rejected our API key. An admin can replace it in /vendors."
    expect(desk.modal).to_contain_text("Saved, waiting for a new key for Rootly")
    expect(desk.modal).to_contain_text(said)
    desk.done()
    expect(desk.last()).to_contain_text(said)
    desk.command("/ven")
    broken = "Our API key was rejected. Replace it."
    expect(desk.last()).to_contain_text(broken)
    desk.fault("rootly", "fine").open("/inc", "Known again").submit().receipt(
        "Rootly", "Known again"
    ).done()


def test_a_vendor_that_refuses_everything_names_a_field(desk: Desk) -> None:
    """Its sentence stands beside the field; when the vendor is fine again, the same form creates
    one incident."""
    desk.fault("rootly", "refusing").open("/inc", "Reserved")
    desk.choose("choice", "Rootly", brings="rootly.incident.title").submit()
    expect(desk.error("title")).to_have_text("Rootly says: Title is reserved.")
    expect(desk.queued("Reserved")).to_contain_text("refused")
    desk.fault("rootly", "fine").submit().receipt("Rootly", "Reserved").done()
    expect(desk.objects("rootly", "Reserved")).to_have_count(1)


def test_a_slow_vendor_is_waited_for(desk: Desk) -> None:
    """The object is there long before the answer; the card says so once the answer is there too."""
    desk.fault("twilio", "slow").open("/wor", "Slowly")
    desk.choose("choice", "Twilio TaskRouter", brings="friendly_name").pick(
        default_queue="Returns"
    ).submit()
    expect(desk.objects("twilio", "Slowly")).to_have_count(1)
    expect(desk.queued("Slowly")).to_contain_text("being sent")
    expect(desk.queued("Slowly")).to_contain_text("created", timeout=20_000)
    expect(desk.messages.filter(has_text="Slowly")).to_contain_text(
        "Created in Twilio TaskRouter", timeout=20_000
    )
    expect(desk.objects("twilio", "Slowly")).to_have_count(1)


def test_a_rate_limit_bites_at_once_and_ends(desk: Desk) -> None:
    """The first thing declared after the switch has to wait; switched back, it goes out within ten
    seconds."""
    note = desk.page.get_by_test_id("vendor-rootly-note")
    desk.fault("rootly", "limited")
    expect(note).to_have_text(re.compile(r"^1 write every 10 s, none left for \d+ s$"))
    desk.open("/inc", "Limited").choose("choice", "Rootly", brings="rootly.incident.title").submit()
    expect(desk.queued("Limited")).to_contain_text(re.compile("^queued"))
    desk.fault("rootly", "fine")
    expect(desk.queued("Limited")).to_contain_text("created", timeout=12_000)
