"""An incident in incident.io with all that an organisation made for itself, declared in the page."""

import pytest
from playwright.sync_api import expect

from tests.browser.acting import Desk
from tests.browser.conftest import Playground

pytestmark = pytest.mark.browser

IMPACT = "Nobody in Lyon gets a parcel."
DASHBOARD = "https://dashboards.example.com/labels"


def form(desk: Desk, title: str) -> Desk:
    """incident.io's form for an incident, all of it."""
    desk.open("/inc", title).choose("choice", "incident.io", brings="incident_io.incident.name")
    return desk.pick(severity_id="SEV2").more()


def test_roles_are_given_and_custom_fields_filled_in(desk: Desk) -> None:
    """Roles go to people of Slack, custom fields of every type are filled in; the card's link leads
    to a page that shows all of it."""
    title = "Labels are missing"
    form(desk, title)
    picked = {
        "Incident Lead": "Jonas Lindqvist",
        "Communications": "Priya Raman",
        "Detected by": "A customer",
        "Affected warehouse": "Lyon",
    }
    typed = {"Customer impact": IMPACT, "Affected orders": "120", "Dashboard": DASHBOARD}
    desk.pick(**{desk.called(label): value for label, value in picked.items()})
    desk.pick(**{desk.called("Affected service"): "search"}).pick(
        **{desk.called("Affected service"): "identity"}
    )
    desk.fill(**{desk.called(label): value for label, value in typed.items()})
    desk.submit().receipt("incident.io", title).done()
    card = desk.messages.filter(has_text=title)
    expect(card).to_contain_text("Created in incident.io")
    with desk.page.expect_popup() as opened:
        card.get_by_role("link", name="Open in incident.io").click()
    shown = {
        **picked,
        **typed,
        "Severity": "SEV2",
        "Reporter": "Maya Okafor",
        "Affected service": "search, identity",
    }
    for name, value in shown.items():
        expect(opened.value.locator(f"dt:text-is('{name}') + dd")).to_have_text(value)
    expect(desk.objects("incident_io", title)).to_have_count(1)


def test_a_role_for_somebody_whom_incident_io_does_not_know(desk: Desk) -> None:
    """Its sentence stands beside that role, and everything else stays; with somebody else in the
    role, one incident is created."""
    title = "Parcels wait in Lyon"
    form(desk, title)
    role, impact = desk.called("Communications"), desk.called("Customer impact")
    desk.pick(**{role: "Daniel"}).fill(**{impact: IMPACT}).submit()
    expect(desk.error(role)).to_have_text("incident.io says: The assignee could not be found.")
    expect(desk.modal.get_by_test_id("field-error")).to_have_count(1)
    expect(desk.input("severity_id")).to_have_value("SEV2")
    expect(desk.input(impact)).to_have_value(IMPACT)
    desk.pick(**{role: "Priya"}).submit().receipt("incident.io", title).done()
    expect(desk.objects("incident_io", title)).to_have_count(1)


def test_an_action_where_version_2_is_removed(desk: Desk, playground: Playground) -> None:
    """The switch beside the fault is used together with it: the answer is lost, the action is
    found, and is there once."""
    version = desk.page.get_by_test_id("vendor-incident_io-version")
    version.select_option("v2 removed")
    title = "Call the printer's maker"
    desk.fault("incident_io", "lost").open("/act", title)
    desk.choose("choice", "incident.io: action", brings="incident_io.action.description")
    desk.pick(incident_id="INC-").submit()
    playground.created("incident_io", title)
    desk.fault("incident_io", "fine")
    expect(version).to_have_value("v2_removed")
    expect(desk.queued(title)).to_have_attribute("data-state", "delivered", timeout=60_000)
    expect(desk.objects("incident_io", title)).to_have_count(1)
    log = desk.page.get_by_test_id("vendor-incident_io").locator(".requests .path")
    expect(log.filter(has_text="/v3/actions").first).to_be_attached()
