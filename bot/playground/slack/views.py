"""Open modals and home tabs, with the values typed into them."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.playground.slack import blocks
from bot.playground.slack.blocks import Values

STACK = 3
"""Largest number of modals on one stack."""


def new_id(letter: str) -> str:
    """Return an id in Slack's format: a letter and ten more characters."""
    return letter + secrets.token_hex(5).upper()


@dataclass(slots=True)
class View:
    """A modal or home tab of a person.

    `body` is the view as the bot gave it, `values` are the present values of its inputs.
    """

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
        """Return a flag of the view, such as `notify_on_close`."""
        return bool(self.body.get(name))

    def type_in(
        self, values: Mapping[str, Mapping[str, Mapping[str, Any]]]
    ) -> tuple[str, str] | None:
        """Put values into the inputs.

        If there is no input for a value, return that value's ids and change nothing.
        """
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
    """Everyone's home tab and stack of modals (the top one last).

    `changed` is called with the person and the kind of view after a change.
    """

    def __init__(self, clock: Callable[[], float], changed: Callable[[str, str], None]) -> None:
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self._clock = clock
        self._changed = changed

    def find(self, view_id: str) -> View | None:
        """Return the open view with that id."""
        return next((view for view in self._all() if view.id == view_id), None)

    def find_external(self, external_id: str) -> View | None:
        """Return the open view with that external id, which the bot gave it."""
        return next(
            (view for view in self._all() if view.body.get("external_id") == external_id), None
        )

    def _all(self) -> list[View]:
        return [view for stack in self.stacks.values() for view in stack] + list(
            self.homes.values()
        )

    def stack_of(self, view: View) -> list[View]:
        """Return the views on the same stack as this one."""
        return [one for one in self.stacks.get(view.user_id, []) if one.root_id == view.root_id]

    def open(self, user_id: str, body: dict[str, Any], onto: View | None = None) -> View:
        """Show a modal, on the stack of the view `onto` or on a stack of its own."""
        view = View(user_id, {})
        view.root_id = onto.root_id if onto else view.id
        view.previous_id = self.stack_of(onto)[-1].id if onto else None
        self.stacks.setdefault(user_id, []).append(view)
        self.update(view, body)
        return view

    def update(self, view: View, body: dict[str, Any]) -> None:
        """Replace the view's content. Typed values stay where ids and type are unchanged."""
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
        """Close one modal. The one below is shown again."""
        self._remove([view])

    def clear(self, view: View) -> None:
        """Close the whole stack of this modal."""
        self._remove(self.stack_of(view))

    def _remove(self, gone: list[View]) -> None:
        for view in gone:
            self.stacks[view.user_id].remove(view)
            self._changed(view.user_id, "modal")
