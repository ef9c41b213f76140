"""The page on which an admin connects a vendor, in Chromium: from `/vendors` there and back,
with and without scripts, light and dark, on a desk and on a phone. Pictures in
test-results/screenshots."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.acting import Desk
from tests.browser.conftest import Playground
from tests.browser.looking import objections

pytestmark = pytest.mark.browser

Look = tuple[str, Literal["light", "dark"], int]
LOOKS: tuple[Look, ...] = (
    ("light", "light", 1000),
    ("dark", "dark", 1000),
    ("phone", "light", 360),
)
WRONG = "rootly_no_such_key"


@pytest.fixture
def folder(pytestconfig: pytest.Config) -> Path:
    return Path(pytestconfig.rootpath) / "test-results" / "screenshots"


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def elsewhere(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """The admin's usual browser, which is not the one that Slack runs in."""
    context = browser.new_context(java_script_enabled=request.param)
    context.set_default_timeout(10_000)
    yield context
    context.close()


def window(desk: Desk, button: str) -> str:
    """Type `/vendors`, press that button, and read where the window's link leads."""
    desk.say("/vendors")
    desk.last().get_by_role("button", name=button).click()
    address = desk.modal.get_by_role("link", name="Open the page").get_attribute("href")
    assert address is not None
    desk.modal.get_by_role("button", name="Close").last.click()
    expect(desk.modal).to_be_hidden()
    return address


def shoot(page: Page, folder: Path, name: str) -> None:
    """A picture of the page in every look; nothing may stick out of a phone's screen."""
    for look, scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=folder / f"vendor-{name}-{look}.png", full_page=True)
    page.set_viewport_size({"width": 1000, "height": 800})


def keys(playground: Playground, vendor: str) -> dict[str, str]:
    """What the playground's page names as that vendor's test key, by the label of the field."""
    return next(dict(it["key"]) for it in playground.state()["vendors"] if it["name"] == vendor)


def test_a_vendor_is_disconnected_and_connected_again(
    desk: Desk, playground: Playground, elsewhere: BrowserContext, folder: Path
) -> None:
    """Tested, disconnected after a warning, refused with a wrong key, connected with the right one;
    Slack shows each."""
    page = elsewhere.new_page()
    page.goto(window(desk, "Manage Rootly"))
    page.get_by_role("button", name="Test again").click()
    expect(page.get_by_role("status")).to_contain_text("Rootly accepted the key ")
    shoot(page, folder, "manage")
    page.get_by_role("button", name="Disconnect …").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Disconnect Rootly?")
    shoot(page, folder, "disconnect")
    page.get_by_role("button", name="Keep it connected").click()
    page.get_by_role("button", name="Disconnect …").click()
    page.get_by_role("button", name="Disconnect Rootly").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rootly is disconnected")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rootly is disconnected")

    page.goto(window(desk, "Connect Rootly"))
    expect(page.get_by_label("API key")).to_be_editable()
    shoot(page, folder, "connect")
    page.get_by_label("API key").fill(WRONG)
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Nothing was saved. Rootly rejected this API key. Copy it again."
    )
    expect(page.get_by_label("API key")).to_have_value("")
    expect(page.get_by_label("API key")).to_be_focused()
    assert WRONG not in page.content()
    shoot(page, folder, "refused")
    page.get_by_label("API key").fill(keys(playground, "rootly")["API key"])
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rootly is connected")
    shoot(page, folder, "connected")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rootly is connected")
    desk.say("/vendors")
    expect(desk.last()).to_contain_text("Rootly as Brambleway: ")
    desk.open("/inc", "Parcels are late").pick(severity_id="SEV2").submit().receipt(
        "Rootly", "Parcels are late"
    )


def test_several_fields_each_with_their_own_word(
    desk: Desk, playground: Playground, elsewhere: BrowserContext, folder: Path
) -> None:
    """What is wrong stands beside its field, where the person goes on typing; what is no secret
    stays; the labels are those that the playground names."""
    page = elsewhere.new_page()
    page.goto(window(desk, "Manage Twilio TaskRouter"))
    page.get_by_label("API key SID, or account SID").fill("SK12")
    page.get_by_label("Secret, or auth token").fill("x")
    page.get_by_label("TaskRouter workspace SID").fill("WS12")
    page.get_by_label("Region").select_option("ie1")
    page.set_viewport_size({"width": 360, "height": 640})
    page.get_by_role("button", name="Check and replace").click()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    expect(page.locator("#key_sid-error")).to_contain_text("Paste the SID of an API key")
    expect(page.locator("#workspace_sid-error")).to_contain_text("Paste the SID")
    expect(page.get_by_label("Region")).to_have_value("ie1")
    expect(page.get_by_label("API key SID, or account SID")).to_have_value("SK12")
    expect(page.get_by_label("API key SID, or account SID")).to_be_focused()
    expect(page.get_by_label("Secret, or auth token")).to_have_value("")
    shoot(page, folder, "fields")
    for label, value in keys(playground, "twilio").items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Region").select_option("us1")
    page.get_by_role("button", name="Check and replace").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Twilio TaskRouter is connected")


def test_axe_finds_nothing_on_the_pages(desk: Desk, browser: Browser) -> None:
    """Neither on the form nor beside its errors, nor where it asks before it disconnects: in every
    size, light and dark."""
    page = browser.new_page()
    page.goto(window(desk, "Manage Twilio TaskRouter"))
    assert objections(page) == {}
    page.get_by_label("API key SID, or account SID").fill("SK12")
    page.get_by_label("Secret, or auth token").fill("x")
    page.get_by_label("TaskRouter workspace SID").fill("WS12")
    page.get_by_role("button", name="Check and replace").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert objections(page) == {}
    page.get_by_role("button", name="Disconnect …").click()
    expect(page.get_by_role("button", name="Keep it connected")).to_be_visible()
    assert objections(page) == {}
    page.close()


def test_a_link_that_is_over_says_what_to_do(
    desk: Desk, complaints: list[str], folder: Path
) -> None:
    """The page has its style, and asks for nothing else; all that Chromium complains about is the
    410 itself."""
    with desk.page.expect_popup() as opened:
        desk.say("/vendors").last().get_by_role("button", name="Manage Rootly").click()
        desk.modal.get_by_role("link", name="Open the page").click()
    popup = opened.value
    expect(popup.get_by_role("heading", level=1)).to_have_text("Rootly")
    desk.modal.get_by_role("button", name="Close").last.click()
    window(desk, "Manage Rootly")
    assert popup.evaluate("document.styleSheets.length") == 1
    assert popup.evaluate("getComputedStyle(document.querySelector('main')).maxWidth") == "576px"
    popup.get_by_role("button", name="Test again").click()
    expect(popup.get_by_role("heading", level=1)).to_have_text("This link has expired")
    shoot(popup, folder, "over")
    assert len(complaints) == 1
    assert "410" in complaints.pop()


def test_a_newcomer_finds_the_way(desk: Desk, playground: Playground, folder: Path) -> None:
    """The answer to `/vendors` has the buttons, the window says what the link is, and the pane
    shows what to type there."""
    desk.say("/vendors").last().get_by_role("button", name="Manage incident.io").click()
    key = desk.page.get_by_test_id("vendor-rootly-key")
    expect(desk.modal).to_contain_text("The link is for you alone.")
    desk.page.screenshot(path=folder / "vendors.png", animations="disabled")
    desk.modal.get_by_role("button", name="Close").last.click()
    key.locator("summary").click()
    expect(key).to_contain_text(keys(playground, "rootly")["API key"])
    desk.page.screenshot(path=folder / "vendors-key.png", animations="disabled")
