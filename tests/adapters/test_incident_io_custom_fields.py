"""An organisation's roles, custom fields and timestamps: as fields, and as sent values."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl

from bot.adapters.base import Entry
from bot.adapters.incident_io.custom_fields import (
    custom_fields,
    members,
    reported_by,
    role_fields,
    timestamp_fields,
)
from bot.adapters.registry import ADAPTERS
from bot.errors import RetryLaterError, UnauthorizedError
from bot.forms.custom_fields import CustomField
from tests.adapters.conftest import CannedVendor
from tests.adapters.places import place
from tests.adapters.test_lenient import KEYS

REPORTER = {"id": "2", "name": "Reporter", "role_type": "reporter", "description": ""}
LEAD = {"id": "1", "name": "Lead", "role_type": "lead", "description": "Decides"}
OPTIONS = [
    {"id": "b", "custom_field_id": "1", "value": "Bo", "sort_key": 20},
    {"id": "a", "custom_field_id": "1", "value": "Ann", "sort_key": 10},
    {"id": "c", "custom_field_id": "2", "value": "Else", "sort_key": 1},
]


def row(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": "1", "name": "Team", "description": "Whose it is", "field_type": kind, **more}


def field(word: str, kind: Any, **more: Any) -> CustomField:
    return CustomField(id=f"{word}_1", name="Team", kind=kind, hint="Whose it is", **more)


def test_roles() -> None:
    """Each role is a field for one person; a row without an id or a name is none."""
    assert role_fields([LEAD, REPORTER, {"id": "2"}, {"name": "x"}, "x"]) == [
        CustomField(id="role_1", name="Lead", kind="person", hint="Decides"),
        CustomField(
            id="reporter_2",
            name="Reporter",
            kind="person",
            hint="You, if this is empty and incident.io knows you.",
        ),
    ]


def test_whoever_asked_reports() -> None:
    """The person who asks is the reporter if none is chosen, and gets no other role."""
    fields = role_fields([LEAD, REPORTER])
    assigned = [{"incident_role_id": "2", "assignee": {"id": "u"}}]
    assert (
        reported_by("u", fields, {"role_1": "U1"})
        == reported_by("u", fields, {"reporter_2": ""})
        == assigned
    )
    assert reported_by("u", fields, {"reporter_2": "U1"}) == reported_by("u", fields[:1], {}) == []


def test_timestamps() -> None:
    """Timestamps come in incident.io's order."""
    rows = [
        {"id": "2", "name": "Fixed at", "rank": 2},
        {"id": "1", "name": "Reported at", "rank": 1},
        None,
    ]
    assert timestamp_fields(rows) == [
        CustomField(id="time_1", name="Reported at", kind="datetime"),
        CustomField(id="time_2", name="Fixed at", kind="datetime"),
    ]


CUSTOM = [
    pytest.param(row("text"), [field("text", "text")], id="text"),
    pytest.param(row("link"), [field("link", "link")], id="link"),
    pytest.param(row("numeric"), [field("number", "number")], id="number"),
    pytest.param(
        row("single_select"),
        [field("option", "select", options=(("a", "Ann"), ("b", "Bo")))],
        id="one of options, in their order",
    ),
    pytest.param(
        row("multi_select"),
        [field("option", "multi_select", options=(("a", "Ann"), ("b", "Bo")))],
        id="some of options",
    ),
    pytest.param(
        row("single_select", catalog_type_id="t"),
        [field("entry", "lookup", catalog="catalog_entries:t")],
        id="a catalog entry",
    ),
    pytest.param(
        row("multi_select", catalog_type_id="t"),
        [field("entry", "multi_lookup", catalog="catalog_entries:t")],
        id="catalog entries",
    ),
    pytest.param(
        row("text", required_v2="always"), [field("text", "text", required=True)], id="required"
    ),
    pytest.param(
        row("text", required_v2="before_resolution"), [field("text", "text")], id="required later"
    ),
    pytest.param(row("text", show_before_creation=False), [], id="not asked for at first"),
    pytest.param(row("colour"), [], id="of a type that is new"),
    pytest.param(row("text", catalog_type_id="t"), [], id="of a catalog in a new way"),
    pytest.param(row("single_select") | {"id": "9"}, [], id="a choice without options"),
    pytest.param({"field_type": "text", "name": "Team"}, [], id="without an id"),
    pytest.param("x", [], id="no row"),
]


@pytest.mark.parametrize(("given", "expected"), CUSTOM)
def test_custom_fields(given: Any, expected: list[CustomField]) -> None:
    """A custom field becomes a field of its kind, or none if nobody could fill it in."""
    assert custom_fields([given], OPTIONS) == expected


def test_options_that_come_along() -> None:
    """The first version of the list has the options in its rows."""
    given = row("single_select", options=OPTIONS[:2])
    assert custom_fields([given]) == [
        field("option", "select", options=(("a", "Ann"), ("b", "Bo")))
    ]


def one(**value: str) -> dict[str, Any]:
    return {"custom_field_entries": [{"custom_field_id": "f", "values": [value]}]}


def lead(**assignee: str) -> dict[str, Any]:
    return {"incident_role_assignments": [{"incident_role_id": "f", "assignee": assignee}]}


def several(name: str, *values: str) -> dict[str, Any]:
    return {
        "custom_field_entries": [
            {"custom_field_id": "f", "values": [{name: value} for value in values]}
        ]
    }


FIXED = {
    "incident_timestamp_values": [{"incident_timestamp_id": "f", "value": "2026-11-21T09:30:00Z"}]
}
VALUES = [
    pytest.param({"role_f": "U1"}, lead(slack_user_id="U1"), id="a person"),
    pytest.param({"reporter_f": "U1"}, lead(slack_user_id="U1"), id="the reporter"),
    pytest.param({"text_f": "x"}, one(value_text="x"), id="text"),
    pytest.param({"link_f": HttpUrl("https://x/")}, one(value_link="https://x/"), id="link"),
    pytest.param({"number_f": 3.0}, one(value_numeric="3"), id="a whole number"),
    pytest.param({"number_f": 0}, one(value_numeric="0"), id="nought"),
    pytest.param({"number_f": -0.1}, one(value_numeric="-0.1"), id="a fraction"),
    pytest.param({"number_f": 1e21}, one(value_numeric="1" + "0" * 21), id="a large number"),
    pytest.param({"option_f": "a"}, one(value_option_id="a"), id="an option"),
    pytest.param({"option_f": ["a", "b"]}, several("value_option_id", "a", "b"), id="options"),
    pytest.param({"entry_f": "e"}, one(value_catalog_entry_id="e"), id="a catalog entry"),
    pytest.param({"entry_f": ["e", "f"]}, several("value_catalog_entry_id", "e", "f"),
        id="catalog entries"),
    pytest.param({"time_f": datetime(2026, 11, 21, 9, 30, tzinfo=UTC)}, FIXED, id="a time"),
    pytest.param({"time_f": "2026-11-21T09:30:00Z"}, FIXED, id="a time as it was stored"),
    pytest.param({"time_f": "2026-11-21T09:30:00"}, FIXED, id="a time without an offset"),
    pytest.param({"role_f": "", "text_f": None, "option_f": [], "colour_f": "x", "text": "x"}, {},
        id="nothing"),
    pytest.param({"text_a_b": "x", "role_f": "U1"}, {
        "custom_field_entries": [{"custom_field_id": "a_b", "values": [{"value_text": "x"}]}],
        **lead(slack_user_id="U1"),
    }, id="two"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), VALUES)
def test_values(values: dict[str, Any], expected: dict[str, Any]) -> None:
    """Filled-in values become the members that incident.io takes; empty ones are left out."""
    assert members(values) == expected


async def test_the_stand_in_takes_them_all(client: httpx.AsyncClient) -> None:
    """The stand-in accepts values for all its listed fields, and returns them under their names."""
    async with place("incident_io.incident", client) as here:
        offered = await here.adapter.entries("incident_fields", here.credentials)
        fields = [entry.field for entry in offered if entry.field is not None]
        assert [(entry.id, entry.label) for entry in offered] == [
            (field.id, field.name) for field in fields
        ]
        operation = here.adapter.operation("incident")
        answers = {each.id: await _answer(here, each) for each in fields}
        given = {
            "name": "Down",
            "severity_id": here.vendor.data.lists["severities"][0]["id"],
            "custom": answers,
        }
        form = operation.form_for(None, fields).model_validate(given)
        await here.create(here.submission(form))
        (made,) = [row for row in here.vendor.data.lists["incidents"] if row["name"] == "Down"]
        told = [
            *(part["role"]["name"] for part in made["incident_role_assignments"]),
            *(
                part["custom_field"]["name"]
                for part in made["custom_field_entries"]
                if part["values"]
            ),
            *(part["incident_timestamp"]["name"] for part in made["incident_timestamp_values"]),
        ]
        assert told == [each.name for each in fields]
        assert len(told) == 12


async def test_options_that_are_too_long_for_one_answer(client: httpx.AsyncClient) -> None:
    """Fields and options are then read separately; only the marks of required ones are lost."""
    async with place("incident_io.incident", client) as here:
        lists = here.vendor.data.lists
        choice = next(row for row in lists["custom_fields"] if row["field_type"] == "single_select")
        (first, *_) = [
            row for row in lists["custom_field_options"] if row["custom_field_id"] == choice["id"]
        ]
        lists["custom_field_options"] += [
            {
                **first,
                "id": f"01OPTION{number:04}",
                "value": f"Option {number}",
                "sort_key": number,
                "note": "x" * 6000,
            }
            for number in range(400)
        ]
        found = await here.adapter.entries("incident_fields", here.credentials)
        for row in lists["custom_field_options"]:
            row.pop("note", None)
        expected = await here.adapter.entries("incident_fields", here.credentials)
    assert [
        len(entry.field.options)
        for entry in expected
        if entry.field and entry.field.id == f"option_{choice['id']}"
    ] >= [400]
    assert [_optional(entry) for entry in found] == [_optional(entry) for entry in expected]


def _optional(entry: Entry) -> CustomField:
    assert entry.field is not None
    return entry.field.model_copy(update={"required": False})


async def test_what_cannot_be_listed_leaves_the_rest(client: httpx.AsyncClient) -> None:
    """A field that is too long, or a part that incident.io refuses, does not affect the other
    parts."""
    async with place("incident_io.incident", client) as here:
        everything = await here.adapter.entries("incident_fields", here.credentials)
        here.vendor.data.lists["custom_fields"][0]["weight"] = "x" * 3_000_000
        found = await here.adapter.entries("incident_fields", here.credentials)
    assert (
        found
        == [field for field in everything if field.id.startswith(("role_", "reporter_", "time_"))]
        != []
    )


NO_RIGHT = {"type": "authorisation_error", "status": 403, "errors": [{"message": "No scope"}]}
ROLE = {"id": "1", "name": "Lead", "role_type": "lead"}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (
            [
                (200, {"incident_roles": [ROLE]}),
                (403, NO_RIGHT),
                (404, {}),
            ],
            ["role_1"],
        ),
        (
            [(403, NO_RIGHT), (410, {}), (200, {"custom_fields": []}), (403, NO_RIGHT)],
            UnauthorizedError,
        ),
        ([(200, {"incident_roles": [ROLE]}), (429, {})], RetryLaterError),
        ([(200, {"incident_roles": [ROLE]}), (500, {}), (500, {})], RetryLaterError),
        ([(200, {"incident_roles": [ROLE]}), (401, {})], UnauthorizedError),
        (
            [
                (403, NO_RIGHT),
                (500, {}),
                (200, {"custom_fields": [row("text")]}),
                (200, {"incident_timestamps": []}),
            ],
            ["text_1"],
        ),
    ],
)
async def test_parts_of_the_definitions(
    client: httpx.AsyncClient, vendor: CannedVendor, answers: list[tuple[int, Any]], expected: Any
) -> None:
    """A part that is always refused is left out, unless all are; a passing error keeps the stored
    list."""
    vendor.will_answer(*answers)
    listing = ADAPTERS["incident_io"](client, vendor.url).entries(
        "incident_fields", KEYS["incident_io"]
    )
    if isinstance(expected, list):
        assert [entry.id for entry in await listing] == expected
    else:
        with pytest.raises(expected):
            await listing
    assert vendor.answers == []


async def _answer(here: Any, field: CustomField) -> Any:
    match field.kind:
        case "person":
            return here.vendor.data.lists["users"][0]["slack_user_id"]
        case "datetime":
            return datetime(2026, 11, 21, 9, 30, tzinfo=timezone(timedelta(hours=1)))
        case "number":
            return 12
        case "link":
            return "https://dashboards.example.com/orders"
        case "select":
            return field.options[0][0]
        case "multi_select":
            return [each for each, _ in field.options]
        case "multi_lookup":
            return [
                entry.id for entry in await here.adapter.entries(field.catalog, here.credentials)
            ]
    return "Orders are late"
