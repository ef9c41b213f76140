"""What a bot may show beside forms: buttons in messages, dialogs that ask, a Home tab. The bot is a
fake one."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import BrowserContext, expect
from starlette.responses import Response

from tests.browser.acting import Desk
from tests.browser.conftest import PATIENCE_SECONDS, PAUSE_SECONDS, Playground
from tests.playground.conftest import opened
from tests.playground.fake_bot import (
    JONAS,
    MAYA,
    PUBLIC,
    Workspace,
    modal,
    plain,
    shown,
    text_input,
)

pytestmark = pytest.mark.browser


class Backroom:
    """The fake bot's side of the page."""

    def __init__(self, workspace: Workspace, portal: BlockingPortal) -> None:
        self.workspace = workspace
        self._portal = portal

    def api(self, method: str, **args: Any) -> dict[str, Any]:
        """Call the Web API."""
        reply: dict[str, Any] = self._portal.call(lambda: self.workspace.api(method, **args))
        assert reply["ok"], reply
        return reply

    def call(self, work: Callable[[], object]) -> None:
        """Do something in the stand-in's event loop."""
        self._portal.call(work)

    @property
    def actions(self) -> list[tuple[str, str]]:
        """Each click that the bot heard of: (action id, value)."""
        received = [it for it in self.workspace.bot.received if it["type"] == "block_actions"]
        return [
            (action["action_id"], action.get("value", ""))
            for it in received
            for action in it["actions"]
        ]

    def heard(self, *expected: tuple[str, str]) -> None:
        """Wait until the bot has heard of these clicks; and of no others."""
        until = time.monotonic() + PATIENCE_SECONDS
        while len(self.actions) < len(expected) and time.monotonic() < until:
            time.sleep(PAUSE_SECONDS)
        assert self.actions == list(expected)


@pytest.fixture
def backroom() -> Iterator[Backroom]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened(PATIENCE_SECONDS)) as workspace,
    ):
        yield Backroom(workspace, portal)


@pytest.fixture
def playground(backroom: Backroom) -> Playground:
    """The fake bot's workspace in place of the real bot's."""
    return Playground(backroom.workspace.url)


SURE = {
    "title": plain("Cancel this delivery?"),
    "text": plain("Checkout is down will not be sent to Rootly."),
    "confirm": plain("Cancel it"),
    "deny": plain("Keep it"),
    "style": "danger",
}


def button(action_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": "key-1", **more}


def card(url: str) -> list[dict[str, Any]]:
    """A card with as many buttons as one of ours ever has."""
    buttons = [
        button("again", "Send again", style="primary"),
        button("there", "It is there"),
        button("hand", "Declare it by hand", url=f"{url}/"),
        button("edit", "Edit and resend"),
        button("cancel", "Cancel", style="danger", confirm=SURE),
    ]
    section = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": ":hourglass: *Not sure that it is in Rootly*"},
    }
    return [section, {"type": "actions", "block_id": "card", "elements": buttons}]


def post_card(backroom: Backroom) -> None:
    backroom.api(
        "chat.postMessage", channel=PUBLIC, text="Not sure", blocks=card(backroom.workspace.url)
    )


def test_a_button_asks_before_it_does_something_final(desk: Desk, backroom: Backroom) -> None:
    """The dialog has the bot's words; Escape and its "no" send nothing, its "yes" sends one action."""
    post_card(backroom)
    cancel = desk.last().get_by_role("button", name="Cancel")
    dialog = desk.page.get_by_role("alertdialog", name="Cancel this delivery?")
    cancel.click()
    expect(dialog).to_contain_text("Checkout is down will not be sent to Rootly.")
    desk.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    cancel.click()
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    assert backroom.actions == []
    cancel.click()
    dialog.get_by_role("button", name="Cancel it").click()
    expect(dialog).to_be_hidden()
    backroom.heard(("cancel", "key-1"))


def test_a_link_button_opens_its_page_and_tells_the_bot(
    desk: Desk, backroom: Backroom, context: BrowserContext
) -> None:
    """A button with an address is a link, and an action as well."""
    post_card(backroom)
    with context.expect_page() as opening:
        desk.last().get_by_role("link", name="Declare it by hand").click()
    assert opening.value.url == f"{backroom.workspace.url}/"
    backroom.heard(("hand", "key-1"))


def test_a_button_in_a_message_opens_a_form(desk: Desk, backroom: Backroom) -> None:
    """The click brings a trigger, good for one modal; the message can be changed while the form is
    open."""
    workspace = backroom.workspace
    opening: list[dict[str, Any]] = []

    async def open_form(payload: dict[str, Any]) -> Response:
        form = modal(text_input("title", initial_value="Checkout is down"))
        for once in ({"trigger_id": payload["trigger_id"], "view": form},) * 2:
            reply = await workspace.api("views.open", **once)
            opening.append(reply)
        return Response()

    workspace.bot.answers.append(open_form)
    post_card(backroom)
    desk.last().get_by_role("button", name="Edit and resend").click()
    expect(desk.input("title")).to_have_value("Checkout is down")
    expect(desk.last().locator("button.busy")).to_have_count(0)  # the click has been answered
    assert [reply.get("error") for reply in opening] == [None, "exchanged_trigger_id"]
    [message] = workspace.slack.channels[PUBLIC].messages
    backroom.api("chat.update", channel=PUBLIC, ts=message["ts"], text="Being corrected")
    expect(desk.last()).to_contain_text("Being corrected")
    expect(desk.last().get_by_role("button", name="Edit and resend")).to_have_count(0)
    desk.page.keyboard.press("Escape")
    expect(desk.modal).to_be_hidden()


def home(*texts: str) -> dict[str, Any]:
    """A home view: a line each, and a button with it."""
    blocks = [
        {
            "type": "section",
            "block_id": text,
            "text": {"type": "mrkdwn", "text": text},
            "accessory": button("again", "Try again", value=text),
        }
        for text in texts
    ]
    return {
        "type": "home",
        "blocks": [{"type": "header", "text": plain("Your deliveries")}, *blocks],
    }


def test_the_home_tab(desk: Desk, backroom: Backroom) -> None:
    """Opening it tells the bot; what it publishes is drawn, also later, for that person alone; its
    buttons act."""
    workspace = backroom.workspace

    async def publish(payload: dict[str, Any]) -> Response:
        await workspace.api(
            "views.publish", user_id=payload["event"]["user"], view=home("INC-1", "INC-2")
        )
        return Response()

    workspace.bot.answers.append(publish)
    backroom.api("conversations.open", users=MAYA)
    backroom.api("conversations.open", users=JONAS)
    view = desk.home()
    expect(view.get_by_role("button", name="Try again")).to_have_count(2)
    expect(desk.composer).to_be_hidden()
    assert [it["event"]["tab"] for it in workspace.bot.received] == ["home"]

    view.get_by_role("button", name="Try again").nth(1).click()
    backroom.heard(("again", "INC-2"))
    payload = workspace.bot.received[-1]
    home_id = (workspace.slack.home(MAYA) or {})["id"]
    assert payload["container"] == {"type": "view", "view_id": home_id}
    assert (payload["view"]["type"], payload["view"]["id"]) == ("home", home_id)
    assert [
        {name: value for name, value in it.items() if name != "action_ts"}
        for it in payload["actions"]
    ] == [
        {
            "type": "button",
            "block_id": "INC-2",
            "action_id": "again",
            "value": "INC-2",
            "text": shown("Try again"),
        }
    ]

    backroom.api("views.publish", user_id=MAYA, view=home("INC-2"))
    expect(view).not_to_contain_text("INC-1")
    desk.act_as("Jonas Lindqvist")
    expect(view).to_contain_text("The bot has nothing to show here yet.")
    desk.page.get_by_test_id("tab-messages").click()
    expect(view).to_be_hidden()
    expect(desk.composer).to_be_visible()


def test_the_home_tab_of_a_bot_that_does_not_answer(desk: Desk, backroom: Backroom) -> None:
    """It says so; and works when the tab is opened again."""
    backroom.api("conversations.open", users=MAYA)
    backroom.workspace.bot.answers.append(Response(status_code=500))
    view = desk.home()
    expect(view).to_have_text("We had some trouble connecting. Try again?")
    desk.page.get_by_test_id("tab-messages").click()
    desk.page.get_by_test_id("tab-home").click()
    expect(view).to_have_text("The bot has nothing to show here yet.")


def delivery(number: int, state: str, **more: Any) -> dict[str, Any]:
    """A line of the queue, as the reader gives it."""
    made = {
        "id": number,
        "title": f"Incident {number}",
        "vendor": "rootly",
        "operation": "incident",
        "state": state,
    }
    return {
        **made,
        "reason": "",
        "attempt": 1,
        "created_at": 0.0,
        "next_attempt_at": 0.0,
        "reconcile_at": 0.0,
        **more,
    }


def test_the_queue_in_words(desk: Desk, backroom: Backroom) -> None:
    """Each delivery is a line: what it is doing, what comes next, which try, how old."""
    queue = desk.page.get_by_test_id("queue")
    expect(queue).to_have_text("Nothing waits")
    now = int(desk.page.evaluate("Date.now()") / 1000)
    lines = [
        delivery(9, "queued", next_attempt_at=now + 600, created_at=now - 300, attempt=2),
        delivery(8, "queued", next_attempt_at=now + 600, created_at=now - 300, attempt=0),
        delivery(7, "sending", created_at=now - 7200),
        delivery(6, "unconfirmed", reconcile_at=now + 600, created_at=now - 300),
        delivery(5, "delivered", created_at=now - 300),
        delivery(4, "delivered", reason="created_twice", created_at=now - 300, attempt=2),
        delivery(3, "rejected", created_at=now - 300),
        delivery(2, "failed", reason="cancelled", created_at=now - 300),
        delivery(1, "failed", reason="unauthorized", created_at=now - 300),
    ]
    backroom.call(lambda: backroom.workspace.control_api.show_queue(lines, 6))
    expect(queue.locator("li")).to_have_text(
        [
            "queuedrIncident 9again in 10 min · try 2 · 5 min ago",
            "queuedrIncident 8goes in 10 min · 5 min ago",
            "being sentrIncident 7try 1 · 2 h ago",
            "not surerIncident 6looks in 10 min · try 1 · 5 min ago",
            "createdrIncident 5try 1 · 5 min ago",
            "created twicerIncident 4try 2 · 5 min ago",
            "refusedrIncident 3try 1 · 5 min ago",
            "cancelledrIncident 2try 1 · 5 min ago",
            "waits for a keyrIncident 1try 1 · 5 min ago",
            "and 2 more",
        ]
    )
    expect(desk.page.get_by_label("The bot's queue")).to_contain_text("6 wait")
    backroom.call(lambda: backroom.workspace.control_api.show_queue([], 0))
    expect(queue).to_have_text("Nothing waits")


def test_a_bot_that_nobody_would_start_again_is_not_killed(desk: Desk, backroom: Backroom) -> None:
    """The page says what became of the bot, and why the button does nothing."""
    desk.page.get_by_test_id("kill-bot").click()
    expect(desk.last()).to_contain_text("Nobody would start the bot again here.")
    banner = desk.page.locator("#banner")
    backroom.call(lambda: backroom.workspace.control_api.tell("killed"))
    expect(banner).to_have_text("The bot was killed with -9. It starts again in a moment.")
    expect(desk.page.get_by_test_id("kill-bot")).to_be_disabled()
    backroom.call(lambda: backroom.workspace.control_api.tell("up"))
    expect(banner).to_be_hidden()
    expect(desk.page.get_by_test_id("kill-bot")).to_be_enabled()
