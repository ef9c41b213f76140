"""What outlives the process: connections, catalogs, deliveries, the channels' habits. Plain SQL, one file."""

from typing import NamedTuple


class Workspace(NamedTuple):
    """Where a row belongs. `enterprise` is empty outside Enterprise Grid; `team` is empty for an org-wide installation."""

    enterprise: str
    team: str
