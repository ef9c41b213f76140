"""Whatever a vendor answers, an adapter returns what it promises or raises one of the vendor
errors."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.base import Adapter, Created, Entry, Submission
from bot.adapters.credentials import Account, typed_unseen
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.errors import VendorError
from bot.forms.fields import Form
from bot.playground.vendors import STAND_INS
from tests.adapters.places import OPERATIONS, credentials_of, sample

KEYS: dict[str, Any] = {vendor: credentials_of(vendor) for vendor in STAND_INS}
INCIDENTS = ("incident_id", "parent_incident_id")
"""Fields that name an incident."""
FORMS = {tuple(name.split(".")): sample(name) for name in OPERATIONS}
BY_NUMBER = [
    (*name, form.model_copy(update={field: "#1"}))
    for name, form in FORMS.items()
    for field in INCIDENTS
    if field in type(form).model_fields
]
"""The forms that can name an incident by its number, which is looked up first."""

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
        said = str(error) or "; ".join(map(str, getattr(error, "fields", {}).values()))
        assert said
        assert [secret for secret in secrets_of(vendor) if secret in said] == []
        return error


def secrets_of(vendor: str) -> list[str]:
    """What nobody may see of the vendor's key."""
    fields = ADAPTERS[vendor].credentials.model_fields
    unseen = [name for name, field in fields.items() if typed_unseen(field)]
    return [getattr(KEYS[vendor], name).get_secret_value() for name in unseen]


@pytest.mark.parametrize(
    ("vendor", "operation", "form"),
    [*((*name, form) for name, form in FORMS.items()), *BY_NUMBER],
    ids=lambda it: it if isinstance(it, str) else "",
)
@settings(max_examples=50)
@given(answer=answers)
def test_create(vendor: str, operation: str, form: Form, answer: tuple[int, str]) -> None:
    """Creating ends in a created object with an id, or in a vendor error."""
    submission = Submission(form, "ir0123456789ab")
    result = outcome(
        vendor, answer, lambda adapter: adapter.create(operation, submission, KEYS[vendor])
    )
    assert isinstance(result, Created | VendorError)
    assert not isinstance(result, Created) or result.id


@pytest.mark.parametrize("vendor", STAND_INS)
@settings(max_examples=50)
@given(answer=answers)
def test_verify(vendor: str, answer: tuple[int, str]) -> None:
    """Trying credentials out ends in an account that has an id and a name, or in a vendor error."""
    result = outcome(vendor, answer, lambda adapter: adapter.verify(KEYS[vendor]))
    assert isinstance(result, Account | VendorError)
    assert not isinstance(result, Account) or (result.id and result.name)


@pytest.mark.parametrize("vendor", STAND_INS)
@settings(max_examples=50)
@given(answer=answers, data=st.data())
def test_entries(vendor: str, answer: tuple[int, str], data: st.DataObject) -> None:
    """Reading a list ends in entries that have an id, or in a vendor error."""
    catalog = data.draw(st.sampled_from([each.name for each in ADAPTERS[vendor].catalogs]))
    result = outcome(vendor, answer, lambda adapter: adapter.entries(catalog, KEYS[vendor]))
    assert isinstance(result, VendorError) or all(
        isinstance(each, Entry) and each.id for each in result
    )
