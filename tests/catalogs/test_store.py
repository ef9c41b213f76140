"""The vendors' lists on disk, and the channels' preferences."""

from bot.adapters.base import Entry
from bot.catalogs.store import CatalogStore
from bot.connections.store import Connections
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.storage.preferences import Preferences
from bot.workspace import Workspace
from tests.world.notes import ELSEWHERE, HERE, SECRET, draft

ENTRIES = [
    Entry(id="1", label="Ann", detail="ann@example.com", url="https://x.example.com/1"),
    Entry(id="2", label="é"),
]


async def connect(
    connections: Connections, workspace: Workspace = HERE, account: str = "acme"
) -> None:
    await connections.save(workspace, "notes", account=account, account_name="Acme", secret=SECRET)


async def test_a_list_comes_back_as_it_was_saved(
    database: Database, connections: Connections
) -> None:
    """Entries in their order, with when they were fetched; saving again replaces the whole list."""
    lists = CatalogStore(database)
    await connect(connections)
    assert await lists.load(HERE, "notes", "people") is None
    await lists.save(HERE, "notes", "people", ENTRIES, 12.5)
    assert await lists.load(HERE, "notes", "people") == (ENTRIES, 12.5)
    await lists.save(HERE, "notes", "people", [], 13.5)
    assert await lists.load(HERE, "notes", "people") == ([], 13.5)


async def test_lists_belong_to_one_connection(database: Database, connections: Connections) -> None:
    """Another workspace, vendor or name has its own list."""
    lists = CatalogStore(database)
    await connect(connections)
    await connect(connections, ELSEWHERE)
    await lists.save(HERE, "notes", "people", ENTRIES, 1.0)
    await lists.save(ELSEWHERE, "notes", "people", ENTRIES[:1], 2.0)
    assert await lists.load(ELSEWHERE, "notes", "people") == (ENTRIES[:1], 2.0)
    assert await lists.load(HERE, "notes", "people") == (ENTRIES, 1.0)
    assert await lists.load(HERE, "notes", "colours") is None
    assert await lists.load(HERE, "other", "people") is None


async def test_a_list_without_a_connection_is_not_kept(database: Database) -> None:
    """A fetch that ends after its connection went leaves nothing."""
    lists = CatalogStore(database)
    await lists.save(HERE, "notes", "people", ENTRIES, 1.0)
    assert await lists.load(HERE, "notes", "people") is None


async def test_another_account_drops_the_lists(
    database: Database, connections: Connections
) -> None:
    """New credentials of the same account keep them."""
    lists = CatalogStore(database)
    await connect(connections)
    await lists.save(HERE, "notes", "people", ENTRIES, 1.0)
    await connect(connections)
    assert await lists.load(HERE, "notes", "people") == (ENTRIES, 1.0)
    await connect(connections, account="other")
    assert await lists.load(HERE, "notes", "people") is None


async def test_a_channel_remembers_what_it_used_last(
    database: Database, deliveries: Deliveries
) -> None:
    """For each kind, per workspace, from the moment a delivery is committed."""
    preferences = Preferences(database)
    assert await preferences.get(HERE, "C0GENERAL1", "incident") is None
    await deliveries.enqueue(draft("a"), lease=None, card_not_before=0)
    await deliveries.enqueue(draft("b", operation="memo"), lease=None, card_not_before=0)
    await deliveries.enqueue(draft("c", kind="action_item"), lease=None, card_not_before=0)
    assert await preferences.get(HERE, "C0GENERAL1", "incident") == "notes.memo"
    assert await preferences.get(HERE, "C0GENERAL1", "action_item") == "notes.note"
    assert await preferences.get(HERE, "C0OTHER001", "incident") is None
    assert await preferences.get(ELSEWHERE, "C0GENERAL1", "incident") is None
