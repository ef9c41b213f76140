"""The real bot, vendors in foul weather, `kill -9`: nothing lost, nothing twice."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.run import Plan, Result, chaos

BLIND = Plan(
    submissions=60,
    kills=3,
    seconds=20.0,
    seed=2,
    people=4,
    patience=75.0,
    program=("-m", "tests.chaos.at_least_once"),
)
"""It need not settle everything: what it has created twice by then is enough."""


@pytest.mark.timeout(420)
async def test_nothing_is_lost_and_nothing_is_created_twice(tmp_path: Path) -> None:
    """200 submissions, eight kills, nearly half of all calls failing: each is created once, and its
    card says so; a bot that merely sends again creates some twice."""
    ours, plain = tmp_path / "ours", tmp_path / "plain"
    ours.mkdir()
    plain.mkdir()
    async with asyncio.TaskGroup() as both:
        ran = both.create_task(chaos(Plan(submissions=200, kills=8, seconds=36.0, seed=1), ours))
        ran_blind = both.create_task(chaos(BLIND, plain))
    result, blind = ran.result(), ran_blind.result()
    print(f"\n{result.table}\n\nwithout reconciliation\n{blind.table}")  # noqa: T201  `-s` shows it
    assert result.faults == Result().faults
    assert (result.counts["submissions"], result.counts["kills"]) == (200, 8)
    assert blind.twice


VERSIONS = {
    "v2 removed": (["v2_removed"], {"v2": False, "v3": True}),
    "v3 missing": (["v3_missing"], {"v2": True, "v3": False}),
    "v3 comes, and v2 is removed": (
        ["v3_missing", "both", "v2_removed"],
        {"v2": True, "v3": True},
    ),
}
"""The versions of incident.io's API that follow each other, and which of them create something."""


@pytest.mark.timeout(420)
async def test_the_same_with_each_version_of_incident_io(tmp_path: Path) -> None:
    """A row sent by one version is looked up by whichever exists, and each is created once."""
    running: dict[str, asyncio.Task[Result]] = {}
    async with asyncio.TaskGroup() as side_by_side:
        for name, (versions, _) in VERSIONS.items():
            plan = Plan(
                submissions=30,
                kills=2,
                seconds=12.0,
                seed=3,
                people=4,
                vendors=["incident_io"],
                incident_io=versions,
            )
            (folder := tmp_path / name).mkdir()
            running[name] = side_by_side.create_task(chaos(plan, folder))
    for name, (_, used) in VERSIONS.items():
        result = running[name].result()
        print(f"\n{name}\n{result.table}")  # noqa: T201  `-s` shows it
        assert result.faults == Result().faults
        assert (result.counts["submissions"], result.counts["kills"]) == (30, 2)
        assert {v: bool(result.counts[f"made by incident.io's {v}"]) for v in used} == used
