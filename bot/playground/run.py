"""`python -m bot playground`: the stand-ins, and the real bot as a process of its own."""

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
import time
from pathlib import Path

from bot.adapters.registry import Adapters
from bot.errors import SettingError
from bot.playground.opening import forwarding, open_page, over_ssh
from bot.playground.queue import QueueReader
from bot.playground.sandbox import Sandbox, set_up
from bot.playground.supervisor import Supervisor
from bot.playground.vendors import StandIns, data
from bot.runtime.error_logging import set_up_logging
from bot.settings import Settings

LOST_LAG_SECONDS = 6.0
"""Seconds until a lost object appears in the vendor's list.

The bot's first look-up comes 2 s after sending and finds nothing; the second one, 5 s later, finds
the object.
"""


async def run(
    adapters: Adapters, stand_ins: StandIns, *, port: int, browser: bool, module: str = "bot"
) -> int:
    """Play until Ctrl+C or SIGTERM. `module` is the program that is run as the bot. Raises
    `SettingError` when the port is taken, `NotStartedError` when the bot ends."""
    set_up_logging(quiet=True)
    stop = _told_to_stop()
    with tempfile.TemporaryDirectory(prefix="incident-relay-") as folder:
        try:
            async with set_up(port, adapters, stand_ins) as sandbox:
                await _populate(sandbox)
                database = Path(folder) / "relay.db"
                return await _play(sandbox, database, stop, browser=browser, module=module)
        except OSError as error:
            if port == 0:
                raise
            raise SettingError(
                "--port", f"can't use {port} ({error.strerror}). Choose another one."
            ) from error


async def _play(
    sandbox: Sandbox, database: Path, stop: asyncio.Event, *, browser: bool, module: str
) -> int:
    bot_port = _free_port()
    environment = sandbox.environment(database, bot_port)
    await sandbox.connect_vendors(Settings.model_validate(environment))
    sandbox.slack.bot_url = f"http://127.0.0.1:{bot_port}"
    supervisor = Supervisor(sandbox.control_api, environment, sandbox.slack.bot_url, module)
    try:
        async with QueueReader(database, sandbox.control_api.show_queue).looking():
            await supervisor.start()
            for label in sandbox.left_out:
                print(f"{label} has no stand-in, so the playground leaves it out.")
            print(f"The playground is at {sandbox.url}")
            if over_ssh(os.environ):
                print(f"To open it on your own machine, run this there:\n  {_forwarding(sandbox)}")
            print("Press Ctrl+C to end it.", flush=True)
            if browser and not over_ssh(os.environ):
                await open_page(sandbox.url)
            return await _until_the_end(supervisor, stop)
    finally:
        await supervisor.end()


def _forwarding(sandbox: Sandbox) -> str:
    """Return the command that forwards the page, and the pages to which it links."""
    urls = [sandbox.url, sandbox.slack.bot_url, *(it.url for it in sandbox.vendors.values())]
    return forwarding(os.environ, [int(url.rpartition(":")[2]) for url in urls])


async def _populate(sandbox: Sandbox) -> None:
    """Fill the channels with messages, and open everyone's direct messages with the app.

    The vendors' lists are delayed, so that there is time to kill the bot between a lost answer and
    its look-up.
    """
    for vendor in sandbox.vendors.values():
        vendor.lost_lag = LOST_LAG_SECONDS
    channels = {channel.name: channel.id for channel in sandbox.slack.channels.values()}
    now = time.time()
    for said in data.CHATTER:
        at = now - said.minutes_ago * 60
        await sandbox.slack.post(
            data.person(said.by).slack_id, channels[said.channel], said.text, at
        )
    for person in [person for person in sandbox.slack.people.values() if person.playable]:
        sandbox.slack.open_direct(person.id)


async def _until_the_end(supervisor: Supervisor, stop: asyncio.Event) -> int:
    """Wait until the playground is stopped. Raises `NotStartedError` if the bot ends by itself."""
    stopping, watching = asyncio.create_task(stop.wait()), asyncio.create_task(supervisor.watch())
    await asyncio.wait([stopping, watching], return_when=asyncio.FIRST_COMPLETED)
    if not stop.is_set():
        stopping.cancel()
        await watching
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers: Ctrl+C raises KeyboardInterrupt there.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    return stop
