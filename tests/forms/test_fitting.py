"""More fields than a modal takes: required ones come first, then filled-in ones, then the form's
own."""

from typing import Annotated

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import messages
from bot.adapters.base import Operation
from bot.forms.custom_fields import MOST_IN_A_SELECT, CustomField
from bot.forms.fields import Advanced, Form
from bot.forms.fitting import Fitted, fitted
from bot.forms.render import modal, more_block, render
from bot.playground.slack.limits import check_view
from tests.messages.parts import ADAPTERS

NOTES = ADAPTERS[0]
PREFIX = "notes.note"


class Note(Form):
    text: str
    colour: str | None = None
    size: Annotated[str | None, Advanced()] = None


OPERATION = Operation(name="note", kind="incident", label="note", form=Note, custom="form_fields")


def own(count: int, required: int = 0) -> list[CustomField]:
    """Return so many custom fields, the last `required` of them required."""
    return [
        CustomField(
            id=f"f{number}", name=f"F{number}", kind="text", required=number >= count - required
        )
        for number in range(count)
    ]


def fit(fields: list[CustomField], **values: object) -> Fitted:
    """Return the blocks of that form that fit beside one other block, with "More fields" open."""
    form = OPERATION.form_for(None, fields)
    return fitted(
        form, PREFIX, render(form, PREFIX, values=values, more=True), [more_block(PREFIX)]
    )


def names(found: Fitted) -> tuple[list[str], list[str]]:
    """Return the names of the fields that fit, and of those that do not."""
    kept = [block["block_id"].removeprefix(f"{PREFIX}.") for block in found.blocks]
    return kept, [".".join(place.path) for place in found.left_out]


def test_what_fits_stands_there_whole() -> None:
    """All fields are shown up to Slack's last block."""
    kept, left_out = names(fit(own(96)))
    assert kept == ["text", "colour", "size", *(f"custom.f{number}" for number in range(96))]
    assert left_out == []


def test_of_one_too_many_two_make_room_for_the_line_that_says_so() -> None:
    """With one field too many, the last two of the workspace's own make room for the line about
    them."""
    kept, left_out = names(fit(own(97)))
    assert kept == ["text", "colour", "size", *(f"custom.f{number}" for number in range(95))]
    assert left_out == ["custom.f95", "custom.f96"]


def test_what_has_to_be_filled_in_and_what_is_comes_first() -> None:
    """Required and filled-in fields come first, in the form's order."""
    kept, left_out = names(fit(own(200, required=2), custom={"f150": "typed"}))
    assert kept[:3] == ["text", "colour", "size"]
    assert kept[3:] == [f"custom.f{number}" for number in (*range(92), 150, 198, 199)]
    assert left_out == [f"custom.f{number}" for number in (*range(92, 150), *range(151, 198))]


def test_demanded_fields_push_out_the_forms_own() -> None:
    """Required fields replace the form's own, because nothing could be submitted without them."""
    kept, left_out = names(fit(own(97, required=97)))
    assert kept == ["text", *(f"custom.f{number}" for number in range(97))]
    assert left_out == ["colour", "size"]


def test_demanded_fields_that_do_not_fit_are_named() -> None:
    """Required fields that do not fit are named, because the form could not be submitted."""
    assert names(fit(own(150, required=150)))[1][2:] == [
        f"custom.f{number}" for number in range(97, 150)
    ]


CUSTOM = st.builds(
    lambda kind, name, required, label, count: (
        kind,
        name,
        required,
        tuple((f"o{n}", label) for n in range(count)),
    ),
    st.sampled_from(["text", "select", "multi_select", "people", "check"]),
    st.sampled_from(["F", "&<>" * 300, "\U0001f469" * 2000]),
    st.sampled_from([True, False, False, False]),
    st.sampled_from(["Europe", "\U0001f469" * 75]),
    st.integers(0, MOST_IN_A_SELECT),
)


@settings(max_examples=40)
@given(made=st.lists(CUSTOM, min_size=1, max_size=4), times=st.integers(1, 40), above=st.booleans())
def test_whatever_there_is_slack_takes_it(
    made: list[tuple[object, ...]], times: int, above: bool
) -> None:
    """Any number of fields of any size fits, with the line about the others."""
    fields = [
        CustomField.model_validate(
            {"id": f"f{at}", "kind": kind, "name": name, "required": required, "options": options}
        )
        for at, (kind, name, required, options) in enumerate(made * times)
    ]
    form = OPERATION.form_for(None, fields)
    top = [messages.turned_down("\U0001f469" * 3000)] if above else []
    blocks, left_out = fitted(form, PREFIX, render(form, PREFIX, more=True), top)
    line = [messages.left_out([place.field.title for place in left_out], NOTES)] if left_out else []
    view = modal(
        callback_id="x" * 255, title="x", blocks=[*top, *blocks, *line], private_metadata="x" * 3000
    )
    assert check_view(view) == []
    assert len(blocks) + len(left_out) == len(fields) + 3


def test_a_heavy_form_is_not_left_emptier_than_it_has_to_be() -> None:
    """A small field is shown although a large one before it does not fit."""
    large = [
        CustomField(
            id=f"l{n}",
            name="x" * 2000,
            kind="select",
            options=tuple((f"{o:0>100}", "y" * 75) for o in range(100)),
        )
        for n in range(20)
    ]
    kept, left_out = names(fit([*large, *own(3)]))
    assert kept[-3:] == ["custom.f0", "custom.f1", "custom.f2"]
    assert len(left_out) > 5
    assert left_out == [f"custom.l{n}" for n in range(len(kept) - 6, 20)]
