"""The parts as the handlers see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

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
from bot.slack.installations import Installations
from bot.slack.people import Person, UserDirectory
from bot.slack.scopes import Scopes
from bot.slack.user_groups import UserGroups
from bot.storage.preferences import Preferences
from bot.uninstall import Uninstaller
from bot.workspace import Workspace

Choices = Sequence[tuple[Adapter, Operation]]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Those of some choices that a person may use, and why not the others, by the operation's name;
    what each is called."""

    choices: Choices
    no: Mapping[str, str]
    labels: Mapping[str, str]

    @property
    def denial_reason(self) -> str:
        """Why the person may use none of them, in mrkdwn; empty when there is one."""
        return (
            ""
            if self.choices
            else messages.none_of_these({self.labels[it]: said for it, said in self.no.items()})
        )


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a listener may use. A listener asks for it by name: `services: Services`."""

    adapters: Mapping[str, Adapter]
    connections: Connections
    deliveries: Deliveries
    decisions: Decisions
    history: History
    card_outbox: CardOutbox
    catalogs: Catalogs
    dispatcher: Dispatcher
    cards: Cards
    installations: Installations
    preferences: Preferences
    people: UserDirectory
    groups: UserGroups
    access: AccessPolicy
    uninstaller: Uninstaller
    links: SetupLinks
    public_url: str
    """The address of the bot's own web pages, without a slash at its end; empty where there are
    none."""
    background: BackgroundTasks
    uploads: Uploads
    scopes: Scopes

    def find(self, name: str) -> tuple[Adapter, Operation]:
        """The adapter and operation of "acme.incident". KeyError for a name that is none."""
        vendor, _, operation = name.partition(".")
        adapter = self.adapters[vendor]
        return adapter, adapter.operation(operation)

    async def custom(self, workspace: Workspace, name: str) -> tuple[CustomField, ...]:
        """The workspace's own fields of "acme.incident", as they are known now."""
        adapter, operation = self.find(name)
        if operation.custom is None:
            return ()
        return await self.catalogs.custom(workspace, adapter.vendor, operation.custom)

    async def form(self, workspace: Workspace, name: str, answer: str | None) -> type[Form]:
        """The whole form of "acme.workflow_task" once `answer` was given, with the workspace's
        own fields."""
        return self.find(name)[1].form_for(answer, await self.custom(workspace, name))

    async def user(self, workspace: Workspace, adapter: Adapter, person: Person) -> Entry | None:
        """The vendor's user that this person is, as far as its list of users is known; None when
        none is."""
        if all(it.name != USERS for it in adapter.catalogs):
            return None
        return adapter.user_for(
            person, await self.catalogs.entries(workspace, adapter.vendor, USERS)
        )

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

    async def allowed(
        self, client: AsyncWebClient, workspace: Workspace, slack_id: str, choices: Choices
    ) -> Allowed:
        """What of these this person may use."""
        named = {
            f"{adapter.vendor}.{operation.name}": (adapter, operation)
            for adapter, operation in choices
        }
        kinds = {name: operation.kind for name, (_, operation) in named.items()}
        checked = await self.access.check(client, workspace, slack_id, kinds)
        labels = {
            name: f"{adapter.label}: {operation.label}"
            for name, (adapter, operation) in named.items()
        }
        return Allowed(
            [it for name, it in named.items() if name not in checked.no], checked.no, labels
        )

    async def nothing_connected(
        self, workspace: Workspace, kind: Kind, vendors: str = messages.VENDORS
    ) -> str:
        """What to say when there are no choices; `vendors` is what `/vendors` is called there."""
        connected = await self.connections.vendors(workspace)
        return messages.nothing_connected(kind, self.adapters.values(), connected, vendors)
