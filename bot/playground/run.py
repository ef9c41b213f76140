"""`python -m bot playground`: the stage, and the real bot as a process of its own in the middle."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
import webbrowser
from pathlib import Path

import httpx

from bot.errors import RelayError, SettingError
from bot.playground.stage import Stage, set_up
from bot.playground.vendors import data
from bot.settings import Settings

START_SECONDS = 30.0
OURS = ("SLACK_", "RELAY_", "ROOTLY_", "INCIDENT_IO_", "TWILIO_")


class NotStarted(RelayError):
    """The bot's process ended, or did not become healthy in time."""


async def run(*, port: int, browser: bool) -> int:
    """Play until Ctrl+C or SIGTERM. Raises `SettingError` when the port is taken."""
    stop = _told_to_stop()
    with tempfile.TemporaryDirectory(prefix="incident-relay-") as folder:
        try:
            async with set_up(port) as stage:
                await _chat(stage)
                return await _play(stage, Path(folder) / "relay.db", browser, stop)
        except OSError as error:
            if port == 0:
                raise
            raise SettingError("--port", f"{port} cannot be listened on ({error.strerror}); choose another.") from error


async def _play(stage: Stage, database: Path, browser: bool, stop: asyncio.Event) -> int:
    bot_port = _free_port()
    environment = stage.environment(database, bot_port)
    await stage.connect_vendors(_settings(environment))
    stage.slack.bot_url = f"http://127.0.0.1:{bot_port}"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", env=_clean_environment() | environment
    )
    try:
        await _healthy(process, f"{stage.slack.bot_url}/healthz")
        stage.tell_page("up")
        print(f"The playground is at {stage.url}\nPress Ctrl+C to end it.", flush=True)
        if browser:
            await asyncio.to_thread(webbrowser.open, stage.url)
        return await _until_the_end(stage, process, stop)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _chat(stage: Stage) -> None:
    """Somebody was here before: what people said in the last hours."""
    channels = {channel.name: channel.id for channel in stage.slack.channels.values()}
    now = time.time()
    for said in data.CHATTER:
        at = now - said.minutes_ago * 60
        await stage.slack.post(data.person(said.by).slack_id, channels[said.channel], said.text, at)


async def _until_the_end(stage: Stage, process: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    waiting = [asyncio.create_task(stop.wait()), asyncio.create_task(process.wait())]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if stop.is_set():
        return 0
    stage.tell_page("down")
    raise NotStarted(f"The bot ended by itself with code {process.returncode}; what it printed above says why.")


async def _healthy(process: asyncio.subprocess.Process, url: str) -> None:
    """Wait until the bot answers. Raises `NotStarted`."""
    async with httpx.AsyncClient(trust_env=False) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    with contextlib.suppress(httpx.TransportError):
                        if (await client.get(url)).status_code == 200:
                            return
                    await asyncio.sleep(0.05)
    raise NotStarted("The bot did not start; what it printed above says why.")


def _settings(environment: dict[str, str]) -> Settings:
    return Settings.model_validate(environment)


def _clean_environment() -> dict[str, str]:
    """Ours without settings of a real installation, and without a proxy: everything is on 127.0.0.1."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(OURS) and not name.lower().endswith("_proxy")
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl+C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    return stop
