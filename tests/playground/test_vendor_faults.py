"""The faults of a vendor stand-in, by its switch and by chance, over real HTTP."""

import time
from collections import Counter
from random import Random

import httpx
import pytest

from bot.adapters.base import Submission
from bot.errors import OutcomeUnknownError, RejectedError, UnauthorizedError
from bot.playground.vendors import IncidentIo, Rootly, VendorStandIn
from bot.playground.vendors.faults import SLOW_READ_SECONDS, SLOW_SECONDS, Weather
from tests.playground.calling import calling, create, creation, read
from tests.playground.test_vendor_base import client, vendor

__all__ = ["client", "vendor"]

BROKEN_OFF = (httpx.RemoteProtocolError, httpx.ReadError)


def notes(vendor: VendorStandIn) -> list[str]:
    """What the page says of each request, newest first."""
    return [entry["note"] for entry in vendor.describe()["requests"]]


async def test_slow_creates_at_once_and_answers_late(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """A create is carried out long before it is answered; a read takes a second."""
    await vendor.set_fault("slow")
    path, arguments = creation(vendor)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, **arguments, timeout=0.3)
    assert len(vendor.created) == 1
    started = time.monotonic()
    assert (await read(vendor, client)).status_code == 200
    assert SLOW_READ_SECONDS <= time.monotonic() - started < SLOW_SECONDS


async def test_slow_does_answer() -> None:
    """The answer that comes late is the usual one."""
    vendor = Rootly()
    await vendor.start()
    await vendor.set_fault("slow")
    async with await calling(vendor, timeout=15) as client:
        started = time.monotonic()
        assert (await create(vendor, client)).status_code == 201
        assert time.monotonic() - started >= SLOW_SECONDS
    await vendor.stop()


async def test_stopping_does_not_wait_for_slow_answers(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """A stand-in that stops drops what it has not answered yet."""
    await vendor.set_fault("slow")
    path, arguments = creation(vendor)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, **arguments, timeout=0.3)
    started = time.monotonic()
    await vendor.stop()
    assert time.monotonic() - started < 1


async def test_limited_bites_at_once(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """The first write already gets the vendor's 429; then one goes through every ten seconds. Reads
    are not limited."""
    now = 1_800_000_000.0
    vendor.clock = lambda: now
    await vendor.set_fault("limited")
    now += 2.5
    refused = await create(vendor, client, 1)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "8")
    assert (await read(vendor, client)).status_code == 200
    assert vendor.describe()["limit"] == {"of": 1, "seconds": 10.0, "free_at": [1_800_000_010.0]}
    now += 7.5
    answers = [await create(vendor, client, number) for number in (2, 3)]
    assert [answer.status_code in (200, 201) for answer in answers] == [True, False]
    assert answers[1].headers["Retry-After"] == "10"
    assert len(vendor.created) == 1


async def test_limited_ends_when_it_is_switched_back(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """The next write goes through, and nothing tells a limit any more."""
    await vendor.set_fault("limited")
    await vendor.set_fault("fine")
    answer = await create(vendor, client)
    assert answer.status_code in (200, 201)
    assert "window=10" not in answer.headers.get("X-RateLimit-Limit", "")
    assert vendor.describe()["limit"] is None


@pytest.mark.parametrize("made", [Rootly, IncidentIo])
async def test_the_headers_say_what_the_switch_limits(made: type[VendorStandIn]) -> None:
    """Rootly and incident.io name the limit in their headers, and keep their usual one for reads."""
    vendor = made()
    now = 1_800_000_000.0
    vendor.clock = lambda: now
    await vendor.start()
    await vendor.set_fault("limited")

    def told(response: httpx.Response) -> list[str]:
        return [
            response.headers[f"X-RateLimit-{name}"]
            for name in ("Limit", "Remaining", "Used", "Reset")
        ]

    async with await calling(vendor) as client:
        first = await create(vendor, client, 1)
        now += 10
        rest = [await create(vendor, client, number) for number in (2, 3)]
        reading = await read(vendor, client)
    await vendor.stop()
    assert [told(response) for response in (first, *rest)] == [
        ["1, 1;window=10", "0", "1", "1800000010"],
        ["1, 1;window=10", "0", "1", "1800000020"],
        ["1, 1;window=10", "0", "1", "1800000020"],
    ]
    assert reading.headers["X-RateLimit-Limit"] != "1, 1;window=10"


async def test_lost_creates_and_drops_the_connection(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """Nobody who only sees the connection break can know that the object is there; reads work."""
    await vendor.set_fault("lost")
    with pytest.raises(BROKEN_OFF):
        await create(vendor, client)
    assert len(vendor.created) == 1
    newest, made = vendor.describe()["requests"][0], vendor.describe()["objects"][0]
    told = f"created {made['kind']} {made['reference']}, answer lost"
    assert (newest["status"], newest["note"]) == (0, told)
    assert (await read(vendor, client)).status_code == 200


async def test_hidden_creates_and_lets_nobody_look(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """The connection breaks as with "lost", and the adapter is then refused every look for it."""
    await vendor.set_fault("hidden")
    adapter = vendor.adapter(client, vendor.url)
    key = adapter.credentials.model_validate(vendor.credentials)
    operation = next(each for each in adapter.operations if not each.keyed)
    submission = Submission(vendor.sample_form(operation.name), "ir000000000001")
    with pytest.raises(OutcomeUnknownError):
        await adapter.create(operation.name, submission, key)
    assert len(vendor.created) == 1
    with pytest.raises((RejectedError, UnauthorizedError)):
        await adapter.find(operation.name, submission, key, since=time.time())
    await vendor.set_fault("fine")
    assert len(await adapter.find(operation.name, submission, key, since=time.time())) == 1


async def test_lists_may_lag_while_answers_are_lost() -> None:
    """What was made then is listed `lost_lag` seconds later, or as soon as the vendor is fine."""
    vendor = Rootly()
    vendor.lost_lag = 60.0
    await vendor.start()
    async with await calling(vendor) as client:

        async def titles() -> list[str]:
            found = await client.get(
                "/v1/incidents", params={"sort": "-created_at", "page[size]": 1}
            )
            return [row["attributes"]["title"] for row in found.json()["data"]]

        await create(vendor, client)
        listed = [await titles()]
        await vendor.set_fault("lost")
        listed.append(await titles())
        await vendor.set_fault("fine")
        listed.append(await titles())
    await vendor.stop()
    assert [titles == ["Checkout is down"] for titles in listed] == [True, False, True]


async def test_refusing_names_one_field(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """Each create is refused in the vendor's own shape, whatever it says; nothing is made, and
    reads work."""
    await vendor.set_fault("refusing")
    adapter = vendor.adapter(client, vendor.url)
    key = adapter.credentials.model_validate(vendor.credentials)
    for operation in adapter.operations:
        form = vendor.sample_form(operation.name)
        with pytest.raises(RejectedError) as refused:
            await adapter.create(operation.name, Submission(form, "ir000000000001"), key)
        assert (len(refused.value.fields), str(refused.value)) == (1, "")
    assert vendor.created == []
    assert (await read(vendor, client)).status_code == 200


@pytest.mark.parametrize(
    ("made", "path", "words"),
    [
        (Rootly, "/v1/incidents/1/action_items", "Summary is reserved"),
        (Rootly, "/v1/workflows/1/workflow_tasks", "Name is reserved"),
        (IncidentIo, "/v2/actions", "description is reserved"),
        (VendorStandIn, "/anything", "is reserved"),
    ],
)
def test_each_operation_has_a_field_to_refuse(
    made: type[VendorStandIn], path: str, words: str
) -> None:
    """What is refused is a field that the operation has."""
    refusal = (
        VendorStandIn.one_refusal(Rootly(), path)
        if made is VendorStandIn
        else made().one_refusal(path)
    )
    assert words in str(refusal.body)


async def test_bad_weather_on_creates(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """Creates meet each kind of trouble about as often as was asked for, and are made exactly where
    they should be."""
    vendor.weather = Weather(
        Random(5), unavailable=0.3, after_creating=0.5, limited=0.2, late=0.2, late_seconds=0.01
    )
    met: Counter[str] = Counter()
    for number in range(120):
        made_before = len(vendor.created)
        answer = await create(vendor, client, number)
        made = len(vendor.created) - made_before
        met[f"{answer.status_code if answer.status_code > 299 else 'made'}/{made}"] += 1
        if answer.status_code == 429:
            assert answer.headers["Retry-After"] == "1"
        if answer.status_code == 503:
            assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert set(met) == {"made/1", "503/0", "503/1", "429/0"}
    assert 8 < met["503/0"] < 30
    assert 8 < met["503/1"] < 30
    assert 12 < met["429/0"] < 40


async def test_bad_weather_on_reads(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """Reads may be refused, and never wait."""
    vendor.weather = Weather(Random(5), unavailable=0.2, limited=0.2, late=0.6, late_seconds=60)
    statuses = Counter([(await read(vendor, client)).status_code for _ in range(60)])
    assert set(statuses) == {200, 429, 503}
    assert statuses[200] > 20


async def test_late_weather_creates_first(vendor: VendorStandIn, client: httpx.AsyncClient) -> None:
    """A create that is answered late has been carried out by then."""
    vendor.weather = Weather(Random(5), late=1.0, late_seconds=60)
    path, arguments = creation(vendor)
    with pytest.raises(httpx.ReadTimeout):
        await client.post(path, **arguments, timeout=0.3)
    assert len(vendor.created) == 1


async def test_the_switch_goes_before_the_weather(
    vendor: VendorStandIn, client: httpx.AsyncClient
) -> None:
    """While a fault is set, chance has no part."""
    vendor.weather = Weather(Random(5), unavailable=1.0)
    await vendor.set_fault("refusing")
    assert 400 <= (await create(vendor, client)).status_code < 500
    await vendor.set_fault("fine")
    assert (await create(vendor, client)).status_code == 503
    assert notes(vendor)[0] == "503 unavailable"
