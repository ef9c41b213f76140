"""Notes, and answers to commands, with every word from people or vendors escaped."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from bot.adapters.base import Adapter, Kind, Operation
from bot.delivery.model import Delivery
from bot.forms.render import Block, notice
from bot.forms.text import cut, escape
from bot.messages.blocks import View, section
from bot.messages.words import NOUNS, TITLES, named

COMMANDS: Mapping[Kind, str] = {
    "incident": "/incident",
    "action_item": "/action-item",
    "workflow_task": "/workflow-task",
}
VENDORS = "/vendors"
SUBMIT: Mapping[Kind, str] = {"incident": "Declare", "action_item": "Add", "workflow_task": "Add"}
TO_TRY: Mapping[str, str] = {
    "/incident Checkout is down": "declares an incident",
    "/action-item Roll back 4.2": "adds an action item to an incident",
    VENDORS: "shows what this workspace is connected to",
}


def refusal(text: str) -> View:
    """Return the note for a refusal that no input can correct. The form stays underneath."""
    return notice(title="Not sent", text=text, close="Back")


def told(text: str) -> View:
    """Return the note for a button that was pressed in a modal or on App Home. `text` is mrkdwn."""
    return notice(title="Not done", text=text, close="Close")


SAVED_NOWHERE = (
    "I could not save this just now, so *nothing was sent*. What you typed is still there: close "
    "this note and press the button again in a moment."
)
TROUBLE_IN_FORM = (
    "Something went wrong on my side, and *nothing was sent*. What you typed is still there: close "
    "this note and try again. If it happens again, tell whoever runs this bot."
)
FOREIGN = (
    "This form belongs to another workspace or to an older version of this app, so nothing was "
    "sent. Please open it again."
)
FOREIGN_LIST = "This form belongs to another workspace. Please close it and open it again."
"""The same refusal in the length of a list's option."""
TROUBLE = (
    "Something went wrong on my side, and nothing was sent. Please try again; if it happens again, "
    "tell whoever runs this bot."
)
TOO_MANY = (
    "Very many people in this workspace are using this app at this moment, so nothing was done. "
    "Please try again in a moment."
)
TOO_MANY_IN_FORM = (
    "Very many people in this workspace are using this app at this moment, so *nothing was sent*. "
    "What you typed is still there: close this note and press the button again in a moment."
)
TOO_MANY_IN_LIST = "Very many people are searching just now. Type again in a moment."


FORM_NOT_OPENED = "Slack did not open the form in time. Please try again."
NOT_INSTALLED = (
    "Nothing was done: as far as I know, this app is not installed in this workspace. Please ask a "
    "workspace admin, or whoever runs this bot, to install it again."
)

SLACK_UNREACHABLE = "Slack didn't answer in time, so nothing was done. Please try again."

GONE = (
    "This belongs to another workspace or to an older version of this app, so nothing was changed."
)
REMOVED = (
    "Meanwhile the connection, or this whole app, was removed from this workspace, so "
    "nothing more is sent from here."
)
ONLY_THE_OWNER = (
    "Only the person who submitted this first can change it while it's private, or make it "
    "private. Nothing was sent."
)
SOMEBODY_ELSES = "This is private to the person who submitted it, so nothing was changed."
LATE_CLICK = (
    "Slack or the database is slow just now, and I cannot say yet whether your button "
    "did anything. Please look again in a minute: if nothing has changed, press it "
    "again, which does no harm."
)
CLICK_TROUBLE = (
    "Something went wrong on my side, and I cannot say whether your button did anything. "
    "Please look again in a minute: if nothing has changed, press it again. If this happens "
    "again, tell whoever runs this bot."
)
CLICK_FAILED = (
    "I could not save this just now, so nothing was changed. Please press the "
    "button again in a moment."
)


def workspace_not_allowed(workspace: str) -> str:
    """Return the refusal for a workspace that is not one of `RELAY_WORKSPACES`."""
    return (
        "This bot isn't open to your workspace, so nothing was done. Ask your bot admin to add "
        f"{escape(workspace)} to `RELAY_WORKSPACES`."
    )


def resent_by_another(row: Delivery, operation: Operation) -> str:
    """Return what the owner of a delivery is told when somebody else corrected it and sent it."""
    return (
        f"<@{row.changed_by}> corrected and resent your {operation.label} "
        f"*{escape(cut(named(row), 300))}*. Its card shows what comes of it."
    )


def called_off_by_another(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """Return what the owner of a delivery is told when somebody else called it off."""
    did = "took over" if row.reason == "by_hand" else "cancelled"
    by_hand = " by hand" if row.reason == "by_hand" else ""
    sent = (
        f"It may already be in {adapter.label}."
        if row.resend_count
        else f"It wasn't sent to {adapter.label}."
    )
    return (
        f"<@{row.changed_by}> {did} your {operation.label} *{escape(cut(named(row), 300))}*"
        f"{by_hand}. {sent}"
    )


def not_opened(problem: str, command: str, text: str) -> str:
    """Return why a command opened no form, with the typed text ready to be used again."""
    return f"{problem}\nYou typed: `{command} {escape(text)}`" if text else problem


def disconnected(adapter: Adapter) -> str:
    """Return the refusal for a connection that was removed while the form was open."""
    return (
        f"{adapter.label} is not connected to this workspace any more, so *nothing was sent*. What "
        "you typed is still there: close this note, and press the button again once an admin has "
        "connected it (`/vendors` shows how)."
    )


def unreadable_connection(adapter: Adapter) -> str:
    """Return the refusal for stored credentials that cannot be decrypted."""
    return (
        f"The stored credentials for {adapter.label} cannot be read any more, so *nothing was "
        "sent*. What you typed is still there: ask whoever runs this bot to connect it again "
        "(`/vendors` shows how), then press the button again."
    )


def vendors_beside(kind: Kind, command: str) -> str:
    """Return the name of `/vendors` in a workspace where the kind's command is `command`.

    For example, the name is "/acme-vendors" where the command is "/acme-incident".
    """
    usual = COMMANDS[kind].removeprefix("/")
    return (
        command.removesuffix(usual) + VENDORS.removeprefix("/")
        if command.endswith(usual)
        else VENDORS
    )


def nothing_connected(
    kind: Kind, adapters: Iterable[Adapter], connected: Collection[str], vendors: str = VENDORS
) -> str:
    """Return the refusal for a workspace in which no connected vendor can create this kind.

    `adapters` are all there are, `connected` the names of the workspace's vendors; `vendors` is the
    name of the `/vendors` command here.
    """
    *others, last = [
        adapter.label for adapter in adapters if any(one.kind == kind for one in adapter.operations)
    ]
    able = f"{', '.join(others)} or {last}" if others else last
    labels = [adapter.label for adapter in adapters if adapter.vendor in connected]
    have = f" Connected so far: {', '.join(labels)}." if labels else ""
    return (
        f"This workspace is not connected to a tool that takes {NOUNS[kind]}s.{have} Connect "
        f"{able}: `{vendors}` shows how."
    )


def help_text(
    kind: Kind, command: str, choices: Sequence[tuple[Adapter, Operation]], otherwise: str
) -> str:
    """Return the answer to `help`. `otherwise` replaces the list of choices if there are none."""
    what = {
        "incident": (
            f"`{command} Checkout is down` opens a form with that title, and declares the incident"
        ),
        "action_item": (
            f"`{command} Roll back 4.2` opens a form with that summary, and adds the "
            "action item to an incident"
        ),
        "workflow_task": (
            f"`{command} E-mail the lead` opens a form with that name, and "
            "adds a task or a workflow"
        ),
    }[kind]
    where = ", ".join(f"{adapter.label}: {operation.label}" for adapter, operation in choices)
    more = (
        f"A message's menu has \"{TITLES[kind]}\" too: it takes the message's text and link along."
    )
    if kind == "workflow_task":
        more = (
            "Workspace admins and owners may use it, because it changes what happens "
            "automatically; they can let others "
            f"(`{vendors_beside(kind, command)}`, “Who may use what”)."
        )
    connected = f"Connected here: {where}." if where else otherwise
    return "\n".join([f"{what} in the tool your workspace uses.", connected, more])


_MOST_NAMED = 10
_LONGEST_TITLE = 40


def left_out(titles: Sequence[str], adapter: Adapter) -> Block:
    """Return the line at the end of a form that names the fields left out for lack of room."""
    names = [
        f"*{escape(cut(' '.join(title.split()), _LONGEST_TITLE))}*"
        for title in titles[:_MOST_NAMED]
    ]
    more = f" and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
    them = "it" if len(titles) == 1 else "them"
    text = (
        ":information_source: Slack has no room for more fields in one form. Left out: "
        f"{', '.join(names)}{more}. You can set {them} in {escape(adapter.label)} afterwards."
    )
    return section(text, "left_out")


def no_room(adapter: Adapter) -> str:
    """Return why there is no form at all, in mrkdwn: the required fields alone are too many."""
    return (
        f"{escape(adapter.label)} demands more fields here than Slack takes in one form, so I "
        f"cannot show it, and nothing was sent. Please do it in {escape(adapter.label)}; an admin "
        "there can make some of its own fields optional."
    )


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
    lines = (
        [f"It is now the one for what you chose in *{escape(cut(chosen_in, _LONGEST_CHANGED))}*."]
        if chosen_in
        else []
    )
    if demanded:
        names = ", ".join(f"*{escape(cut(title, _LONGEST_CHANGED))}*" for title in demanded)
        lines.append(f"{names} {'has' if len(demanded) == 1 else 'have'} to be filled in now.")
    lines += [_gone(field) for field in dropped[:_MOST_DROPPED]]
    if len(dropped) > _MOST_DROPPED:
        lines.append(f"So are {len(dropped) - _MOST_DROPPED} more fields.")
    if sent:
        lines.append("Nothing was sent. Please look at it and submit it again.")
    text = "\n".join([":information_source: *The form has changed.*", *lines])
    return section(text, CHANGE_BLOCK)


def turned_down(reason: str) -> Block:
    """Return the section that explains why the newly selected form is not shown."""
    text = f":warning: *The form stays as it was, so that nothing is lost.*\n{escape(reason)}"
    return section(text, CHANGE_BLOCK)


def _gone(field: Dropped) -> str:
    answer = escape(cut(" ".join(field.answer.split()), _LONGEST_ANSWER))
    stood = f" You had answered: {answer}" if answer else " What stood there is left out."
    return (
        f"*{escape(cut(field.title, _LONGEST_CHANGED))}* is gone: there is no "
        f"such field any more.{stood}"
    )
