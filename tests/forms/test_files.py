"""A field for a file: its element, its value, and its hint when the form is filled in again."""

from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, create_model

from bot.errors import FormError
from bot.forms.fields import Form, Json, Upload
from bot.forms.files import Fetched, files_in, with_files
from bot.forms.parse import parse, read
from bot.forms.render import modal, render
from bot.playground.slack.limits import check_view

BLOCK = "acme.thing.rules_file"


class Thing(Form):
    rules: Annotated[str | None, Json()] = None
    rules_file: Annotated[
        str | None, Upload(most=1000, types=("json", "txt"), instead_of="rules")
    ] = Field(None, title="Rules from a file", description="In UTF-8.")
    note: Annotated[str | None, Upload(most=1000)] = None


def state(*files: Any) -> dict[str, Any]:
    """Return Slack's state with these files chosen."""
    return {BLOCK: {"value": {"type": "file_input", "files": list(files)}}}


RULES = {"id": "F1", "name": "rules.json"}


def shown(**values: Any) -> list[dict[str, Any]]:
    """Return the blocks of the form, which are within Slack's limits."""
    blocks = render(Thing, "acme.thing", values=values)
    assert (
        check_view(modal(callback_id="x", title="Thing", blocks=blocks, private_metadata="")) == []
    )
    return blocks[:2]


def test_a_file_is_chosen_in_an_element_of_its_own() -> None:
    """The element takes one file of the named types."""
    assert shown()[1] == {
        "type": "input",
        "block_id": BLOCK,
        "label": {"type": "plain_text", "text": "Rules from a file"},
        "optional": True,
        "element": {
            "action_id": "value",
            "type": "file_input",
            "filetypes": ["json", "txt"],
            "max_files": 1,
        },
        "hint": {"type": "plain_text", "text": "In UTF-8."},
    }
    anything = render(Thing, "acme.thing")[2]["element"]
    assert anything == {"action_id": "value", "type": "file_input", "max_files": 1}


@pytest.mark.parametrize(
    ("values", "first", "hint"),
    [
        pytest.param({"rules_file": "{}"}, "{}", "In UTF-8.", id="short"),
        pytest.param({"rules_file": "x" * 3000}, "x" * 3000, "In UTF-8.", id="just fits"),
        pytest.param(
            {"rules_file": "x" * 30_001},
            None,
            "Slack removed the file. Choose it again. In UTF-8.",
            id="long",
        ),
        pytest.param(
            {"rules": "[]", "rules_file": "{}"},
            "[]",
            "Slack removed the file. Choose it again. In UTF-8.",
            id="both",
        ),
        pytest.param({"rules_file": ["rules.json"]}, None, "In UTF-8.", id="chosen, not fetched"),
        pytest.param({"rules_file": None}, None, "In UTF-8.", id="none"),
    ],
)
def test_a_file_is_put_back_as_text(values: dict[str, Any], first: str | None, hint: str) -> None:
    """A file's text goes to the text field, if it fits; else the hint asks for the file again."""
    text, file = shown(**values)
    assert (text["element"].get("initial_value"), file["hint"]["text"]) == (first, hint)


def test_a_file_that_was_fetched_is_its_text() -> None:
    """A fetched file is its text; before that, only its name is known."""
    chosen = state(RULES)
    assert files_in(chosen, BLOCK) == [RULES]
    assert read(Thing, "acme.thing", chosen) == {"rules_file": ["rules.json"]}
    fetched = with_files(chosen, {BLOCK: Fetched(text=" {}\n")})
    assert (chosen, files_in(fetched, BLOCK)) == (state(RULES), [RULES])
    assert parse(Thing, "acme.thing", fetched) == Thing(rules_file="{}")
    assert parse(Thing, "acme.thing", state()) == Thing()


def test_a_file_that_could_not_be_fetched_is_complained_about() -> None:
    """The problem of a file is beside its field; without one, a name is not taken for a text."""
    with pytest.raises(FormError) as error:
        parse(
            Thing,
            "acme.thing",
            with_files(state(RULES), {BLOCK: Fetched(problem="Slack has lost it.")}),
        )
    assert error.value.errors == {BLOCK: "Slack has lost it."}
    with pytest.raises(FormError) as error:
        parse(Thing, "acme.thing", state(RULES))
    assert list(error.value.errors) == [BLOCK]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["files", "text", "id", "x"]), inner)
    ),
    max_leaves=6,
)


@given(anything)
def test_nothing_in_a_payload_is_trusted(element: Any) -> None:
    """Any payload is parsed, or gets an error."""
    given = {BLOCK: {"value": element}}
    assert isinstance(files_in(given, BLOCK), list)
    read(Thing, "acme.thing", given)
    complaints: dict[str, str] = {}
    try:
        parse(Thing, "acme.thing", given)
    except FormError as error:
        complaints = error.errors
    assert set(complaints) <= {BLOCK}


@pytest.mark.parametrize("kind", [int, list[str], bool])
def test_a_file_is_a_text(kind: Any) -> None:
    """A field for a file is a text; any other type has no element."""
    form = create_model("Wrong", __base__=Form, field=(Annotated[kind, Upload(most=1)], ...))
    with pytest.raises(TypeError, match=r"Wrong\.field"):
        render(form, "a.b")
