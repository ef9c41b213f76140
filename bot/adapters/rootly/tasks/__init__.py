"""The types of Rootly's workflow tasks: their names, parameters and enums, as facts of 2026-11.

Each module beside this one is a text in a notation of its own, read by `notation.py`:

    ## Slack                                       the area of what follows; people search by its words, too
    rename_slack_channel: Rename a Slack channel   a type, and what people call it
        channel*: {channel}; title*; ...retry      its parameters, in the order of the form
        any of: channels | slack_users             one of them has to be filled in (`&`: a pair counts together)

| after a parameter's name | means                                                                       |
|--------------------------|-----------------------------------------------------------------------------|
| `*`, `!`                 | required; required in practice, though Rootly's document does not say so    |
| `+`                      | rarely used: behind "More fields"                                           |
| `"..."`                  | this type's own words for it                                                |
| `= value`                | the first value, Rootly's default where the document has one; always sent   |
| `: text`, or nothing     | one line; `long`: many; `email`: an address, or Liquid that gives one       |
| `: a\\|b`, `: @name`      | one of these (`a\\|`: this or nothing); of the enum with that name           |
| `: bool`, `: bool?`      | a box to tick; yes, no, or whatever Rootly does                             |
| `: int 1..5`, `: number` | a number                                                                    |
| `: json`, `: mapping`    | a text that holds JSON; that holds a JSON object                            |
| `: object`               | a JSON object itself                                                        |
| `: services`             | the id of an entry of that catalog                                          |
| `: {services}`           | the same as an object, `{id, name}`                                         |
| `: {channel}`, `{person}`| a channel or person of Slack as such an object                              |
| `: {user_group}`         | a user group of Slack as such an object                                     |
| `: {}`                   | such an object of some other tool, which nobody can list: typed             |
| `: [...]`, `: [...] 2..` | a list of any of these; of at least two                                     |

Besides `any of`, a rule says that some are filled in `together`, or that one `needs` to be given when another has a
value (`needs: topic when chat_type is group`); `!` after its first words: it is not in the document. `...post` stands
for a group of parameters. `~` before a name: known from Rootly's SDK (3.0.1) alone; `^` before a type: in older copies
of the document only.

`tests/contract/test_task_types.py` compares all this with the document.
"""

from collections.abc import Mapping
from functools import cache

from bot.adapters.rootly.tasks import (
    ai,
    chat,
    documents,
    incidents,
    meetings,
    monitoring,
    on_call,
    slack,
    tickets,
)
from bot.adapters.rootly.tasks.notation import Parameter, Rule, Shape, TaskType, read

__all__ = ["MOST_USED", "NOT_OFFERED", "Parameter", "Rule", "Shape", "TaskType", "in_order", "types"]

MOST_USED = (
    "send_slack_message", "send_email", "create_jira_issue", "send_sms", "publish_incident", "update_status",
    "send_slack_blocks", "rename_slack_channel", "page_pagerduty_on_call_responders", "invite_to_slack_channel",
    "create_google_calendar_event", "call_people", "archive_slack_channels", "trigger_workflow",
    "auto_assign_role_pagerduty", "http_client", "create_incident", "update_opsgenie_incident", "add_action_item",
    "create_slack_channel", "create_zoom_meeting", "page_rootly_on_call_responders", "auto_assign_role_rootly",
    "create_incident_postmortem", "update_incident",
)  # fmt: skip
"""By how often they stand in public examples; no numbers of their use are public."""

NOT_OFFERED: Mapping[str, str] = {
    "assigned_to_user_id": "Rootly has deprecated it in favour of `assigned_to_user`.",
}
"""Parameters of the document that no form offers, and why."""


@cache
def types() -> Mapping[str, TaskType]:
    """Every type by its name. Read once, when it is first asked for (a few milliseconds)."""
    parts = (slack, chat, incidents, on_call, tickets, documents, meetings, monitoring, ai)
    return {task.name: task for part in parts for task in read(part.TASKS)}


@cache
def in_order() -> tuple[TaskType, ...]:
    """Every type as a list for people: the most used first, then by what people call them."""
    known = types()
    rest = sorted(
        (task for task in known.values() if task.name not in MOST_USED), key=lambda task: task.words.casefold()
    )
    return (*(known[name] for name in MOST_USED), *rest)
