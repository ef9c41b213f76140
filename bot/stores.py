"""All that is stored, over one file."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.access.store import AccessStore
from bot.catalogs.store import CatalogStore
from bot.connections.setup_links import SetupLinks
from bot.connections.store import Connections
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.delivery.store.workspaces import hurry_after_disconnect, requeue_after_reconnect
from bot.slack.installations import Installations, OAuthStates
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.storage.preferences import Preferences
from bot.uninstall import Purge
from bot.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Stores:
    """What each part of the bot keeps in the database."""

    history: History
    connections: Connections
    decisions: Decisions
    deliveries: Deliveries
    reconcile: ReconcileStore
    preferences: Preferences
    installations: Installations
    links: SetupLinks
    lists: CatalogStore
    permissions: AccessStore
    purge: Purge
    card_outbox: CardOutbox
    states: OAuthStates
    steps: FollowUpSteps


def make_stores(
    database: Database, secret_box: SecretBox, *, on_gone: Callable[[tuple[Workspace, str]], None]
) -> Stores:
    """`on_gone` hears of a connection that is no more, or that is another account's now."""
    return Stores(
        history=History(database),
        connections=Connections(
            database,
            secret_box,
            on_gone=on_gone,
            on_accepted=requeue_after_reconnect,
            on_removed=hurry_after_disconnect,
        ),
        decisions=Decisions(database),
        deliveries=Deliveries(database),
        reconcile=ReconcileStore(database),
        preferences=Preferences(database),
        installations=Installations(database, secret_box),
        links=SetupLinks(database),
        lists=CatalogStore(database),
        permissions=AccessStore(database),
        purge=Purge(database),
        card_outbox=CardOutbox(database),
        states=OAuthStates(database),
        steps=FollowUpSteps(database),
    )
