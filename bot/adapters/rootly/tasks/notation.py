"""Reads the notation of the task types: `read(text)` gives each type of a text with its parameters and rules."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ENUMS: Mapping[str, str] = {
    "actionable": "update_summary|update_status|archive_channel|manage_incident_roles|update_incident|all_commands|"
    "leave_feedback|manage_form_fields|manage_action_items|view_tasks|add_pagerduty_responders|add_opsgenie_responders|"
    "add_victor_ops_responders|update_status_page|pause_reminder|snooze_reminder|restart_reminder|cancel_incident|"
    "delete_message",
    "incident_key": "id|slug|sequential_id|pagerduty_incident_id|opsgenie_incident_id|victor_ops_incident_id|"
    "jira_issue_id|asana_task_id|shortcut_task_id|linear_issue_id|zendesk_ticket_id|motion_task_id|trello_card_id|"
    "airtable_record_id|shortcut_story_id|github_issue_id|gitlab_issue_id|freshservice_ticket_id|freshservice_task_id|"
    "clickup_task_id",
    "incident_key_no_gitlab": "id|slug|sequential_id|pagerduty_incident_id|opsgenie_incident_id|"
    "victor_ops_incident_id|jira_issue_id|asana_task_id|shortcut_task_id|linear_issue_id|zendesk_ticket_id|"
    "motion_task_id|trello_card_id|airtable_record_id|shortcut_story_id|github_issue_id|freshservice_ticket_id|"
    "freshservice_task_id|clickup_task_id",
    "action_item_key": "id|jira_issue_id|asana_task_id|shortcut_task_id|linear_issue_id|zendesk_ticket_id|"
    "motion_task_id|trello_card_id|airtable_record_id|shortcut_story_id|github_issue_id|gitlab_issue_id|"
    "freshservice_ticket_id|freshservice_task_id|clickup_task_id",
    "chart": "APDEX|AREA|BAR|BASELINE|BILLBOARD|BULLET|EVENT_FEED|FUNNEL|HEATMAP|HISTOGRAM|LINE|PIE|SCATTER|"
    "STACKED_HORIZONTAL_BAR|TABLE|VERTICAL_BAR",
}
GROUPS: Mapping[str, str] = {
    "post": "post_to_incident_timeline: bool; post_to_slack_channels: [{channel}]",
    "retry": "~retry_count+: int 0..4; ~retry_wait_time+: int 1..15",
}

_PARAMETER = re.compile(r'(~?)(\w+)([*!+]*)(?: "([^"]+)")?(?:: (.+?))?(?: = (.+))?')
_SHAPE = re.compile(r"(\[)?(\{)?(.*?)\}?\]?(?: ([\d.]*)\.\.([\d.]*))?")
_TYPE = re.compile(r"([~^]?)(\w+): (.+)")
_RULE = re.compile(r"(any of|together|needs)(!?): (.+)")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value is: `word` names the kind of text, number or reference (see the package), `choices` are an enum's;
    `thing`: an object `{id, name}`; `many`: a list; `low` and `high` bound a number, or how many."""

    word: str
    choices: tuple[str, ...] = ()
    thing: bool = False
    many: bool = False
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a task.

    `title` stands where a type has its own words for it. `demanded`: required in practice, though the document does not
    say so; `rare`: behind "More fields"; `undocumented`: known from the vendor's SDK alone.
    """

    name: str
    shape: Shape
    title: str = ""
    required: bool = False
    demanded: bool = False
    rare: bool = False
    default: str | None = None
    undocumented: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """What ties parameters together: `any of` several groups one must be filled in, a group is filled in `together`, and
    one `needs` to be given where another has a value. `documented`: the vendor's document says so."""

    kind: str
    groups: tuple[tuple[str, ...], ...]
    documented: bool = True
    when: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class TaskType:
    """`origin`: "document", "sdk" (newer than the document) or "former" (no longer in it)."""

    name: str
    words: str
    area: str
    origin: str
    parameters: tuple[Parameter, ...]
    rules: tuple[Rule, ...]


def read(text: str) -> Iterator[TaskType]:
    """The types in the order of the text. Raises `ValueError` for a line that is none."""
    area = ""
    for block in text.strip().split("\n\n"):
        if block.startswith("## "):
            area = block.removeprefix("## ")
            continue
        head, *lines = block.splitlines()
        origin, name, words = _matched(_TYPE, head)
        rules = [line.strip() for line in lines if _RULE.fullmatch(line.strip())]
        items = [item.strip() for line in lines if line.strip() not in rules for item in line.split(";")]
        yield TaskType(
            name=name,
            words=words,
            area=area,
            origin={"~": "sdk", "^": "former", "": "document"}[origin],
            parameters=tuple(parameter for item in items for parameter in _parameters(item)),
            rules=tuple(_rule(rule) for rule in rules),
        )


def _parameters(item: str) -> Iterator[Parameter]:
    if item.startswith("..."):
        for each in GROUPS[item.removeprefix("...")].split("; "):
            yield from _parameters(each)
        return
    undocumented, name, marks, title, shape, default = _matched(_PARAMETER, item)
    yield Parameter(
        name=name,
        title=title,
        shape=_shape(shape or "text"),
        required="*" in marks,
        demanded="!" in marks,
        rare="+" in marks,
        default=default or None,
        undocumented=bool(undocumented),
    )


def _shape(said: str) -> Shape:
    many, thing, word, low, high = _matched(_SHAPE, said)
    if word.startswith("@"):
        word = ENUMS[word.removeprefix("@")]
    choices = tuple(filter(None, word.split("|"))) if "|" in word else ()
    return Shape(
        word="enum" if choices else word,
        choices=choices,
        thing=bool(thing),
        many=bool(many),
        low=float(low) if low else None,
        high=float(high) if high else None,
    )


def _rule(said: str) -> Rule:
    kind, ours, groups = _matched(_RULE, said)
    groups, _, condition = groups.partition(" when ")
    field, _, value = condition.partition(" is ")
    named = tuple(tuple(group.split(" & ")) for group in groups.split(" | "))
    return Rule(kind, named, documented=not ours, when=(field, value))


def _matched(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    if (match := pattern.fullmatch(text)) is None:
        raise ValueError(f"not in the notation of the task types: {text!r}")
    return tuple(part or "" for part in match.groups())
