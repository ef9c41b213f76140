"""The real bot as a process of its own, which can be killed and is then started again."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import httpx

from bot.errors import RelayError
from bot.playground.control_api import ControlApi

START_SECONDS = 30.0
DOWN_SECONDS = 2.0
"""Seconds that a killed bot stays down, so that people can look at the page meanwhile."""
OURS = ("SLACK_", "RELAY_")


class NotStartedError(RelayError):
    """The bot's process ended, or did not become healthy in time."""


class Supervisor:
    """Runs `python -m bot serve` with these settings; `url` is where it will listen. The page is
    told what becomes of it. `module` is run in place of `bot`.

    `url` is the bot's own address. The bot logs nothing, so that the terminal shows only the page's
    address.
    """

    def __init__(
        self,
        control_api: ControlApi,
        environment: Mapping[str, str],
        url: str,
        module: str = "bot",
    ) -> None:
        self._control_api = control_api
        self._environment = _clean_environment() | dict(environment)
        self._url = url
        self._module = module
        self._process: asyncio.subprocess.Process | None = None
        self._killed = False
        control_api.kill = self.kill

    @property
    def pid(self) -> int:
        """The process's id; 0 before the first start."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start the bot and wait until it answers. Raises `NotStartedError`."""
        self._killed = False
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._module, "serve", "--quiet"), env=self._environment
        )
        await _healthy(self._process, f"{self._url}/healthz")
        self._control_api.tell("up")

    def kill(self) -> bool:
        """Kill the bot with SIGKILL. Return False if it is not running or is just being started."""
        if (
            self._process is None
            or self._control_api.state != "up"
            or self._process.returncode is not None
        ):
            return False
        self._killed = True
        self._process.kill()
        self._control_api.tell("killed")
        return True

    async def watch(self) -> NoReturn:
        """Start the bot again each time it was killed.

        Raises `NotStartedError` if the bot ends by itself or does not start again.
        """
        # `start` comes first.
        assert self._process  # noqa: S101
        while True:
            code = await self._process.wait()
            if not self._killed:
                self._control_api.tell("down")
                raise NotStartedError(
                    f"The bot ended with code {code}. What it printed above says why."
                )
            await asyncio.sleep(DOWN_SECONDS)
            await self.start()

    async def end(self) -> None:
        """Stop the bot and wait until it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


async def _healthy(process: asyncio.subprocess.Process, url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get(url)).status_code == 200:
                            return
                    await asyncio.sleep(0.05)
    raise NotStartedError("The bot didn't start. What it printed above says why.")


def _clean_environment() -> dict[str, str]:
    """Return the environment for the bot's process.

    It is this process's environment without the settings of a real installation, and without a
    proxy, because everything is on 127.0.0.1.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and not name.lower().endswith("_proxy")
    }
