"""A person who wants something created and does what people do: tries again when Slack shows
trouble, mends what a form complains about, and looks at the vendor before saying whether something
is there."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot import messages
from bot.adapters.base import Adapter, Operation
from bot.playground.slack import SlackStandIn
from tests.forms.filling import answer, fill
from tests.world.modal import a_queue

TRIES = 400
COMPLAINTS = 10
"""So often one mends what a form complains about."""
EMPTY = 40
"""So often one looks whether a type-ahead has something to offer by now."""
PAUSE_SECONDS = 0.25


@cache
def texts() -> tuple[str | None, ...]:
    """What one writes, in this order, into a text field whose words were not liked: anything, an
    address, a link, JSON, a number, an expression, a workflow's configuration."""
    routing = json.dumps({"task_routing": {"default_filter": {"queue": a_queue()}}})
    return (
        None,
        "ops@example.com",
        "https://example.com/runbook",
        '{"note": "chaos"}',
        "7",
        "type == 'chaos'",
        routing,
    )


Block = Mapping[str, Any]
View = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to create. `title` is told apart from every other one."""

    adapter: Adapter | type[Adapter]
    operation: Operation
    title: str
    channel: str

    @property
    def name(self) -> str:
        return f"{self.adapter.vendor}.{self.operation.name}"


class GaveUpError(Exception):
    """The form complains for ever, or offers nothing where something must be chosen; the message is
    its delivery's key."""


class Person:
    """One member of the workspace, with one wish at a time. `seen` counts what Slack showed."""

    def __init__(
        self, slack: SlackStandIn, user: str, rng: random.Random, seen: Counter[str]
    ) -> None:
        self.slack = slack
        self.user = user
        self.rng = rng
        self.seen = seen
        self._texts = 0

    async def submit(self, wish: Wish) -> str:
        """Have it created; the delivery's key, once the bot has said that it is saved. Raises
        `GaveUpError`."""
        view = await self._open(wish)
        view = await self._choose_operation(view, wish)
        view = await self._choose_branch(view, wish)
        return await self._send(view, await self._answers(view))

    async def correct(self, channel: str, ts: str, name: str, fields: Collection[str]) -> bool:
        """Open what the vendor refused again ("Edit and resend"), mend these fields of `name`
        ("rootly.incident"), and send it; False when Slack shows trouble. Raises `GaveUpError`."""
        await self._close_everything()
        if not await self.press(channel, ts, "edit") or (view := self._top()) is None:
            return False
        drawn = {block["block_id"] for block in view["blocks"]}
        wrong = [block_id for field in fields if (block_id := f"{name}.{field}") in drawn]
        await self._send(view, await self._mended(view, wrong))
        return True

    async def press(self, channel: str, ts: str, action_id: str) -> bool:
        """Press that button of a message; False when Slack shows trouble."""
        outcome = await self.slack.act(
            self.user,
            channel_id=channel,
            ts=ts,
            block_id="delivery",
            action_id=action_id,
            action={"type": "button"},
        )
        return outcome.ok

    async def settle(self, channel: str, ts: str, *, is_there: bool) -> None:
        """Say on a card whether the object is there; a window asks for its reference first."""
        await self._close_everything()
        await self.press(channel, ts, "is_there" if is_there else "send_again")
        if is_there and (view := self._top()) is not None:
            await self.slack.submit(self.user, str(view["id"]))

    async def _open(self, wish: Wish) -> View:
        """Type the command until a form is there."""
        await self._close_everything()
        for _ in range(TRIES):
            outcome = await self.slack.command(
                self.user, wish.channel, f"/{messages.COMMANDS[wish.operation.kind]} {wish.title}"
            )
            if (view := self._top()) is not None:
                return view
            await self._trouble("command", outcome.error)
        raise AssertionError(f"No form opens for {wish.name}: {outcome}")

    async def _choose_operation(self, view: View, wish: Wish) -> View:
        return await self._choose(
            view, "choice", wish.name, lambda now: now["callback_id"] == f"form:{wish.name}"
        )

    async def _choose_branch(self, view: View, wish: Wish) -> View:
        """Any of the answers on which the rest of the form depends, where there is such a question."""
        if wish.operation.branches is None:
            return view
        block_id = f"{wish.name}.{wish.operation.branches.field}"
        value = self.rng.choice(await self._offers(view, _block(view, block_id)))["value"]
        return await self._choose(
            view, block_id, value, lambda now: bool(_state(now).get("answer"))
        )

    async def _choose(
        self, view: View, block_id: str, value: str, done: Callable[[View], bool]
    ) -> View:
        """Choose what draws another form, until that is there."""
        for _ in range(TRIES):
            if done(view):
                return view
            block = _block(view, block_id)
            option = next(it for it in await self._offers(view, block) if it["value"] == value)
            outcome = await self.slack.act(
                self.user,
                view_id=view["id"],
                block_id=block_id,
                action_id="value",
                action={"type": block["element"]["type"], "selected_option": option},
            )
            view = self._top() or view
            if not done(view):
                await self._trouble("choice", outcome.error)
        raise AssertionError(f"Choosing {value!r} draws no other form: {outcome}")

    async def _answers(self, view: View) -> dict[str, Any]:
        """Something valid for all that is required, and for some of the rest."""
        asked = [
            block
            for block in view["blocks"]
            if block["type"] == "input"
            and _is_blank(view, block)
            and (not block.get("optional") or self.rng.random() < 0.3)
        ]
        return {
            block_id: state
            for block in asked
            for block_id, state in (await self._filled(view, block)).items()
        }

    async def _filled(self, view: View, block: Block) -> dict[str, Any]:
        offers = [it["value"] for it in await self._offers(view, block)]
        words = texts()[self._texts % len(texts())]
        return fill(
            {"blocks": [block]},
            self.rng,
            words=lambda *_: words,
            entries=lambda _: offers,
            blank=0.0,
        )

    async def _offers(self, view: View, block: Block) -> list[dict[str, Any]]:
        """The options of a menu or a type-ahead; empty for what has none."""
        element = block["element"]
        if not element["type"].endswith("external_select"):
            return _options(element)
        empty = 0
        while empty < EMPTY:
            found = await self.slack.options(
                self.user, view["id"], block["block_id"], element["action_id"], ""
            )
            if options := [it for it in _options(found) if it["value"] != "-"]:
                return options
            empty += "error" not in found
            await self._trouble("type-ahead", str(found.get("error", "")))
        raise GaveUpError(_state(view)["key"])

    async def _send(self, view: View, values: dict[str, Any]) -> str:
        """Press the button until the modal says that it is saved."""
        key, outcome, complaints = _state(view)["key"], None, 0
        for _ in range(TRIES):
            now = self._top()
            assert now is not None, f"The form of {key} has closed: {outcome}"
            if now["callback_id"] == "receipt":
                assert now["private_metadata"].endswith(f"/{key}"), now["private_metadata"]
                return str(key)
            if not now["callback_id"].startswith("form:"):
                self.seen["notes"] += 1
                await self.slack.close(self.user, now["id"])
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            outcome = await self.slack.submit(self.user, now["id"], values)
            values = {}
            if outcome.errors:
                self.seen["complaints"] += 1
                complaints += 1
                if complaints > COMPLAINTS:
                    raise GaveUpError(key)
                values = await self._mended(self._top() or now, outcome.errors)
            elif not outcome.ok:
                await self._trouble("submission", outcome.error)
        raise AssertionError(f"{view['callback_id']} is never saved: {outcome}")

    async def _mended(self, view: View, wrong: Iterable[str]) -> dict[str, Any]:
        """Of these fields, fill in what is missing, empty what need not be there, and write
        something else in the rest."""
        values: dict[str, Any] = {}
        for block_id in wrong:
            block = _block(view, block_id)
            if block.get("optional") and not _is_blank(view, block):
                several = block["element"]["type"].startswith(("multi_", "checkboxes"))
                values[block_id] = answer(block["element"], [] if several else None)
            else:
                self._texts += not _is_blank(view, block)
                values |= await self._filled(view, block)
        return values

    async def _trouble(self, where: str, error: str) -> None:
        self.seen[f"trouble at a {where}" if error else f"nothing came of a {where}"] += 1
        await asyncio.sleep(PAUSE_SECONDS)

    async def _close_everything(self) -> None:
        while views := self.slack.views(self.user):
            await self.slack.close(self.user, views[0]["id"], everything=True)

    def _top(self) -> View | None:
        views = self.slack.views(self.user)
        return views[-1] if views else None


def _state(view: View) -> dict[str, Any]:
    """The form's private_metadata."""
    return dict(json.loads(view["private_metadata"]))


def _block(view: View, block_id: str) -> dict[str, Any]:
    return next(it for it in view["blocks"] if it.get("block_id") == block_id)


def _options(element: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups = element.get("option_groups", [])
    return [
        *element.get("options", []),
        *(option for group in groups for option in group["options"]),
    ]


def _is_blank(view: View, block: Block) -> bool:
    [state] = view["state"]["values"][block["block_id"]].values()
    return all(value in (None, "", []) for name, value in state.items() if name != "type")
