"""The page's server: the state, the events, what a person does, and who may ask."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import httpx
import pytest
from starlette.responses import JSONResponse

from bot.playground.control_api import ControlApi
from bot.playground.server import page_app
from bot.playground.serving import Server
from bot.playground.slack.events import BACKLOG, Hub
from tests.playground.fake_bot import (
    DANIEL,
    JONAS,
    MAYA,
    PUBLIC,
    Workspace,
    modal,
    plain,
    text_input,
    typed,
)


class Vendor:
    """The least that the page needs of a vendor's stand-in."""

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        self.fault = "fine"
        self.version = "both"

    async def set_fault(self, name: str) -> None:
        self.fault = name
        if self.on_change is not None:
            self.on_change()

    def set_version(self, name: str) -> None:
        if name not in ("both", "v2_removed"):
            raise ValueError("There is no such version.")
        self.version = name

    def describe(self) -> dict[str, Any]:
        return {
            "name": "rootly",
            "label": "Rootly",
            "fault": self.fault,
            "version": self.version,
            "objects": [],
            "requests": [],
        }


async def post(workspace: Workspace, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    response = await workspace.client.post(f"/api/{path}", json=body)
    return response.status_code, response.json()


async def read_events(workspace: Workspace, ready: asyncio.Event) -> AsyncIterator[dict[str, Any]]:
    async with workspace.client.stream("GET", "/api/events", timeout=None) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        async for line in response.aiter_lines():
            if line == ": listening":
                ready.set()
            elif line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


async def collect(workspace: Workspace, ready: asyncio.Event) -> list[dict[str, Any]]:
    return [event async for event in read_events(workspace, ready)]


async def test_state(workspace: Workspace) -> None:
    """The state is the whole workspace as the page needs it."""
    view_id = await workspace.open(modal(text_input("title")))
    posted = await workspace.api("chat.postMessage", channel=MAYA, text="Hello")
    await workspace.api(
        "views.publish", user_id=MAYA, view={"type": "home", "blocks": [{"type": "divider"}]}
    )
    state = (await workspace.client.get("/api/state")).json()
    people = {person["id"]: person for person in state["people"]}
    channels = {channel["id"]: channel for channel in state["channels"]}

    told = (
        "team",
        "app",
        "bot",
        "queue",
        "waiting",
        "commands",
        "shortcuts",
        "vendors",
        "ephemerals",
    )
    assert {name: state[name] for name in told} == {
        "team": {"id": "T06QJ0B7N2W", "name": "Brambleway", "domain": "brambleway"},
        "app": {"name": "Incident Relay", "bot_user_id": "U06RELAY001", "has_home": True},
        "bot": "up",
        "queue": [],
        "waiting": 0,
        "commands": [
            {"command": "/incident", "description": "Declare an incident", "usage_hint": "[title]"},
            {"command": "/plain", "description": "Takes text as it is", "usage_hint": ""},
        ],
        "shortcuts": [
            {
                "name": "New incident",
                "type": "global",
                "callback_id": "new",
                "description": "Declare an incident",
            },
            {
                "name": "Declare",
                "type": "message",
                "callback_id": "declare",
                "description": "Declare from a message",
            },
        ],
        "vendors": [],
        "ephemerals": [],
    }
    assert people[MAYA] == {
        "id": MAYA,
        "name": "maya",
        "real_name": "Maya Okafor",
        "title": "Head of Platform",
        "is_admin": True,
        "color": "9f69e7",
        "initials": "MO",
        "is_bot": False,
        "is_guest": False,
        "playable": True,
    }
    assert (people[DANIEL]["is_guest"], people["U06RELAY001"]["is_bot"]) == (True, True)
    assert [person["id"] for person in state["people"] if person["playable"]] == [MAYA, JONAS]
    assert channels[PUBLIC] == {
        "id": PUBLIC,
        "name": "incidents",
        "is_private": False,
        "is_im": False,
        "bot_is_member": True,
        "topic": "Declare with /incident. One thread per incident, please.",
    }
    assert channels[posted["channel"]] == {
        "id": posted["channel"],
        "name": "Incident Relay",
        "is_private": True,
        "is_im": True,
        "bot_is_member": True,
        "topic": "",
        "user_id": MAYA,
    }
    assert state["messages"][posted["channel"]] == [posted["message"]]
    assert [view["id"] for view in state["views"][MAYA]] == [view_id]
    assert state["home"] == {MAYA: workspace.slack.home(MAYA)}


async def test_events(workspace: Workspace) -> None:
    """What happens is told as it happens, each thing by its type."""
    ready = asyncio.Event()
    reader = asyncio.create_task(collect(workspace, ready))
    await ready.wait()

    sent = await workspace.api("chat.postMessage", channel=PUBLIC, text="Sending")
    await workspace.api("chat.update", channel=PUBLIC, ts=sent["ts"], text="Done")
    await workspace.api("chat.delete", channel=PUBLIC, ts=sent["ts"])
    await workspace.api("chat.postEphemeral", channel=PUBLIC, user=MAYA, text="Only you")
    direct = (await workspace.api("conversations.open", users=MAYA))["channel"]["id"]
    view_id = await workspace.open(modal(text_input("title")))
    await workspace.slack.submit(MAYA, view_id, typed("title", "Down"))
    await workspace.api(
        "views.publish", user_id=MAYA, view={"type": "home", "blocks": [{"type": "divider"}]}
    )
    workspace.slack.hub.publish({"type": "bot", "state": "down"})
    workspace.slack.hub.close()
    events = await asyncio.wait_for(reader, 5)

    [(_, _, ephemeral)] = workspace.slack.ephemerals
    assert events == [
        {"type": "message", "channel": PUBLIC, "message": ANY},
        {"type": "message_changed", "channel": PUBLIC, "message": ANY},
        {"type": "message_deleted", "channel": PUBLIC, "ts": sent["ts"]},
        {"type": "ephemeral", "channel": PUBLIC, "user": MAYA, "message": ephemeral},
        {
            "type": "channel",
            "channel": workspace.slack.channel_json(workspace.slack.channels[direct]),
        },
        {"type": "views", "user": MAYA, "views": [ANY]},
        {"type": "views", "user": MAYA, "views": []},
        {"type": "home", "user": MAYA, "view": workspace.slack.home(MAYA)},
        {"type": "bot", "state": "down"},
    ]
    assert [event["message"]["text"] for event in events[:2]] == ["Sending", "Done"]
    assert events[5]["views"][0]["id"] == view_id


async def test_slow_listener() -> None:
    """A listener that falls too far behind is cut off, and the others hear everything."""
    hub = Hub()
    slow, quick = hub.subscribe(), hub.subscribe()
    heard = []
    for number in range(BACKLOG + 1):
        hub.publish({"type": "bot", "state": number})
        heard.append(await anext(quick))
    assert [event async for event in slow] == []
    assert [event["state"] for event in heard] == list(range(BACKLOG + 1))


async def test_what_a_person_does(workspace: Workspace) -> None:
    """Everything that a person can do on the page has its call, and the bot hears of it."""
    picker = {"type": "external_select", "action_id": "value", "min_query_length": 0}
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    form = modal(
        text_input("title"),
        {
            "type": "input",
            "block_id": "pick",
            "optional": True,
            "label": plain("Pick"),
            "element": picker,
        },
        {"type": "actions", "block_id": "do", "elements": [button]},
    )
    view = {"user": MAYA, "view_id": await workspace.open(form)}
    ok = (200, {"ok": True})
    del workspace.bot.received[:]
    workspace.bot.answers.append(JSONResponse({"options": []}))

    assert await post(
        workspace, "options", **view, block_id="pick", action_id="value", query=""
    ) == (
        200,
        {"options": []},
    )
    assert (
        await post(
            workspace, "act", **view, block_id="do", action_id="go", action={"type": "button"}
        )
        == ok
    )
    refused = {"ok": False, "errors": {"title": "Please complete this required field."}}
    assert await post(workspace, "submit", **view, values={}) == (200, refused)
    assert await post(workspace, "submit", **view, values=typed("title", "Down")) == ok
    assert await post(workspace, "message", user=JONAS, channel=PUBLIC, text="Look") == ok
    ts = workspace.slack.channels[PUBLIC].messages[0]["ts"]
    assert (
        await post(workspace, "shortcut", user=MAYA, callback_id="declare", channel=PUBLIC, ts=ts)
        == ok
    )
    assert await post(workspace, "shortcut", user=MAYA, callback_id="new") == ok
    assert await post(workspace, "command", user=MAYA, channel=PUBLIC, text="/incident Down") == ok
    assert await post(workspace, "home", user=MAYA) == ok
    assert await post(workspace, "close", user=MAYA, view_id=await workspace.open(form)) == ok
    assert [payload.get("type", payload.get("command")) for payload in workspace.bot.received] == [
        "block_suggestion",
        "block_actions",
        "view_submission",
        "message_action",
        "shortcut",
        "/incident",
        "event_callback",
        "/incident",
    ]


async def test_bad_requests(workspace: Workspace) -> None:
    """A call with wrong members is 400 and names them, one about something that is not there 404."""
    wrong = await post(workspace, "command", user=MAYA, text=5, extra="x")
    assert wrong == (400, {"ok": False, "error": "Not as expected: channel, text, extra."})
    gone = await post(workspace, "close", user=MAYA, view_id="V0")
    assert gone == (404, {"ok": False, "error": f"{MAYA} has no view V0 open."})
    unknown = await post(workspace, "vendors/nobody/fault", fault="down")
    assert unknown == (404, {"ok": False, "error": "There is no such vendor."})
    assert await post(workspace, "vendors/nobody/version", version="both") == unknown


async def test_the_queue(workspace: Workspace) -> None:
    """The bot's queue is told as it changes, and is in the state."""
    line = {"id": 7, "title": "Checkout is down", "state": "queued"}
    with workspace.slack.subscribe() as events:
        workspace.control_api.show_queue([line], 12)
        told = await anext(events)
    state = (await workspace.client.get("/api/state")).json()
    assert told == {"type": "queue", "queue": [line], "waiting": 12}
    assert (state["queue"], state["waiting"]) == ([line], 12)


async def test_killing_the_bot(workspace: Workspace) -> None:
    """The call is passed on to whoever runs the bot; where nobody does, or it does not run, that is
    said."""
    assert await post(workspace, "bot/kill") == (
        200,
        {"ok": False, "error": "Nobody would start the bot again here."},
    )
    runs = True
    workspace.control_api.kill = lambda: runs
    assert await post(workspace, "bot/kill") == (200, {"ok": True})
    runs = False
    assert await post(workspace, "bot/kill") == (
        200,
        {"ok": False, "error": "The bot is not running at the moment."},
    )


async def test_vendor_fault(workspace: Workspace) -> None:
    """Switching a vendor's fault switches its stand-in and is told to the page."""
    vendor = Vendor()
    async with Server(
        page_app(workspace.slack, {"rootly": vendor}, ControlApi(workspace.slack.hub))
    ) as server:
        with workspace.slack.subscribe() as events:
            wrong = await workspace.client.post(
                f"{server.url}/api/vendors/rootly/fault", json={"fault": "tired"}
            )
            right = await workspace.client.post(
                f"{server.url}/api/vendors/rootly/fault", json={"fault": "down"}
            )
            told = await anext(events)
        state = (await workspace.client.get(f"{server.url}/api/state")).json()
    assert (wrong.status_code, right.status_code, right.json()) == (400, 200, {"ok": True})
    assert told == {"type": "vendor", "vendor": vendor.describe()}
    assert (state["bot"], state["vendors"][0]["fault"]) == ("down", "down")


async def test_vendor_version(workspace: Workspace) -> None:
    """The same for what a vendor's API consists of; what it cannot be is said."""
    vendor = Vendor()
    async with Server(
        page_app(workspace.slack, {"rootly": vendor}, ControlApi(workspace.slack.hub))
    ) as server:
        url = f"{server.url}/api/vendors/rootly/version"
        wrong = await workspace.client.post(url, json={"version": "v9"})
        mistaken = await workspace.client.post(url, json={"fault": "down"})
        right = await workspace.client.post(url, json={"version": "v2_removed"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "There is no such version.")
    assert (mistaken.status_code, mistaken.json()["error"]) == (
        400,
        "Not as expected: version, fault.",
    )
    assert (right.json(), vendor.version) == ({"ok": True}, "v2_removed")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:1234"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:127.0.0.1"}, 421),
        ({"Host": ":127.0.0.1"}, 421),
        ({"Host": "127.0.0.1.evil.example:8700"}, 421),
    ],
    ids=lambda part: str(part.get("Host")) if isinstance(part, dict) else "",
)
async def test_hosts(workspace: Workspace, headers: dict[str, str], status: int) -> None:
    """Only this machine's own names are served."""
    assert (await workspace.client.get("/api/state", headers=headers)).status_code == status


async def test_origins(workspace: Workspace) -> None:
    """Another site's page, another port's too, cannot drive the playground; its own page can."""
    body = {"user": MAYA, "channel": PUBLIC, "text": "Hello"}

    async def status(origin: str) -> int:
        response = await workspace.client.post(
            "/api/message", json=body, headers={"Origin": origin}
        )
        return response.status_code

    origins = [workspace.url, "http://evil.example", "http://127.0.0.1:1", "null"]
    assert [await status(origin) for origin in origins] == [200, 403, 403, 403]
    assert len(workspace.slack.channels[PUBLIC].messages) == 1


async def test_page(workspace: Workspace, tmp_path: Path) -> None:
    """The page and its files come with strict headers and the content types that browsers insist
    on."""
    for name in ("index.html", "main.js", "look.css", "icon.svg"):
        (tmp_path / name).write_text("x")
    paths = ["/", "/static/main.js", "/static/look.css", "/static/icon.svg"]
    async with Server(
        page_app(workspace.slack, {}, ControlApi(workspace.slack.hub), page=tmp_path)
    ) as server:
        answers = [await workspace.client.get(server.url + path) for path in paths]
        missing = await workspace.client.get(f"{server.url}/static/%2e%2e/server.py")
    assert [answer.headers["content-type"] for answer in answers] == [
        "text/html; charset=utf-8",
        "text/javascript; charset=utf-8",
        "text/css; charset=utf-8",
        "image/svg+xml",
    ]
    assert missing.status_code == 404
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"] == (
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


async def test_server_starts_again_on_its_port(workspace: Workspace) -> None:
    """A stopped server refuses connections and starts again where it was; two cannot have one port."""
    server = Server(page_app(workspace.slack, {}, ControlApi(workspace.slack.hub)))
    await server.start()
    url = server.url
    with pytest.raises(OSError, match="in use"):
        await Server(
            page_app(workspace.slack, {}, ControlApi(workspace.slack.hub)), port=server.port
        ).start()
    await server.stop()
    with pytest.raises(httpx.ConnectError):
        await workspace.client.get(f"{url}/api/state")
    await server.start()
    assert (server.url, (await workspace.client.get(f"{url}/api/state")).status_code) == (url, 200)
    await server.stop()


async def test_server_stops_in_spite_of_listeners(workspace: Workspace) -> None:
    """A page that still listens does not keep the server from stopping."""
    server = Server(page_app(workspace.slack, {}, ControlApi(workspace.slack.hub)))
    await server.start()
    async with workspace.client.stream("GET", f"{server.url}/api/events", timeout=None) as response:
        assert response.status_code == 200
        await asyncio.wait_for(server.stop(), 3)
    assert not server.running
