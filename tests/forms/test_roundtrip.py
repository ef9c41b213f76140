"""Random forms of every supported type: rendered within Slack's limits, filled in, parsed."""

import enum
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import EmailStr, Field, HttpUrl, create_model

from bot.errors import FormError
from bot.forms.fields import (
    Advanced,
    Check,
    Choice,
    Conversation,
    Form,
    Json,
    Lookup,
    Named,
    Person,
    Text,
    UserGroup,
)
from bot.forms.parse import parse, read
from bot.forms.render import modal, render
from bot.playground.slack.limits import check_ack, check_view
from tests.forms.filling import answer, fill, untouched

Kind = tuple[Any, st.SearchStrategy[Any], Callable[[Any], Any]]
"""A field's type, values that it takes, and the person's answer for such a value."""


class Colour(enum.Enum):
    RED = "red"
    DARK_BLUE = "dark_blue"


Many = Literal[tuple(f"value_{number}" for number in range(130))]  # type: ignore[valid-type]

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=60)
LINES = st.lists(WORDS, min_size=1, max_size=4, unique=True)
IDS = st.from_regex(r"[a-z0-9-]{2,40}", fullmatch=True)
PEOPLE = st.from_regex(r"U[A-Z0-9]{8}", fullmatch=True)
CHANNELS = st.from_regex(r"C[A-Z0-9]{8}", fullmatch=True)
ADDRESSES = st.from_regex(r"[a-z]{1,9}@example\.com", fullmatch=True)
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9 ,.-]{0,20}[a-z0-9])?", fullmatch=True)
NAMED = st.builds(Named, id=IDS | st.just("{{ x | append: ', ' }}"), name=st.just("") | NAMES)


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4, unique=True)


def same(value: Any) -> Any:
    return value


KINDS: list[Kind] = [
    (str, WORDS, same),
    (Annotated[str, Text(multiline=True, placeholder="Say more"), Field(max_length=100)], WORDS,
     same),
    (Annotated[str, Field(min_length=1, max_length=5000)], WORDS, same),
    (Literal["task", "follow_up"], st.sampled_from(["task", "follow_up"]), same),
    (Annotated[Literal[1, 2, 3], Choice({"1": "One"})], st.sampled_from([1, 2, 3]), str),
    (Many, st.sampled_from(["value_0", "value_129"]), same),
    (Colour, st.sampled_from(Colour), lambda colour: colour.value),
    (list[Colour], several(st.sampled_from(Colour)),
     lambda colours: [each.value for each in colours]),
    (Annotated[list[Literal["a", "b", "c"]], Field(max_length=2)], several(st.sampled_from("ab")),
     same),
    (Annotated[str, Lookup("services", placeholder="Which?", rerenders=True)], IDS, same),
    (list[Annotated[str, Lookup("services")]], several(IDS), same),
    (Annotated[str, Person()], PEOPLE, same),
    (Annotated[list[str], Person()], several(PEOPLE), same),
    (Annotated[str, UserGroup()], IDS, same),
    (Annotated[list[str], UserGroup()], several(IDS), same),
    (Annotated[str, Conversation()], CHANNELS, same),
    (Annotated[list[str], Conversation()], several(CHANNELS), same),
    (Annotated[str, Json(placeholder="{}")], JSON_VALUES.map(json.dumps), same),
    (Annotated[str, Json(kind=dict, liquid=True)], st.just('{"a": {{ b }}, "c": "{{ d }}"}'), same),
    (Annotated[str, Json(kind=dict)],
     st.dictionaries(WORDS, JSON_VALUES, max_size=3).map(json.dumps), same),
    (date, st.dates(), same),
    (datetime, st.datetimes(datetime(2002, 1, 1), datetime(2200, 1, 1),  # noqa: DTZ001
                            timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)), same),
    (int, st.integers(), same),
    (Annotated[int, Field(gt=-3, le=40)], st.integers(-2, 40), same),
    (float, st.floats(allow_nan=False, allow_infinity=False), same),
    (Annotated[float, Field(ge=0, lt=1)], st.floats(0, 0.999), same),
    (bool, st.booleans(), same),
    (Annotated[bool, Check("I am sure")], st.booleans(), same),
    (Annotated[Literal[True], Check("I am sure")], st.just(True), same),
    (Literal[True, False], st.booleans(), str),
    (Named, NAMED, str),
    (list[Named], several(NAMED), lambda things: "\n".join(map(str, things))),
    (HttpUrl, st.from_regex(r"https://example\.com/[a-z0-9]{0,9}", fullmatch=True).map(HttpUrl),
     str),
    (EmailStr, ADDRESSES, same),
    (list[str], LINES, "\n".join),
    (list[EmailStr], several(ADDRESSES), ", ".join),
]  # fmt: skip


@st.composite
def forms(draw: st.DrawFn, depth: int = 0) -> tuple[type[Form], dict[str, Any], dict[str, Any]]:
    """Strategy for a form, its values, and the answers for them by block id without prefix."""
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    for index, (annotation, strategy, typed) in enumerate(
        draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6))
    ):
        name = f"field_{index}"
        value = values[name] = draw(strategy)
        answers[name] = typed(value)
        declared = annotation | None if draw(st.booleans()) else annotation
        declared = Annotated[declared, Advanced()] if draw(st.booleans()) else declared
        default = draw(st.sampled_from(["required", "none", "value"]))
        options: dict[str, Any] = {
            "title": draw(st.none() | WORDS),
            "description": draw(st.none() | st.just("h" * 2500)),
        }
        if default == "required":
            fields[name] = (declared, Field(**options))
        else:
            fields[name] = (
                declared | None,
                Field(default=None if default == "none" else value, **options),
            )
    if depth == 0 and draw(st.booleans()):
        nested, inner_values, inner_answers = draw(forms(depth=1))
        fields["nested"] = (nested, ...)
        values["nested"] = inner_values
        answers |= {f"{nested.block}.{name}": each for name, each in inner_answers.items()}
    made: type[Form] = create_model("Made", __base__=Form, **fields)
    made.block = f"made_{depth}"
    return made, values, answers


def view_of(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return modal(callback_id="form:x.y", title="A form", blocks=blocks, private_metadata="{}")


def errors_of(form: type[Form], state: dict[str, Any]) -> dict[str, str]:
    try:
        parse(form, "x.y", state)
    except FormError as error:
        return error.errors
    return {}


@settings(max_examples=60)
@given(forms())
def test_what_is_filled_in_is_read_back(
    made: tuple[type[Form], dict[str, Any], dict[str, Any]],
) -> None:
    """Every type is rendered within the limits, and gives back exactly the person's answer."""
    form, values, answers = made
    view = view_of(render(form, "x.y", more=True))
    assert check_view(view) == []
    state = {
        block["block_id"]: answer(block["element"], answers[block["block_id"][4:]])
        for block in view["blocks"]
    }
    assert parse(form, "x.y", state) == form.model_validate(values)


@settings(max_examples=60)
@given(forms(), st.booleans())
def test_first_values_survive_an_untouched_form(
    made: tuple[type[Form], dict[str, Any], dict[str, Any]], dumped: bool
) -> None:
    """Python and JSON values are shown within the limits and come back unchanged."""
    form, values, _ = made
    whole = form.model_validate(values)
    view = view_of(
        render(form, "x.y", values=whole.model_dump(mode="json") if dumped else values, more=True)
    )
    assert check_view(view) == []
    state = untouched(view)
    assert parse(form, "x.y", state) == whole
    assert view_of(render(form, "x.y", values=read(form, "x.y", state), more=True)) == view


@settings(max_examples=60)
@given(forms(), st.randoms(use_true_random=False), st.booleans())
def test_any_filling_gives_a_form_or_errors_that_slack_can_show(
    made: tuple[type[Form], dict[str, Any], dict[str, Any]], rng: random.Random, more: bool
) -> None:
    """Complaints about any input are on inputs of the screen."""
    form, _, _ = made
    blocks = render(form, "x.y", more=more)
    if not blocks:
        return
    view = view_of(blocks)
    assert check_view(view) == []
    if errors := errors_of(form, fill(view, rng)):
        assert check_ack({"response_action": "errors", "errors": errors}, view) == []


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("-"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "value",
                    "selected_option",
                    "selected_options",
                    "selected_users",
                    "selected_date_time",
                ]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(forms(), st.data())
def test_a_state_of_any_shape_raises_nothing_but_form_errors(
    made: tuple[type[Form], dict[str, Any], dict[str, Any]], data: st.DataObject
) -> None:
    """A signed payload of any shape raises nothing but form errors."""
    form, _, answers = made
    state = {
        f"x.y.{name}": {"value": data.draw(ANY_JSON)}
        if data.draw(st.booleans())
        else data.draw(ANY_JSON)
        for name in answers
    }
    read(form, "x.y", state)
    assert all(errors_of(form, state).values())
