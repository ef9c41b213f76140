"""A form as Block Kit."""

import enum
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import EmailStr, Field, HttpUrl, SecretStr, create_model

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
    RequiredWithout,
    Text,
)
from bot.forms.render import chooser, focus, modal, more_block, notice, render
from bot.playground.slack.limits import check_view


class Urgency(enum.Enum):
    HIGH = "high"
    VERY_LOW = "very_low"


class Mail(Form):
    block = "send_email"

    to: list[EmailStr] = Field(title="To")
    track: Annotated[bool, Check("Track clicks"), Advanced()] = False


class Everything(Form):
    headline = "title"

    title: Annotated[str, Text(placeholder="What is broken?")] = Field(
        max_length=64, description="Keep it short."
    )
    summary: Annotated[str, Text(multiline=True)] = Field(default="", min_length=2, max_length=9000)
    kind: Literal["task", "follow_up"] = "task"
    urgency: Annotated[list[Urgency] | None, Choice({"high": "Now!"}), Field(max_length=1)] = None
    severity_id: Annotated[str, Lookup("severities", placeholder="Choose", rerenders=True)] = Field(
        title="Severity"
    )
    service_ids: list[Annotated[str, Lookup("services")]] = []
    owner: Annotated[str | None, Person()] = None
    watchers: Annotated[list[str], Person()] = []
    channel: Annotated[str | None, Conversation()] = None
    channels: Annotated[list[str], Conversation()] = []
    configuration: Annotated[str, Json(kind=dict, placeholder="{}")] = "{}"
    due: date | None = None
    at: datetime | None = None
    count: int = Field(default=5, gt=0, lt=10)
    ratio: float = Field(default=1e-7, ge=0)
    private: Annotated[bool, Check("Only for the team")] = True
    link: HttpUrl | None = None
    mail: EmailStr | None = None
    labels: list[str] = ["a", "b"]
    issue_type: Named | None = None
    groups: list[Named] = []
    sure: Annotated[Literal[True], Check("I am sure")]
    again: Literal[True] | None = None
    email: Mail


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str, label: str) -> dict[str, Any]:
    return {"text": plain(label), "value": value}


def block(
    name: str, label: str, element: dict[str, Any], *, optional: bool = True, **more: Any
) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": f"acme.thing.{name}",
        "label": plain(label),
        "optional": optional,
        "element": {"action_id": "value", **element},
        **more,
    }


CHANNELS = {"filter": {"include": ["public", "private"], "exclude_bot_users": True}}


def test_every_kind_of_field_has_its_element() -> None:
    """A form becomes its input blocks in order, with a nested form in its place and no `Advanced`
    ones."""
    text = "plain_text_input"
    assert render(Everything, "acme.thing") == [
        block("title", "Title", {"type": text, "multiline": False, "max_length": 64,
                                 "placeholder": plain("What is broken?")},
              optional=False, hint=plain("Keep it short.")),
        block("summary", "Summary", {"type": text, "multiline": True, "max_length": 3000,
                                     "min_length": 2}),
        block("kind", "Kind", {"type": "static_select",
                               "options": [option("task", "Task"),
                                           option("follow_up", "Follow up")],
                               "initial_option": option("task", "Task")}),
        block("urgency", "Urgency", {"type": "multi_static_select", "max_selected_items": 1,
                                     "options": [option("high", "Now!"),
                                                 option("very_low", "Very low")]}),
        block("severity_id", "Severity", {"type": "external_select", "min_query_length": 0,
                                          "placeholder": plain("Choose")},
              optional=False, dispatch_action=True),
        block("service_ids", "Service ids", {"type": "multi_external_select",
                                              "min_query_length": 0}),
        block("owner", "Owner", {"type": "users_select"}),
        block("watchers", "Watchers", {"type": "multi_users_select"}),
        block("channel", "Channel", {"type": "conversations_select", **CHANNELS}),
        block("channels", "Channels", {"type": "multi_conversations_select", **CHANNELS}),
        block("configuration", "Configuration", {"type": text, "multiline": True,
                                                 "initial_value": "{}",
                                                 "placeholder": plain("{}")}),
        block("due", "Due", {"type": "datepicker"}),
        block("at", "At", {"type": "datetimepicker"}),
        block("count", "Count", {"type": "number_input", "is_decimal_allowed": False,
                                 "min_value": "1", "max_value": "9", "initial_value": "5"}),
        block("ratio", "Ratio", {"type": "number_input", "is_decimal_allowed": True,
                                 "min_value": "0", "initial_value": "0.0000001"}),
        block("private", "Private", {"type": "checkboxes",
                                     "options": [option("yes", "Only for the team")],
                                     "initial_options": [option("yes", "Only for the team")]}),
        block("link", "Link", {"type": "url_text_input"}),
        block("mail", "Mail", {"type": "email_text_input"}),
        block("labels", "Labels", {"type": text, "multiline": True, "initial_value": "a\nb"}),
        block("issue_type", "Issue type", {"type": text, "multiline": False}),
        block("groups", "Groups", {"type": text, "multiline": True}),
        block("sure", "Sure", {"type": "checkboxes", "options": [option("yes", "I am sure")]},
              optional=False),
        block("again", "Again", {"type": "checkboxes", "options": [option("yes", "Yes")]}),
        block("send_email.to", "To", {"type": text, "multiline": True}, optional=False),
    ]  # fmt: skip


def initial(values: dict[str, Any]) -> dict[str, Any]:
    """Return the first values of the rendered form, by the last part of the block id."""
    labels = {("severities", "sev1"): "SEV1"}
    blocks = render(
        Everything, "acme.thing", values=values, labels=lambda *entry: labels.get(entry), more=True
    )
    view = modal(callback_id="form:acme.thing", title="Thing", blocks=blocks, private_metadata="")
    assert check_view(view) == []
    found: dict[str, Any] = {}
    for each in blocks:
        element = each["element"]
        found |= {
            each["block_id"][11:]: element[name] for name in element if name.startswith("initial_")
        }
    return found


BLANKS = dict.fromkeys(Everything.model_fields)


def test_values_are_shown_whether_python_or_json() -> None:
    """A model's values and the same values as JSON give the same first values."""
    values = {
        **BLANKS,
        "title": "Checkout\nis down",
        "urgency": [Urgency.HIGH],
        "severity_id": "sev1",
        "service_ids": ["s1", "s1", "s2"],
        "owner": "U0ANN",
        "channels": ["C0OPS"],
        "configuration": {"a": 1},
        "due": date(2026, 3, 1),
        "at": datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2))),
        "count": 7,
        "ratio": Decimal("2.50"),
        "private": True,
        "link": "https://example.com/",
        "labels": ["x", "y"],
        "issue_type": Named(id="10001", name="Bug, or so"),
        "groups": [Named(id="S1", name="on-call"), Named(id="S2")],
        "again": True,
        "email": {"to": ["a@example.com", "b@example.com"], "track": True},
    }
    json_values = {
        **values,
        "urgency": ["high"],
        "due": "2026-03-01",
        "at": "2026-03-01T10:00:00Z",
        "ratio": "2.50",
        "issue_type": {"id": "10001", "name": "Bug, or so"},
        "groups": ["S1, on-call", {"id": "S2", "name": ""}],
    }
    expected = {
        "title": "Checkout is down",
        "urgency": [option("high", "Now!")],
        "severity_id": option("sev1", "SEV1"),
        "service_ids": [option("s1", "s1"), option("s2", "s2")],
        "owner": "U0ANN",
        "channels": ["C0OPS"],
        "configuration": '{\n  "a": 1\n}',
        "due": "2026-03-01",
        "at": int(datetime(2026, 3, 1, 10, tzinfo=UTC).timestamp()),
        "count": "7",
        "ratio": "2.50",
        "private": [option("yes", "Only for the team")],
        "link": "https://example.com/",
        "labels": "x\ny",
        "issue_type": "10001, Bug, or so",
        "groups": "S1, on-call\nS2",
        "again": [option("yes", "Yes")],
        "send_email.to": "a@example.com\nb@example.com",
        "send_email.track": [option("yes", "Track clicks")],
    }
    assert initial(values) == expected
    assert initial(json_values) == expected


def test_values_that_do_not_fit_are_cut_or_left_out() -> None:
    """No value can make a view that Slack refuses."""
    values = {
        **BLANKS,
        "title": "x" * 65,
        "summary": "y" * 3001,
        "kind": "no such kind",
        "urgency": ["high", "very_low", "nonsense"],
        "severity_id": "z" * 151,
        "owner": "not a Slack id",
        "channels": ["general"],
        "due": "soon",
        "at": datetime(1999, 1, 1, tzinfo=UTC),
        "count": 10,
        "ratio": "1e999999",
    }
    assert initial(values) == {
        "title": "x" * 63 + "…",
        "summary": "y" * 2999 + "…",
        "urgency": [option("high", "Now!")],
    }


def ids(blocks: list[dict[str, Any]]) -> list[str]:
    return [block["block_id"] for block in blocks]


def test_more_fields_are_shown_on_demand() -> None:
    """`Advanced` fields appear with `more`, or with a value."""
    assert ids(render(Mail, "a.b")) == ["a.b.to"]
    assert ids(render(Mail, "a.b", more=True)) == ["a.b.to", "a.b.track"]
    assert ids(render(Mail, "a.b", values={"track": True})) == ["a.b.to", "a.b.track"]
    button = {"type": "button", "action_id": "more", "text": plain("More fields"), "value": "a.b"}
    assert more_block("a.b") == {"type": "actions", "block_id": "more", "elements": [button]}


class Declared(Form):
    """An incident whose severity is needed unless it has a status."""

    title: str
    severity: Annotated[str | None, Lookup("severities"), RequiredWithout("status")] = None
    summary: Annotated[str | None, Text(multiline=True)] = None
    channel: Annotated[str | None, Text()] = None
    status: Annotated[str | None, Lookup("statuses"), Advanced()] = None


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        (None, ["title", "severity", "summary", "channel"]),
        ({"a.b.status"}, ["title", "status"]),
        (set(), ["title"]),
    ],
)
def test_who_decides_on_the_first_screen(first: set[str] | None, shown: list[str]) -> None:
    """The form, or the workspace's admins; required fields are always there."""
    assert ids(render(Declared, "a.b", first=first)) == [f"a.b.{name}" for name in shown]


def test_a_field_is_required_while_another_one_is_not_there() -> None:
    def optional(**how: Any) -> bool:
        blocks = {block["block_id"]: block for block in render(Declared, "a.b", **how)}
        return bool(blocks["a.b.severity"]["optional"])

    assert (optional(), optional(more=True)) == (False, True)


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({}, "title"),
        ({"title": "Checkout is down"}, "severity"),
        ({"title": "Checkout is down", "severity": "1"}, "channel"),
    ],
)
def test_the_cursor_stands_where_the_next_answer_is_due(values: dict[str, str], where: str) -> None:
    """In the first required input without an answer, else in the last one of a single line."""
    blocks = focus(render(Declared, "a.b", values=values, labels=lambda _, entry: entry))
    focused = [block["block_id"] for block in blocks if block["element"].get("focus_on_load")]
    assert focused == [f"a.b.{where}"]


def test_a_select_of_more_than_a_hundred_is_grouped() -> None:
    """Slack's list ends at 100 options, its groups do not."""
    zones: Any = Literal[tuple(f"zone_{n}" for n in range(150))]
    form = create_model("Long", __base__=Form, n=(zones, "zone_120"))
    [only] = render(form, "a.b")
    element = only["element"]
    assert [
        (group["label"]["text"], len(group["options"])) for group in element["option_groups"]
    ] == [
        ("Zone 0 ... Zone 99", 100),
        ("Zone 100 ... Zone 149", 50),
    ]
    assert element["initial_option"] == option("zone_120", "Zone 120")


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (time, "Odd.field: no element for time"),
        (SecretStr, "Odd.field: no element for SecretStr"),
        (dict[str, str], "Odd.field: no element for dict[str, str]"),
        (int | str, "Odd.field: no element for int | str"),
        (list[int], "Odd.field: no element for a list of int"),
        (list[Mail], "Odd.field: no element for a list of Mail"),
        (Annotated[int, Lookup("users")], "Odd.field: lookup does not fit int"),
        (Annotated[str, Person(), Json()], "Odd.field: person, json does not fit str"),
        (Annotated[str, Check("Yes")], "Odd.field: Check does not fit a field of kind text"),
        (Literal[1, "1"], "Odd.field: a select needs values that differ as text"),
        (
            Literal["x" * 151],
            f"Odd.field: a select's value has at most 150 characters, unlike {'x' * 151!r}",
        ),
    ],
)
def test_an_unsupported_type_is_refused_by_name(annotation: Any, message: str) -> None:
    """A type without an element is an error with the model and the field."""
    form = create_model("Odd", __base__=Form, field=(annotation, ...))
    with pytest.raises(TypeError) as error:
        render(form, "a.b")
    assert str(error.value) == message


def test_the_chooser_offers_operations() -> None:
    """A choice draws the form again at once; an operation that is not offered is not chosen."""
    made = chooser([("rootly.incident", "Rootly: incident"), ("x.y", "X" * 80)], "rootly.incident")
    assert made == {
        "type": "input",
        "block_id": "choice",
        "dispatch_action": True,
        "label": plain("Tool"),
        "element": {
            "type": "static_select",
            "action_id": "value",
            "options": [
                option("rootly.incident", "Rootly: incident"),
                option("x.y", "X" * 74 + "…"),
            ],
            "initial_option": option("rootly.incident", "Rootly: incident"),
        },
    }
    assert "initial_option" not in chooser([("a", "A")], "b")["element"]


def test_a_modal_fits_slack() -> None:
    """Titles are cut to 24 characters, and a view without inputs has no submit button."""
    blocks = [{"type": "divider"}]
    assert modal(
        callback_id="c",
        title="An incident at incident.io",
        blocks=blocks,
        private_metadata="{}",
        submit=None,
    ) == {
        "type": "modal",
        "callback_id": "c",
        "title": plain("An incident at incident…"),
        "close": plain("Cancel"),
        "blocks": blocks,
        "private_metadata": "{}",
        "notify_on_close": False,
    }
    assert modal(callback_id="c", title="T", blocks=blocks, private_metadata="")["submit"] == plain(
        "Create"
    )


def test_a_long_notice_is_split_at_lines() -> None:
    """A section holds 3000 characters; the next one begins with a line of its own."""
    view = notice(title="Note", text="a" * 2000 + "\n" + "b" * 2000 + " " + "c" * 2000)
    assert check_view(view) == []
    assert [each["text"]["text"] for each in view["blocks"]] == ["a" * 2000, "b" * 2000, "c" * 2000]


@pytest.mark.parametrize("text", ["", " \n", "🔥" * 100_000, "word " * 50_000])
def test_any_notice_fits_slack(text: str) -> None:
    """A notice of any length can be opened."""
    assert check_view(notice(title="Note", text=text)) == []


class EncryptedSecret(Form):
    private: Annotated[bool, Check("Private", confirm="It stays private.")] = Field(
        False, title="Private incident"
    )


def test_a_checkbox_can_ask_first() -> None:
    """Slack shows the question when the box is clicked."""
    (block,) = render(EncryptedSecret, "p")
    assert block["element"]["confirm"] == {
        "title": {"type": "plain_text", "text": "Private incident"},
        "text": {"type": "plain_text", "text": "It stays private."},
        "confirm": {"type": "plain_text", "text": "Confirm"},
        "deny": {"type": "plain_text", "text": "Back"},
    }
    assert check_view(modal(callback_id="x", title="x", blocks=[block], private_metadata="")) == []
