"""The bot behind a firewall: everything over the WebSocket that it opens itself."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from structlog.testing import capture_logs

from bot.errors import RelayError, SettingError
from bot.playground.sandbox import Sandbox
from bot.playground.serving import Server
from bot.settings import Settings
from bot.slack.socket_mode import SlackSocket
from tests.world.bot import eventually
from tests.world.processes import said, started, stopped
from tests.world.slack import TROUBLES, slack_wire


def socket_settings(sandbox: Sandbox, database: Path) -> dict[str, str]:
    """Without a signing secret: there is nothing to verify."""
    environment = sandbox.environment(database)
    del environment["SLACK_SIGNING_SECRET"]
    return environment


async def test_works_over_a_socket(sandbox: Sandbox, settings: Settings, tmp_path: Path) -> None:
    """A command opens its form, a picker is answered, a submission arrives and shows its receipt;
    SIGTERM ends it."""
    await sandbox.connect_vendors(settings)
    slack, rootly = sandbox.slack, sandbox.vendors["rootly"]
    person = next(it.id for it in slack.people.values() if it.is_admin and it.playable)
    channel = next(it.id for it in slack.channels.values() if it.name == "incidents")
    async with started(
        "socket", environment=socket_settings(sandbox, tmp_path / "relay.db")
    ) as process:
        await said(process, "connected")
        assert (await slack.command(person, channel, "/incident Checkout is down")).ok
        form = slack.views(person)[-1]
        assert form["callback_id"] == "form:rootly.incident"

        offered: list[dict[str, Any]] = []

        async def severities() -> bool:
            block = "rootly.incident.severity_id"
            offered[:] = (await slack.options(person, form["id"], block, "value", "")).get(
                "options", []
            )
            return len(offered) > 1

        await eventually(severities)
        filled = {
            "rootly.incident.severity_id": {
                "value": {"type": "external_select", "selected_option": offered[0]}
            },
            "rootly.incident.summary": {
                "value": {"type": "plain_text_input", "value": "Nobody can pay."}
            },
        }
        outcome = await slack.submit(person, form["id"], filled)
        assert outcome.errors == {}
        assert outcome.ok
        assert [it.body["data"]["attributes"]["title"] for it in rootly.created] == [
            "Checkout is down"
        ]
        assert "Created in Rootly" in str(slack.views(person)[-1]["blocks"])

        help_ = await slack.command(person, channel, "/vendors")
        assert help_.ok
        assert "working" in slack.ephemerals[-1][2]["text"]
        assert await stopped(process) == 0


async def test_says_that_the_token_is_wrong(sandbox: Sandbox, tmp_path: Path) -> None:
    """An app token that Slack does not know ends it at once with a sentence, rather than trying for
    ever."""
    environment = socket_settings(sandbox, tmp_path / "relay.db") | {
        "SLACK_APP_TOKEN": "xapp-of-another-app"
    }
    async with started("socket", environment=environment) as process, asyncio.timeout(20):
        out, err = await process.communicate()
        assert (process.returncode, out, err.decode()) == (
            2,
            b"",
            "SLACK_APP_TOKEN: Slack didn't open a connection with it (invalid_auth). It needs "
            "connections:write.\n",
        )


async def test_goes_on_after_slack_has_closed_the_socket(sandbox: Sandbox, tmp_path: Path) -> None:
    """The real bot opens another by itself, and answers there."""
    slack = sandbox.slack
    person = next(it.id for it in slack.people.values() if it.is_admin and it.playable)
    channel = next(it.id for it in slack.channels.values() if it.name == "incidents")
    async with started(
        "socket", environment=socket_settings(sandbox, tmp_path / "relay.db")
    ) as process:
        await said(process, "connected")
        sockets = slack.transport.sockets
        first = sockets.open[-1]
        await sockets.aclose()
        await eventually(lambda: sockets.connected and sockets.open[-1] is not first, 20)
        assert (await slack.command(person, channel, "/vendors")).ok
        assert await stopped(process) == 0


PING_SECONDS, CONNECT_SECONDS = 0.2, 2.0
"""A test has less patience than the bot."""


@dataclass
class Slack:
    """As much of Slack as a socket needs. Each address is good for one connection, and those in
    `refused` for none; `silent`: `apps.connections.open` gets an error page. `asked` counts those
    calls."""

    url: str = ""
    silent: bool = False
    refused: set[int] = field(default_factory=set)
    asked: int = 0
    open: list[WebSocket] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    async def api(self, request: Request) -> Response:
        self.asked += 1
        if self.silent:
            return Response("<html>Bad gateway</html>", 502, media_type="text/html")
        return JSONResponse(
            {"ok": True, "url": f"{self.url.replace('http', 'ws')}/socket/{next(self.numbers)}"}
        )

    async def socket(self, websocket: WebSocket) -> None:
        number = websocket.path_params["number"]
        if number in self.refused:
            await websocket.close(1008)
            return
        self.refused.add(number)
        await websocket.accept()
        self.open.append(websocket)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                answer = json.loads(await websocket.receive_text())
                self.answers[answer["envelope_id"]] = answer.get("payload")

    async def answered(self, envelope: str) -> bool:
        """Send a command over the newest socket, and see whether the bot has answered."""
        if envelope not in self.answers and self.open:
            payload = {
                "command": "/ping",
                "text": "",
                "team_id": "T1",
                "user_id": "U1",
                "channel_id": "C1",
            }
            message = {"envelope_id": envelope, "type": "slash_commands", "payload": payload}
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self.open[-1].send_json(message | {"accepts_response_payload": True})
        return self.answers.get(envelope) == {"text": "pong"}


class Line:
    """The wire between the bot and Slack: it can be cut, or freeze, with both ends none the wiser."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._ends: list[asyncio.StreamWriter] = []
        self._pumps: set[asyncio.Task[None]] = set()
        self.flows = asyncio.Event()
        self.flows.set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        flows = self.flows
        there = await asyncio.open_connection("127.0.0.1", self._port)
        self._ends += [writer, there[1]]
        for source, sink in ((reader, there[1]), (there[0], writer)):
            task = asyncio.create_task(self._pump(source, sink, flows))
            self._pumps.add(task)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flows: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await flows.wait()
                sink.write(data)
                await sink.drain()
        sink.close()

    def cut(self) -> None:
        """Every connection is gone without a word of farewell."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    def freeze(self) -> None:
        """Nothing comes through the connections that are open now; new ones work."""
        self.flows.clear()
        self.flows = asyncio.Event()
        self.flows.set()

    async def aclose(self) -> None:
        self.cut()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


@asynccontextmanager
async def on_the_line() -> AsyncIterator[tuple[Slack, Line]]:
    """A bot that answers /ping with pong, connected, and looked after."""
    slack = Slack()
    routes = [
        Route("/api/{method}", slack.api, methods=["POST"]),
        WebSocketRoute("/socket/{number:int}", slack.socket),
    ]
    async with Server(Starlette(routes=routes)) as server:
        line = Line(server.port)
        listener = await asyncio.start_server(line, "127.0.0.1", 0)
        slack.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        socket = SlackSocket(
            pinging(f"{slack.url}/api/"),
            "xapp-1",
            ping_seconds=PING_SECONDS,
            connect_seconds=CONNECT_SECONDS,
        )
        await socket.open()
        running = asyncio.create_task(socket.run())
        try:
            await eventually(lambda: slack.answered("first"))
            yield slack, line
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await socket.close()
            listener.close()
            await line.aclose()


def pinging(url: str) -> AsyncApp:
    """An app with one command."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    async def ping(ack: Callable[[str], Awaitable[object]]) -> None:
        await ack("pong")

    app = AsyncApp(
        client=AsyncWebClient(base_url=url, timeout=2),
        authorize=authorize,
        process_before_response=True,
    )
    app.logger.setLevel("CRITICAL")
    app.command("/ping")(ping)
    return app


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_comes_back_instead_of_an_address_is_one_sentence(trouble: str) -> None:
    """None of the answer's words are in it."""
    async with slack_wire() as (wire, client):
        wire.answer = TROUBLES[trouble]
        with pytest.raises(RelayError) as caught:
            await SlackSocket(pinging(client.base_url), "xapp-1").open()
    assert not isinstance(caught.value, SettingError)  # the token may be fine
    assert str(caught.value) == (
        "Slack opens no connection for now (internal_error). Start the bot again later."
        if trouble == "an error"
        else "Something else than Slack answered. Check SLACK_API_URL, and what stands between this "
        "machine and Slack. Then start the bot again."
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/", "the connection was refused"),
        ("http://slack.invalid/", "its name cannot be resolved"),
    ],
)
async def test_a_slack_that_cannot_be_reached_is_no_fault_of_the_token(url: str, why: str) -> None:
    """It says what kept it, and nothing of the token."""
    with pytest.raises(RelayError) as caught:
        await SlackSocket(pinging(url), "xapp-1").open()
    assert not isinstance(caught.value, SettingError)
    assert str(caught.value) == (
        f"We can't reach Slack from this machine: {why}. Check its network and its "
        "firewall. Then start the bot again."
    )


async def test_answers_again_after_the_line_was_cut() -> None:
    """Without a word of farewell from either side."""
    async with on_the_line() as (slack, line):
        line.cut()
        await eventually(lambda: len(slack.open) == 2)
        await eventually(lambda: slack.answered("second"))


async def test_answers_again_after_slack_could_not_be_asked_for_a_while() -> None:
    """The line is cut, and Slack answers with error pages for several tries; the loss and its end
    are told."""
    with capture_logs() as logs:
        async with on_the_line() as (slack, line):
            slack.silent, before = True, slack.asked
            line.cut()
            await eventually(lambda: slack.asked >= before + 3)
            slack.silent = False
            await eventually(lambda: slack.answered("second") if len(slack.open) > 1 else False)
            await eventually(lambda: "socket.reconnected" in [it["event"] for it in logs])
    events = [it["event"] for it in logs if it["event"] != "socket.not_connected"]
    assert events == ["socket.lost", "socket.reconnected"]


async def test_answers_again_after_an_address_that_was_refused() -> None:
    """Slack refuses the address that it gave for the next connection: another one is asked for, and
    not the same tried on."""
    async with on_the_line() as (slack, line):
        slack.refused.update({2, 3})
        line.cut()
        await eventually(lambda: len(slack.open) == 2)
        await eventually(lambda: slack.answered("second"))


async def test_answers_again_after_the_line_went_silent() -> None:
    """A connection that is open and through which nothing comes any more is given up."""
    async with on_the_line() as (slack, line):
        line.freeze()
        await eventually(lambda: len(slack.open) == 2)
        await eventually(lambda: slack.answered("second"))


async def test_answers_again_after_slack_asked_for_a_fresh_connection() -> None:
    """As Slack does every few hours."""
    async with on_the_line() as (slack, _):
        await slack.open[-1].send_json({"type": "disconnect", "reason": "refresh_requested"})
        await eventually(lambda: len(slack.open) == 2)
        await eventually(lambda: slack.answered("second"))
