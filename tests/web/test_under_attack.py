"""Misuse by one party costs everybody else little: a whole bot, and `/incident` beside each attack."""

from pathlib import Path

import pytest

from tests.benchmarks.fairness import SCENARIOS, measure
from tests.benchmarks.house import house

MOST_GROWTH = 100.0
"""MB of the bot's resident memory."""
MOST_SLOWER = 20.0
"""So many times as long as beside nothing, in the median. Without walls nobody was answered beside
silent connections."""


@pytest.mark.parametrize("name", ["silent connections", "forged bodies", "large files"])
async def test_others_are_served_and_the_memory_stays_bounded(name: str, tmp_path: Path) -> None:
    """Whatever is sent."""
    async with house(tmp_path) as bot:
        figures = await measure(bot, SCENARIOS[name])
    assert figures.median < MOST_SLOWER * figures.idle
    assert figures.growth < MOST_GROWTH
