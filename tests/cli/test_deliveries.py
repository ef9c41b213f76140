"""`python -m bot deliveries`: what an operator is shown, and what can be retried and cancelled from
there."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bot.cli.deliveries import Wanted, main
from bot.delivery.model import Delivery, Outcome
from bot.delivery.problems import said
from bot.delivery.states import STATES, State
from bot.delivery.store.decisions import Decisions
from bot.delivery.store.follow_ups import FollowUpSteps
from bot.delivery.store.history import History
from bot.delivery.store.queue import Deliveries
from bot.errors import RelayError, SettingError
from bot.forms.custom_fields import CustomField
from bot.settings import Settings
from bot.storage.database import Database
from tests.world.notes import DAY, ELSEWHERE, HERE, SECRET, Clock, draft

T = TypeVar("T")
NOON = datetime(2027, 1, 15, 12, 0, tzinfo=UTC).timestamp()
MADE = {
    "id": "7",
    "reference": "N-7",
    "title": "Checkout is down",
    "url": "https://notes.example.com/7",
}


class Desk:
    """The operator's terminal and the database that the bot uses. `at` is when things happen to its
    deliveries."""

    def __init__(self, path: Path, captured: pytest.CaptureFixture[str]) -> None:
        self.path = path
        self.at = Clock(NOON)
        self._captured = captured
        self.settings = Settings.model_validate({"RELAY_DATABASE": str(path)})

    def asks(self, **wanted: Any) -> str:
        """What `deliveries` prints; raises what it raises."""
        assert main(self.settings, Wanted(**wanted)) == 0
        out, err = self._captured.readouterr()
        assert err == ""
        return out

    def told(self, **wanted: Any) -> str:
        """What it says instead."""
        with pytest.raises(RelayError) as caught:
            main(self.settings, Wanted(**wanted))
        return str(caught.value)

    def does(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """What the running bot does to the file."""

        async def done() -> T:
            database = await Database.open(self.path)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(done())

    def submitted(
        self, key: str, state: State = "sending", reason: str = "", **changes: Any
    ) -> None:
        async def work(database: Database) -> None:
            deliveries = Deliveries(database, self.at)
            row, _ = await deliveries.enqueue(draft(key, **changes), lease=45, card_not_before=0.0)
            self.at.advance(60)
            if state == "cancelled":
                await deliveries.settle(row, Outcome("queued", reason, said("Words.")))
                await Decisions(database, self.at).make(row.workspace, key, "cancel", "operator")
                return
            created = MADE if state == "delivered" else None
            if state != "sending":
                await deliveries.settle(
                    row,
                    Outcome(
                        state,
                        reason,
                        said("Words."),
                        vendor_object=created,
                        next_attempt_at=self.at(),
                    ),
                )

        self.does(work)

    def row(self, key: str) -> Delivery:
        async def work(database: Database) -> Delivery:
            [row] = await History(database).with_key(key)
            return row

        return self.does(work)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path / "relay.db", capsys)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    desk.submitted("ir000000000001", "delivered")
    desk.submitted(
        "ir000000000002",
        "failed",
        title="Naïve\x1b[2J \u202eretupmoc " + "long " * 20,
        workspace=ELSEWHERE,
    )
    desk.submitted("ir000000000003")
    return desk


def local(at: float, pattern: str = "%Y-%m-%d %H:%M") -> str:
    return datetime.fromtimestamp(at).astimezone().strftime(pattern)


def test_lists_the_newest_first(filled: Desk) -> None:
    """A line each: when, state, what, title, attempts, key; nothing that the terminal would obey."""
    assert filled.asks().splitlines() == [
        "when              state      what        title                                           "
        "    attempts  key",
        f"{local(NOON + 120)}  sending    notes note  Checkout is down                             "
        "       1         "
        "ir000000000003",
        f"{local(NOON + 60)}  failed     notes note  Naïve [2J  retupmoc long long long long long "
        "long…  1         "
        "ir000000000002",
        f"{local(NOON)}  delivered  notes note  Checkout is down                                   "
        " 1         "
        "ir000000000001",
    ]


def listed(text: str) -> list[str]:
    return [line.split()[-1][-1] for line in text.splitlines()[1:]]


def test_lists_only_what_is_wanted(filled: Desk) -> None:
    """By state, by time (of this machine, or of the zone that it names), and so many."""
    assert listed(filled.asks(state="failed")) == ["2"]
    assert listed(filled.asks(limit=1)) == ["3"]
    assert listed(filled.asks(since="2027-01-15T12:01:00Z")) == ["3", "2"]
    assert listed(filled.asks(since=datetime.fromtimestamp(NOON + 120).isoformat())) == ["3"]  # noqa: DTZ006  local
    assert listed(filled.asks(since="2026-12-01")) == ["3", "2", "1"]
    assert filled.asks(state="rejected") == "There are no such deliveries.\n"


@pytest.mark.parametrize(("since", "seconds"), [("90m", 5400), ("2h", 7200), ("3d", 3 * DAY)])
def test_a_time_can_be_an_age(desk: Desk, since: str, seconds: float) -> None:
    """Minutes, hours, days ago."""
    now = datetime.now(UTC).timestamp()
    for key, age in {"a": seconds + 60, "b": seconds - 60}.items():
        desk.at.now = now - age
        desk.submitted(f"ir00000000000{key}")
    assert listed(desk.asks(since=since)) == ["b"]


def test_prints_json(filled: Desk) -> None:
    """One array of objects; what was filled in comes only when one delivery is named."""
    rows = json.loads(filled.asks(as_json=True))
    assert [row["key"][-1] for row in rows] == ["3", "2", "1"]
    assert rows[2] == {
        "key": "ir000000000001",
        "enterprise": HERE.enterprise,
        "team": HERE.team,
        "vendor": "notes",
        "operation": "note",
        "account": "acme",
        "actor": "U0ANN00001",
        "channel": "C0GENERAL1",
        "private": False,
        "title": "Checkout is down",
        "state": "delivered",
        "reason": "",
        "sentence": "Words.",
        "attempts": 1,
        "revision": 0,
        "created": MADE,
        "twins": [],
        "remaining": {},
        "undecided": False,
        "looks": 0,
        "resends": 0,
        "submitted_at": "2027-01-15T12:00:00+00:00",
        "next_at": None,
        "changed_at": "2027-01-15T12:01:00+00:00",
        "erased_at": None,
    }
    [one] = json.loads(filled.asks(key="ir000000000001", as_json=True))
    trail = [
        {
            "at": "2027-01-15T12:00:00+00:00",
            "actor": "U0ANN00001",
            "state": "sending",
            "reason": "",
            "attempt": 1,
        },
        {
            "at": "2027-01-15T12:01:00+00:00",
            "actor": "",
            "state": "delivered",
            "reason": "",
            "attempt": 1,
        },
    ]
    assert one == rows[2] | {"payload": {"text": "Checkout is down"}, "fields": {}, "trail": trail}


def test_shows_one_with_everything_that_happened(filled: Desk) -> None:
    """A line a fact, what was filled in, and the whole trail."""
    assert filled.asks(key="ir000000000001").splitlines() == [
        "key        ir000000000001",
        "workspace  T0HERE0001",
        "what       notes note",
        "title      Checkout is down",
        "state      delivered",
        "says       Words.",
        "created    N-7 7 https://notes.example.com/7",
        "by         Ann U0ANN00001",
        f"submitted  {local(NOON)}",
        "attempts   1",
        "payload    {",
        '  "text": "Checkout is down"',
        "}",
        "",
        f"{local(NOON, '%Y-%m-%d %H:%M:%S')}  sending, attempt 1, by U0ANN00001",
        f"{local(NOON + 60, '%Y-%m-%d %H:%M:%S')}  delivered, attempt 1, by the bot",
    ]


def in_doubt(desk: Desk, reason: str, reconcile_at: float) -> None:
    """A delivery whose answer was lost; `reconcile_at` 0: nobody looks for it any more."""

    async def work(database: Database) -> None:
        deliveries = Deliveries(database, desk.at)
        row, _ = await deliveries.enqueue(draft("ir000000000001"), lease=45, card_not_before=0.0)
        await deliveries.settle(
            row, Outcome("unconfirmed", reason, said("Nobody answered."), reconcile_at=reconcile_at)
        )

    desk.does(work)


def test_shows_what_is_in_doubt(desk: Desk) -> None:
    """That it is being checked, and when next; the list says so too."""
    in_doubt(desk, "unclear", NOON + 600)
    assert "  unconfirmed (unclear), being checked  " in desk.asks()
    assert desk.asks(key="ir000000000001").splitlines()[4:10] == [
        "state      unconfirmed (unclear)",
        "says       Nobody answered.",
        "in doubt   looked for and not found: 0, sent again: 0. The bot keeps looking for it.",
        "by         Ann U0ANN00001",
        f"submitted  {local(NOON)}",
        f"next       {local(NOON + 600)}",
    ]
    assert json.loads(desk.asks(as_json=True))[0]["undecided"] is False


def test_shows_what_only_a_person_can_say(desk: Desk) -> None:
    """And how to decide it."""
    in_doubt(desk, "undecided", 0.0)
    assert "  unconfirmed (undecided), somebody has to decide  " in desk.asks()
    assert desk.asks(key="ir000000000001").splitlines()[6] == (
        "in doubt   looked for and not found: 0, sent again: 0. Look at the vendor, then press a "
        "button on its card in Slack, or let `--retry` send it again."
    )
    assert json.loads(desk.asks(as_json=True))[0]["undecided"] is True


def test_shows_what_remains_to_be_set(desk: Desk) -> None:
    """Which fields of what was created, by their own names, and why not; nothing that the terminal
    would obey."""
    custom = (CustomField(id="9b1f", name="Reg\x1bion", kind="text"),)

    async def work(database: Database) -> None:
        deliveries, steps = Deliveries(database, desk.at), FollowUpSteps(database, desk.at)
        row, _ = await deliveries.enqueue(
            draft("ir000000000001", custom=custom), lease=45, card_not_before=0.0
        )
        await deliveries.settle(
            row,
            Outcome(
                "delivered", vendor_object=MADE, follow_up_steps=("custom.9b1f", "custom.gone")
            ),
        )
        claimed = await steps.claim(60)
        assert claimed is not None
        await steps.settled(claimed, {"custom.9b1f": said("It is not set up yet.")}, 60)

    desk.does(work)
    assert "  delivered, 2 fields still to be set  " in desk.asks()
    lines = desk.asks(key="ir000000000001").splitlines()
    assert lines[6:8] == [
        "remaining  Reg ion (custom.9b1f): It is not set up yet.",
        "           custom.gone: still to be set",
    ]
    assert f"next       {local(NOON + 60)}" in lines
    [row] = json.loads(desk.asks(as_json=True))
    assert row["remaining"] == {"custom.9b1f": "It is not set up yet.", "custom.gone": ""}

    async def end(database: Database) -> None:
        [row] = await History(database).with_key("ir000000000001")
        await FollowUpSteps(database, desk.at).settled(
            row, {"custom.gone": said("Nobody knows it.")}, 60
        )

    desk.does(end)
    assert "  delivered, 2 fields not set  " in desk.asks()


def test_shows_no_credential(filled: Desk) -> None:
    """Neither as text nor as JSON."""
    everything = [filled.asks(key="ir000000000001", as_json=flag) for flag in (False, True)] + [
        filled.asks(as_json=True)
    ]
    assert [text for text in everything if SECRET["api_key"] in text or "secret" in text] == []


@pytest.mark.parametrize(
    ("state", "reason"), [("failed", "tried_again"), ("unconfirmed", "sent_again")]
)
def test_retries(desk: Desk, state: State, reason: str) -> None:
    """What was given up, and what nobody knows about: queued again in the operator's name, and
    shown."""
    desk.submitted("ir000000000001", state)
    lines = desk.asks(key="ir000000000001", wish="retry").splitlines()
    row = desk.row("ir000000000001")
    assert (row.state, row.reason, row.changed_by) == ("queued", reason, "operator")
    assert lines[4] == f"state      queued ({reason})"
    assert lines[-1].endswith(f"queued ({reason}), attempt 1, by operator")


def test_cancels(desk: Desk) -> None:
    """What waits is not sent any more."""
    desk.submitted("ir000000000001", "queued")
    assert "cancelled (cancelled), attempt 1, by operator" in desk.asks(
        key="ir000000000001", wish="cancel"
    )
    row = desk.row("ir000000000001")
    assert (row.state, row.reason, row.changed_by) == ("cancelled", "cancelled", "operator")


def test_cancels_what_waits_for_an_admin(desk: Desk) -> None:
    """It would be sent as soon as there is another key."""
    desk.submitted("ir000000000001", "failed", reason="unauthorized")
    desk.asks(key="ir000000000001", wish="cancel")
    row = desk.row("ir000000000001")
    assert (row.state, row.reason, row.changed_by) == ("cancelled", "cancelled", "operator")


POSSIBLE = {
    ("retry", "failed"),
    ("retry", "cancelled"),
    ("retry", "unconfirmed"),
    ("cancel", "queued"),
}
IMPOSSIBLE = [
    (wish, state)
    for wish in ("retry", "cancel")
    for state in STATES
    if (wish, state) not in POSSIBLE
]


@pytest.mark.parametrize(("wish", "state"), IMPOSSIBLE)
def test_says_why_it_cannot_be_done(desk: Desk, wish: str, state: State) -> None:
    """In any other state: one sentence that names the delivery and what there is to do; nothing
    changes."""
    desk.submitted("ir000000000001", state)
    before = desk.row("ir000000000001")
    sentence = desk.told(key="ir000000000001", wish=wish)
    assert sentence == f"ir000000000001 {SENTENCES[wish, state]}."
    assert desk.row("ir000000000001") == before


SENTENCES = {
    ("retry", "queued"): "is already waiting to be sent. `--cancel` stops it",
    ("retry", "sending"): "is being sent. Look again in a minute",
    ("retry", "delivered"): "was already created, so it isn't sent again",
    (
        "retry",
        "rejected",
    ): "was rejected by the vendor. Its author can correct and resend it in Slack",
    ("cancel", "sending"): "is being sent. Look again in a minute",
    ("cancel", "delivered"): "was already created. Close or delete it at the vendor",
    (
        "cancel",
        "rejected",
    ): "was rejected by the vendor, so it won't be sent",
    (
        "cancel",
        "unconfirmed",
    ): "may already be there. Look at the vendor, or resend it with `--retry`",
    ("cancel", "failed"): "was given up already and will not be sent; `--retry` sends it again",
    ("cancel", "cancelled"): "was given up already and will not be sent; `--retry` sends it again",
}


def test_does_not_send_what_was_erased(desk: Desk) -> None:
    """There is nothing left to send, and it says so."""
    desk.submitted("ir000000000001", "failed")
    desk.does(lambda database: History(database).erase(NOON + DAY))
    assert desk.told(key="ir000000000001", wish="retry") == (
        "ir000000000001 can't be sent, because its text was erased. Fill it in again in Slack."
    )
    assert "title      (erased)" in desk.asks(key="ir000000000001").splitlines()


def test_does_not_choose_between_workspaces(desk: Desk) -> None:
    """A key that names several is shown for each, and decided for none."""
    for workspace in (HERE, ELSEWHERE):
        desk.submitted("ir000000000001", "failed", workspace=workspace)
    assert desk.asks(key="ir000000000001").count("workspace  ") == 2
    assert "2 deliveries of different workspaces" in desk.told(key="ir000000000001", wish="retry")


def test_a_database_without_deliveries(desk: Desk) -> None:
    """A sentence, or an empty array; no file is made where there is none."""
    missing = f"RELAY_DATABASE: {desk.path} isn't there. Name the file that the bot uses, or start the bot first."
    assert desk.told() == missing
    assert not desk.path.exists()
    desk.does(lambda database: History(database).newest())
    assert (desk.asks(), desk.asks(as_json=True)) == ("There are no deliveries yet.\n", "[]\n")
    assert (
        desk.told(key="ir\x1b1")
        == "There is no delivery ir 1; `python -m bot deliveries` lists them."
    )


WRONG = [
    ({"state": "lost"}, f"--state: should be one of {', '.join(STATES)}."),
    ({"limit": 0}, "--limit: should be 1 or more."),
    (
        {"since": "yesterday"},
        "--since: should be like 90m, 2h, 3d, 2026-11-21 or 2026-11-21T14:00.",
    ),
    ({"key": "a", "state": "failed"}, "KEY: names one delivery. Leave out --state and --since."),
    ({"wish": "cancel"}, "KEY: is missing: say which delivery to cancel."),
]


@pytest.mark.parametrize(("wanted", "sentence"), WRONG)
def test_says_which_argument_is_wrong(filled: Desk, wanted: dict[str, Any], sentence: str) -> None:
    """One sentence, and what would do."""
    with pytest.raises(SettingError) as caught:
        main(filled.settings, Wanted(**wanted))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("wanted", [{}, {"key": "ir000000000009"}], ids=["listed", "whole"])
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_of_a_private_one_there_are_ids_alone(
    desk: Desk, wanted: dict[str, str], *, as_json: bool
) -> None:
    """No word of anybody's, and no link."""
    private = {"title": "Quokka takeover", "payload": {"text": "Quokka"}, "private": True}
    made = {**MADE, "title": "Quokka takeover", "url": "https://notes.example.com/7-quokka"}

    async def work(database: Database) -> None:
        deliveries = Deliveries(database, desk.at)
        row, _ = await deliveries.enqueue(
            draft("ir000000000009", **private), lease=45, card_not_before=0.0
        )
        outcome = Outcome("delivered", "", said("About quokkas."), {"text": "Quokka?"}, made)
        await deliveries.settle(row, outcome)

    desk.does(work)
    shown = desk.asks(**wanted, as_json=as_json)
    assert "quokka" not in shown.lower()
    assert "ir000000000009" in shown
    if as_json:
        assert json.loads(shown)[0]["created"] == {"id": "7", "reference": "N-7"}
