"""What incident.io's create operations take is offered by a form, or listed with the reason why not."""

from typing import Any, get_args

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from bot.adapters.base import REPORTER, ApiKey, Entry, Submission
from bot.adapters.incident_io import IncidentIo
from bot.adapters.incident_io.forms import NOT_OFFERED, Action, FollowUp, Incident, RetrospectiveOptions
from bot.forms.custom import CustomField
from bot.forms.fields import Form
from bot.playground.vendors import IncidentIo as IncidentIoStandIn
from tests.contract.openapi import operation as documented
from tests.contract.openapi import problems, properties, request_schema, resolved

PATHS = {"incident": "/v2/incidents", "action": "/v2/actions", "follow_up": "/v2/follow_ups"}
OWN = {
    CustomField(id="role_r", name="Lead", kind="person"): "U1",
    CustomField(id="text_f", name="Impact", kind="text"): "Late orders",
    CustomField(id="link_f", name="Dashboard", kind="link"): "https://dashboards.example.com",
    CustomField(id="number_f", name="Orders", kind="number"): 12.5,
    CustomField(id="option_f", name="Found by", kind="select", options=(("o", "Us"),)): "o",
    CustomField(id="entry_f", name="Warehouses", kind="multi_lookup", catalog="catalog_entries:t"): ["e", "f"],
    CustomField(id="time_t", name="Fixed at", kind="datetime"): "2026-11-21T09:30:00Z",
}
REPORTED_BY = CustomField(id="reporter_r", name="Reporter", kind="person")
"""Left empty: then it is whoever filled the form in."""
PAST = RetrospectiveOptions(slack_channel_id="C1", postmortem_document_url=HttpUrl("https://example.com/pm"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def whole(operation: str) -> Form:
    """The operation's form with everything filled in, an organisation's own fields of every kind among it."""
    form = next(each for each in IncidentIo.operations if each.name == operation).form_for(None, OWN)
    given: dict[str, Any] = dict.fromkeys(form.model_fields, "x")
    match operation:
        case "incident":
            own = {field.id: value for field, value in OWN.items()}
            given |= {"visibility": "private", "mode": "retrospective"}
            given |= {"retrospective_incident_options": PAST, "custom": own}
        case "follow_up":
            given |= {"labels": ["pool"]}
    return form.model_validate(given)


def body(operation: str) -> Any:
    adapter = IncidentIo(httpx.AsyncClient(), "https://vendor.example.com")
    chosen = {REPORTER: Entry(id="01USER", label="Ann")}
    submission = Submission(whole(operation), "ir0123456789ab", chosen=chosen, custom=[*OWN, REPORTED_BY])
    return adapter.request(operation, submission, ApiKey(api_key=SecretStr("k"))).json


def schema(operation: str) -> dict[str, Any]:
    return request_schema("incident_io", PATHS[operation], "application/json")


def leaves(schema: dict[str, Any], path: str = "") -> set[str]:
    """The dotted paths of the members that hold no further ones, lists of objects passed through."""
    schema = resolved("incident_io", schema)
    inner = resolved("incident_io", schema["items"]) if schema.get("type") == "array" else schema
    if "properties" not in inner:
        return {path}
    return {leaf for name, each in inner["properties"].items() for leaf in leaves(each, f"{path}.{name}".lstrip("."))}


def sent(value: Any, path: str = "") -> set[str]:
    """The same of a body."""
    if isinstance(value, dict):
        return {leaf for name, each in value.items() for leaf in sent(each, f"{path}.{name}".lstrip("."))}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {leaf for each in value for leaf in sent(each, path)}
    return {path}


@pytest.mark.parametrize("operation", PATHS)
def test_everything_is_offered_or_listed(operation: str) -> None:
    """What the document has is what a whole form sends, and what is never sent with its reason; nothing is both."""
    offered, listed = sent(body(operation)), set(NOT_OFFERED[operation])
    assert (offered | listed, offered & listed) == (leaves(schema(operation)), set())
    assert all(NOT_OFFERED[operation].values())


@pytest.mark.parametrize("operation", PATHS)
def test_a_whole_form_fits_the_document(operation: str) -> None:
    """With everything filled in, the body is valid."""
    assert problems("incident_io", schema(operation), body(operation)) == []


def test_every_operation_is_covered() -> None:
    """An operation cannot be added without its contract."""
    assert [each.name for each in IncidentIo.operations] == list(PATHS) == list(NOT_OFFERED)


@pytest.mark.parametrize(("form", "field"), [(Incident, "mode"), (Incident, "visibility")], ids=["mode", "visibility"])
def test_choices_are_the_documents(form: type[Form], field: str) -> None:
    """A choice offers exactly the values that the document has, each in words of its own."""
    info = form.model_fields[field]
    allowed = properties("incident_io", schema("incident"))[field]["enum"]
    assert list(get_args(info.annotation)) == allowed == list(info.metadata[0].labels)


@pytest.mark.parametrize(("form", "operation"), [(Incident, "incident"), (Action, "action"), (FollowUp, "follow_up")])
def test_what_is_demanded(form: type[Form], operation: str) -> None:
    """What the document demands, the form does too, or we fill it in."""
    ours = {name for name, info in form.model_fields.items() if info.is_required() or info.default is not None}
    assert set(schema(operation)["required"]) - {"idempotency_key"} <= ours


STAND_IN = ["/v2/follow_ups", "/v1/custom_fields", "/v3/catalog_entries?page_size=250&catalog_type_id="]


@pytest.mark.parametrize("asked", STAND_IN)
async def test_the_stand_in_answers_as_documented(asked: str) -> None:
    """What the stand-in lists is valid by the document."""
    vendor = IncidentIoStandIn()
    await vendor.start()
    path = asked.partition("?")[0]
    url = asked + (vendor.data.lists["catalog_types"][0]["id"] if asked.endswith("=") else "")
    headers = {"Authorization": f"Bearer {vendor.credentials['api_key']}"}
    async with httpx.AsyncClient(base_url=vendor.url, headers=headers) as client:
        answered = await client.get(url)
    await vendor.stop()
    (content,) = documented("incident_io", "GET", path)["responses"]["200"]["content"].values()
    assert problems("incident_io", content["schema"], answered.json()) == []
    assert all(answered.json().values())
