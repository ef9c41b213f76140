"""`python -m bot manifest`: manifest.yml with the operator's own address and command prefix."""

import copy
import json
import re
from typing import Any
from urllib.parse import quote

import yaml

from bot.errors import SettingError
from bot.slack.manifest import load

PLACEHOLDER = "https://relay.example.com"
CREATE_APP = "https://api.slack.com/apps?new_app=1&manifest_json="
"""Slack's "Create an app" page. Slack documents the page, and not the parameter."""
LONGEST_LINK = 8000
"""Characters of an address that every browser and Slack's web server take."""
LONGEST_PREFIX = 17
"""A command has at most 32 characters (api.slack.com), and the longest is `/workflow-task`."""

_ADDRESS = re.compile(r"https://[^\s/?#]+(/[^\s?#]*)?")
_PREFIX = re.compile(rf"[a-z0-9_-]{{0,{LONGEST_PREFIX - 1}}}[a-z0-9_]")


def filled(url: str | None, prefix: str = "") -> dict[str, Any]:
    """Return the manifest for the bot at `url`, or for Socket Mode if `url` is None.

    `url` has no trailing slash. With the prefix "acme", `/incident` becomes `/acme-incident`.
    """
    manifest = copy.deepcopy(dict(load()))
    oauth, settings = manifest["oauth_config"], manifest["settings"]
    commands = manifest["features"]["slash_commands"]
    addresses = [
        *((command, "url") for command in commands),
        (settings["interactivity"], "request_url"),
        (settings["interactivity"], "message_menu_options_url"),
        (settings["event_subscriptions"], "request_url"),
    ]
    for owner, name in addresses:
        address = owner.pop(name)
        if url is not None:
            owner[name] = address.replace(PLACEHOLDER, url)
    for command in commands if prefix else ():
        command["command"] = command["command"].replace("/", f"/{prefix}-")
    redirects = oauth.pop("redirect_urls")
    if url is not None:
        oauth["redirect_urls"] = [address.replace(PLACEHOLDER, url) for address in redirects]
    settings["socket_mode_enabled"] = url is None
    return manifest


def address(url: str) -> str:
    """Return the bot's public address without its trailing slash. Raises `SettingError`."""
    if not _ADDRESS.fullmatch(url):
        raise SettingError(
            "--url", "should be the bot's address and begin with https://, or give --socket."
        )
    return url.rstrip("/")


def command_prefix(given: str) -> str:
    """Return the prefix as it stands in the commands' names: "acme" of "/Acme-".

    Raises `SettingError` for a prefix that Slack would refuse.
    """
    prefix = given.strip().removeprefix("/").removesuffix("-").lower()
    if given and not _PREFIX.fullmatch(prefix):
        raise SettingError(
            "--prefix",
            f"should be at most {LONGEST_PREFIX} letters, digits, hyphens and underscores, such as "
            "acme.",
        )
    return prefix


def text(manifest: dict[str, Any]) -> str:
    """Return the manifest as YAML, ready for Slack's "From a manifest" page."""
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=120)


def link(manifest: dict[str, Any]) -> str:
    """Return the address of Slack's "Create an app" page with the manifest in it.

    Raises `SettingError` when the address would be too long for a browser.
    """
    compact = json.dumps(manifest, separators=(",", ":"), ensure_ascii=False)
    whole = f"{CREATE_APP}{quote(compact, safe='')}"
    if len(whole) > LONGEST_LINK:
        raise SettingError(
            "--link",
            f"would be longer than {LONGEST_LINK:,} characters. Print the manifest without it, and "
            "paste that.",
        )
    return whole
