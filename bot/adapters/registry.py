"""The vendors that the bot can forward to. A vendor is a module or package beside this one, and a
line in `ADAPTERS`."""

from collections.abc import Mapping

import httpx

from bot.adapters.base import Adapter
from bot.adapters.incident_io import IncidentIo
from bot.adapters.rootly import Rootly
from bot.adapters.twilio import Twilio

ADAPTERS: Mapping[str, type[Adapter]] = {
    Rootly.vendor: Rootly,
    IncidentIo.vendor: IncidentIo,
    Twilio.vendor: Twilio,
}
"""In the order in which menus show them."""


def make_adapters(client: httpx.AsyncClient, base_urls: Mapping[str, str]) -> dict[str, Adapter]:
    """One adapter a vendor; `base_urls` has the address of each vendor's API. KeyError for one
    without an address."""
    return {vendor: adapter(client, base_urls[vendor]) for vendor, adapter in ADAPTERS.items()}
