"""Answers to commands: what is connected, what to type, and why nothing opened."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from bot import messages
from bot.adapters.base import Kind
from bot.adapters.credentials import Rights
from bot.connections.store import Connection
from bot.playground.slack.limits import check_view
from bot.workspace import Workspace
from tests.messages.parts import ADAPTERS, NOW, VENDORS, tools
from tests.world.notes import HERE, SECRET


def connection(**changes: Any) -> Connection:
    return replace(Connection(HERE, "notes", "acme", "Acme <!here>", "", NOW, SECRET), **changes)


def test_vendors_says_how_each_connection_is_doing() -> None:
    """Account, health, age of its lists, what waits and what the key may not do; what is not
    connected; no secret."""
    notes, rootly = ADAPTERS[0], ADAPTERS[1]
    token = "Notes rejected our API key. An admin can replace it in `/vendors`."
    text = messages.vendors(
        [
            messages.Health(connection(), notes, 30.0, 0, ""),
            messages.Health(connection(broken=token), notes, None, 3, "x"),
            messages.Health(connection(), notes, 7200.0, 1, "Notes <cannot> be reached.", 2),
            messages.Health(connection(checked_at=0.0), notes, None, 0, ""),
            messages.Health(
                connection(rights=Rights(cannot={"note": "No <right> to."})), notes, 30.0, 0, ""
            ),
        ],
        [rootly],
        "And so on.",
    )
    assert text.splitlines() == [
        "*Notes* as Acme &lt;!here&gt;: :white_check_mark: working (lists are fresh)",
        "*Notes* as Acme &lt;!here&gt;: :warning: Our API key was rejected. Replace it. (lists are "
        "loading, 3 waiting to be sent)",
        "*Notes* as Acme &lt;!here&gt;: :warning: Notes &lt;cannot&gt; be reached. "
        "(lists are from 2 hours ago, 1 waiting to be sent, 2 waiting for a decision)",
        "*Notes* as Acme &lt;!here&gt;: :grey_question: the key was never tested (lists are "
        "loading)",
        "*Notes* as Acme &lt;!here&gt;: :white_check_mark: working (lists are fresh)",
        "      :warning: Note: No &lt;right&gt; to.",
        "*Rootly*: not connected",
        "And so on.",
    ]
    assert SECRET["api_key"] not in text


def test_vendors_without_any_connection_says_so() -> None:
    """And how to make one."""
    text = messages.vendors([], VENDORS, messages.by_command(VENDORS, Workspace("E1", "T1")))
    first, *others = [it.vendor for it in VENDORS]
    assert text.splitlines() == [
        "No tool is connected yet.",
        *[f"*{it.label}*: not connected" for it in VENDORS],
        "Ask your bot admin to connect a tool with this command:",
        f"`python -m bot connect --enterprise E1 T1 {first}`",
        f"Other tools take the place of the last word: `{'`, `'.join(others)}`.",
    ]


def test_admins_get_a_button_for_each_tool() -> None:
    """As long as the bot has pages to lead to; permissions are set within Slack."""
    rootly, incident_io, *_ = VENDORS

    def row(*, pages: bool) -> list[tuple[str, str, str]]:
        blocks = messages.admins_buttons(
            Workspace("E1", "T1"), [rootly], [incident_io], pages=pages
        )
        return [(it["action_id"], it["text"]["text"], it["value"]) for it in blocks[0]["elements"]]

    access = ("who_may", "Permissions", "E1/T1/who_may")
    settings = ("settings", "Settings", "E1/T1/settings")
    assert row(pages=False) == [access, settings]
    assert row(pages=True) == [
        ("vendor_rootly", "Manage Rootly", "E1/T1/rootly"),
        ("vendor_incident_io", "Connect incident.io", "E1/T1/incident_io"),
        access,
        settings,
    ]
    assert messages.admins_buttons(Workspace("", "T1"), [], VENDORS, pages=False) == []


def test_a_long_answer_is_cut_into_blocks() -> None:
    """At the end of a line, 3,000 characters each at most."""
    lines = ["a" * 1400, "b" * 1400, "c" * 1400, "d" * 4000]
    texts = [it["text"]["text"] for it in messages.sections("\n".join(lines))]
    assert texts == ["\n".join(lines[:2]), lines[2], "d" * 3000, "d" * 1000]


@pytest.mark.parametrize("connected", [True, False])
def test_the_window_with_the_link_passes_slacks_rules(connected: bool) -> None:
    """For every vendor, with the link as a button."""
    for adapter in VENDORS:
        view = messages.way_to_page(
            adapter, "https://relay.example.com/connect/x", connected=connected
        )
        assert check_view(view) == []
        assert view["blocks"][-1]["elements"][0]["url"] == "https://relay.example.com/connect/x"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_help_says_what_the_command_does(kind: Kind) -> None:
    """Under the name that the operator gave it, and with what is connected, or what could be."""
    connected = messages.help_text(kind, "/acme-x", [(ADAPTERS[0], ADAPTERS[0].operations[0])], "")
    assert connected.startswith("`/acme-x ")
    assert "It can create: Notes: note." in connected
    assert "Nothing there." in messages.help_text(kind, "/acme-x", [], "Nothing there.")


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "No."), ("<!channel> & co", "No.\nYou typed: `/incident &lt;!channel&gt; &amp; co`")],
)
def test_what_was_typed_is_given_back(text: str, said: str) -> None:
    """A command that opened nothing costs nobody their words."""
    assert messages.not_opened("No.", "/incident", text) == said


@pytest.mark.parametrize("kind", get_args(Kind))
def test_nothing_connected_says_what_to_connect(kind: Kind) -> None:
    """With what is connected, if anything."""
    noun = kind.replace("_", " ")
    assert messages.nothing_connected(kind, VENDORS, []) == (
        f"No connected tool takes {noun}s. An admin can connect {tools(kind)} in `/vendors`."
    )
    assert " Connected so far: Rootly, Twilio TaskRouter. " in messages.nothing_connected(
        kind, VENDORS, ["rootly", "twilio"]
    )
