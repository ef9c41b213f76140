"""Forms of custom fields: every kind is rendered and parsed, and required fields are required."""

from typing import Any, get_args

import pytest

from bot.errors import FormError
from bot.forms.custom_fields import MOST_IN_A_SELECT, SHOWN, CustomField, CustomKind, custom_form
from bot.forms.fields import Lookup
from bot.forms.parse import parse
from bot.forms.render import modal, render
from bot.forms.shape import shape
from bot.playground.slack.limits import check_view

PREFIX = "rootly.incident"
OPTIONS = (("o1", "Europe"), ("o2", "America"))
MANY = tuple((f"o{n}", f"Region {n}") for n in range(MOST_IN_A_SELECT + 1))


def field(kind: CustomKind, **changes: Any) -> CustomField:
    return CustomField(
        id=f"f_{kind}", name=f"A {kind}", kind=kind, options=OPTIONS, catalog="services", **changes
    )


EVERY = tuple(field(kind) for kind in get_args(CustomKind))
KINDS = {
    "text": ("text", False),
    "long": ("text", False),
    "link": ("url", False),
    "number": ("float", False),
    "check": ("check", False),
    "date": ("date", False),
    "datetime": ("datetime", False),
    "tags": ("lines", False),
    "select": ("select", False),
    "multi_select": ("select", True),
    "lookup": ("lookup", False),
    "multi_lookup": ("lookup", True),
    "person": ("person", False),
    "people": ("person", True),
}


def test_every_kind_has_its_element() -> None:
    """Every kind has an element, with the workspace's own title."""
    made = shape(custom_form(EVERY, "form_fields"))
    assert {field.name.removeprefix("f_"): (field.kind, field.many) for field in made} == KINDS
    assert [field.title for field in made] == [field.name for field in EVERY]


@pytest.mark.parametrize("required", [True, False])
def test_the_form_fits_into_a_modal(required: bool) -> None:
    """The form fits into a modal, with all fields behind "More fields"."""
    form = custom_form(
        tuple(field.model_copy(update={"required": required}) for field in EVERY), "form_fields"
    )
    blocks = render(form, PREFIX, more=True)
    assert [block["block_id"] for block in blocks] == [f"{PREFIX}.{field.id}" for field in EVERY]
    assert check_view(modal(callback_id="x", title="x", blocks=blocks, private_metadata="")) == []


def test_what_is_demanded_is_demanded() -> None:
    """A blank required field is an error beside it; a check may stay empty."""
    form = custom_form(
        tuple(field.model_copy(update={"required": True}) for field in EVERY), "form_fields"
    )
    with pytest.raises(FormError) as caught:
        parse(
            form,
            PREFIX,
            {block["block_id"]: {"value": {"type": "x"}} for block in render(form, PREFIX)},
        )
    assert set(caught.value.errors) == {
        f"{PREFIX}.{field.id}" for field in EVERY if field.kind != "check"
    }


def test_what_is_optional_may_stay_empty() -> None:
    """An untouched form of optional fields is valid, and has no values."""
    form = custom_form(EVERY, "form_fields")
    values = parse(form, PREFIX, {}).model_dump()
    assert {name: value for name, value in values.items() if value not in (None, [], False)} == {}


def test_more_optional_fields_than_people_want_to_see_stand_behind_a_button() -> None:
    """Required fields are always shown; many optional ones are behind "More fields"."""
    fields = [
        CustomField(id=f"f{n}", name=f"F{n}", kind="text", required=n == 9) for n in range(10)
    ]
    made = shape(custom_form(tuple(fields), "form_fields"))
    assert [field.name for field in made if field.advanced] == [f"f{n}" for n in range(SHOWN, 9)]


def test_options_that_no_select_can_hold_are_searched() -> None:
    """Options that no select can hold are a list to search."""
    made = shape(
        custom_form((field("select").model_copy(update={"options": MANY}),), "form_fields")
    )
    lookup = made[0].marker(Lookup)
    assert lookup is not None
    assert (made[0].kind, lookup.catalog) == ("lookup", "form_fields:f_select")
