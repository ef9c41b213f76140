"""Cards of several workspaces: each with its own token, at its own pace; and of those that have no
token any more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response
from structlog.testing import capture_logs

from bot.delivery.model import Delivery
from bot.delivery.store.cards import MODAL_SECONDS
from bot.slack.cards import NO_NEWS_SECONDS, NO_TOKEN_SECONDS
from bot.storage.database import Database
from tests.slack.test_installations_store import installation
from tests.world.cards import AWAY, CHANNEL, DELIVERED, Board, board_on, limited, slack_takes
from tests.world.notes import ELSEWHERE, HERE

TOKENS = {HERE: "xoxb-here", ELSEWHERE: "xoxb-elsewhere"}


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Board]:
    async with board_on(tmp_path / "relay.db", many=True) as board:
        for workspace, token in TOKENS.items():
            await board.installations.save(installation(workspace, token))
        yield board


def heard(board: Board) -> list[tuple[str, str, str]]:
    """Method, place and token of every call."""
    calls = zip(board.slack.calls, board.slack.tokens, strict=True)
    return [(method, args.get("channel", "a modal"), token) for (method, args), token in calls]


async def test_every_call_bears_its_workspaces_token(board: Board) -> None:
    """Posting, editing and following a modal, where both workspaces have a channel of the same id:
    at the same moment, for they are two places."""
    for workspace in TOKENS:
        row = await board.settled(AWAY, workspace=workspace, view_id="V0MODAL001")
        await board.card_outbox.answered([row])
    await board.work()
    assert sorted(heard(board)) == sorted(
        [("chat.postMessage", CHANNEL, token) for token in TOKENS.values()]
    )
    board.clock.advance(MODAL_SECONDS)
    for workspace in TOKENS:
        claimed = await board.deliveries.claim((workspace, "notes"), 45)
        assert claimed is not None
        await board.deliveries.settle(claimed, DELIVERED)
    await board.work()
    calls = [("chat.update", CHANNEL), ("views.update", "a modal")]
    assert sorted(heard(board)[2:]) == sorted(
        [(*call, token) for call in calls for token in TOKENS.values()]
    )


async def test_limits_are_each_workspaces_own(board: Board) -> None:
    """While Slack wants one workspace's cards and modals to wait, all of them, the other's go out."""

    def answer(args: dict[str, Any]) -> dict[str, Any] | Response:
        here = board.slack.tokens[-1] == TOKENS[HERE]
        return limited(30)(args) if here else slack_takes(args)

    board.slack.answer = answer
    for channel in (CHANNEL, "C0OTHER001"):
        await board.settled(key=channel, channel=channel)
    with capture_logs():
        await board.work()
    begun = len(board.slack.calls)
    for workspace in TOKENS:
        for n in range(3):
            changes: dict[str, Any] = {
                "workspace": workspace,
                "channel": f"C0THIRD00{n}",
                "view_id": f"V{n}",
            }
            await board.card_outbox.answered([await board.settled(AWAY, key=f"k{n}", **changes)])
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    assert {token for _, _, token in heard(board)[begun:]} == {TOKENS[ELSEWHERE]}
    board.slack.answer = slack_takes
    board.clock.advance(30)
    await board.work()
    assert heard(board)[-1][2] == TOKENS[HERE]


async def shown(board: Board, row: Delivery) -> bool:
    now = await board.look(row)
    return now.card_version == now.version


async def test_without_a_token_a_card_waits_for_one(board: Board) -> None:
    """Slack hears nothing meanwhile, the log little; soon after the app is installed again it is
    posted."""
    await board.installations.remove(HERE)
    row = await board.settled()
    with capture_logs() as logs:
        for _ in range(3):
            assert await board.work() == NO_TOKEN_SECONDS
            board.clock.advance(NO_TOKEN_SECONDS)
    assert [(it["event"], it["log_level"], it["error"]) for it in logs] == [
        ("card.token_missing", "info", "NotInstalledError")
    ] * 3
    assert board.slack.calls == []
    await board.installations.save(installation(HERE, "xoxb-new"))
    await board.work()
    assert heard(board) == [("chat.postMessage", CHANNEL, "xoxb-new")]
    assert await shown(board, row)


async def test_after_a_day_without_a_token_a_card_is_given_up(board: Board) -> None:
    """The row is no longer looked at; what becomes of it later is shown again."""
    await board.installations.remove(HERE)
    row = await board.settled(AWAY)
    board.clock.advance(NO_NEWS_SECONDS + 1)
    await board.work()
    assert (await shown(board, row), await board.work(), board.slack.calls) == (True, None, [])
    await board.installations.save(installation(HERE, "xoxb-new"))
    await board.next_attempt(DELIVERED)
    await board.round()
    assert heard(board) == [("chat.postMessage", CHANNEL, "xoxb-new")]


async def test_a_modal_without_a_token_is_followed_no_further(board: Board) -> None:
    """It is closed with the app."""
    await board.installations.remove(HERE)
    await board.settled(view_id="V0MODAL001")
    board.clock.advance(MODAL_SECONDS)
    await board.work()
    assert (await board.card_outbox.next_view_time(), board.slack.calls) == (None, [])


async def test_a_token_that_does_not_open_holds_up_no_other_workspace(
    board: Board, tmp_path: Path
) -> None:
    """Its cards wait as if there were none."""
    database = await Database.open(tmp_path / "relay.db")
    await database.write(
        lambda db: db.execute("UPDATE installations SET token = 'x' WHERE team = ?", (HERE.team,))
    )
    await database.close()
    for workspace in TOKENS:
        await board.settled(workspace=workspace)
    with capture_logs() as logs:
        await board.work()
    assert [(it["event"], it["error"]) for it in logs] == [("card.token_missing", "SecretError")]
    assert heard(board) == [("chat.postMessage", CHANNEL, TOKENS[ELSEWHERE])]
