"""Logbook as a registered vendor, with its stand-in and without."""

from bot.__main__ import Vendors
from bot.adapters.registry import ADAPTERS, Adapters
from bot.playground.vendors import STAND_INS
from tests.own_vendor.logbook import Logbook
from tests.own_vendor.stand_in import LogbookStandIn

PROGRAM = "tests.own_vendor"
ALL: Adapters = {**ADAPTERS, Logbook.vendor: Logbook}
WITH_STAND_IN = Vendors(ALL, {**STAND_INS, Logbook.vendor: LogbookStandIn}, PROGRAM)
WITHOUT_STAND_IN = Vendors(ALL, STAND_INS, PROGRAM)
