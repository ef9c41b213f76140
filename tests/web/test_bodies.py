"""Bodies that arrive at the same time: which one is given up, and what is told to whom."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from bot.web.bodies import Bodies


class Arriving:
    """A request whose body arrives when the test says so."""

    def __init__(self, bodies: Bodies) -> None:
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        request = Request({"type": "http", "headers": []}, self._messages.get)
        self.reading = asyncio.create_task(bodies.read(request))

    def send(self, size: int, *, last: bool = False) -> None:
        message = {"type": "http.request", "body": b"x" * size, "more_body": not last}
        self._messages.put_nowait(message)

    async def outcome(self) -> int:
        """The number of bytes, or the status of the refusal."""
        body = await self.reading
        return body.status_code if isinstance(body, Response) else len(body)


async def test_the_largest_is_given_up() -> None:
    """The others arrive whole, and there is room again for the next one."""
    bodies = Bodies(most_bytes=150)
    large, small, next_one = (Arriving(bodies) for _ in range(3))
    large.send(100)
    small.send(60)
    assert await large.outcome() == 503
    small.send(10, last=True)
    next_one.send(140, last=True)
    assert [await small.outcome(), await next_one.outcome()] == [70, 140]


async def test_the_largest_is_given_up_although_it_is_whole() -> None:
    """Nothing else of it would be told apart from a body that nobody signed."""
    bodies = Bodies(most_bytes=150)
    small, large = Arriving(bodies), Arriving(bodies)
    small.send(60)
    large.send(100, last=True)
    assert await large.outcome() == 503
    small.send(0, last=True)
    assert await small.outcome() == 60


async def test_a_body_whose_time_is_up_makes_room() -> None:
    """Nobody else is disturbed by giving it up at that very moment."""
    bodies = Bodies(seconds=0.05, most_bytes=150)
    late = Arriving(bodies)
    late.send(100)
    await asyncio.sleep(0.01)
    bodies._seconds = 5
    other = Arriving(bodies)
    await asyncio.sleep(0.01)
    asyncio.get_running_loop().call_later(0.001, other.send, 60)
    time.sleep(0.1)  # noqa: ASYNC251  now both are due, the other body first
    assert await late.outcome() in (408, 503)
    other.send(10, last=True)
    assert await other.outcome() == 70
