"""Rootly's types of workflow tasks: their forms, and the requests of filled-in forms."""

import random
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from bot.adapters.base import Entry
from bot.adapters.rootly import tasks
from bot.adapters.rootly.bodies import task_params
from bot.adapters.rootly.lists import CATALOGS
from bot.adapters.rootly.task_forms import ENTRIES, FORMS, field_name, task_form
from bot.adapters.rootly.tasks import Parameter
from bot.adapters.rootly.tasks.words import LIQUID, option, placeholder, title
from bot.catalogs.search import matches
from bot.errors import FormError
from bot.forms.parse import parse
from bot.forms.shape import shape
from bot.forms.text import cut
from bot.playground.slack.limits import check_view
from tests.adapters.rootly_filled import submit
from tests.adapters.rootly_tasks import OPERATION, PREFIX, fill_task, view_of
from tests.forms.filling import untouched

NAMES = list(tasks.types())
OWN = {"id": "{{ incident.slack_channel_id }}", "name": "{{ incident.slack_channel_id }}"}


def test_the_types_agree_with_what_stands_around_them() -> None:
    """Labels are unique, and every kind of field is a known one or a catalog."""
    known = tasks.types()
    assert len(known) == 155
    assert len({task.label for task in known.values()}) == len(known)
    picked = {each.kind for task in known.values() for each in task.parameters if each.from_catalog}
    assert picked <= {each.name for each in CATALOGS}


@pytest.mark.parametrize("name", NAMES)
def test_every_form_fits_slack(name: str) -> None:
    """Every form fits into Slack, whole or short, with required fields first and rare ones last."""
    assert check_view(view_of(name)) == []
    by_field = {field_name(each): each for each in tasks.types()[name].parameters}
    shown = [by_field[each.name] for each in shape(task_form(name)) if each.name in by_field]
    order = [(each.advanced, not each.needed) for each in shown]
    assert len(shown) == len(by_field)
    assert order == sorted(order)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_filled_in_comes_back(name: str) -> None:
    """A filled-in form is the same after JSON, rendering and an untouched submission."""
    rng = random.Random(name)
    for blank in (0, 0.5, 1):
        _, form = fill_task(name, rng, blank=blank)
        kept = form.model_dump(mode="json")
        view = view_of(name, kept)
        assert check_view(view) == []
        whole = OPERATION.form_for(name)
        assert whole.model_validate(kept) == form
        assert parse(whole, PREFIX, untouched(view)) == form


def params(name: str, chosen: dict[str, Entry] | None = None, **values: Any) -> dict[str, Any]:
    """What a filled-in form of that type sends, without its type."""
    form = task_form(name).model_validate(values)
    made = task_params(form, submit(form, selected=chosen or {}))
    assert made.pop("task_type") == name
    return made


def test_things_and_people_and_channels() -> None:
    """Entries, people, channels and user groups go as id and name; without a known name, the id
    twice."""
    chosen = {
        "conversations/C1": Entry(id="C1", label="ops"),
        "people/U1": Entry(id="U1", label="Ann Lee"),
        "user_groups/S1": Entry(id="S1", label="on-call, today"),
    }
    assert params(
        "send_slack_message",
        chosen,
        text="Hello",
        channels=["C1", "C2"],
        channels_own=True,
        slack_users=["U1"],
        slack_user_groups=["S1", "S2"],
        actionables=["update_status"],
    ) == {
        "text": "Hello",
        "channels": [{"id": "C1", "name": "ops"}, {"id": "C2", "name": "C2"}, OWN],
        "slack_users": [{"id": "U1", "name": "Ann Lee"}],
        "slack_user_groups": [{"id": "S1", "name": "on-call, today"}, {"id": "S2", "name": "S2"}],
        "actionables": ["update_status"],
    }


def test_the_incidents_own_channel_alone() -> None:
    """The box stands for the incident's own channel, which no picker can offer."""
    assert params("rename_slack_channel", channel_own=True, title="done") == {
        "channel": OWN,
        "title": "done",
    }


def test_one_channel_is_named_once() -> None:
    """A chosen channel and the incident's own contradict each other if only one is possible."""
    with pytest.raises(ValidationError, match="Clear this box, or remove the channel above"):
        task_form("rename_slack_channel").model_validate(
            {"channel": "C1", "channel_own": True, "title": "done"}
        )


def test_boxes_and_defaults() -> None:
    """Rootly's default is sent; a box without a default is sent if it is ticked; a blank is not
    sent."""
    assert params(
        "create_confluence_page", title="t", space="S, Space", include_overview=False
    ) == {
        "title": "t",
        "space": {"id": "S", "name": "Space"},
        "include_overview": False,
        "include_timeline": True,
        "create_as_live_doc": False,
        "mark_post_mortem_as_published": True,
    }
    event: dict[str, Any] = {
        "summary": "s",
        "description": "d",
        "meeting_duration": "1 hour",
        "time_of_meeting": "14:30",
    }
    answers: dict[str, Any] = {
        "days_until_meeting": 0,
        "exclude_weekends": True,
        "send_updates": False,
    }
    assert params("create_google_calendar_event", **event, **answers) == event | answers | {
        "calendar_id": "primary"
    }


def test_numbers_objects_and_members() -> None:
    """Numbers and objects are sent as such, a JSON text as text, members by e-mail."""
    assert params(
        "http_client",
        url="https://example.com",
        succeed_on_status="200",
        headers='{"a": "b"}',
        retry_count=3,
        expected_response_headers='{"etag": ".+"}',
    ) == {
        "url": "https://example.com",
        "method": "GET",
        "succeed_on_status": "200",
        "headers": '{"a": "b"}',
        "retry_count": 3,
        "retry_wait_time": 1,
        "expected_response_headers": {"etag": ".+"},
    }
    assert params(
        "create_microsoft_teams_chat", members=["a@b.c, Ann", "{{ x.email }}"], topic="Down"
    ) == {
        "members": [
            {"email": "a@b.c", "name": "Ann"},
            {"email": "{{ x.email }}", "name": "{{ x.email }}"},
        ],
        "chat_type": "group",
        "topic": "Down",
    }


def test_a_word_that_the_form_needs_for_itself() -> None:
    """A parameter with the name of a part of the form is sent under its own name."""
    assert (
        params("create_opsgenie_alert", message="m", details_='{"a": 1}')["details"] == '{"a": 1}'
    )


LEFT_OUT: list[tuple[str, dict[str, str], dict[str, str]]] = [
    (
        "invite_to_slack_channel",
        {},
        {
            "channel": "Choose a channel, or tick the incident's own channel below.",
        },
    ),
    (
        "invite_to_slack_channel",
        {"channel": "C1"},
        {
            "slack_users": "Fill in “Slack people”, “Slack user groups” or “E-mail addresses”."
        },
    ),
    (
        "add_slack_bookmark",
        {"channel": "C1", "title": "Runbook"},
        {"title": "Fill in “Title” + “Link” or “Playbook”."},
    ),
    (
        "page_rootly_on_call_responders",
        {"summary": "s", "alert_urgency_id": "1"},
        {
            "escalation_policy_target": "Fill in “Escalation policy”, “Service”, “Functionality”, “Team” or “User”."
        },
    ),
    (
        "send_slack_message",
        {"text": "t"},
        {
            "channels": "Fill in “Channels”, “And the incident's own channel”, “Slack people” or “Slack "
            "user groups”."
        },
    ),
    ("send_microsoft_teams_message", {"text": "t"}, {"channels": "Fill in “Channels”."}),
    (
        "create_microsoft_teams_chat",
        {"members": "a@b.c\nd@e.f"},
        {"topic": "Fill this in, because “Chat type” is “Group”."},
    ),
    ("create_microsoft_teams_chat", {"members": "a@b.c"},
     {"members": "Give at least 2 values. This has 1."}),
    ("create_microsoft_teams_chat", {"members": "Ann\na@b.c"},
     {"members": "“Ann” isn't an e-mail address. Type one such as ann@example.com."}),
    ("create_jira_subtask", {"subtask_issue_type": ", Bug"},
     {"subtask_issue_type": "Type the ID first, then a comma and the name.",
      "title": "Fill this in.",
      "parent_issue_id": "Fill this in.", "project_key": "Fill this in."}),
    ("update_coda_page", {"page_id": "p"}, {"doc_id": "Fill this in."}),
    ("update_gitlab_issue", {"issue_id": "1", "completion": "1"},
     {"issue_type": "Choose one of the options."}),
    ("http_client", {"url": "u", "succeed_on_status": "200", "headers": "{\n  'a': 1}"},
     {"headers": "Line 2, column 3: put a name in straight double quotes here."}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "typed", "expected"), LEFT_OUT)
def test_what_is_missing_is_said_beside_its_field(
    name: str, typed: dict[str, str], expected: dict[str, str]
) -> None:
    """A missing answer is explained beside its field: one of several, a pair, a condition, an ID,
    JSON."""
    state = untouched(view_of(name))
    state[f"{PREFIX}.task_type"]["value"]["selected_option"] = {"value": name}
    state[f"{PREFIX}.workflow_id"]["value"]["selected_option"] = {"value": "w"}
    for field, text in typed.items():
        element = state[f"{PREFIX}.{name}.{field}"]["value"]
        member = next(each for each in element if each != "type")
        element[member] = {"value": text} if member == "selected_option" else text
    with pytest.raises(FormError) as error:
        parse(OPERATION.form_for(name), PREFIX, state)
    assert {
        block.removeprefix(f"{PREFIX}.{name}."): said for block, said in error.value.errors.items()
    } == expected


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("", "Send a Slack message"),
        ("jira", "Create a Jira issue"),
        ("message", "Send a Slack message"),
        ("e-mail", "Send an e-mail"),
        ("action item", "Add an action item"),
        ("zendesk ticket", "Create a Zendesk ticket"),
        ("page someone", "Page someone in PagerDuty"),
        ("sms", "Send a text message (SMS)"),
        ("webhook", "Make an HTTP request (webhook)"),
        ("calendar", "Create a Google Calendar event"),
        ("create_jira_issue", "Create a Jira issue"),
        ("calender evnt", "Create a Google Calendar event"),
    ],
)
def test_types_are_found_by_what_people_call_them(typed: str, first: str) -> None:
    """The most used types come first, and the words of an area find its types."""
    assert [entry.label for entry in matches(ENTRIES, typed, 1)] == [first]
    assert len(ENTRIES) == len(NAMES)


def test_words_for_people() -> None:
    """Labels, hints and options are words for people, and short enough for Slack."""
    labels = {title(each) for task in tasks.types().values() for each in task.parameters}
    assert {
        "Post to Slack channels",
        "URL",
        "Jira issue ID",
        "Services",
        "Severity",
        "PagerDuty incident ID",
    } <= labels
    assert not [
        each for each in labels if each != each.strip() or not each[:1].isupper() or "_" in each
    ]
    options = {
        option(each)
        for task in tasks.types().values()
        for parameter in task.parameters
        for each in parameter.choices
    }
    assert {
        "Automatic",
        "GET",
        "P1",
        "SEV-1",
        "Stacked horizontal bar",
        "GitHub issue ID",
        "In progress",
    } <= options
    assert not [
        each for each in (*options, *(entry.label for entry in ENTRIES)) if cut(each, 75) != each
    ]
    reference = Parameter("status", "reference", reference=True, many=True)
    text = replace(reference, kind="text", reference=False)
    assert (placeholder(reference), placeholder(text)) == ("One a line, as 10001, Bug", "")


def test_liquid_is_explained_once() -> None:
    """Only the first text that is about the incident has the hint about Liquid."""
    fields = shape(task_form("create_jira_issue"))
    assert [field.name for field in fields if field.hint == LIQUID] == ["title"]


def test_forms_are_made_when_they_are_wanted() -> None:
    """The mapping has every name without making a form, and makes each form once."""
    made = task_form.cache_info().currsize
    assert "send_sms" in FORMS
    assert "no_such_type" not in FORMS
    assert len(FORMS) == 155
    assert task_form.cache_info().currsize == made
    assert FORMS["send_sms"] is FORMS["send_sms"]


def test_the_summary_counts_the_types() -> None:
    """The README's table counts those that Rootly still has."""
    present = [it for it in tasks.types().values() if it.origin != "former"]
    assert OPERATION.summary == f"workflow task, all {len(present)} types"
