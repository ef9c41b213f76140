"""Custom fields of Rootly as its lists give them, one for each kind of value, and their values."""

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from bot.adapters.base import Operation, Submission
from bot.forms.custom_fields import CustomField
from bot.forms.fields import Form

OPTIONS = (("o1", "Europe"), ("o2", "America"))
CATALOGS = (
    "teams",
    "services",
    "functionalities",
    "users",
    "environments",
    "causes",
    "incident_types",
    "entities:c1",
)
FIELDS = (
    CustomField(id="f-text", name="Text", kind="text"),
    CustomField(id="f-long", name="Long text", kind="long"),
    CustomField(id="f-number", name="Number", kind="number"),
    CustomField(id="f-check", name="Check", kind="check", required=True),
    CustomField(id="f-date", name="Day", kind="date"),
    CustomField(id="f-time", name="Time", kind="datetime"),
    CustomField(id="f-tags", name="Tags", kind="tags"),
    CustomField(id="f-one", name="Region", kind="select", options=OPTIONS),
    CustomField(id="f-some", name="Regions", kind="multi_select", options=OPTIONS),
    *(
        CustomField(id=f"f-{each}".replace(":", "-"), name=each, kind="lookup", catalog=each)
        for each in CATALOGS
    ),
    CustomField(id="f-owners", name="Owners", kind="multi_lookup", catalog="users"),
)
texts = st.text(min_size=1, max_size=30).map(str.strip).filter(bool)
options = st.sampled_from([each for each, _ in OPTIONS])
numbers = st.floats(-1e9, 1e9) | st.integers(-(10**12), 10**12).map(float)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": texts,
    "long": texts,
    "number": numbers,
    "check": st.booleans(),
    "date": st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    "datetime": st.datetimes(
        datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.sampled_from([None, UTC])
    ),
    "tags": st.lists(texts, max_size=3),
    "select": options,
    "multi_select": st.lists(options, unique=True),
}


def _values(field: CustomField) -> st.SearchStrategy[Any]:
    ids = st.integers(1, 10**9).map(str) if field.catalog == "users" else texts
    if field.kind == "lookup":
        return st.none() | ids
    if field.kind == "multi_lookup":
        return st.lists(ids, max_size=3)
    values = VALUES[field.kind]
    return values if field.kind in ("check", "tags", "multi_select") else st.none() | values


def custom_values() -> st.SearchStrategy[dict[str, Any]]:
    """Strategy for the form's `custom`, with any of its fields left out."""
    given = st.fixed_dictionaries({field.id: _values(field) for field in FIELDS})
    return given.map(
        lambda values: {name: value for name, value in values.items() if value is not None}
    )


def with_custom(
    operation: Operation, form: Form, values: dict[str, Any], **more: Any
) -> Submission:
    """Return the filled-in form with these custom fields in it."""
    whole = operation.form_for(None, FIELDS).model_validate({**form.model_dump(), "custom": values})
    return Submission(whole, custom=FIELDS, **more)
