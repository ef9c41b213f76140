"""Permissions in words: why somebody may not use an operation, and the form for admins."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from bot.adapters.base import Kind
from bot.forms.render import modal, notice
from bot.forms.text import cut, escape, plain_text
from bot.language import N_, _, command
from bot.messages.blocks import View, context, section

WHO: Mapping[str, str] = {
    "everyone": N_("Everyone"),
    "members": N_("Full members"),
    "admins": N_("Admins and owners"),
}
"""The roles that may use an operation, as people read them. User groups come in addition."""
WHO_HINTS: Mapping[str, str] = {
    "everyone": N_("Guests too"),
    "members": N_("No guests"),
    "admins": N_("Of this workspace"),
}
WHO_TITLE = N_("Permissions")
WHO_ACTION = "who"
"""The action id of the form's selects."""
WHO_PREFIX = "who."
"""The prefix of the form's block ids. The operation's name follows."""
_LONGEST_NAME = 75


class PermissionNotice(Enum):
    """The sentences about permissions that take no values."""

    ONLY_ADMINS = N_("Only workspace admins and owners can set permissions. Ask one of them.")
    GROUP_GONE = N_("This user group was deleted or disabled in Slack. Choose another.")
    NOTHING_TO_DECIDE = N_("No tool is connected yet. Connect one first, then set permissions.")
    BY_ROLE = N_("By role")
    GROUPS = N_("User groups")

    @property
    def text(self) -> str:
        """The sentence in the reader's language."""
        return _(self.value)


class Rule(NamedTuple):
    """The permission for one operation ("acme.incident"), with its label ("Acme: incident").

    `who` is a role or a user group's id, and `words` is its name.
    """

    operation: str
    label: str
    who: str
    words: str


def role(who: str) -> str:
    """Return the name of a role of `WHO`; empty for a user group's id."""
    return _(WHO[who]) if who in WHO else ""


def not_checked(problem: str) -> str:
    """Return the refusal for a person whose permission Slack did not tell."""
    return " ".join([_("We couldn't check whether you can do this."), problem])


def only_admins(kind: Kind) -> str:
    """Return the refusal for a person who is no admin."""
    if kind == "workflow_task":
        return _("Only workspace admins and owners can change workflows from Slack. Ask one.")
    return _("Only workspace admins and owners can do this. Ask one of them.")


def only_members(who: str, role: str) -> str:
    """Return the refusal for a guest or a person from another workspace.

    `who` says whether everyone in the workspace or every full member is allowed.
    """
    if role == "guest":
        return _("Guests can't do this. Ask a full member to do it for you.")
    if who == "everyone":
        return _("People from other workspaces can't do this. Ask somebody in this workspace.")
    return _("People from other workspaces can't do this. Ask a full member of this workspace.")


def only_group(name: str, handle: str) -> str:
    """Return the refusal for a person who is not in the user group."""
    group = f"{escape(cut(name, _LONGEST_NAME))}{f' (@{escape(handle)})' if handle else ''}"
    return _(
        "Only workspace admins and the user group {group} can do this. Ask one of them."
    ).format(group=group)


def group_gone(name: str) -> str:
    """Return the refusal, for all but admins, while the user group is deleted or switched off.

    `name` is empty if Slack does not know the group any more.
    """
    if name:
        what = _("The user group {group} can do this, but it was deleted or disabled in Slack.")
    else:
        what = _("A user group can do this, but it was deleted or disabled in Slack.")
    advice = _("Ask a workspace admin to choose another in `{vendors}`, “Permissions”.")
    return " ".join(
        [
            what.format(group=escape(cut(name, _LONGEST_NAME))),
            advice.format(vendors=command("vendors")),
        ]
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
    intro = _("Workspace admins and owners can use everything. People from other companies can't.")
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
        title=_(WHO_TITLE),
        submit=_("Save"),
        blocks=[section(intro), *([context(escape(problem))] if problem else []), *inputs],
        private_metadata=private_metadata,
    )


def who_may_now(rules: Sequence[Rule]) -> View:
    """Return the answer to the form: the saved rules."""
    lines = [f"• *{escape(rule.label)}*: {escape(rule.words)}" for rule in rules]
    saved, now = _("Saved."), _("Besides admins and owners, these people can now use it:")
    text = "\n".join([f":white_check_mark: *{saved}* {now}", *lines])
    return notice(title=_(WHO_TITLE), text=text, close=_("Done"))


def not_saved(text: str) -> View:
    """Return why the form was not saved, in mrkdwn. The form stays underneath."""
    return notice(title=_("Not saved"), text=text, close=_("Back"))
