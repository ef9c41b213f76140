"""incident.io's versions of actions and follow-ups: found out by a read, remembered, and checked
again."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.adapters.base import Submission
from bot.adapters.credentials import ApiKey
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import Action, FollowUp
from bot.adapters.incident_io.versions import Versions
from bot.adapters.rate_limit import RateLimiter
from bot.errors import RejectedError, RetryLaterError, UnauthorizedError
from tests.adapters.conftest import CannedVendor
from tests.adapters.test_incident_io import KEY, MARKER, errors
from tests.world.notes import Clock

DAY = 24 * 3600.0
ACTION = Submission(Action(incident_id="01F", description="Look"), MARKER)
THERE = (200, {"actions": [], "follow_ups": [], "pagination_meta": {"page_size": 1}})
MADE = (201, {"action": {"id": "a1"}})
INCIDENT = (200, {"incident": {"id": "01F", "mode": "standard"}})
V2, V3 = "/v2/actions", "/v3/actions"
ASK_V2, ASK_V3 = f"{V2}?incident_mode=tutorial", f"{V3}?page_size=1"
NEITHER = (
    "We don't know this version of incident.io's actions. Ask your bot admin to update the bot."
)
MISSING = [404, 405, 410]


@pytest.fixture
def incident_io(client: httpx.AsyncClient, vendor: CannedVendor, clock: Clock) -> IncidentIo:
    return IncidentIo(client, vendor.url, Versions("incident.io", clock))


@pytest.mark.parametrize("status", MISSING)
async def test_a_missing_path_by_each_status(
    incident_io: IncidentIo, vendor: CannedVendor, status: int
) -> None:
    """Version 2 is used after each status that a missing path may give."""
    vendor.will_answer(errors(status), THERE, MADE)
    assert (await incident_io.create("action", ACTION, KEY)).id == "a1"
    assert vendor.paths == [ASK_V3, ASK_V2, V2]


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_may_not_ask(
    incident_io: IncidentIo, vendor: CannedVendor, status: int
) -> None:
    """A path that refuses the key exists."""
    vendor.will_answer(errors(status), MADE)
    await incident_io.create("action", ACTION, KEY)
    assert vendor.paths == [ASK_V3, V3]


async def test_a_wrong_key_decides_nothing_for_others(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """A vendor may check the key before the path: the next key asks for itself."""
    vendor.will_answer(errors(401), errors(401))
    with pytest.raises(UnauthorizedError):
        await incident_io.create("action", ACTION, KEY)
    vendor.will_answer(errors(404), THERE, MADE)
    await incident_io.create("action", ACTION, ApiKey(api_key=SecretStr("inc_other")))
    assert vendor.paths == [ASK_V3, V3, ASK_V3, ASK_V2, V2]


UNCLEAR = [
    pytest.param((500, ""), "incident.io isn't answering.", id="an error of its own"),
    pytest.param((408, ""), "incident.io isn't answering.", id="a time-out of its own"),
    pytest.param((429, {}), "incident.io's rate limit is reached.", id="too many"),
    pytest.param((200, "<html>"), "incident.io sent an answer that we can't read.", id="a page"),
    pytest.param(
        (200, {"users": []}),
        "incident.io sent an answer that we can't read.",
        id="another list",
    ),
    pytest.param((422, {}), "incident.io sent an answer that we can't read.", id="another no"),
]


@pytest.mark.parametrize("before", [[], [errors(404)]], ids=["version 3", "version 2"])
@pytest.mark.parametrize(("answer", "sentence"), UNCLEAR)
async def test_an_unclear_answer_sends_nothing(
    incident_io: IncidentIo, vendor: CannedVendor, before: Any, answer: Any, sentence: str
) -> None:
    """An unclear answer sends nothing, so nothing was created; the next call asks again."""
    vendor.will_answer(*before, answer)
    with pytest.raises(RetryLaterError) as caught:
        await incident_io.create("action", ACTION, KEY)
    assert str(caught.value) == sentence
    assert {method for method, *_ in vendor.requests} == {"GET"}
    vendor.will_answer(THERE, MADE)
    assert (await incident_io.create("action", ACTION, KEY)).id == "a1"


async def test_it_is_remembered_for_a_day(
    incident_io: IncidentIo, vendor: CannedVendor, clock: Clock
) -> None:
    """All connections of one address share the answer for a day; follow-ups have an answer of their
    own."""
    with_rate_limiter = incident_io.with_rate_limiter(RateLimiter(incident_io.limits))
    vendor.will_answer(THERE, MADE, MADE, MADE)
    await with_rate_limiter.create("action", ACTION, KEY)
    await incident_io.create("action", ACTION, ApiKey(api_key=SecretStr("inc_other")))
    clock.now += DAY - 1
    await with_rate_limiter.create("action", ACTION, KEY)
    assert vendor.paths == [ASK_V3, V3, V3, V3]
    clock.now += 1
    vendor.will_answer(errors(404), THERE, MADE, THERE, (201, {"follow_up": {"id": "f1"}}))
    await with_rate_limiter.create("action", ACTION, KEY)
    await with_rate_limiter.create(
        "follow_up", Submission(FollowUp(incident_id="01F", title="Look"), MARKER), KEY
    )
    assert vendor.paths[4:] == [ASK_V3, ASK_V2, V2, "/v3/follow_ups?page_size=1", "/v3/follow_ups"]


@pytest.mark.parametrize("status", MISSING)
async def test_an_incident_that_is_not_there(
    incident_io: IncidentIo, vendor: CannedVendor, status: int
) -> None:
    """If the path exists, a create's 404 is a refusal that is not repeated and decides nothing."""
    vendor.will_answer(THERE, errors(status, ("", "Not found")), THERE, MADE)
    with pytest.raises(RejectedError):
        await incident_io.create("action", ACTION, KEY)
    await incident_io.create("action", ACTION, KEY)
    assert vendor.paths == [ASK_V3, V3, ASK_V3, V3]


async def test_an_incident_that_is_not_there_in_version_2(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """If only version 2 exists, a read without an incident shows that its path exists."""
    vendor.will_answer(errors(404), THERE, errors(404), errors(404), THERE)
    with pytest.raises(RejectedError) as caught:
        await incident_io.create("action", ACTION, KEY)
    sentence = "incident.io doesn't show this incident to our API key. Choose another."
    assert caught.value.fields == {"incident_id": sentence}
    assert vendor.paths == [ASK_V3, ASK_V2, V2, ASK_V3, ASK_V2]


@pytest.mark.parametrize("status", MISSING)
async def test_neither_version(incident_io: IncidentIo, vendor: CannedVendor, status: int) -> None:
    """Without any version nothing is sent, nothing counts as missing, and each call asks again."""
    vendor.will_answer(errors(status), errors(status), INCIDENT, errors(status), errors(status))
    with pytest.raises(RetryLaterError) as unsent:
        await incident_io.create("action", ACTION, KEY)
    with pytest.raises(RetryLaterError) as unfound:
        await incident_io.find("action", ACTION, KEY, 0.0)
    assert (str(unsent.value), str(unfound.value)) == (NEITHER, NEITHER)
    assert vendor.paths == [ASK_V3, ASK_V2, "/v2/incidents/01F", ASK_V3, ASK_V2]


@pytest.mark.parametrize("status", MISSING)
@pytest.mark.parametrize("remembered", ["v2", "v3"])
async def test_the_remembered_one_goes_and_the_other_is_not_there(
    incident_io: IncidentIo, vendor: CannedVendor, remembered: str, status: int
) -> None:
    """A missing path is no proof that an object is missing, and no refusal of a create."""
    vendor.will_answer(*([THERE] if remembered == "v3" else [errors(404), THERE]), MADE)
    await incident_io.create("action", ACTION, KEY)
    vendor.requests.clear()
    gone = [errors(status)] * 3
    vendor.will_answer(INCIDENT, *gone)
    with pytest.raises(RetryLaterError) as unfound:
        await incident_io.find("action", ACTION, KEY, 0.0)
    assert str(unfound.value) == NEITHER
    assert vendor.paths[-2:] == [ASK_V3, ASK_V2]
    vendor.will_answer(*gone[:2])
    with pytest.raises(RetryLaterError) as unsent:
        await incident_io.create("action", ACTION, KEY)
    assert str(unsent.value) == NEITHER


@pytest.mark.parametrize("status", MISSING)
async def test_a_list_that_is_not_there_beside_its_path(
    incident_io: IncidentIo, vendor: CannedVendor, status: int
) -> None:
    """A missing list at an existing path is an error, and not an empty list."""
    vendor.will_answer(INCIDENT, THERE, errors(status), THERE)
    with pytest.raises(
        RejectedError,
        match=rf"^incident\.io rejected it without a reason\. The HTTP status is {status}\.$",
    ):
        await incident_io.find("action", ACTION, KEY, 0.0)


async def test_doubt_that_cannot_be_settled(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """After a create's 404, an unclear answer about the version means a later attempt."""
    vendor.will_answer(THERE, errors(404), (503, ""))
    with pytest.raises(RetryLaterError, match=r"^incident\.io isn't answering\.$"):
        await incident_io.create("action", ACTION, KEY)
    assert vendor.paths == [ASK_V3, V3, ASK_V3]


LIST = "/v3/actions?incident_id=01F&incident_mode=standard&page_size="


def page(*rows: dict[str, str], after: str = "") -> tuple[int, Any]:
    return 200, {
        "actions": list(rows),
        "pagination_meta": {"page_size": 250} | ({"after": after} if after else {}),
    }


def action(number: int, words: str = "Other") -> dict[str, str]:
    return {"id": f"a{number:05}", "description": words, "created_at": "2026-11-21T10:00:00Z"}


async def test_a_look_up_reads_all_pages(incident_io: IncidentIo, vendor: CannedVendor) -> None:
    """All three pages are read up to the marker; a row on two pages is one object."""
    marked = action(500, f"Look ({MARKER})")
    first, second = (
        [action(number) for number in range(250)],
        [action(number) for number in range(250, 499)],
    )
    vendor.will_answer(
        INCIDENT,
        THERE,
        page(*first, after="a00249"),
        page(*second, marked, after="a00500"),
        page(marked),
    )
    assert [found.id for found in await incident_io.find("action", ACTION, KEY, 0.0)] == ["a00500"]
    assert vendor.paths[2:] == [f"{LIST}250", f"{LIST}250&after=a00249", f"{LIST}250&after=a00500"]


async def test_a_page_that_is_too_long_is_asked_for_in_quarters(
    incident_io: IncidentIo, vendor: CannedVendor
) -> None:
    """A page that is too long is read in quarters, and nothing is left out."""
    weight = {**action(1), "weight": "x" * 3_000_000}
    vendor.will_answer(
        INCIDENT,
        THERE,
        page(weight),
        page(action(1), after="a00001"),
        page(action(2, f"({MARKER})")),
    )
    assert [found.id for found in await incident_io.find("action", ACTION, KEY, 0.0)] == ["a00002"]
    assert vendor.paths[2:] == [f"{LIST}250", f"{LIST}62", f"{LIST}62&after=a00001"]


UNREAD = [
    pytest.param((500, ""), "incident.io isn't answering.", id="no answer"),
    pytest.param((200, "<html>"), "incident.io sent an answer that we can't read.", id="no list"),
    pytest.param(
        page(after="a00009"),
        "incident.io sent an answer that we can't read.",
        id="empty, and there are more",
    ),
    pytest.param(
        page(action(3), after="a00001"),
        "incident.io sent an answer that we can't read.",
        id="the same cursor",
    ),
    pytest.param(
        (200, {"actions": [action(number) for number in range(250)]}),
        "incident.io sent an answer that we can't read.",
        id="full, and not a word about more",
    ),
    pytest.param(
        page({"description": "x"}),
        "incident.io sent an answer that we can't read.",
        id="a row without id",
    ),
]


@pytest.mark.parametrize(("answer", "sentence"), UNREAD)
async def test_a_page_that_cannot_be_read(
    incident_io: IncidentIo, vendor: CannedVendor, answer: Any, sentence: str
) -> None:
    """A search that has not read every page is an error."""
    vendor.will_answer(INCIDENT, THERE, page(action(1), after="a00001"), answer)
    with pytest.raises(RetryLaterError) as caught:
        await incident_io.find("action", ACTION, KEY, 0.0)
    assert (str(caught.value), vendor.answers) == (sentence, [])
