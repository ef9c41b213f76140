"""The world that tests share: the stand-ins on 127.0.0.1 and the real bot between them, in one
event loop."""

import os
import ssl
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from zlib import crc32

import hypothesis
import pytest
import structlog
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bot.connections.store import Connections
from bot.delivery.store.queue import Deliveries
from bot.playground.sandbox import Sandbox, set_up
from bot.settings import Settings
from bot.storage.database import Database
from tests.world.bot import World, running
from tests.world.machine import make_connections
from tests.world.notes import Clock


def pytest_configure() -> None:
    """A busy machine is no fault of a test: Hypothesis does not judge by the clock."""
    hypothesis.settings.register_profile(
        "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("tests")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core: half of the time, tests wait for processes, browsers and clocks."""
    return 2 * (os.cpu_count() or 1)


class Scheduling(LoadScopeScheduling):
    """One test after another to whichever worker is free. The chaos tests stay together on one,
    since each of them keeps the machine busy; so do browsers, of which there is one a core at a
    time and one more."""

    def _split_scope(self, nodeid: str) -> str:
        module, _, _ = nodeid.partition("::")
        if module.startswith("tests/browser/"):
            return f"browser {crc32(nodeid.encode()) % ((os.cpu_count() or 1) + 1)}"
        return module if module.startswith("tests/chaos/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop in the main thread, which async tests
    cannot share. The chaos test, which keeps the machine busy, first: beside tests that nobody
    waits for in front of a screen."""
    items.sort(
        key=lambda item: (
            (item.get_closest_marker("browser") is not None) - ("tests/chaos" in item.nodeid)
        )
    )


@pytest.fixture(scope="session", autouse=True)
def certificates() -> Iterator[None]:
    """Read the certificates of the authorities once: every HTTP client does, whether it needs them
    or not, and that takes longer than most tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def log_settings() -> None:
    """Each test begins with structlog's own settings, whatever a test before it set up."""
    structlog.reset_defaults()


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
    return make_connections(database, clock)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """The stand-ins alone."""
    async with set_up() as sandbox:
        yield sandbox
        assert sandbox.slack.violations == []


@pytest.fixture
async def settings(sandbox: Sandbox, tmp_path: Path) -> Settings:
    """The bot's settings on that stage, with a database of its own."""
    return Settings.model_validate(sandbox.environment(tmp_path / "relay.db"))


@pytest.fixture
async def world(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    """The bot with every vendor connected."""
    await sandbox.connect_vendors(settings)
    async with running(sandbox, settings) as world:
        yield world


@pytest.fixture
async def bare_world(sandbox: Sandbox, settings: Settings) -> AsyncIterator[World]:
    """The bot with nothing connected."""
    async with running(sandbox, settings) as world:
        yield world
