"""Which right each call at TaskRouter needs of a restricted key: "task_queues:read". The names are
ours."""

from collections.abc import Collection

_LISTS = {
    "TaskQueues": "task_queues",
    "TaskChannels": "task_channels",
    "Workflows": "workflows",
    "Tasks": "tasks",
}


def lacks(method: str, path: str, withheld: Collection[str]) -> bool:
    """Whether a key without the rights `withheld` is refused this call."""
    parts = path.strip("/").split("/")[3:]
    what = _LISTS.get(parts[0], "") if parts else "workspaces"
    return f"{what}:{'read' if method == 'GET' else 'create'}" in withheld
