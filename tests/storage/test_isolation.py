"""No workspace sees or changes what another one has, whatever ids they share.

Every public coroutine of storage stands here: in `SCENARIOS`, with what it is called with for a
workspace; or in `OF_NOBODY`, with why it is no workspace's.
"""

import importlib
import inspect
import pkgutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType

import pytest

import bot.access.store
import bot.catalogs.store
import bot.connections.setup_links
import bot.connections.store
import bot.delivery.store
import bot.slack.installations
import bot.storage
import bot.uninstall
from bot.adapters.base import Created, Entry
from bot.adapters.credentials import Rights
from bot.catalogs.listing import Listing, listing
from bot.catalogs.store import EVERY, Due
from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.errors import NoLongerThereError
from bot.storage.database import Database
from bot.workspace import Scope
from tests.storage.twins import CHANNEL, OURS, PERSON, STATES, THEIRS, Twins
from tests.world.notes import Clock

MADE = Created(id="n9", reference="N-9")
LANE = (OURS, "notes")

OF_NOBODY: Mapping[str, str] = {
    "History.newest": "operators list everything on the command line",
    "History.with_key": "operators name a delivery by its key alone; each row says whose it is",
    "History.erase": "housekeeping erases everywhere what is old",
    "Connections.accounts": "the background keeps everybody's lists fresh; each account stands under its workspace",
    "Database.open": "the file is everybody's",
    "Database.write": "the file is everybody's",
    "Database.read": "the file is everybody's",
    "Database.is_erased": "the journal is one file",
    "Audit.newest": "operators list everything on the command line",
    "Audit.claim_untold": "the background tells each workspace of its own; each event says whose it is",
    "Database.close": "the file is everybody's",
    "Deliveries.agenda": "the courier asks which connections wait; it claims from one at a time",
    "Deliveries.clock_went_back": "there is one clock",
    "Deliveries.expire": "the courier looks for leases that ran out, whosever they are",
    "ReconcileStore.claim": "the reconciler takes what is due, whosever it is",
    "ReconcileStore.next_time": "the reconciler sleeps until something is due",
    "Installations.all": "operators list them and rotate their keys",
    "Installations.any": "whether the bot is installed anywhere",
    "SetupLinks.remove_expired": "time passes for all of them",
    "SetupLinks.find": "the token in the address, 32 random bytes, says whose the link is",
    "Uninstaller.leave": "its rows are removed through `Purge`, which is tried here",
    "Uninstaller.leave_teams": "its rows are removed through `Purge`, which is tried here",
    "CardOutbox.behind": "the cards' loop asks where something is to be shown; a place names its workspace",
    "CardOutbox.claim_cards": "the cards' loop takes what is due, whosever it is",
    "CardOutbox.claim_views": "the cards' loop takes what is due, whosever it is",
    "CardOutbox.next_view_time": "the cards' loop sleeps until something is due",
    "FollowUpSteps.claim": "the finisher takes what is due, whosever it is",
    "FollowUpSteps.next_time": "the finisher sleeps until something is due",
    "CatalogStore.ages": "operators look after everybody's lists",
    "CatalogStore.claim": "the refresher takes what is due, whosever it is",
    "CatalogStore.next_time": "the refresher sleeps until something is due",
    "delivery.store.backlog.count": "operators look after the queue as a whole",
    "delivery.store.due.claim_due": "what `ReconcileStore.claim` and `FollowUpSteps.claim` do",
    "delivery.store.due.next_due": "what `ReconcileStore.next_time` and `FollowUpSteps.next_time` do",
    "EncryptedSecrets.remove": "operators rotate everybody's keys",
    "EncryptedSecrets.rotate": "operators rotate everybody's keys",
    "key_check.check": "the start tries some of everybody's keys",
    "key_check.demand_some": "the start tries some of everybody's keys",
    "EncryptedSecrets.any": "operators look after everybody's keys",
    "EncryptedSecrets.try_all": "operators look after everybody's keys",
    "EncryptedSecrets.try_some": "the start tries some of everybody's keys",
}

READS: Mapping[str, Callable[[Twins], Awaitable[object]]] = {
    "History.of_person": lambda it: it.history.of_person(OURS, PERSON, 100),
    "History.incident_of": lambda it: it.history.incident_of(OURS, "C0INCIDENT"),
    "History.private_objects": lambda it: it.history.private_objects(
        OURS, PERSON, "notes", [f"note {each.enterprise}" for each in (OURS, THEIRS)]
    ),
    "History.trail": lambda it: trail(it),
    "Connections.get": lambda it: it.connections.get(OURS, "notes"),
    "Connections.of": lambda it: it.connections.of(OURS),
    "Connections.vendors": lambda it: it.connections.vendors(OURS),
    "Deliveries.get": lambda it: with_row(it, "queued", it.deliveries.get),
    "Deliveries.find": lambda it: it.deliveries.find(OURS, "queued"),
    "Deliveries.ahead_of": lambda it: with_row(it, "doubted", it.deliveries.ahead_of),
    "Deliveries.waiting": lambda it: it.deliveries.waiting(OURS),
    "Deliveries.in_doubt": lambda it: it.deliveries.in_doubt(OURS),
    "Audit.of": lambda it: it.audit.of(OURS, 100),
    "WorkspaceSettings.of": lambda it: it.settings.of(OURS),
    "WorkspaceSettings.value": lambda it: it.settings.value(OURS, "language"),
    "Preferences.get": lambda it: it.preferences.get(OURS, PERSON, "incident"),
    "Preferences.of": lambda it: it.preferences.of(OURS),
    "Installations.find": lambda it: it.installations.find(OURS),
    "CatalogStore.load": lambda it: it.lists.load((OURS, "notes", "people"), Listing()),
    "CatalogStore.states": lambda it: it.lists.states((OURS, "notes")),
    "AccessStore.of": lambda it: it.permissions.of(OURS),
    "CardOutbox.by_card": lambda it: it.card_outbox.by_card(OURS, CHANNEL, "1.5"),
}
"""What tells something and changes nothing."""

WRITES: Mapping[str, Callable[[Twins], Awaitable[object]]] = {
    "Connections.save": lambda it: it.connections.save(
        OURS, "notes", account="acme", account_name="Acme", secret={"api_key": "new"}
    ),
    "Connections.confirm": lambda it: confirm(it),
    "Connections.remove": lambda it: it.connections.remove(OURS, "notes"),
    "Connections.mark": lambda it: it.connections.mark(OURS, "notes", "The key is wrong."),
    "Preferences.set_language": lambda it: it.preferences.set_language(OURS, "de"),
    "Preferences.suggest_language": lambda it: it.preferences.suggest_language(OURS, "de"),
    "Preferences.set_prefix": lambda it: it.preferences.set_prefix(OURS, "acme"),
    "Decisions.make": lambda it: it.decisions.make(OURS, "queued", "cancel", PERSON),
    "Deliveries.enqueue": lambda it: it.deliveries.enqueue(
        it.draft("rejected", title="Corrected"), lease=9.0, card_not_before=0.0
    ),
    "Deliveries.enqueue_batch": lambda it: it.deliveries.enqueue_batch(
        [it.draft(key) for key in ("one", "two")], card_not_before=0.0
    ),
    "CardOutbox.batch": lambda it: card_of_batch(it),
    "Deliveries.claim": lambda it: claim(it),
    "Deliveries.hurry": lambda it: it.deliveries.hurry(LANE),
    "Deliveries.expect": lambda it: with_row(
        it, "queued", lambda row: it.deliveries.expect(row, 3e9)
    ),
    "Deliveries.settle": lambda it: with_row(
        it, "sending", lambda row: it.deliveries.settle(row, Outcome("rejected"))
    ),
    "ReconcileStore.found": lambda it: with_row(
        it, "doubted", lambda row: it.doubts.found(row, MADE)
    ),
    "ReconcileStore.checked": lambda it: with_row(
        it, "delivered", lambda row: it.doubts.checked(row, [MADE])
    ),
    "ReconcileStore.refused": lambda it: with_row(it, "doubted", it.doubts.refused),
    "ReconcileStore.absent": lambda it: with_row(
        it, "doubted", lambda row: it.doubts.absent(row, 3e9)
    ),
    "ReconcileStore.send_again": lambda it: with_row(
        it, "doubted", lambda row: it.doubts.send_again(row, "absent", 3e9)
    ),
    "ReconcileStore.unanswered": lambda it: with_row(
        it, "doubted", lambda row: it.doubts.unanswered(row, 3e9)
    ),
    "ReconcileStore.undecided": lambda it: with_row(
        it, "doubted", lambda row: it.doubts.undecided(row, said("Who knows?"))
    ),
    "Installations.save": lambda it: it.installations.save(it.installation(OURS, at=3e9)),
    "Installations.remove": lambda it: it.installations.remove(OURS),
    "SetupLinks.make": lambda it: it.links.make(
        OURS, "notes", actor=PERSON, actor_name="Ann", workspace_name="Ours"
    ),
    "CatalogStore.save": lambda it: it.lists.save(
        (OURS, "notes", "people"), "acme", listing([Entry(id="2", label="Bo")], 2.0)
    ),
    "CatalogStore.add": lambda it: it.lists.add(
        [((OURS, "notes", "people"), Entry(id="3", label="Cy"), 3.0)]
    ),
    "CatalogStore.finish": lambda it: it.lists.finish(
        Due((OURS, "notes"), [EVERY], it.clock()), it.clock() + 5
    ),
    "CatalogStore.refused": lambda it: it.lists.refused(
        Due((OURS, "notes"), [], 0.0), "people", "Notes refuses it.", tries=1
    ),
    "CatalogStore.want": lambda it: it.lists.want((OURS, "notes"), {"people": 0.0}),
    "CatalogStore.failed": lambda it: it.lists.failed(
        (OURS, "notes", "people"), "Notes is away.", tries=1
    ),
    "AccessStore.set": lambda it: it.permissions.set(OURS, {"notes.note": "admins"}, PERSON),
    "Purge.remove": lambda it: it.purge.remove(OURS, 2e9),
    "Purge.remove_team": lambda it: remove_team(it),
    "Purge.finish": lambda it: it.purge.finish(Scope(OURS)),
    "CardOutbox.shown": lambda it: with_row(
        it, "queued", lambda row: it.card_outbox.shown(row, CHANNEL, "9.5")
    ),
    "WorkspaceSettings.change": lambda it: it.settings.change(OURS, {"language": "de"}, PERSON),
    "CardOutbox.placed": lambda it: with_row(
        it, "queued", lambda row: it.card_outbox.placed(row, CHANNEL, "9.5", in_channel=True)
    ),
    "CardOutbox.postponed": lambda it: with_row(
        it, "queued", lambda row: it.card_outbox.postponed(row, 3e9)
    ),
    "CardOutbox.adopt": lambda it: with_row(
        it, "queued", lambda row: it.card_outbox.adopt(row, CHANNEL, "9.5")
    ),
    "CardOutbox.answered": lambda it: with_row(
        it, "rejected", lambda row: it.card_outbox.answered([row])
    ),
    "CardOutbox.view_shown": lambda it: with_row(it, "rejected", it.card_outbox.view_shown),
    "CardOutbox.follow": lambda it: with_row(
        it, "queued", lambda row: it.card_outbox.follow(row, "V9", shown=True)
    ),
    "CardOutbox.forget_view": lambda it: with_row(it, "queued", it.card_outbox.forget_view),
    "FollowUpSteps.settled": lambda it: with_row(
        it, "finishing", lambda row: it.steps.settled(row, {"colour": said("")}, 9.0)
    ),
    "FollowUpSteps.postponed": lambda it: with_row(
        it, "finishing", lambda row: it.steps.postponed(row, 3e9)
    ),
}
"""What changes something."""

SCENARIOS = {**READS, **WRITES}
SILENT = (
    "CatalogStore.states",
    "Connections.vendors",
    "Deliveries.ahead_of",
    "Deliveries.in_doubt",
    "Preferences.of",
    "Deliveries.waiting",
    "History.trail",
)
"""What gives counts, moments and vendors, which say nothing of whose they are: these are compared
with what they must be."""


async def card_of_batch(it: Twins) -> object:
    """The rows of a batch that is made first."""
    drafts = [it.draft(key) for key in ("one", "two")]
    [(row, _), _second] = await it.deliveries.enqueue_batch(drafts, card_not_before=0.0)
    return await it.card_outbox.batch(row)


async def with_row(it: Twins, key: str, act: Callable[..., Awaitable[object]]) -> object:
    return await act(await it.row(key))


async def trail(it: Twins) -> object:
    return await it.history.trail(await it.row("queued"))


async def confirm(it: Twins) -> None:
    await it.connections.confirm(await it.connection(), "Acme", Rights())


async def claim(it: Twins) -> object:
    it.clock.now = 2e9
    return await it.deliveries.claim(LANE, 9.0)


async def remove_team(it: Twins) -> object:
    await it.installations.remove(OURS)
    return await it.purge.remove_team(OURS, 2e9)


def _stores() -> Iterator[ModuleType]:
    """Every module that reads or writes rows."""
    for package in (bot.storage, bot.delivery.store):
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{found.name}")
    yield from (
        bot.access.store,
        bot.catalogs.store,
        bot.connections.store,
        bot.connections.setup_links,
    )
    yield from (bot.slack.installations, bot.uninstall)


def coroutines() -> Iterator[str]:
    """Every public one: "Class.method", or "module.function"."""
    for module in _stores():
        for name, it in vars(module).items():
            if getattr(it, "__module__", "") != module.__name__ or name.startswith("_"):
                continue
            if inspect.iscoroutinefunction(it):
                yield f"{module.__name__.removeprefix('bot.storage.').removeprefix('bot.')}.{name}"
            elif inspect.isclass(it):
                methods = inspect.getmembers(it, inspect.iscoroutinefunction)
                yield from (
                    f"{name}.{method}" for method, _ in methods if not method.startswith("_")
                )


@pytest.fixture
async def twins(database: Database, clock: Clock) -> Twins:
    twins = Twins(database, clock)
    await twins.fill()
    return twins


def test_every_coroutine_of_storage_has_its_scenario() -> None:
    """Whatever reads or writes rows is tried below, or says why it is no workspace's."""
    assert sorted(coroutines()) == sorted([*SCENARIOS, *OF_NOBODY])


@pytest.mark.parametrize("name", SCENARIOS)
async def test_nothing_of_another_workspace_is_told_or_changed(twins: Twins, name: str) -> None:
    """What is done for one workspace tells and changes its own rows, and no other's."""
    ours, theirs = await twins.dump(OURS), await twins.dump(THEIRS)
    told = repr(await SCENARIOS[name](twins))
    assert await twins.dump(THEIRS) == theirs
    assert THEIRS.enterprise not in told
    if name in WRITES:
        assert await twins.dump(OURS) != ours
    else:
        assert await twins.dump(OURS) == ours
        assert OURS.enterprise in told or name in SILENT


@pytest.mark.parametrize("name", SCENARIOS)
async def test_an_id_that_is_another_workspaces_by_now_reaches_nothing_of_it(
    twins: Twins, name: str
) -> None:
    """Whoever still holds a row that was removed, and whose id was given again, neither sees nor
    changes the new one."""
    twins.reused = True
    ours, theirs = await twins.dump(OURS), await twins.dump(THEIRS)
    try:
        told = repr(await SCENARIOS[name](twins))
    except NoLongerThereError:
        told = ""
        assert await twins.dump(OURS) == ours
    assert THEIRS.enterprise not in told
    assert await twins.dump(THEIRS) == theirs


async def test_counts_are_of_one_workspace(twins: Twins) -> None:
    """Where only numbers and names come back, they are this workspace's alone."""
    queued, doubted = await twins.row("queued"), await twins.row("doubted")
    await twins.connections.save(THEIRS, "more", account="x", account_name="X", secret={})
    await twins.database.write(
        lambda db: db.execute(
            "UPDATE deliveries SET next_attempt_at = 0 WHERE enterprise = ?", (THEIRS[0],)
        )
    )
    assert await twins.connections.vendors(OURS) == {"notes"}
    assert await twins.deliveries.ahead_of(doubted) == await twins.deliveries.ahead_of(queued) == 0
    assert {name: it.number for name, it in (await twins.deliveries.waiting(OURS)).items()} == {
        ("notes", "acme"): 2
    }
    assert await twins.deliveries.in_doubt(OURS) == {"notes": 1}
    assert [it.actor for it in await twins.history.trail(queued)] == [PERSON]


async def test_a_row_that_was_made_up_is_not_there(twins: Twins) -> None:
    """Of a row's id, workspace and key each has to be right."""
    row = await twins.row("queued")
    for made_up in (
        replace(row, workspace=THEIRS),
        replace(row, key="other"),
        replace(row, id=row.id + len(STATES)),
    ):
        with pytest.raises(NoLongerThereError):
            await twins.deliveries.get(made_up)
        assert await twins.history.trail(made_up) == []


EVENT = (
    "id, state, reason, attempt, revision, lookup_count, erased_at,"
    " (SELECT json_group_array(key) FROM json_each(follow_up_steps))"
)
"""The columns of a delivery whose change is an event."""


@pytest.mark.parametrize("name", [name for name in WRITES if not name.startswith("Purge")])
async def test_no_change_of_a_state_goes_without_its_event(twins: Twins, name: str) -> None:
    """Whatever changed a row has written who did it, and what the row became; nothing else has."""

    def rows(db: sqlite3.Connection) -> dict[int, tuple[object, ...]]:
        return {row["id"]: tuple(row) for row in db.execute(f"SELECT {EVENT} FROM deliveries")}

    def events(db: sqlite3.Connection) -> list[tuple[int, str]]:
        found = db.execute("SELECT delivery, state FROM delivery_events ORDER BY id")
        return [tuple(row) for row in found]

    before, told = await twins.database.read(rows), await twins.database.read(events)
    await WRITES[name](twins)
    after = await twins.database.read(rows)
    changed = [(number, row[1]) for number, row in after.items() if before.get(number) != row]
    assert sorted((await twins.database.read(events))[len(told) :]) == sorted(changed)
