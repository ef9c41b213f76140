"""How a person gets to the page: a browser on this machine, or a forwarded port over SSH."""

import asyncio
import getpass
import subprocess
import sys
import webbrowser
from collections.abc import Mapping, Sequence


def over_ssh(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal belongs to somebody at another machine."""
    return bool(environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def forwarding(environment: Mapping[str, str], ports: Sequence[int]) -> str:
    """Return the command that brings these ports to the machine in front of the person."""
    _, _, host, port = (environment.get("SSH_CONNECTION", "").split() or ["", "", "HOST", "22"])[:4]
    forwarded = [f"-L {each}:127.0.0.1:{each}" for each in ports]
    other = [] if port == "22" else [f"-p {port}"]
    return " ".join(["ssh", *other, *forwarded, f"{_user()}@{host}"])


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # the user has no name, as in some containers
        return "USER"


async def open_page(url: str) -> bool:
    """Open the page in this machine's browser. Return False if there is none with windows: a text
    browser would take over the terminal.

    The browser gets no terminal to write to.
    """
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    # The module's class for text browsers. Those with windows are of its subclasses.
    if type(browser) is webbrowser.GenericBrowser:
        return False
    opening = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "webbrowser", url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return await opening.wait() == 0
