"""Removing a workspace leaves nothing of it, and everything of the others."""

from pathlib import Path

import pytest

from bot.storage.database import Database
from bot.uninstall import REMOVED_AT_ONCE
from bot.workspace import Scope, Workspace
from tests.storage.twins import OURS, THEIRS, Twins, columns, tables
from tests.world.notes import Clock

ORGANISATION = Workspace(OURS.enterprise, "")
LATER = 2e9


@pytest.fixture
async def twins(database: Database, clock: Clock) -> Twins:
    twins = Twins(database, clock)
    await twins.fill()
    return twins


async def remove(twins: Twins, workspace: Workspace, said_at: float = LATER) -> Scope | None:
    scope = await twins.purge.remove(workspace, said_at)
    if scope is not None:
        await twins.purge.finish(scope)
    return scope


async def is_empty(twins: Twins, workspace: Workspace) -> bool:
    """Whether nothing is left but the event that says so."""
    dump = await twins.dump(workspace)
    events = [it.action for it in await twins.audit.of(workspace, 100)]
    return not any(rows for table, rows in dump.items() if table != "audit_events") and (
        events in ([], ["uninstalled"])
    )


async def test_nothing_is_left_and_the_others_keep_everything(twins: Twins) -> None:
    """Every table that knows workspaces, and the trail, which hangs on deliveries."""
    theirs = await twins.dump(THEIRS)
    filled = {table for table, rows in (await twins.dump(OURS)).items() if rows}
    assert filled == set(await twins.database.read(tables))
    assert await remove(twins, OURS) == Scope(OURS)
    assert await is_empty(twins, OURS)
    assert await twins.dump(THEIRS) == theirs


async def test_what_is_of_nobody_has_no_workspace(database: Database) -> None:
    """The trail alone has no column that says whose a row is: it hangs on deliveries."""
    named = await database.read(lambda db: {it: columns(db, it) for it in tables(db)})
    without = {table for table, its in named.items() if "enterprise" not in its}
    assert without == {"delivery_events"}


async def test_what_could_still_move_goes_first(twins: Twins) -> None:
    """Before the long work only what has come to its end is left: nothing to send, look up, finish,
    show or correct."""
    await twins.database.write(
        lambda db: db.execute("UPDATE deliveries SET card_version = version, view_id = ''")
    )
    assert await twins.purge.remove(OURS, LATER) == Scope(OURS)
    left = {table: len(rows) for table, rows in (await twins.dump(OURS)).items() if rows}
    assert set(left) == {"audit_events", "deliveries", "delivery_events"}
    keys = await twins.database.read(
        lambda db: [
            row[0]
            for row in db.execute(
                "SELECT key FROM deliveries WHERE enterprise = ? ORDER BY id", OURS[:1]
            )
        ]
    )
    assert keys == ["delivered", "rejected", "failed", "unfinished"]
    assert await twins.purge.finish(Scope(OURS)) == len(keys)


@pytest.mark.parametrize(
    "behind", ["version = card_version + 1", "view_id = 'V1'"], ids=["card", "modal"]
)
async def test_what_is_still_to_be_shown_goes_first(twins: Twins, behind: str) -> None:
    """A card that is behind is not posted while old rows are removed, and an open modal is followed
    no further."""
    await twins.database.write(
        lambda db: db.execute("UPDATE deliveries SET card_version = version, view_id = ''")
    )
    await twins.database.write(
        lambda db: db.execute(f"UPDATE deliveries SET {behind} WHERE key = 'failed'")
    )
    await twins.purge.remove(OURS, LATER)
    assert await twins.deliveries.find(OURS, "failed") is None
    assert await twins.deliveries.find(OURS, "delivered") is not None


async def test_many_rows_go_in_chunks(twins: Twins) -> None:
    """More rows than go at once all go."""

    def fill(db: object) -> None:
        db.execute(  # type: ignore[attr-defined]
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT "
            "INTO deliveries (enterprise,"
            " team, key, kind, vendor, operation, branch, account, actor, actor_name, channel, "
            "private, title, payload,"
            " selected, state, created_at, next_attempt_at, card_not_before, card_version) SELECT "
            "?, ?, 'k' || i, "
            "'incident', 'notes', 'note',"
            " '', 'acme', 'U1', 'Ann', 'C1', 0, 'x', '{}', '{}', 'delivered', 1, 1, 0, 1 FROM n",
            (2 * REMOVED_AT_ONCE + 1, *OURS),
        )

    await twins.database.write(fill)
    scope = await twins.purge.remove(OURS, LATER)
    assert scope is not None
    assert await twins.purge.finish(scope) == 2 * REMOVED_AT_ONCE + 1
    assert await is_empty(twins, OURS)


async def test_is_harmless_when_repeated(twins: Twins) -> None:
    """Both events of one uninstall, and Slack's repetitions, remove what is there, which is
    nothing."""
    for _ in range(3):
        assert await remove(twins, OURS) == Scope(OURS)
    assert await is_empty(twins, OURS)


@pytest.mark.parametrize(
    ("said_at", "removed"), [(999_999_998, False), (999_999_999, False), (1_000_000_000, True)]
)
async def test_an_event_from_before_the_installation_removes_nothing(
    twins: Twins, said_at: float, removed: bool
) -> None:
    """Slack names the second: whatever happened in the one before the installation was an earlier
    one's end."""
    ours = await twins.dump(OURS)
    assert (await remove(twins, OURS, said_at) is not None) == removed
    assert (await twins.dump(OURS) == ours) != removed


async def test_an_organisation_goes_with_its_teams_but_those_of_their_own(twins: Twins) -> None:
    """A team that had installed the app itself keeps what it has; the others go with the
    organisation."""
    other = Workspace(OURS.enterprise, "T0OTHER")
    await twins.installations.save(twins.installation(ORGANISATION))
    await twins.connections.save(other, "notes", account="acme", account_name="Acme", secret={})
    await twins.deliveries.enqueue(twins.draft("a", other), lease=None, card_not_before=0.0)
    ours, theirs = await twins.dump(OURS), await twins.dump(THEIRS)
    assert await remove(twins, ORGANISATION) == Scope(ORGANISATION, frozenset({OURS.team}))
    assert (await twins.dump(OURS), await twins.dump(THEIRS)) == (ours, theirs)
    assert await is_empty(twins, other)
    assert await is_empty(twins, ORGANISATION)


async def test_a_team_that_is_taken_out_goes_alone(twins: Twins) -> None:
    """Its own rows go, not the organisation's; a team with its own installation stays, and a late
    event does nothing."""
    other = Workspace(OURS.enterprise, "T0OTHER")
    await twins.installations.save(twins.installation(ORGANISATION, at=1000.0))
    await twins.connections.save(other, "notes", account="acme", account_name="Acme", secret={})
    assert await twins.purge.remove_team(OURS, LATER) is None
    assert await twins.purge.remove_team(other, 999.0) is None
    assert not await is_empty(twins, other)
    assert await twins.purge.remove_team(other, 1000.0) == Scope(other)
    assert await is_empty(twins, other)
    assert not await is_empty(twins, ORGANISATION)


async def test_of_a_team_that_its_organisation_serves_too_only_its_own_installation_goes(
    twins: Twins,
) -> None:
    """What its admins connected and allowed stays as it is, and so do its deliveries; an event from
    before the installation, and a repetition, change nothing."""
    await twins.installations.save(twins.installation(ORGANISATION, at=LATER))
    before = await twins.dump(OURS)
    assert await remove(twins, OURS, 999_999_999) is None
    assert await twins.dump(OURS) == before
    for removed in (Scope(OURS, served=True), None, None):
        assert await remove(twins, OURS) == removed
        left = await twins.dump(OURS)
        assert {**left, "audit_events": []} == {**before, "audit_events": [], "installations": []}
        assert [it.action for it in await twins.audit.of(OURS, 100)][::-1] == [
            *("installed", "connected", "permitted", "configured"),
            "uninstalled",
        ]
    assert [it.workspace for it in await twins.installations.all()] == [ORGANISATION, THEIRS]


async def test_nobody_is_not_everybody(twins: Twins) -> None:
    """Without team and organisation nothing is removed: that would be all who have no organisation."""
    ours = await twins.dump(OURS)
    with pytest.raises(ValueError, match="no workspace"):
        await twins.purge.remove(Workspace("", ""), LATER)
    assert await twins.dump(OURS) == ours


def test_a_scope_holds_what_it_removes() -> None:
    """One workspace alone, or an organisation's but those that stay."""
    whole = Scope(ORGANISATION, frozenset({"T0OWN"}))
    asked = [
        OURS,
        THEIRS,
        ORGANISATION,
        Workspace(OURS.enterprise, "T0OWN"),
        Workspace("", OURS.team),
    ]
    assert [it in Scope(OURS) for it in asked] == [True, False, False, False, False]
    assert [it in whole for it in asked] == [True, False, True, False, False]


async def test_no_byte_of_it_is_left_in_any_file(twins: Twins, path: Path) -> None:
    """Neither in the database nor in the journal beside it, while both are open."""
    ciphertexts = await twins.database.read(
        lambda db: [
            row[0]
            for row in db.execute(
                "SELECT secret FROM connections UNION SELECT token FROM installations"
            )
        ]
    )
    ours = [
        it.encode()
        for it in ("Title E0OURS", "Ann E0OURS", "S0E0OURS", *map(str.strip, ciphertexts))
    ]
    files = path.parent.glob(f"{path.name}*")
    before = b"".join(it.read_bytes() for it in path.parent.glob(f"{path.name}*"))
    assert all(it in before for it in ours)
    for workspace in (OURS, THEIRS):
        await remove(twins, workspace)
    assert await twins.database.is_erased(5.0)
    after = b"".join(it.read_bytes() for it in files)
    assert [it for it in ours if it in after] == []
