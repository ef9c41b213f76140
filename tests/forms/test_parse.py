"""A person's input as the form's model, and its errors."""

import enum
import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import EmailStr, Field, HttpUrl, create_model, field_validator, model_validator

from bot.errors import FormError
from bot.forms.fields import (
    Advanced,
    Check,
    Conversation,
    Form,
    Json,
    Lookup,
    Named,
    Person,
    Text,
    matching,
    wrong,
)
from bot.forms.parse import parse, place, read
from bot.forms.render import render
from bot.forms.sentences import json_complaint
from tests.forms.filling import State, answer

OBJECT = "This isn't a JSON object. Begin with a brace, and end with one."


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Mail(Form):
    block = "send_email"

    to: list[EmailStr] = Field(title="To")
    body: Annotated[str, Text(multiline=True)] = ""

    @model_validator(mode="after")
    def _not_to_everyone(self) -> Self:
        if "all@example.com" in self.to:
            raise wrong("to", "Not to everyone.")
        if self.body == "whole":
            raise ValueError("the mail makes no sense")
        return self


class Thing(Form):
    title: str = Field(max_length=10)
    level: Level = Level.LOW
    tags: list[Literal["a", "b"]] = Field(default=["a"], max_length=1)
    severity_id: Annotated[str | None, Lookup("severities")] = Field(default=None, title="Severity")
    owner: Annotated[str | None, Person()] = None
    channels: Annotated[list[str], Conversation()] = []
    config: Annotated[str, Json(kind=dict)] = "{}"
    due: date | None = None
    at: datetime | None = None
    count: int = Field(default=5, ge=1)
    ratio: float | None = Field(default=None, gt=0)
    private: Annotated[bool, Check("Private")] = True
    link: HttpUrl | None = None
    lines: list[str] = []
    code: Annotated[str, matching("[a-z]+", "Type small letters.")] = ""
    issue_type: Named | None = None
    groups: list[Named] = []
    sure: Annotated[Literal[True] | None, Check("I am sure")] = None
    payload: Annotated[str | None, Json(kind=dict, liquid=True)] = None
    slug: Annotated[str, Advanced()] = Field(default="", max_length=3)
    mail: Mail

    @field_validator("code")
    @classmethod
    def _no_x(cls, code: str) -> str:
        if code == "x":
            raise ValueError("x is taken")
        return code

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.title == "whole":
            raise ValueError("this thing makes no sense")
        if self.title == "far":
            raise wrong("mail.body", "Say why.")
        if self.title == "hidden":
            raise wrong("slug", "Give a slug.")
        return self


BLANK: dict[str, Any] = {"title": "T", "send_email.to": "ann@example.com"}


def state(more: bool = False, **answers: Any) -> State:
    """Return the state of the screen: `BLANK` with these answers.

    The name `send_email__to` is a field of the nested form.
    """
    given = {**BLANK, **{name.replace("__", "."): each for name, each in answers.items()}}
    blocks = render(Thing, "acme.thing", more=more)
    return {
        block["block_id"]: answer(block["element"], given.get(block["block_id"][11:]))
        for block in blocks
    }


def errors(screen: State) -> dict[str, str]:
    with pytest.raises(FormError) as error:
        parse(Thing, "acme.thing", screen)
    return {
        block_id.removeprefix("acme.thing."): sentence
        for block_id, sentence in error.value.errors.items()
    }


def test_a_filled_in_form_is_the_model() -> None:
    """Every element's answer becomes a value of the field's type."""
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    screen = state(
        title=" Down ", level="2", tags=["b"], severity_id="sev1", owner="U0ANN",
        channels=["C0OPS"], config='{"a": 1}',
        due=date(2026, 3, 1), at=at, count=7, ratio=0.5, private=True, link="https://example.com/x",
        lines="a\n\n b\n",
        issue_type="10001,Bug, or so", groups="S1\n {{ x | append: ',' }}, all ", sure=True,
        payload='{"a": {{ b }}}',
        code="abc", send_email__to="ann@example.com, bob@example.com;\ncy@example.com",
        send_email__body="<@U1> &amp;",
    )  # fmt: skip
    assert parse(Thing, "acme.thing", screen) == Thing(
        title="Down", level=Level.HIGH, tags=["b"], severity_id="sev1", owner="U0ANN",
        channels=["C0OPS"], config='{"a": 1}',
        due=date(2026, 3, 1), at=at, count=7, ratio=0.5, private=True,
        link=HttpUrl("https://example.com/x"), lines=["a", "b"],
        issue_type=Named(id="10001", name="Bug, or so"),
        groups=[Named(id="S1"), Named(id="{{ x | append: ',' }}", name="all")], sure=True,
        payload='{"a": {{ b }}}',
        code="abc", mail=Mail(to=["ann@example.com", "bob@example.com", "cy@example.com"],
            body="<@U1> &amp;"),
    )  # fmt: skip


@pytest.mark.parametrize("nothing", ["", "  ", "\u200b", "\ufeff \u2060"])
def test_characters_without_width_are_no_answer(nothing: str) -> None:
    """They come along when something is copied, and a title of them alone would be no title."""

    class Titled(Form):
        title: str

    with pytest.raises(FormError) as refused:
        parse(Titled, "a", {"a.title": {"value": {"type": "plain_text_input", "value": nothing}}})
    assert list(refused.value.errors) == ["a.title"]


def test_what_is_left_blank_is_blank() -> None:
    """An emptied field is empty where its type allows, and the default where it does not."""
    assert parse(Thing, "acme.thing", state()) == Thing(
        title="T",
        level=Level.LOW,
        tags=[],
        count=5,
        private=False,
        mail=Mail(to=["ann@example.com"]),
    )


def test_read_gives_what_was_typed_as_it_is() -> None:
    """Unfinished or wrong input can be shown again, without fields that are not shown."""
    screen = state(
        title=" T ",
        level="2",
        config="{",
        count=1,
        send_email__to="bob@",
        severity_id="-",
        issue_type=", Bug",
        groups="S1\n",
    )
    screen["acme.thing.count"]["value"]["value"] = "many"
    del screen["acme.thing.ratio"], screen["acme.thing.send_email.body"]
    assert read(Thing, "acme.thing", screen) == {
        "title": " T ", "level": Level.HIGH, "tags": [], "severity_id": None, "owner": None,
        "channels": [], "config": "{",
        "due": None, "at": None, "count": "many", "private": False, "link": None, "lines": [],
        "code": None,
        "issue_type": ", Bug", "groups": ["S1"], "sure": None, "payload": None,
        "mail": {"to": ["bob@"]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"title": None}, {"title": "Fill this in."}),
        ({"title": "  "}, {"title": "Fill this in."}),
        ({"title": "x" * 12}, {"title": "Type at most 10 characters. This has 12."}),
        ({"tags": ["a", "b"]}, {"tags": "Give at most 1 value. This has 2."}),
        ({"severity_id": "-"},
         {"severity_id": "Choose an item from the list."}),
        ({"config": "{\n  \"a\" 1\n}"}, {"config": "Line 2, column 7: put a colon after the name."}),
        ({"config": "[1]"}, {"config": OBJECT}),
        ({"issue_type": ", Bug"}, {"issue_type": "Type the ID first, then a comma and the name."}),
        ({"groups": "S1, on-call\n,"}, {"groups": "Type the ID first, then a comma and the name."}),
        ({"payload": "[{{ a }}]"}, {"payload": OBJECT}),
        ({"payload": '{"a": "{{ b }}",\n "c" {{ d }}}'},
         {"payload": "Line 2, column 6: put a colon after the name."}),
        ({"count": 0}, {"count": "Type 1 or more."}),
        ({"count": 1.5}, {"count": "Type a whole number, such as 5."}),
        ({"ratio": 0}, {"ratio": "Type a number above 0."}),
        ({"link": "example"},
         {"link": "Type a web address that begins with https:// or http://."}),
        ({"link": "ftp://a.b"},
         {"link": "Type a web address that begins with https:// or http://."}),
        ({"code": "A1"}, {"code": "Type small letters."}),
        ({"code": "x"}, {"code": "x is taken"}),
        ({"send_email__to": None},
         {"send_email.to": "Type e-mail addresses such as ann@example.com, one a line."}),
        ({"send_email__to": "bob@, ann@example.com, x"},
         {"send_email.to": "“bob@” isn't an e-mail address. Type one such as ann@example.com.\n"
          "“x” isn't an e-mail address. Type one such as ann@example.com."}),
        ({"send_email__to": "all@example.com"}, {"send_email.to": "Not to everyone."}),
        ({"send_email__body": "whole"}, {"send_email.to": "the mail makes no sense"}),
        ({"title": "whole"}, {"title": "this thing makes no sense"}),
        ({"title": "far"}, {"send_email.body": "Say why."}),
        ({"title": "hidden"}, {"title": "Slug: Give a slug."}),
        ({"title": None, "count": 0, "config": "nope"},
         {"config": "Line 1, column 1: put a value here.", "title": "Fill this in.",
          "count": "Type 1 or more."}),
        ({"title": "whole", "config": "nope"}, {"config": "Line 1, column 1: put a value here."}),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_beside_its_field(
    answers: dict[str, Any], expected: dict[str, str]
) -> None:
    """Each sentence is below the input to correct, in plain words."""
    assert errors(state(**answers)) == expected


@pytest.mark.parametrize(
    "payload",
    [
        "{{ a }}",
        "{% if a %}{}{% endif %}",
        '{"a": {{ b | default: "c" }}}',
        '{"{{ a }}": "{{ b }}"}',
    ],
)
def test_liquid_that_may_become_json_is_let_through(payload: str) -> None:
    """Liquid is allowed, because only the vendor knows its value; the text around it is checked."""
    assert parse(Thing, "acme.thing", state(payload=payload)).payload == payload


@pytest.mark.parametrize(
    ("name", "element", "sentence"),
    [
        ("due", {"selected_date": "2026-13-01"}, "Choose a date."),
        ("count", {"value": "nan"}, "Type a whole number, such as 5."),
        ("count", {"value": "9" * 5000}, "Type a whole number, such as 5."),
        ("ratio", {"value": "inf"}, "Type a number, such as 2.5."),
        ("level", {"selected_option": {"value": "9"}}, "Choose one of the options."),
        ("tags", {"selected_options": [{"value": "z"}]}, "Choose one of the options."),
    ],
)
def test_what_no_element_lets_through_is_refused_all_the_same(
    name: str, element: dict[str, Any], sentence: str
) -> None:
    """Values that Slack's elements do not allow are refused."""
    assert errors({**state(), f"acme.thing.{name}": {"value": element}}) == {name: sentence}


def test_a_required_field_that_is_hidden_is_named_on_the_first_input() -> None:
    """A missing field that is hidden is named on the first input."""
    screen = state()
    del screen["acme.thing.title"]
    assert errors(screen) == {"level": "Title: Fill this in."}


def test_a_hidden_field_keeps_its_default_and_a_shown_one_is_checked() -> None:
    """`Advanced` fields are parsed only when they are on the screen."""
    assert parse(Thing, "acme.thing", state()).slug == ""
    assert errors(state(more=True, slug="long")) == {
        "slug": "Type at most 3 characters. This has 4."
    }


def test_an_optional_nested_form_left_blank_is_not_there() -> None:
    """A blank nested form is None; a filled-in one has to be whole."""
    form = create_model("Outer", __base__=Form, mail=(Mail | None, None))
    blank = {
        "a.b.send_email.to": {"value": {"value": None}},
        "a.b.send_email.body": {"value": {"value": None}},
    }
    half = {**blank, "a.b.send_email.body": {"value": {"value": "Hello"}}}
    assert parse(form, "a.b", blank) == form.model_validate({"mail": None})
    with pytest.raises(FormError) as error:
        parse(form, "a.b", half)
    assert error.value.errors == {
        "a.b.send_email.to": "Type e-mail addresses such as ann@example.com, one a line."
    }


def test_a_vendors_complaints_go_where_they_can_be_mended() -> None:
    """A vendor's complaints about fields, parts, hidden fields and unknown fields are all shown."""
    screen = state()
    complaints = {
        "severity_id": "must exist",
        "severity_id.value": "is not a UUID",
        "mail.to.0": "bounced before",
        "mail": "is not possible here",
        "mail.reply_to": "is unknown",
        "slug": "is taken",
        "custom_field": "is required",
        "count": " ",
    }
    assert place(Thing, "acme.thing", screen, complaints, "Nothing was created.") == {
        "acme.thing.severity_id": "must exist\nis not a UUID",
        "acme.thing.send_email.to": "bounced before\nis not possible here",
        "acme.thing.title": "Reply to: is unknown\nSlug: is taken\nCustom field: is required\n"
        "Nothing was created.",
        "acme.thing.count": "This wasn't accepted. Change it.",
    }


def test_a_vendors_complaint_is_never_lost_or_endless() -> None:
    """A complaint has a block on any screen, and is short enough to be read."""
    assert place(Thing, "a.b", {}, {}, "No.") == {"a.b.title": "No."}
    assert place(Thing, "a.b", {"choice": {}}, {"title": "No."}) == {"choice": "Title: No."}
    assert place(Form, "a.b", {}, {"": "No."}) == {"a.b": "No."}
    assert place(Thing, "a.b", {}, {}) == {}
    assert place(Thing, "a.b", {}, {}, "x" * 5000) == {"a.b.title": "x" * 599 + "…"}


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        ('{"a": [1, 2.5e3, null, "\\u00e4"]}', dict, None),
        ("[]", list, None),
        ("3", float, None),
        ("true", bool, None),
        ("true", int, "Type a whole number, such as 5."),
        ("true", float, "Type a number, such as 2.5."),
        ("{}", list, "This isn't a JSON list. Begin with a square bracket, and end with one."),
        ("", None, "Line 1, column 1: put a value here."),
        ('{"a": NaN}', None, "NaN isn't JSON. Remove it."),
        ("-Infinity", None, "-Infinity isn't JSON. Remove it."),
        ("1e999", None, "The number 1e999 is too large."),
        ("9" * 5000, None, "A number in this is too long. Shorten it."),
        ('{"a": 1, "b": {"a": 2, "a": 3}}', None, "The name “a” is there twice. Remove one."),
        ("[" * 100_000, None, "This is nested too deeply. Use fewer levels."),
        ("[" * 100_000 + "]" * 100_000, None, "This is nested too deeply. Use fewer levels."),
    ],
)
def test_json_is_read_more_strictly_than_python_does(
    text: str, kind: type | None, sentence: str | None
) -> None:
    """JSON that other parsers refuse or read differently is refused."""
    assert json_complaint(text, kind) == sentence


def test_answers_survive_as_json() -> None:
    """The result of `read` can be stored as the model's JSON and shown again."""
    filled = parse(Thing, "acme.thing", state(due=date(2026, 3, 1), link="https://example.com/"))
    dumped = json.loads(filled.model_dump_json())
    assert render(Thing, "acme.thing", values=dumped) == render(
        Thing, "acme.thing", values=filled.model_dump()
    )
