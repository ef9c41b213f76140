"""The bot's commands at a real terminal, with somebody who types."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from tests.world.processes import ROOT, surroundings

CTRL_C = "\x03"
SECONDS = 20.0
"""Then the command is killed."""
PERSON_SECONDS = 0.3
"""From a prompt to Ctrl+C. `input` does not notice one that comes after it has prompted and before
it reads."""


class Shown(NamedTuple):
    """How a command ended, and everything that the terminal showed."""

    code: int
    text: str


def typed(
    arguments: list[str], environment: Mapping[str, str], answers: Mapping[str, str]
) -> Shown:
    """Run the bot at a terminal and type each answer, in their order, when its prompt stands there.
    CTRL_C is typed as it is, anything else with Enter."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env=surroundings() | dict(environment),
        preexec_fn=lambda: _at(theirs),
    ) as process:
        os.close(theirs)
        limit = threading.Timer(SECONDS, process.kill)
        limit.start()
        shown, seen = "", 0
        waiting = list(answers.items())
        try:
            while more := os.read(ours, 4096).decode():
                shown += more
                while waiting and (at := shown.find(waiting[0][0], seen)) >= 0:
                    prompt, answer = waiting.pop(0)
                    seen = at + len(prompt)
                    if answer == CTRL_C:
                        time.sleep(PERSON_SECONDS)
                    os.write(ours, (answer if answer == CTRL_C else f"{answer}\n").encode())
        except OSError:  # the terminal is gone with the process
            pass
        finally:
            os.close(ours)
            process.wait()
            limit.cancel()
    assert waiting == [], shown
    return Shown(process.returncode, shown)


def _at(terminal: int) -> None:
    """Make it the child's terminal, whose Ctrl+C ends the child.

    A child inherits an ignored SIGINT: under `nohup`, or from a script that runs the tests with
    `&`.
    """
    os.login_tty(terminal)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
