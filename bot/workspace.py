"""Whose a row is: a workspace, the connection of a workspace to a vendor, or all of an
organisation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspaces that an uninstallation is about.

    It is one workspace; or, where `workspace` has no team, the whole organisation without the teams
    in `kept`, which have installations of their own. `served`: only the team's own installation was
    removed, and the installation of its organisation serves the team from now on.
    """

    workspace: Workspace
    kept: frozenset[str] = frozenset()
    served: bool = False

    def __contains__(self, other: object) -> bool:
        if not isinstance(other, Workspace):
            return False
        if self.workspace.team:
            return other == self.workspace
        return other.enterprise == self.workspace.enterprise and other.team not in self.kept

    @property
    def condition(self) -> str:
        """The SQL condition for rows of these workspaces. Its parameters are `values`."""
        if self.workspace.team:
            return "(enterprise, team) = (:enterprise, :team)"
        return "enterprise = :enterprise AND team NOT IN (SELECT value FROM json_each(:kept))"

    @property
    def values(self) -> Mapping[str, str]:
        """The parameters of `condition`, by name."""
        return {**self.workspace._asdict(), "kept": json.dumps(sorted(self.kept))}
