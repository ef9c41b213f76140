"""Notes, and answers to commands, with every word from people or vendors escaped."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from bot.adapters.base import Adapter, Kind, Operation
from bot.delivery.model import Delivery
from bot.forms.render import Block, notice
from bot.forms.text import cut, escape
from bot.language import N_, _, command, ngettext
from bot.messages.blocks import View, section
from bot.messages.words import TITLES, named

COMMANDS: Mapping[Kind, str] = {
    "incident": "incident",
    "action_item": "action-item",
    "workflow_task": "workflow-task",
}
"""The command of each kind, as `bot.language.command` takes it."""
SUBMIT: Mapping[Kind, str] = {
    "incident": N_("Declare"),
    "action_item": N_("Add"),
    "workflow_task": N_("Add"),
}


class Notice(Enum):
    """The notes that take no values, in mrkdwn."""

    SAVED_NOWHERE = N_(
        "We couldn't save this, so *nothing was sent*. Close this note and press the button again."
    )
    TROUBLE_IN_FORM = N_(
        "Something went wrong on our side, and *nothing was sent*. Close this note and press the "
        "button again. If it happens again, tell your bot admin."
    )
    FOREIGN = N_(
        "This form is from another workspace, or too old. Nothing was sent. Open it again."
    )
    FOREIGN_LIST = N_("This form is from another workspace, or too old. Open it again.")
    TROUBLE = N_(
        "Something went wrong on our side, and nothing was sent. Try again. If it happens again, "
        "tell your bot admin."
    )
    TOO_MANY = N_(
        "Too many people are using this app right now, so nothing was done. Try again in a minute."
    )
    TOO_MANY_IN_FORM = N_(
        "Too many people are using this app right now, so *nothing was sent*. Close this note and "
        "press the button again in a minute."
    )
    TOO_MANY_IN_LIST = N_("Too many people are searching. Type again in a moment.")
    FORM_NOT_OPENED = N_("Slack didn't open the form in time. Try again.")
    TEXT_NOT_OPENED = N_("Slack didn't open the text in time. Press the button again.")
    WINDOW_NOT_OPENED = N_("Slack didn't open the window in time. Press the button again.")
    NOT_INSTALLED = N_(
        "This app isn't installed in your workspace, so nothing was done. Ask a workspace admin to "
        "install it again."
    )
    SLACK_UNREACHABLE = N_("Slack didn't answer in time, so nothing was done. Try again.")
    GONE = N_(
        "This is from another workspace, or too old. Nothing was changed. Look for a newer message."
    )
    REMOVED = N_(
        "An admin disconnected the tool or removed this app, so nothing was sent. Ask an admin to "
        "connect it again."
    )
    ERASED = N_("The text was erased after some days, so it can't be copied.")
    ONLY_THE_OWNER = N_(
        "Nothing was sent. Only the person who submitted this can change it while it's private, or "
        "make it private."
    )
    SOMEBODY_ELSES = N_("This is private to the person who submitted it, so nothing was changed.")
    LATE_CLICK = N_(
        "This is taking longer than usual. If nothing changes in a minute, press it again. That's "
        "safe."
    )
    CLICK_TROUBLE = N_(
        "Something went wrong on our side. If nothing changes in a minute, press it again. If that "
        "doesn't help, tell your bot admin."
    )
    CLICK_FAILED = N_("We couldn't save this, so nothing was changed. Press the button again.")

    @property
    def text(self) -> str:
        """The note in the reader's language."""
        return _(self.value)


def to_try() -> dict[str, str]:
    """Return the commands for a person without deliveries, each with what it does."""
    return {
        _("{command} Checkout is down").format(command=command("incident")): _(
            "declares an incident"
        ),
        _("{command} Roll back 4.2").format(command=command("action-item")): _(
            "adds an action item to an incident"
        ),
        command("vendors"): _("shows which tools are connected"),
    }


def refusal(text: str) -> View:
    """Return the note for a refusal that no input can correct. The form stays underneath."""
    return notice(title=_("Not sent"), text=text, close=_("Back"))


def told(text: str) -> View:
    """Return the note for a button that was pressed in a modal or on App Home. `text` is mrkdwn."""
    return notice(title=_("Not done"), text=text, close=_("Close"))


def workspace_not_allowed(workspace: str) -> str:
    """Return the refusal for a workspace that is not one of `RELAY_WORKSPACES`."""
    return _(
        "This bot isn't open to your workspace, so nothing was done. Ask your bot admin to add "
        "{workspace} to `RELAY_WORKSPACES`."
    ).format(workspace=escape(workspace))


def resent_by_another(row: Delivery, operation: Operation) -> str:
    """Return what the owner of a delivery is told when somebody else corrected it and sent it."""
    return _(
        "{person} corrected and resent your {thing} *{title}*. Its card shows the result."
    ).format(
        person=f"<@{row.changed_by}>",
        thing=operation.label,
        title=escape(cut(named(row), 300)),
    )


def called_off_by_another(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return what the owner of a delivery is told when somebody else called it off."""
    by_hand, maybe_there = row.reason == "by_hand", bool(row.resend_count)
    text = {
        (False, False): _("{person} cancelled your {thing} *{title}*. It wasn't sent to {vendor}."),
        (False, True): _(
            "{person} cancelled your {thing} *{title}*. It may already be in {vendor}."
        ),
        (True, False): _(
            "{person} took over your {thing} *{title}* by hand. It wasn't sent to {vendor}."
        ),
        (True, True): _(
            "{person} took over your {thing} *{title}* by hand. It may already be in {vendor}."
        ),
    }[by_hand, maybe_there]
    return text.format(
        person=f"<@{row.changed_by}>",
        thing=operation.label,
        title=escape(cut(named(row), 300)),
        vendor=adapter.label,
    )


def not_opened(problem: str, name: str, text: str) -> str:
    """Return why a command opened no form, with the typed text ready to be used again."""
    if not text:
        return problem
    typed = _("You typed: `{command} {text}`").format(command=name, text=escape(text))
    return f"{problem}\n{typed}"


def disconnected(adapter: Adapter) -> str:
    """Return the refusal for a connection that was removed while the form was open."""
    return _(
        "{vendor} was disconnected, so *nothing was sent*. Ask an admin to connect it in "
        "`{vendors}`. Then close this note and press the button again."
    ).format(vendor=adapter.label, vendors=command("vendors"))


def unreadable_connection(adapter: Adapter) -> str:
    """Return the refusal for stored credentials that cannot be decrypted."""
    return _(
        "We can't read the stored key for {vendor}, so *nothing was sent*. Ask an admin to connect "
        "it again in `{vendors}`. Then press the button again."
    ).format(vendor=adapter.label, vendors=command("vendors"))


def nothing_connected(kind: Kind, adapters: Iterable[Adapter], connected: Collection[str]) -> str:
    """Return the refusal for a workspace in which no connected vendor can create this kind.

    `adapters` are all there are, `connected` the names of the workspace's vendors.
    """
    able = [
        adapter.label for adapter in adapters if any(one.kind == kind for one in adapter.operations)
    ]
    labels = [adapter.label for adapter in adapters if adapter.vendor in connected]
    first = {
        "incident": _("No connected tool takes incidents."),
        "action_item": _("No connected tool takes action items."),
        "workflow_task": _("No connected tool takes workflow tasks."),
    }[kind]
    have = [_("Connected so far: {tools}.").format(tools=", ".join(labels))] if labels else []
    advice = _("An admin can connect {tools} in `{vendors}`.").format(
        tools=one_of(able), vendors=command("vendors")
    )
    return " ".join([first, *have, advice])


def one_of(names: Sequence[str]) -> str:
    """Return the names as a choice: "Acme, Notes or Diary"."""
    *others, last = names
    if not others:
        return last
    return _("{others} or {last}").format(others=", ".join(others), last=last)


def help_text(
    kind: Kind, name: str, choices: Sequence[tuple[Adapter, Operation]], otherwise: str
) -> str:
    """Return the answer to `help`. `otherwise` replaces the list of choices if there are none."""
    what = {
        "incident": _("`{command} Checkout is down` opens a form with that title."),
        "action_item": _("`{command} Roll back 4.2` opens a form with that summary."),
        "workflow_task": _("`{command} E-mail the lead` opens a form with that name."),
    }[kind].format(command=name)
    where = ", ".join(f"{adapter.label}: {operation.label}" for adapter, operation in choices)
    connected = _("It can create: {choices}.").format(choices=where) if where else otherwise
    if kind == "workflow_task":
        more = _(
            "Workspace admins and owners can use it. They can let others in `{vendors}`, "
            "“Permissions”."
        ).format(vendors=command("vendors"))
    else:
        more = _(
            "“{shortcut}” in a message's menu does the same, with the message's text and link."
        ).format(shortcut=TITLES[kind])
    return "\n".join([what, connected, more])


_MOST_NAMED = 10
_LONGEST_TITLE = 40


def left_out(titles: Sequence[str], adapter: Adapter) -> Block:
    """Return the line at the end of a form that names the fields left out for lack of room."""
    names = [
        f"*{escape(cut(' '.join(title.split()), _LONGEST_TITLE))}*"
        for title in titles[:_MOST_NAMED]
    ]
    if (count := len(titles) - _MOST_NAMED) > 0:
        more = ngettext("and {count} more", "and {count} more", count).format(count=count)
        names[-1] = f"{names[-1]} {more}"
    text = _(
        "Slack has no room for these fields: {fields}. You can set them in {vendor} afterwards."
    ).format(fields=", ".join(names), vendor=escape(adapter.label))
    return section(f":information_source: {text}", "left_out")


def no_room(adapter: Adapter) -> str:
    """Return why there is no form at all, in mrkdwn: the required fields alone are too many."""
    return _(
        "{vendor} requires more fields here than a Slack form can have, so nothing was sent. "
        "Create it in {vendor}. An admin there can make custom fields optional."
    ).format(vendor=escape(adapter.label))


CHANGE_BLOCK = "change"
"""The section with that line. It stays until the form is drawn again."""
_LONGEST_CHANGED = 100
_LONGEST_ANSWER = 300
_MOST_DROPPED = 8


class Dropped(NamedTuple):
    """A field that the form no longer has: its title, and its answer if that is text."""

    title: str
    answer: str


def changed(
    *,
    demanded: Sequence[str] = (),
    dropped: Sequence[Dropped] = (),
    chosen_in: str = "",
    sent: bool,
) -> Block:
    """Return the section that lists the differences.

    - `demanded` are the titles of fields that are required now.
    - `dropped` are the fields that are gone.
    - `chosen_in` is the title of the field whose new answer asked for another form.
    - `sent` is set if the person had submitted the form and has to do so again.
    """
    heading = _("The form has changed.")
    lines = [f":information_source: *{heading}*"]
    if chosen_in:
        lines.append(_("It now fits your answer in *{field}*.").format(field=_shown(chosen_in)))
    if demanded:
        names = ", ".join(f"*{_shown(title)}*" for title in demanded)
        lines.append(_("Fill in: {fields}.").format(fields=names))
    lines += [_gone(field) for field in dropped[:_MOST_DROPPED]]
    if (count := len(dropped) - _MOST_DROPPED) > 0:
        lines.append(
            ngettext("{count} more field is gone.", "{count} more fields are gone.", count).format(
                count=count
            )
        )
    if sent:
        lines.append(_("Nothing was sent. Check the form and submit it again."))
    return section("\n".join(lines), CHANGE_BLOCK)


def turned_down(reason: str) -> Block:
    """Return the section that explains why the newly selected form is not shown."""
    heading = _("The form stays as it was, so that you lose nothing.")
    return section(f":warning: *{heading}*\n{escape(reason)}", CHANGE_BLOCK)


def _gone(field: Dropped) -> str:
    answer = escape(cut(" ".join(field.answer.split()), _LONGEST_ANSWER))
    if answer:
        return _("*{field}* is gone. Your answer was: {answer}").format(
            field=_shown(field.title), answer=answer
        )
    return _("*{field}* is gone, and so is your answer.").format(field=_shown(field.title))


def _shown(title: str) -> str:
    return escape(cut(title, _LONGEST_CHANGED))
