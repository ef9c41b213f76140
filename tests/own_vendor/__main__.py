"""`python -m tests.own_vendor`: the bot's command line, with Logbook beside the other vendors."""

import sys

from bot.__main__ import main
from tests.own_vendor.registered import WITH_STAND_IN

if __name__ == "__main__":
    sys.exit(main(vendors=WITH_STAND_IN))
