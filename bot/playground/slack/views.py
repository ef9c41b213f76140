"""Open modals and home tabs, with what was typed into them."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack import blocks
from bot.playground.slack.blocks import Values

STACK = 3
"""Modals that may lie on one another."""


def new_id(letter: str) -> str:
    """An id as Slack makes them: a letter and ten more characters."""
    return letter + secrets.token_hex(5).upper()


@dataclass(slots=True)
class View:
    """A modal or home tab that a person sees. `body` is what the bot gave, `values` what stands in
    its inputs now."""

    user_id: str
    body: dict[str, Any]
    root_id: str = ""
    previous_id: str | None = None
    id: str = field(default_factory=lambda: new_id("V"))
    hash: str = ""
    values: Values = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        return list(self.body["blocks"])

    def flag(self, name: str) -> bool:
        """Such as `notify_on_close`."""
        return bool(self.body.get(name))

    def type_in(
        self, values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    ) -> tuple[str, str] | None:
        """Put values into the inputs. If there is none for some value, returns its ids and changes
        nothing."""
        merged = {block_id: dict(actions) for block_id, actions in self.values.items()}
        for block_id, actions in values.items():
            for action_id, value in actions.items():
                present = merged.get(block_id, {}).get(action_id)
                if present is None or value.get("type") != present["type"]:
                    return block_id, action_id
                merged[block_id][action_id] = {**present, **blocks.emptied(value)}
        self.values = merged
        return None


class Views:
    """Everyone's stack of modals (the top last) and home tab. `changed` is told whose stack or home
    has changed."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[str, str], None]) -> None:
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self._clock = clock
        self._changed = changed

    def find(self, view_id: str) -> View | None:
        """The open view of that id."""
        return next((view for view in self._all() if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        """The open view to which the bot gave that id."""
        return next(
            (view for view in self._all() if view.body.get("external_id") == external_id), None
        )

    def _all(self) -> list[View]:
        return [view for stack in self.stacks.values() for view in stack] + list(
            self.homes.values()
        )

    def stack_of(self, view: View) -> list[View]:
        """The views that lie on one another with this one."""
        return [one for one in self.stacks.get(view.user_id, []) if one.root_id == view.root_id]

    def open(self, user_id: str, body: dict[str, Any], onto: View | None = None) -> View:
        """Show a modal, on the stack of the view `onto` or on its own."""
        view = View(user_id, {})
        view.root_id = onto.root_id if onto else view.id
        view.previous_id = self.stack_of(onto)[-1].id if onto else None
        self.stacks.setdefault(user_id, []).append(view)
        self.update(view, body)
        return view

    def update(self, view: View, body: dict[str, Any]) -> None:
        """Replace what the view shows; what was typed stays where ids and type are unchanged."""
        view.body = {**blocks.spelled_out(body), "blocks": blocks.accepted(body["blocks"])}
        view.values = blocks.state_of(view.body["blocks"], view.values)
        view.hash = f"{int(self._clock())}.{secrets.token_hex(4)}"
        self._changed(view.user_id, view.body["type"])

    def publish(self, user_id: str, body: dict[str, Any]) -> View:
        """Show a home tab."""
        view = self.homes.get(user_id)
        if view is None:
            view = self.homes[user_id] = View(user_id, {})
            view.root_id = view.id
        self.update(view, body)
        return view

    def close(self, view: View) -> None:
        """Close one modal; the one under it shows again."""
        self._remove([view])

    def clear(self, view: View) -> None:
        """Close the whole stack that this modal lies on."""
        self._remove(self.stack_of(view))

    def _remove(self, gone: list[View]) -> None:
        for view in gone:
            self.stacks[view.user_id].remove(view)
            self._changed(view.user_id, "modal")
