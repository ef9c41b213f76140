"""What the bot says: receipts, cards, answers to commands. Plain data for Slack; every word from people or vendors escaped."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from bot.adapters.base import Adapter, Kind, Operation
from bot.forms.render import Block, notice
from bot.forms.text import cut, duration, escape
from bot.storage.connections import Connection
from bot.storage.deliveries import Delivery

View = dict[str, Any]

TITLES: Mapping[Kind, str] = {
    "incident": "Declare incident",
    "action_item": "Add action item",
    "workflow_task": "Add workflow task",
}
COMMANDS: Mapping[Kind, str] = {
    "incident": "/incident",
    "action_item": "/action-item",
    "workflow_task": "/workflow-task",
}
SUBMIT: Mapping[Kind, str] = {"incident": "Declare", "action_item": "Add", "workflow_task": "Add"}
NOUNS: Mapping[Kind, str] = {"incident": "incident", "action_item": "action item", "workflow_task": "workflow task"}


class Words(NamedTuple):
    """What there is to say of a delivery: a symbol, a headline, what happens next, and the same without markup."""

    symbol: str
    headline: str
    body: str

    @property
    def plain(self) -> str:
        return f"{self.headline} {self.body}".strip()


def words(row: Delivery, adapter: Adapter, operation: Operation, now: float | None = None) -> Words:
    """The row's state in words that people use themselves."""
    what, vendor = operation.label, adapter.label
    match row.state:
        case "delivered":
            return Words("white_check_mark", f"Created in {vendor}", "")
        case "rejected":
            said = [row.sentence, *row.fields.values()]
            text = " ".join(filter(None, said)) or "It gave no reason."
            return Words("no_entry", f"{vendor} did not accept this {what}", f"{text} Nothing was created.")
        case "unconfirmed":
            return Words(
                "grey_question",
                f"It is not known whether {vendor} created this {what}",
                f"{row.sentence} Please look in {vendor} before you try again, so that it is not created twice.",
            )
        case "failed":
            return Words("warning", f"Not created in {vendor}", _what_now(row, vendor))
        case _:
            return Words("hourglass_flowing_sand", f"Saved, not yet in {vendor}", _waiting(row, vendor, now))


def _what_now(row: Delivery, vendor: str) -> str:
    if row.reason in ("unauthorized", "forbidden"):
        return f"{row.sentence} It is saved, and will be sent by itself if that happens within 24 hours."
    if row.reason == "gave_up":
        return f"It could not be sent to {vendor} within 24 hours. Please create it again, or there directly."
    return row.sentence


def _waiting(row: Delivery, vendor: str, now: float | None) -> str:
    seconds = row.due_at - (time.time() if now is None else now)
    about = f" in about {duration(seconds)}" if seconds > 5 else " in a moment"
    if row.state == "sending":
        return f"{vendor} has not answered yet. The card in Slack will say what came of it."
    if row.reason == "rate_limited":
        return (
            f"{vendor} takes no more requests for the moment. It will be sent{about}; there is nothing for you to do."
        )
    if row.reason == "unreachable":
        return f"{vendor} cannot be reached. It will be tried again{about}; there is nothing for you to do."
    return "It will be sent in a moment; there is nothing for you to do."


def receipt(row: Delivery, adapter: Adapter, operation: Operation) -> View:
    """What the modal becomes once there is something to say."""
    said = words(row, adapter, operation)
    lines = [f":{said.symbol}: *{escape(said.headline)}*", _object(row, adapter)]
    if said.body:
        lines.append(escape(said.body))
    blocks: list[Block] = [_section("\n".join(lines))]
    if button := _open_button(row, adapter):
        blocks.append({"type": "actions", "elements": [button]})
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": title(operation)},
        "close": {"type": "plain_text", "text": "Done"},
        "blocks": blocks,
    }


def card(row: Delivery, adapter: Adapter, operation: Operation) -> dict[str, Any]:
    """The message in the channel: {"text", "blocks"}."""
    said = words(row, adapter, operation)
    reference = row.created.get("reference", "")
    text = f"{said.headline}: {f'{reference} ' if reference else ''}{row.title}"
    lines = [f":{said.symbol}: *{escape(said.headline)}*", _object(row, adapter)]
    if said.body:
        lines.append(escape(said.body))
    blocks: list[Block] = [_section("\n".join(lines))]
    if button := _open_button(row, adapter):
        blocks[0]["accessory"] = button
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _origin(row, adapter, operation)}]})
    return {"text": escape(cut(text, 300)), "blocks": blocks}


def _origin(row: Delivery, adapter: Adapter, operation: Operation) -> str:
    """What it is, what it belongs to, and who asked for it."""
    owner = next((it.label for name, it in row.chosen.items() if name.startswith(("incidents/", "workflows/"))), "")
    to = f" in {escape(cut(owner, 100))}" if owner else ""
    return f"{adapter.label} {operation.label}{to}, by <@{row.actor}>"


def _object(row: Delivery, adapter: Adapter) -> str:
    title = escape(cut(row.created.get("title") or row.title or "(no title)", 300))
    reference = escape(row.created.get("reference", ""))
    return f"{reference}  {title}" if reference else title


def _open_button(row: Delivery, adapter: Adapter) -> Block | None:
    url = row.created.get("url", "")
    if not url.startswith(("https://", "http://")) or len(url) > 3000:
        return None
    return {
        "type": "button",
        "action_id": "open",
        "text": {"type": "plain_text", "text": f"Open in {adapter.label}"},
        "url": url,
    }


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, 3000)}}


def saved_nowhere() -> View:
    """The database could not take it: nothing is lost as long as the form stays open underneath."""
    return notice(
        title="Not saved",
        text="I could not save this just now, so *nothing was sent*. What you typed is still there: "
        "close this note and press the button again in a moment.",
        close="Back",
    )


def refusal(text: str) -> View:
    """A "no" that no input can mend; the form stays underneath."""
    return notice(title="Not sent", text=text, close="Back")


def trouble() -> View:
    """A mistake of ours. The form stays underneath."""
    return notice(
        title="Not sent",
        text="Something went wrong on my side, and *nothing was sent*. What you typed is still there: close this note "
        "and try again. If it happens again, tell whoever runs this bot.",
        close="Back",
    )


FOREIGN = (
    "This form belongs to another workspace or to an older version of this app, so nothing was sent. "
    "Please open it again."
)
TROUBLE = (
    "Something went wrong on my side, and nothing was sent. Please try again; if it happens again, "
    "tell whoever runs this bot."
)


def title(operation: Operation) -> str:
    """The modal's title, which Slack cuts at 24 characters: "Declare incident", "Add workflow task"."""
    return TITLES["incident"] if operation.kind == "incident" else f"Add {operation.label}"


def not_opened(problem: str, command: str, text: str) -> str:
    """Why a command opened no form, with what was typed, ready to be used again."""
    return f"{problem}\nYou typed: `{command} {escape(text)}`" if text else problem


def disconnected(adapter: Adapter) -> str:
    """The connection went away between opening the form and submitting it."""
    return (
        f"{adapter.label} is not connected to this workspace any more, so *nothing was sent*. What you typed is still "
        "there: close this note, and press the button again once an admin has connected it (`/vendors` shows how)."
    )


def unreadable_connection(adapter: Adapter) -> str:
    """The stored credentials do not decrypt."""
    return (
        f"The stored credentials for {adapter.label} cannot be read any more, so *nothing was sent*. What you typed is "
        "still there: ask whoever runs this bot to connect it again (`/vendors` shows how), then press the button again."
    )


def nothing_connected(kind: Kind, adapters: Iterable[Adapter], connected: Collection[str]) -> str:
    """No vendor of this workspace can do it. `adapters` are all there are, `connected` the workspace's, by name."""
    able = " or ".join(it.label for it in adapters if any(one.kind == kind for one in it.operations))
    labels = [it.label for it in adapters if it.vendor in connected]
    have = f" Connected so far: {', '.join(labels)}." if labels else ""
    return f"This workspace is not connected to a tool that takes {NOUNS[kind]}s.{have} Connect {able}: `/vendors` shows how."


def help_text(kind: Kind, command: str, choices: Sequence[tuple[Adapter, Operation]], otherwise: str) -> str:
    """The answer to `help`. `otherwise` is said when there are no choices."""
    what = {
        "incident": f"`{command} Checkout is down` opens a form with that title, and declares the incident",
        "action_item": f"`{command} Roll back 4.2` opens a form with that summary, and adds the action item to an incident",
        "workflow_task": f"`{command} E-mail the lead` opens a form with that name, and adds a task or a workflow",
    }[kind]
    where = ", ".join(f"{adapter.label}: {operation.label}" for adapter, operation in choices)
    lines = [
        f"{what} in the tool your workspace uses.",
        f"Connected here: {where}." if where else otherwise,
    ]
    if kind != "workflow_task":
        lines.append(f"A message's menu has \"{TITLES[kind]}\" too: it takes the message's text and link along.")
    else:
        lines.append("Workspace admins and owners may use it, because it changes what happens automatically.")
    return "\n".join(lines)


class Health(NamedTuple):
    """How a connection is doing: the age of its lists in seconds (None while they load), how many deliveries wait for it,
    and what it was that went wrong last, empty while all is well."""

    connection: Connection
    adapter: Adapter
    age: float | None
    waiting: int
    problem: str

    @property
    def line(self) -> str:
        """One line of `/vendors`."""
        if self.connection.broken:
            what = self.connection.broken.partition("; an admin")[0].rstrip(".")
            state = f":warning: {escape(what)}; connect it again as said below"
        else:
            state = f":warning: {escape(self.problem.rstrip('.'))}" if self.problem else ":white_check_mark: working"
        lists = "lists are being loaded"
        if self.age is not None:
            lists = "lists are fresh" if self.age < 90 else f"lists are {duration(self.age)} old"
        queue = f", {self.waiting} waiting to be sent" if self.waiting else ""
        return f"*{self.adapter.label}* as {escape(self.connection.account_name)}: {state} ({lists}{queue})"


def vendors(health: Sequence[Health], unconnected: Sequence[Adapter], workspace_arguments: str) -> str:
    """The answer to `/vendors`."""
    lines = [it.line for it in health] or ["This workspace is not connected to any tool yet."]
    lines.extend(f"*{adapter.label}*: not connected" for adapter in unconnected)
    first, *others = [adapter.vendor for adapter in [*unconnected, *(it.adapter for it in health)]]
    instead = f" (or `{'`, `'.join(others)}` in its place)" if others else ""
    lines.append(
        "To connect one, or connect it again, whoever runs this bot types there "
        f"`python -m bot connect {workspace_arguments} {first}`{instead}. "
        "It asks for the credentials; none pass through Slack."
    )
    return "\n".join(lines)
