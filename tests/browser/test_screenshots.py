"""Pictures of the playground in use, in test-results/screenshots."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk

pytestmark = pytest.mark.browser

CRY = "Customers in the EU cannot pay"
Shoot = Callable[[str], None]


@pytest.fixture
def shoot(desk: Desk, pytestconfig: pytest.Config) -> Shoot:
    """Takes a picture of that name."""
    folder = Path(pytestconfig.rootpath) / "test-results" / "screenshots"

    def take(name: str) -> None:
        desk.page.mouse.move(0, 0)
        desk.page.screenshot(path=folder / f"{name}.png", animations="disabled")

    return take


def test_cards_say_where_things_stand(desk: Desk, shoot: Shoot) -> None:
    """Created, waiting for a vendor that is down, and stopped by a revoked token."""
    desk.go("checkout-team")
    desk.open("/inc", "Vouchers are applied twice").pick(severity_id="SEV2")
    desk.submit().receipt("Rootly", "Vouchers are applied twice").done()
    desk.fault("incident_io", "down").open("/inc", "Refunds are stuck")
    desk.choose("choice", "incident.io", brings="incident_io.incident.name").pick(
        severity_id="SEV2"
    ).submit()
    expect(desk.modal).to_contain_text("Saved, not yet in incident.io")
    desk.done().fault("twilio", "revoked").open("/wor", "Payment disputes at night")
    desk.choose("choice", "Twilio TaskRouter", brings="friendly_name").pick(
        default_queue="Payment"
    ).submit()
    waits = "Saved, waiting for a new key for Twilio TaskRouter"
    expect(desk.modal).to_contain_text(waits)
    expect(desk.done().last()).to_contain_text(waits)
    shoot("cards")


def test_an_incident_is_about_to_be_declared(desk: Desk, shoot: Shoot) -> None:
    """Somebody has added an action item already, and the admin declares the incident out of a
    message."""
    desk.act_as("Jonas Lindqvist").open("/act", "Roll checkout-api back to 4.1").pick(
        incident_id="Card payments", priority="high", assigned_to_user_id="Jonas"
    )
    desk.submit().receipt("Rootly", "Roll checkout-api back to 4.1").done()
    desk.act_as("Maya Okafor").message_menu(
        desk.messages.filter(has_text=CRY).first, "Declare incident"
    )
    desk.pick(severity_id="SEV1", service_ids="checkout-api")
    desk.pick(service_ids="payments-gateway")
    desk.modal.get_by_role("heading").scroll_into_view_if_needed()
    desk.page.get_by_title("Go to Rootly").click()
    desk.input("title").focus()
    expect(desk.objects("rootly", "Roll checkout-api back to 4.1")).to_be_in_viewport()
    shoot("playground")
    desk.submit().receipt("Rootly", CRY)
    shoot("receipt")


def test_a_vendor_refuses_a_field(desk: Desk, shoot: Shoot) -> None:
    """The vendor's sentence stands beside the field it names."""
    desk.open("/inc", "Nothing works").pick(severity_id="SEV0").submit()
    expect(desk.error("summary")).to_be_visible()
    shoot("field-error")


def test_a_task_is_filled_in(desk: Desk, shoot: Shoot) -> None:
    """A form that depends on what the task does."""
    desk.open("/wor", "Tell the shops").choose(
        "choice", "Rootly", brings="rootly.workflow_task.name"
    )
    desk.pick(workflow_id="Tell support").choose(
        "task_type", "Send an e-mail", brings="send_email.to"
    )
    desk.fill(send_email__to="shops@example.com", send_email__subject="{{ incident.title }}")
    desk.fill(
        send_email__body="The shop does not take payments at the moment. We write again within the hour."
    )
    desk.field("choice").scroll_into_view_if_needed()
    shoot("task-form")
