"""Subscriptions to the changes of a row: of a modal that was submitted, of a button that was
pressed."""

import asyncio
from collections.abc import Container, Iterator
from contextlib import contextmanager

from bot.delivery.model import Delivery
from bot.errors import NoLongerThereError
from bot.workspace import Workspace

Name = tuple[Workspace, str, int]
"""The name of a row. Its id alone may be another workspace's by now."""


class Watcher:
    """Receives the latest about one row."""

    def __init__(self) -> None:
        self._latest: Delivery | None = None
        self._news = asyncio.Event()

    def notify(self, row: Delivery | None) -> None:
        """Receive the row as it is now; None where it is removed."""
        self._latest = row
        self._news.set()

    async def next(self) -> Delivery:
        """Return the row once something happened to it since it was asked for last. Raises
        `NoLongerThereError`."""
        await self._news.wait()
        self._news.clear()
        if self._latest is None:
            raise NoLongerThereError
        return self._latest


class Subscriptions:
    """All watchers of one event loop."""

    def __init__(self) -> None:
        self._watching: dict[Name, set[Watcher]] = {}

    @property
    def workspaces(self) -> set[Workspace]:
        """The workspaces whose rows are watched."""
        return {workspace for workspace, _, _ in self._watching}

    @contextmanager
    def of(self, row: Delivery) -> Iterator[Watcher]:
        """Give a watcher of the row, until the block is left."""
        watcher = Watcher()
        watching = self._watching.setdefault(_name(row), set())
        watching.add(watcher)
        try:
            yield watcher
        finally:
            watching.discard(watcher)
            if not watching:
                self._watching.pop(_name(row), None)

    def notify(self, row: Delivery) -> None:
        """Tell everybody who waits for the row that it changed."""
        for watcher in self._watching.get(_name(row), ()):
            watcher.notify(row)

    def forget(self, scope: Container[Workspace]) -> None:
        """Tell whoever waits that the rows of these workspaces are removed."""
        for (workspace, _, _), watching in self._watching.items():
            for watcher in watching if workspace in scope else ():
                watcher.notify(None)


def _name(row: Delivery) -> Name:
    return row.workspace, row.key, row.id
