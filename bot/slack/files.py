"""Files being downloaded from Slack.

A download may take longer than the answer to a form. It goes on, and the file is kept until the
form's button is pressed again.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Container, Coroutine
from typing import Any, NamedTuple

import structlog

from bot.forms.files import Fetched
from bot.language import N_, _
from bot.runtime.background import BackgroundTasks
from bot.workspace import FILES, RemembersWorkspaces, Workspace

log = structlog.get_logger(__name__)

KEPT_SECONDS = 180.0
MOST = 20
"""Largest number of files at a time, downloading or kept. The first file of a workspace does not
count."""
MOST_BYTES = 32 * 1024 * 1024
"""Largest total size of the kept texts, in bytes."""

PENDING = N_("We're still fetching the file from Slack. Press the button again in a moment.")
BUSY = N_("We're fetching too many files. Press the button again in a moment.")
BROKEN = N_("We couldn't fetch the file. Press the button again.")
"""The problems with a file, as `bot.language._` takes them."""


class FileKey(NamedTuple):
    """A file in a workspace, and the largest accepted size in bytes."""

    workspace: Workspace
    file_id: str
    most: int


Fetch = Callable[[], Coroutine[Any, Any, Fetched]]


class Uploads(RemembersWorkspaces):
    """Downloads files, each once for all who ask for it.

    A file that arrives after its request has ended is kept for some minutes and given out once,
    because a file that is edited in Slack keeps its id. A workspace that has many files makes room
    with its own, and the first file of a workspace always has room.
    """

    def __init__(self, background: BackgroundTasks, kept_seconds: float = KEPT_SECONDS) -> None:
        self._background = background
        self._kept_seconds = kept_seconds
        self._files: dict[FileKey, asyncio.Task[Fetched]] = {}

    async def get(self, key: FileKey, fetch: Fetch, seconds: float) -> Fetched:
        """Return the result of `fetch` if it ends within `seconds`, else `PENDING`.

        `fetch` goes on then.

        `fetch` should never raise, and has to end by itself. A second call for the same file waits
        for the same download. Return `BUSY` if there is no room and `BROKEN` if `fetch` raised.
        """
        task = self._files.get(key) or self._begin(key, fetch)
        if task is None:
            return Fetched(problem=_(BUSY))
        await asyncio.wait({task}, timeout=max(seconds, 0.0))
        if not task.done():
            return Fetched(problem=_(PENDING))
        self._drop(key, task)
        return _result(task)

    def forget(self, scope: Container[Workspace]) -> None:
        """Forget the files of these workspaces and stop their downloads."""
        for key, task in list(self._files.items()):
            if key.workspace in scope:
                task.cancel()
                self._drop(key, task)

    def _begin(self, key: FileKey, fetch: Fetch) -> asyncio.Task[Fetched] | None:
        """Start a download. Return None if there is no room."""
        if not self._make_room(key.workspace):
            return None
        task = self._files[key] = self._background.start(fetch())
        task.add_done_callback(lambda task: self._arrived(key, task))
        return task

    def _make_room(self, workspace: Workspace) -> bool:
        """Make room for one more file of the workspace. Return whether there is room."""
        counts = Counter(key.workspace for key in self._files)
        count = counts[workspace]
        if count >= FILES or (count and counts.total() >= MOST):
            return self._drop_oldest(workspace)
        return True

    def _arrived(self, key: FileKey, task: asyncio.Task[Fetched]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("upload.failed", error=type(error).__name__)
        while (sizes := self._sizes()).total() > MOST_BYTES:
            self._drop_oldest(max(sizes, key=sizes.__getitem__))
        asyncio.get_running_loop().call_later(self._kept_seconds, self._drop, key, task)

    def _sizes(self) -> Counter[Workspace]:
        """Return the size of the kept texts in memory, in bytes, by workspace."""
        sizes = Counter[Workspace]()
        for key, task in self._files.items():
            if task.done():
                sizes[key.workspace] += sys.getsizeof(_result(task).text)
        return sizes

    def _drop_oldest(self, workspace: Workspace) -> bool:
        """Drop the workspace's oldest downloaded file. Return whether there was one."""
        for key, task in self._files.items():
            if key.workspace == workspace and task.done():
                self._drop(key, task)
                return True
        return False

    def _drop(self, key: FileKey, task: asyncio.Task[Fetched]) -> None:
        # A newer download of the same file stays.
        if self._files.get(key) is task:
            del self._files[key]


def _result(task: asyncio.Task[Fetched]) -> Fetched:
    """Return the downloaded file, or `BROKEN` if there is none."""
    ended_well = task.done() and not task.cancelled() and task.exception() is None
    return task.result() if ended_well else Fetched(problem=_(BROKEN))
