"""The longer chaos, by hand: `python -m tests.chaos --submissions 2000 --kills 40 --seed 7`."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bot.adapters.registry import ADAPTERS
from bot.playground.vendors.incident_io_versions import CHOICES as VERSIONS
from tests.chaos.run import Plan, chaos


def main() -> int:
    """Run it and print the counts; 0 when nothing was lost, created twice or left unsettled."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--submissions", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=11)
    parser.add_argument(
        "--vendors",
        nargs="+",
        choices=ADAPTERS,
        default=tuple(ADAPTERS),
        help="those that people use",
    )
    parser.add_argument(
        "--incident-io",
        nargs="+",
        choices=VERSIONS,
        default=("both",),
        help="the versions of incident.io's API; several follow each other",
    )
    asked = parser.parse_args()
    seconds = max(asked.submissions / asked.people * 2.5, 6.0 * asked.kills)
    plan = Plan(
        asked.submissions,
        asked.kills,
        seconds,
        asked.seed,
        people=asked.people,
        storm=60.0,
        patience=480.0,
        vendors=asked.vendors,
        incident_io=asked.incident_io,
    )
    with tempfile.TemporaryDirectory() as folder:
        result = asyncio.run(chaos(plan, Path(folder)))
    print(f"seed {asked.seed}\n{result.table}")  # noqa: T201  a command line prints
    for name, found in result.faults.items():
        print(f"{name}: {len(found)}", *found[:20], sep="\n  ")  # noqa: T201
    return int(any(result.faults.values()))


if __name__ == "__main__":
    sys.exit(main())
