"""The process's limit of open files and sockets."""

import resource

import structlog

log = structlog.get_logger(__name__)


def allow_open_files() -> None:
    """Raise the soft limit of open files to the hard one.

    Every call that waits for a slow server holds a socket. Under the usual soft limit of 1,024,
    the slow calls of some workspaces could leave no socket for the others.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # macOS accepts no limit above the kernel's own
        log.warning("open_files.limit_not_raised", error=type(error).__name__)
