"""The bot as a process of its own, as an operator runs it."""

import asyncio
import contextlib
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from bot.adapters.registry import ADAPTERS
from tests.world.bot import eventually

ROOT = Path(__file__).parents[2]
OURS = ("SLACK_", "RELAY_", *(each.url_variable for each in ADAPTERS.values()))


def surroundings() -> dict[str, str]:
    """This process's environment without the bot's settings and without proxies."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and not name.lower().endswith("_proxy")
    }


@asynccontextmanager
async def started(
    *arguments: str,
    environment: Mapping[str, str],
    program: Sequence[str] = ("-m", "bot"),
    log: Path | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`python -m bot ARGUMENTS`, killed (-9) at the end if it is still there.

    Its standard error can be read from it, or is added to the file `log`. `program` is what Python
    runs instead of the bot.
    """
    with contextlib.ExitStack() as stack:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *program,
            *arguments,
            cwd=ROOT,
            env=surroundings() | dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stack.enter_context(log.open("ab")) if log else asyncio.subprocess.PIPE,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: asyncio.subprocess.Process, words: str, seconds: float = 60) -> str:
    """The first line of its standard error that holds these words. Fails when it ends, or is
    silent, before that."""
    assert process.stderr
    async with asyncio.timeout(seconds):
        while line := (await process.stderr.readline()).decode():
            if words in line:
                return line
    raise AssertionError(f"It ended without saying {words!r}.")


async def healthy(process: asyncio.subprocess.Process) -> str:
    """Wait until `serve`, which was given port 0, answers; its address."""
    line = await said(process, "serving")
    port = line.split("port=")[1].split()[0]
    url = f"http://127.0.0.1:{port}"
    await answering(url)
    return url


async def answering(url: str, seconds: float = 60) -> None:
    """Wait until the bot at that address says that it is well."""
    async with httpx.AsyncClient(trust_env=False) as client:

        async def answers() -> bool:
            try:
                return (await client.get(f"{url}/healthz")).text == '{"status":"ok"}'
            except httpx.TransportError:
                return False

        await eventually(answers, seconds)


def free_port() -> int:
    """A port that a bot can be started on again and again: outside the range that the system gives
    to clients, one of which might take it while the bot is dead."""
    while True:
        port = random.randint(20_000, 29_999)
        with socket.socket() as tried, contextlib.suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


async def stopped(process: asyncio.subprocess.Process, seconds: float = 5) -> int | None:
    """Ask it to end, as a service manager does; its exit code."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(seconds):
        return await process.wait()
