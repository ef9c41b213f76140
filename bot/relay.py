"""The parts as the handlers see them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot import messages
from bot.adapters.base import Adapter, Kind, Operation
from bot.cards import Cards
from bot.catalogs import Catalogs
from bot.courier import Courier
from bot.people import Directory
from bot.storage import Workspace
from bot.storage.connections import Connections
from bot.storage.deliveries import Deliveries
from bot.storage.lists import Habits


@dataclass(frozen=True, slots=True)
class Relay:
    """Everything that a listener may use. A listener asks for it by name: `relay: Relay`."""

    adapters: Mapping[str, Adapter]
    connections: Connections
    deliveries: Deliveries
    catalogs: Catalogs
    courier: Courier
    cards: Cards
    habits: Habits
    people: Directory

    def find(self, name: str) -> tuple[Adapter, Operation]:
        """The adapter and operation of "rootly.incident". KeyError for a name that is none."""
        vendor, _, operation = name.partition(".")
        adapter = self.adapters[vendor]
        return adapter, adapter.operation(operation)

    async def choices(self, workspace: Workspace, kind: Kind) -> list[tuple[Adapter, Operation]]:
        """What this workspace's connections can do of that kind."""
        connected = await self.connections.vendors(workspace)
        return [
            (adapter, operation)
            for adapter in self.adapters.values()
            if adapter.vendor in connected
            for operation in adapter.operations
            if operation.kind == kind
        ]

    async def nothing_connected(self, workspace: Workspace, kind: Kind) -> str:
        """What to say when there are no choices."""
        connected = await self.connections.vendors(workspace)
        return messages.nothing_connected(kind, self.adapters.values(), connected)
