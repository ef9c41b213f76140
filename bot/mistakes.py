"""What is told of an error that nobody expected: its kind and the lines of code, never its words. Those of a library may
quote a whole answer, and that may quote our token."""

import asyncio
import logging
import traceback
from typing import Any

import structlog

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
        log.error("loop.trouble", message=context["message"])
    else:
        where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-3:]]
        log.error("loop.error_that_nobody_took", error=type(error).__name__, where=where)
