"""The parts as the handlers see them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot import messages
from bot.adapters.base import USERS, Adapter, Entry, Kind, Operation
from bot.cards import Cards
from bot.catalogs import Catalogs
from bot.courier import Courier
from bot.forms.custom import CustomField
from bot.forms.fields import Form
from bot.people import Directory, Person
from bot.storage import Workspace
from bot.storage.archive import Archive
from bot.storage.connections import Connections
from bot.storage.decisions import Decisions
from bot.storage.deliveries import Deliveries
from bot.storage.lists import Habits
from bot.storage.showing import Showing


@dataclass(frozen=True, slots=True)
class Relay:
    """Everything that a listener may use. A listener asks for it by name: `relay: Relay`."""

    adapters: Mapping[str, Adapter]
    connections: Connections
    deliveries: Deliveries
    decisions: Decisions
    archive: Archive
    showing: Showing
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

    async def custom(self, workspace: Workspace, name: str) -> tuple[CustomField, ...]:
        """The workspace's own fields of "rootly.incident", as they are known now."""
        adapter, operation = self.find(name)
        if operation.custom is None:
            return ()
        return await self.catalogs.custom(workspace, adapter.vendor, operation.custom)

    async def form(self, workspace: Workspace, name: str, answer: str | None) -> type[Form]:
        """The whole form of "rootly.workflow_task" once `answer` was given, with the workspace's own fields."""
        return self.find(name)[1].form_for(answer, await self.custom(workspace, name))

    async def user(self, workspace: Workspace, adapter: Adapter, person: Person) -> Entry | None:
        """The vendor's user that this person is, as far as its list of users is known; None when none is."""
        if all(it.name != USERS for it in adapter.catalogs):
            return None
        return adapter.user_for(person, await self.catalogs.entries(workspace, adapter.vendor, USERS))

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
