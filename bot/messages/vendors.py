"""The texts of `/vendors`: connections, an admin's buttons, and the window with the page's link."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bot.adapters.base import Adapter
from bot.adapters.credentials import Rights
from bot.connections.store import Connection
from bot.forms.render import HEADING, Block, modal, split
from bot.forms.text import cut, duration, escape
from bot.language import _
from bot.messages.blocks import View, button, row_of, section
from bot.messages.buttons import Handle
from bot.messages.settings import SETTINGS
from bot.workspace import Workspace

WHO_MAY = "who_may"
_BY_COMMAND = " with `/vendors`"
"""The phrase with which sentences for use elsewhere name the place where an admin can act."""
_LONGEST_NAME = 100


class Health(NamedTuple):
    """The health of a connection.

    - `age` is the age of its lists in seconds, None while they load.
    - `waiting` is the number of deliveries that wait for it.
    - `problem` is the last problem, empty if all is well.
    - `doubts` is the number of deliveries that a person has to decide.
    """

    connection: Connection
    adapter: Adapter
    age: float | None
    waiting: int
    problem: str
    doubts: int = 0

    @property
    def line(self) -> str:
        """The connection's line in `/vendors`, and a line for each operation that its key lacks."""
        if self.connection.broken:
            what = self.connection.broken.partition("; an admin")[0].rstrip(".")
            state = f":warning: {escape(what)}; connect it again as said below"
        elif self.problem:
            state = (
                ":warning: "
                f"{escape(self.problem.replace(_BY_COMMAND, ' as said below').rstrip('.'))}"
            )
        elif not self.connection.checked_at:
            state = ":grey_question: the key was not checked"
        else:
            state = ":white_check_mark: working"
        lists = "lists are being loaded"
        if self.age is not None:
            lists = "lists are fresh" if self.age < 90 else f"lists are {duration(self.age)} old"
        queue = f", {self.waiting} waiting to be sent" if self.waiting else ""
        doubts = f", {self.doubts} to be decided by a person" if self.doubts else ""
        account = escape(cut(self.connection.account_name, _LONGEST_NAME))
        line = f"*{self.adapter.label}* as {account}: {state} ({lists}{queue}{doubts})"
        lacks = cannot(self.adapter, self.connection.rights)
        return "\n      :warning: ".join([line, *map(escape, lacks)])


def cannot(adapter: Adapter, rights: Rights) -> list[str]:
    """Return the operations that a key with these rights may not do, as lines of plain text."""
    about = [(operation.label, rights.about(operation.name)) for operation in adapter.operations]
    return [f"{label[:1].upper()}{label[1:]}: {sentence}" for label, sentence in about if sentence]


def vendors(health: Sequence[Health], unconnected: Sequence[Adapter], how: str) -> str:
    """Return the answer to `/vendors`. `how` tells, in mrkdwn, who can change what and where."""
    connected = [connection.line for connection in health]
    others = [f"*{adapter.label}*: not connected" for adapter in unconnected]
    none = [] if connected else ["This workspace is not connected to any tool yet."]
    return "\n".join([*none, *connected, *others, how])


def by_command(adapters: Iterable[Adapter], workspace: Workspace) -> str:
    """Return how an operator connects a vendor at the command line.

    `adapters` are the vendors to name, the likeliest first.
    """
    first, *others = [adapter.vendor for adapter in adapters]
    instead = f" (or `{'`, `'.join(others)}` in its place)" if others else ""
    arguments = (
        f"--enterprise {workspace.enterprise} {workspace.team}"
        if workspace.enterprise
        else workspace.team
    )
    return (
        "To connect one, or connect it again, whoever runs this bot types there "
        f"`python -m bot connect {arguments} {first}`{instead}. "
        "It asks for the credentials; none pass through Slack."
    )


def ask_an_admin(command: str) -> str:
    """Return the advice for people who may only look.

    `command` is this workspace's name for `/vendors`.
    """
    return f"Workspace admins and owners connect tools: ask one of them to type `{command}`."


def about_vendors(command: str) -> str:
    """Return the answer to `/vendors help`. `command` is this workspace's name for `/vendors`."""
    return (
        f"`{command}` shows which tools this workspace is connected to, and how each is "
        "doing. Workspace admins and owners also see there how to connect or change one, "
        "and say who may use what."
    )


PRESS_ONE = "Connect, test, replace or disconnect one with the buttons below."
NO_PAGES = (
    "This bot has no web page of its own any more, so there is nothing to open. Type the command "
    "again: it says what to do instead."
)
ONLY_ADMINS = (
    "Only workspace admins and owners may connect or change tools. Please ask one of them to do it."
)
NOT_OPENED = "Slack did not open the window in time. Please press the button again."


def admins_buttons(
    workspace: Workspace,
    connected: Sequence[Adapter],
    unconnected: Sequence[Adapter],
    *,
    pages: bool,
) -> list[Block]:
    """Return the row of an admin's buttons.

    There is one button for each vendor if the bot has web `pages`, and "Who may use what" and
    "Settings" if anything is connected.
    """
    named = [(adapter, f"Manage {adapter.label}") for adapter in connected] + [
        (adapter, f"Connect {adapter.label}") for adapter in unconnected
    ]
    buttons = [
        button(f"vendor_{adapter.vendor}", label, value=Handle(workspace, adapter.vendor).text)
        for adapter, label in named
        if pages
    ]
    if connected:
        buttons.append(button(WHO_MAY, "Who may use what", value=Handle(workspace, WHO_MAY).text))
        buttons.append(button(SETTINGS, _("Settings"), value=Handle(workspace, SETTINGS).text))
    return row_of(buttons, "vendors")


def sections(text: str) -> list[Block]:
    """Return the text as blocks. A text too long for one block is cut at the end of a line."""
    return [section(part) for part in split(text)]


def way_to_page(adapter: Adapter, url: str, *, connected: bool) -> View:
    """Return the window with the link to the bot's own page, outside Slack."""
    on_it = "On the page behind this button you"
    what = (
        f"{on_it} can test the connection to *{adapter.label}*, give it another key, or disconnect "
        "it."
        if connected
        else (
            f"{on_it} paste your *{adapter.label}* credentials. They are checked with "
            f"{adapter.label} at once, and stored encrypted."
        )
    )
    text = (
        f"{what}\nIt is a page of this bot's own: nothing that you type there passes through "
        "Slack.\n"
        "The link is for you alone. It works for *10 minutes*, and for *one* change: do not pass "
        "it on."
    )
    title = f"{'Manage' if connected else 'Connect'} {adapter.label}"
    return modal(
        callback_id="way_to_page",
        title=title if len(title) <= HEADING else adapter.label,
        submit=None,
        close="Close",
        blocks=[
            section(text),
            *row_of([button("open", "Open the page", style="primary", url=url)], "way_to_page"),
        ],
        private_metadata="",
    )
