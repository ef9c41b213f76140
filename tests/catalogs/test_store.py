"""The vendors' lists on disk, and the people's preferences."""

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.base import Entry
from bot.catalogs.listing import Key, Listing, Memory, listing
from bot.catalogs.store import EVERY, CatalogStore
from bot.connections.store import Connections
from bot.delivery.store.queue import Deliveries
from bot.storage.database import Database
from bot.storage.preferences import Preferences
from bot.workspace import Workspace
from tests.world.notes import ELSEWHERE, HERE, SECRET, Clock, draft

ENTRIES = [
    Entry(id="1", label="Ann", detail="ann@example.com", url="https://x.example.com/1"),
    Entry(id="2", label="é"),
]


async def connect(
    connections: Connections, workspace: Workspace = HERE, account: str = "acme"
) -> None:
    await connections.save(workspace, "notes", account=account, account_name="Acme", secret=SECRET)


def key(name: str = "people", workspace: Workspace = HERE) -> Key:
    return workspace, "notes", name


async def read(lists: CatalogStore, key: Key) -> tuple[list[Entry], float]:
    """The entries in their order, and when they were fetched."""
    known = await lists.load(key, Listing())
    return known.at(range(len(known.lines))), known.fetched_at


async def test_a_list_comes_back_as_it_was_saved(
    database: Database, connections: Connections
) -> None:
    """Entries in their order, with when they were fetched; saving again replaces the whole list."""
    lists = CatalogStore(database)
    await connect(connections)
    assert await read(lists, key()) == ([], 0)
    await lists.save(key(), "acme", listing(ENTRIES, 12.5))
    assert await read(lists, key()) == (ENTRIES, 12.5)
    await lists.save(key(), "acme", listing([], 13.5))
    assert await read(lists, key()) == ([], 13.5)


async def test_a_list_that_did_not_change_is_not_read_again(
    database: Database, connections: Connections
) -> None:
    """What is in memory goes on, with the time and the problem of the last fetch."""
    lists = CatalogStore(database, lambda: 20.0)
    await connect(connections)
    await lists.save(key(), "acme", listing(ENTRIES, 12.5))
    known = await lists.load(key(), Listing())
    await lists.failed(key(), "Notes is away.", tries=1)
    again = await lists.load(key(), known)
    assert again.lines is known.lines
    assert (again.fetched_at, again.tried_at, again.problem) == (12.5, 20.0, "Notes is away.")


async def test_lists_belong_to_one_connection(database: Database, connections: Connections) -> None:
    """Another workspace, vendor or name has its own list."""
    lists = CatalogStore(database)
    await connect(connections)
    await connect(connections, ELSEWHERE)
    await lists.save(key(), "acme", listing(ENTRIES, 1.0))
    await lists.save(key(workspace=ELSEWHERE), "acme", listing(ENTRIES[:1], 2.0))
    assert await read(lists, key(workspace=ELSEWHERE)) == (ENTRIES[:1], 2.0)
    assert await read(lists, key()) == (ENTRIES, 1.0)
    assert await read(lists, key("colours")) == ([], 0)
    assert await read(lists, (HERE, "other", "people")) == ([], 0)


async def test_a_list_without_a_connection_is_not_kept(
    database: Database, connections: Connections
) -> None:
    """A fetch leaves nothing that ends after its connection went, or belongs to another account."""
    lists = CatalogStore(database)
    await lists.save(key(), "acme", listing(ENTRIES, 1.0))
    await connect(connections, account="other")
    await lists.save(key(), "acme", listing(ENTRIES, 1.0))
    assert await read(lists, key()) == ([], 0)


async def test_another_account_drops_the_lists(
    database: Database, connections: Connections
) -> None:
    """New credentials of the same account keep them."""
    lists = CatalogStore(database)
    await connect(connections)
    await lists.save(key(), "acme", listing(ENTRIES, 1.0))
    await connect(connections)
    assert await read(lists, key()) == (ENTRIES, 1.0)
    await connect(connections, account="other")
    assert await read(lists, key()) == ([], 0)


async def test_a_new_connection_has_everything_due_and_an_idle_one_nothing(
    database: Database, connections: Connections, clock: Clock
) -> None:
    """However many connections there are, a look at what is due finds the one that has something."""
    lists = CatalogStore(database, clock)
    await connect(connections)
    await connect(connections, ELSEWHERE)
    first, second = await lists.claim([]), await lists.claim([])
    assert first is not None
    assert second is not None
    assert {first.connection_key, second.connection_key} == {(HERE, "notes"), (ELSEWHERE, "notes")}
    assert first.names == second.names == [EVERY]
    await lists.finish(first)
    await lists.finish(second)
    assert (await lists.claim([]), await lists.next_time([])) == (None, None)


@given(ids=st.lists(st.text(min_size=1, max_size=20), unique=True, min_size=1, max_size=20))
def test_every_entry_is_found_by_its_id(ids: list[str]) -> None:
    """Whatever characters it has."""
    known = listing([Entry(id=each, label="x") for each in ids], 1.0)
    assert [known.find(each) for each in ids] == [Entry(id=each, label="x") for each in ids]


def test_memory_is_bounded() -> None:
    """The list that was used least recently goes first."""
    lists = [listing([Entry(id=str(n), label="x" * 100)], 1.0) for n in range(3)]
    memory = Memory(lists[0].size * 2, lambda: 0.0)
    for n in (0, 1):
        memory.put(key(str(n)), lists[n])
    memory.get(key("0"))
    memory.put(key("2"), lists[2])
    assert [memory.get(key(str(n)))[1] for n in range(3)] == [True, False, True]


async def test_a_person_is_remembered_by_the_last_tool(
    database: Database, deliveries: Deliveries
) -> None:
    """For each kind, per workspace, in whichever channel, once a delivery is committed."""
    preferences = Preferences(database)
    assert await preferences.get(HERE, "U0ANN00001", "incident") is None
    await deliveries.enqueue(draft("a"), lease=None, card_not_before=0)
    await deliveries.enqueue(
        draft("b", operation="memo", channel="C0OTHER001"), lease=None, card_not_before=0
    )
    await deliveries.enqueue(draft("c", kind="action_item"), lease=None, card_not_before=0)
    assert await preferences.get(HERE, "U0ANN00001", "incident") == "notes.memo"
    assert await preferences.get(HERE, "U0ANN00001", "action_item") == "notes.note"
    assert await preferences.get(HERE, "U0BOB00001", "incident") is None
    assert await preferences.get(ELSEWHERE, "U0ANN00001", "incident") is None
