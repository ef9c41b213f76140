"""What every call to a vendor has in common: what it needs, and what an error means."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from pydantic import Field

from bot.adapters.base import Branches, Entry, Operation, Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.rate_limit import Limits, Rate, RateLimiters
from bot.connections.store import Connections
from bot.delivery import attempt
from bot.delivery.attempt import (
    DoesNotFitError,
    NotConnectedError,
    Prepared,
    VendorAccess,
    Verdict,
    judge,
)
from bot.delivery.model import GIVE_UP_SECONDS, Delivery
from bot.delivery.problems import problem, said
from bot.errors import (
    OutcomeUnknownError,
    RejectedError,
    RetryLaterError,
    SecretError,
    UnauthorizedError,
)
from bot.forms.custom_fields import CustomField
from bot.forms.fields import Form
from bot.language import Sentence
from tests.messages.parts import ROW
from tests.world.notes import HERE, SECRET, Clock, Note, Notes

FIELDS = {"text": "is too short"}
MEANINGS: list[tuple[Exception, Verdict]] = [
    (
        RejectedError("Notes", "No.", FIELDS),
        Verdict("rejected", "refused", said("No."), FIELDS),
    ),
    (
        RejectedError("Notes", "No.", FIELDS, ours=True),
        Verdict("rejected", "not_asked", said("No."), FIELDS),
    ),
    (
        UnauthorizedError("Notes", "Who?"),
        Verdict("unauthorized", "unauthorized", said("Who?")),
    ),
    (
        UnauthorizedError("Notes", "Not you.", 403),
        Verdict("forbidden", "forbidden", said("Not you.")),
    ),
    (
        SecretError("It does not decrypt."),
        Verdict(
            "unreadable_secret",
            "unauthorized",
            said(
                Sentence(
                    "We can't read the stored API key for {vendor}. An admin can replace it in "
                    "`{vendors}`.",
                    {"vendor": "Notes"},
                )
            ),
        ),
    ),
    (NotConnectedError(), Verdict("not_connected", "disconnected", problem("not_connected"))),
    (DoesNotFitError(), Verdict("does_not_fit", "not_sendable", problem("does_not_fit"))),
    (
        RetryLaterError("Notes", "Later.", "rate_limited", 7.0),
        Verdict("later", "rate_limited", said("Later."), retry_after=7.0),
    ),
    (
        RetryLaterError("Notes", "Away.", "unreachable"),
        Verdict("later", "unreachable", said("Away.")),
    ),
    (
        OutcomeUnknownError("Notes", "Silence."),
        Verdict("unknown", "unclear", said("Silence.")),
    ),
    (TimeoutError(), Verdict("unknown", "unclear", problem("no_answer"))),
    (sqlite3.OperationalError("locked"), Verdict("database", "internal")),
    (RuntimeError("x"), Verdict("broken", "internal", problem("unreadable_answer"))),
    (httpx.InvalidURL("x"), Verdict("broken", "internal", problem("unreadable_answer"))),
]


@pytest.fixture
async def adapter() -> AsyncIterator[Notes]:
    made = Notes()
    yield made
    await made.client.aclose()


@pytest.fixture
def access(connections: Connections, adapter: Notes, clock: Clock) -> VendorAccess:
    limits = RateLimiters({"notes": Limits(write=Rate(1, 60))}, clock)
    return VendorAccess(connections, {"notes": adapter}, limits)


@pytest.mark.parametrize(("error", "verdict"), MEANINGS)
async def test_an_error_has_one_meaning(adapter: Notes, error: Exception, verdict: Verdict) -> None:
    """Whoever made the call, the same holds for the row."""
    assert judge(error, adapter) == verdict


def test_all_that_a_vendor_said() -> None:
    """Of the whole, and of the fields."""
    assert Verdict("rejected", "refused", said("No."), FIELDS).words == "No. is too short"
    assert Verdict("rejected", "refused", {}, {"a": "b", "c": "d"}).words == "b d"
    assert Verdict("unknown", "unclear").words == ""


async def test_a_call_gets_all_that_it_needs(
    access: VendorAccess, connections: Connections
) -> None:
    """The connection is read, unless that was done a moment ago; the connection's own rate limiter
    comes with the adapter."""
    with pytest.raises(NotConnectedError):
        await access.prepare(ROW)
    await connections.save(HERE, "notes", account="acme", account_name="Acme", secret=SECRET)
    connection = await connections.get(HERE, "notes")
    assert connection is not None
    row = replace(
        ROW,
        payload={"text": "Disk full"},
        selected={"people/1": Entry(id="1", label="Ann")},
        revision=2,
        resend_count=1,
        first_sent_at=7.0,
    )
    submission = Submission(
        Note(text="Disk full"),
        row.key,
        "Ann",
        2,
        {"people/1": Entry(id="1", label="Ann")},
        again=True,
        first_sent_at=7.0,
        custom=row.custom,
    )
    expected = (connection, submission, ApiKey.model_validate(SECRET))
    assert (await access.prepare(row))[1:] == expected
    await connections.remove(HERE, "notes")
    prepared = await access.prepare(row, connection)
    assert isinstance(prepared, Prepared)
    assert prepared[1:] == expected
    assert prepared.adapter.rate_limiter is access.rate_limiter(row)
    with pytest.raises(NotConnectedError):  # connected to another account meanwhile
        await access.prepare(replace(row, account="bolt"), connection)


class Colour(Form):
    shade: str = Field(title="Shade", min_length=1)


class Painted(Notes):
    """Notes with a question, whose answer adds a form, and with fields of the workspace."""

    operations = (
        Operation(
            "note",
            "incident",
            "note",
            Note,
            branches=Branches("text", "colour", {"red": Colour}),
            custom="fields",
        ),
    )


async def test_a_form_is_sent_whole() -> None:
    """With the part that an answer added, and with the workspace's own fields."""
    adapter = Painted()
    payload = {"text": "red", "colour": {"shade": "dark"}, "custom": {"a1": "B"}}
    row = replace(
        ROW, branch="red", payload=payload, custom=(CustomField(id="a1", name="Area", kind="text"),)
    )
    submission = attempt.submission_of(row, adapter)
    assert submission.form.model_dump() == payload
    assert (submission.again, submission.custom) == (False, row.custom)
    with pytest.raises(ValueError, match="shade"):
        attempt.submission_of(replace(row, payload={**payload, "colour": {}}), adapter)
    await adapter.client.aclose()


@pytest.mark.parametrize(
    "changes", [{"payload": {"text": ""}}, {"payload": {}}, {"operation": "gone"}]
)
async def test_a_row_that_fits_its_form_no_more(
    access: VendorAccess, connections: Connections, changes: dict[str, Any]
) -> None:
    """It is an error of its own, with its cause."""
    await connections.save(HERE, "notes", account="acme", account_name="Acme", secret=SECRET)
    with pytest.raises(DoesNotFitError) as caught:
        await access.prepare(replace(ROW, **changes))
    assert isinstance(caught.value.__cause__, ValueError | KeyError)


@pytest.mark.parametrize(
    ("tried", "longest"), [(0, 1.0), (1, 2.0), (3, 8.0), (8, 256.0), (9, 300.0), (99_999, 300.0)]
)
def test_the_pause_grows_with_the_attempts(tried: int, longest: float) -> None:
    """Twice as long each time, up to five minutes; anywhere below, so that not all come at once."""
    pauses = [attempt.backoff(tried) for _ in range(300)]
    assert min(pauses) >= 1.0
    assert longest * 0.9 <= max(pauses) <= longest


@pytest.mark.parametrize(
    ("seconds", "pause"), [(0.0, 1.0), (4.0, 1.0), (40.0, 10.0), (1200.0, 300.0), (9e9, 300.0)]
)
def test_the_pause_grows_with_the_age(seconds: float, pause: float) -> None:
    """A quarter of it, from a second to five minutes."""
    assert attempt.backoff_by_age(seconds) == pause


def test_the_age_of_a_row() -> None:
    """It counts from the submission, or from when the object was created and steps remained."""
    row: Delivery = replace(ROW, expires_at=1000.0 + GIVE_UP_SECONDS)
    assert attempt.age(row, 1060.0) == 60.0
