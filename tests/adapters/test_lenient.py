"""Whatever a vendor answers, an adapter returns what it promises or raises one of the vendor
errors."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.adapters.base import Account, Adapter, ApiKey, Created, Entry, Submission
from bot.adapters.incident_io.forms import Action
from bot.adapters.incident_io.forms import Incident as IncidentIoIncident
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.adapters.twilio import Task, TwilioKey
from bot.errors import VendorError
from tests.adapters.twilio_filled import from_fields

SID = "0a" * 16
KEY = ApiKey(api_key=SecretStr("k3y"))
TWILIO_KEY = TwilioKey(
    key_sid=SecretStr(f"SK{SID}"), key_secret=SecretStr("k3y"), workspace_sid=SecretStr(f"WS{SID}")
)
KEYS: dict[str, Any] = {"rootly": KEY, "incident_io": KEY, "twilio": TWILIO_KEY}
FORMS = {
    ("rootly", "incident"): Incident(title="x", parent_incident_id="#1"),
    ("rootly", "action_item"): ActionItem(incident_id="i", summary="x"),
    ("incident_io", "incident"): IncidentIoIncident(name="x", severity_id="s"),
    ("incident_io", "action"): Action(incident_id="#1", description="x"),
    ("twilio", "workflow"): from_fields("x", f"WQ{SID}"),
    ("twilio", "task"): Task(title="x"),
}

# Members that the adapters read, so that chance gets as far as to their values.
NAMES = st.sampled_from([
    "data", "id", "attributes", "errors", "title", "detail", "source", "field", "message", "code",
    "details", "error", "status", "incident", "action", "identity", "dashboard_url", "sid", "meta",
    "next_page", "next_page_url", "links", "next", "task_queues", "severities", "users",
    "incidents", "rank", "position", "pagination_meta", "after", "name", "sequential_id",
    "full_name_with_team", "url", "permalink", "pointer", "friendly_name", "severity",
    "workflows", "channels", "tasks", "configuration", "unique_name",
])  # fmt: skip
bodies = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.floats()
    | st.text(max_size=5)
    | st.just("https://x/1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)
answers = st.tuples(
    st.sampled_from([200, 200, 201, 400, 401, 403, 404, 409, 422, 429, 500]), bodies.map(json.dumps)
)


def at_a_vendor_that_says(answer: tuple[int, str]) -> httpx.AsyncClient:
    """Give ten such answers, then none: a list without an end would hold the test up."""
    left = iter(range(10))

    def answering(request: httpx.Request) -> httpx.Response:
        return httpx.Response(answer[0] if next(left, None) is not None else 404, text=answer[1])

    return httpx.AsyncClient(transport=httpx.MockTransport(answering))


def outcome(vendor: str, answer: tuple[int, str], call: Callable[[Adapter], Awaitable[Any]]) -> Any:
    """What the call gives, or the vendor error that it raises; its words are not empty and tell no
    secret."""

    async def called() -> Any:
        async with at_a_vendor_that_says(answer) as client:
            return await call(
                make_adapters(client, dict.fromkeys(ADAPTERS, "https://vendor"))[vendor]
            )

    try:
        return asyncio.run(called())
    except VendorError as error:
        said = str(error) or "; ".join(getattr(error, "fields", {}).values())
        assert said
        assert "k3y" not in said
        return error


@pytest.mark.parametrize(("vendor", "operation"), FORMS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=answers)
def test_create(vendor: str, operation: str, answer: tuple[int, str]) -> None:
    """Creating ends in a created object with an id, or in a vendor error."""
    submission = Submission(FORMS[vendor, operation], "ir0123456789ab")
    result = outcome(
        vendor, answer, lambda adapter: adapter.create(operation, submission, KEYS[vendor])
    )
    assert isinstance(result, Created | VendorError)
    assert not isinstance(result, Created) or result.id


@pytest.mark.parametrize("vendor", ADAPTERS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=answers)
def test_verify(vendor: str, answer: tuple[int, str]) -> None:
    """Trying credentials out ends in an account that has an id and a name, or in a vendor error."""
    result = outcome(vendor, answer, lambda adapter: adapter.verify(KEYS[vendor]))
    assert isinstance(result, Account | VendorError)
    assert not isinstance(result, Account) or (result.id and result.name)


@pytest.mark.parametrize("vendor", ADAPTERS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(answer=answers, data=st.data())
def test_entries(vendor: str, answer: tuple[int, str], data: st.DataObject) -> None:
    """Reading a list ends in entries that have an id, or in a vendor error."""
    catalog = data.draw(st.sampled_from([each.name for each in ADAPTERS[vendor].catalogs]))
    result = outcome(vendor, answer, lambda adapter: adapter.entries(catalog, KEYS[vendor]))
    assert isinstance(result, VendorError) or all(
        isinstance(each, Entry) and each.id for each in result
    )
