"""Socket Mode: payloads go over the socket that the bot opens, and answers come back over it."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from bot.playground.slack import Outcome
from tests.playground.fake_bot import APP_TOKEN, MAYA, PUBLIC, Workspace, modal, text_input, typed


@pytest.fixture
async def client(workspace: Workspace) -> AsyncIterator[SocketModeClient]:
    web_client = AsyncWebClient(base_url=f"{workspace.url}/slack/api/")
    client = SocketModeClient(APP_TOKEN, web_client=web_client)
    await client.connect()
    yield client
    await client.close()


async def test_payloads_go_over_the_socket(workspace: Workspace, client: SocketModeClient) -> None:
    """slack_sdk's Socket Mode client gets commands and submissions, and its answers count."""
    received: list[SocketModeRequest] = []

    async def answer(socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        received.append(request)
        errors = {"response_action": "errors", "errors": {"title": "Too vague."}}
        payload = errors if request.payload.get("type") == "view_submission" else None
        await socket.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    client.socket_mode_request_listeners.append(answer)
    assert await workspace.slack.command(MAYA, PUBLIC, "/incident Checkout") == Outcome(True, 200)
    trigger = received[0].payload["trigger_id"]
    view = (await workspace.api("views.open", trigger_id=trigger, view=modal(text_input("title"))))[
        "view"
    ]
    outcome = await workspace.slack.submit(MAYA, view["id"], typed("title", "Down"))

    assert outcome == Outcome(False, 200, errors={"title": "Too vague."})
    assert [(request.type, request.accepts_response_payload) for request in received] == [
        ("slash_commands", True),
        ("interactive", True),
    ]
    assert received[0].payload["text"] == "Checkout"
    assert workspace.bot.received == []


async def test_silence_over_the_socket(workspace: Workspace, client: SocketModeClient) -> None:
    """An envelope that is never acknowledged times out."""
    outcome = await workspace.slack.command(MAYA, PUBLIC, "/incident")
    assert outcome == Outcome(False, 0, '/incident failed with the error "operation_timeout"')


async def test_hello_and_tickets(workspace: Workspace) -> None:
    """A socket greets first, its address works once, and without one payloads go over HTTP again."""
    workspace.client.headers["Authorization"] = f"Bearer {APP_TOKEN}"
    url = (await workspace.api("apps.connections.open"))["url"]
    async with connect(url) as socket:
        assert json.loads(await socket.recv()) == {
            "type": "hello",
            "num_connections": 1,
            "debug_info": {"approximate_connection_time": 18060},
        }
        with pytest.raises(InvalidStatus):
            await connect(url)
    async with asyncio.timeout(5):
        while not (await workspace.slack.command(MAYA, PUBLIC, "/incident")).ok:
            pass
    assert len(workspace.bot.received) == 1
