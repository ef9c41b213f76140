"""All stores over one database, wired for the running bot and for the command line."""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.access.store import AccessStore
from bot.catalogs.store import CatalogStore, make_all_due, probe_later
from bot.connections import store as connections
from bot.connections.setup_links import SetupLinks
from bot.connections.store import Connections, Hooks
from bot.delivery.store.cards import CardOutbox
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.delivery.store.reconcile import ReconcileStore
from bot.delivery.store.workspaces import hurry_after_disconnect, requeue_after_reconnect
from bot.slack import installations
from bot.slack.installations import Installations
from bot.storage.audit import Audit
from bot.storage.database import Database
from bot.storage.encrypted_secrets import EncryptedSecrets, holds_secrets
from bot.storage.encryption import SecretBox, make_secret_box
from bot.storage.preferences import Preferences
from bot.storage.workspace_settings import WorkspaceSettings
from bot.workspace import ConnectionKey

SECRETS = (connections.SECRETS, installations.SECRETS)
"""Every column that holds ciphertexts."""


@dataclass(frozen=True, slots=True)
class DeliveryStores:
    """The stores of deliveries, one for each part that uses them."""

    deliveries: Deliveries
    reconcile: ReconcileStore
    steps: FollowUpSteps
    card_outbox: CardOutbox
    decisions: Decisions
    history: History


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores of all packages. Each is the one owner of its tables."""

    connections: Connections
    setup_links: SetupLinks
    catalogs: CatalogStore
    access: AccessStore
    audit: Audit
    preferences: Preferences
    workspace_settings: WorkspaceSettings
    delivery: DeliveryStores
    installations: Installations


def open_stores(
    database: Database,
    secret_box: SecretBox,
    clock: Callable[[], float] = time.time,
    *,
    on_gone: Callable[[ConnectionKey], None] = lambda connection_key: None,
) -> Stores:
    """Wire all stores over the open database. `on_gone` is called for a connection that was
    removed, or that belongs to another account now."""
    return Stores(
        connections=Connections(
            database,
            secret_box,
            clock,
            hooks=Hooks(_accepted, refused=probe_later, removed=hurry_after_disconnect),
            on_gone=on_gone,
        ),
        setup_links=SetupLinks(database, clock),
        catalogs=CatalogStore(database, clock),
        access=AccessStore(database, clock),
        audit=Audit(database),
        preferences=Preferences(database),
        workspace_settings=WorkspaceSettings(database, clock),
        delivery=DeliveryStores(
            deliveries=Deliveries(database, clock),
            reconcile=ReconcileStore(database, clock),
            steps=FollowUpSteps(database, clock),
            card_outbox=CardOutbox(database, clock),
            decisions=Decisions(database, clock),
            history=History(database, clock),
        ),
        installations=Installations(database, secret_box),
    )


def _accepted(
    tx: sqlite3.Connection, connection_key: ConnectionKey, account: str, now: float, rights: bool
) -> None:
    requeue_after_reconnect(tx, connection_key, account, now, rights)
    make_all_due(tx, connection_key, now)


def open_secrets(database: Database) -> EncryptedSecrets:
    """Return all secrets of the open database. No key is needed to list or remove them."""
    return EncryptedSecrets(database, SECRETS)


def load_secret_box(
    encryption_keys: SecretStr | None, database: Path, *, anew: bool = False
) -> SecretBox:
    """Return a box with the keys for that database, of `RELAY_ENCRYPTION_KEYS` or of the key file.

    A missing key file is made. If the database holds secrets already, the file was lost: then a new
    one is made only with `anew`. Raises `SettingError`.
    """

    def is_lost() -> bool:
        return not anew and holds_secrets(database, SECRETS)

    return make_secret_box(encryption_keys, database, is_lost)
