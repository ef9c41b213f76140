"""What a person does in the playground's page: type, choose, press, look."""

import re
from contextlib import suppress
from typing import Self

from playwright.sync_api import Locator, Page, expect

SEARCHES, SEARCH_MS = 6, 2000


class Desk:
    """Somebody at the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.composer = page.get_by_test_id("composer")
        self.modal = page.get_by_test_id("modal")
        self.messages = page.get_by_test_id("message")

    @property
    def offered(self) -> Locator:
        """What the open list of a select or type-ahead offers."""
        return self.page.get_by_role("listbox").get_by_role("option")

    @property
    def active(self) -> Locator:
        """The option that Enter would take."""
        return self.page.get_by_role("listbox").locator(".option.active")

    def ready(self) -> Self:
        """Wait until the page shows its channel."""
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        return self

    def act_as(self, name: str) -> Self:
        self.page.get_by_role("radio", name=name).click()
        return self

    def go(self, channel: str) -> Self:
        self.page.get_by_test_id(f"channel-{channel}").click()
        return self

    def home(self) -> Locator:
        """Open the app's Home tab."""
        self.page.get_by_label("Apps", exact=True).get_by_role("button").click()
        self.page.get_by_test_id("tab-home").click()
        return self.page.get_by_test_id("home")

    def say(self, text: str) -> Self:
        """Type into the message box and press Enter."""
        self.composer.fill(text)
        self.composer.press("Enter")
        return self

    def command(self, beginning: str, text: str = "") -> Self:
        """Type the beginning of a slash command, complete it with Tab, type what comes after, press
        Enter."""
        self.composer.press_sequentially(beginning)
        expect(self.page.get_by_role("listbox", name="Slash commands")).to_be_visible()
        self.composer.press("Tab")
        self.composer.press_sequentially(text)
        self.composer.press("Enter")
        return self

    def open(self, beginning: str, text: str = "") -> Self:
        """A slash command that opens a form. An incident's begins with Rootly, whatever tool the
        person chose last."""
        self.command(beginning, text)
        expect(self.modal).to_be_visible()
        first, choice = "rootly.incident.title", self.field("choice")
        if beginning == "/inc" and choice.is_visible() and not self.field(first).is_visible():
            self.choose("choice", "Rootly", brings=first)
        return self

    def field(self, name: str) -> Locator:
        """The field whose block id is or ends with that name."""
        return self.modal.locator(
            f'[data-testid="field-{name}"], [data-testid^="field-"][data-testid$=".{name}"]'
        )

    def called(self, label: str) -> str:
        """The block id of the field with that label, for names that are made when the form is
        drawn."""
        words = self.page.locator(
            ".label", has_text=re.compile(rf"^{re.escape(label)}( \(optional\))?$")
        )
        field = self.modal.locator('[data-testid^="field-"]', has=words)
        return str(field.get_attribute("data-testid")).removeprefix("field-")

    def input(self, name: str) -> Locator:
        return self.field(name).locator("input, textarea").first

    def fill(self, **answers: str) -> Self:
        for name, answer in answers.items():
            self.input(name.replace("__", ".")).fill(answer)
        return self

    def pick(self, **answers: str) -> Self:
        """Search in selects and type-aheads, and take with Enter what is found first: that which
        Enter would take."""
        for name, answer in answers.items():
            box = self.input(name.replace("__", "."))
            box.click()
            self._search(box, answer)
            box.press("Enter")
            expect(self.offered).to_have_count(0)
        return self

    def _search(self, box: Locator, answer: str) -> None:
        """Type until it is offered: a list that is still being loaded does not come by itself."""
        found = re.compile(re.escape(answer), re.IGNORECASE)
        for _ in range(SEARCHES):
            box.fill("")
            box.fill(answer)
            with suppress(AssertionError):
                expect(self.active).to_contain_text(found, timeout=SEARCH_MS)
                return
        expect(self.active).to_contain_text(found)

    def choose(self, name: str, answer: str, *, brings: str) -> Self:
        """Pick in a field that redraws the form, and wait for a field that only the new form has."""
        self.pick(**{name: answer})
        expect(self.field(brings)).to_be_visible()
        return self

    def more(self) -> Self:
        """Press "More fields", and wait until they are there."""
        button = self.modal.get_by_role("button", name="More fields")
        button.click()
        expect(button).to_have_count(0)
        return self

    def error(self, name: str) -> Locator:
        return self.field(name).get_by_test_id("field-error")

    def submit(self) -> Self:
        self.modal.get_by_test_id("modal-submit").click()
        return self

    def receipt(self, vendor: str, title: str) -> Self:
        """The modal says that it was created."""
        expect(self.modal).to_contain_text(f"Created in {vendor}")
        expect(self.modal).to_contain_text(title)
        return self

    def done(self) -> Self:
        self.modal.get_by_role("button", name="Done").click()
        expect(self.modal).to_be_hidden()
        return self

    def last(self) -> Locator:
        """The newest message of the channel."""
        return self.messages.last

    def objects(self, vendor: str, title: str) -> Locator:
        """What the vendor's pane shows of that title."""
        return self.page.get_by_test_id(f"vendor-{vendor}-object").filter(has_text=title)

    def fault(self, vendor: str, fault: str) -> Self:
        """Switch a vendor: fine, slow, limited, lost, refusing, down, revoked."""
        switch = self.page.get_by_test_id(f"vendor-{vendor}-fault")
        switch.select_option(fault)
        expect(self.page.get_by_test_id(f"vendor-{vendor}")).to_have_attribute("data-fault", fault)
        return self

    def queued(self, title: str) -> Locator:
        """The line of that delivery in the bot's queue."""
        return self.page.get_by_test_id("queue-line").filter(has_text=title)

    def message_menu(self, message: Locator, entry: str) -> Self:
        """Choose a shortcut from a message's menu."""
        message.hover()
        message.get_by_test_id("message-menu").click()
        self.page.get_by_role("menuitem", name=re.compile(rf"^{re.escape(entry)}\b")).click()
        return self
