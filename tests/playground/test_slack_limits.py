"""The checker of Slack's limits catches what Slack would refuse."""

from typing import Any

import pytest

from bot.playground.slack.limits import check_ack, check_message, check_options, check_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str, label: str = "Label", **more: Any) -> Json:
    return {"text": plain(label), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(f"o{number}") for number in range(count)]


def select(**more: Any) -> Json:
    return {"type": "static_select", "options": options(2), **more}


def entry(element: Json, **more: Any) -> Json:
    """An input block."""
    return {
        "type": "input",
        "block_id": "in",
        "label": plain("Label"),
        "element": {"action_id": "value", **element},
        **more,
    }


def text_input(**more: Any) -> Json:
    return entry({"type": "plain_text_input", **more})


def number(**more: Any) -> Json:
    return entry({"type": "number_input", "is_decimal_allowed": False, **more})


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**more: Any) -> Json:
    return {"type": "section", "text": plain("Words"), **more}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def view(*blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "title": plain("Title"),
        "submit": plain("Create"),
        "blocks": list(blocks),
        **more,
    }


CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("Really."),
    "confirm": plain("Yes"),
    "deny": plain("No"),
}
WHOLE = view(
    section(
        accessory=button(
            action_id="b", url="https://example.com", value="v", style="danger", confirm=CONFIRM
        )
    ),
    section(fields=[mrkdwn("*a*"), plain("b")], block_id="fields"),
    {"type": "header", "text": plain("Header")},
    {"type": "divider"},
    {
        "type": "context",
        "elements": [
            mrkdwn("small"),
            {"type": "image", "image_url": "https://a.b/c.png", "alt_text": "C"},
        ],
    },
    {"type": "image", "image_url": "https://a.b/c.png", "alt_text": "C"},
    actions(button(action_id="b"), {"type": "overflow", "action_id": "o", "options": options(5)}),
    entry(
        select(initial_option=option("o1"), placeholder=plain("Choose"), focus_on_load=True),
        dispatch_action=True,
    ),
    entry(
        {"type": "checkboxes", "options": options(10), "initial_options": options(2)},
        block_id="boxes",
        optional=True,
    ),
    entry(
        {"type": "multi_external_select", "min_query_length": 0, "max_selected_items": 1},
        block_id="many",
    ),
    entry(
        {
            "type": "number_input",
            "is_decimal_allowed": True,
            "min_value": "-1.5",
            "initial_value": "0",
        },
        block_id="number",
    ),
    entry(
        {"type": "datetimepicker", "initial_date_time": 1_800_000_000},
        block_id="at",
        hint=plain("Hint"),
    ),
    private_metadata="{}",
    callback_id="form:a.b",
    close=plain("Cancel"),
    notify_on_close=False,
)

BROKEN: list[tuple[Json, str]] = [
    (view(section(), title=plain("x" * 25)), "view.title.text: 25 characters, at most 24"),
    (view(section(), title=mrkdwn("Title")), "view.title.type: must be one of plain_text"),
    (view(section(), submit=plain("x" * 25)), "view.submit.text: 25 characters, at most 24"),
    (view(section(), close=plain("")), "view.close.text: empty, at least 1 characters"),
    (view(), "view.blocks: 0 items, must be 1 to 100"),
    (view(*[{"type": "divider"}] * 101), "view.blocks: 101 items, must be 1 to 100"),
    (view(section(), private_metadata="x" * 3001), "view.private_metadata: 3001 characters, at most 3000"),
    (view(section(), callback_id="x" * 256), "view.callback_id: 256 characters, at most 255"),
    (view(section(), state={}), "view.state: no such member"),
    (view(section(), notify_on_close="no"), "view.notify_on_close: must be true or false"),
    ({"type": "modal", "title": plain("T"), "blocks": [text_input()]}, "view.submit: missing, and there is an input"),
    ({"type": "home", "blocks": [number()]}, "view.blocks[0]: number_input may only stand in a modal"),
    ({"type": "window"}, "view.type: must be one of modal, home"),
    (view(section(block_id="a"), section(block_id="a")), "view.blocks: the block_id 'a' stands there twice"),
    (view(section(block_id="a" * 256)), "view.blocks[0].block_id: 256 characters, at most 255"),
    (view(actions(button(action_id="a"), button(action_id="a"))), "view.blocks[0]: the action_id 'a' stands there twice"),
    (view(actions(button(action_id="a" * 256))), "view.blocks[0].elements[0].action_id: 256 characters, at most 255"),
    (view(actions(*[button()] * 26)), "view.blocks[0].elements: 26 items, must be 1 to 25"),
    (view(actions(button(text=plain("x" * 76)))), "view.blocks[0].elements[0].text.text: 76 characters, at most 75"),
    (view(actions(button(value="x" * 2001))), "view.blocks[0].elements[0].value: 2001 characters, at most 2000"),
    (view(actions(button(url="https://" + "x" * 2993))), "view.blocks[0].elements[0].url: 3001 characters, at most 3000"),
    (view(actions(button(url="x.io"))), "view.blocks[0].elements[0].url: must be a web address"),
    (view(actions(button(style="loud"))), "view.blocks[0].elements[0].style: must be one of primary, danger"),
    (view(actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))),
     "view.blocks[0].elements[0].confirm.title.text: 101 characters, at most 100"),
    (view(actions(button(confirm={**CONFIRM, "text": plain("x" * 301)}))),
     "view.blocks[0].elements[0].confirm.text.text: 301 characters, at most 300"),
    (view(actions({"type": "button"})), "view.blocks[0].elements[0].text: missing"),
    (view({"type": "poem"}), "view.blocks[0].type: 'poem' may not stand here, only actions, context, divider, header, image, "
                             "input, rich_text, section, video"),
    (view({"type": "section"}), "view.blocks[0]: needs text or fields"),
    (view(section(text=mrkdwn("x" * 3001))), "view.blocks[0].text.text: 3001 characters, at most 3000"),
    (view(section(text={**mrkdwn("x"), "emoji": True})), "view.blocks[0].text.emoji: no such member"),
    (view(section(fields=[plain("x")] * 11)), "view.blocks[0].fields: 11 items, must be 1 to 10"),
    (view(section(fields=[plain("x" * 2001)])), "view.blocks[0].fields[0].text: 2001 characters, at most 2000"),
    (view({"type": "header", "text": plain("x" * 151)}), "view.blocks[0].text.text: 151 characters, at most 150"),
    (view({"type": "context", "elements": [plain("x")] * 11}), "view.blocks[0].elements: 11 items, must be 1 to 10"),
    (view({"type": "image", "alt_text": "x"}), "view.blocks[0]: needs image_url or slack_file, and not both"),
    (view(text_input(), section(), entry({"type": "plain_text_input"}, block_id="b", label=plain(""))),
     "view.blocks[2].label.text: empty, at least 1 characters"),
    (view(entry(select(), label=plain("x" * 2001))), "view.blocks[0].label.text: 2001 characters, at most 2000"),
    (view(entry(select(), hint=plain("x" * 2001))), "view.blocks[0].hint.text: 2001 characters, at most 2000"),
    (view(entry(select(), dispatch_action="yes")), "view.blocks[0].dispatch_action: must be true or false"),
    (view(entry({"type": "file_input"}, dispatch_action=True)), "view.blocks[0].dispatch_action: a file input has none"),
    (view(entry({"type": "file_input", "max_files": 11})), "view.blocks[0].element.max_files: 11, must be 1 to 10"),
    (view(entry(select(placeholder=plain("x" * 151)))),
     "view.blocks[0].element.placeholder.text: 151 characters, at most 150"),
    (view(entry(select(options=[]))), "view.blocks[0].element.options: 0 items, must be 1 to 100"),
    (view(entry(select(options=options(101)))), "view.blocks[0].element.options: 101 items, must be 1 to 100"),
    (view(entry(select(options=[option("a"), option("a")]))),
     "view.blocks[0].element: the option value 'a' stands there twice"),
    (view(entry(select(options=[option("a", "x" * 76)]))),
     "view.blocks[0].element.options[0].text.text: 76 characters, at most 75"),
    (view(entry(select(options=[option("x" * 151)]))),
     "view.blocks[0].element.options[0].value: 151 characters, at most 150"),
    (view(entry(select(options=[option("a", description=plain("x" * 76))]))),
     "view.blocks[0].element.options[0].description.text: 76 characters, at most 75"),
    (view(entry(select(initial_option=option("o1", "Other")))),
     "view.blocks[0].element.initial_option: not among the options"),
    (view(entry(select(option_groups=[{"label": plain("G"), "options": [option("z")]}]))),
     "view.blocks[0].element: needs options or option_groups, and not both"),
    (view(entry({"type": "static_select", "option_groups": [{"label": plain("x" * 76), "options": options(1)}]})),
     "view.blocks[0].element.option_groups[0].label.text: 76 characters, at most 75"),
    (view(entry({"type": "static_select", "option_groups": [{"label": plain("x"), "options": options(101)}]})),
     "view.blocks[0].element.option_groups[0].options: 101 items, must be 1 to 100"),
    (view(entry({"type": "checkboxes", "options": options(11)})),
     "view.blocks[0].element.options: 11 items, must be 1 to 10"),
    (view(entry({"type": "radio_buttons", "options": options(2), "initial_option": option("x")})),
     "view.blocks[0].element.initial_option: not among the options"),
    (view(entry({"type": "checkboxes", "options": options(2), "initial_options": []})),
     "view.blocks[0].element.initial_options: 0 items, must be 1 to 10"),
    (view(entry({"type": "multi_users_select", "initial_users": ["U01", "U02"], "max_selected_items": 1})),
     "view.blocks[0].element.initial_users: 2 items, max_selected_items is 1"),
    (view(entry({"type": "multi_users_select", "initial_users": ["U01", "U01"]})),
     "view.blocks[0].element.initial_users: a choice stands there twice"),
    (view(entry({"type": "users_select", "initial_user": "ann"})),
     "view.blocks[0].element.initial_user: must be a user id"),
    (view(entry({"type": "conversations_select", "filter": {"include": ["secret"]}})),
     "view.blocks[0].element.filter.include[0]: must be one of im, mpim, private, public"),
    (view(entry({"type": "external_select", "options": options(1)})), "view.blocks[0].element.options: no such member"),
    (view(text_input(min_length=5, max_length=4)), "view.blocks[0].element.min_length: 5, more than max_length 4"),
    (view(text_input(max_length=3001)), "view.blocks[0].element.max_length: 3001, must be 1 to 3000"),
    (view(text_input(initial_value="x" * 3001)), "view.blocks[0].element.initial_value: 3001 characters, at most 3000"),
    (view(text_input(initial_value="xx", max_length=1)),
     "view.blocks[0].element.initial_value: 2 characters, max_length is 1"),
    (view(text_input(dispatch_action_config={"trigger_actions_on": []})),
     "view.blocks[0].element.dispatch_action_config.trigger_actions_on: 0 items, must be 1 to 2"),
    (view(entry({"type": "number_input"})), "view.blocks[0].element.is_decimal_allowed: missing"),
    (view(number(min_value=1)), "view.blocks[0].element.min_value: must be a number written as text"),
    (view(number(initial_value="1e3")), "view.blocks[0].element.initial_value: must be a number written as text"),
    (view(number(initial_value="1.5")), "view.blocks[0].element.initial_value: a decimal, and none is allowed"),
    (view(number(min_value="2", max_value="1")), "view.blocks[0].element.min_value: more than max_value"),
    (view(number(min_value="2", initial_value="1")), "view.blocks[0].element.min_value: more than initial_value"),
    (view(number(max_value="2", initial_value="3")), "view.blocks[0].element.initial_value: more than max_value"),
    (view(entry({"type": "datepicker", "initial_date": "1.3.2026"})),
     "view.blocks[0].element.initial_date: must be a date, YYYY-MM-DD"),
    (view(entry({"type": "timepicker", "initial_time": "24:00"})),
     "view.blocks[0].element.initial_time: must be a time, HH:mm"),
    (view(entry({"type": "datetimepicker", "initial_date_time": "1800000000"})),
     "view.blocks[0].element.initial_date_time: must be an integer"),
    (view(entry({"type": "datetimepicker", "initial_date_time": 18})),
     "view.blocks[0].element.initial_date_time: 18, must be 1000000000 to 9999999999"),
    (view(entry({"type": "datetimepicker", "placeholder": plain("When?")})),
     "view.blocks[0].element.placeholder: no such member"),
    (view(text_input(focus_on_load=True), entry(select(focus_on_load=True), block_id="b")),
     "view.blocks: 2 elements with focus_on_load, at most 1"),
]  # fmt: skip


def test_a_whole_view_passes() -> None:
    """What Slack takes is not complained about."""
    assert check_view(WHOLE) == []


@pytest.mark.parametrize(("broken", "sentence"), BROKEN, ids=[sentence for _, sentence in BROKEN])
def test_a_broken_view_is_caught(broken: Json, sentence: str) -> None:
    """Each limit, broken alone, is named with its path."""
    assert check_view(broken) == [sentence]


@pytest.mark.parametrize(
    ("element", "where"),
    [
        (button(), "input"),
        (select(), "context"),
        ({"type": "plain_text_input"}, "actions"),
        ({"type": "multi_users_select"}, "actions"),
        ({"type": "datetimepicker"}, "section"),
        ({"type": "image", "alt_text": "x", "image_url": "https://a.b"}, "actions"),
    ],
)
def test_an_element_stands_only_where_it_may(element: Json, where: str) -> None:
    """Slack says of every element in which blocks it works."""
    blocks = {
        "input": entry(element),
        "context": {"type": "context", "elements": [element]},
        "actions": actions(element),
        "section": section(accessory=element),
    }
    [sentence] = check_view(view(blocks[where]))
    assert f".type: '{element['type']}' may not stand here, only " in sentence


def test_a_view_has_at_most_250_kilobytes() -> None:
    """The size counts as it is sent."""
    [sentence] = check_view(view(*[section(text=mrkdwn("x" * 3000))] * 90))
    assert sentence.endswith("bytes, at most 250000")
    assert check_view(view(section(text=mrkdwn("x")), private_metadata=b"x"))[-1].startswith(
        "view: cannot be written as JSON"
    )


@pytest.mark.parametrize(
    "nonsense",
    [None, [], "view", 3, {"type": []}, {"type": "modal", "blocks": [3, None], "title": []}],
)
def test_nonsense_is_complained_about_and_raises_nothing(nonsense: Any) -> None:
    """The checker says what is wrong with anything at all."""
    assert check_view(nonsense)
    assert check_message(nonsense)
    assert check_options(nonsense)


@pytest.mark.parametrize(
    ("message", "sentences"),
    [
        ({"text": "Declared", "channel": "C1", "blocks": [section(), actions(button())]}, []),
        ({"text": "x" * 4000}, []),
        ({"text": ""}, ["message.text: empty, at least 1 characters"]),
        ({"blocks": [section()]}, ["message.text: must be a text"]),
        ({"text": "x" * 4001}, ["message.text: 4001 characters, at most 4000"]),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, ["message.blocks: 51 items, must be 0 to 50"]),
        ({"text": "x", "blocks": [section(text=plain("x" * 3000))] * 5},
         ["message.blocks: 15000 characters in all, at most 13200"]),
        ({"text": "x", "blocks": [number()]}, ["message.blocks[0]: number_input may only stand in a modal"]),
        ({"text": "x", "blocks": [section(block_id="a"), section(block_id="a")]},
         ["message.blocks: the block_id 'a' stands there twice"]),
    ],
)  # fmt: skip
def test_messages_have_limits_of_their_own(message: Json, sentences: list[str]) -> None:
    """Fewer blocks, and a limit for all their text together."""
    assert check_message(message) == sentences


@pytest.mark.parametrize(
    ("response", "sentences"),
    [
        ({"options": options(100)}, []),
        ({"options": []}, []),
        ({"option_groups": [{"label": plain("G"), "options": options(2)}]}, []),
        ({"options": options(101)}, ["response.options: 101 items, must be 0 to 100"]),
        ({"options": [option("a"), option("a")]}, ["response: the option value 'a' stands there twice"]),
        ({"options": [option("")]}, ["response.options[0].value: empty, at least 1 characters"]),
        ({"option_groups": [{"label": plain("G"), "options": []}]},
         ["response.option_groups[0].options: 0 items, must be 1 to 100"]),
        ({}, ["response: needs options or option_groups, and not both"]),
        ({"options": options(1), "more": 1}, ["response.more: no such member"]),
    ],
)  # fmt: skip
def test_suggestions_are_options_or_groups(response: Json, sentences: list[str]) -> None:
    """A picker's answer holds at most a hundred different entries."""
    assert check_options(response) == sentences


@pytest.mark.parametrize(
    ("body", "sentences"),
    [
        ("", []),
        ({}, []),
        (None, []),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": WHOLE}, []),
        ({"response_action": "errors", "errors": {"in": "No."}}, []),
        ({"response_action": "errors", "errors": {}}, ["ack.errors: must be an object with at least one error"]),
        ({"response_action": "errors", "errors": {"in": ""}}, ["ack.errors.in: empty, at least 1 characters"]),
        ({"response_action": "errors", "errors": {"fields": "No."}},
         ["ack.errors.fields: no input block of the view has this block_id"]),
        ({"response_action": "push", "view": view()}, ["ack.view.blocks: 0 items, must be 1 to 100"]),
        ({"response_action": "update"}, ["ack.view: missing"]),
        ({"response_action": "update", "view": {"type": "home", "blocks": [section()]}}, ["ack.view.type: must be modal"]),
        ({"response_action": "clear", "view": WHOLE}, ["ack.view: no such member"]),
        ({"response_action": "close"}, ["ack.response_action: must be one of errors, update, push, clear"]),
        ({"text": "ok"}, ["ack.response_action: must be one of errors, update, push, clear"]),
        (["ok"], ["ack: must be empty or an object"]),
    ],
)  # fmt: skip
def test_an_acknowledgement_is_empty_or_an_action(body: Any, sentences: list[str]) -> None:
    """Errors stand beside inputs of the view that was submitted, and another view keeps the limits."""
    assert check_ack(body, WHOLE) == sentences
