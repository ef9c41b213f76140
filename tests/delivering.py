"""Deliveries of the shared world: submitted as a modal does it, and followed; and somebody between
the bot and a server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.delivery.model import Delivery, Draft
from bot.playground.serving import Server
from tests.conftest import World, eventually

KEY = "ir00000000abcd"
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
PASSED_ON = ("authorization", "content-type", "accept", "idempotency-key")


def keys(count: int) -> list[str]:
    """So many markers."""
    return [f"ir{number:012x}" for number in range(count)]


async def submit(world: World, name: str = "rootly.incident", key: str = KEY) -> Delivery:
    """Submit a valid form of that operation ("rootly.incident"), as a modal does."""
    services, workspace = world.bot.services, world.sandbox.workspace
    adapter, operation = services.operations.find(name)
    form = world.sandbox.vendors[adapter.vendor].sample_form(operation.name)
    connection = await services.connections.store.get(workspace, adapter.vendor)
    assert connection is not None
    draft = Draft(
        workspace=workspace,
        key=key,
        kind=operation.kind,
        vendor=adapter.vendor,
        operation=operation.name,
        branch=str(getattr(form, operation.branches.field)) if operation.branches else "",
        account=connection.account,
        actor=world.admin,
        actor_name="Maya Okafor",
        channel=world.channel("incidents"),
        private=False,
        title=key,
        payload=form.model_dump(mode="json"),
        selected={},
    )
    return await services.delivery.dispatcher.submit(draft, card_not_before=0)


async def until(world: World, *states: str, key: str = KEY, seconds: float = 10) -> Delivery:
    """The row once it is in one of these states; fails with what it is instead."""
    row = await found(world, key)
    with suppress(TimeoutError):

        async def there() -> bool:
            nonlocal row
            row = await found(world, key)
            return row.state in states

        await eventually(there, seconds)
    assert row.state in states, row
    return row


async def found(world: World, key: str = KEY) -> Delivery:
    """The row as it is now."""
    row = await world.bot.services.delivery.deliveries.find(world.sandbox.workspace, key)
    assert row is not None
    return row


@dataclass
class Between:
    """Stands before the server at `target`. Passes everything on, but gives the next answers to
    POSTs itself: after the server has carried them out. `answered` counts those."""

    target: str
    answers: list[Callable[[], Response]] = field(default_factory=list)
    answered: int = 0
    arrived: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of every request."""
    url: str = ""

    async def __call__(self, request: Request) -> Response:
        self.arrived.append((request.method, request.url.path))
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        url = f"{self.target}{request.scope['raw_path'].decode()}?{request.url.query}".rstrip("?")
        async with httpx.AsyncClient(trust_env=False) as client:
            said = await client.request(
                request.method, url, content=await request.body(), headers=headers
            )
        if request.method == "POST" and self.answers:
            self.answered += 1
            return self.answers.pop(0)()
        return Response(said.content, said.status_code, media_type=said.headers.get("content-type"))


@asynccontextmanager
async def between(target: str) -> AsyncIterator[Between]:
    """On a port of its own."""
    middle = Between(target)
    async with Server(
        Starlette(routes=[Route("/{path:path}", middle.__call__, methods=METHODS)])
    ) as server:
        middle.url = server.url
        yield middle
