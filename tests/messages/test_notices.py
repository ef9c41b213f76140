"""Answers to commands: what is connected, what to type, and why nothing opened."""

from dataclasses import replace
from typing import Any, get_args

import pytest

from bot import messages
from bot.adapters.base import Kind
from bot.storage.connections import Connection
from tests.messages.parts import ADAPTERS, NOW, VENDORS
from tests.parts import HERE, SECRET


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
        ("action_item", "Rootly, incident.io or Twilio TaskRouter"),
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
