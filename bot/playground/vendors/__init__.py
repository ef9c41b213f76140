"""Stand-ins for the three vendors: little HTTP services on this machine, as strict as the real ones
are documented."""

from bot.playground.vendors.base import VendorStandIn
from bot.playground.vendors.incident_io import IncidentIo
from bot.playground.vendors.rootly import Rootly
from bot.playground.vendors.twilio import Twilio

__all__ = ["IncidentIo", "Rootly", "Twilio", "VendorStandIn"]
