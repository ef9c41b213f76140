"""Rootly's document beside the values and custom fields of incidents and action items."""

from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.adapters.base import Operation
from bot.adapters.credentials import ApiKey
from bot.adapters.registry import ADAPTERS, make_adapters
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.calls import JSON_API
from bot.adapters.rootly.custom_fields import FORMS_OF, custom_fields, filled_in, selected
from tests.contract.custom import FIELDS, custom_values, with_custom
from tests.contract.forms import filled, rootly_incidents
from tests.contract.openapi import operation, problems, request_schema, resolved, template
from tests.contract.whole import documented, sent

KEY = ApiKey(api_key=SecretStr("k"))
MARKER = "ir0123456789ab"
MEDIA_TYPE = JSON_API["Content-Type"]
EXAMPLES = {field.id: "7" for field in FIELDS if field.kind in ("text", "lookup")} | {"f-one": "o1"}
"""A value for a custom field of each kind that has a member of its own."""


def of(name: str) -> Operation:
    return next(each for each in Rootly.operations if each.name == name)


def test_every_member_of_a_value_is_set() -> None:
    """Custom fields of all kinds set every member that the document allows for a value."""
    submission = with_custom(
        of("incident"), of("incident").form.model_validate({"title": "x"}), EXAMPLES, marker=MARKER
    )
    schema = request_schema("rootly", "/v1/incidents/i/form_field_selections", MEDIA_TYPE)
    theirs = documented("rootly", schema)
    made = [
        _rootly().setting("i", field.id, selected(field, value)).json
        for field, value in filled_in(submission).values()
    ]
    assert {leaf for each in made for leaf in sent(each, theirs)} == theirs


@settings(max_examples=60)
@given(form=rootly_incidents(), values=custom_values())
def test_custom_fields_of_incidents_fit_the_document(form: Any, values: dict[str, Any]) -> None:
    """Each filled-in field makes one call with a documented path and a valid body, and one to
    change it."""
    submission = with_custom(of("incident"), form, values, marker=MARKER)
    schema = request_schema("rootly", "/v1/incidents/i/form_field_selections", MEDIA_TYPE)
    for field, value in filled_in(submission).values():
        request = _rootly().setting("i/1", field.id, selected(field, value))
        assert (
            template("rootly", request.path) == "/v1/incidents/{incident_id}/form_field_selections"
        )
        assert problems("rootly", schema, request.json) == []
        request = _rootly().setting("i/1", field.id, selected(field, value), "s 1")
        put = operation("rootly", request.method, request.path)
        assert (
            problems("rootly", put["requestBody"]["content"][MEDIA_TYPE]["schema"], request.json)
            == []
        )
    body = _rootly().request("incident", submission, KEY).json
    assert problems("rootly", request_schema("rootly", "/v1/incidents", MEDIA_TYPE), body) == []


@settings(max_examples=60)
@given(data=st.data())
def test_custom_fields_of_action_items_fit_the_document(data: st.DataObject) -> None:
    """An action item has its custom fields in it."""
    form = data.draw(filled(of("action_item").form))
    submission = with_custom(of("action_item"), form, data.draw(custom_values()), marker=MARKER)
    request = _rootly().request("action_item", submission, KEY)
    assert (
        problems("rootly", request_schema("rootly", request.path, MEDIA_TYPE), request.json) == []
    )
    sent = request.json["data"]["attributes"].get("form_field_selections", [])
    assert [each["form_field_id"] for each in sent] == [
        field.id for field, _ in filled_in(submission).values()
    ]


def test_rootlys_forms_are_called_that() -> None:
    """The slugs of Rootly's forms are those of the document."""
    position = resolved("rootly", {"$ref": "#/components/schemas/form_field_position"})
    known = set(position["properties"]["form"]["enum"])
    assert {slug for forms in FORMS_OF.values() for slug in (forms.slack, forms.web)} <= known


def test_every_kind_of_custom_field_is_known() -> None:
    """Every documented kind of input and value is offered."""
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
    return custom_fields(
        FORMS_OF["form_fields"], [{"id": "f1", "attributes": attributes}], [option]
    )


async def test_what_is_read_for_custom_fields_fits_the_document() -> None:
    """The reads of options, of a catalog's entries and of an incident's values have documented
    paths."""
    asked: list[httpx.Request] = []
    shown = {
        "kind": "custom",
        "input_kind": "select",
        "shown": ["slack_new_incident_form"],
        "form_field_id": "x",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(
            200, json={"data": [{"id": "f1", "attributes": {**shown, "value": "Europe"}}]}
        )

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
        known = {
            each["name"]
            for each in operation("rootly", request.method, request.url.path).get("parameters", [])
        }
        assert set(request.url.params) <= known


def _rootly() -> Rootly:
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    rootly = make_adapters(client, dict.fromkeys(ADAPTERS, ""))["rootly"]
    assert isinstance(rootly, Rootly)
    return rootly
