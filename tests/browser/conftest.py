"""The playground as a newcomer starts it, and Chromium looking at it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, BrowserType, ConsoleMessage, Page, Request, expect

from tests.browser.acting import Desk

START_SECONDS = 60.0
END_SECONDS = 30.0
PATIENCE_SECONDS, PAUSE_SECONDS = 30.0, 0.05
WINDOW = {"width": 1440, "height": 900}
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",  # as root, as in most containers, Chromium does not start with it
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=20_000)


def chromium(own: str) -> str | None:
    """$CHROMIUM, or one on the path, or Playwright's `own` if that was ever downloaded."""
    found = [
        os.environ.get("CHROMIUM"),
        *map(shutil.which, CHROMIUMS),
        own if Path(own).exists() else None,
    ]
    return next(filter(None, found), None)


@pytest.fixture(scope="session")
def base_url() -> None:
    """Each module has its own, see `browser_context_args`. (The plugin's fixture is a kind that
    pytest deprecates.)"""


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], browser_type: BrowserType
) -> dict[str, Any]:
    path = chromium(browser_type.executable_path)
    if path is None:
        absent = "no Chromium: install one, or name it in $CHROMIUM"
        pytest.fail(absent) if os.environ.get("CI") else pytest.skip(absent)
    return {**browser_type_launch_args, "executable_path": path, "args": list(QUIET)}


@dataclass(frozen=True)
class Playground:
    """`python -m bot playground` as a process of its own. `url` ends without a slash."""

    url: str

    def state(self) -> dict[str, Any]:
        """What the page loads."""
        answer = httpx.get(f"{self.url}/api/state", trust_env=False)
        return dict(answer.raise_for_status().json())

    def post(self, path: str, body: Mapping[str, str]) -> None:
        """What the page does, without the page."""
        httpx.post(f"{self.url}/api/{path}", json=body, trust_env=False).raise_for_status()

    def created(self, vendor: str, title: str) -> None:
        """Wait until that vendor has something of that title, without the page: at once."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            objects = next(it["objects"] for it in self.state()["vendors"] if it["name"] == vendor)
            if any(title in it["title"] for it in objects):
                return
            time.sleep(PAUSE_SECONDS)
        raise AssertionError(f"{vendor} has no {title}")

    def tidy(self) -> None:
        """No form is open, and no vendor has a fault or lacks a part."""
        state = self.state()
        for user, views in state["views"].items():
            for view in reversed(views):
                self.post("close", {"user": user, "view_id": view["id"]})
        for vendor in state["vendors"]:
            if vendor["fault"] != "fine":
                self.post(f"vendors/{vendor['name']}/fault", {"fault": "fine"})
            if vendor["version"] != next(iter(vendor["versions"]), ""):
                self.post(
                    f"vendors/{vendor['name']}/version", {"version": next(iter(vendor["versions"]))}
                )


@pytest.fixture(scope="module")
def playground(pytestconfig: pytest.Config) -> Iterator[Playground]:
    """One for the tests of a module."""
    with running(pytestconfig.rootpath) as playground:
        lists_loaded(playground)
        yield playground


@contextlib.contextmanager
def running(root: Path, port: int = 0) -> Iterator[Playground]:
    """A playground on that port, or on any free one; it must end by itself when told to."""
    command = [sys.executable, "-m", "bot", "playground", "--no-browser", "--port", str(port)]
    with subprocess.Popen(
        command,
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Playground(_started(process))
            process.send_signal(signal.SIGTERM)
            assert process.wait(END_SECONDS) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(
                    process.pid, signal.SIGKILL
                )  # the bot is a process of its own in the same group


def _started(process: subprocess.Popen[str]) -> str:
    """The address that it prints. What it prints later is read and dropped, so that the pipe never
    fills up."""
    assert process.stdout is not None
    lines: list[str] = []
    giving_up = threading.Timer(START_SECONDS, process.kill)
    giving_up.start()
    try:
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"The playground is at (http://\S+)", line):
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return found[1]
    finally:
        giving_up.cancel()
    raise AssertionError(f"the playground did not start: {''.join(lines)}")


def lists_loaded(playground: Playground) -> None:
    """Wait until `/vendors` names no list that is still being loaded."""
    channel = playground.state()["channels"][0]["id"]
    user = next(
        it["id"] for it in playground.state()["people"] if it["playable"] and not it["is_admin"]
    )
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        playground.post("command", {"user": user, "channel": channel, "text": "/vendors"})
        if "being loaded" not in playground.state()["ephemerals"][-1]["message"]["text"]:
            return
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("the vendors' lists were not loaded")


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any], playground: Playground
) -> dict[str, Any]:
    return {
        **browser_context_args,
        "base_url": playground.url,
        "viewport": WINDOW,
        "reduced_motion": "reduce",
    }


@pytest.fixture
def complaints(context: BrowserContext) -> Iterator[list[str]]:
    """Whatever no page may do: errors in the console (a breach of the content policy is one),
    requests elsewhere."""
    found: list[str] = []

    def console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            found.append(message.text)

    def request(request: Request) -> None:
        if urlsplit(request.url).hostname != "127.0.0.1":
            found.append(f"asked for {request.url}")

    context.on("console", console)
    context.on("weberror", lambda error: found.append(str(error.error)))
    context.on("request", request)
    yield found
    assert found == []


@pytest.fixture
def desk(page: Page, complaints: list[str], playground: Playground) -> Desk:
    """The page, opened by the admin in #incidents."""
    playground.tidy()
    page.goto("/")
    return Desk(page).ready().go("incidents")
