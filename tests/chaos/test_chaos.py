"""The real bot, vendors in foul weather, `kill -9`: nothing lost, nothing twice."""

import asyncio
from collections.abc import Mapping
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


VERSIONS: Mapping[str, set[str]] = {
    "v2_removed": {"v3"},
    "v3_missing": {"v2"},
    "v3_missing, both, v2_removed": {"v2", "v3"},
}
"""What incident.io has, one after the other, and which versions are used then."""


@pytest.mark.timeout(300)
async def test_the_same_with_each_version_of_incident_io(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """What is sent by one version is looked up by whichever is there, and each is created once."""
    async with asyncio.TaskGroup() as together:
        running = {
            steps: together.create_task(
                _with_versions(steps.split(", "), tmp_path_factory.mktemp("chaos"))
            )
            for steps in VERSIONS
        }
    results = {steps: task.result() for steps, task in running.items()}
    for result in results.values():
        print(f"\n{result.table}")  # noqa: T201  `-s` shows it
        assert result.faults == Result().faults
        assert (result.counts["submissions"], result.counts["kills"]) == (30, 2)
    assert {steps: _used(result) for steps, result in results.items()} == VERSIONS


async def _with_versions(steps: list[str], folder: Path) -> Result:
    plan = Plan(30, 2, seconds=12.0, seed=3, people=4, vendors=["incident_io"], incident_io=steps)
    return await chaos(plan, folder)


def _used(result: Result) -> set[str]:
    return {
        version for version in ("v2", "v3") if result.counts[f"made by incident.io's {version}"]
    }
