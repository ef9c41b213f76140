"""What the page is told while it happens: one hub, any number of listeners."""

import asyncio
import copy
from typing import Any, Self

Event = dict[str, Any]
"""One event of the page's stream; `type` says which."""

BACKLOG = 2000
"""Events that may wait for one listener. One that falls further behind is cut off, and loads the
whole state again."""


class Subscription:
    """The events from the moment of subscribing on, as an async iterator; ends when the hub closes."""

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
    """Hands every event to everyone who listens. Must be used from one event loop."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """Listen from now on."""
        subscription = Subscription(self)
        self._subscriptions.append(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Send that listener nothing more."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, event: Event) -> None:
        """Tell everyone, each a copy of its own: what the event is about may change before it is
        read."""
        for subscription in tuple(self._subscriptions):
            subscription.put(copy.deepcopy(event))

    def close(self) -> None:
        """End every listener's iteration."""
        for subscription in tuple(self._subscriptions):
            self.forget(subscription)
            subscription.put(None)
