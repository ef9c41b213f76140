"""Permissions in words: why somebody may not use an operation, and the form for admins."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.adapters.base import Kind
from bot.forms.render import modal, notice
from bot.forms.text import cut, escape, plain_text
from bot.messages.blocks import View, context, section

WHO: Mapping[str, str] = {
    "everyone": "Everyone",
    "members": "Full members",
    "admins": "Admins and owners",
}
"""The roles that may use an operation, as people read them. User groups come in addition."""
WHO_HINTS: Mapping[str, str] = {
    "everyone": "Guests of this workspace too",
    "members": "No guests",
    "admins": "Of this workspace",
}
WHO_TITLE = "Who may use what"
WHO_ACTION = "who"
"""The action id of the form's selects."""
WHO_PREFIX = "who."
"""The prefix of the form's block ids. The operation's name follows."""
ONLY_ADMINS_DECIDE = (
    "Only workspace admins and owners may decide who may use what. Please ask one of them to change"
    " it for you."
)
WHO_GONE = "That user group was deleted or switched off in Slack. Please choose another."
NOTHING_TO_DECIDE = (
    "This workspace is not connected to any tool yet, so there is nothing to "
    "decide. Connect one first."
)
_LONGEST_NAME = 75


class Rule(NamedTuple):
    """The permission for one operation ("acme.incident"), with its label ("Acme: incident").

    `who` is a role or a user group's id, and `words` is its name.
    """

    operation: str
    label: str
    who: str
    words: str


def not_checked(problem: str) -> str:
    """Return the refusal for a person whose permission Slack did not tell."""
    return f"I could not check whether you may do this. {problem}"


def only_admins(kind: Kind) -> str:
    """Return the refusal for a person who is no admin."""
    what = "change workflows from here" if kind == "workflow_task" else "do this"
    return f"Only workspace admins and owners may {what}. Please ask one of them to do it."


def only_members(who: str, role: str) -> str:
    """Return the refusal for a guest or a person from another workspace.

    `who` says whether everyone in the workspace or every full member is allowed.
    """
    whom = "guests" if role == "guest" else "people from other workspaces"
    ours = "everyone in this workspace" if who == "everyone" else "full members of the workspace"
    return f"This is for {ours}, not for {whom}. Please ask a member to do it for you."


def only_group(name: str, handle: str) -> str:
    """Return the refusal for a person who is not in the user group."""
    group = f"{escape(cut(name, _LONGEST_NAME))}{f' (@{escape(handle)})' if handle else ''}"
    return (
        f"This is for the people of the user group {group} and for workspace admins. Please "
        "ask one of them to do it."
    )


def group_gone(name: str) -> str:
    """Return the refusal, for all but admins, while the user group is deleted or switched off.

    `name` is empty if Slack does not know the group any more.
    """
    group = f"the user group {escape(cut(name, _LONGEST_NAME))}" if name else "a user group"
    return (
        f"This was for the people of {group}, which was deleted or switched off in Slack. Until "
        "somebody else is chosen, only workspace admins and owners may do it: please ask one of "
        f"them. They change it in `/vendors`, “{WHO_TITLE}”."
    )


def none_of_these(no: Mapping[str, str]) -> str:
    """Return why somebody may use none of several operations, in mrkdwn.

    `no` has the denial reason of each, by its label ("Acme: incident"). Where the reasons differ,
    each names its operations.
    """
    about: dict[str, list[str]] = {}
    for label, said in no.items():
        about.setdefault(said, []).append(escape(label))
    if len(about) == 1:
        return next(iter(about))
    return "\n".join(f"*{', '.join(labels)}*: {said}" for said, labels in about.items())


def who_may_form(rules: Sequence[Rule], private_metadata: str, problem: str = "") -> View:
    """Return the form: a type-ahead for each operation, with the present rule selected.

    `problem` says why no user groups can be chosen.
    """
    intro = (
        "Workspace admins and owners may always use everything. People from "
        "other companies never may."
    )
    inputs = [
        {
            "type": "input",
            "block_id": f"{WHO_PREFIX}{rule.operation}",
            "label": plain_text(rule.label),
            "element": {
                "type": "external_select",
                "action_id": WHO_ACTION,
                "min_query_length": 0,
                "initial_option": {
                    "text": plain_text(cut(rule.words, _LONGEST_NAME)),
                    "value": rule.who,
                },
            },
        }
        for rule in rules
    ]
    return modal(
        callback_id="who_may",
        title=WHO_TITLE,
        submit="Save",
        blocks=[section(intro), *([context(escape(problem))] if problem else []), *inputs],
        private_metadata=private_metadata,
    )


def who_may_now(rules: Sequence[Rule]) -> View:
    """Return the answer to the form: the saved rules."""
    lines = [f"• *{escape(rule.label)}*: {escape(rule.words)}" for rule in rules]
    text = "\n".join(
        [
            ":white_check_mark: *Saved.* From now on these may use it, and admins and owners "
            "always:",
            *lines,
        ]
    )
    return notice(title=WHO_TITLE, text=text, close="Done")


def not_saved(text: str) -> View:
    """Return why the form was not saved, in mrkdwn. The form stays underneath."""
    return notice(title="Not saved", text=text, close="Back")
