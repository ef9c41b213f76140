"""A database file, its parts, and a clock that tests set."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.connections import Connections
from bot.storage.database import Database
from bot.storage.deliveries import Deliveries
from bot.storage.secrets import Vault
from tests.parts import KEY, Clock


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "relay.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    yield database
    await database.close()


@pytest.fixture
def deliveries(database: Database, clock: Clock) -> Deliveries:
    return Deliveries(database, clock)


@pytest.fixture
def connections(database: Database, clock: Clock) -> Connections:
    return Connections(database, Vault([KEY]), clock)
