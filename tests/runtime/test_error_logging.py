"""What is told of an error that nobody expected."""

import asyncio
import logging
import sys

import pytest
import structlog
from structlog.testing import capture_logs

from bot.runtime import error_logging

SECRET = "do-not-print-77c1"


async def test_a_task_that_breaks_unheard_is_told_without_its_words() -> None:
    """One line with its kind and place."""

    async def breaks() -> None:
        raise ValueError(SECRET)

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(error_logging.unhandled)
    try:
        with capture_logs() as logs:
            task = asyncio.create_task(breaks())
            await asyncio.wait({task})
            del task
            loop.call_exception_handler({"message": "Task was destroyed but it is pending!"})
    finally:
        loop.set_exception_handler(before)
    assert SECRET not in str(logs)
    first, second = logs
    assert (first["event"], first["error"]) == ("asyncio.task_failed", "ValueError")
    assert [it.rpartition("/")[2].partition(":")[0] for it in first["where"]] == [
        "test_error_logging.py"
    ]
    assert second == {
        "event": "asyncio.error_reported",
        "log_level": "error",
        "message": "Task was destroyed but it is pending!",
    }


def test_a_librarys_line_has_no_words_of_its_error() -> None:
    """The lines of code and the kinds of errors stay."""
    try:
        try:
            raise ValueError(SECRET)
        except ValueError:
            raise KeyError(SECRET)  # noqa: B904  as libraries do
    except KeyError:
        record = logging.LogRecord(
            "library", logging.ERROR, __file__, 1, "It broke", None, sys.exc_info()
        )
    told = error_logging.Formatter("%(name)s: %(message)s").format(record)
    assert SECRET not in told
    assert [it for it in told.splitlines() if not it.startswith(" ")] == [
        "library: It broke",
        "ValueError",
        "which led to",
        "KeyError",
    ]


WARNINGS = ["event='warning'", "WARNING root: told"]
ERRORS = ["event='error'", "ERROR root: told"]


@pytest.mark.parametrize(("quiet", "lines"), [(True, ERRORS), (False, WARNINGS + ERRORS)])
async def test_a_quiet_bot_prints_errors_only(
    quiet: bool,
    lines: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Warnings of the bot and of libraries do not cover what a terminal says."""
    monkeypatch.setattr(logging, "root", logging.RootLogger(logging.WARNING))
    monkeypatch.setattr(logging, "raiseExceptions", True)
    error_logging.set_up_logging(quiet=quiet)
    log = structlog.get_logger()
    log.warning("warning")
    logging.root.warning("told")
    log.error("error")
    logging.root.error("told")
    printed = capfd.readouterr().err
    assert [line for line in WARNINGS + ERRORS if line in printed] == lines
