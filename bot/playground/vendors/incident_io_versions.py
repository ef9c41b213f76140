"""The two versions of incident.io's actions and follow-ups, and the switch between them."""

from collections.abc import Mapping

from bot.playground.vendors.incident_io_data import Row

CHOICES: Mapping[str, str] = {
    "both": "v2 and v3",
    "v2_removed": "v2 removed",
    "v3_missing": "v3 missing",
}
ROUTES = ("actions", "follow_ups")
_LEFT_OUT = {"v2_removed": "v2", "v3_missing": "v3"}


def is_served(path: str, choice: str) -> bool:
    """Return whether the path exists with that choice.

    Only actions and follow-ups have two versions.
    """
    version, _, route = path.strip("/").partition("/")
    return route.partition("/")[0] not in ROUTES or version != _LEFT_OUT.get(choice)


def is_paged(path: str) -> bool:
    """Return whether the version in this path gives its lists in pages."""
    return path.startswith("/v3/")


def shown_by(path: str, row: Row) -> Row:
    """Return the action or follow-up in the format of this path's version.

    Version 2 has no category.
    """
    if is_paged(path):
        return row
    return {name: value for name, value in row.items() if name != "category"}
