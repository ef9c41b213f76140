"""Who may use which operation, as admins decided: each workspace by itself."""

from bot.access.store import AccessStore
from bot.storage.database import Database
from tests.world.notes import ELSEWHERE, HERE, Clock

GROUP = "S06QONCALL1"


async def test_what_was_decided_comes_back(database: Database) -> None:
    """By operation; what nobody decided about is not there, and deciding again replaces what was
    decided."""
    permissions = AccessStore(database)
    assert await permissions.of(HERE) == {}
    await permissions.set(HERE, {"rootly.incident": "everyone", "rootly.action_item": GROUP}, "U1")
    await permissions.set(HERE, {"rootly.incident": "admins"}, "U2")
    assert await permissions.of(HERE) == {"rootly.incident": "admins", "rootly.action_item": GROUP}


async def test_another_workspace_decides_for_itself(database: Database) -> None:
    """The same operation, other people."""
    permissions = AccessStore(database)
    await permissions.set(HERE, {"rootly.incident": "everyone"}, "U1")
    await permissions.set(ELSEWHERE, {"rootly.incident": "admins"}, "U1")
    assert await permissions.of(HERE) == {"rootly.incident": "everyone"}
    assert await permissions.of(ELSEWHERE) == {"rootly.incident": "admins"}


async def test_who_changed_it_is_who_changed_it(database: Database) -> None:
    """The form says everything each time: what stays as it was keeps who decided it, and when
    (epoch seconds)."""
    clock = Clock(1000.0)
    permissions = AccessStore(database, clock)
    await permissions.set(
        HERE, {"rootly.incident": "everyone", "rootly.action_item": "admins"}, "U1"
    )
    clock.advance(5)
    await permissions.set(
        HERE, {"rootly.incident": "everyone", "rootly.action_item": "members"}, "U2"
    )
    rows = await database.read(
        lambda db: db.execute(
            "SELECT operation, changed_by, changed_at FROM permissions ORDER BY operation"
        ).fetchall()
    )
    assert [tuple(row) for row in rows] == [
        ("rootly.action_item", "U2", 1005.0),
        ("rootly.incident", "U1", 1000.0),
    ]
