"""Catalogs: what a picker shows, how fresh it is, and what a vendor's trouble does to it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.adapters.base import Catalog, Entry
from bot.adapters.rate_limit import RateLimiters
from bot.catalogs.service import SHOWN, STALE_AFTER, Answer, Catalogs
from bot.catalogs.store import RETRY_SECONDS, CatalogStore
from bot.connections.store import Connections
from bot.delivery.attempt import VendorAccess
from bot.delivery.model import Outcome
from bot.delivery.problems import said
from bot.delivery.store.queue import Deliveries
from bot.errors import OutcomeUnknownError, RetryLaterError, UnauthorizedError
from bot.storage.database import Database
from tests.world.bot import eventually
from tests.world.machine import NO_LIMITS, ended, make_connections
from tests.world.notes import ELSEWHERE, HERE, MADE, SECRET, Clock, Notes, draft, labels

DAY = 24 * 3600.0
REVOKED = UnauthorizedError("Notes", "Notes no longer accepts the token.")
AWAY = RetryLaterError("Notes", "Notes cannot be reached.", "unreachable")


@dataclass
class Shelf:
    """Catalogs on a real database, with a vendor that lists what a test says."""

    database: Database
    connections: Connections
    store: CatalogStore
    catalogs: Catalogs
    adapter: Notes
    clock: Clock
    recovered: list[float] = field(default_factory=list)

    async def connect(self, account: str = "acme") -> None:
        await self.connections.save(
            HERE, "notes", account=account, account_name=account, secret=SECRET
        )

    async def round(self) -> None:
        """Refresh what is due."""
        while (due := await self.store.claim([])) is not None:
            await self.catalogs.refresher.refresh(due)

    async def open_form(self, *names: str) -> None:
        """A form with pickers for these lists opens."""
        await self.catalogs.want(HERE, "notes", names or ("notes",))

    async def search(self, query: str = "", name: str = "notes") -> Answer:
        return await self.catalogs.search(HERE, "notes", name, query)

    async def offered(self, query: str = "", name: str = "notes") -> list[str]:
        return labels((await self.search(query, name)).entries)

    async def broken(self) -> str:
        return (await self.connections.of(HERE))[0].broken


def make(database: Database, clock: Clock, adapter: Notes | None = None) -> Shelf:
    connections = make_connections(database, clock)
    adapter = adapter or Notes()
    recovered: list[float] = []
    store = CatalogStore(database, clock)
    access = VendorAccess(
        connections, {"notes": adapter}, RateLimiters({"notes": NO_LIMITS}, clock)
    )
    catalogs = Catalogs(
        store, access, on_recovered=lambda: recovered.append(clock.now), clock=clock
    )
    return Shelf(database, connections, store, catalogs, adapter, clock, recovered)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    database = await Database.open(tmp_path / "relay.db")
    shelf = make(database, Clock())
    await shelf.connect()
    yield shelf
    await shelf.adapter.client.aclose()
    await database.close()


def entries(*names: str) -> list[Entry]:
    return [Entry(id=name, label=name) for name in names]


# --- searching


async def test_the_best_match_comes_first(shelf: Shelf) -> None:
    """Exact, then beginning, then a word's beginning, then anywhere; within each as the vendor
    orders them."""
    shelf.adapter.lists["notes"] = entries(
        "depayment", "The Pay team", "Payroll", "Payments", "pay", "other"
    )
    await shelf.round()
    expected = ["pay", "Payroll", "Payments", "The Pay team", "depayment"]
    assert await shelf.offered("PAY") == expected
    assert await shelf.offered("  pay  ") == expected
    assert await shelf.search("pay") == Answer([Entry(id=name, label=name) for name in expected])


async def test_details_are_searched_too(shelf: Shelf) -> None:
    """An e-mail address or a description finds its entry, whatever its case or script."""
    shelf.adapter.lists["people"] = [
        Entry(id="1", label="Ann", detail="ann@example.com"),
        Entry(id="2", label="Straße", detail="ΑΘΗΝΑ"),
    ]
    await shelf.round()
    assert await shelf.offered("EXAMPLE.com", "people") == ["Ann"]
    assert await shelf.offered("STRASSE", "people") == ["Straße"]
    assert await shelf.offered("αθηνα", "people") == ["Straße"]


async def test_what_stands_in_the_label_comes_before_what_stands_in_the_detail(
    shelf: Shelf,
) -> None:
    """And what has the words in another order comes last, before nothing at all."""
    shelf.adapter.lists["people"] = [
        Entry(id="1", label="Zoe", detail="Jira admin"),
        Entry(id="2", label="Tell everyone", detail="about a Jira issue"),
        Entry(id="3", label="Create a Jira issue"),
        Entry(id="4", label="Issue in Jira"),
    ]
    await shelf.round()
    assert await shelf.offered("jira", "people") == [
        "Create a Jira issue",
        "Issue in Jira",
        "Zoe",
        "Tell everyone",
    ]
    assert await shelf.offered("jira issue", "people") == [
        "Create a Jira issue",
        "Tell everyone",
        "Issue in Jira",
    ]
    assert await shelf.offered("issue everyone", "people") == ["Tell everyone"]
    assert await shelf.offered("ira issue everyone", "people") == []
    assert await shelf.offered("jura nobody", "people") == []


async def test_nothing_typed_offers_the_list_as_it_is(shelf: Shelf) -> None:
    """In the vendor's order."""
    shelf.adapter.lists["notes"] = entries("b", "a", "c")
    await shelf.round()
    assert await shelf.search() == Answer(entries("b", "a", "c"))


async def test_a_hundred_are_shown_and_the_rest_is_announced(shelf: Shelf) -> None:
    """Slack takes no more; typing narrows it down."""
    shelf.adapter.lists["notes"] = entries(*(f"entry {n:03}" for n in range(250)))
    await shelf.round()
    assert await shelf.search() == Answer(
        entries(*(f"entry {n:03}" for n in range(SHOWN))),
        "The first 100. Keep typing to see others.",
    )
    assert await shelf.search("entry 24") == Answer(entries(*(f"entry 24{n}" for n in range(10))))


async def test_more_than_a_hundred_that_never_change_are_announced_too(shelf: Shelf) -> None:
    """What comes with the bot, as the types of a task do, is cut as well."""
    vars(shelf.adapter)["catalogs"] = (
        Catalog("notes", "notes", static=entries(*(f"type {n:03}" for n in range(151)))),
    )
    assert (await shelf.search()).notice == "The first 100. Keep typing to see others."


async def test_ten_thousand_entries_are_searched_in_no_time(shelf: Shelf) -> None:
    """A keystroke costs a few milliseconds, and the last entry is found as well."""
    shelf.adapter.lists["notes"] = entries(
        *(f"service number {n} of the shop" for n in range(10_000))
    )
    await shelf.round()
    started = time.perf_counter()
    for query in ("s", "number 9999", "shop", "zzz", ""):
        await shelf.search(query)
    assert time.perf_counter() - started < 0.5
    assert await shelf.offered("number 9999") == ["service number 9999 of the shop"]


async def test_an_entry_that_a_vendor_lists_twice_is_offered_once(shelf: Shelf) -> None:
    """Pages shift while they are read, and Slack takes no option twice."""
    shelf.adapter.lists["notes"] = entries("a", "b", "a", "c", "b")
    await shelf.round()
    assert await shelf.offered() == ["a", "b", "c"]


async def test_a_static_list_needs_no_vendor(shelf: Shelf) -> None:
    """It is there before anything was fetched, is never old, and is never asked for."""
    shelf.clock.advance(10 * DAY)
    assert await shelf.search("", "colours") == Answer(
        [Entry(id="r", label="Red"), Entry(id="g", label="Green")]
    )
    await shelf.round()
    assert sorted(shelf.adapter.asked) == ["notes", "people"]


async def test_an_entry_is_found_by_its_id(shelf: Shelf) -> None:
    """For what a form has to remember of the choice."""
    shelf.adapter.lists["notes"] = entries("a")
    await shelf.round()
    assert await shelf.catalogs.entry(HERE, "notes", "notes", "a") == Entry(id="a", label="a")
    assert await shelf.catalogs.entry(HERE, "notes", "notes", "b") is None


async def test_an_old_incident_can_be_named(shelf: Shelf) -> None:
    """What the list does not hold is offered by its reference, alone or after what else matches;
    never twice."""
    shelf.adapter.lists["notes"] = entries("INC-120 Search", "INC-12x", "INC-7 Twelve (12)")
    await shelf.round()
    assert await shelf.offered("#4711") == ["INC-4711 (looked up when sent)"]
    assert await shelf.offered("https://app.example.com/acme/incidents/7") == [
        "INC-7 (looked up when sent)"
    ]
    assert await shelf.offered("INC-12") == [
        "INC-120 Search",
        "INC-12x",
        "INC-12 (looked up when sent)",
    ]
    assert await shelf.offered("INC-7") == ["INC-7 Twelve (12)"]
    assert await shelf.offered("nothing") == []


async def test_a_pasted_link_finds_its_entry(shelf: Shelf) -> None:
    """A listed incident is found by its page's address, whichever part of the page was linked,
    number or not."""
    page = "https://rootly.com/account/incidents"
    shelf.adapter.lists["notes"] = [
        Entry(id="a", label="INC-12 Down", url=f"{page}/fuga-fugiat"),
        Entry(id="b", label="INC-7 Up", url=f"{page}/7-up"),
        *entries("other"),
    ]
    await shelf.round()
    assert await shelf.offered(f" {page}/fuga-fugiat#nav-action-items ") == ["INC-12 Down"]
    assert await shelf.offered(f"{page}/7-up") == ["INC-7 Up"]
    assert await shelf.offered(f"{page}/12345678-1111-2222-3333-444455556666") == []


async def test_a_named_incident_leaves_room_in_a_full_list(shelf: Shelf) -> None:
    """A hundred matches and the named one are a hundred options."""
    shelf.adapter.lists["notes"] = entries(*(f"INC-1{n:03} x" for n in range(150)))
    await shelf.round()
    found = await shelf.offered("INC-1")
    assert (len(found), found[-1]) == (SHOWN, "INC-1 (looked up when sent)")


async def test_own_entries_come_first_unless_the_list_has_them(shelf: Shelf) -> None:
    """They are found by text and by link like the others, and a list of nothing else is not
    empty."""
    link = "https://notes.example.com/9"
    own = [Entry(id="9", label="Private pay", url=link, private=True), *entries("pay")]

    async def search(query: str) -> Answer:
        return await shelf.catalogs.search(HERE, "notes", "notes", query, own)

    shelf.adapter.lists["notes"] = []
    await shelf.round()
    assert await search("") == Answer(own)
    shelf.adapter.lists["notes"] = entries("pay", "Payroll", "other")
    shelf.clock.now += DAY
    await shelf.open_form()
    await shelf.round()
    assert await search("pay") == Answer([own[0], *entries("pay", "Payroll")])
    assert await search(link) == Answer(own[:1])
    assert await shelf.offered("pay") == ["pay", "Payroll"]


# --- what a picker says


async def test_a_list_that_was_never_fetched_is_loading(shelf: Shelf) -> None:
    """Until the first answer it says so; when that fails it says why."""
    assert await shelf.search() == Answer([], "Still loading. Type again in a moment.")
    shelf.adapter.lists["notes"] = AWAY
    await shelf.round()
    assert await shelf.search() == Answer([], "No notes yet. Notes cannot be reached.")
    assert await shelf.catalogs.condition(HERE, "notes") == (None, "Notes cannot be reached.")


async def test_an_empty_list_says_so(shelf: Shelf) -> None:
    """And so does a list in which nothing matches."""
    shelf.adapter.lists["people"] = entries("Ann")
    await shelf.round()
    assert await shelf.search() == Answer([], "Notes has no notes.")
    assert await shelf.search("zz", "people") == Answer([])


async def test_an_old_list_says_how_old_it_is(shelf: Shelf) -> None:
    """With whose fault it is: the vendor's silence, or that nobody has used it for a while."""
    shelf.adapter.lists["notes"] = entries("a")
    await shelf.round()
    shelf.clock.advance(STALE_AFTER)
    assert await shelf.search() == Answer(entries("a"))
    shelf.clock.advance(3600)
    assert await shelf.search() == Answer(entries("a"), "From 2 hours ago. A new list is loading.")
    shelf.adapter.lists["notes"] = AWAY
    await shelf.open_form()
    await shelf.round()
    shelf.clock.advance(2 * 24 * 3600)
    assert await shelf.search() == Answer(
        entries("a"), "From 2 days ago. Notes hasn't answered since."
    )
    age, problem = await shelf.catalogs.condition(HERE, "notes")
    assert age == STALE_AFTER + 3600 + 2 * 24 * 3600
    assert problem == "Notes cannot be reached."


# --- refreshing


async def test_a_list_is_refreshed_when_a_form_opens_and_it_is_old(shelf: Shelf) -> None:
    """Not because time passes, and not because somebody types."""
    await shelf.round()
    assert sorted(shelf.adapter.asked) == ["notes", "people"]
    shelf.adapter.asked.clear()
    shelf.clock.advance(60)
    await shelf.open_form("notes", "people")
    await shelf.round()
    assert shelf.adapter.asked == []
    shelf.clock.advance(1)
    await shelf.search("a")
    await shelf.round()
    assert shelf.adapter.asked == []
    await shelf.open_form("notes", "people")
    await shelf.round()
    assert shelf.adapter.asked == ["notes"]
    shelf.clock.advance(DAY)
    await shelf.round()
    assert shelf.adapter.asked == ["notes"]
    assert await shelf.store.next_time([]) is None


async def test_two_processes_fetch_a_list_once_and_both_know(shelf: Shelf) -> None:
    """Who claims it fetches it; the other sees it a second later."""
    shelf.adapter.lists["notes"] = entries("a")
    await shelf.round()
    other = make(shelf.database, shelf.clock)
    assert await other.offered() == ["a"]
    shelf.clock.advance(61)
    await shelf.open_form()
    await other.open_form()
    shelf.adapter.lists["notes"] = entries("a", "b")
    claimed = await shelf.store.claim([])
    assert claimed is not None
    await other.round()
    await shelf.catalogs.refresher.refresh(claimed)
    shelf.clock.advance(1)
    assert (await other.offered(), other.adapter.asked) == (["a", "b"], [])
    await other.adapter.client.aclose()


async def test_answers_come_while_the_vendor_is_silent(shelf: Shelf) -> None:
    """A refresh that hangs delays no keystroke."""
    shelf.adapter.lists["notes"] = entries("a")
    await shelf.round()
    hang = asyncio.Event()

    async def wait() -> None:
        await hang.wait()

    shelf.adapter.before_listing = wait
    shelf.clock.advance(61)
    await shelf.open_form()
    refreshing = asyncio.create_task(shelf.round())
    await eventually(lambda: shelf.adapter.asked[2:] == ["notes"])
    assert await asyncio.wait_for(shelf.offered(), 0.5) == ["a"]
    hang.set()
    await refreshing


async def test_lists_survive_a_restart(shelf: Shelf) -> None:
    """A new process answers from the file before it has asked the vendor anything."""
    shelf.adapter.lists["notes"] = entries("a", "b")
    await shelf.round()
    again = make(shelf.database, shelf.clock)
    assert await again.search() == Answer(entries("a", "b"))
    assert again.adapter.asked == []
    await again.adapter.client.aclose()


@pytest.mark.parametrize(
    "trouble",
    [AWAY, OutcomeUnknownError("Notes", "Notes broke."), RuntimeError("bug"), KeyError("id")],
)
async def test_one_bad_list_does_not_stop_the_others(shelf: Shelf, trouble: Exception) -> None:
    """The others are fetched; the bad one is tried again after a minute, and keeps what it had."""
    shelf.adapter.lists = {"notes": entries("a"), "people": entries("Ann")}
    await shelf.round()
    shelf.clock.advance(601)
    await shelf.open_form("notes", "people")
    shelf.adapter.lists = {"notes": trouble, "people": entries("Ann", "Ben")}
    await shelf.round()
    assert await shelf.offered("", "people") == ["Ann", "Ben"]
    assert await shelf.offered() == ["a"]
    shelf.adapter.lists["notes"] = entries("a", "b")
    await shelf.round()
    assert await shelf.offered() == ["a"]
    shelf.clock.advance(RETRY_SECONDS + 1)
    await shelf.round()
    assert await shelf.search() == Answer(entries("a", "b"))


async def tries(shelf: Shelf, minutes: int) -> list[int]:
    """After which minutes the notes are asked for, in rounds a minute apart."""
    asked = []
    for minute in range(1, minutes + 1):
        shelf.clock.advance(60.1)
        before = shelf.adapter.asked.count("notes")
        await shelf.round()
        asked += [minute] * (shelf.adapter.asked.count("notes") - before)
    return asked


async def test_a_new_list_that_fails_is_given_up_until_it_is_used(shelf: Shelf) -> None:
    """Right after connecting it is tried five times, ever more rarely; then when somebody needs it."""
    vars(shelf.adapter)["catalogs"] = (Catalog("notes", "notes"),)
    shelf.adapter.lists["notes"] = AWAY
    await shelf.round()
    assert await tries(shelf, 60) == [1, 3, 7, 15]
    await shelf.open_form()
    assert await tries(shelf, 60) == [1, 2, 4, 8, 16]


async def test_a_list_that_was_tried_a_moment_ago_is_left_alone(shelf: Shelf) -> None:
    """Forms that open one after the other do not make a vendor in trouble busier."""
    vars(shelf.adapter)["catalogs"] = (Catalog("notes", "notes"),)
    shelf.adapter.lists["notes"] = AWAY
    await shelf.round()
    for _ in range(3):
        await shelf.open_form()
        await shelf.round()
    assert shelf.adapter.asked == ["notes"]


async def test_a_bug_is_told_apart_from_the_vendors_words(shelf: Shelf) -> None:
    """What an exception of ours quotes is not shown."""
    shelf.adapter.lists["notes"] = RuntimeError("secret")
    await shelf.round()
    said = "No notes yet. Notes sent a list that could not be read."
    assert await shelf.search() == Answer([], said)


async def test_a_refused_token_breaks_the_connection_and_spares_the_vendor(shelf: Shelf) -> None:
    """One 401 stands for all lists of that round."""
    shelf.adapter.lists = {"notes": REVOKED, "people": REVOKED}
    await shelf.round()
    assert (shelf.adapter.asked, await shelf.broken()) == (["notes"], str(REVOKED))


async def test_lists_are_asked_for_at_once_when_the_token_is_taken_again(shelf: Shelf) -> None:
    """Whoever found it out. That the token was refused is the connection's to say, and no list's
    after that."""
    await shelf.round()
    shelf.adapter.lists = {"notes": REVOKED, "people": REVOKED}
    shelf.clock.advance(shelf.adapter.catalog("notes").ttl + 1)
    await shelf.open_form()
    shelf.adapter.asked.clear()
    await shelf.round()
    assert (await shelf.broken(), (await shelf.catalogs.condition(HERE, "notes"))[1]) == (
        str(REVOKED),
        "",
    )
    shelf.adapter.lists = {"notes": entries("a"), "people": entries("b")}
    await shelf.connections.mark(HERE, "notes", "")
    await shelf.round()
    assert (shelf.adapter.asked, await shelf.offered()) == (["notes", "notes"], ["a"])


async def test_a_list_that_is_not_allowed_breaks_nothing(shelf: Shelf) -> None:
    """A 403 concerns that list only."""
    shelf.adapter.lists["notes"] = UnauthorizedError("Notes", "Not yours.", 403)
    await shelf.round()
    assert await shelf.broken() == ""
    assert (await shelf.search()).notice == "No notes yet. Not yours."


async def test_a_token_that_works_again_mends_the_connection(shelf: Shelf) -> None:
    """Found out within about a minute even when nobody uses a list; what waited for it goes on."""
    await shelf.round()
    deliveries = Deliveries(shelf.database, shelf.clock)
    row, _ = await deliveries.enqueue(draft(), lease=45, card_not_before=0)
    await deliveries.settle(row, Outcome("failed", "unauthorized", said(str(REVOKED))))
    await shelf.connections.mark(HERE, "notes", str(REVOKED))
    shelf.adapter.lists = {"notes": REVOKED, "people": REVOKED}
    shelf.clock.advance(RETRY_SECONDS + 1)
    await shelf.round()
    assert (await shelf.broken(), shelf.recovered) == (str(REVOKED), [])
    shelf.adapter.lists = {"notes": [], "people": []}
    shelf.clock.advance(RETRY_SECONDS + 1)
    await shelf.round()
    assert (await shelf.broken(), shelf.recovered) == ("", [shelf.clock.now])
    assert (await deliveries.get(row)).state == "queued"


async def test_another_account_has_other_lists(shelf: Shelf) -> None:
    """Once a vendor was connected with another account, nothing of the old one is offered any more."""
    shelf.adapter.lists["notes"] = entries("of acme")
    await shelf.round()
    await shelf.connect("bolt")
    shelf.adapter.lists["notes"] = AWAY
    await shelf.round()
    assert await shelf.search() == Answer([], "No notes yet. Notes cannot be reached.")
    shelf.adapter.lists["notes"] = entries("of bolt")
    shelf.clock.advance(RETRY_SECONDS + 1)
    await shelf.round()
    assert await shelf.offered() == ["of bolt"]


async def test_a_workspace_sees_its_own_lists(shelf: Shelf) -> None:
    """Another one with the same vendor is still loading its own."""
    shelf.adapter.lists["notes"] = entries("a")
    await shelf.round()
    other = await shelf.catalogs.search(ELSEWHERE, "notes", "notes", "")
    assert other == Answer([], "Still loading. Type again in a moment.")


# --- what was created here


async def created(shelf: Shelf, key: str = "a", number: int = 1) -> None:
    deliveries = Deliveries(shelf.database, shelf.clock)
    row, _ = await deliveries.enqueue(draft(key), lease=45, card_not_before=0)
    made = MADE.model_copy(update={"id": f"n{number}", "reference": f"N-{number}"}).model_dump()
    settled = await deliveries.settle(row, Outcome("delivered", vendor_object=made))
    assert settled is not None
    await shelf.catalogs.created(settled, "notes")


async def test_what_was_created_is_offered_at_once(shelf: Shelf) -> None:
    """First in the list, the newest before the older; also after a restart."""
    shelf.adapter.lists["notes"] = entries("old")
    await shelf.round()
    await created(shelf)
    await created(shelf, "b", 2)
    assert await shelf.offered() == ["N-2 A note", "N-1 A note", "old"]
    again = make(shelf.database, shelf.clock)
    assert await again.offered("n-2") == ["N-2 A note"]
    await again.adapter.client.aclose()


async def test_what_was_created_before_the_first_fetch_is_offered(shelf: Shelf) -> None:
    """The picker says that the rest is still loading."""
    await created(shelf)
    assert await shelf.search() == Answer(
        [Entry(id="n1", label="N-1 A note", url=MADE.url)],
        "Still loading. Type again in a moment.",
    )
    shelf.adapter.lists["notes"] = entries("old")
    await shelf.round()
    assert await shelf.offered() == ["N-1 A note", "old"]


async def test_a_refresh_that_had_begun_does_not_lose_what_was_created(shelf: Shelf) -> None:
    """Nor does one shortly after, for a vendor's list may lag; a minute later the vendor's list is
    the truth."""
    shelf.adapter.lists["notes"] = entries("old")
    await shelf.round()

    async def meanwhile() -> None:
        shelf.adapter.before_listing = None
        await created(shelf)

    shelf.adapter.before_listing = meanwhile
    shelf.clock.advance(61)
    await shelf.open_form()
    await shelf.round()
    assert await shelf.offered() == ["N-1 A note", "old"]
    shelf.clock.advance(61)
    await shelf.open_form()
    await shelf.round()
    assert await shelf.offered() == ["old"]


async def test_what_was_created_is_not_listed_twice(shelf: Shelf) -> None:
    """Once the vendor lists it, its line is the vendor's."""
    await shelf.round()
    await created(shelf)
    shelf.clock.advance(61)
    await shelf.open_form()
    shelf.adapter.lists["notes"] = [Entry(id="n1", label="N-1 A note", detail="open")]
    await shelf.round()
    assert await shelf.search() == Answer([Entry(id="n1", label="N-1 A note", detail="open")])


# --- the loop


async def test_the_loop_goes_on_after_an_error(shelf: Shelf) -> None:
    """What failed is tried again after a minute."""
    await shelf.database.write(lambda db: db.execute("ALTER TABLE connections RENAME TO gone"))
    loop = asyncio.create_task(shelf.catalogs.run())
    await asyncio.sleep(0.1)
    await shelf.database.write(lambda db: db.execute("ALTER TABLE gone RENAME TO connections"))
    shelf.clock.advance(RETRY_SECONDS + 1)
    shelf.catalogs.wake()
    shelf.adapter.lists["notes"] = entries("a")
    ready: Callable[[], bool] = lambda: sorted(shelf.adapter.asked) == ["notes", "people"]  # noqa: E731
    await eventually(ready)
    await ended(loop)
    assert await shelf.offered() == ["a"]
