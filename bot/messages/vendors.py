"""The texts of `/vendors`: connections, an admin's buttons, and the window with the page's link."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from bot.adapters.base import Adapter
from bot.adapters.credentials import Rights
from bot.connections.store import Connection
from bot.forms.elements import option
from bot.forms.render import HEADING, Block, modal, split
from bot.forms.text import cut, duration, escape
from bot.language import LANGUAGES, N_, _, command, ngettext
from bot.messages.blocks import View, button, row_of, section
from bot.messages.buttons import Handle
from bot.messages.settings import SETTINGS
from bot.workspace import Workspace

WHO_MAY = "who_may"
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
        account = escape(cut(self.connection.account_name, _LONGEST_NAME))
        named = _("*{vendor}* as {account}").format(vendor=self.adapter.label, account=account)
        about = filter(None, (self._lists, self._waiting, self._doubts))
        line = f"{named}: {self._state} ({', '.join(about)})"
        lacks = cannot(self.adapter, self.connection.rights)
        return "\n      :warning: ".join([line, *map(escape, lacks)])

    @property
    def _state(self) -> str:
        symbol, words = "white_check_mark", _("working")
        if self.connection.broken and not self.connection.secret:
            symbol, words = "warning", _("We can't read the stored key. Connect it again.")
        elif self.connection.broken:
            symbol, words = "warning", _("Our API key was rejected. Replace it.")
        elif self.problem:
            symbol, words = "warning", escape(self.problem)
        elif not self.connection.checked_at:
            symbol, words = "grey_question", _("the key was never tested")
        return f":{symbol}: {words}"

    @property
    def _lists(self) -> str:
        if self.age is None:
            return _("lists are loading")
        if self.age < 90:
            return _("lists are fresh")
        return _("lists are from {age} ago").format(age=duration(self.age))

    @property
    def _waiting(self) -> str:
        if not self.waiting:
            return ""
        return ngettext(
            "{count} waiting to be sent", "{count} waiting to be sent", self.waiting
        ).format(count=self.waiting)

    @property
    def _doubts(self) -> str:
        if not self.doubts:
            return ""
        return ngettext(
            "{count} waiting for a decision", "{count} waiting for a decision", self.doubts
        ).format(count=self.doubts)


def cannot(adapter: Adapter, rights: Rights) -> list[str]:
    """Return the operations that a key with these rights may not do, as lines of plain text."""
    about = [(operation.label, rights.about(operation.name)) for operation in adapter.operations]
    return [f"{label[:1].upper()}{label[1:]}: {sentence}" for label, sentence in about if sentence]


def vendors(health: Sequence[Health], unconnected: Sequence[Adapter], how: str) -> str:
    """Return the answer to `/vendors`. `how` tells, in mrkdwn, who can change what and where."""
    connected = [connection.line for connection in health]
    others = [
        _("*{vendor}*: not connected").format(vendor=adapter.label) for adapter in unconnected
    ]
    none = [] if connected else [_("No tool is connected yet.")]
    return "\n".join([*none, *connected, *others, how])


def by_command(adapters: Iterable[Adapter], workspace: Workspace) -> str:
    """Return how an operator connects a vendor at the command line.

    `adapters` are the vendors to name, the likeliest first.
    """
    first, *others = [adapter.vendor for adapter in adapters]
    arguments = (
        f"--enterprise {workspace.enterprise} {workspace.team}"
        if workspace.enterprise
        else workspace.team
    )
    lines = [
        _("Ask your bot admin to connect a tool with this command:"),
        f"`python -m bot connect {arguments} {first}`",
    ]
    if others:
        lines.append(
            _("Other tools take the place of the last word: {tools}.").format(
                tools=", ".join(f"`{other}`" for other in others)
            )
        )
    return "\n".join(lines)


class VendorsNotice(Enum):
    """The sentences about `/vendors`. The name of that command stands for `{vendors}`."""

    ABOUT = N_(
        "`{vendors}` shows which tools are connected, and whether they work. Workspace admins and "
        "owners connect and change tools there, and set permissions."
    )
    ASK_AN_ADMIN = N_("To connect a tool, ask a workspace admin or owner to type `{vendors}`.")
    PRESS_ONE = N_("Connect, test, replace or disconnect a tool with the buttons below.")
    NO_PAGES = N_("This bot's web page was switched off. Type `{vendors}` to see what to do.")
    ONLY_ADMINS = N_(
        "Only workspace admins and owners can connect or change tools. Ask one of them."
    )

    @property
    def text(self) -> str:
        """The sentence in the reader's language."""
        return _(self.value).format(vendors=command("vendors"))


def admins_buttons(
    workspace: Workspace,
    connected: Sequence[Adapter],
    unconnected: Sequence[Adapter],
    *,
    pages: bool,
) -> list[Block]:
    """Return the row of an admin's buttons.

    There is one button for each vendor if the bot has web `pages`, and "Permissions" and
    "Settings" if anything is connected.
    """
    named = [
        (adapter, _("Manage {vendor}").format(vendor=adapter.label)) for adapter in connected
    ] + [(adapter, _("Connect {vendor}").format(vendor=adapter.label)) for adapter in unconnected]
    buttons = [
        button(f"vendor_{adapter.vendor}", label, value=Handle(workspace, adapter.vendor).text)
        for adapter, label in named
        if pages
    ]
    if connected:
        buttons.append(button(WHO_MAY, _("Permissions"), value=Handle(workspace, WHO_MAY).text))
        buttons.append(button(SETTINGS, _("Settings"), value=Handle(workspace, SETTINGS).text))
    return row_of(buttons, "vendors")


def language_block(workspace: Workspace, language: str) -> Block:
    """Return the select for the language of cards and notices, with this one selected."""
    options = {code: option(Handle(workspace, code).text, name) for code, name in LANGUAGES.items()}
    select = {
        "type": "static_select",
        "action_id": "language",
        "options": list(options.values()),
        "initial_option": options[language],
    }
    text = _("Language of cards and notices:")
    return section(text, "language", accessory=select)


def language_chosen(language: str) -> str:
    """Return what an admin is told who selected this language."""
    return _("We now write this workspace's cards and notices in {language}.").format(
        language=LANGUAGES[language]
    )


def sections(text: str) -> list[Block]:
    """Return the text as blocks. A text too long for one block is cut at the end of a line."""
    return [section(part) for part in split(text)]


def way_to_page(adapter: Adapter, url: str, *, connected: bool) -> View:
    """Return the window with the link to the bot's own page, outside Slack."""
    if connected:
        what = _("On the next page you can test, replace or disconnect *{vendor}*.")
        title = _("Manage {vendor}")
    else:
        what = _(
            "Paste your *{vendor}* API key on the next page. We check it and store it encrypted."
        )
        title = _("Connect {vendor}")
    lines = [
        what.format(vendor=adapter.label),
        _("It's a page of this bot. Nothing that you type there passes through Slack."),
        _("The link is for you alone. It works for *10 minutes* and *one change*. Don't share it."),
    ]
    title = title.format(vendor=adapter.label)
    return modal(
        callback_id="way_to_page",
        title=title if len(title) <= HEADING else adapter.label,
        submit=None,
        close=_("Close"),
        blocks=[
            section("\n".join(lines)),
            *row_of([button("open", _("Open the page"), style="primary", url=url)], "way_to_page"),
        ],
        private_metadata="",
    )
