"""Cards in channels that are shared with another organisation: brief there, whole for the person."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import messages
from bot.delivery.store.cards import LEASE_SECONDS
from bot.slack.channels import FRESH_SECONDS, WHOLE_CARDS, Channels
from bot.slack.scopes import PRIVATE_CHANNELS, lacking
from bot.storage.database import Database
from bot.storage.workspace_settings import WorkspaceSettings
from tests.world.cards import (
    AWAY,
    CHANNEL,
    DELIVERED,
    DIRECT,
    PERSON,
    Board,
    board_on,
    limited,
    slack_takes,
)
from tests.world.notes import ELSEWHERE, HERE, Clock
from tests.world.slack import Answer, refused, slack_wire

OWN = {"is_shared": False, "is_ext_shared": False, "is_org_shared": False}
SHARED = OWN | {"is_shared": True, "is_ext_shared": True}
NOT_ALLOWED = {"ok": False, "error": "missing_scope", "needed": PRIVATE_CHANNELS}


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db", ask=True) as board:
        board.slack.answer = says(SHARED)
        yield board


def says(about: Mapping[str, Any] | None, otherwise: Answer = slack_takes) -> Answer:
    """Slack says that of the channel, and `otherwise` to the other calls; None: the scope is
    missing."""
    told = NOT_ALLOWED if about is None else {"ok": True, "channel": {"id": CHANNEL, **about}}
    return lambda args: told if args.keys() == {"channel"} else otherwise(args)


def shown(board: Board) -> list[tuple[str, str, str]]:
    """Each message: the method, the channel, and all that it says."""
    return [
        (method, args["channel"], json.dumps([args["text"], args["blocks"]]))
        for method, args in board.slack.calls
        if "blocks" in args
    ]


async def test_a_shared_channel_gets_reference_state_and_link_only(board: Board) -> None:
    """The person who submitted it gets the rest, and why."""
    row = await board.settled()
    await board.round()
    (_, where, brief), (_, person, whole) = shown(board)
    assert (where, person) == (CHANNEL, PERSON)
    assert "Checkout is down" not in brief
    assert "A note" not in brief
    assert all(each in brief for each in ("N-1", "Created in Notes", "https://notes.example.com/1"))
    assert "A note" in whole
    why = messages.why_brief(CHANNEL, shared=True)
    assert why.startswith(f"The channel <#{CHANNEL}> is shared with another organisation.")
    assert why in whole
    seen = await board.look(row)
    assert (seen.card_channel, seen.card_version) == (CHANNEL, row.version)
    assert (seen.copy_channel, seen.copy_ts) == (DIRECT, "17.5")
    found = [await board.card_outbox.by_card(HERE, it, "17.5") for it in (CHANNEL, DIRECT)]
    assert found == [seen, seen]


async def test_both_are_edited_in_place(board: Board) -> None:
    """There are no more than two messages, whatever happens to the delivery."""
    await board.settled(AWAY)
    await board.round()
    await board.next_attempt(DELIVERED)
    await board.round()
    assert [(method, where) for method, where, _ in shown(board)] == [
        ("chat.postMessage", CHANNEL),
        ("chat.postMessage", PERSON),
        ("chat.update", CHANNEL),
        ("chat.update", DIRECT),
    ]


async def test_a_copy_that_slack_does_not_take_is_sent_later(board: Board) -> None:
    """The card in the channel is not posted a second time for that."""
    row = await board.settled()
    board.slack.answer = says(
        SHARED,
        lambda args: (
            refused("internal_error")(args) if args["channel"] == PERSON else slack_takes(args)
        ),
    )
    with capture_logs():
        await board.round()
    assert (await board.look(row)).card_version < row.version
    board.slack.answer = says(SHARED)
    board.clock.advance(LEASE_SECONDS)
    await board.round()
    assert [(method, where) for method, where, _ in shown(board)] == [
        ("chat.postMessage", CHANNEL),
        ("chat.postMessage", PERSON),
        ("chat.update", CHANNEL),
        ("chat.postMessage", PERSON),
    ]
    assert (await board.look(row)).card_version == row.version


@pytest.mark.parametrize(
    ("about", "brief"),
    [
        (OWN, False),
        (OWN | {"is_shared": True, "is_org_shared": True}, False),
        (OWN | {"is_pending_ext_shared": True}, True),
        (OWN | {"is_shared": True}, True),
        ({}, True),
        (None, True),
    ],
)
async def test_what_slack_says_of_the_channel_decides(
    board: Board, about: Mapping[str, Any] | None, brief: bool
) -> None:
    """Workspaces of one organisation may read everything; where nobody can say, nobody may."""
    board.slack.answer = says(about)
    await board.settled()
    await board.round()
    assert ("A note" not in shown(board)[0][2]) == brief
    assert len(shown(board)) == 1 + brief


async def test_the_person_is_told_which_scope_is_missing(board: Board) -> None:
    """And what an admin can do."""
    board.slack.answer = says(None)
    await board.settled()
    await board.round()
    assert str(lacking(PRIVATE_CHANNELS)) in shown(board)[1][2]


async def test_admins_may_have_whole_cards_there(board: Board) -> None:
    """In one channel; of others Slack is asked as before."""
    settings = WorkspaceSettings(board.database)
    await settings.change(HERE, {f"{WHOLE_CARDS}{CHANNEL}": "yes"}, "U1")
    await board.settled()
    await board.settled(key="b", channel="C0OTHER001")
    await board.round()
    told = {where: "A note" in text for _, where, text in shown(board) if where[0] == "C"}
    assert told == {CHANNEL: True, "C0OTHER001": False}


async def test_a_card_whose_channel_goes_away_goes_on_in_the_copy(board: Board) -> None:
    """The person gets no third message."""
    row = await board.settled(AWAY)
    await board.round()
    board.slack.answer = lambda args: (
        refused("channel_not_found")(args) if args["channel"] == CHANNEL else slack_takes(args)
    )
    await board.next_attempt(DELIVERED)
    await board.round()
    assert (shown(board)[-1][:2], "A note" in shown(board)[-1][2]) == (
        ("chat.update", DIRECT),
        True,
    )
    assert (await board.look(row)).card_channel == DIRECT


async def test_while_slack_cannot_be_asked_the_card_waits(board: Board) -> None:
    """Nothing is shown on a guess."""
    board.slack.answer = lambda args: (
        limited(30)(args) if args.keys() == {"channel"} else slack_takes(args)
    )
    await board.settled()
    with capture_logs():
        await board.round()
    assert shown(board) == []
    board.slack.answer = says(OWN)
    board.clock.advance(30)
    await board.round()
    assert len(shown(board)) == 1


async def test_slack_is_asked_about_a_channel_every_five_minutes(
    database: Database, clock: Clock
) -> None:
    """Once for all cards of that time, in each workspace, and anew where the app was removed."""
    async with slack_wire() as (wire, client):
        wire.answer = says(SHARED)
        channels = Channels(client, WorkspaceSettings(database), clock)

        async def ask() -> int:
            for workspace in (HERE, HERE, ELSEWHERE):
                assert await channels.sharing("xoxb-1", workspace, CHANNEL) == "shared"
            return len(wire.calls)

        assert (await ask(), await ask()) == (2, 2)
        channels.forget({HERE})
        assert await ask() == 3
        clock.advance(FRESH_SECONDS)
        assert await ask() == 5
