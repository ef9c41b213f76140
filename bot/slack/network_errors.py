"""Network errors in plain words."""

import errno
import socket
import ssl
from collections.abc import Iterator, Mapping

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
_WORDS: Mapping[type[BaseException], str] = {
    socket.gaierror: "its name cannot be resolved",
    ssl.SSLError: "no secure connection came about; its certificate may not be trusted here",
    ConnectionRefusedError: "the connection was refused",
}


def unreached(error: BaseException) -> str:
    """Return the reason why a call did not arrive, such as "its name cannot be resolved".

    The error's own text is never used, because it may quote the request. Libraries wrap the
    system's errors, so the wrapped errors are searched too.
    """
    causes = list(_causes(error))
    for kind, words in _WORDS.items():
        if any(isinstance(cause, kind) for cause in causes):
            return words
    if any(isinstance(cause, OSError) and cause.errno in _NO_WAY for cause in causes):
        return "there is no way to it from this network"
    if any(
        isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in causes
    ):
        return "it did not answer in time"
    return f"the connection broke ({type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and every error that led to it."""
    known: list[BaseException] = [error]
    for cause in known:
        grouped = cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        for earlier in (cause.__cause__, cause.__context__, *grouped):
            if earlier is not None and earlier not in known:
                known.append(earlier)
        yield cause
