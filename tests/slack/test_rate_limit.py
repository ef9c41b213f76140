"""Whose turn it is in Slack."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.delivery.store.cards import EVERYWHERE, place
from bot.slack.errors import asked_to_wait
from bot.slack.rate_limit import SECONDS_APART, SlackRateLimiter
from tests.world.notes import ELSEWHERE, HERE, Clock

C1, C2, C3, D1 = (place(HERE, it) for it in ("C1", "C2", "C3", "D1"))
ALL = place(HERE, EVERYWHERE)


def test_a_place_has_one_turn_a_second() -> None:
    """It is taken while something is being sent, and free a second after that."""
    clock = Clock()
    limiter = SlackRateLimiter(clock)
    limiter.begin(C1)
    assert (limiter.is_taken(C1), limiter.busy(), limiter.free_at(C2)) == (True, [C1], 0.0)
    limiter.end(C1, D1)
    assert (limiter.is_taken(C1), sorted(limiter.busy()), limiter.free_at(C1)) == (
        False,
        [C1, D1],
        clock.now + 1,
    )
    clock.advance(SECONDS_APART)
    assert (limiter.busy(), limiter.free_at(C1)) == ([], 0.0)


def test_a_pause_that_slack_asked_for_holds() -> None:
    """In that place for as long as it said; a second place that it names meanwhile means everywhere
    in the workspace."""
    clock = Clock()
    limiter = SlackRateLimiter(clock)
    limiter.wait(C1, 30)
    limiter.end(C1)
    assert (limiter.free_at(C1) - clock.now, limiter.free_at(C2)) == (30, 0.0)
    limiter.wait(C1, 10)
    assert (limiter.free_at(C1) - clock.now, limiter.free_at(C2)) == (30, 0.0)
    limiter.wait(C2, 20)
    assert [limiter.free_at(it) - clock.now for it in (C1, C2, C3)] == [30, 20, 20]
    assert sorted(limiter.busy()) == sorted([ALL, C1, C2])
    clock.advance(20)
    assert [limiter.free_at(it) for it in (C2, C3)] == [0.0, 0.0]


def test_workspaces_do_not_wait_for_each_other() -> None:
    """Channels of one name in two workspaces are two places, and Slack's limits are each
    workspace's own."""
    clock = Clock()
    limiter = SlackRateLimiter(clock)
    there = place(ELSEWHERE, "C1")
    limiter.begin(C1)
    limiter.wait(C1, 30)
    assert (limiter.is_taken(there), limiter.free_at(there)) == (False, 0.0)
    limiter.wait(there, 20)
    assert (limiter.free_at(there) - clock.now, limiter.free_at(place(ELSEWHERE, "C2"))) == (
        20,
        0.0,
    )
    limiter.wait(C2, 10)
    assert [limiter.free_at(it) - clock.now for it in (C3, there)] == [10, 20]
    assert limiter.free_at(place(ELSEWHERE, "C2")) == 0.0


def test_a_clock_that_goes_back_ends_the_pauses() -> None:
    """They were measured before it did."""
    clock = Clock()
    limiter = SlackRateLimiter(clock)
    limiter.wait(C1, 30)
    clock.advance(-3600)
    assert (limiter.busy(), limiter.free_at(C1)) == ([], 0.0)


@pytest.mark.parametrize(
    ("status", "error", "headers", "seconds"),
    [
        (429, "ratelimited", {"Retry-After": "7"}, 7.0),
        (429, "ratelimited", {}, 10.0),
        (200, "ratelimited", {"Retry-After": "Sat, 21 Nov 2026 07:28:00 GMT"}, 10.0),
        (429, "", {"Retry-After": "999999"}, 3600.0),
        (200, "channel_not_found", {"Retry-After": "7"}, None),
        (503, "", {}, None),
    ],
)
def test_how_long_slack_wants_to_be_left_alone(
    status: int, error: str, headers: dict[str, str], seconds: float | None
) -> None:
    """Whole seconds from Retry-After; a guess where it says none, and never more than an hour."""
    answer = AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data={"error": error},
        headers=headers,
        status_code=status,
    )
    assert asked_to_wait(SlackApiError("no", answer)) == seconds


def test_what_is_no_answer_asks_for_nothing() -> None:
    """Silence is no limit."""
    assert asked_to_wait(TimeoutError()) is None
