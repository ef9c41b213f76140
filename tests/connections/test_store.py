"""Connections: whose they are, what is stored of them, and what goes on when one works again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.adapters.base import Entry
from bot.adapters.credentials import Rights
from bot.catalogs.listing import Listing, listing
from bot.catalogs.store import CatalogStore
from bot.connections.store import Connection, Connections
from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.delivery.store.queue import Deliveries
from bot.errors import SecretError
from bot.storage.database import Database
from bot.storage.encryption import SecretBox
from bot.stores import open_stores
from bot.workspace import Workspace
from tests.world.notes import DAY, ELSEWHERE, HERE, SECRET, Clock, draft

GRID = Workspace("E0GRID0001", HERE.team)
UNREADABLE = "A stored secret doesn't open with the keys in RELAY_ENCRYPTION_KEYS."


async def save(
    connections: Connections, workspace: Workspace = HERE, account: str = "acme"
) -> None:
    await connections.save(
        workspace, "notes", account=account, account_name=account.title(), secret=SECRET
    )


async def failed(deliveries: Deliveries, key: str, reason: str) -> None:
    """A delivery that waits for an admin."""
    row, _ = await deliveries.enqueue(draft(key), lease=45, card_not_before=0)
    await deliveries.settle(row, Outcome("failed", reason, said("No.")))


async def states(deliveries: Deliveries, *keys: str) -> list[tuple[str, float]]:
    rows = [await deliveries.find(HERE, key) for key in keys]
    return [(row.state, row.next_attempt_at) for row in rows if row is not None]


async def test_a_connection_comes_back_whole(connections: Connections, clock: Clock) -> None:
    """What was saved is read back with its credentials; a vendor that was never connected is None."""
    await save(connections)
    expected = Connection(
        HERE, "notes", "acme", "Acme", "", clock.now, SECRET, connected_at=clock.now
    )
    assert await connections.get(HERE, "notes") == expected
    assert await connections.of(HERE) == [expected]
    assert await connections.get(HERE, "other") is None


async def test_no_repr_shows_the_credentials(connections: Connections) -> None:
    """A connection that ends up in a log says nothing secret."""
    await save(connections)
    assert SECRET["api_key"] not in repr(await connections.of(HERE))


async def test_the_file_holds_no_plain_credentials(
    connections: Connections, database: Database, path: Path
) -> None:
    """Neither the database nor its write-ahead log has the key in it."""
    await save(connections)
    written = b"".join(it.read_bytes() for it in path.parent.iterdir())
    assert b"Acme" in written
    assert SECRET["api_key"].encode() not in written


async def test_workspaces_do_not_see_each_other(connections: Connections) -> None:
    """The same team id in an organisation and outside it are two workspaces, and so are two teams."""
    await save(connections, HERE, "one")
    await save(connections, GRID, "two")
    assert [(it.workspace, it.account) for it in await connections.of(HERE)] == [(HERE, "one")]
    assert [(it.workspace, it.account) for it in await connections.of(GRID)] == [(GRID, "two")]
    assert await connections.of(ELSEWHERE) == []
    assert await connections.accounts() == {
        (HERE, "notes"): ("one", False),
        (GRID, "notes"): ("two", False),
    }


async def test_what_no_vendor_was_asked_about_is_unchecked(
    connections: Connections, clock: Clock
) -> None:
    """Until the vendor accepts it; the background has to find that out, as of one that is broken."""
    await connections.save(
        HERE, "notes", account="x", account_name="X", secret=SECRET, checked=False
    )
    assert [it.checked_at for it in await connections.of(HERE)] == [0]
    assert await connections.accounts() == {(HERE, "notes"): ("x", True)}
    await connections.mark(HERE, "notes", "")
    assert [it.checked_at for it in await connections.of(HERE)] == [clock.now]
    assert await connections.accounts() == {(HERE, "notes"): ("x", False)}


async def test_saving_again_replaces_and_mends(connections: Connections) -> None:
    """A second connection to a vendor takes the place of the first, broken or not."""
    await save(connections)
    await connections.mark(HERE, "notes", "It was revoked.")
    assert [(it.account, it.broken) for it in await connections.of(HERE)] == [
        ("acme", "It was revoked.")
    ]
    await save(connections, account="bolt")
    assert [(it.account, it.broken) for it in await connections.of(HERE)] == [("bolt", "")]


async def test_credentials_of_a_lost_key_are_one_sentence(
    connections: Connections, database: Database
) -> None:
    """Using them raises; the list of connections still comes, so that an admin sees what to
    reconnect."""
    await save(connections)
    locked = open_stores(database, SecretBox([Fernet.generate_key()])).connections
    with pytest.raises(SecretError, match=f"^{UNREADABLE}$"):
        await locked.get(HERE, "notes")
    assert [(it.vendor, it.broken, it.secret) for it in await locked.of(HERE)] == [
        ("notes", UNREADABLE, {})
    ]


async def test_a_row_copied_to_another_workspace_does_not_open(
    connections: Connections, database: Database
) -> None:
    """Whoever can write the file cannot lend one workspace's credentials to another."""
    await save(connections)
    await database.write(
        lambda db: db.execute(
            "INSERT INTO connections SELECT enterprise, ?, vendor, account, account_name, secret, "
            "broken, created_at,"
            " checked_at, connected_by, rights FROM connections",
            (ELSEWHERE.team,),
        )
    )
    with pytest.raises(SecretError, match="belongs to another workspace"):
        await connections.get(ELSEWHERE, "notes")


async def test_reconnecting_the_same_account_takes_up_what_waited_for_it(
    connections: Connections, deliveries: Deliveries, clock: Clock
) -> None:
    """What failed for the token or its rights is due at once; what failed for another reason stays
    failed."""
    await save(connections)
    reasons = ("unauthorized", "forbidden", "not_sendable", "gave_up")
    for reason in reasons:
        await failed(deliveries, reason, reason)
    clock.advance(DAY - 1)
    await save(connections)
    assert await states(deliveries, *reasons) == [("queued", clock.now)] * 2 + [("failed", 0)] * 2


@pytest.mark.parametrize(
    "reason", ["unauthorized", "forbidden", "disconnected", "gave_up", "reconnected"]
)
@pytest.mark.parametrize("age", [DAY - 1, DAY + 1])
@pytest.mark.parametrize("account", ["acme", "bolt"])
async def test_what_is_said_to_wait_is_what_reconnecting_takes_up(
    connections: Connections,
    deliveries: Deliveries,
    clock: Clock,
    reason: str,
    age: float,
    account: str,
) -> None:
    """For each account by itself, whatever kept it, and no longer than it is tried."""
    await failed(deliveries, "a", reason)
    clock.advance(age)
    waiting = (await deliveries.waiting(HERE)).get(("notes", account))
    await save(connections, account=account)
    taken_up = [state for state, _ in await states(deliveries, "a")] == ["queued"]
    assert waiting == ((1, said("No.")) if taken_up else None)


async def test_another_account_takes_up_nothing(
    connections: Connections, deliveries: Deliveries
) -> None:
    """A delivery goes to the account it was meant for, or nowhere."""
    await save(connections)
    await failed(deliveries, "a", "unauthorized")
    await save(connections, account="bolt")
    assert await states(deliveries, "a") == [("failed", 0)]
    await save(connections)
    assert [state for state, _ in await states(deliveries, "a")] == ["queued"]


async def test_another_workspaces_reconnecting_takes_up_nothing(
    connections: Connections, deliveries: Deliveries
) -> None:
    """Two workspaces can share a vendor account and still have their own deliveries."""
    await failed(deliveries, "a", "unauthorized")
    await save(connections, ELSEWHERE)
    await save(connections, GRID)
    assert await states(deliveries, "a") == [("failed", 0)]


async def test_what_is_older_than_a_day_is_left_to_a_person(
    connections: Connections, deliveries: Deliveries, clock: Clock
) -> None:
    """An incident of the day before yesterday is not declared today."""
    await failed(deliveries, "a", "unauthorized")
    clock.advance(DAY + 1)
    await save(connections)
    assert await states(deliveries, "a") == [("failed", 0)]


async def test_a_token_that_works_again_takes_up_what_waited(
    connections: Connections, deliveries: Deliveries, clock: Clock
) -> None:
    """Without anyone reconnecting: only what the token was refused for, not what it was not allowed
    to do."""
    await save(connections)
    await connections.mark(HERE, "notes", "It was revoked.")
    await failed(deliveries, "a", "unauthorized")
    await failed(deliveries, "b", "forbidden")
    clock.advance(60)
    await connections.mark(HERE, "notes", "")
    assert await states(deliveries, "a", "b") == [("queued", clock.now), ("failed", 0)]
    assert [(it.broken, it.checked_at) for it in await connections.of(HERE)] == [("", clock.now)]


async def test_marking_what_is_not_connected_does_nothing(
    connections: Connections, deliveries: Deliveries
) -> None:
    """The connection can go while a call is under way."""
    await failed(deliveries, "a", "unauthorized")
    await connections.mark(HERE, "notes", "")
    assert await states(deliveries, "a") == [("failed", 0)]


async def test_what_the_key_may_do_is_kept(connections: Connections, clock: Clock) -> None:
    """With who connected it; a test of the key later brings both up to date, and makes what waited
    due."""
    rights = Rights(acts_as="Ann", roles=("viewer",), cannot={"note": "It may not write."})
    given = {
        "account": "acme",
        "account_name": "Acme",
        "secret": SECRET,
        "connected_by": "U0ANN00001",
    }
    await connections.save(HERE, "notes", **given, rights=rights)  # type: ignore[arg-type]
    [connection] = await connections.of(HERE)
    assert (connection.connected_by, connection.rights) == ("U0ANN00001", rights)
    await connections.mark(HERE, "notes", "It was revoked.")
    clock.advance(60)
    await connections.confirm(connection, "Acme & Co", Rights(acts_as="Bob"))
    expected = replace(
        connection, account_name="Acme & Co", rights=Rights(acts_as="Bob"), checked_at=clock.now
    )
    assert await connections.of(HERE) == [expected]


async def test_what_is_found_out_about_a_replaced_key_is_not_noted(
    connections: Connections, clock: Clock
) -> None:
    """The vendor answered about the one before."""
    await save(connections)
    [before] = await connections.of(HERE)
    clock.advance(1)
    await save(connections)
    await connections.confirm(before, "Nobody", Rights())
    assert [it.account_name for it in await connections.of(HERE)] == ["Acme"]


async def test_a_test_takes_up_what_waited(
    connections: Connections, deliveries: Deliveries, clock: Clock
) -> None:
    """As reconnecting does."""
    await save(connections)
    [connection] = await connections.of(HERE)
    await failed(deliveries, "a", "forbidden")
    await connections.confirm(connection, "Acme", Rights())
    assert await states(deliveries, "a") == [("queued", clock.now)]


async def test_reconnecting_the_same_account_keeps_its_lists(
    connections: Connections, database: Database
) -> None:
    """Another account's are not this one's."""
    lists, colours = CatalogStore(database), (HERE, "notes", "colours")
    await save(connections)
    await lists.save(colours, "acme", listing([Entry(id="r", label="Red")], 1.0))
    await save(connections)
    assert (await lists.load(colours, Listing())).find("r") == Entry(id="r", label="Red")
    await save(connections, account="bolt")
    assert await lists.load(colours, Listing()) == Listing()


async def test_disconnecting_leaves_nothing_but_what_was_sent(
    connections: Connections, deliveries: Deliveries, database: Database
) -> None:
    """Credentials and lists go, of this workspace and vendor alone; a second time is no mistake."""
    for workspace in (HERE, GRID):
        await save(connections, workspace)
        await CatalogStore(database).save((workspace, "notes", "colours"), "acme", listing([], 1.0))
    await failed(deliveries, "a", "gave_up")
    for _ in range(2):
        assert await connections.remove(HERE, "notes")
    assert (
        await connections.of(HERE),
        await CatalogStore(database).load((HERE, "notes", "colours"), Listing()),
    ) == ([], Listing())
    assert [it.workspace for it in await connections.of(GRID)] == [GRID]
    kept = await CatalogStore(database).load((GRID, "notes", "colours"), Listing())
    assert kept.fetched_at == 1.0
    assert await states(deliveries, "a") == [("failed", 0)]


async def test_disconnecting_lets_what_waits_say_why(
    connections: Connections, deliveries: Deliveries, clock: Clock
) -> None:
    """All that is queued for this workspace and vendor is due, and nothing else about it changed;
    nor about any other."""
    await save(connections)
    connection_keys = {
        "a": (HERE, "notes"),
        "b": (HERE, "notes"),
        "c": (ELSEWHERE, "notes"),
        "d": (HERE, "other"),
    }
    rows = {}
    for key, (workspace, vendor) in connection_keys.items():
        row, _ = await deliveries.enqueue(
            draft(key, workspace=workspace, vendor=vendor), lease=45, card_not_before=0
        )
        rows[key] = await deliveries.settle(
            row, Outcome("queued", "unreachable", said("Away."), next_attempt_at=clock.now + 300)
        )
    clock.advance(10)
    await connections.remove(HERE, "notes")
    expected = {
        key: row and replace(row, next_attempt_at=clock.now if key in "ab" else row.next_attempt_at)
        for key, row in rows.items()
    }
    assert {
        key: await deliveries.find(workspace, key)
        for key, (workspace, _) in connection_keys.items()
    } == expected


async def test_saves_at_once_leave_one(connections: Connections) -> None:
    """Two admins who connect at the same moment end up with one connection."""
    await asyncio.gather(save(connections, account="one"), save(connections, account="two"))
    assert [it.account for it in await connections.of(HERE)] in (["one"], ["two"])
