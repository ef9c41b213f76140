"""The texts of the page on which an admin connects a vendor.

The functions have no side effects: all data is given to them, and they return an HTML page.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import htpy as h
from starlette.responses import HTMLResponse

from bot import messages
from bot.adapters.base import Adapter
from bot.adapters.credentials import Account, Rights
from bot.connections.setup_links import SetupLink
from bot.connections.store import Connection
from bot.forms.text import duration
from bot.language import _, command, ngettext
from bot.web.connect_form import Action, Typed, alert, fields, hidden
from bot.web.pages import page, rich

ASKED_FIRST = "ask"
"""The query parameter of the page that asks whether to disconnect."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to the page with a valid link.

    `waiting` is the number of deliveries still to be sent, by the id of the vendor's account.
    `form_key` has to come back with a posted form; `now` is in epoch seconds.
    """

    link: SetupLink
    adapter: Adapter
    connection: Connection | None
    waiting: Mapping[str, int]
    now: float
    https: bool
    form_key: str = field(repr=False)

    def waiting_for(self, account: str) -> tuple[int, int]:
        """Return how many deliveries wait for this account, and how many for other accounts."""
        these = self.waiting.get(account, 0)
        return these, sum(self.waiting.values()) - these


def form(
    visit: Visit, typed: Typed | None = None, *, problem: str = "", status: int = 200
) -> HTMLResponse:
    """Return the page with the form for the credentials.

    For a connected vendor the page also has its state, "Test again" and "Disconnect". `problem` is
    an error that is not about the typed values.
    """
    label, connection, typed = visit.adapter.label, visit.connection, typed or Typed()
    above = [problem and alert(problem), _where(visit)]
    if connection is None:
        return _page(
            visit,
            _("Connect {vendor}").format(vendor=label),
            above,
            _fields(visit, typed, _("Check and connect")),
            status=status,
        )
    return _page(
        visit,
        label,
        above,
        _standing(visit, connection),
        _button(visit, "test", _("Test again"), ".quiet"),
        h.h2[_("Use another key")],
        _fields(visit, typed, _("Check and replace")),
        h.h2[_("Disconnect")],
        h.form[
            h.input(type="hidden", name=ASKED_FIRST, value="disconnect"),
            h.button(".danger")[_("Disconnect …")],
        ],
        status=status,
    )


def asked_just_now(visit: Visit, answer: str) -> str:
    """Return the result of a failed "Test again".

    The text begins with "We tested the key just now.", so that a second failure is not mistaken
    for no answer.
    """
    return " ".join([_("We tested the key just now."), answer])


def still_refused(visit: Visit, before: Connection) -> str:
    """Return the result of "Test again" if the vendor refuses the key.

    `before` is the connection before the test.
    """
    words = _("{vendor} still rejects it.") if before.broken else _("{vendor} rejected it.")
    return asked_just_now(visit, words.format(vendor=visit.adapter.label))


def disconnecting(visit: Visit) -> HTMLResponse:
    """Return the page that explains what disconnecting does, with the button for it."""
    label = visit.adapter.label
    return _page(
        visit,
        _("Disconnect {vendor}?").format(vendor=label),
        _where(visit),
        h.ul[
            h.li[_("We delete the API key and the lists of {vendor}.").format(vendor=label)],
            h.li[
                _(
                    "Nobody can send to {vendor} from this Slack workspace until you "
                    "connect it again."
                ).format(vendor=label)
            ],
            h.li[_what_waits(visit)],
            h.li[
                _(
                    "The key still works in {vendor}. Delete it there if nothing else uses it."
                ).format(vendor=label)
            ],
        ],
        h.div(".actions")[
            _button(visit, "disconnect", _("Disconnect {vendor}").format(vendor=label), ".danger"),
            h.form[h.button(".quiet")[_("Keep it connected")]],
        ],
    )


def connected(visit: Visit, account: Account) -> HTMLResponse:
    """Return the receipt of a new connection. The visit still holds the replaced connection."""
    label = visit.adapter.label
    these, others = visit.waiting_for(account.id)
    return _page(
        visit,
        _("{vendor} is connected").format(vendor=label),
        _good(
            _("{vendor} accepted the key. It's connected as {account}.").format(
                vendor=label, account=account.name
            )
        ),
        _where(visit),
        _rights(visit.adapter, account.rights),
        these > 0 and h.p[_count(these), " ", _("We send them now.")],
        others > 0 and h.p[_for_others(visit, others, account)],
        h.p[_what_next(visit.adapter, account)],
    )


def disconnected(visit: Visit) -> HTMLResponse:
    """Return the receipt of a "Disconnect"."""
    label = visit.adapter.label
    return _page(
        visit,
        _("{vendor} is disconnected").format(vendor=label),
        _good(_("We deleted its API key and lists.")),
        _where(visit),
        h.p[_what_waits(visit)],
        h.p[
            _(
                "If nothing else uses the key, delete it in {vendor} too. You can close this page."
            ).format(vendor=label)
        ],
    )


def _page(visit: Visit, title: str, *body: h.Node, status: int = 200) -> HTMLResponse:
    return page(title, *body, status=status, https=visit.https)


def _good(sentence: str) -> h.Node:
    return h.p(".good", role="status")[sentence]


def _where(visit: Visit) -> h.Node:
    team = visit.link.workspace.team or visit.link.workspace.enterprise
    named = visit.link.workspace_name
    shown = f"{named} ({team})" if named != team else team
    return h.p[
        rich(
            _("Slack workspace: {workspace}. You: {person}."),
            workspace=h.b[shown],
            person=h.b[visit.link.actor_name],
        )
    ]


def _standing(visit: Visit, connection: Connection) -> h.Node:
    label, since = visit.adapter.label, duration(max(visit.now - connection.connected_at, 1))
    these, others = visit.waiting_for(connection.account)
    return [
        h.p[
            rich(
                _("Connected as {account} {age} ago."),
                account=h.b[connection.account_name],
                age=since,
            )
        ],
        _accepted(visit, connection),
        _rights(visit.adapter, connection.rights),
        these > 0 and h.p[_count(these)],
        others > 0
        and h.p[
            _count(others),
            " ",
            _(
                "They're for another account of {vendor}. Their cards in Slack say what to do."
            ).format(vendor=label),
        ],
    ]


def _accepted(visit: Visit, connection: Connection) -> h.Node:
    """Return whether the vendor accepts the key, if that is known."""
    label = visit.adapter.label
    if connection.broken:
        words = (
            _("{vendor} rejected our API key. Replace it below.")
            if connection.secret
            else _("We can't read the stored key for {vendor}. Paste it again below.")
        )
        return h.p(".error", role="status")[words.format(vendor=label)]
    if not connection.checked_at:
        return h.p(role="status")[
            _("We never tested the key for {vendor}. Press Test again.").format(vendor=label)
        ]
    return _good(
        _("{vendor} accepted the key {age} ago.").format(
            vendor=label, age=duration(max(visit.now - connection.checked_at, 1))
        )
    )


def _rights(adapter: Adapter, rights: Rights) -> h.Node:
    """Return the key's user and roles, and the operations that will not work with the key."""
    sentences = messages.cannot(adapter, rights)
    return [
        rights.acts_as and h.p[rich(_("The key acts as {name}."), name=h.b[rights.acts_as])],
        rights.roles and h.p[rich(_("Its rights: {rights}."), rights=h.b[", ".join(rights.roles)])],
        sentences
        and [
            h.p[_("This key has limits:")],
            h.ul[[h.li[sentence] for sentence in sentences]],
        ],
    ]


def _fields(visit: Visit, typed: Typed, submit: str) -> h.Node:
    """Return the form of the vendor's credentials, and what becomes of them."""
    label, minutes = visit.adapter.label, duration(max(visit.link.expires_at - visit.now, 1))
    hint = _("This page works for {duration} more, and for one change.").format(duration=minutes)
    return [
        h.p[
            _(
                "We check the key with {vendor}, and store it encrypted if {vendor} accepts it. It "
                "never passes through Slack."
            ).format(vendor=label)
        ],
        fields(visit.adapter.credentials, typed, visit.form_key, submit, hint),
    ]


def _button(visit: Visit, action: Action, text: str, looks: str) -> h.Node:
    """Return a form that consists of one button."""
    return h.form(method="post")[hidden(visit.form_key, action), h.button(looks)[text]]


def _what_next(adapter: Adapter, account: Account) -> str:
    """Return the next step for the person, with the commands that work now."""
    may = [
        operation.kind
        for operation in adapter.operations
        if operation.name not in account.rights.cannot
    ]
    commands = [command(name) for kind, name in messages.COMMANDS.items() if kind in may]
    back = _("You can close this page and go back to Slack.")
    if not commands:
        return back
    now = _("These commands now reach {vendor}: {commands}.")
    return f"{back} {now.format(vendor=adapter.label, commands=', '.join(commands))}"


def _what_waits(visit: Visit) -> str:
    """Return what disconnecting means for waiting deliveries of all accounts."""
    waiting = sum(visit.waiting.values())
    if not waiting:
        return _("Nothing is waiting to be sent to {vendor}.").format(vendor=visit.adapter.label)
    kept = _(
        "They stay saved for a day. If you connect the same account again by then, we send them."
    )
    return f"{_count(waiting)} {kept}"


def _for_others(visit: Visit, waiting: int, account: Account) -> str:
    """Return what happens to deliveries for other accounts than the new one."""
    before = visit.connection
    all_its = before is not None and visit.waiting.get(before.account) == waiting
    named = before.account_name if before is not None and all_its else _("another account")
    text = _(
        "They're for {before}, so we don't send them to {account}. Their cards in Slack say what "
        "to do."
    )
    return f"{_count(waiting)} {text.format(before=named, account=account.name)}"


def _count(waiting: int) -> str:
    return ngettext(
        "{count} submission is waiting to be sent.",
        "{count} submissions are waiting to be sent.",
        waiting,
    ).format(count=waiting)
