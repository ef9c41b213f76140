"""The manifest, the listeners, README and docs, and the calls in the code say the same."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from slack_sdk.web.async_client import AsyncWebClient

import handlers
from bot.cli.manifest import CREATE_APP, LONGEST_LINK, LONGEST_PREFIX, command_prefix, filled, link
from bot.delivery.states import RULES
from bot.errors import SettingError
from bot.slack.manifest import load
from bot.slack.scopes import optional, required
from bot.web.oauth import CALLBACK
from tests.specs import spec
from tests.world.bot import World
from tests.world.processes import ROOT

URL = "https://relay.example.org"
BOTH = pytest.mark.parametrize("url", [URL, None], ids=["http", "socket"])

# Web API method -> the bot scopes without which it does not do what we use it for
# (docs.slack.dev/reference/methods).
SCOPES = {
    "api_test": set[str](),
    "apps_connections_open": set[str](),
    "auth_test": set[str](),
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_info": {"channels:read", "groups:read"},
    "files_info": {"files:read"},
    "usergroups_list": {"usergroups:read"},
    "usergroups_users_list": {"usergroups:read"},
    "oauth_v2_access": set[str](),
    "users_info": {"users:read", "users:read.email"},
    "users_list": {"users:read"},
    "views_open": set[str](),
    "views_publish": set[str](),
    "views_push": set[str](),
    "views_update": set[str](),
}
WITHOUT_A_CALL = {"commands"}
"""What slash commands and shortcuts need. The event `app_home_opened` needs none."""


class Registered:
    """Takes what `handlers.register` registers, in place of Bolt's app: (kind, what it listens to)."""

    def __init__(self) -> None:
        self.listeners: list[tuple[str, Any]] = []
        handlers.register(self, None)  # type: ignore[arg-type]

    def __getattr__(self, kind: str) -> Callable[[Any], Callable[[Any], Any]]:
        def register(to: Any) -> Callable[[Any], Any]:
            self.listeners.append((kind, to))
            return lambda listener: listener

        return register

    def of(self, kind: str) -> list[Any]:
        return [to for one, to in self.listeners if one == kind]


def commands() -> list[str]:
    return [it["command"] for it in load()["features"]["slash_commands"]]


def scopes() -> list[str]:
    return [*required(), *optional()]


@BOTH
def test_is_valid_for_slack(url: str | None) -> None:
    """Slack's own schema accepts the manifest, for HTTP and for Socket Mode."""
    schema = json.loads(spec("slack_app_manifest.schema.json").read_text(encoding="utf-8"))
    errors = jsonschema.Draft7Validator(schema).iter_errors(filled(url))
    assert [f"{error.json_path}: {error.message}" for error in errors] == []


@BOTH
def test_keeps_slacks_limits(url: str | None) -> None:
    """What Slack refuses although its schema does not: lengths, counts, and addresses that are
    missing."""
    given = filled(url)
    about, features = given["display_information"], given["features"]
    assert given["_metadata"]["major_version"] == 2
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4000
    assert re.fullmatch("#[0-9a-f]{6}", about["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    assert all(
        re.fullmatch(r"/[a-z0-9_-]{1,31}", it["command"]) for it in features["slash_commands"]
    )
    assert all(it["should_escape"] for it in features["slash_commands"])
    assert len(features["shortcuts"]) <= 10
    assert all(
        len(it["name"]) <= 24 and len(it["description"]) <= 150 for it in features["shortcuts"]
    )
    assert len({it["callback_id"] for it in features["shortcuts"]}) == len(features["shortcuts"])


@BOTH
def test_has_addresses_only_over_http(url: str | None) -> None:
    """Over HTTP every address is the operator's own; with Socket Mode there is none."""
    given = filled(url)
    found = re.findall(r'"((?:\w+_)?url)": "([^"]+)"', json.dumps(given))
    wanted = {("url", f"{URL}/slack/events")} if url else set()
    wanted |= (
        {(it, f"{URL}/slack/events") for it in ("request_url", "message_menu_options_url")}
        if url
        else set()
    )
    assert set(found) == wanted
    assert len(found) == (len(commands()) + 3 if url else 0)
    assert given["settings"]["socket_mode_enabled"] == (url is None)
    assert given["oauth_config"].get("redirect_urls") == ([f"{URL}{CALLBACK}"] if url else None)


@BOTH
@pytest.mark.parametrize("prefix", ["", "acme", "a" * LONGEST_PREFIX])
def test_the_link_holds_the_manifest(url: str | None, prefix: str) -> None:
    """Decoded, it is the manifest. It is short enough for browsers and for Slack."""
    manifest = filled(url, prefix)
    made = link(manifest)
    asked = parse_qs(urlsplit(made).query)
    assert made.startswith(CREATE_APP)
    assert len(made) < LONGEST_LINK == 8000
    assert asked["new_app"] == ["1"]
    assert json.loads(asked["manifest_json"][0]) == manifest


def test_a_link_that_would_be_too_long_is_not_made() -> None:
    """Then the manifest is to be pasted."""
    with pytest.raises(SettingError, match="paste that"):
        link(filled(f"https://{'a' * 500}.example.org"))


@pytest.mark.parametrize("given", ["acme", "/acme", "acme-", " Acme "])
def test_a_prefix_renames_every_command(given: str) -> None:
    """However it is typed; the longest prefix keeps to Slack's 32 characters, and the rest of the
    manifest stays as it was."""
    renamed = filled(URL, command_prefix(given))
    assert [it["command"] for it in renamed["features"]["slash_commands"]] == [
        command.replace("/", "/acme-") for command in commands()
    ]
    longest = filled(URL, "a" * LONGEST_PREFIX)["features"]["slash_commands"]
    assert max(len(it["command"]) for it in longest) == 32
    for changed, before in zip(
        renamed["features"]["slash_commands"], load()["features"]["slash_commands"], strict=True
    ):
        changed["command"] = before["command"]
    assert renamed == filled(URL)


def test_every_command_has_its_listener() -> None:
    """A command of the manifest, or the same with a prefix, is heard by exactly one listener, and
    none is left over."""
    patterns = Registered().of("command")
    for prefix in ("/", "/acme-", "/acme_2-"):
        heard = [
            [it for it in patterns if it.search(command.replace("/", prefix))]
            for command in commands()
        ]
        assert heard == [[pattern] for pattern in patterns]
    strange = (
        "/incidents",
        "/my incident",
        "/acmeincident",
        "incident",
        "/vendors-x",
        "/action-item\n",
    )
    assert [it for it in strange if any(pattern.fullmatch(it) for pattern in patterns)] == []


def test_every_shortcut_has_its_listener() -> None:
    """The shortcuts of the manifest are those that have a listener."""
    assert Registered().of("shortcut") == [
        it["callback_id"] for it in load()["features"]["shortcuts"]
    ]


def test_every_event_has_its_listener_and_the_home_tab_is_there() -> None:
    """What Slack tells us of is what somebody listens to."""
    given = load()
    assert Registered().of("event") == given["settings"]["event_subscriptions"]["bot_events"]
    assert given["features"]["app_home"]["home_tab_enabled"]


def test_every_button_has_its_listener() -> None:
    """Whatever can be pressed below a delivery is heard by exactly one listener."""
    listened = Registered().of("action")
    made = [
        *{name for rule in RULES.values() for name in rule.actions},
        "open",
        "open_1",
        "open_4",
        "more",
        "items_more",
        "value",
        "vendor_rootly",
        "who_may",
        "settings",
        "language",
        "open_vendor",
    ]
    for name in made:
        heard = [
            it for it in listened if it == name or (isinstance(it, re.Pattern) and it.search(name))
        ]
        assert len(heard) == 1, name
    assert len(listened) == len(made) - 3


async def test_the_running_bot_answers_all_of_them(bare_world: World) -> None:
    """Bolt itself finds a listener for every command and shortcut."""
    slack, person, channel = (
        bare_world.sandbox.slack,
        bare_world.admin,
        bare_world.channel("incidents"),
    )
    message = await slack.post(person, channel, "Checkout is slow")
    outcomes = {command: await bare_world.command(command) for command in commands()}
    for it in load()["features"]["shortcuts"]:
        if it["type"] == "global":
            outcomes[it["callback_id"]] = await slack.shortcut(person, it["callback_id"])
        else:
            outcomes[it["callback_id"]] = await slack.message_shortcut(
                person, channel, message["ts"], it["callback_id"]
            )
    assert {name: outcome.status for name, outcome in outcomes.items()} == dict.fromkeys(
        outcomes, 200
    )


def test_asks_for_the_scopes_that_the_code_uses() -> None:
    """Every scope is needed by a call in the code, and every call has its scopes."""
    called = {
        name
        for path in _sources()
        for name in _methods(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert called == SCOPES.keys()
    assert set(scopes()) == set.union(WITHOUT_A_CALL, *(SCOPES[name] for name in called))
    assert len(scopes()) == len(set(scopes()))


def _sources() -> list[Path]:
    """The bot's own code, without the stand-ins."""
    found = [*(ROOT / "bot").rglob("*.py"), *(ROOT / "handlers").rglob("*.py")]
    return [it for it in found if "playground" not in it.parts]


def _methods(tree: ast.AST) -> Iterator[str]:
    """The Web API methods that are called or handed on: `client.chat_postMessage`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = node.attr
            if "_" in name.strip("_") and callable(getattr(AsyncWebClient, name, None)):
                yield name


def test_the_docs_explain_every_command_and_scope() -> None:
    """Whoever installs the app finds each command, with its hint, in the README, and each scope on
    the page about installing."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    install = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    described = [
        f"`{' '.join(filter(None, (it['command'], it.get('usage_hint'))))}`"
        for it in load()["features"]["slash_commands"]
    ]
    names = [f'"{it["name"]}"' for it in load()["features"]["shortcuts"] if it["type"] == "message"]
    missing = [it for it in (*described, *names) if it not in readme]
    missing += [it for it in scopes() if f"`{it}`" not in install]
    assert missing == []
