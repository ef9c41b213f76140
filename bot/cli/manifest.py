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
    oauth, settings = manifest["oauth_config"], manifest["settings"]
    addresses = [
        *((command, "url") for command in manifest["features"]["slash_commands"]),
        (settings["interactivity"], "request_url"),
        (settings["interactivity"], "message_menu_options_url"),
        (settings["event_subscriptions"], "request_url"),
    ]
    for owner, name in addresses:
        address = owner.pop(name)
        if url is not None:
            owner[name] = address.replace(PLACEHOLDER, url)
    redirects = oauth.pop("redirect_urls")
    if url is not None:
        oauth["redirect_urls"] = [address.replace(PLACEHOLDER, url) for address in redirects]
    settings["socket_mode_enabled"] = url is None
    return manifest


def text(url: str | None) -> str:
    """Return the filled manifest as YAML, ready for Slack's "From a manifest" page."""
    return yaml.safe_dump(filled(url), sort_keys=False, allow_unicode=True, width=120)
