"""The speed of a connection: the sliding window, the headers, and the waiting time."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.rate_limit import (
    FEWEST_KEPT,
    LONGEST_CAUTION,
    Limits,
    Rate,
    RateLimiter,
    RateLimiters,
)
from bot.workspace import Workspace
from tests.world.notes import Clock

NOW = 1_800_000_000.0


def pace_of(read: Rate | None = None, write: Rate | None = None) -> tuple[RateLimiter, Clock]:
    clock = Clock(NOW)
    return RateLimiter(Limits(read, write), clock), clock


def taken_at(rate_limiter: RateLimiter, clock: Clock, times: int) -> list[float]:
    """When each of so many writes left that go as soon as they may: seconds from the start."""
    left: list[float] = []
    while len(left) < times:
        if rate_limiter.take("write"):
            left.append(clock.now - NOW)
        else:
            clock.advance(rate_limiter.wait("write"))
    return left


@settings(max_examples=200)
@given(
    calls=st.integers(1, 12),
    seconds=st.sampled_from([1.0, 10.0, 60.0]),
    steps=st.lists(st.floats(0, 30, allow_nan=False), max_size=80),
)
def test_never_over_the_limit(calls: int, seconds: float, steps: list[float]) -> None:
    """No window has more calls than nine tenths of the limit (and at least one), at any request
    times."""
    rate_limiter, clock = pace_of(write=Rate(calls, seconds))
    left = []
    for step in steps:
        clock.advance(step)
        if rate_limiter.take("write"):
            left.append(clock.now)
    most = max(1, int(calls * 0.9))
    assert all(
        later - earlier >= seconds for earlier, later in zip(left, left[most:], strict=False)
    )


@settings(max_examples=100)
@given(
    calls=st.integers(1, 12),
    steps=st.lists(st.floats(0, 30, allow_nan=False), max_size=20),
    pause=st.sampled_from([0.0, 45.0]),
    ahead=st.integers(0, 40),
)
def test_wait_tells_the_time(calls: int, steps: list[float], pause: float, ahead: int) -> None:
    """The waiting time ends exactly when the calls before it and then the call can start."""
    rate_limiter, clock = pace_of(write=Rate(calls))
    for step in steps:
        clock.advance(step)
        rate_limiter.take("write")
    rate_limiter.pause("write", pause)
    told, began = rate_limiter.wait("write", ahead), clock.now
    taken_at(rate_limiter, clock, ahead + 1)
    assert clock.now - began == pytest.approx(told, abs=1e-3)


def test_the_window_slides() -> None:
    """Five of six a minute leave at once, the sixth when the first is a minute old."""
    rate_limiter, clock = pace_of(write=Rate(6))
    assert taken_at(rate_limiter, clock, 12) == [0.0] * 5 + [60.0] * 5 + [120.0] * 2


def test_sides_are_apart() -> None:
    """Writes do not use up reads, and a side without a limit has none."""
    rate_limiter, _ = pace_of(write=Rate(1))
    assert [
        rate_limiter.take("write"),
        rate_limiter.take("write"),
        *(rate_limiter.take("read") for _ in range(100)),
    ] == [
        True,
        False,
        *[True] * 100,
    ]


def test_given_back() -> None:
    """A call that never started makes room for one other call."""
    rate_limiter, clock = pace_of(write=Rate(3))
    assert rate_limiter.take("write")
    clock.advance(50)
    assert rate_limiter.take("write")
    rate_limiter.give_back("write")
    assert (rate_limiter.take("write"), rate_limiter.take("write")) == (True, False)
    assert rate_limiter.wait("write") == 60.0
    empty, _ = pace_of()
    empty.give_back("read")
    assert empty.take("read")


OF_EACH_SIDE = Limits(read=Rate(3000), write=Rate(3000))
OF_BOTH_SIDES = Limits(read=Rate(600), write=Rate(600))
"""Half of a bucket that reads and writes share, whose headers name the whole."""


HEADERS = [
    pytest.param(OF_EACH_SIDE, "3000, 3000;window=60", 2700, id="as documented"),
    pytest.param(OF_EACH_SIDE, "3, 3;window=60", 2, id="a smaller allowance"),
    pytest.param(OF_EACH_SIDE, "9000, 9000;window=60", 2700, id="a greater one"),
    pytest.param(OF_EACH_SIDE, "60", 54, id="a number alone is for a minute"),
    pytest.param(
        OF_BOTH_SIDES,
        "1200, 1200;window=60",
        540,
        id="a bucket that both sides share",
    ),
    pytest.param(OF_BOTH_SIDES, "60, 1200;window=60, 60;window=60", 54, id="several policies"),
    pytest.param(OF_BOTH_SIDES, "60, 1200;w=60, 60;w=60", 54, id="the draft standard's short name"),
    pytest.param(OF_EACH_SIDE, "", 2700, id="none"),
    pytest.param(OF_EACH_SIDE, "many", 2700, id="no number"),
    pytest.param(OF_EACH_SIDE, "0, 0;window=60", 2700, id="nothing allowed"),
    pytest.param(OF_EACH_SIDE, "5;window=0", 4, id="no window"),
    pytest.param(OF_EACH_SIDE, "-5", 2700, id="negative"),
    pytest.param(OF_EACH_SIDE, "9" * 5000, 2700, id="far too long"),
    pytest.param(OF_EACH_SIDE, f"9, 5;window={'9' * 5000}", 8, id="a window far too long"),
]


@pytest.mark.parametrize(("documented", "limit", "most"), HEADERS)
def test_limit_headers(documented: Limits, limit: str, most: int) -> None:
    """The slowest of the policies holds, if it is slower than the documentation; what makes no
    sense says nothing."""
    rate_limiter = RateLimiter(documented, Clock(NOW))
    rate_limiter.update_from_headers("write", {"X-RateLimit-Limit": limit}, NOW)
    taken = 0
    while rate_limiter.take("write"):
        taken += 1
    assert (taken, rate_limiter.take("read")) == (most, True)


def test_a_limit_may_come_back() -> None:
    """A smaller allowance holds until the vendor says otherwise, and counts what had left before
    it."""
    rate_limiter, clock = pace_of(write=Rate(100))
    for _ in range(50):
        assert rate_limiter.take("write")
        clock.advance(1.0)
    rate_limiter.update_from_headers("write", {"X-RateLimit-Limit": "10, 10;window=60"}, NOW)
    assert (
        rate_limiter.wait("write") == 51.0
    )  # nine calls count until the one of second 41 is a minute old
    rate_limiter.update_from_headers("write", {"X-RateLimit-Limit": "100, 100;window=60"}, NOW)
    assert rate_limiter.take("write")


def test_twilios_headers_say_nothing() -> None:
    """Twilio's own headers have no documented unit."""
    rate_limiter, _ = pace_of()
    rate_limiter.update_from_headers(
        "write", {"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Remaining": "0"}, NOW
    )
    assert all(rate_limiter.take("write") for _ in range(10))


REMAINING = [
    pytest.param(
        {"X-RateLimit-Remaining": "301", "X-RateLimit-Reset": f"{NOW + 40}"}, 0.0, id="enough"
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "299", "X-RateLimit-Reset": f"{NOW + 40}"}, 4.0, id="a tenth"
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 40}"}, 40.0, id="none"
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "-3", "X-RateLimit-Reset": f"{NOW + 40}"},
        40.0,
        id="less than none",
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW + 9000}"},
        LONGEST_CAUTION,
        id="a far reset",
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{NOW - 9}"}, 0.0, id="a past reset"
    ),
    pytest.param({"X-RateLimit-Remaining": "0"}, LONGEST_CAUTION, id="no reset"),
    pytest.param(
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"},
        LONGEST_CAUTION,
        id="a reset that is none",
    ),
    pytest.param(
        {"X-RateLimit-Remaining": "nan", "X-RateLimit-Reset": f"{NOW + 40}"}, 0.0, id="not a number"
    ),
    pytest.param({"X-RateLimit-Remaining": "few"}, 0.0, id="a word"),
    pytest.param({"X-RateLimit-Reset": f"{NOW + 40}"}, 0.0, id="a reset alone"),
]


@pytest.mark.parametrize(("headers", "seconds"), REMAINING)
def test_nearly_none_left(headers: dict[str, str], seconds: float) -> None:
    """When others have used up the allowance there is a pause, on that side alone."""
    rate_limiter, clock = pace_of(read=Rate(3000), write=Rate(3000))
    rate_limiter.update_from_headers(
        "write", {"X-RateLimit-Limit": "3000, 3000;window=60", **headers}, clock.now
    )
    assert rate_limiter.wait("write") == pytest.approx(seconds)
    assert rate_limiter.wait("read") == 0.0
    clock.advance(seconds)
    assert rate_limiter.take("write")


def test_remaining_without_a_limit() -> None:
    """A number of remaining calls without a limit changes nothing."""
    rate_limiter, _ = pace_of()
    rate_limiter.update_from_headers("write", {"X-RateLimit-Remaining": "0"}, NOW)
    assert rate_limiter.take("write")


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from([f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset")]),
        st.text(),
    )
)
def test_any_headers(headers: dict[str, str]) -> None:
    """Whatever the headers hold, a call may leave within a minute."""
    rate_limiter, clock = pace_of(write=Rate(3000))
    rate_limiter.update_from_headers("write", headers, NOW)
    assert 0.0 <= rate_limiter.wait("write") <= LONGEST_CAUTION
    clock.advance(LONGEST_CAUTION)
    assert rate_limiter.take("write")


def test_pauses() -> None:
    """The longest pause holds, also for those who have others before them, and where there is no
    limit."""
    rate_limiter, clock = pace_of(write=Rate(2))
    rate_limiter.pause("write", 30.0)
    rate_limiter.pause("write", 10.0)
    assert (
        rate_limiter.wait("write"),
        rate_limiter.wait("write", 5),
        rate_limiter.take("write"),
    ) == (30.0, 330.0, False)
    rate_limiter.pause("read", 7.0)
    assert (rate_limiter.wait("read", 5), rate_limiter.take("read")) == (7.0, False)
    clock.advance(30.0)
    assert (rate_limiter.take("read"), rate_limiter.take("write")) == (True, True)


def test_a_clock_that_goes_back() -> None:
    """A pause or a call that lies in the future has no effect; one in the past still counts."""
    rate_limiter, clock = pace_of(write=Rate(4))
    assert rate_limiter.take("write")
    clock.advance(40.0)
    assert rate_limiter.take("write")
    rate_limiter.pause("write", 50.0)
    clock.advance(-30.0)
    assert [rate_limiter.take("write") for _ in range(3)] == [True, True, False]
    assert rate_limiter.wait("write") == 50.0


def test_each_connection_has_its_own() -> None:
    """Two connections of one vendor do not wait for each other, and one keeps its pace."""
    rate_limiters = RateLimiters({"acme": Limits(write=Rate(1))}, Clock(NOW))
    first, second = (
        rate_limiters.of((Workspace("", "T1"), "acme")),
        rate_limiters.of((Workspace("", "T2"), "acme")),
    )
    assert [
        first.take("write"),
        second.take("write"),
        rate_limiters.of((Workspace("", "T1"), "acme")).take("write"),
    ] == [True, True, False]


def test_another_account_begins_anew() -> None:
    """Neither the calls nor the pause of the connection before count, nor what its last call hears;
    others keep theirs."""
    rate_limiters = RateLimiters({"acme": Limits(write=Rate(1))}, Clock(NOW))
    here, elsewhere = (Workspace("", "T1"), "acme"), (Workspace("", "T2"), "acme")
    before = rate_limiters.of(here)
    for each in (before, rate_limiters.of(elsewhere)):
        assert each.take("write")
        each.pause("write", 30.0)
    for _ in range(2):
        rate_limiters.renew(here)
    before.pause("write", 3600.0)
    assert (rate_limiters.of(here).take("write"), rate_limiters.of(elsewhere).take("write")) == (
        True,
        False,
    )


def test_first_come_first_served() -> None:
    """The waiting time grows by a window for each full window of calls."""
    rate_limiter, _ = pace_of(write=Rate(3))
    waits = [rate_limiter.wait("write", ahead) for ahead in range(6)]
    assert waits == [0.0, 0.0, 60.0, 60.0, 120.0, 120.0]
    assert all(earlier <= later for earlier, later in pairwise(waits))


def test_limiters_of_idle_connections_are_dropped() -> None:
    """However many workspaces there are, memory holds those that somebody uses; who has to wait
    still does."""
    clock = Clock(NOW)
    rate_limiters = RateLimiters({"acme": Limits(write=Rate(1))}, clock)
    keys = [(Workspace("", f"T{number}"), "acme") for number in range(3 * FEWEST_KEPT)]
    for key in keys:
        rate_limiters.of(key).take("write")
        clock.advance(1)
    assert len(rate_limiters) <= FEWEST_KEPT
    assert rate_limiters.of(keys[-1]).wait("write") == 59
