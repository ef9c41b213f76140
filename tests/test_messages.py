"""What the bot says: in words, within Slack's limits, and with nothing of anyone else's that acts."""

import re
from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import messages
from bot.adapters import make_adapters
from bot.adapters.base import Kind
from bot.forms.limits import check_message, check_view
from bot.storage.connections import Connection
from bot.storage.deliveries import Delivery, State
from tests.parts import HERE, MADE, SECRET, Notes

NOW = 1_800_000_000.0
ROW = Delivery(
    id=1,
    workspace=HERE,
    key="ir000000000001",
    kind="incident",
    vendor="notes",
    operation="note",
    answer="",
    account="acme",
    actor="U0ANN00001",
    actor_name="Ann",
    channel="C0GENERAL1",
    private=False,
    title="Checkout is down",
    payload={},
    chosen={},
    revision=0,
    state="sending",
    attempt=1,
    reason="",
    sentence="",
    fields={},
    created={},
    made_at=NOW,
    due_at=NOW,
    version=1,
    shown_version=0,
    card_channel="",
    card_ts="",
)
URLS = dict.fromkeys(("rootly", "incident_io", "twilio"), "http://127.0.0.1:9")
ADAPTERS = [Notes(), *make_adapters(httpx.AsyncClient(), URLS).values()]
VENDORS = ADAPTERS[1:]
OPERATIONS = [(adapter, operation) for adapter in ADAPTERS for operation in adapter.operations]
NOTES = (ADAPTERS[0], ADAPTERS[0].operations[0])

REASONS = ("", "rate_limited", "unreachable", "refused", "unauthorized", "forbidden", "gave_up", "unclear", "internal")
NASTY = [
    "<!channel>",
    "<!here|x>",
    "<@U1>",
    "<https://x.example.com|click>",
    "&lt;!channel&gt;",
    "*_~`",
    "\u202e",
    "\0",
]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from([*NASTY, "a", "\n", "é", "👩‍🚀"]), max_size=30).map("".join),
    st.integers(0, 6000).map(lambda n: "x" * n),
    st.integers(1, 2500).map(lambda n: "&<" * n),
)
LINKS = st.one_of(st.just(""), TEXTS, TEXTS.map(lambda text: f"https://vendor.example.com/{text}"))
ROWS = st.builds(
    lambda **changes: replace(ROW, **changes),
    state=st.sampled_from(get_args(State)),
    reason=st.sampled_from(REASONS),
    title=TEXTS,
    sentence=TEXTS,
    fields=st.dictionaries(st.sampled_from(["text", "severity_id"]), TEXTS),
    created=st.one_of(
        st.just({}), st.fixed_dictionaries({"id": TEXTS, "reference": TEXTS, "title": TEXTS, "url": LINKS})
    ),
    due_at=st.floats(0, 2 * NOW),
)
MARKUP = re.compile(r"<(?!@U0ANN00001>)[^>]*>?")


def said(content: dict[str, Any]) -> list[str]:
    """Every text of a card or a receipt that Slack reads as mrkdwn."""
    parts = [it for block in content["blocks"] for it in (block.get("text"), *(block.get("elements") or []))]
    texts = [it["text"] for it in parts if isinstance(it, dict) and it.get("type") == "mrkdwn"]
    return [content["text"], *texts] if "text" in content else texts


@given(row=ROWS, which=st.sampled_from(OPERATIONS))
def test_every_card_is_one_that_slack_takes(row: Delivery, which: Any) -> None:
    """In every state and with every text: within the limits, and no mention or link but the person's who asked."""
    card = messages.card(row, *which)
    assert check_message(card) == []
    assert [found for text in said(card) for found in MARKUP.findall(text)] == []


@given(row=ROWS, which=st.sampled_from(OPERATIONS))
def test_every_receipt_is_one_that_slack_takes(row: Delivery, which: Any) -> None:
    """In every state and with every text: within the limits, and no mention or link at all."""
    receipt = messages.receipt(row, *which)
    assert check_view(receipt) == []
    assert [found for text in said(receipt) for found in MARKUP.findall(text)] == []


@given(text=TEXTS)
def test_every_note_is_one_that_slack_takes(text: str) -> None:
    """The modals that say why nothing was sent."""
    views = [
        messages.refusal(text),
        messages.refusal(messages.FOREIGN),
        messages.saved_nowhere(),
        messages.trouble(),
        *[messages.refusal(messages.disconnected(it)) for it in ADAPTERS],
        *[messages.refusal(messages.unreadable_connection(it)) for it in ADAPTERS],
    ]
    assert [check_view(view) for view in views] == [[]] * len(views)


def headline(**changes: Any) -> str:
    return messages.words(replace(ROW, **changes), *NOTES, NOW).plain


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "delivered"}, "Created in Notes"),
        (
            {"state": "rejected", "sentence": "Too many.", "fields": {"text": "is too short"}},
            "Notes did not accept this note Too many. is too short Nothing was created.",
        ),
        ({"state": "rejected"}, "Notes did not accept this note It gave no reason. Nothing was created."),
        (
            {"state": "unconfirmed", "sentence": "Notes did not answer."},
            "It is not known whether Notes created this note Notes did not answer. Please look in Notes before you try "
            "again, so that it is not created twice.",
        ),
        (
            {"state": "failed", "reason": "unauthorized", "sentence": "Reconnect it."},
            "Not created in Notes Reconnect it. It is saved, and will be sent by itself if that happens within 24 hours.",
        ),
        (
            {"state": "failed", "reason": "gave_up"},
            "Not created in Notes It could not be sent to Notes within 24 hours. Please create it again, or there "
            "directly.",
        ),
        ({"state": "failed", "reason": "disconnected", "sentence": "Gone."}, "Not created in Notes Gone."),
        (
            {"state": "sending"},
            "Saved, not yet in Notes Notes has not answered yet. The card in Slack will say what came of it.",
        ),
        (
            {"state": "queued", "reason": "rate_limited", "due_at": NOW + 40},
            "Saved, not yet in Notes Notes takes no more requests for the moment. It will be sent in about 40 seconds; "
            "there is nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "unreachable", "due_at": NOW + 290},
            "Saved, not yet in Notes Notes cannot be reached. It will be tried again in about 5 minutes; there is "
            "nothing for you to do.",
        ),
        (
            {"state": "queued", "reason": "unreachable", "due_at": NOW - 5},
            "Saved, not yet in Notes Notes cannot be reached. It will be tried again in a moment; there is nothing for "
            "you to do.",
        ),
        (
            {"state": "queued"},
            "Saved, not yet in Notes It will be sent in a moment; there is nothing for you to do.",
        ),
    ],
)
def test_each_state_says_what_happened_and_what_happens_next(changes: dict[str, Any], expected: str) -> None:
    """In words that people use themselves, with what they have to do, if anything."""
    assert headline(**changes) == expected


def test_the_card_of_what_was_created() -> None:
    """A headline, the object with its reference, who asked, and a button that leads there."""
    row = replace(ROW, state="delivered", created=MADE.model_dump())
    assert messages.card(row, *NOTES) == {
        "text": "Created in Notes: N-1 Checkout is down",
        "blocks": [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": ":white_check_mark: *Created in Notes*\nN-1  A note"},
                "accessory": {
                    "type": "button",
                    "action_id": "open",
                    "text": {"type": "plain_text", "text": "Open in Notes"},
                    "url": "https://notes.example.com/1",
                },
            },
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "Notes note, by <@U0ANN00001>"}]},
        ],
    }


def test_the_receipt_of_what_was_created() -> None:
    """The modal becomes it: nothing to submit, a button that leads there, and "Done"."""
    row = replace(ROW, state="delivered", created=MADE.model_dump())
    assert messages.receipt(row, *NOTES) == {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Declare incident"},
        "close": {"type": "plain_text", "text": "Done"},
        "blocks": [
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": ":white_check_mark: *Created in Notes*\nN-1  A note"},
            },
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "open",
                        "text": {"type": "plain_text", "text": "Open in Notes"},
                        "url": "https://notes.example.com/1",
                    }
                ],
            },
        ],
    }


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "notes.example.com", "https://x/" + "y" * 3000])
def test_what_is_no_web_address_is_no_button(url: str) -> None:
    """A vendor's answer does not become just any link."""
    card = messages.card(replace(ROW, state="delivered", created={"id": "1", "url": url}), *NOTES)
    assert "accessory" not in card["blocks"][0]


def test_words_of_others_are_shown_as_they_are() -> None:
    """A title or a vendor's sentence that holds Slack's markup mentions nobody and links nowhere."""
    row = replace(ROW, state="rejected", title="<!channel> & <https://x|y>", sentence="<@U1>")
    card = messages.card(row, *NOTES)
    assert card["text"] == "Notes did not accept this note: &lt;!channel&gt; &amp; &lt;https://x|y&gt;"
    assert card["blocks"][0]["text"]["text"] == (
        ":no_entry: *Notes did not accept this note*\n&lt;!channel&gt; &amp; &lt;https://x|y&gt;\n"
        "&lt;@U1&gt; Nothing was created."
    )


def connection(**changes: Any) -> Connection:
    return replace(Connection(HERE, "notes", "acme", "Acme <!here>", "", NOW, SECRET), **changes)


def test_vendors_says_how_each_connection_is_doing() -> None:
    """Account, health, age of its lists and what waits; what is not connected; and how to connect, without a secret."""
    notes, rootly = ADAPTERS[0], ADAPTERS[1]
    token = "Notes no longer accepts this workspace's token; an admin can reconnect it with `/vendors`."
    text = messages.vendors(
        [
            messages.Health(connection(), notes, 30.0, 0, ""),
            messages.Health(connection(broken=token), notes, None, 3, "x"),
            messages.Health(connection(), notes, 7200.0, 1, "Notes <cannot> be reached."),
        ],
        [rootly],
        "T0HERE0001",
    )
    assert text.splitlines() == [
        "*Notes* as Acme &lt;!here&gt;: :white_check_mark: working (lists are fresh)",
        "*Notes* as Acme &lt;!here&gt;: :warning: Notes no longer accepts this workspace's token; "
        "connect it again as said below (lists are being loaded, 3 waiting to be sent)",
        "*Notes* as Acme &lt;!here&gt;: :warning: Notes &lt;cannot&gt; be reached "
        "(lists are 2 hours old, 1 waiting to be sent)",
        "*Rootly*: not connected",
        "To connect one, or connect it again, whoever runs this bot types there `python -m bot connect T0HERE0001 rootly`"
        " (or `notes`, `notes`, `notes` in its place). It asks for the credentials; none pass through Slack.",
    ]
    assert SECRET["api_key"] not in text


def test_vendors_without_any_connection_says_so() -> None:
    """And how to make one."""
    text = messages.vendors([], VENDORS, "--enterprise E1 T1")
    assert text.splitlines()[0] == "This workspace is not connected to any tool yet."
    assert "`python -m bot connect --enterprise E1 T1 rootly` (or `incident_io`, `twilio` in its place)" in text


@pytest.mark.parametrize("kind", get_args(Kind))
def test_help_says_what_the_command_does(kind: Kind) -> None:
    """Under the name that the operator gave it, and with what is connected, or what could be."""
    connected = messages.help_text(kind, "/acme-x", [(ADAPTERS[0], ADAPTERS[0].operations[0])], "")
    assert connected.startswith("`/acme-x ")
    assert "Connected here: Notes: note." in connected
    assert "Nothing there." in messages.help_text(kind, "/acme-x", [], "Nothing there.")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "No."), ("<!channel> & co", "No.\nYou typed: `/incident &lt;!channel&gt; &amp; co`")],
)
def test_what_was_typed_is_given_back(text: str, said: str) -> None:
    """A command that opened nothing costs nobody their words."""
    assert messages.not_opened("No.", "/incident", text) == said


@pytest.mark.parametrize(
    ("kind", "tools"),
    [
        ("incident", "Rootly or incident.io"),
        ("action_item", "Rootly or incident.io"),
        ("workflow_task", "Rootly or Twilio TaskRouter"),
    ],
)
def test_nothing_connected_says_what_to_connect(kind: Kind, tools: str) -> None:
    """With what is connected, if anything."""
    noun = kind.replace("_", " ")
    assert messages.nothing_connected(kind, VENDORS, []) == (
        f"This workspace is not connected to a tool that takes {noun}s. Connect {tools}: `/vendors` shows how."
    )
    assert " Connected so far: Rootly, Twilio TaskRouter. " in messages.nothing_connected(
        kind, VENDORS, ["rootly", "twilio"]
    )
