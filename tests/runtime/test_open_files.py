"""The limit of open files: as high as the system lets the process have it."""

import resource
from pathlib import Path

from bot.playground.sandbox import Sandbox
from bot.runtime.open_files import allow_open_files
from tests.world.processes import healthy, started


def test_the_soft_limit_becomes_the_hard_one() -> None:
    """Without any right that a process does not have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))
    try:
        allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_the_bot_raises_its_own_limit(sandbox: Sandbox, path: Path) -> None:
    """Whatever the shell allowed that started it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft // 2, hard))
    try:
        async with started("serve", environment=sandbox.environment(path)) as process:
            await healthy(process)
            limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert limits == (hard, hard)
