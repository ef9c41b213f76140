"""Forms made of what a workspace defined for itself: every kind renders, reads back, and demands
what is demanded."""

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
    """None is forgotten; titles are the workspace's own words."""
    made = shape(custom_form(EVERY, "form_fields"))
    assert {it.name.removeprefix("f_"): (it.kind, it.many) for it in made} == KINDS
    assert [it.title for it in made] == [it.name for it in EVERY]


@pytest.mark.parametrize("required", [True, False])
def test_the_form_fits_into_a_modal(required: bool) -> None:
    """Slack takes it, with all that stands behind "More fields"."""
    form = custom_form(
        tuple(it.model_copy(update={"required": required}) for it in EVERY), "form_fields"
    )
    blocks = render(form, PREFIX, more=True)
    assert [it["block_id"] for it in blocks] == [f"{PREFIX}.{it.id}" for it in EVERY]
    assert check_view(modal(callback_id="x", title="x", blocks=blocks, private_metadata="")) == []


def test_what_is_demanded_is_demanded() -> None:
    """Each field that the workspace requires is complained about beside it; a check may stay empty."""
    form = custom_form(
        tuple(it.model_copy(update={"required": True}) for it in EVERY), "form_fields"
    )
    with pytest.raises(FormError) as caught:
        parse(
            form,
            PREFIX,
            {block["block_id"]: {"value": {"type": "x"}} for block in render(form, PREFIX)},
        )
    assert set(caught.value.errors) == {f"{PREFIX}.{it.id}" for it in EVERY if it.kind != "check"}


def test_what_is_optional_may_stay_empty() -> None:
    """An untouched form is a valid one, and says nothing."""
    form = custom_form(EVERY, "form_fields")
    values = parse(form, PREFIX, {}).model_dump()
    assert {name: value for name, value in values.items() if value not in (None, [], False)} == {}


def test_more_optional_fields_than_people_want_to_see_stand_behind_a_button() -> None:
    """What is demanded is always there."""
    fields = [
        CustomField(id=f"f{n}", name=f"F{n}", kind="text", required=n == 9) for n in range(10)
    ]
    made = shape(custom_form(tuple(fields), "form_fields"))
    assert [it.name for it in made if it.advanced] == [f"f{n}" for n in range(SHOWN, 9)]


def test_options_that_no_select_can_hold_are_searched() -> None:
    """In a list of their own."""
    made = shape(
        custom_form((field("select").model_copy(update={"options": MANY}),), "form_fields")
    )
    lookup = made[0].marker(Lookup)
    assert lookup is not None
    assert (made[0].kind, lookup.catalog) == ("lookup", "form_fields:f_select")
