"""`python -m bot manifest`: manifest.yml with the operator's own address."""

import copy
from typing import Any

import yaml

from bot.slack.manifest import load

PLACEHOLDER = "https://relay.example.com"


def filled(url: str | None) -> dict[str, Any]:
    """Return the manifest for the bot at `url`, or for Socket Mode if `url` is None.

    `url` has no trailing slash.
    """
    manifest = copy.deepcopy(dict(load()))
    for command in manifest["features"]["slash_commands"]:
        _fill(command, "url", url)
    oauth = manifest["oauth_config"]
    if url is None:
        del oauth["redirect_urls"]
    else:
        oauth["redirect_urls"] = [
            address.replace(PLACEHOLDER, url) for address in oauth["redirect_urls"]
        ]
    interactivity = manifest["settings"]["interactivity"]
    _fill(interactivity, "request_url", url)
    _fill(interactivity, "message_menu_options_url", url)
    _fill(manifest["settings"]["event_subscriptions"], "request_url", url)
    manifest["settings"]["socket_mode_enabled"] = url is None
    return manifest


def text(url: str | None) -> str:
    """Return the filled manifest as YAML, ready for Slack's "From a manifest" page."""
    return yaml.safe_dump(filled(url), sort_keys=False, allow_unicode=True, width=120)


def _fill(owner: dict[str, Any], name: str, url: str | None) -> None:
    if url is None:
        owner.pop(name, None)
    else:
        owner[name] = owner[name].replace(PLACEHOLDER, url)
