"""Rootly's custom fields: as fields of our forms, and as sent values; and the user for a Slack
user."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from bot.adapters.base import REPORTER, Created, Entry, Submission
from bot.adapters.rootly import Rootly
from bot.adapters.rootly.custom_fields import filled_in, selected
from bot.adapters.rootly.forms import ActionItem, Incident
from bot.errors import RejectedError
from bot.forms.custom_fields import CustomField, CustomKind
from bot.slack.people import Person
from tests.adapters.conftest import CannedVendor
from tests.adapters.rootly_filled import KEY, MARKER

SLACK, WEB = "slack_new_incident_form", "web_new_incident_form"
REGION = CustomField(
    id="f1", name="Region", kind="select", options=(("o1", "Europe"), ("o2", "America"))
)
IMPACT = CustomField(id="f2", name="Impact", kind="long")


@pytest.fixture
def rootly(client: httpx.AsyncClient, vendor: CannedVendor) -> Rootly:
    return Rootly(client, vendor.url)


@pytest.fixture
def pure() -> Rootly:
    """An adapter for tests without a vendor."""
    return Rootly(httpx.AsyncClient(), "http://rootly.invalid")


def row(field_id: str, **attributes: Any) -> dict[str, Any]:
    """A form field as Rootly lists it."""
    usual = {
        "kind": "custom",
        "name": field_id,
        "input_kind": "text",
        "value_kind": "inherit",
        "enabled": True,
    }
    return {
        "id": field_id,
        "type": "form_fields",
        "attributes": {**usual, "shown": [SLACK], "required": [], **attributes},
    }


def option(option_id: str, field_id: str, value: str, position: int) -> dict[str, Any]:
    attributes = {"form_field_id": field_id, "value": value, "position": position}
    return {"id": option_id, "type": "form_field_options", "attributes": attributes}


def position(field_id: str, form: str, place: int) -> dict[str, Any]:
    attributes = {"form_field_id": field_id, "form": form, "position": place}
    return {"id": f"p{field_id}", "type": "form_field_positions", "attributes": attributes}


def page(*rows: dict[str, Any], included: list[dict[str, Any]] | None = None) -> tuple[int, Any]:
    return 200, {
        "data": list(rows),
        "included": included or [],
        "meta": {"next_page": None},
        "links": {},
    }


async def fields(rootly: Rootly, catalog: str = "form_fields") -> list[CustomField | None]:
    return [entry.field for entry in await rootly.entries(catalog, KEY)]


async def test_the_forms_own_fields_are_listed(rootly: Rootly, vendor: CannedVendor) -> None:
    """Custom fields have the order of Rootly's form for Slack; built-in, disabled and other ones
    are left out."""
    vendor.will_answer(
        page(
            row("last", shown=[WEB], required=[WEB]),
            row("title", kind="title"),
            row("off", enabled=False),
            row("other", shown=["slack_incident_resolution_form"]),
            row(
                "second",
                name="Region",
                input_kind="select",
                required=[SLACK],
                description="Where it hurts",
            ),
            row("first"),
            included=[
                option("o2", "second", "America", 2),
                option("o1", "second", "Europe", 1),
                position("second", SLACK, 2),
                position("first", SLACK, 1),
            ],
        )
    )
    assert await fields(rootly) == [
        CustomField(id="first", name="first", kind="text"),
        CustomField(
            id="second",
            name="Region",
            kind="select",
            required=True,
            hint="Where it hurts",
            options=(("o1", "Europe"), ("o2", "America")),
        ),
        CustomField(id="last", name="last", kind="text"),
    ]
    assert vendor.paths == [
        "/v1/form_fields?include=options,positions&page[size]=100&page[number]=1"
    ]


KINDS: list[tuple[str, str, CustomKind, str]] = [
    ("text", "inherit", "text", ""),
    ("textarea", "inherit", "long", ""),
    ("rich_text", "inherit", "long", ""),
    ("number", "inherit", "number", ""),
    ("date", "inherit", "date", ""),
    ("datetime", "inherit", "datetime", ""),
    ("checkbox", "inherit", "check", ""),
    ("tags", "inherit", "tags", ""),
    ("select", "user", "lookup", "users"),
    ("select", "group", "lookup", "teams"),
    ("multi_select", "service", "multi_lookup", "services"),
    ("multi_select", "functionality", "multi_lookup", "functionalities"),
    ("multi_select", "environment", "multi_lookup", "environments"),
    ("select", "cause", "lookup", "causes"),
    ("select", "incident_type", "lookup", "incident_types"),
    ("multi_select", "catalog_entity", "multi_lookup", "entities:c1"),
]


@pytest.mark.parametrize(("input_kind", "value_kind", "kind", "catalog"), KINDS)
async def test_kinds(
    rootly: Rootly,
    vendor: CannedVendor,
    input_kind: str,
    value_kind: str,
    kind: CustomKind,
    catalog: str,
) -> None:
    """Rootly's kinds of input and value decide the kind of our field and its catalog."""
    vendor.will_answer(
        page(row("f", input_kind=input_kind, value_kind=value_kind, value_kind_catalog_id="c1"))
    )
    assert await fields(rootly) == [CustomField(id="f", name="f", kind=kind, catalog=catalog)]


async def test_options_that_did_not_come_along_are_asked_for(
    rootly: Rootly, vendor: CannedVendor
) -> None:
    """Missing options of a field are read separately; a field without options or of a new kind is
    left out."""
    bare = {"id": "o1", "attributes": {"value": "Europe", "position": 1}}
    vendor.will_answer(
        page(
            row("f1", name="Region", input_kind="select"),
            row("f2", input_kind="select"),
            row("f3", input_kind="map"),
        ),
        page(bare),
        page(),
    )
    assert await fields(rootly) == [
        CustomField(id="f1", name="Region", kind="select", options=(("o1", "Europe"),))
    ]
    assert [path.partition("?")[0] for path in vendor.paths[1:]] == [
        "/v1/form_fields/f1/options",
        "/v1/form_fields/f2/options",
    ]


async def test_action_items_have_fields_of_their_own(rootly: Rootly, vendor: CannedVendor) -> None:
    """Action items have the fields that Rootly's forms for action items show."""
    vendor.will_answer(page(row("a", shown=[SLACK]), row("b", shown=["web_action_item_form"])))
    assert await fields(rootly, "action_item_fields") == [
        CustomField(id="b", name="b", kind="text")
    ]


async def test_the_entries_of_a_catalog_are_a_list(rootly: Rootly, vendor: CannedVendor) -> None:
    """Each catalog of the organisation is a list; the name alone is no list."""
    vendor.will_answer(page({"id": "e1", "attributes": {"name": "Lyon"}}))
    assert await rootly.entries("entities:c 1", KEY) == [Entry(id="e1", label="Lyon")]
    assert vendor.paths == ["/v1/catalogs/c%201/entities?page[size]=100&page[number]=1"]
    assert await rootly.entries("entities", KEY) == []


VALUES = [
    pytest.param("text", "", "One line", {"value": "One line"}, id="text"),
    pytest.param("number", "", 1200.0, {"value": "1200"}, id="a whole number"),
    pytest.param("number", "", 0.1, {"value": "0.1"}, id="a decimal"),
    pytest.param("number", "", 1e22, {"value": "1" + "0" * 22}, id="a large number"),
    pytest.param("check", "", True, {"value": "true"}, id="yes"),
    pytest.param("date", "", date(2026, 12, 1), {"value": "2026-12-01"}, id="a day"),
    pytest.param(
        "datetime",
        "",
        datetime(2026, 12, 1, 9),  # noqa: DTZ001
        {"value": "2026-12-01T09:00:00+00:00"},
        id="a time without offset",
    ),
    pytest.param("tags", "", ["a", "b"], {"value": "a, b"}, id="tags"),
    pytest.param("select", "", "o1", {"selected_option_ids": ["o1"]}, id="an option"),
    pytest.param(
        "multi_select", "", ["o1", "o2"], {"selected_option_ids": ["o1", "o2"]}, id="options"
    ),
    pytest.param("lookup", "users", "234", {"selected_user_ids": [234]}, id="a user"),
    pytest.param("multi_lookup", "teams", ["t1"], {"selected_group_ids": ["t1"]}, id="teams"),
    pytest.param(
        "multi_lookup",
        "entities:c1",
        ["e1"],
        {"selected_catalog_entity_ids": ["e1"]},
        id="entities",
    ),
]


@pytest.mark.parametrize(("kind", "catalog", "value", "sent"), VALUES)
def test_values(kind: CustomKind, catalog: str, value: Any, sent: dict[str, Any]) -> None:
    """A filled-in value becomes a selection of the field on the incident."""
    assert selected(CustomField(id="f", name="F", kind=kind, catalog=catalog), value) == sent


def incident(custom: dict[str, Any], *definitions: CustomField, **more: Any) -> Submission:
    """An incident with these custom fields filled in."""
    operation = next(each for each in Rootly.operations if each.name == "incident")
    form = operation.form_for(None, definitions).model_validate({"title": "Down", "custom": custom})
    return Submission(form, MARKER, custom=definitions, **more)


def test_what_was_left_empty_is_not_sent() -> None:
    """A box without a tick is a "no" only if Rootly requires an answer."""
    asked = CustomField(id="f3", name="Asked", kind="check", required=True)
    unasked = CustomField(id="f4", name="Not asked", kind="check")
    submission = incident({"f1": "o1"}, REGION, IMPACT, asked, unasked)
    assert filled_in(submission) == {"custom.f1": (REGION, "o1"), "custom.f3": (asked, False)}
    assert filled_in(Submission(Incident(title="Down"), MARKER)) == {}


async def test_they_remain_to_be_done(rootly: Rootly, vendor: CannedVendor) -> None:
    """The incident is created and found without its custom fields."""
    submission = incident({"f1": "o1", "f2": "Nobody can pay."}, REGION, IMPACT)
    made = {"id": "9b1f", "attributes": {"labels": {"slack_ref": MARKER}}}
    vendor.will_answer((201, {"data": made}), page(made), page())
    created = Created(id="9b1f", title="Down", remaining=("custom.f1", "custom.f2"))
    assert await rootly.create("incident", submission, KEY) == created
    assert "custom" not in vendor.requests[0][3]["data"]["attributes"]
    assert await rootly.find("incident", submission, KEY, 1_800_000_000.0) == [created]
    assert "remaining" not in created.model_dump()


def selection(field_id: str, **chosen: Any) -> dict[str, Any]:
    return {"id": "s1", "attributes": {"form_field_id": field_id, **chosen}}


OF_THE_INCIDENT = "/v1/incidents/9b1f/form_field_selections"


async def test_a_step_sets_one_field(rootly: Rootly, vendor: CannedVendor) -> None:
    """A step reads the incident's selections and sets one field."""
    vendor.will_answer(page(selection("f2", value="Other")), (201, {"data": {"id": "s2"}}))
    await rootly.finish("incident", incident({"f1": "o1"}, REGION), "9b1f", "custom.f1", KEY)
    assert [(method, path) for method, path, _, _ in vendor.requests] == [
        ("GET", f"{OF_THE_INCIDENT}?page[size]=100&page[number]=1"),
        ("POST", OF_THE_INCIDENT),
    ]
    attributes = {"incident_id": "9b1f", "form_field_id": "f1", "selected_option_ids": ["o1"]}
    assert vendor.requests[1][3] == {
        "data": {"type": "incident_form_field_selections", "attributes": attributes}
    }


async def test_what_is_set_already_is_left_alone(rootly: Rootly, vendor: CannedVendor) -> None:
    """A field that an earlier attempt has set is not set again."""
    vendor.will_answer(page(selection("f1", selected_option_ids=["o1"])))
    await rootly.finish("incident", incident({"f1": "o1"}, REGION), "9b1f", "custom.f1", KEY)
    assert len(vendor.requests) == 1


async def test_what_is_set_otherwise_is_changed(rootly: Rootly, vendor: CannedVendor) -> None:
    """A selection with another value, such as Rootly's default, is changed and not repeated."""
    vendor.will_answer(
        page(selection("f1", selected_option_ids=["o2"])), (200, {"data": {"id": "s1"}})
    )
    await rootly.finish("incident", incident({"f1": "o1"}, REGION), "9b1f", "custom.f1", KEY)
    method, path, _, body = vendor.requests[1]
    assert (method, path) == ("PUT", "/v1/incident_form_field_selections/s1")
    assert body["data"]["attributes"] == {"selected_option_ids": ["o1"]}


async def test_a_refusal_has_rootlys_words(rootly: Rootly, vendor: CannedVendor) -> None:
    """A refusal has Rootly's words unchanged."""
    vendor.will_answer(page(), (422, {"errors": [{"title": "Value is invalid", "status": "422"}]}))
    with pytest.raises(RejectedError, match=r"^Value is invalid$"):
        await rootly.finish("incident", incident({"f2": "x"}, IMPACT), "9b1f", "custom.f2", KEY)


def test_an_action_item_takes_them_along(pure: Rootly) -> None:
    """An action item has its custom fields in it, tags as a list."""
    tags = CustomField(id="f3", name="Tags", kind="tags")
    operation = next(each for each in Rootly.operations if each.name == "action_item")
    values = {"incident_id": "i1", "summary": "Roll back", "custom": {"f1": "o1", "f3": ["a", "b"]}}
    form = operation.form_for(None, (REGION, tags)).model_validate(values)
    assert isinstance(form, ActionItem)
    request = pure.request("action_item", Submission(form, MARKER, custom=(REGION, tags)), KEY)
    assert request.json["data"]["attributes"]["form_field_selections"] == [
        {"form_field_id": "f1", "selected_option_ids": ["o1"]},
        {"form_field_id": "f3", "value": ["a", "b"]},
    ]
    assert "custom" not in request.json["data"]["attributes"]


async def test_a_refusal_of_an_action_items_field_is_beside_it(
    rootly: Rootly, vendor: CannedVendor
) -> None:
    """A refusal that names a custom field by its title is beside that field."""
    operation = next(each for each in Rootly.operations if each.name == "action_item")
    values = {"incident_id": "i1", "summary": "Roll back", "custom": {"f2": "x"}}
    form = operation.form_for(None, (IMPACT,)).model_validate(values)
    vendor.will_answer((422, {"errors": [{"title": "Impact is too short", "status": "422"}]}))
    with pytest.raises(RejectedError) as caught:
        await rootly.create("action_item", Submission(form, MARKER, custom=(IMPACT,)), KEY)
    assert caught.value.fields == {"custom.f2": "Impact is too short"}


ANN = Entry(id="234", label="Ann Lee", detail="Ann@example.com")
BO = Entry(id="235", label="Bo", detail="bo@example.com", slack_id="U0BO000001")
PEOPLE = [
    pytest.param("U0X", "ann@example.com ", ANN, id="by e-mail"),
    pytest.param("U0BO000001", None, BO, id="by the Slack id, where the e-mail is hidden"),
    pytest.param("U0BO000001", "ann@example.com", ANN, id="the e-mail counts first"),
    pytest.param("U0X", "nobody@example.com", None, id="nobody"),
    pytest.param("", None, None, id="a bot"),
]


@pytest.mark.parametrize(("slack_id", "email", "user"), PEOPLE)
def test_who_a_slack_person_is(
    pure: Rootly, slack_id: str, email: str | None, user: Entry | None
) -> None:
    """A Slack user is the user with that e-mail address, else with that Slack id, else nobody."""
    assert (
        pure.user_for(
            Person(slack_id, "Ann", email, "member"), [ANN, BO, Entry(id="1", label="Ghost")]
        )
        == user
    )


def test_the_reporter_is_the_creator(pure: Rootly) -> None:
    """A person whom Rootly knows is the creator; else a label names the person."""
    known = pure.request(
        "incident",
        Submission(Incident(title="Down"), MARKER, "Ann Lee", selected={REPORTER: ANN}),
        KEY,
    )
    assert known.json["data"]["attributes"]["user_id"] == "234"
    assert known.json["data"]["attributes"]["labels"] == {"slack_ref": MARKER}
    unknown = pure.request("incident", Submission(Incident(title="Down"), MARKER, "Ann\nLee"), KEY)
    assert "user_id" not in unknown.json["data"]["attributes"]
    assert unknown.json["data"]["attributes"]["labels"] == {
        "slack_ref": MARKER,
        "slack_reporter": "Ann Lee",
    }


def test_all_that_an_incident_can_say(pure: Rootly) -> None:
    """An incident can have labels, a channel, a Jira issue and a planned maintenance."""
    form = Incident(
        title="Database move",
        kind="scheduled",
        scheduled_for=datetime(2026, 12, 1, 9, tzinfo=UTC),
        scheduled_until=datetime(2026, 12, 1, 11, tzinfo=UTC),
        muted_service_ids=["s1"],
        labels=["platform = ios", "version=1.29=b"],
        slack_channel_id="C1",
        jira_issue_url="https://acme.atlassian.net/browse/ops-42",
        cause_ids=["c1"],
        alert_ids=["a1"],
    )
    chosen = {"conversations/C1": Entry(id="C1", label="inc-payments")}
    request = pure.request("incident", Submission(form, MARKER, selected=chosen), KEY)
    assert request.json["data"]["attributes"] == {
        "title": "Database move",
        "private": False,
        "kind": "scheduled",
        "scheduled_for": "2026-12-01T09:00:00+00:00",
        "scheduled_until": "2026-12-01T11:00:00+00:00",
        "muted_service_ids": ["s1"],
        "labels": {"platform": "ios", "version": "1.29=b", "slack_ref": MARKER},
        "slack_channel_id": "C1",
        "slack_channel_name": "inc-payments",
        "jira_issue_url": "https://acme.atlassian.net/browse/ops-42",
        "jira_issue_key": "OPS-42",
        "cause_ids": ["c1"],
        "alert_ids": ["a1"],
    }


WRONG: list[Any] = [
    pytest.param({"labels": ["ios"]}, "“ios” isn't a label", id="no label"),
    pytest.param({"labels": ["= ios"]}, "“= ios” isn't a label", id="a label without a name"),
    pytest.param({"labels": ["slack_ref = x"]}, "We use the label", id="our label"),
    pytest.param({"labels": ["a = 1", "a = 2"]}, "is there twice", id="a label twice"),
    pytest.param({"kind": "scheduled"}, "Choose when the maintenance begins.", id="no beginning"),
    pytest.param(
        {"muted_service_ids": ["s1"]}, "Only for a planned maintenance", id="no maintenance"
    ),
]


@pytest.mark.parametrize(("values", "words"), WRONG)
def test_what_an_incident_turns_away(values: dict[str, Any], words: str) -> None:
    """An incorrect incident is refused before anything is sent."""
    with pytest.raises(ValueError, match=words):
        Incident.model_validate({"title": "Down", **values})
