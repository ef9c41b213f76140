"""The logging of unexpected errors: the kind of the error and the lines of code, never its message.

The message of a library's error may quote a whole reply, and the reply may quote our token.
"""

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
    """Return the traceback and the kind of the error, after those of the error that caused it."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{told(earlier)}\nwhich led to\n" if earlier is not None else ""
    return f"{before}{''.join(traceback.format_tb(error.__traceback__))}{type(error).__name__}"


class Formatter(logging.Formatter):
    """Formats the log lines of libraries."""

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """Return a traceback without the errors' messages."""
        return told(ei[1])


def unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log the error of a task that nobody awaited. The event loop's own line has the error's
    message."""
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
    """Standard error that never raises. A log that cannot be written, for instance because its disk
    is full, must not stop the work."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up_logging(*, quiet: bool = False) -> None:
    """Log one line for each event to standard error; with `quiet`, only errors.

    Libraries log warnings and errors at most: their details can hold bodies.
    """
    logging.raiseExceptions = False  # for the same reason as `_Stderr`
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(error_logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.ERROR if quiet else logging.WARNING, handlers=[handler])
    asyncio.get_running_loop().set_exception_handler(error_logging.unhandled)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.ERROR if quiet else logging.NOTSET
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
    )
