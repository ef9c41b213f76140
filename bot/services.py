"""Six facades for the listeners, each with a few parts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot import messages
from bot.access.policy import AccessPolicy
from bot.adapters.base import USERS, Adapter, Entry, Kind, Operation
from bot.catalogs.service import Catalogs
from bot.connections.setup_links import SetupLinks
from bot.connections.store import Connections
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.forms.custom_fields import CustomField
from bot.forms.fields import Form
from bot.runtime.background import BackgroundTasks
from bot.slack.cards import Cards
from bot.slack.files import Uploads
from bot.slack.homes import Homes
from bot.slack.people import Person, UserDirectory
from bot.slack.readers import Readers
from bot.slack.scopes import Scopes
from bot.slack.user_groups import UserGroups
from bot.storage.audit import Audit
from bot.storage.preferences import Preferences
from bot.storage.workspace_settings import WorkspaceSettings
from bot.uninstall import Uninstaller
from bot.workspace import Workspace

FIRST_SCREEN = "first_screen."
"""The prefix of the settings with the optional fields of a form's first screen: block ids with
spaces between them. The operation's name follows."""
NO_FIELDS = "-"
"""The setting where the first screen has required fields only: an empty one is the default."""


@dataclass(frozen=True, slots=True)
class Operations:
    """The operations of all vendors, and which of them a workspace can use."""

    adapters: Mapping[str, Adapter]
    connections: Connections
    catalogs: Catalogs
    preferences: Preferences
    settings: WorkspaceSettings

    def find(self, name: str) -> tuple[Adapter, Operation]:
        """Return the adapter and operation of "acme.incident". Raises KeyError for an unknown
        name."""
        vendor, _, operation = name.partition(".")
        adapter = self.adapters[vendor]
        return adapter, adapter.operation(operation)

    async def custom(self, workspace: Workspace, name: str) -> tuple[CustomField, ...]:
        """Return the workspace's own fields of "acme.incident", as they are known now."""
        adapter, operation = self.find(name)
        if operation.custom is None:
            return ()
        return await self.catalogs.custom(workspace, adapter.vendor, operation.custom)

    async def form(self, workspace: Workspace, name: str, branch: str | None) -> type[Form]:
        """Return the whole form of "acme.workflow_task" once `branch` was selected, with the
        workspace's own fields."""
        return self.find(name)[1].form_for(branch, await self.custom(workspace, name))

    async def user(self, workspace: Workspace, adapter: Adapter, person: Person) -> Entry | None:
        """Return the vendor's user that this person is; None while the vendor's list of users does
        not say."""
        if all(catalog.name != USERS for catalog in adapter.catalogs):
            return None
        words = filter(None, (person.slack_id, person.email))
        users = await self.catalogs.mentioning(workspace, adapter.vendor, USERS, words)
        return adapter.user_for(person, users)

    async def choices(self, workspace: Workspace, kind: Kind) -> list[tuple[Adapter, Operation]]:
        """Return the operations of that kind that this workspace's connections offer."""
        connected = await self.connections.vendors(workspace)
        return [
            (adapter, operation)
            for adapter in self.adapters.values()
            if adapter.vendor in connected
            for operation in adapter.operations
            if operation.kind == kind
        ]

    async def last_used(self, workspace: Workspace, person: str, kind: Kind) -> str | None:
        """Return the operation that this person used last for that kind, if there is one."""
        return await self.preferences.get(workspace, person, kind)

    async def first_screen(self, workspace: Workspace, name: str) -> Collection[str] | None:
        """Return the block ids of the optional fields on the first screen of "acme.incident"; None
        where the workspace's admins left that to the form."""
        chosen = await self.settings.value(workspace, f"{FIRST_SCREEN}{name}")
        return chosen.split() if chosen else None

    async def nothing_connected(self, workspace: Workspace, kind: Kind) -> str:
        """Return the sentence for a person who has no choices."""
        connected = await self.connections.vendors(workspace)
        return messages.nothing_connected(kind, self.adapters.values(), connected)


@dataclass(frozen=True, slots=True)
class DeliveryServices:
    """Deliveries: submit one, decide about one, look one up, show one."""

    dispatcher: Dispatcher
    deliveries: Deliveries
    decisions: Decisions
    history: History
    card_outbox: CardOutbox
    cards: Cards

    async def own(
        self, workspace: Workspace, adapter: Adapter, catalog: str, person: str
    ) -> Sequence[Entry]:
        """Return the private objects of a catalog that this person created from Slack. No list
        holds them, because others may not see them."""
        makers = [each.name for each in adapter.operations if each.feeds == catalog]
        if not makers:
            return []
        return await self.history.private_objects(workspace, person, adapter.vendor, makers)


@dataclass(frozen=True, slots=True)
class ConnectionServices:
    """Connections to vendors, who changed what, the workspaces' settings, the pages on which admins
    connect vendors, and the removal of a workspace.

    `public_url` is the address of the bot's own pages, without a slash at its end; empty where
    there are none.
    """

    store: Connections
    setup_links: SetupLinks
    audit: Audit
    settings: WorkspaceSettings
    public_url: str
    uninstaller: Uninstaller


@dataclass(frozen=True, slots=True)
class SlackServices:
    """People and their languages, user groups, scopes, files and App Homes in Slack, and the tasks
    that go on after Slack got its answer."""

    readers: Readers
    user_groups: UserGroups
    scopes: Scopes
    files: Uploads
    homes: Homes
    background: BackgroundTasks

    @property
    def people(self) -> UserDirectory:
        return self.readers.people


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a listener may use. A listener gets it with its `Interaction`."""

    operations: Operations
    catalogs: Catalogs
    access: AccessPolicy
    delivery: DeliveryServices
    connections: ConnectionServices
    slack: SlackServices
