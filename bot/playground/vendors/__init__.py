"""Stand-ins for the vendors: small HTTP services on this machine.

They are as strict as the vendors are documented to be. Begin with `base`, which every stand-in
shares. `data` and `data_incidents` hold the invented company.
"""

from bot.playground.vendors.base import VendorStandIn
from bot.playground.vendors.incident_io import IncidentIo
from bot.playground.vendors.rootly import Rootly
from bot.playground.vendors.twilio import Twilio

__all__ = ["IncidentIo", "Rootly", "Twilio", "VendorStandIn"]
