"""The page as somebody uses it who knows Slack."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bot.adapters.registry import ADAPTERS
from bot.playground.vendors import STAND_INS
from tests.browser.acting import Desk
from tests.browser.conftest import running
from tests.world.processes import free_port

pytestmark = pytest.mark.browser

CRY = "Customers in the EU cannot pay"
SELECTED = "getSelection().toString()"
SIDEWAYS = """[...document.querySelectorAll("body, .messages, .modal-body, .vendors")]
    .map((each) => each.scrollWidth - each.clientWidth)"""


def test_somebody_was_there_before(desk: Desk) -> None:
    """The page opens on a channel where people talk, and the last thing they say asks for an
    incident."""
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("incidents")
    expect(desk.messages.first).to_contain_text("INC-142 is declared")
    expect(desk.last()).to_contain_text("Should somebody declare this?")


def test_a_message_becomes_an_incident(desk: Desk) -> None:
    """The first line is the title; text, author and link are in the summary."""
    desk.message_menu(desk.messages.filter(has_text=CRY).first, "Declare incident")
    expect(desk.input("title")).to_have_value(CRY)
    expect(desk.input("summary")).to_have_value(
        re.compile(
            rf"^{CRY}\nEvery order fails at the last step .*\n\n"
            r"From a message by Hannah Weiss in Slack: https://brambleway\.slack\.com/archives/C06QJ9INC01/p\d{16}$"
        )
    )
    desk.submit().receipt("Rootly", CRY).done()
    expect(desk.last()).to_contain_text("Created in Rootly")


def test_a_shortcut_opens_a_form_from_anywhere(desk: Desk) -> None:
    """The menu beside the message box has the global shortcuts; Escape closes the form and gives
    the focus back."""
    desk.page.get_by_test_id("shortcut-menu").click()
    desk.page.get_by_role("menuitem", name="Add action item").click()
    expect(desk.modal.get_by_role("heading", name="Add action item")).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(desk.modal).to_be_hidden()


def test_only_admins_change_what_happens_automatically(desk: Desk) -> None:
    """A member is told whom to ask, with what was typed; the admin gets the form."""
    desk.act_as("Jonas Lindqvist").command("/wor", "Page me")
    expect(desk.last()).to_contain_text("Only visible to you")
    expect(desk.last()).to_contain_text("admin")
    expect(desk.last()).to_contain_text("/workflow-task Page me")
    expect(desk.modal).to_be_hidden()
    desk.act_as("Maya Okafor")
    expect(desk.messages.filter(has_text="/workflow-task Page me")).to_have_count(0)
    desk.open("/wor", "Page me")
    expect(desk.input("name")).to_have_value("Page me")


def test_the_bot_says_what_it_can_do(desk: Desk) -> None:
    """`/vendors` lists what is connected, `help` what a command does; only the person who asked
    sees it."""
    desk.command("/ven")
    for connected in (
        "Rootly as Brambleway",
        "incident.io as brambleway",
        "Twilio TaskRouter as Brambleway Care",
    ):
        expect(desk.last()).to_contain_text(f"{connected}: working")
    desk.say("/action-item help")
    expect(desk.last()).to_contain_text(
        "It can create: Rootly: action item, incident.io: action, incident.io: follow-up,"
    )
    expect(desk.last()).to_contain_text("Only visible to you")


def test_emoji_are_drawn(desk: Desk) -> None:
    """With pictures of the page's own: every machine shows the same, whatever fonts it has."""
    desk.command("/ven")
    picture = desk.last().get_by_role("img", name="white check mark").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


def test_a_command_that_nobody_has_is_not_sent(desk: Desk) -> None:
    """As in Slack, it is said not to be a valid command."""
    desk.say("/incidents-please")
    expect(desk.last()).to_contain_text("/incidents-please is not a valid command")


def test_a_list_is_searched_with_the_keyboard_alone(desk: Desk) -> None:
    """Arrows move, Enter takes, Backspace takes back, Escape leaves the list and not the form."""
    desk.open("/inc", "Keys").input("service_ids").press("ArrowDown")
    options = desk.offered
    expect(options.first).to_be_visible()
    desk.page.keyboard.type("pay")
    expect(options).to_have_text([re.compile("payments-gateway")])
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.type("search")
    expect(options).to_have_text([re.compile("search")])
    desk.page.keyboard.press("Enter")
    services = desk.field("service_ids")
    expect(services.get_by_role("button", name="Remove")).to_have_count(2)
    desk.page.keyboard.press("Backspace")
    expect(services.get_by_role("button", name="Remove")).to_have_count(1)
    desk.page.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    desk.page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(desk.modal).to_be_visible()


def test_another_vendor_keeps_what_was_written(desk: Desk) -> None:
    """Headline and details are carried to the other vendor's form and back."""
    desk.open("/inc", "Wrong prices").choose(
        "choice", "incident.io", brings="incident_io.incident.name"
    )
    desk.fill(summary="Everything costs a cent")
    desk.choose("choice", "Rootly", brings="rootly.incident.title")
    expect(desk.input("title")).to_have_value("Wrong prices")
    expect(desk.input("summary")).to_have_value("Everything costs a cent")


def test_more_fields_keep_what_was_filled_in(desk: Desk) -> None:
    """The rarely used fields appear below, and every answer stays."""
    desk.open("/inc", "Slow sign-in").fill(summary="Since nine").pick(
        severity_id="SEV3", service_ids="identity"
    )
    desk.modal.get_by_role("button", name="More fields").click()
    expect(desk.field("started_at")).to_be_visible()
    expect(desk.input("incident_type_ids")).to_be_focused()
    expect(desk.input("title")).to_have_value("Slow sign-in")
    expect(desk.input("summary")).to_have_value("Since nine")
    expect(desk.input("severity_id")).to_have_value("SEV3")
    expect(desk.field("service_ids")).to_contain_text("identity")


def test_a_double_click_sends_once(desk: Desk) -> None:
    """However often the button is pressed, the vendor has one, and nothing on the page is selected."""
    desk.open("/inc", "Pressed twice")
    desk.modal.get_by_test_id("modal-submit").dblclick()
    assert desk.page.evaluate(SELECTED) == ""
    desk.receipt("Rootly", "Pressed twice").done()
    expect(desk.objects("rootly", "Pressed twice")).to_have_count(1)


def test_what_is_behind_a_form_cannot_be_selected(desk: Desk) -> None:
    """A double click beside the form selects no text; one in the form does."""
    desk.open("/inc", "Not behind")
    desk.page.mouse.dblclick(60, 300)
    assert desk.page.evaluate(SELECTED) == ""
    desk.modal.get_by_text("Declare incident").dblclick(position={"x": 20, "y": 12})
    assert desk.page.evaluate(SELECTED) == "Declare"


def test_the_whole_message_box_takes_a_click(desk: Desk) -> None:
    """One can type after clicking anywhere in the box, the greyed-out button included."""
    box = desk.page.locator(".composer-box").bounding_box()
    assert box is not None
    left, right, bottom = box["x"] + 4, box["x"] + box["width"], box["y"] + box["height"]
    for x, y in (
        (left, box["y"] + 4),
        (left + box["width"] / 2, bottom - 8),
        (right - 20, bottom - 20),
    ):
        desk.page.get_by_role("heading", level=1).click()
        expect(desk.composer).not_to_be_focused()
        desk.page.mouse.click(x, y)
        expect(desk.composer).to_be_focused()


def test_what_the_bot_wrote_is_not_lost_among_what_it_read(desk: Desk) -> None:
    """The lists of requests hold what was posted; unticked, "Writes only" brings the look-ups too."""
    desk.open("/inc", "Among others").submit().receipt("Rootly", "Among others").done()
    rootly = desk.page.get_by_test_id("vendor-rootly")
    reads, writes = (
        rootly.locator(".requests li").filter(has_text=method) for method in ("GET", "POST")
    )
    expect(rootly.locator(".request-log summary")).to_have_text(re.compile(r"^Writes \(\d+\)$"))
    expect(writes.first).to_contain_text("POST/v1/incidents201created incident INC-")
    expect(reads).to_have_count(0)
    posted = writes.count()
    desk.page.get_by_test_id("writes-only").uncheck()
    expect(rootly.locator(".request-log summary")).to_have_text(re.compile(r"^Requests \(\d+\)$"))
    expect(reads.first).to_be_attached()
    expect(writes).to_have_count(posted)


def test_each_vendor_has_its_colour(desk: Desk) -> None:
    """Its initial stands on the colour that its adapter declares."""
    for vendor in STAND_INS:
        red, green, blue = bytes.fromhex(ADAPTERS[vendor].color.removeprefix("#"))
        mark = desk.page.get_by_test_id(f"vendor-{vendor}").locator(".vendor-mark")
        expect(mark).to_have_css("background-color", f"rgb({red}, {green}, {blue})")
        expect(mark).to_have_text(ADAPTERS[vendor].label[:1])


def test_every_switch_stays_in_view(desk: Desk) -> None:
    """After several incidents the faults of all vendors can still be set without scrolling,
    in a narrow window too."""
    for number in range(4):
        desk.open("/inc", f"One of several {number}").submit().receipt(
            "Rootly", f"One of several {number}"
        ).done()
    for width in (1440, 480):
        desk.page.set_viewport_size({"width": width, "height": 900})
        if width < 500:
            desk.page.get_by_role("button", name="Vendors", exact=True).click()
        for vendor in STAND_INS:
            expect(desk.page.get_by_test_id(f"vendor-{vendor}-fault")).to_be_in_viewport(ratio=1)
    expect(desk.page.get_by_test_id("vendor-rootly-object")).to_have_count(3)
    desk.fault("twilio", "slow")
    expect(desk.page.get_by_test_id("vendor-twilio-note")).to_be_in_viewport()


def test_what_was_sent_can_be_looked_at(desk: Desk) -> None:
    """Opened, it stays open when more arrives."""
    desk.open("/inc", "Look inside").fill(summary="Since nine").submit().receipt(
        "Rootly", "Look inside"
    ).done()
    made = desk.objects("rootly", "Look inside")
    made.get_by_text("What was sent").click()
    expect(made.locator("pre")).to_contain_text('"summary": "Since nine"')
    desk.open("/inc", "One more").submit().receipt("Rootly", "One more").done()
    expect(made.locator("pre")).to_be_visible()


def test_queues_have_sids_to_copy(desk: Desk) -> None:
    """A workflow from JSON names its queues by SID; Twilio's pane lists them."""
    queues = desk.page.get_by_test_id("vendor-twilio-queues")
    queues.locator("summary").click()
    expect(queues.locator("dd").first).to_have_text(re.compile(r"^WQ[0-9a-f]{32}$"))


def test_a_revoked_key_is_replaced_by_a_new_one(desk: Desk) -> None:
    """The pane shows a new test key while the old one is refused; the bot's page takes it, and the
    bot works again."""
    key = desk.page.get_by_test_id("vendor-rootly-key")
    expect(key.locator("summary")).to_have_text("Test key, to connect it yourself with /vendors")
    before = key.locator("dd").text_content() or ""
    desk.fault("rootly", "revoked")
    expect(key.locator("summary")).to_have_text("New test key, to connect it again with /vendors")
    expect(key.locator("dd")).not_to_have_text(before)
    key.locator("summary").click()
    desk.say("/vendors").last().get_by_role("button", name="Rootly").click()
    with desk.page.expect_popup() as opened:
        desk.modal.get_by_role("link", name="Open the page").click()
    opened.value.get_by_label("API key").fill(key.locator("dd").inner_text())
    opened.value.get_by_role("button", name="Check and replace").click()
    expect(opened.value.get_by_role("heading", level=1)).to_have_text("Rootly is connected")
    desk.modal.get_by_role("button", name="Close").last.click()
    desk.open("/inc", "With another key").submit().receipt("Rootly", "With another key").done()
    desk.fault("rootly", "fine")
    expect(key.locator("dd")).to_have_text(before)


def test_there_is_time_to_kill_the_bot(desk: Desk) -> None:
    """An answer is lost and the bot killed at leisure; the queue says "not sure" until it runs
    again and finds it."""
    title = "Killed at leisure"
    desk.fault("rootly", "lost").open("/inc", title).submit()
    expect(desk.modal).to_contain_text("Waiting for Rootly to confirm")
    expect(desk.queued(title)).to_contain_text("not sure")
    desk.page.get_by_test_id("kill-bot").click()
    expect(desk.page.locator("#banner")).to_contain_text("The bot was killed")
    expect(desk.queued(title)).to_contain_text("not sure")
    # A look that was under way when the bot was killed is repeated after its lease of half a minute.
    expect(desk.queued(title)).to_contain_text("created", timeout=90_000)
    expect(desk.objects("rootly", title)).to_have_count(1)


def test_the_app_opens_on_its_home(desk: Desk) -> None:
    """As long as nothing new is among its messages."""
    desk.page.get_by_label("Apps", exact=True).get_by_role("button").click()
    expect(desk.page.get_by_test_id("tab-home")).to_have_attribute("aria-selected", "true")
    expect(desk.page.get_by_test_id("home")).to_be_visible()


def test_a_playground_that_has_stopped_says_so(
    page: Page, complaints: list[str], pytestconfig: pytest.Config
) -> None:
    """After five seconds without a connection the banner says what to do, and the page works on
    when it was done."""
    banner = page.locator("#banner")
    page.clock.install()
    port = free_port()
    with running(pytestconfig.rootpath, port) as playground:
        page.goto(playground.url)
        Desk(page).ready()
        expect(banner).to_be_hidden()
        page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    expect(banner).to_have_text("Connection to the playground lost. Trying again…")
    page.clock.fast_forward(5000)
    expect(banner).to_have_text(
        "The playground has stopped. Start it again in the terminal. This page then reconnects."
    )
    page.clock.resume()
    with running(pytestconfig.rootpath, port):
        expect(banner).to_be_hidden()
        Desk(page).open("/inc", "Back again")
    assert [complaint for complaint in complaints if "net::ERR_" not in complaint] == []
    complaints.clear()


def test_a_form_outlives_a_reload(desk: Desk) -> None:
    """The page comes back to the same person, channel and open form."""
    desk.act_as("Jonas Lindqvist").go("checkout-team").open("/inc", "Half way")
    desk.page.reload()
    expect(desk.modal).to_be_visible()
    expect(desk.input("title")).to_have_value("Half way")
    expect(desk.page.get_by_role("radio", name="Jonas Lindqvist")).to_be_checked()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("checkout-team")


def test_two_windows_show_the_same(desk: Desk, context: BrowserContext) -> None:
    """What happens in one is seen in the other at once, and a form is submitted from either, once."""
    other = Desk(context.new_page())
    other.page.goto("/")
    other.ready()
    desk.open("/inc", "Seen twice")
    expect(other.modal).to_be_visible()
    other.submit().receipt("Rootly", "Seen twice")
    desk.receipt("Rootly", "Seen twice").done()
    expect(other.modal).to_be_hidden()
    expect(other.objects("rootly", "Seen twice")).to_have_count(1)


def test_long_words_stay_inside(desk: Desk) -> None:
    """Neither a long title nor a long message pushes anything sideways, in a narrow window either."""
    title = "Unbreakable" * 20
    desk.say(f"https://example.com/{'x' * 300}").open("/inc", title).submit().receipt(
        "Rootly", title
    )
    expect(desk.last()).to_contain_text(title)
    for width in (1440, 900, 480):
        desk.page.set_viewport_size({"width": width, "height": 800})
        expect(desk.modal).to_be_visible()
        assert desk.page.evaluate(SIDEWAYS) == [0, 0, 0, 0], width


def test_everything_works_in_a_narrow_window(desk: Desk) -> None:
    """Channels and vendors step aside, and come when they are called."""
    desk.page.set_viewport_size({"width": 480, "height": 800})
    expect(desk.page.get_by_test_id("vendor-rootly")).not_to_be_in_viewport()
    desk.page.get_by_role("button", name="Channels").click()
    desk.go("general")
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("general")
    desk.open("/inc", "From a phone").submit().receipt("Rootly", "From a phone").done()
    desk.page.get_by_role("button", name="Vendors", exact=True).click()
    expect(desk.objects("rootly", "From a phone")).to_be_in_viewport()
