"""`python -m tests.own_vendor.without_stand_in`: the same, where Logbook has no stand-in."""

import sys

from bot.__main__ import main
from tests.own_vendor.registered import WITHOUT_STAND_IN

if __name__ == "__main__":
    sys.exit(main(vendors=WITHOUT_STAND_IN))
