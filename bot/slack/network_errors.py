"""Network errors in plain words."""

import errno
import socket
import ssl
from collections.abc import Iterator

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


def unreached(error: BaseException) -> str:
    """Return the reason why a call did not arrive, such as "its name cannot be resolved".

    The error's own text is never used, because it may quote the request. Libraries wrap the
    system's errors, so the wrapped errors are searched too.
    """
    causes = list(_behind(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name cannot be resolved"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "no secure connection came about; its certificate may not be trusted here"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if any(isinstance(cause, OSError) and cause.errno in _NO_WAY for cause in causes):
        return "there is no way to it from this network"
    if any(
        isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes
    ):
        return "it did not answer in time"
    return f"the connection broke ({type(error).__name__})"


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and every error that led to it."""
    known: set[int] = set()
    left = [error]
    while left:
        it = left.pop()
        if it is None or id(it) in known:
            continue
        known.add(id(it))
        yield it
        left += [
            it.__cause__,
            it.__context__,
            *(it.exceptions if isinstance(it, BaseExceptionGroup) else ()),
        ]
