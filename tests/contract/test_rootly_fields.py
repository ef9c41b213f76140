"""What Rootly's document lets one say of incidents and action items: all of it is offered, or listed with the reason."""

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.adapters import make_adapters
from bot.adapters.base import ApiKey, Operation
from bot.adapters.rootly import JSON_API, Rootly
from bot.adapters.rootly.custom import FORMS_OF, custom_fields, filled_in, selected
from bot.adapters.rootly.forms import NOT_OFFERED
from tests.contract.custom import custom_values, with_custom
from tests.contract.forms import filled, rootly_incidents
from tests.contract.openapi import document, operation, problems, properties, request_schema, resolved, template

KEY = ApiKey(api_key=SecretStr("k"))
MARKER = "ir0123456789ab"
PATHS = {"incident": "/v1/incidents", "action_item": "/v1/incidents/{incident_id}/action_items"}
NOT_AN_ATTRIBUTE = {"incident": set[str](), "action_item": {"incident_id"}}
MEDIA_TYPE = JSON_API["Content-Type"]


def of(name: str) -> Operation:
    return next(each for each in Rootly.operations if each.name == name)


def attributes(name: str) -> dict[str, Any]:
    return properties("rootly", request_schema("rootly", PATHS[name], MEDIA_TYPE), "data", "attributes")


@pytest.mark.parametrize("name", PATHS)
def test_every_attribute_is_offered_or_listed(name: str) -> None:
    """None is forgotten, and none is both."""
    document("rootly")
    offered, listed = set(of(name).form.model_fields) - NOT_AN_ATTRIBUTE[name], set(NOT_OFFERED[name])
    assert (offered | listed, offered & listed) == (set(attributes(name)), set())
    assert all(reason.endswith(".") for reason in NOT_OFFERED[name].values())


def test_every_value_is_offered() -> None:
    """Of the kinds, those that are no sub-incident's: a parent makes them that."""
    asked = [("incident", "kind"), ("incident", "status"), ("action_item", "kind"), ("action_item", "status")]
    for name, field in asked:
        theirs = {each.removesuffix("_sub") for each in attributes(name)[field]["enum"] if each}
        ours = {str(each) for each in _literals(of(name).form.model_fields[field].annotation)}
        assert ours == theirs, field


def _literals(annotation: Any) -> set[Any]:
    arguments = getattr(annotation, "__args__", ())
    nested = set().union(*(_literals(each) for each in arguments)) if arguments else set()
    return nested | {each for each in arguments if isinstance(each, str)}


@settings(max_examples=60, deadline=None)
@given(form=rootly_incidents(), values=custom_values())
def test_custom_fields_of_incidents_fit_the_document(form: Any, values: dict[str, Any]) -> None:
    """One call a field that was filled in, to a path that exists, with a body that is valid; and one that changes it."""
    submission = with_custom(of("incident"), form, values, marker=MARKER)
    schema = request_schema("rootly", "/v1/incidents/i/form_field_selections", MEDIA_TYPE)
    for field, value in filled_in(submission).values():
        request = _rootly().setting("i/1", field.id, selected(field, value))
        assert template("rootly", request.path) == "/v1/incidents/{incident_id}/form_field_selections"
        assert problems("rootly", schema, request.json) == []
        request = _rootly().setting("i/1", field.id, selected(field, value), "s 1")
        put = operation("rootly", request.method, request.path)
        assert problems("rootly", put["requestBody"]["content"][MEDIA_TYPE]["schema"], request.json) == []
    body = _rootly().request("incident", submission, KEY).json
    assert problems("rootly", request_schema("rootly", "/v1/incidents", MEDIA_TYPE), body) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_custom_fields_of_action_items_fit_the_document(data: st.DataObject) -> None:
    """They go in with the action item."""
    form = data.draw(filled(of("action_item").form))
    submission = with_custom(of("action_item"), form, data.draw(custom_values()), marker=MARKER)
    request = _rootly().request("action_item", submission, KEY)
    assert problems("rootly", request_schema("rootly", request.path, MEDIA_TYPE), request.json) == []
    sent = request.json["data"]["attributes"].get("form_field_selections", [])
    assert [each["form_field_id"] for each in sent] == [field.id for field, _ in filled_in(submission).values()]


def test_rootlys_forms_are_called_that() -> None:
    """The slugs by which a field says where it stands are those of the document."""
    position = resolved("rootly", {"$ref": "#/components/schemas/form_field_position"})
    known = set(position["properties"]["form"]["enum"])
    assert {slug for forms in FORMS_OF.values() for slug in (forms.slack, forms.web)} <= known


def test_every_kind_of_custom_field_is_known() -> None:
    """What the document says a field's input and value can be is offered."""
    field = resolved("rootly", {"$ref": "#/components/schemas/form_field"})["properties"]
    for input_kind in field["input_kind"]["enum"]:
        for value_kind in field["value_kind"]["enum"]:
            made = _offered(input_kind, value_kind)
            assert len(made) == 1, (input_kind, value_kind)


def _offered(input_kind: str, value_kind: str) -> list[Any]:
    attributes = {
        "kind": "custom",
        "name": "Region",
        "input_kind": input_kind,
        "value_kind": value_kind,
        "value_kind_catalog_id": "c1",
        "shown": ["slack_new_incident_form"],
    }
    option = {"id": "o1", "attributes": {"form_field_id": "f1", "value": "Europe", "position": 1}}
    return custom_fields(FORMS_OF["form_fields"], [{"id": "f1", "attributes": attributes}], [option])


async def test_what_is_read_for_custom_fields_fits_the_document() -> None:
    """Options that did not come along, the entries of a catalog, and what an incident's fields are set to."""
    asked: list[httpx.Request] = []
    shown = {"kind": "custom", "input_kind": "select", "shown": ["slack_new_incident_form"], "form_field_id": "x"}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": [{"id": "f1", "attributes": {**shown, "value": "Europe"}}]})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        rootly = Rootly(client, "https://vendor.example.com")
        for catalog in ("form_fields", "action_item_fields", "entities:c1"):
            await rootly.entries(catalog, KEY)
        form = of("incident").form.model_validate({"title": "x"})
        submission = with_custom(of("incident"), form, {"f-text": "y"}, marker=MARKER)
        await rootly.finish("incident", submission, "i1", "custom.f-text", KEY)
    calls = [(request.method, template("rootly", request.url.path)) for request in asked]
    assert calls == [
        ("GET", "/v1/form_fields"),
        ("GET", "/v1/form_fields/{form_field_id}/options"),
        ("GET", "/v1/form_fields"),
        ("GET", "/v1/catalogs/{catalog_id}/entities"),
        ("GET", "/v1/incidents/{incident_id}/form_field_selections"),
        ("POST", "/v1/incidents/{incident_id}/form_field_selections"),
    ]
    for request in asked:
        known = {each["name"] for each in operation("rootly", request.method, request.url.path).get("parameters", [])}
        assert set(request.url.params) <= known


def _rootly() -> Rootly:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    rootly = make_adapters(client, {"rootly": "", "incident_io": "", "twilio": ""})["rootly"]
    assert isinstance(rootly, Rootly)
    return rootly
