"""The right that each call at TaskRouter needs from a restricted key, such as "task_queues:read".

The names are our own.
"""

from collections.abc import Collection

_LISTS = {
    "TaskQueues": "task_queues",
    "TaskChannels": "task_channels",
    "Workflows": "workflows",
    "Tasks": "tasks",
}


def lacks(method: str, path: str, withheld: Collection[str]) -> bool:
    """Return whether a key without the rights `withheld` is refused this call."""
    parts = path.strip("/").split("/")[3:]
    what = _LISTS.get(parts[0], "") if parts else "workspaces"
    return f"{what}:{'read' if method == 'GET' else 'create'}" in withheld
