"""Stand-ins for the vendors: little HTTP services on this machine, as strict as the real ones are
documented. A stand-in is a module beside this one, and a name in `STAND_INS`."""

from collections.abc import Mapping

from bot.playground.vendors.base import VendorStandIn
from bot.playground.vendors.incident_io import IncidentIo
from bot.playground.vendors.rootly import Rootly
from bot.playground.vendors.twilio import Twilio

__all__ = ["STAND_INS", "IncidentIo", "Rootly", "StandIns", "Twilio", "VendorStandIn"]

StandIns = Mapping[str, type[VendorStandIn]]
"""The stand-ins by their vendor's name."""

STAND_INS: StandIns = {each.adapter.vendor: each for each in (Rootly, IncidentIo, Twilio)}
