"""The answer to `/vendors`."""

from collections.abc import Sequence
from typing import NamedTuple

from bot.adapters.base import Adapter
from bot.forms.text import duration, escape
from bot.storage.connections import Connection


class Health(NamedTuple):
    """How a connection is doing: the age of its lists in seconds (None while they load), how many deliveries wait for it,
    and what it was that went wrong last, empty while all is well."""

    connection: Connection
    adapter: Adapter
    age: float | None
    waiting: int
    problem: str

    @property
    def line(self) -> str:
        """One line of `/vendors`."""
        if self.connection.broken:
            what = self.connection.broken.partition("; an admin")[0].rstrip(".")
            state = f":warning: {escape(what)}; connect it again as said below"
        else:
            state = f":warning: {escape(self.problem.rstrip('.'))}" if self.problem else ":white_check_mark: working"
        lists = "lists are being loaded"
        if self.age is not None:
            lists = "lists are fresh" if self.age < 90 else f"lists are {duration(self.age)} old"
        queue = f", {self.waiting} waiting to be sent" if self.waiting else ""
        return f"*{self.adapter.label}* as {escape(self.connection.account_name)}: {state} ({lists}{queue})"


def vendors(health: Sequence[Health], unconnected: Sequence[Adapter], workspace_arguments: str) -> str:
    """The answer to `/vendors`."""
    lines = [it.line for it in health] or ["This workspace is not connected to any tool yet."]
    lines.extend(f"*{adapter.label}*: not connected" for adapter in unconnected)
    first, *others = [adapter.vendor for adapter in [*unconnected, *(it.adapter for it in health)]]
    instead = f" (or `{'`, `'.join(others)}` in its place)" if others else ""
    lines.append(
        "To connect one, or connect it again, whoever runs this bot types there "
        f"`python -m bot connect {workspace_arguments} {first}`{instead}. "
        "It asks for the credentials; none pass through Slack."
    )
    return "\n".join(lines)
