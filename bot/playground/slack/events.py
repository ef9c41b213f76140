"""The live events for the page: one hub, any number of listeners."""

import asyncio
import copy
from typing import Any, Self

Event = dict[str, Any]
"""One event of the page's stream. `type` gives its kind."""

BACKLOG = 2000
"""Largest number of events that may wait for one listener.

A slower listener is cut off, and loads the whole state again.
"""


class Subscription:
    """An async iterator over the events since the subscription. It ends when the hub closes."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()

    def put(self, event: Event | None) -> None:
        """Hand over an event; None ends the iteration."""
        self._queue.put_nowait(event)
        if self._queue.qsize() > BACKLOG:
            self.close()

    def close(self) -> None:
        """Stop listening."""
        self._hub.forget(self)
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        event = await self._queue.get()
        if event is None:
            raise StopAsyncIteration
        return event

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Hub:
    """Hands every event to every listener. Must be used from one event loop."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """Return a subscription that begins now."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Send nothing more to that listener."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, event: Event) -> None:
        """Send every listener its own copy of the event.

        The objects in the event may change before a listener reads it.
        """
        for subscription in tuple(self._subscriptions):
            subscription.put(copy.deepcopy(event))

    def close(self) -> None:
        """End every listener's iteration."""
        for subscription in tuple(self._subscriptions):
            self.forget(subscription)
            subscription.put(None)
