"""Well-signed payloads of any shape: what Slack really sends, bent at random, and plain nonsense."""

import copy
import json
import logging
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.playground.serving import Server
from bot.playground.slack.transport import encode, signature
from bot.web.app import form_payload
from tests.world.bot import World, eventually

Payload = dict[str, Any]
Taken = dict[str, tuple[Any, Payload]]
Path = tuple[str | int, ...]
Bends = list[tuple[int, Any]]

MANY = settings(
    max_examples=300,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

DROP = object()
EMPTY: tuple[Any, ...] = ("", [], {}, [{}], [None], 0)
# Lone surrogates and NUL included: JSON can spell them.
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=12)
)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TYPES = (
    "view_submission",
    "view_closed",
    "block_actions",
    "block_suggestion",
    "shortcut",
    "message_action",
)
KINDS = (
    "command",
    "shortcut",
    "message_action",
    "view_submission",
    "block_actions",
    "block_suggestion",
)
EVENTS = (
    "event_callback",
    "url_verification",
    "interactive_message",
    "dialog_submission",
    "workflow_step_edit",
)
# fmt: off
NAMES = (
    "command", "text", "trigger_id", "channel_id", "team_id", "user_id", "enterprise_id", "team", "user",
    "enterprise", "channel", "message", "view", "actions", "block_id", "action_id", "value", "container", "state",
    "callback_id", "authorizations", "event", "is_enterprise_install", "response_url", "response_urls",
    "message_ts", "ssl_check", "challenge", "function_data", "bot_access_token", "is_ext_shared_channel",
    "thread_ts",
)
# fmt: on
slackish = st.dictionaries(st.sampled_from(NAMES), anything, max_size=6).flatmap(
    lambda members: st.sampled_from((*TYPES, *EVENTS)).map(lambda kind: {"type": kind, **members})
)


@asynccontextmanager
async def direct(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls the bot's web application itself, so that what it raises reaches the
    test."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(world.bot.web), base_url="http://bot"
    ) as client:
        yield client


async def send(
    world: World, client: httpx.AsyncClient, content_type: str, body: bytes
) -> httpx.Response:
    signed = signature(
        world.sandbox.secrets["SLACK_SIGNING_SECRET"].encode(), body, int(time.time())
    )
    return await client.post(
        "/slack/events", content=body, headers={**signed, "Content-Type": content_type}
    )


@pytest.fixture
def tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails when anything was logged with a traceback, such as a task that nobody waited for."""
    yield
    logged = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    assert [it.getMessage() for it in logged if it.exc_info or it.levelno >= logging.ERROR] == []


class Recorder:
    """Stands between the Slack stand-in and the bot, and keeps what is sent. `taken` is by the
    payload's kind."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.taken: Taken = {}

    async def __call__(self, request: Request) -> Response:
        body = await request.body()
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        payload = json.loads(form["payload"]) if "payload" in form else form
        self.taken[payload.get("type", "command")] = (
            "interactive" if "payload" in form else "slash_commands",
            payload,
        )
        async with direct(self._world) as client:
            answer = await client.post("/slack/events", content=body, headers=request.headers.raw)
        return Response(
            answer.content,
            answer.status_code,
            {"content-type": answer.headers.get("content-type", "")},
        )


async def record(world: World) -> Taken:
    """One payload of every kind that Slack sends this bot: kind -> (the way it travels, the
    payload)."""
    slack, person = world.sandbox.slack, world.admin
    recorder = Recorder(world)
    async with Server(
        Starlette(routes=[Route("/slack/events", recorder.__call__, methods=["POST"])])
    ) as server:
        slack.bot_url, bot_url = server.url, slack.bot_url
        await world.command("/incident Checkout is down")
        view = slack.views(person)[-1]
        await slack.options(person, view["id"], "rootly.incident.severity_id", "value", "")
        chosen = {
            "type": "static_select",
            "selected_option": view["blocks"][0]["element"]["options"][0],
        }
        await slack.act(
            person, view_id=view["id"], block_id="choice", action_id="value", action=chosen
        )
        view = slack.views(person)[-1]
        summary = {"type": "plain_text_input", "value": "Nobody can pay."}
        assert (
            await slack.submit(person, view["id"], {"rootly.incident.summary": {"value": summary}})
        ).ok
        await slack.shortcut(person, "declare_incident")
        message = await slack.post(person, world.channel("incidents"), "Checkout is slow")
        await slack.message_shortcut(
            person, world.channel("incidents"), message["ts"], "declare_incident_from_message"
        )
        slack.bot_url = bot_url
    return recorder.taken


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with direct(world) as client:
        yield client


@pytest.fixture
def nobodies(world: World) -> Iterator[None]:
    """A bent person, channel, trigger or view makes calls that Slack refuses; all else that it sees
    is well formed."""
    yield
    about = ("field: user", "field: channel", "field: trigger_id", "json-pointer:/view_id]")
    world.sandbox.slack.violations[:] = [
        it for it in world.sandbox.slack.violations if not it.endswith(about)
    ]


@pytest.fixture
async def taken(world: World) -> Taken:
    await eventually(lambda: world.sandbox.vendors["rootly"].requests)
    taken = await record(world)
    assert set(taken) == set(KINDS)
    return taken


@MANY
@given(payload=anything | slackish, kind=st.sampled_from(["events_api", "interactive"]))
async def test_takes_any_json(
    world: World, client: httpx.AsyncClient, tracebacks: None, payload: Any, kind: Any
) -> None:
    """Signed JSON of any shape, as a body or as a form's payload, never ends in a fault of ours."""
    assert (await send(world, client, *encode(kind, payload))).status_code < 500


@MANY
@given(
    kind=st.sampled_from(KINDS),
    key=st.uuids(),
    bends=st.lists(
        st.tuples(st.integers(0, 9999), st.just(DROP) | st.sampled_from(EMPTY) | anything),
        min_size=1,
        max_size=3,
    ),
)
async def test_takes_real_payloads_that_were_bent(
    world: World,
    client: httpx.AsyncClient,
    tracebacks: None,
    nobodies: None,
    taken: Taken,
    kind: str,
    key: uuid.UUID,
    bends: Bends,
) -> None:
    """A real payload with members dropped, replaced or of another type is answered or refused,
    never a fault of ours."""
    way, payload = copy.deepcopy(taken[kind])
    view = payload.get("view", {})
    if view:  # what the modal remembers is JSON in a string: bend it too, and make every submission a new one
        view["private_metadata"] = json.loads(view["private_metadata"]) | {
            "key": f"ir{key.hex[:12]}"
        }
    for where, instead in bends:
        bend(payload, where, instead)
    if view and not isinstance(view.get("private_metadata", ""), str):
        view["private_metadata"] = json.dumps(view["private_metadata"])
    assert (await send(world, client, *encode(way, payload))).status_code < 500


def bend(payload: Payload, where: int, instead: Any) -> None:
    """Drop or replace one member, however deep: the one that `where` comes to, counted round and
    round."""
    ways = list(paths(payload))
    if not ways:
        return
    *above, last = ways[where % len(ways)]
    owner: Any = payload
    for step in above:
        owner = owner[step]
    if instead is DROP:
        del owner[last]
    else:
        owner[last] = copy.deepcopy(instead)


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """The way to every member of every object and list inside."""
    members = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, member in members:
        yield (*here, name)
        yield from paths(member, (*here, name))


@settings(max_examples=300)
@given(st.text(min_size=1))
def test_a_payload_is_decoded_as_a_form_is(payload: str) -> None:
    """The short way gives what the long one gives."""
    body = urlencode({"payload": payload}, errors="replace")
    assert form_payload(body) == parse_qs(body)["payload"][0]


@settings(max_examples=300)
@given(st.text(alphabet="%0aAfF+ x_.-~!*'()=\t&;é", min_size=1))
def test_a_payload_that_no_form_encoder_wrote_is_decoded_as_a_form_is(value: str) -> None:
    """Escapes that are none, and what has to be escaped, take the long way."""
    found = parse_qs(f"payload={value}").get("payload", [])
    if len(found) == 1:
        assert form_payload(f"payload={value}") == found[0]
