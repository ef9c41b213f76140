"""How the playground's page is opened: in a browser with windows, or over SSH by the person."""

import asyncio
import os
import re
import shutil
import signal
import sys
from pathlib import Path

import pytest

from bot.playground.opening import forwarding, open_page, over_ssh
from tests.world.processes import ROOT

URL = "http://127.0.0.1:8000"


@pytest.fixture
def browsers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `PATH` with no browser but those that a test puts there, on a screen of its own. Each
    writes down what it was asked to open, and complains as browsers do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = (
        f'#!{shutil.which("sh")}\necho "$0 $@" >> {tmp_path}/opened\necho noise\necho noise >&2\n'
    )
    for name in ("lynx", "firefox"):
        (folder / name).write_text(script, encoding="utf-8")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TERM", "xterm")
    for name in ("BROWSER", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("webbrowser._tryorder", None)
    monkeypatch.setattr("webbrowser._browsers", {})
    return folder


@pytest.mark.usefixtures("browsers")
async def test_no_text_browser_takes_over_the_terminal(tmp_path: Path) -> None:
    """Without a screen, Python offers lynx; the page stays closed."""
    assert not await open_page(URL)
    assert not (tmp_path / "opened").exists()


async def test_a_browser_with_windows_opens_and_keeps_quiet(
    browsers: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its complaints do not cover the lines that say how to end the playground."""
    monkeypatch.setenv("DISPLAY", ":9")
    assert await open_page(URL)
    assert URL in (tmp_path / "opened").read_text(encoding="utf-8")
    assert str(browsers / "firefox").rpartition("/")[2] in (tmp_path / "opened").read_text()
    assert capfd.readouterr() == ("", "")


def test_the_way_over_ssh_is_one_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """It forwards the page and what the page links to, from the machine that the person is at."""
    monkeypatch.setenv("USER", "maya")
    monkeypatch.setenv("LOGNAME", "maya")
    environment = {"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.4 22"}
    assert over_ssh(environment)
    assert not over_ssh({})
    assert forwarding(environment, [8000, 8001]) == (
        "ssh -L 8000:127.0.0.1:8000 -L 8001:127.0.0.1:8001 maya@198.51.100.4"
    )
    elsewhere = {"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.4 2222"}
    assert forwarding(elsewhere, [8000]) == "ssh -p 2222 -L 8000:127.0.0.1:8000 maya@198.51.100.4"


async def test_over_ssh_the_playground_says_how_to_reach_it() -> None:
    """The address, the command for one's own machine, and how to end it: nothing else, and no
    browser starts."""
    playing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "playground"),
        cwd=ROOT,
        env=os.environ
        | {"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.4 22", "BROWSER": "false"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert playing.stdout is not None
    lines = [(await playing.stdout.readline()).decode() for _ in range(4)]
    playing.send_signal(signal.SIGTERM)
    rest, _ = await playing.communicate()
    port = (re.findall(r":(\d+)$", lines[0]) or [""])[0]
    assert lines[0] == f"The playground is at http://127.0.0.1:{port}\n"
    assert lines[1] == "To open it on your own machine, run this there:\n"
    assert re.fullmatch(
        rf"  ssh -L {port}:127\.0\.0\.1:{port}( -L (\d+):127\.0\.0\.1:\2){{4}} \S+\n", lines[2]
    )
    assert (lines[3], rest, playing.returncode) == ("Press Ctrl+C to end it.\n", b"", 0)
