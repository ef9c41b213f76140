"""The form "Settings", in which a workspace's admins change how the bot behaves there."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bot.forms.render import modal, notice
from bot.forms.text import cut, escape, plain_text
from bot.language import _
from bot.messages.blocks import View, context

SETTINGS = "settings"
"""The action id of the button, and the callback id of the form."""
SETTING_ACTION = "setting"
"""The action id of the form's selects."""
LATE_PREFIX = "late."
"""The prefix of the block ids for the fields of what is sent late. The operation's name follows."""
FIRST_PREFIX = "first."
"""The same for the fields of a form's first screen."""
WHOLE_CARDS_BLOCK = "whole_cards"
MOST_CHANNELS = 100
MOST_FIELDS = 100
_LONGEST_OPTION = 75


class LateField(NamedTuple):
    """The choice of an operation's field for the time of submission.

    `operation` is "acme.incident", `label` "Acme: incident". `options` are ids and labels, and
    `selected` is the id of one of them, or empty.
    """

    operation: str
    label: str
    options: Sequence[tuple[str, str]]
    selected: str


class FirstScreen(NamedTuple):
    """The choice of the optional fields on the first screen of an operation's form.

    `options` are block ids and titles, `selected` the block ids of those that are there now.
    """

    operation: str
    label: str
    options: Sequence[tuple[str, str]]
    selected: Sequence[str]


def settings_form(
    first_screens: Sequence[FirstScreen],
    late_fields: Sequence[LateField],
    channels: Sequence[str],
    private_metadata: str,
    lacking: str = "",
) -> View:
    """Return the form. `channels` are those with whole cards. `lacking` says what the app lacks to
    ask about private channels."""
    until = _("Until then, cards in private channels show only reference, state and link.")
    return modal(
        callback_id=SETTINGS,
        title=_("Settings"),
        submit=_("Save"),
        blocks=[
            _whole_cards(channels),
            *([context(escape(f"{lacking} {until}"))] if lacking else []),
            *(_first(choice) for choice in first_screens),
            *(_late(choice) for choice in late_fields),
        ],
        private_metadata=private_metadata,
    )


def settings_saved() -> View:
    """Return the answer to the form."""
    text = _(":white_check_mark: *Saved.* We use these settings from now on.")
    return notice(title=_("Settings"), text=text, close=_("Done"))


def _whole_cards(channels: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": WHOLE_CARDS_BLOCK,
        "optional": True,
        "label": plain_text(_("Whole cards in these shared channels")),
        "hint": plain_text(
            _(
                "Cards show only reference, state and link in channels shared with another "
                "organisation. In these channels they show everything."
            )
        ),
        "element": {
            "type": "multi_conversations_select",
            "action_id": SETTING_ACTION,
            "max_selected_items": MOST_CHANNELS,
            "filter": {"include": ["public", "private"]},
            **({"initial_conversations": list(channels)} if channels else {}),
        },
    }


def _options(options: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"text": plain_text(cut(label, _LONGEST_OPTION)), "value": value}
        for value, label in options[:MOST_FIELDS]
    ]


def _first(choice: FirstScreen) -> dict[str, Any]:
    options = _options(choice.options)
    initial = [option for option in options if option["value"] in choice.selected]
    return {
        "type": "input",
        "block_id": f"{FIRST_PREFIX}{choice.operation}",
        "optional": True,
        "label": plain_text(_("{operation}: first screen").format(operation=choice.label)),
        "hint": plain_text(
            _("The form begins with these and the required fields. “More fields” has the others.")
        ),
        "element": {
            "type": "multi_static_select",
            "action_id": SETTING_ACTION,
            "options": options,
            **({"initial_options": initial} if initial else {}),
        },
    }


def _late(choice: LateField) -> dict[str, Any]:
    options = _options(choice.options)
    initial = next((option for option in options if option["value"] == choice.selected), None)
    return {
        "type": "input",
        "block_id": f"{LATE_PREFIX}{choice.operation}",
        "optional": True,
        "label": plain_text(_("{operation}: time of submission").format(operation=choice.label)),
        "hint": plain_text(
            _(
                "What we send late gets its time of submission there. "
                "If you choose nothing, the text says it."
            )
        ),
        "element": {
            "type": "static_select",
            "action_id": SETTING_ACTION,
            "options": options,
            **({"initial_option": initial} if initial else {}),
        },
    }
