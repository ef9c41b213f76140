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
from bot.web.connect_form import Action, Typed, alert, fields, hidden
from bot.web.pages import page

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
            f"Connect {label}",
            above,
            _fields(visit, typed, "Check and connect"),
            status=status,
        )
    return _page(
        visit,
        label,
        above,
        _standing(visit, connection),
        _button(visit, "test", "Test again", ".quiet"),
        h.h2["Use another key"],
        _fields(visit, typed, "Check and replace"),
        h.h2["Disconnect"],
        h.form[
            h.input(type="hidden", name=ASKED_FIRST, value="disconnect"),
            h.button(".danger")["Disconnect …"],
        ],
        status=status,
    )


def asked_just_now(visit: Visit, answer: str) -> str:
    """Return the result of a failed "Test again".

    The text begins with "was asked just now", so that a second failure is not mistaken for no
    answer.
    """
    return f"{visit.adapter.label} was asked just now. {answer}"


def still_refused(visit: Visit, before: Connection) -> str:
    """Return the result of "Test again" if the vendor refuses the key.

    `before` is the connection before the test.
    """
    return asked_just_now(visit, f"It {'still refuses' if before.broken else 'refuses'} the key.")


def disconnecting(visit: Visit) -> HTMLResponse:
    """Return the page that explains what disconnecting does, with the button for it."""
    label = visit.adapter.label
    return _page(
        visit,
        f"Disconnect {label}?",
        _where(visit),
        h.ul[
            h.li[f"The credentials and the lists of {label} are deleted here."],
            h.li[
                f"Nobody can send anything to {label} from this Slack workspace until it is "
                "connected again."
            ],
            h.li[_what_waits(visit)],
            h.li[
                f"The key itself goes on working at {label}: delete it there if nothing else uses "
                "it."
            ],
        ],
        h.div(".actions")[
            _button(visit, "disconnect", f"Disconnect {label}", ".danger"),
            h.form[h.button(".quiet")["Keep it connected"]],
        ],
    )


def connected(visit: Visit, account: Account) -> HTMLResponse:
    """Return the receipt of a new connection. The visit still holds the replaced connection."""
    label = visit.adapter.label
    these, others = visit.waiting_for(account.id)
    return _page(
        visit,
        f"{label} is connected",
        _good(f"{label} accepts the key, and is connected as {account.name}."),
        _where(visit),
        _rights(visit.adapter, account.rights),
        these > 0 and h.p[f"{_count(these)}, and {'goes' if these == 1 else 'go'} on now."],
        others > 0 and h.p[_for_others(visit, others, account)],
        h.p[_what_next(visit.adapter, account)],
    )


def disconnected(visit: Visit) -> HTMLResponse:
    """Return the receipt of a "Disconnect"."""
    label = visit.adapter.label
    return _page(
        visit,
        f"{label} is disconnected",
        _good("Its credentials and lists are deleted here."),
        _where(visit),
        h.p[_what_waits(visit)],
        h.p[f"If nothing else uses the key, delete it at {label} too. You can close this page."],
    )


def _page(visit: Visit, title: str, *body: h.Node, status: int = 200) -> HTMLResponse:
    return page(title, *body, status=status, https=visit.https)


def _good(sentence: str) -> h.Node:
    return h.p(".good", role="status")[sentence]


def _where(visit: Visit) -> h.Node:
    team = visit.link.workspace.team or visit.link.workspace.enterprise
    named = visit.link.workspace_name
    shown = f"{named} ({team})" if named != team else team
    return h.p["Slack workspace: ", h.b[shown], ". You: ", h.b[visit.link.actor_name], "."]


def _standing(visit: Visit, connection: Connection) -> h.Node:
    label, since = visit.adapter.label, duration(max(visit.now - connection.connected_at, 1))
    these, others = visit.waiting_for(connection.account)
    return [
        h.p["Connected as ", h.b[connection.account_name], f", {since} ago."],
        _accepted(visit, connection),
        _rights(visit.adapter, connection.rights),
        these > 0 and h.p[f"{_count(these)}."],
        others > 0
        and h.p[
            f"{_count(others)} to another account of {label} than this one: the cards in Slack say "
            "what can be done."
        ],
    ]


def _accepted(visit: Visit, connection: Connection) -> h.Node:
    """Return whether the vendor accepts the key, if that is known."""
    label = visit.adapter.label
    if connection.broken:
        return h.p(".error", role="status")[
            connection.broken.partition("; an admin")[0].rstrip(".") + "."
        ]
    if not connection.checked_at:
        return h.p(role="status")[
            f"{label} was not asked yet whether it accepts the key. Press Test again to ask it."
        ]
    return _good(
        f"{label} accepts the key: it was asked "
        f"{duration(max(visit.now - connection.checked_at, 1))} ago."
    )


def _rights(adapter: Adapter, rights: Rights) -> h.Node:
    """Return the key's user and roles, and the operations that will not work with the key."""
    sentences = messages.cannot(adapter, rights)
    return [
        rights.acts_as and h.p["The key acts as ", h.b[rights.acts_as], "."],
        rights.roles and h.p["Its rights: ", h.b[", ".join(rights.roles)], "."],
        sentences
        and [
            h.p["What will not work with this key:"],
            h.ul[[h.li[sentence] for sentence in sentences]],
        ],
    ]


def _fields(visit: Visit, typed: Typed, submit: str) -> h.Node:
    """Return the form of the vendor's credentials, and what becomes of them."""
    label, minutes = visit.adapter.label, duration(max(visit.link.expires_at - visit.now, 1))
    hint = f"This page works for another {minutes}, and for one change."
    return [
        h.p[
            f"{label} is asked whether it accepts what you type. Only if it does is it stored, "
            "encrypted. Nothing of it passes through Slack."
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
    commands = [command for kind, command in messages.COMMANDS.items() if kind in may]
    back = "You can close this page and go back to Slack."
    return (
        f"{back} Commands that reach {adapter.label} now: {', '.join(commands)}."
        if commands
        else back
    )


def _what_waits(visit: Visit) -> str:
    """Return what disconnecting means for waiting deliveries of all accounts."""
    waiting = sum(visit.waiting.values())
    if not waiting:
        return f"Nothing waits to be sent to {visit.adapter.label} at the moment."
    return (
        f"{_count(waiting)}. It stays saved, its card in Slack says why it waits, and it goes on "
        "if the account that it was meant for is connected again within a day of its submission."
    )


def _for_others(visit: Visit, waiting: int, account: Account) -> str:
    """Return what happens to deliveries for other accounts than the new one."""
    before = visit.connection
    all_its = before is not None and visit.waiting.get(before.account) == waiting
    named = before.account_name if before is not None and all_its else "another account"
    return (
        f"{_count(waiting)} to {named}, which was connected before. Nothing of it is sent to "
        f"{account.name}: the cards in Slack say what can be done."
    )


def _count(waiting: int) -> str:
    return f"{waiting} {'submission waits' if waiting == 1 else 'submissions wait'} to be sent"
