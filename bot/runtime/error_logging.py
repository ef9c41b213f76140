"""What is told of an error that nobody expected: its kind and the lines of code, never its words.
Those of a library may quote a whole answer, and that may quote our token."""

import asyncio
import contextlib
import io
import logging
import sys
import traceback
from typing import Any, TextIO, cast

import structlog

from bot.runtime import error_logging

log = structlog.get_logger(__name__)


def told(error: BaseException) -> str:
    """The lines of code that led there, and the kind of the error, after those of what led to it."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{told(earlier)}\nwhich led to\n" if earlier is not None else ""
    return f"{before}{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}"


class Formatter(logging.Formatter):
    """For the lines of libraries."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """In place of a traceback with the errors' words."""
        return told(ei[1])


def unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the event loop: a task whose error nobody took. Its usual line has the error's words."""
    error = context.get("exception")
    if error is None:
        log.error("asyncio.error_reported", message=context["message"])
    else:
        where = [
            f"{frame.filename}:{frame.lineno}"
            for frame in traceback.extract_tb(error.__traceback__)[-3:]
        ]
        log.error("asyncio.task_failed", error=type(error).__name__, where=where)


class _Stderr(io.TextIOBase):
    """Standard error, without errors of its own: a log that cannot be written (its disk is full)
    must not stop the work that it is about, and there is nowhere left to say so."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up_logging(*, quiet: bool = False) -> None:
    """One line an event, on standard error; with `quiet`, only what went wrong. Libraries never say
    more: their detail can hold bodies."""
    logging.raiseExceptions = False  # for the same reason as `_Stderr`
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(error_logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    asyncio.get_running_loop().set_exception_handler(error_logging.unhandled)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.WARNING if quiet else logging.NOTSET
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=True,
    )
