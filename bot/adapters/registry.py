"""The vendors that the bot can forward to. A vendor is a module or package beside this one, and a
name in `ADAPTERS`.

Whoever needs the vendors takes a mapping such as `ADAPTERS` as an argument, so that a test can run
the whole bot with a vendor of its own.
"""

from collections.abc import Mapping

import httpx

from bot.adapters.base import Adapter
from bot.adapters.incident_io import IncidentIo
from bot.adapters.rootly import Rootly
from bot.adapters.twilio import Twilio
from bot.settings import Settings

Adapters = Mapping[str, type[Adapter]]
"""The vendors by name, in the order in which menus show them."""

ADAPTERS: Adapters = {each.vendor: each for each in (Rootly, IncidentIo, Twilio)}


def base_urls(settings: Settings, adapters: Adapters = ADAPTERS) -> dict[str, str]:
    """Return the address of each vendor's API: the operator's, or else the vendor's own. Raises
    `SettingError`."""
    addresses = settings.addresses(
        {each.url_variable: each.default_url for each in adapters.values()}
    )
    return {vendor: addresses[adapter.url_variable] for vendor, adapter in adapters.items()}


def make_adapters(
    client: httpx.AsyncClient, base_urls: Mapping[str, str], adapters: Adapters = ADAPTERS
) -> dict[str, Adapter]:
    """Return one adapter a vendor; `base_urls` has the address of each vendor's API. Raises
    `KeyError` for a vendor without an address."""
    return {vendor: adapter(client, base_urls[vendor]) for vendor, adapter in adapters.items()}
