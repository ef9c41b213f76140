"""What a row belongs to: a workspace, and the connection of a workspace to a vendor."""

from typing import NamedTuple


class Workspace(NamedTuple):
    """A Slack workspace, or an organisation.

    `enterprise` is empty outside Enterprise Grid. `team` is empty for an organisation-wide
    installation.
    """

    enterprise: str
    team: str


ConnectionKey = tuple[Workspace, str]
"""The workspace and the vendor's name: which connection."""
