"""All that is stored, over one file."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.storage import Workspace
from bot.storage.archive import Archive
from bot.storage.connections import Connections
from bot.storage.database import Database
from bot.storage.decisions import Decisions
from bot.storage.deliveries import Deliveries
from bot.storage.doubts import Doubts
from bot.storage.installations import Installations, States
from bot.storage.links import Links
from bot.storage.lists import Habits, Lists
from bot.storage.permissions import Permissions
from bot.storage.purge import Purge
from bot.storage.secrets import Vault
from bot.storage.showing import Showing
from bot.storage.steps import Steps


@dataclass(frozen=True, slots=True)
class Stores:
    """What each part of the bot keeps in the database."""

    archive: Archive
    connections: Connections
    decisions: Decisions
    deliveries: Deliveries
    doubts: Doubts
    habits: Habits
    installations: Installations
    links: Links
    lists: Lists
    permissions: Permissions
    purge: Purge
    showing: Showing
    states: States
    steps: Steps


def make_stores(database: Database, vault: Vault, *, on_gone: Callable[[tuple[Workspace, str]], None]) -> Stores:
    """`on_gone` hears of a connection that is no more, or that is another account's now."""
    return Stores(
        archive=Archive(database),
        connections=Connections(database, vault, on_gone=on_gone),
        decisions=Decisions(database),
        deliveries=Deliveries(database),
        doubts=Doubts(database),
        habits=Habits(database),
        installations=Installations(database, vault),
        links=Links(database),
        lists=Lists(database),
        permissions=Permissions(database),
        purge=Purge(database),
        showing=Showing(database),
        states=States(database),
        steps=Steps(database),
    )
