"""The bot with web pages of its own, and somebody with a browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.playground.sandbox import Sandbox
from tests.world.bot import World
from tests.world.browser import Visitor, public, visitor


@pytest.fixture
async def world(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[World]:
    async with public(sandbox, tmp_path) as world:
        yield world


@pytest.fixture
async def ann() -> AsyncIterator[Visitor]:
    async with visitor() as somebody:
        yield somebody
